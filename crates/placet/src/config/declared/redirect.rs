//! Where a browser may be sent: the form a redirect URI must have to be registered.
//!
//! Spec: RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.3

use placet_oauth::authorize::ANSWER_PARAMETERS;
use url::Url;

use crate::config::origin::host_is_loopback;
use crate::config::problem::Fault;

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

/// Checks a redirect URI before it is registered; afterwards it is compared byte for byte.
///
/// # Errors
/// Says which rule it breaks.
pub fn check_redirect_uri(text: &str) -> Result<(), Fault> {
    let fault = |why: &str| Fault::new(format!("holds {text:?}, which {why}"));
    if text
        .bytes()
        .any(|byte| !(0x21..=0x7e).contains(&byte) || matches!(byte, b'\\' | b'"' | b'<' | b'>'))
    {
        return Err(fault("holds a character that no URI has (RFC 3986 §2)"));
    }
    if text.contains('#') {
        return Err(fault("holds a fragment (RFC 6749 §3.1.2)"));
    }
    let url = Url::parse(text).map_err(|_| fault("is no absolute URI (RFC 6749 §3.1.2)"))?;
    if DANGEROUS_SCHEMES.contains(&url.scheme()) {
        return Err(fault("has a scheme that a browser must not be sent to"));
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(fault("holds a user name or password"));
    }
    let path = text
        .split('?')
        .next()
        .unwrap_or(text)
        .to_ascii_lowercase()
        .replace("%2e", ".");
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(fault(
            "holds a dot segment, which browsers resolve before they send it",
        ));
    }
    let preset = url
        .query_pairs()
        .find(|(name, _)| ANSWER_PARAMETERS.contains(&name.as_ref()));
    if let Some((name, _)) = preset {
        return Err(fault(&format!("presets {name}, a parameter of the answer")));
    }
    scheme(&url).map_err(|(why, hint)| fault(why).hint(hint))
}

/// The part between `//` and the path, as written.
fn authority(text: &str) -> &str {
    let after = text.split_once("://").map_or("", |(_, rest)| rest);
    after.split(['/', '?']).next().unwrap_or_default()
}

fn scheme(url: &Url) -> Result<(), (&'static str, &'static str)> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if host_is_loopback(url.host().as_ref()) => Ok(()),
        "http" => Err((
            "is http, which is for loopback only",
            "use https; native software may use http://127.0.0.1/…",
        )),
        scheme if scheme.contains('.') => Ok(()),
        _ => Err((
            "has a scheme that any software may claim (RFC 8252 §7.1)",
            "use the reverse of a domain you own, as in com.example.app:/callback",
        )),
    }
}
