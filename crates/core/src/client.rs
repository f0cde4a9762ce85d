//! A registered client and what it may do.
//!
//! Spec: RFC 7591 §2, RFC 6749 §2, OpenID Connect Registration §2

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    id::{Id, Kind},
    right::{Detail, Rights, Scope},
    secret::{Digest, SecretHash, kind},
    time::Timestamp,
};

/// The `authorization_code` grant type (RFC 6749 §4.1).
pub const AUTHORIZATION_CODE: &str = "authorization_code";
/// The `refresh_token` grant type (RFC 6749 §6).
pub const REFRESH_TOKEN: &str = "refresh_token";
/// The `client_credentials` grant type (RFC 6749 §4.4).
pub const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The device grant type (RFC 8628 §3.4).
pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How a client proves who it is (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Not at all: a public client.
    None,
    /// Id and secret in the `Authorization` header (RFC 6749 §2.3.1).
    #[default]
    ClientSecretBasic,
    /// Id and secret in the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A signed assertion (RFC 7523 §2.2).
    PrivateKeyJwt,
}

/// Whether the client runs on a server of its own or on a person's device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a web server.
    #[default]
    Web,
    /// On a device (RFC 8252).
    Native,
}

/// Which `aud` a client's assertions carry (design: the issuer alone, unless set).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssertionAudience {
    /// The issuer identifier.
    #[default]
    Issuer,
    /// The issuer or the URL of the token endpoint; assertions may then live for one hour.
    TokenEndpoint,
}

/// What a client is registered with: the names of RFC 7591, and Placet's own below them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a member of a registration by itself"
)]
pub struct ClientMetadata {
    /// The name a person sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The client's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its logo. Kept for operators: neither the server nor a page fetches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Its privacy policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Mail addresses of the people responsible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Where answers may be sent, compared byte for byte.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after sign-out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// How it authenticates. Absent: `none` without a secret or keys, else `client_secret_basic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// The one algorithm of its assertions. Absent: any that its keys have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// The grant types it may use. Absent: `authorization_code` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// The response types it may use; only `code` exists here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types: Option<Vec<String>>,
    /// The scopes it may ask for, space separated. Absent: every declared one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Its public keys (RFC 7517 §5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// Where its public keys are fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// `web` or `native`.
    pub application_type: ApplicationType,
    /// The algorithm of its ID tokens. Absent: RS256 (OpenID Connect Registration §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    /// The most seconds a sign-in may be old when the request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    /// Whether ID tokens always carry `auth_time`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_auth_time: bool,
    /// An identifier the client's vendor gave the software.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// The software's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,

    /// Whether it belongs to the operator, so that nobody is asked for consent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub first_party: bool,
    /// Whether PKCE is required. Absent: yes; `false` only for a confidential client that cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    /// The audience of its assertions.
    pub assertion_audience: AssertionAudience,
    /// The resources it may ask for. Absent: every declared one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<BTreeSet<String>>,
    /// Whether a device request is refused when the person's network is not the device's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub device_same_network: bool,
    /// Whether it is a resource server that may ask about the tokens of others (RFC 9767 §3.3).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resource_server: bool,
    /// Names in other languages, by language tag.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub client_name_i18n: BTreeMap<String, String>,
}

impl ClientMetadata {
    /// How a client with this metadata authenticates, with the default worked out.
    pub fn auth_method(&self, has_secret: bool) -> AuthMethod {
        let has_keys = self.jwks.is_some() || self.jwks_uri.is_some();
        self.token_endpoint_auth_method
            .unwrap_or(match (has_secret, has_keys) {
                (true, _) => AuthMethod::ClientSecretBasic,
                (false, true) => AuthMethod::PrivateKeyJwt,
                (false, false) => AuthMethod::None,
            })
    }
}

