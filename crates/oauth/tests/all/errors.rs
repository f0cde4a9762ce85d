//! The error codes: their texts.

use placet_oauth::{OAuthError, Problem};
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
