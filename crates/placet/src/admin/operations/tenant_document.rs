//! A tenant as operators write and read it. Secrets can be written and never read.
//!
//! Spec: RFC 9635 §1.4; threat G9

use std::fmt;

use placet_core::tenant::Tenant;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{Flaw, Moment};

/// The least length of a secret that somebody brings: 128 bits as base64.
const SECRET_CHARS_LEAST: usize = 22;
/// The greatest, which a header field carries everywhere.
const SECRET_CHARS_MOST: usize = 1_024;

/// A tenant as operators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TenantView {
    /// Its id, a UUID.
    pub id: String,
    /// The URL of its issuer, under which everything is kept that is granted in its name.
    pub issuer: String,
    /// Where its people are asked. Absent: nobody can be, or for the server's own tenant: on its own pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_consent_url: Option<String>,
    /// How many secrets of its identity provider count; two while they are being replaced.
    pub idp_secrets: usize,
    /// How many secrets may sign its calls; two while they are being replaced.
    pub api_secrets: usize,
    /// Whether it is the server's own, which the settings describe.
    pub own: bool,
    /// Whether the settings file declares it.
    pub declared: bool,
    /// When it was added. Absent for the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Moment>,
    /// When it was last changed. Absent for the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Moment>,
    /// When it was deleted. Absent while it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Moment>,
}

impl TenantView {
    pub(super) fn of(tenant: &Tenant, own: bool) -> Self {
        let idp = tenant.idp.as_ref();
        let sealed = [&tenant.api_secret, &tenant.former_api_secret];
        let at = |moment| (!own).then_some(Moment(moment));
        Self {
            id: tenant.uuid(),
            issuer: tenant.issuer_url.clone(),
            idp_consent_url: idp.map(|idp| idp.consent_url.clone()),
            idp_secrets: idp.map_or(0, |idp| idp.secrets.len()),
            api_secrets: sealed.into_iter().flatten().count(),
            own,
            declared: own || tenant.declared.is_some(),
            created_at: at(tenant.created_at),
            changed_at: at(tenant.changed_at),
            deleted_at: tenant.deleted_at.map(Moment),
        }
    }
}

/// A secret of a tenant: brought by whoever adds it, or made a moment ago and told this once.
#[derive(Clone, ToSchema)]
#[schema(value_type = String)]
pub struct TenantSecret(Zeroizing<String>);

impl TenantSecret {
    /// Takes a text as a secret.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn flaw(&self, member: &str) -> Option<Flaw> {
        let text = self.reveal();
        let enough = (SECRET_CHARS_LEAST..=SECRET_CHARS_MOST).contains(&text.len());
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!enough || !plain).then(|| {
            let rule = format!(
                "must have {SECRET_CHARS_LEAST} to {SECRET_CHARS_MOST} visible characters of ASCII"
            );
            Flaw::new(member, rule)
        })
    }
}

impl fmt::Debug for TenantSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantSecret")
    }
}

impl Serialize for TenantSecret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A tenant to add.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant)]
pub struct NewTenantDocument {
    /// Its id, a UUID, where another system knows it already. Absent: one is made.
    #[serde(default)]
    pub id: Option<String>,
    /// Where its people are asked. Absent: nobody can be.
    #[serde(default)]
    pub idp_consent_url: Option<String>,
    /// The secret of its identity provider. Absent: one is made if there is a provider.
    #[serde(default)]
    #[schema(write_only)]
    pub idp_secret: Option<TenantSecret>,
    /// What signs its calls. Absent: one is made.
    #[serde(default)]
    #[schema(write_only)]
    pub api_secret: Option<TenantSecret>,
}

/// What changes of a tenant: what is absent stays, what is `null` is taken away.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// Where its people are asked. `null`: nobody can be any more.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub idp_consent_url: Said<String>,
    /// The new secret of its identity provider; the one before still counts.
    #[serde(default)]
    #[schema(write_only)]
    pub idp_secret: Option<TenantSecret>,
    /// What signs its calls from now on; what did before still counts. `null`: it may call nothing.
    #[serde(default)]
    #[schema(write_only, value_type = Option<String>)]
    pub api_secret: Said<TenantSecret>,
}

/// What a change says of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Said<T> {
    /// Nothing: it stays.
    #[default]
    Nothing,
    /// It is taken away: `null`.
    Gone,
    /// It is this from now on.
    New(T),
}

impl<T> Said<T> {
    /// A member that is set, taken away, or left.
    pub fn of(value: Option<T>, gone: bool) -> Self {
        match value {
            Some(value) => Self::New(value),
            None if gone => Self::Gone,
            None => Self::Nothing,
        }
    }

    /// What it is from now on, if that is said.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::New(value) => Some(value),
            Self::Nothing | Self::Gone => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    /// Reads a member that is there.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| Self::of(value, true))
    }
}

/// A tenant right after it was added.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegisteredTenant {
    /// The secret of its identity provider, if one was made. It cannot be read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_secret: Option<TenantSecret>,
    /// What signs its calls, if it was made. It cannot be read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_secret: Option<TenantSecret>,
    /// The tenant.
    #[serde(flatten)]
    pub tenant: TenantView,
}
