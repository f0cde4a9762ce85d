//! The answer of the authorization endpoint: through the address bar or by a form that posts itself.
//!
//! Spec: RFC 6749 §4.1.2, RFC 9207 §2, OAuth 2.0 Form Post Response Mode §2

use placet_core::pending::{Payload, PendingRequest};
use placet_web::{face::Next, site::Site};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::{error::Problem, face::FACE};

/// The version of the payload.
const VERSION: u16 = 1;

/// How the answer travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// In a form posted to it.
    FormPost,
}

impl ResponseMode {
    /// Reads `response_mode`. `None` for a mode that is not offered: `fragment` would put a code where scripts read it.
    pub(super) fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("query") => Some(Self::Query),
            Some("form_post") => Some(Self::FormPost),
            Some(_) => None,
        }
    }
}

/// What the protocol needs of an authorization request until it is answered and collected. It travels with the
/// pending request; the browser only ever holds a handle to it (threats A11, A16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationPayload {
    /// Where the answer goes.
    pub(crate) redirect_uri: String,
    /// Whether the request named that, so that the exchange must too (RFC 6749 §4.1.3).
    pub(crate) redirect_uri_sent: bool,
    /// How it goes there.
    pub(crate) response_mode: ResponseMode,
    /// Given back byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// Repeated in the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    /// The `S256` challenge. Absent only for a client that need not use PKCE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code_challenge: Option<String>,
}

impl AuthorizationPayload {
    /// Reads it back. `None` for a request of another face, of a device, or of a version this release does not know.
    pub(crate) fn of(request: &PendingRequest) -> Option<Self> {
        let ours = request.face == FACE && request.payload.version == VERSION;
        ours.then(|| Self::deserialize(&request.payload.open).ok())?
    }

    /// As it is stored.
    pub(crate) fn stored(&self) -> Payload {
        Payload {
            version: VERSION,
            // Strings, a flag and a name: nothing in it can fail to become JSON.
            open: serde_json::to_value(self).unwrap_or_default(),
            sealed: None,
        }
    }

    /// Where the browser goes with these parameters, `state` and `iss` (RFC 9207 §2: in every answer, errors too).
    pub(crate) fn answer(&self, site: &Site, parameters: &[(&str, &str)]) -> Next {
        let state = self.state.as_deref().map(|state| ("state", state));
        let iss = ("iss", site.settings.issuer_url.as_str());
        let fields = parameters.iter().copied().chain(state).chain([iss]);
        match self.response_mode {
            ResponseMode::FormPost => Next::FormPost {
                action: self.redirect_uri.clone(),
                fields: fields
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            },
            ResponseMode::Query => {
                let mut location = self.redirect_uri.clone();
                // RFC 6749 §3.1.2: a registered query is kept.
                location.push(if location.contains('?') { '&' } else { '?' });
                let start = location.len();
                let mut query = form_urlencoded::Serializer::for_suffix(location, start);
                query.extend_pairs(fields);
                Next::Redirect(query.finish())
            }
        }
    }

    /// The same with an error (RFC 6749 §4.1.2.1).
    pub(crate) fn refuse(&self, site: &Site, problem: Problem) -> Next {
        let parameters = [
            ("error", problem.error.code()),
            ("error_description", problem.description),
        ];
        self.answer(site, &parameters)
    }
}
