//! Pages after the person's part.

use super::super::view::{AnswerKind, ErrorPage, FormPost, Interstitial, Outcome, Page, WhatNext};
use super::{HOSTILE, Sample, live, sample};

pub(super) fn outcomes() -> Vec<Sample> {
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
