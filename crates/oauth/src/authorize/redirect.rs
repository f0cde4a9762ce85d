//! The redirect URI: the registered one, byte for byte.
//!
//! The only freedom is the port of a loopback address, which a native app gets from its system when it starts.
//!
//! Spec: RFC 9700 §2.1, §4.1.3, RFC 8252 §7.3, RFC 6749 §3.1.2.3

use placet_core::client::{ApplicationType, Client};
use placet_web::params::Form;

use crate::{
    error::{OAuthError, Problem},
    oidc::claims::OPENID,
};

/// Parameters of our own answer, which a registered query must not preset, or the client reads the wrong one (threat A2).
pub const ANSWER_PARAMETERS: [&str; 7] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
];
/// Digits of the highest port.
const PORT_DIGITS: usize = 5;

/// The address to answer at, and whether the request named it.
pub(super) fn resolve(client: &Client, form: &Form) -> Result<(String, bool), Problem> {
    const UNREGISTERED: Problem = Problem {
        error: OAuthError::InvalidRequest,
        status: OAuthError::InvalidRequest.status(),
        description: "The redirect_uri is missing or not registered for the client.",
        retry_after: None,
        challenge: false,
    };
    let registered = &client.metadata.redirect_uris;
    let (uri, sent) = match form.get("redirect_uri") {
        Some(asked) if registered.iter().any(|uri| matches(client, uri, asked)) => (asked, true),
        Some(_) => return Err(UNREGISTERED),
        None => match registered.as_slice() {
            [only] if !asks_for_openid(form) => (only.as_str(), false),
            // OpenID Connect Core §3.1.2.1 requires it, and among several nobody can choose.
            _ => return Err(UNREGISTERED),
        },
    };
    if presets_the_answer(uri) {
        return Err(UNREGISTERED);
    }
    Ok((uri.to_owned(), sent))
}

fn asks_for_openid(form: &Form) -> bool {
    let scope = form.get("scope").unwrap_or_default();
    scope.split(' ').any(|name| name == OPENID)
}

/// Whether `asked` is `registered`, or differs from it in nothing but the port of a loopback address.
fn matches(client: &Client, registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    // RFC 8252 §8.3 advises against the name, which a host file can bend; RFC 9700 §2.1 allows it to native apps that
    // registered it.
    let name_counts = client.metadata.application_type == ApplicationType::Native;
    let bases = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let usable = if name_counts { 3 } else { 2 };
    bases.into_iter().take(usable).any(|base| {
        let without_port = |uri| str::strip_prefix(uri, base).and_then(after_port);
        without_port(registered).is_some_and(|rest| without_port(asked) == Some(rest))
    })
}

/// What follows the host and an optional port. `None` when the host goes on, or the port is none.
fn after_port(rest: &str) -> Option<&str> {
    let Some(port_and_more) = rest.strip_prefix(':') else {
        let ends_here = rest.is_empty() || rest.starts_with(['/', '?']);
        return ends_here.then_some(rest);
    };
    let more = port_and_more.trim_start_matches(|c: char| c.is_ascii_digit());
    let port = port_and_more.strip_suffix(more)?;
    let is_port = port.len() <= PORT_DIGITS && port.parse::<u16>().is_ok_and(|port| port > 0);
    (is_port && (more.is_empty() || more.starts_with(['/', '?']))).then_some(more)
}

fn presets_the_answer(uri: &str) -> bool {
    let Some((_, query)) = uri.split_once('?') else {
        return false;
    };
    url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| ANSWER_PARAMETERS.contains(&name.as_ref()))
}
