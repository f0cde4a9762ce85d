//! The consent page and its device screen.

use super::super::view::{
    Asker, Consent, ConsentProblem, DeviceRequest, Page, Paper, ResourceLine, ScopeChoice, Standing,
};
use super::{HOSTILE, Sample, ask, before, form, hostile, live, person, proven, sample, scope};

pub(super) fn consents() -> Vec<Sample> {
    let device = Consent {
        device: Some(device_request()),
        resources: Vec::new(),
        ..plain()
    };
    let unconfirmed = Consent {
        problem: Some(ConsentProblem::DeviceNotConfirmed),
        ..device.clone()
    };
    let hostile = Consent {
        asker: hostile(),
        scopes: vec![scope(
            HOSTILE,
            Some(&HOSTILE.repeat(40)),
            ScopeChoice::Offered,
        )],
        resources: vec![ResourceLine {
            name: HOSTILE.into(),
            id: Some(HOSTILE.into()),
        }],
        message: Some(HOSTILE.into()),
        privacy: Some(paper("javascript:alert(1)", HOSTILE).into()),
        terms: Some(paper("https://x.example/\"><script>alert(1)</script>", HOSTILE).into()),
        ..device.clone()
    };
    let bare = Consent {
        scopes: Vec::new(),
        resources: Vec::new(),
        privacy: None,
        terms: None,
        live: None,
        ..plain()
    };
    let asks = ask::consents(&plain(), &device);
    let mut all = [
        ("consent", plain()),
        ("consent-device", device),
        ("consent-device-unconfirmed", unconfirmed),
        ("consent-choice", choice()),
        ("consent-first-party", first_party()),
        ("consent-bare", bare),
        ("consent-hostile", hostile),
    ]
    .map(|(name, view)| sample(name, Page::Consent(view)))
    .to_vec();
    all.extend(asks);
    all
}

fn plain() -> Consent {
    Consent {
        action: "/interaction/7".into(),
        csrf: "c3Jm".to_owned(),
        digest: "ZGlnZXN0".to_owned(),
        asker: proven(),
        modifies: false,
        keeps: false,
        unseen: false,
        asks: Vec::new(),
        scopes: vec![
            scope(
                "photos.read",
                Some("See your photos and albums"),
                ScopeChoice::Required,
            ),
            scope(
                "profile",
                Some("Know your name and picture"),
                ScopeChoice::Required,
            ),
            scope("urn:example:unknown", None, ScopeChoice::Required),
        ],
        resources: vec![ResourceLine {
            name: "Photo archive".into(),
            id: Some("https://photos.example".into()),
        }],
        person: person(),
        switch: Some(form("/switch")),
        device: None,
        message: None,
        privacy: Some(paper("https://frame.example/privacy", "frame.example").into()),
        terms: Some(paper("https://frame.example/terms", "frame.example").into()),
        problem: None,
        live: Some(live()),
    }
}

fn paper(link: &str, host: &str) -> Paper {
    Paper {
        link: link.into(),
        host: host.into(),
    }
}

fn choice() -> Consent {
    Consent {
        scopes: vec![
            scope(
                "photos.read",
                Some("See your photos and albums"),
                ScopeChoice::Required,
            ),
            scope("photos.write", Some("Add photos"), ScopeChoice::Offered),
            scope(
                "photos.delete",
                Some("Delete photos for good"),
                ScopeChoice::LeftOut,
            ),
        ],
        resources: vec![ResourceLine {
            name: "urn:example:archive:7".into(),
            id: None,
        }],
        message: Some("Monthly backup, started by the timer".into()),
        problem: Some(ConsentProblem::Changed),
        ..plain()
    }
}

fn first_party() -> Consent {
    Consent {
        asker: Asker {
            name: "Placet console".into(),
            standing: Standing::FirstParty,
            host: None,
            wallet: None,
            answer_host: None,
            first_seen: None,
        },
        problem: Some(ConsentProblem::StaleForm),
        switch: None,
        privacy: None,
        live: None,
        ..plain()
    }
}

fn device_request() -> DeviceRequest {
    DeviceRequest {
        user_code: "WDJB-MJHT".into(),
        requested_at: before(185),
        address: Some("203.0.113.7".into()),
        place: Some("Example Net".into()),
    }
}
