//! The parameters of an authorization request, by name. An empty value counts as absent (RFC 6749 §3.1).
//!
//! Spec: RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1

use placet_web::params::Form;

use super::{
    Asker,
    respond::{AuthorizationPayload, ResponseMode},
};

/// The longest `state` and `nonce` that are kept, in bytes.
pub(super) const KEPT_LIMIT_BYTES: usize = 4 * 1024;
/// The longest `login_hint` that is kept, in bytes: it only prefills a field.
const HINT_LIMIT_BYTES: usize = 256;

/// What was sent. `client_id`, `redirect_uri`, `scope` and `resource` are read elsewhere,
/// `ui_locales` by the pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params<'a> {
    pub(super) response_type: Option<&'a str>,
    pub(super) response_mode: Option<&'a str>,
    pub(super) state: Option<&'a str>,
    pub(super) nonce: Option<&'a str>,
    pub(super) code_challenge: Option<&'a str>,
    pub(super) code_challenge_method: Option<&'a str>,
    pub(super) prompt: Option<&'a str>,
    pub(super) max_age: Option<&'a str>,
    pub(super) id_token_hint: Option<&'a str>,
    pub(super) login_hint: Option<&'a str>,
    pub(super) request: Option<&'a str>,
    pub(super) request_uri: Option<&'a str>,
    pub(super) registration: Option<&'a str>,
}

impl<'a> Params<'a> {
    pub(super) fn of(form: &'a Form) -> Self {
        // A hint never fails a request; one that is too long is dropped (OpenID Connect Core §3.1.2.1).
        let login_hint = form.get("login_hint");
        Self {
            response_type: form.get("response_type"),
            response_mode: form.get("response_mode"),
            state: form.get("state"),
            nonce: form.get("nonce"),
            code_challenge: form.get("code_challenge"),
            code_challenge_method: form.get("code_challenge_method"),
            prompt: form.get("prompt"),
            max_age: form.get("max_age"),
            id_token_hint: form.get("id_token_hint"),
            login_hint: login_hint.filter(|hint| hint.len() <= HINT_LIMIT_BYTES),
            request: form.get("request"),
            request_uri: form.get("request_uri"),
            registration: form.get("registration"),
        }
    }

    /// How this request is answered, whatever comes of it. An unusable `response_mode` or `state` is left out; the
    /// checks refuse the request for it.
    pub(super) fn answer_to(&self, asker: &Asker) -> AuthorizationPayload {
        let kept = |value: Option<&str>| {
            value
                .filter(|value| value.len() <= KEPT_LIMIT_BYTES)
                .map(str::to_owned)
        };
        AuthorizationPayload {
            redirect_uri: asker.redirect_uri.clone(),
            redirect_uri_sent: asker.redirect_uri_sent,
            response_mode: ResponseMode::parse(self.response_mode).unwrap_or_default(),
            state: kept(self.state),
            nonce: kept(self.nonce),
            code_challenge: None,
        }
    }
}
