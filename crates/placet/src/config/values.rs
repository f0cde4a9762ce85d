//! The rules for single values, for what operators send outside the file: the same words, the same limits.

use super::declared::{client, person, rights};
use super::problem::Fault;
use super::reader;

/// Checks a text that people see.
pub(crate) fn check_label(text: &str) -> Result<(), Fault> {
    reader::label(text).map(drop)
}

/// Checks a `client_id` (RFC 6749 Appendix A.1).
pub(crate) fn check_client_id(text: &str) -> Result<(), Fault> {
    client::client_id(text).map(drop)
}

/// Checks an address that the server fetches.
pub(crate) fn check_fetched_url(text: &str, development: bool) -> Result<(), Fault> {
    client::fetched(text, development).map(drop)
}

/// Checks an address that a person may open.
pub(crate) fn check_web_address(text: &str) -> Result<(), Fault> {
    person::web_address(text).map(drop)
}

/// Checks one scope (RFC 6749 §3.3).
pub(crate) fn check_scope(text: &str) -> Result<(), Fault> {
    rights::scope_token(text).map(drop)
}

/// Checks the identifier of a resource (RFC 8707 §2).
pub(crate) fn check_resource(text: &str) -> Result<(), Fault> {
    rights::resource_id(text).map(drop)
}

/// Checks the name somebody signs in with.
pub(crate) fn check_username(text: &str) -> Result<(), Fault> {
    person::username(text).map(drop)
}

/// Checks a `sub` (OpenID Connect Core §2).
pub(crate) fn check_subject(text: &str) -> Result<(), Fault> {
    person::subject(text).map(drop)
}

/// Checks the hash of a password.
pub(crate) fn check_password_hash(text: &str) -> Result<(), Fault> {
    if person::is_argon2id(text) {
        return Ok(());
    }
    Err(Fault::new("is no argon2id hash in PHC form")
        .hint("it looks like $argon2id$v=19$m=19456,t=2,p=1$…$…"))
}
