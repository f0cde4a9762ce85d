//! Cookies: their names, how they are set, and how they are read back.
//!
//! A name carries the `__Host-` prefix where browsers reach the server by https, so that no sub-domain can shadow it, and
//! a short hash of the issuer: cookies ignore ports and, with the prefix, paths, so two issuers on one host would otherwise
//! overwrite each other's (threat H3).
//!
//! Spec: RFC 6265 §4.1, RFC 6265bis §4.1.3.2

use data_encoding::HEXLOWER;
use placet_core::{
    id::Id,
    pending::PendingRequest,
    secret::{SecretHash, kind},
    time::Lifetime,
};

use crate::{context::Call, reply::Reply, site::SiteSettings};

/// How many bytes of the issuer's hash a name carries.
const ISSUER_TAG_BYTES: usize = 4;
/// Cookies read of one request; a browser sends at most a few hundred.
const COOKIES_LIMIT: usize = 512;

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One sign-in.
    Session,
    /// One request in this browser; the name goes on with the request's id.
    Interaction,
    /// One request whose person another system asks; the name goes on with the request's id.
    Elsewhere,
    /// Forms of nobody in particular: sign-in and code entry.
    Form,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Interaction => "ask",
            Self::Elsewhere => "away",
            Self::Form => "form",
        }
    }
}

/// The name of a cookie, or the beginning of it for an interaction's.
pub(super) fn name(settings: &SiteSettings, purpose: Purpose) -> String {
    let hash = SecretHash::<kind::Content>::of(&settings.issuer_url);
    let tag: Vec<u8> = hash
        .as_bytes()
        .iter()
        .copied()
        .take(ISSUER_TAG_BYTES)
        .collect();
    let prefix = if settings.secure { "__Host-" } else { "" };
    format!(
        "{prefix}placet-{}-{}",
        purpose.word(),
        HEXLOWER.encode(&tag)
    )
}

/// The name of the cookie of one request.
pub(super) fn name_for(
    settings: &SiteSettings,
    purpose: Purpose,
    request: Id<PendingRequest>,
) -> String {
    format!("{}-{request}", name(settings, purpose))
}

/// Takes back the oldest cookies of this purpose when, with the one called `own`, there would be more than one browser
/// keeps. Their values begin with the time they were made at, which only orders a browser's own cookies.
pub(super) fn without_surplus(
    settings: &SiteSettings,
    call: &Call,
    reply: Reply,
    (purpose, own): (Purpose, &str),
) -> Reply {
    let made_at = |value: &str| -> i64 {
        let secs = value.split('.').next().unwrap_or_default();
        secs.parse().unwrap_or(0)
    };
    let begins = format!("{}-", name(settings, purpose));
    let mut others: Vec<(i64, &str)> = sent(call)
        .filter(|(name, _)| name.starts_with(&begins) && *name != own)
        .map(|(name, value)| (made_at(value), name))
        .collect();
    others.sort_unstable();
    let allowed = settings.interactions_per_browser.max(1) - 1;
    let surplus = others.len().saturating_sub(allowed);
    let taken_back = others.into_iter().take(surplus);
    taken_back.fold(reply, |reply, (_, name)| {
        reply.with_cookie(&clear(settings, name))
    })
}

/// A `Set-Cookie` value. Without a lifetime it ends with the browser.
pub(super) fn set(
    settings: &SiteSettings,
    name: &str,
    value: &str,
    lifetime: Option<Lifetime>,
) -> String {
    let secure = if settings.secure { "; Secure" } else { "" };
    let age = lifetime.map_or_else(String::new, |lifetime| {
        format!("; Max-Age={}", lifetime.as_secs_ceil())
    });
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
}

/// A `Set-Cookie` value that removes a cookie.
pub(super) fn clear(settings: &SiteSettings, name: &str) -> String {
    set(settings, name, "", Some(Lifetime::ZERO))
}

/// The cookies of a request, as `(name, value)` in the order sent.
pub(super) fn sent(call: &Call) -> impl Iterator<Item = (&str, &str)> {
    call.headers
        .get_all(http::header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .take(COOKIES_LIMIT)
}

/// The value of a cookie that must be sent once; a name sent twice is not to be trusted.
pub(super) fn value<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let mut values = sent(call).filter(|(sent, _)| *sent == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}
