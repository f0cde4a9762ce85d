//! Pages after the person's part.

use super::super::view::{AnswerKind, ErrorPage, FormPost, Outcome, Page, WhatNext};
use super::{HOSTILE, Sample, sample};

pub(super) fn outcomes() -> Vec<Sample> {
    let device = || WhatNext::Device {
        code_entry: Some("/device".into()),
    };
    let client = || WhatNext::Client {
        link: "https://frame.example/callback?code=x&state=y".into(),
    };
    let account = || WhatNext::Account {
        link: "/account".into(),
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
        ("outcome-approved-account", AnswerKind::Approved, account()),
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

pub(super) fn errors() -> Vec<Sample> {
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

pub(super) fn ways() -> Vec<Sample> {
    let fields = vec![
        ("code".to_owned(), "x\"><b>".to_owned()),
        ("state".to_owned(), HOSTILE.to_owned()),
    ];
    vec![sample(
        "form-post",
        Page::FormPost(FormPost {
            action: "https://frame.example/callback".into(),
            fields,
            client: Some("Photo Frame".into()),
        }),
    )]
}
