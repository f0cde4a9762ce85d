//! Rules between the members of a client's metadata, for declarations and for the admin API alike.
//!
//! Spec: RFC 7591 §2 and §2.1, RFC 6749 §4.4, RFC 9700 §2.1.1

use placet_core::client::{
    AUTHORIZATION_CODE, AssertionAudience, AuthMethod, CLIENT_CREDENTIALS, ClientMetadata,
    DEVICE_CODE, REFRESH_TOKEN,
};
use serde_json::Value as Json;

use super::rights::one_of;
use crate::config::problem::{Fault, Severity};

/// What is wrong with a client, by the member it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The member's name in RFC 7591, or `client_secret`.
    pub member: &'static str,
    /// Whether the client can be registered with it.
    pub severity: Severity,
    /// What is wrong.
    pub fault: Fault,
}

/// Every grant type there is.
const GRANT_TYPES: [&str; 4] = [
    AUTHORIZATION_CODE,
    REFRESH_TOKEN,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
];

/// Members of a JWK that must stay with the client (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE_JWK_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Checks a client's metadata as a whole; each redirect URI is checked by [`super::check_redirect_uri`].
pub fn check_client(metadata: &ClientMetadata, has_secret: bool) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let method = metadata.auth_method(has_secret);
    grants(metadata, method, &mut findings);
    credentials(metadata, method, has_secret, &mut findings);
    keys(metadata, &mut findings);
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, member: &'static str, fault: Fault) {
        self.0.push(Finding {
            member,
            severity: Severity::Error,
            fault,
        });
    }

    fn warning(&mut self, member: &'static str, fault: Fault) {
        self.0.push(Finding {
            member,
            severity: Severity::Warning,
            fault,
        });
    }
}

fn grants(metadata: &ClientMetadata, method: AuthMethod, findings: &mut Findings) {
    let default = [AUTHORIZATION_CODE.to_owned()];
    let types = metadata.grant_types.as_deref().unwrap_or(&default);
    let uses = |grant_type: &str| types.iter().any(|used| used == grant_type);
    for unknown in types
        .iter()
        .filter(|used| !GRANT_TYPES.contains(&used.as_str()))
    {
        findings.error(
            "grant_types",
            one_of(
                format!("holds {unknown:?}, which there is not"),
                unknown,
                &GRANT_TYPES,
            ),
        );
    }
    if uses(AUTHORIZATION_CODE) && metadata.redirect_uris.is_empty() {
        let fault = Fault::new("is missing, and grant_types has authorization_code");
        let hint =
            "add redirect_uris, or grant_types without authorization_code (it is the default)";
        findings.error("redirect_uris", fault.hint(hint));
    }
    if !uses(AUTHORIZATION_CODE) && !metadata.redirect_uris.is_empty() {
        findings.warning(
            "redirect_uris",
            Fault::new("does nothing: grant_types has no authorization_code"),
        );
    }
    if uses(REFRESH_TOKEN) && !uses(AUTHORIZATION_CODE) && !uses(DEVICE_CODE) {
        let fault = Fault::new("has refresh_token but no grant type that begins with a person");
        findings.error(
            "grant_types",
            fault.hint("add authorization_code or the device grant"),
        );
    }
    if uses(CLIENT_CREDENTIALS) && method == AuthMethod::None {
        let fault = Fault::new(
            "has client_credentials, which a client without credentials cannot use (RFC 6749 §4.4)",
        );
        findings.error("grant_types", fault.hint("give it a client_secret or keys"));
    }
    for unknown in metadata
        .response_types
        .iter()
        .flatten()
        .filter(|used| *used != "code")
    {
        findings.error(
            "response_types",
            Fault::new(format!(
                "holds {unknown:?}; \"code\" is the only one there is"
            )),
        );
    }
}

fn credentials(
    metadata: &ClientMetadata,
    method: AuthMethod,
    has_secret: bool,
    findings: &mut Findings,
) {
    let has_keys = metadata.jwks.is_some() || metadata.jwks_uri.is_some();
    match method {
        AuthMethod::None if has_secret => {
            let fault = Fault::new("is \"none\" although there is a client_secret");
            findings.error(
                "token_endpoint_auth_method",
                fault.hint("write \"client_secret_basic\", or leave out the secret"),
            );
        }
        AuthMethod::None if metadata.require_pkce == Some(false) => {
            let fault = Fault::new(
                "cannot be false: without a secret, PKCE is all that ties a code to the client",
            );
            findings.error("require_pkce", fault.hint("RFC 9700 §2.1.1"));
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost if !has_secret => {
            let fault = Fault::new("needs a client_secret");
            let hint = "add client_secret or client_secret_file, or write \"none\" for software that cannot keep a secret";
            findings.error("token_endpoint_auth_method", fault.hint(hint));
        }
        AuthMethod::PrivateKeyJwt if !has_keys => {
            let fault = Fault::new("needs keys");
            findings.error(
                "token_endpoint_auth_method",
                fault.hint("add jwks_uri or jwks"),
            );
        }
        AuthMethod::PrivateKeyJwt if has_secret => {
            findings.warning(
                "client_secret",
                Fault::new("does nothing: the client authenticates by private_key_jwt"),
            );
        }
        AuthMethod::None
        | AuthMethod::ClientSecretBasic
        | AuthMethod::ClientSecretPost
        | AuthMethod::PrivateKeyJwt => {}
    }
    if metadata.assertion_audience == AssertionAudience::TokenEndpoint
        && method != AuthMethod::PrivateKeyJwt
    {
        findings.warning(
            "assertion_audience",
            Fault::new("does nothing: the client makes no assertions"),
        );
    }
}

fn keys(metadata: &ClientMetadata, findings: &mut Findings) {
    if metadata.jwks.is_some() && metadata.jwks_uri.is_some() {
        findings.error(
            "jwks",
            Fault::new("stands beside jwks_uri; RFC 7591 §2 allows one of them"),
        );
    }
    let Some(jwks) = &metadata.jwks else { return };
    let Some(keys) = jwks.get("keys").and_then(Json::as_array) else {
        findings.error(
            "jwks",
            Fault::new("must be a JWK Set: { keys = [ … ] } (RFC 7517 §5)"),
        );
        return;
    };
    if keys.is_empty() {
        findings.error("jwks", Fault::new("holds no key"));
    }
    let is_private = |key: &Json| {
        PRIVATE_JWK_MEMBERS
            .iter()
            .any(|member| key.get(member).is_some())
    };
    if keys.iter().any(is_private) {
        let fault = Fault::new("holds a private or secret key");
        findings.error(
            "jwks",
            fault.hint(
                "keep only the public members, and replace the key: it was written down here",
            ),
        );
    }
    if keys
        .iter()
        .any(|key| key.get("kty").and_then(Json::as_str).is_none())
    {
        findings.error(
            "jwks",
            Fault::new("holds a key without kty (RFC 7517 §4.1)"),
        );
    }
}