/// A client as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "client_id is the specification's word"
)]
pub struct Client {
    /// Its id inside.
    pub id: Id<Self>,
    /// A number below 2^53 for interfaces that cannot hold an id.
    pub number: u64,
    /// The `client_id` it goes by.
    pub client_id: String,
    /// Hashes of its secrets; more than one while they are being replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretHash<kind::Client>>,
    /// What it is registered with.
    pub metadata: ClientMetadata,
    /// Whether it is shut out: it gets no tokens, and those it has are not active.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Its tokens issued before this time are not active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The digest of the declaration it was made from. Absent when no file declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Digest>,
    /// The key it is known by, in the face's own form. Absent for one that is known by a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<serde_json::Value>,
    /// The sets of rights it registered as a resource server, by the reference that stands for each (RFC 9767 §3.4).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_sets: BTreeMap<String, Vec<Detail>>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it may be deleted. Only a client known by nothing but its key has such a time; it goes by no name. Whoever
    /// writes what names it puts this off, in the same commit, to the end of that. Absent: it stays until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<Timestamp>,
}

impl Kind for Client {
    const PREFIX: &'static str = "cl";
}

impl Client {
    /// The name to show a person: the registered one, else the `client_id`.
    pub fn display_name(&self, language: &str) -> &str {
        let named = self.metadata.client_name_i18n.get(language);
        named
            .or(self.metadata.client_name.as_ref())
            .map_or(self.client_id.as_str(), String::as_str)
    }

    /// How it authenticates, with the default worked out.
    pub fn auth_method(&self) -> AuthMethod {
        self.metadata.auth_method(!self.secrets.is_empty())
    }

    /// Whether nothing proves that a request comes from this client (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.auth_method() == AuthMethod::None
    }

    /// Whether it is registered for `grant_type`.
    pub fn may_use(&self, grant_type: &str) -> bool {
        match &self.metadata.grant_types {
            Some(types) => types.iter().any(|t| t == grant_type),
            None => grant_type == AUTHORIZATION_CODE,
        }
    }

    /// Whether its authorization requests must carry a PKCE challenge. A public client always must.
    pub fn must_use_pkce(&self) -> bool {
        self.is_public() || self.metadata.require_pkce.unwrap_or(true)
    }

    /// The scopes it is registered for. `None`: every declared one. Text that does not read as scopes allows none.
    pub fn registered_scopes(&self) -> Option<BTreeSet<Scope>> {
        let text = self.metadata.scope.as_deref()?;
        Some(Rights::parse(text, []).map_or_else(|_| BTreeSet::new(), |rights| rights.scopes))
    }

    /// Whether it is registered for all of `rights`.
    pub fn may_have(&self, rights: &Rights) -> bool {
        self.registered_scopes()
            .is_none_or(|scopes| rights.scopes.is_subset(&scopes))
            && rights
                .resources
                .iter()
                .all(|resource| self.may_reach(resource.as_str()))
    }

    /// Whether `resource` may be asked for.
    pub fn may_reach(&self, resource: &str) -> bool {
        self.metadata
            .resources
            .as_ref()
            .is_none_or(|allowed| allowed.contains(resource))
    }
}

/// A client whose credentials were checked for this request, or a public one that was only named.
#[derive(Debug, Clone)]
pub struct AuthenticatedClient {
    client: std::sync::Arc<Client>,
    proof: Option<OnceProof>,
}

/// A proof that holds once, such as the `jti` of an assertion (RFC 7523 §3). The verb it came with spends it in
/// its own commit.
#[derive(Debug, Clone)]
pub struct OnceProof {
    /// The hash of the value and of whose it is.
    pub value: SecretHash<kind::Once>,
    /// How long a second use must be recognised.
    pub keep_until: Timestamp,
    /// The address it came from, for the audit.
    pub peer: Option<String>,
}

impl AuthenticatedClient {
    /// States that the caller checked this client's credentials. Only client authentication may say so.
    pub fn vouch(client: std::sync::Arc<Client>, proof: Option<OnceProof>) -> Self {
        Self { client, proof }
    }

    /// The same client as its record says now, after its request was kept waiting. What was proven stays proven, and
    /// the proof was spent before the wait.
    pub(crate) fn renewed(client: std::sync::Arc<Client>) -> Self {
        Self {
            client,
            proof: None,
        }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The proof the verb must spend. Absent when nothing about the credentials was single-use.
    pub fn proof(&self) -> Option<&OnceProof> {
        self.proof.as_ref()
    }
}
