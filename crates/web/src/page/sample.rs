//! One sample of every page in every state.
//!
//! The server renders them all before it starts, so that a broken template is found by the operator and not by a person;
//! tests and the gallery look at the same ones. Nobody named here exists; addresses are those RFC 5737 sets aside.

use jiff::{SignedDuration, Timestamp};

use super::view::{
    Account, AnswerKind, Asker, CodeEntry, CodeProblem, Consent, ConsentProblem, DeviceRequest,
    ErrorPage, FormPost, GrantLine, GrantedClient, Grants, GrantsNotice, Interstitial, Live,
    Outcome, Page, Person, PostForm, ResourceLine, ScopeChoice, ScopeLine, SessionLine, Shell,
    SignIn, SignInProblem, SignOut, SignedOut, Standing, WhatNext,
};

/// A page in a state, with a name for it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Such as `consent-device`; unique.
    pub name: &'static str,
    /// The page.
    pub page: Page,
    /// What stands around it.
    pub shell: Shell,
}

/// The time at which all samples are looked at.
pub const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

/// A name with everything that deceives.
const HOSTILE: &str =
    "Pаypal \u{202e}ytiruces\u{202c}\u{200b} <script>alert(1)</script> \"'& <img src=//x.example>";

/// Every page in every state.
pub fn all() -> Vec<Sample> {
    [
        sign_ins(),
        consents(),
        codes(),
        outcomes(),
        errors(),
        accounts(),
        ways(),
    ]
    .concat()
}

fn before(seconds: i64) -> Timestamp {
    NOW - SignedDuration::from_secs(seconds)
}

fn sample(name: &'static str, page: Page) -> Sample {
    let signed_in = !matches!(page, Page::SignIn(_) | Page::SignedOut(_) | Page::Error(_));
    let account = Account {
        name: "Ada Lovelace".into(),
        grants: "/account".into(),
        sign_out: "/sign-out".into(),
    };
    let shell = Shell {
        base_path: String::new(),
        now: NOW,
        account: signed_in.then_some(account),
        request_id: Some("01980f3c-7d2e".to_owned()),
    };
    Sample { name, page, shell }
}

fn person() -> Person {
    Person {
        name: "Ada Lovelace".into(),
        login: Some("ada".into()),
    }
}

fn form(action: &str) -> PostForm {
    PostForm {
        action: action.into(),
        csrf: "c3Jm".to_owned(),
        fields: vec![("item".to_owned(), "7".to_owned())],
    }
}

fn live() -> Live {
    Live {
        status: "/interaction/7/status".into(),
        expires_at: NOW + SignedDuration::from_secs(540),
    }
}

fn proven() -> Asker {
    Asker {
        name: "Photo Frame".into(),
        standing: Standing::Proven,
        host: Some("frame.example".into()),
        first_seen: Some(before(40 * 86_400)),
    }
}

fn hostile() -> Asker {
    Asker {
        name: HOSTILE.into(),
        standing: Standing::Unproven,
        host: None,
        first_seen: Some(before(120)),
    }
}

fn sign_ins() -> Vec<Sample> {
    let plain = SignIn {
        action: "/sign-in".into(),
        csrf: "c3Jm".to_owned(),
        asker: None,
        login: None,
        again: None,
        problem: None,
        cancel: None,
        live: None,
    };
    let asked = SignIn {
        asker: Some(proven()),
        cancel: Some(form("/cancel")),
        live: Some(live()),
        ..plain.clone()
    };
    let refused = SignIn {
        login: Some("ada".to_owned()),
        problem: Some(SignInProblem::Refused),
        ..asked.clone()
    };
    let wait = SignIn {
        problem: Some(SignInProblem::Wait { seconds: 90 }),
        ..refused.clone()
    };
    let stale = SignIn {
        problem: Some(SignInProblem::StaleForm),
        ..asked.clone()
    };
    let again = SignIn {
        again: Some(person()),
        login: Some("ada".to_owned()),
        ..asked.clone()
    };
    let hostile = SignIn {
        asker: Some(hostile()),
        login: Some(HOSTILE.to_owned()),
        ..asked.clone()
    };
    [
        ("sign-in", plain),
        ("sign-in-asked", asked),
        ("sign-in-refused", refused),
        ("sign-in-wait", wait),
        ("sign-in-stale", stale),
        ("sign-in-again", again),
        ("sign-in-hostile", hostile),
    ]
    .map(|(name, view)| sample(name, Page::SignIn(view)))
    .to_vec()
}

