//! The error codes: their texts, and the page of the documentation made from them.

use std::{fmt::Write as _, fs, path::Path};

use placet_oauth::{OAuthError, Problem, error_catalogue};
use placet_web::client_auth::ClientAuthError;

#[test]
fn rfc6749_5_2_descriptions_have_only_the_characters_allowed() {
    for error in OAuthError::ALL {
        let allowed = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
        assert!(error.description().bytes().all(allowed), "{error:?}");
        assert!(error.code().bytes().all(allowed), "{error:?}");
        let reply = Problem::from(*error).reply();
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["error"], error.code());
        assert_eq!(body["error_description"], error.description());
        assert_eq!(reply.status, error.status());
    }
}

#[test]
fn a_description_of_its_own_is_printed_too() {
    let problem = Problem::new(OAuthError::InvalidRequest, "The state is too long.");
    let body: serde_json::Value = serde_json::from_slice(&problem.reply().body).unwrap();
    assert_eq!(body["error"], "invalid_request");
    assert_eq!(body["error_description"], "The state is too long.");
}

#[test]
fn t9_a_client_whose_keys_are_out_of_reach_is_told_to_come_back() {
    let problem = Problem::from(ClientAuthError::KeysUnavailable);
    assert_eq!(problem.error, OAuthError::TemporarilyUnavailable);
    let reply = problem.reply();
    assert_eq!(reply.status, 503);
    assert_eq!(reply.headers["retry-after"], "5");
}

#[test]
fn generated_errors_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let mut page = String::from(
        "# Errors\n\nEvery error code of the OAuth face. Made from the source by a test; \
         `cargo xtask docs` writes it anew.\n\n\
         The status is that of a JSON answer; at the authorization endpoint the same code travels to the redirect \
         URI, or is shown on a page where client or redirect URI are not known. What every JSON error looks like: \
         `{\"error\": …, \"error_description\": …}`, never stored by caches.\n\n\
         | Code | Status | When | What to do | Defined in |\n|---|---|---|---|---|\n",
    );
    for entry in error_catalogue() {
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            entry.code, entry.status, entry.when, entry.advice, entry.spec
        )
        .unwrap();
    }
    if std::env::var_os("PLACET_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/errors.md is not current: run `cargo xtask docs`"
    );
}
