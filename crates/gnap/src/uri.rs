//! URIs as a message may carry them: absolute, and where a browser or this server goes, to a place that is safe to go to.
//!
//! Spec: RFC 3986 §4.3, RFC 8252 §7, RFC 9635 §2.3.2, §2.5.2

use url::{Host, Url};

/// Schemes that run or open something on the person's machine instead of going to the client.
const DANGEROUS_SCHEMES: [&str; 7] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "view-source",
];

/// Whether the text is written in the characters of a URI alone (RFC 3986 §2).
fn is_written_as_uri(text: &str) -> bool {
    let strange = |b: &u8| !(0x21..=0x7e).contains(b) || br#"\"<>^`{|}"#.contains(b);
    !text.is_empty() && !text.as_bytes().iter().any(strange)
}

/// Reads an absolute URI of any scheme.
pub(crate) fn absolute(text: &str) -> Option<Url> {
    if !is_written_as_uri(text) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    // `https:path` and `https:///path` have no authority as written; the parser would invent one.
    let special = matches!(url.scheme(), "http" | "https" | "ftp" | "ws" | "wss");
    (!special || !authority(text).is_empty()).then_some(url)
}

/// Whether it is an `http` or `https` URL without user name or password.
pub(crate) fn is_web(text: &str) -> bool {
    absolute(text)
        .is_some_and(|url| matches!(url.scheme(), "http" | "https") && !names_a_user(&url, text))
}

/// Whether it is a URL at `https`, or at `http` on this machine, without user, password and fragment.
pub(crate) fn is_secure_web(text: &str) -> bool {
    absolute(text).is_some_and(|url| {
        let http_here = url.scheme() == "http" && is_loopback(&url);
        (url.scheme() == "https" || http_here) && !names_a_user(&url, text) && !text.contains('#')
    })
}

/// Whether a browser may be sent there, or a message of ours: `https`, `http` on the person's own machine, or the
/// private scheme of an application (RFC 9635 §2.5.2.1, RFC 8252 §7.1).
///
/// # Errors
/// Says which rule it breaks, as the end of a sentence.
pub(crate) fn check_finish(text: &str) -> Result<(), &'static str> {
    let url = absolute(text).ok_or("is not an absolute URI")?;
    if text.contains('#') {
        return Err("has a fragment");
    }
    if DANGEROUS_SCHEMES.contains(&url.scheme()) {
        return Err("has a scheme that a browser must not be sent to");
    }
    if names_a_user(&url, text) {
        return Err("names a user");
    }
    if has_dot_segment(text) {
        return Err("has a dot segment");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("is http, which is for this machine only"),
        scheme if scheme.contains('.') => Ok(()),
        _ => Err("has a scheme that any software may claim"),
    }
}

/// Whether the host names the machine it is opened on and nothing else (RFC 6761 §6.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The part between `//` and the path, as written.
fn authority(text: &str) -> &str {
    text.split_once(':')
        .and_then(|(_, rest)| rest.strip_prefix("//"))
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default()
}

fn names_a_user(url: &Url, text: &str) -> bool {
    !url.username().is_empty() || url.password().is_some() || authority(text).contains('@')
}

/// Browsers resolve dot segments before they send a request, so that another path than the written one is asked for.
fn has_dot_segment(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    let path = path.to_ascii_lowercase().replace("%2e", ".");
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}
