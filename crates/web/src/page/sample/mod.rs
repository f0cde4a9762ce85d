//! One sample of every page in every state.
//!
//! A server with replaced templates renders them all before it starts, so that a broken one is found by the operator and
//! not by a person; tests and the gallery look at the same ones. Nobody named here exists; addresses are those RFC 5737 sets aside.

mod account;
mod answer;
mod ask;
mod consent;

use jiff::{SignedDuration, Timestamp};

use super::view::{
    Account, Asker, CodeEntry, CodeProblem, Live, Page, Person, PostForm, ScopeChoice, ScopeLine,
    Shell, SignIn, SignInProblem, Standing,
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
        consent::consents(),
        codes(),
        answer::outcomes(),
        answer::errors(),
        account::grants(),
        account::sign_outs(),
        answer::ways(),
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
        wallet: None,
        answer_host: None,
        first_seen: Some(before(40 * 86_400)),
    }
}

fn hostile() -> Asker {
    Asker {
        name: HOSTILE.into(),
        standing: Standing::Unproven,
        host: None,
        wallet: None,
        answer_host: None,
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

fn scope(name: &str, description: Option<&str>, choice: ScopeChoice) -> ScopeLine {
    ScopeLine {
        name: name.into(),
        description: description.map(Into::into),
        choice,
    }
}
