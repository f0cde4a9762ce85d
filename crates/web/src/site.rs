//! Everything the handlers of one issuer share.

use std::sync::{Arc, OnceLock};

use placet_core::{
    engine::Engine, pending::FaceName, right::ResourceId, time::Lifetime, token::AccessFormat,
};

use crate::{
    face::Face,
    fetch::Fetch,
    hold::Holds,
    keys::KeyRing,
    limit::Limiter,
    page::{Locale, Pages},
    person::Passwords,
};

/// A scope an operator declared.
#[derive(Debug, Clone)]
pub struct ScopeEntry {
    /// Its name.
    pub name: String,
    /// What it means, by language tag.
    pub description: Vec<(String, String)>,
    /// Whether a person may leave it out.
    pub optional: bool,
    /// How fresh the sign-in must be to grant it. Absent: any.
    pub step_up: Option<Lifetime>,
}

/// A resource server an operator declared.
#[derive(Debug, Clone)]
pub struct ResourceEntry {
    /// Its identifier.
    pub id: ResourceId,
    /// Its name for people.
    pub name: Option<String>,
    /// How its access tokens look.
    pub format: AccessFormat,
    /// How long they live. Absent: as any other.
    pub lifetime: Option<Lifetime>,
    /// The scopes that make sense there. Empty: all.
    pub scopes: Vec<String>,
}

/// How long things live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// An authorization code (RFC 6749 §4.1.2).
    pub authorization_code: Lifetime,
    /// A device request (RFC 8628 §3.2).
    pub device_code: Lifetime,
    /// The time a person has to answer a redirect.
    pub interaction: Lifetime,
    /// An access token.
    pub access_token: Lifetime,
    /// An ID token.
    pub id_token: Lifetime,
    /// An unused refresh token.
    pub refresh_token_idle: Lifetime,
    /// A family of refresh tokens.
    pub refresh_token_absolute: Lifetime,
    /// A sign-in.
    pub session: Lifetime,
    /// How long an agreement is remembered.
    pub remembered_consent: Lifetime,
    /// The first interval between polls (RFC 8628 §3.2).
    pub poll_interval: Lifetime,
}

/// The settings the edge needs.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    /// The issuer identifier: origin and optional path, no trailing slash.
    pub issuer_url: String,
    /// The origin alone.
    pub origin: String,
    /// The issuer's path, without trailing slash. Empty at the root.
    pub base_path: String,
    /// Whether browsers reach it by https; decides the cookies' prefix and `Secure`.
    pub secure: bool,
    /// The language when nothing else is asked for.
    pub default_locale: Locale,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The declared scopes.
    pub scopes: Vec<ScopeEntry>,
    /// The declared resources.
    pub resources: Vec<ResourceEntry>,
    /// How many interaction cookies one browser keeps; the oldest is dropped.
    pub interactions_per_browser: usize,
}

impl SiteSettings {
    /// The URL of a path below the issuer's base.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer_url)
    }

    /// The declared scope of this name.
    pub fn scope(&self, name: &str) -> Option<&ScopeEntry> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// The declared resource with this identifier.
    pub fn resource(&self, id: &str) -> Option<&ResourceEntry> {
        self.resources
            .iter()
            .find(|resource| resource.id.as_str() == id)
    }
}

/// Everything the handlers of one issuer share.
pub struct Site {
    /// The verbs.
    pub engine: Arc<Engine>,
    /// Keys that sign, and their public parts.
    pub keys: Arc<KeyRing>,
    /// The pages.
    pub pages: Arc<Pages>,
    /// Password hashing, bounded.
    pub passwords: Arc<Passwords>,
    /// Who may try how often.
    pub limiter: Arc<Limiter>,
    /// Polls that wait for an answer.
    pub holds: Arc<Holds>,
    /// The way out to other servers.
    pub fetch: Arc<Fetch>,
    /// Settings.
    pub settings: SiteSettings,
    /// The protocols; set once, after the site is made.
    pub faces: OnceLock<Vec<Arc<dyn Face>>>,
}

impl Site {
    /// The face that opened a request. `None` when this release does not serve it.
    pub fn face(&self, name: &FaceName) -> Option<&Arc<dyn Face>> {
        self.faces.get()?.iter().find(|face| face.name() == *name)
    }
}