fn scope(name: &str, description: Option<&str>, choice: ScopeChoice) -> ScopeLine {
    ScopeLine {
        name: name.into(),
        description: description.map(Into::into),
        choice,
    }
}

fn consents() -> Vec<Sample> {
    let plain = Consent {
        action: "/interaction/7".into(),
        csrf: "c3Jm".to_owned(),
        digest: "ZGlnZXN0".to_owned(),
        asker: proven(),
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
        problem: None,
        live: Some(live()),
    };
    let device = Consent {
        device: Some(device_request()),
        resources: Vec::new(),
        ..plain.clone()
    };
    let unconfirmed = Consent {
        problem: Some(ConsentProblem::DeviceNotConfirmed),
        ..device.clone()
    };
    let choice = Consent {
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
        ..plain.clone()
    };
    let first_party = Consent {
        asker: Asker {
            name: "Placet console".into(),
            standing: Standing::FirstParty,
            host: None,
            first_seen: None,
        },
        problem: Some(ConsentProblem::StaleForm),
        switch: None,
        live: None,
        ..plain.clone()
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
        ..device.clone()
    };
    let bare = Consent {
        scopes: Vec::new(),
        resources: Vec::new(),
        live: None,
        ..plain.clone()
    };
    [
        ("consent", plain),
        ("consent-device", device),
        ("consent-device-unconfirmed", unconfirmed),
        ("consent-choice", choice),
        ("consent-first-party", first_party),
        ("consent-bare", bare),
        ("consent-hostile", hostile),
    ]
    .map(|(name, view)| sample(name, Page::Consent(view)))
    .to_vec()
}

fn device_request() -> DeviceRequest {
    DeviceRequest {
        user_code: "WDJB-MJHT".into(),
        requested_at: before(185),
        address: Some("203.0.113.7".into()),
        place: Some("Example Net".into()),
    }
}

fn codes() -> Vec<Sample> {
    let plain = CodeEntry {
        action: "/device".into(),
        csrf: "c3Jm".to_owned(),
        user_code: None,
        problem: None,
    };
    let with = |problem| CodeEntry {
        user_code: Some("WDJB-MJHT".into()),
        problem,
        ..plain.clone()
    };
    [
        ("code", plain.clone()),
        ("code-prefilled", with(None)),
        ("code-unknown", with(Some(CodeProblem::Unknown))),
        ("code-expired", with(Some(CodeProblem::Expired))),
        ("code-in-use", with(Some(CodeProblem::InUse))),
        ("code-wait", with(Some(CodeProblem::Wait { seconds: 30 }))),
    ]
    .map(|(name, view)| sample(name, Page::CodeEntry(view)))
    .to_vec()
}

fn outcomes() -> Vec<Sample> {
    let device = || WhatNext::Device {
        code_entry: Some("/device".into()),
    };
    let client = || WhatNext::Client {
        link: "https://frame.example/callback?code=x&state=y".into(),
    };
    [
        ("outcome-approved-device", AnswerKind::Approved, device()),
        ("outcome-approved-client", AnswerKind::Approved, client()),
        (
            "outcome-denied-device",
            AnswerKind::Denied,
            WhatNext::Device { code_entry: None },
        ),
        ("outcome-denied-client", AnswerKind::Denied, client()),
        ("outcome-expired-device", AnswerKind::Expired, device()),
        ("outcome-expired-client", AnswerKind::Expired, client()),
        ("outcome-expired", AnswerKind::Expired, WhatNext::Nothing),
        ("outcome-answered", AnswerKind::Answered, WhatNext::Nothing),
    ]
    .map(|(name, answer, next)| {
        let client = (name != "outcome-expired").then(|| "Photo Frame".into());
        sample(
            name,
            Page::Outcome(Outcome {
                answer,
                client,
                next,
            }),
        )
    })
    .to_vec()
}

fn errors() -> Vec<Sample> {
    let plain = |code: &str| ErrorPage {
        code: code.to_owned(),
        detail: None,
        retry_after_s: None,
        restart: None,
    };
    let detailed = ErrorPage {
        detail: Some("redirect_uri is not registered".into()),
        ..plain("invalid_request")
    };
    let busy = ErrorPage {
        retry_after_s: Some(20),
        restart: Some("/".into()),
        ..plain("temporarily_unavailable")
    };
    let unknown = ErrorPage {
        detail: Some(HOSTILE.into()),
        ..plain("something_new")
    };
    [
        ("error", detailed),
        ("error-busy", busy),
        ("error-unknown-code", unknown),
        ("error-forged-form", plain("forged_form")),
        ("error-server", plain("server_error")),
        ("error-not-found", plain("not_found")),
    ]
    .map(|(name, view)| sample(name, Page::Error(view)))
    .to_vec()
}

