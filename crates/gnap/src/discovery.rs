//! What the server says about itself: to clients, to resource servers, and in the older words of the payments profile.
//!
//! Spec: RFC 9635 §9; RFC 9767 §3.1

use http::StatusCode;
use placet_web::reply::Reply;
use serde::Serialize;

use crate::{
    request::{FinishMethod, StartMode},
    subject::{AssertionFormat, SubIdFormat},
};

/// The document at `OPTIONS` of the grant endpoint. It promises nothing that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AsDiscovery {
    /// The URL of the grant endpoint, the one that was asked (RFC 9635 §9).
    pub grant_request_endpoint: String,
    /// The ways to start an interaction.
    pub start_modes: Vec<StartMode>,
    /// The ways to hear of its end.
    pub finish_methods: Vec<FinishMethod>,
    /// The ways to prove a key.
    pub key_proofs: Vec<&'static str>,
    /// The formats of names.
    pub sub_id_formats: Vec<SubIdFormat>,
    /// The formats of assertions.
    pub assertion_formats: Vec<AssertionFormat>,
    /// Whether a client may change the key of a token.
    pub key_rotation: bool,
}

/// The document at `/.well-known/gnap-as-rs`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RsDiscovery {
    /// The URL of the grant endpoint.
    pub grant_request_endpoint: String,
    /// Where to ask about tokens. Absent: nowhere.
    pub introspection_endpoint: Option<String>,
    /// The formats of tokens.
    pub token_formats: Vec<&'static str>,
    /// Where to name rights. Absent: nowhere.
    pub resource_registration_endpoint: Option<String>,
    /// The ways to prove a key.
    pub key_proofs: Vec<&'static str>,
}

#[derive(Serialize)]
struct AsJson<'a> {
    grant_request_endpoint: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interaction_start_modes_supported: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interaction_finish_methods_supported: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    key_proofs_supported: &'a [&'static str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_id_formats_supported: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assertion_formats_supported: Vec<&'a str>,
    key_rotation_supported: bool,
}

#[derive(Serialize)]
struct RsJson<'a> {
    grant_request_endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    token_formats_supported: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_registration_endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    key_proofs_supported: &'a [&'static str],
}

impl AsDiscovery {
    /// The document as a reply: 200 and JSON. A start mode that is not known here is never offered.
    pub fn reply(&self) -> Reply {
        let known = |mode: &&StartMode| !matches!(mode, StartMode::Other(_));
        let json = AsJson {
            grant_request_endpoint: &self.grant_request_endpoint,
            interaction_start_modes_supported: self
                .start_modes
                .iter()
                .filter(known)
                .map(StartMode::name)
                .collect(),
            interaction_finish_methods_supported: self
                .finish_methods
                .iter()
                .map(|method| method.name())
                .collect(),
            key_proofs_supported: &self.key_proofs,
            sub_id_formats_supported: self
                .sub_id_formats
                .iter()
                .map(|format| format.name())
                .collect(),
            assertion_formats_supported: self
                .assertion_formats
                .iter()
                .map(|format| format.name())
                .collect(),
            key_rotation_supported: self.key_rotation,
        };
        Reply::json(StatusCode::OK, &json)
    }
}

impl RsDiscovery {
    /// The document as a reply: 200 and JSON.
    pub fn reply(&self) -> Reply {
        let json = RsJson {
            grant_request_endpoint: &self.grant_request_endpoint,
            introspection_endpoint: self.introspection_endpoint.as_deref(),
            token_formats_supported: &self.token_formats,
            resource_registration_endpoint: self.resource_registration_endpoint.as_deref(),
            key_proofs_supported: &self.key_proofs,
        };
        Reply::json(StatusCode::OK, &json)
    }
}

/// The document of the payments profile: another name for the finish methods, and a path where RFC 9635 has a URL.
pub fn open_payments(grant_path: &str) -> Reply {
    #[derive(Serialize)]
    struct Json<'a> {
        grant_request_endpoint: &'a str,
        interaction_start_modes_supported: [&'static str; 1],
        interaction_finish_modes_supported: [&'static str; 1],
    }
    let json = Json {
        grant_request_endpoint: grant_path,
        interaction_start_modes_supported: ["redirect"],
        interaction_finish_modes_supported: ["redirect"],
    };
    Reply::json(StatusCode::OK, &json)
}
