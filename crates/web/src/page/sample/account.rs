//! The person's own pages.

use jiff::Timestamp;

use super::super::view::{
    Asker, GrantLine, GrantedClient, Grants, GrantsNotice, Page, ResourceLine, ScopeChoice,
    ScopeLine, SessionLine, SignOut, SignedOut, WaitingLine,
};
use super::{Sample, ask, before, form, hostile, person, proven, sample, scope};

fn grant(scopes: Vec<ScopeLine>, since: Timestamp, last_used: Option<Timestamp>) -> GrantLine {
    GrantLine {
        asks: Vec::new(),
        scopes,
        resources: Vec::new(),
        since,
        last_used,
        revoke: form("/account/revoke"),
    }
}

fn session(browser: &str, seconds: i64, current: bool) -> SessionLine {
    SessionLine {
        browser: browser.into(),
        address: Some("203.0.113.7".into()),
        since: before(seconds),
        last_used: (!current).then(|| before(seconds / 2)),
        current,
        end: (!current).then(|| form("/account/end")),
    }
}

fn waiting(asker: Asker, seconds: i64, modifies: bool) -> WaitingLine {
    WaitingLine {
        asker,
        modifies,
        since: before(seconds),
        expires_at: before(seconds - 600),
        open: "/account/requests/7".into(),
    }
}

fn of_scopes() -> GrantedClient {
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
    GrantedClient {
        asker: proven(),
        grants: vec![archive, grant(vec![photos], before(90 * 86_400), None)],
    }
}

fn of_payments() -> GrantedClient {
    let standing = grant(Vec::new(), before(40 * 86_400), Some(before(7300)));
    GrantedClient {
        asker: ask::wallet(),
        grants: vec![GrantLine {
            asks: ask::standing(),
            ..standing
        }],
    }
}

/// What a person has allowed.
pub(super) fn grants() -> Vec<Sample> {
    let empty = Grants {
        person: person(),
        waiting: Vec::new(),
        clients: Vec::new(),
        sessions: vec![session("Firefox on Linux", 20, true)],
        notice: Some(GrantsNotice::Revoked {
            client: "Photo Frame".into(),
        }),
        revoke_all: None,
        end_sessions: None,
        sign_out: "/sign-out".into(),
    };
    let full = Grants {
        clients: vec![
            of_scopes(),
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
        revoke_all: Some(form("/account/revoke-all")),
        end_sessions: Some(form("/account/end")),
        ..empty.clone()
    };
    let payments = Grants {
        clients: vec![of_payments()],
        ..full.clone()
    };
    // Nobody is sent anywhere: the client polls or is called.
    let wallet = Asker {
        answer_host: None,
        ..ask::wallet()
    };
    let asked = Grants {
        waiting: vec![waiting(wallet, 40, true), waiting(hostile(), 500, false)],
        ..full.clone()
    };
    let ended = Grants {
        notice: Some(GrantsNotice::SessionEnded),
        ..full.clone()
    };
    let none = Grants {
        notice: Some(GrantsNotice::AllRevoked),
        ..empty.clone()
    };
    let alone = Grants {
        sessions: empty.sessions.clone(),
        notice: Some(GrantsNotice::OthersEnded),
        end_sessions: None,
        ..full.clone()
    };
    vec![
        sample("grants", Page::Grants(full)),
        sample("grants-payments", Page::Grants(payments)),
        sample("grants-waiting", Page::Grants(asked)),
        sample("grants-ended", Page::Grants(ended)),
        sample("grants-empty", Page::Grants(empty)),
        sample("grants-none-left", Page::Grants(none)),
        sample("grants-alone", Page::Grants(alone)),
    ]
}

/// Sign-out, before and after.
pub(super) fn sign_outs() -> Vec<Sample> {
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
        sample("sign-out", Page::SignOut(sign_out)),
        sample("sign-out-asked", Page::SignOut(asked_out)),
        sample("signed-out", Page::SignedOut(SignedOut::default())),
        sample("signed-out-next", Page::SignedOut(signed_out)),
    ]
}