fn grant(scopes: Vec<ScopeLine>, since: Timestamp, last_used: Option<Timestamp>) -> GrantLine {
    GrantLine {
        scopes,
        resources: Vec::new(),
        since,
        last_used,
        revoke: form("/account/revoke"),
    }
}

fn accounts() -> Vec<Sample> {
    let session = |browser: &str, seconds, current: bool| SessionLine {
        browser: browser.into(),
        address: Some("203.0.113.7".into()),
        since: before(seconds),
        current,
        end: (!current).then(|| form("/account/end")),
    };
    let empty = Grants {
        person: person(),
        clients: Vec::new(),
        sessions: vec![session("Firefox on Linux", 20, true)],
        notice: Some(GrantsNotice::Revoked {
            client: "Photo Frame".into(),
        }),
        sign_out: "/sign-out".into(),
    };
    let photos = scope(
        "photos.read",
        Some("See your photos and albums"),
        ScopeChoice::Required,
    );
    let delete = scope("photos.delete", None, ScopeChoice::Required);
    let mut archive = grant(
        vec![photos.clone(), delete],
        before(3 * 86_400),
        Some(before(7300)),
    );
    archive.resources = vec![ResourceLine {
        name: "Photo archive".into(),
        id: Some("https://photos.example".into()),
    }];
    let full = Grants {
        clients: vec![
            GrantedClient {
                asker: proven(),
                grants: vec![archive, grant(vec![photos], before(90 * 86_400), None)],
            },
            GrantedClient {
                asker: hostile(),
                grants: vec![grant(Vec::new(), before(30), Some(before(10)))],
            },
        ],
        sessions: vec![
            session("Firefox on Linux", 20, true),
            session("Safari on iPhone", 86_400 * 5, false),
        ],
        notice: None,
        ..empty.clone()
    };
    let ended = Grants {
        notice: Some(GrantsNotice::SessionEnded),
        ..full.clone()
    };
    let sign_out = SignOut {
        form: form("/sign-out"),
        person: person(),
        client: None,
        stay: Some("/account".into()),
    };
    let asked_out = SignOut {
        client: Some("Photo Frame".into()),
        ..sign_out.clone()
    };
    let signed_out = SignedOut {
        client: Some("Photo Frame".into()),
        next: Some("https://frame.example/bye".into()),
        sign_in: Some("/account".into()),
    };
    vec![
        sample("grants", Page::Grants(full)),
        sample("grants-ended", Page::Grants(ended)),
        sample("grants-empty", Page::Grants(empty)),
        sample("sign-out", Page::SignOut(sign_out)),
        sample("sign-out-asked", Page::SignOut(asked_out)),
        sample("signed-out", Page::SignedOut(SignedOut::default())),
        sample("signed-out-next", Page::SignedOut(signed_out)),
    ]
}

fn ways() -> Vec<Sample> {
    let client = || Some("Photo Frame".into());
    let fields = vec![
        ("code".to_owned(), "x\"><b>".to_owned()),
        ("state".to_owned(), HOSTILE.to_owned()),
    ];
    let leave = |link: &str, target: &str| Interstitial::Leave {
        link: link.into(),
        target: target.into(),
        client: client(),
    };
    vec![
        sample(
            "form-post",
            Page::FormPost(FormPost {
                action: "https://frame.example/callback".into(),
                fields,
                client: client(),
            }),
        ),
        sample(
            "leave",
            Page::Interstitial(leave(
                "https://frame.example/callback?code=x",
                "frame.example",
            )),
        ),
        sample(
            "leave-app",
            Page::Interstitial(leave(
                "com.example.frame:/callback?code=x",
                "com.example.frame",
            )),
        ),
        sample(
            "wait",
            Page::Interstitial(Interstitial::Wait {
                client: client(),
                live: live(),
            }),
        ),
        sample(
            "other-browser",
            Page::Interstitial(Interstitial::OtherBrowser { client: client() }),
        ),
    ]
}
