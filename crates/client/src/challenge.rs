//! The challenge of a resource server: that GNAP is spoken here, at which server, for which right.
//!
//! It is printed with quoted values, as RFC 9110 has it. The example of RFC 9635 is unquoted and separates by semicolons;
//! both are read.
//!
//! Spec: RFC 9635 §9.1; RFC 9110 §11.2, §11.6.1; RFC 3986 §6.2.1

use std::fmt;

use reqwest::{Response, StatusCode, header};
use url::Url;

/// The scheme, compared without regard to case.
const SCHEME: &str = "GNAP";
/// The longest challenge read, in bytes.
const MAX_CHALLENGE_BYTES: usize = 8 * 1024;

/// What a resource server says to a call without a good token.
///
/// ```
/// use placet_client::challenge::Challenge;
/// let sent = "GNAP as_uri=https://as.example/tx;access=FWWIKYBQ6U56NL1;referrer=https://rs.example";
/// let read = Challenge::parse(sent).expect("it is one");
/// assert!(read.is_from("https://rs.example"));
/// let printed = r#"GNAP as_uri="https://as.example/tx", access="FWWIKYBQ6U56NL1", referrer="https://rs.example""#;
/// assert_eq!(read.to_string(), printed);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The grant endpoint to ask at. Absent: not told.
    pub as_uri: Option<String>,
    /// The right to ask for, as a reference. Absent: not told.
    pub access: Option<String>,
    /// The resource server itself, to be sent as `Referer`. Absent: not told.
    pub referrer: Option<String>,
}

impl Challenge {
    /// Reads the value of `WWW-Authenticate`. `None` when the scheme is another, the text is malformed, a parameter comes
    /// twice, or a URI is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_CHALLENGE_BYTES || text.contains(|c: char| c.is_control()) {
            return None;
        }
        let text = text.trim_matches(' ');
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let mut challenge = Self::default();
        let mut rest = rest.trim_start_matches(' ');
        while !rest.is_empty() {
            let (name, value, more) = parameter(rest)?;
            let slot = match name.to_ascii_lowercase().as_str() {
                "as_uri" => &mut challenge.as_uri,
                "access" => &mut challenge.access,
                "referrer" => &mut challenge.referrer,
                // RFC 9110 §11.6.1: parameters that are not known are ignored.
                _ => &mut None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
            rest = more;
        }
        let is_uri = |text: &Option<String>| {
            let text = text.as_deref();
            text.is_none_or(|text| Url::parse(text).is_ok())
        };
        (is_uri(&challenge.as_uri) && is_uri(&challenge.referrer)).then_some(challenge)
    }

    /// The challenge of a resource server that was called without a good token. `None` when the status is another than 401,
    /// or there is none that can be read.
    pub fn of(response: &Response) -> Option<Self> {
        if response.status() != StatusCode::UNAUTHORIZED {
            return None;
        }
        let told = response.headers().get_all(header::WWW_AUTHENTICATE);
        told.iter()
            .find_map(|value| Self::parse(value.to_str().ok()?))
    }

    /// Whether the challenge comes from the resource server that was called: the two URIs are the same text. Without it
    /// a resource server could have a client speak for another.
    pub fn is_from(&self, resource_server: &str) -> bool {
        self.referrer.as_deref() == Some(resource_server)
    }
}

/// One parameter, its value and what follows the separator.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_end_matches(' ');
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let rest = rest.trim_start_matches(' ');
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted_value(quoted)?,
        None => bare_value(rest)?,
    };
    let rest = rest.trim_start_matches(' ');
    if rest.is_empty() {
        return Some((name, value, rest));
    }
    let more = rest.strip_prefix([',', ';'])?.trim_start_matches(' ');
    // A separator at the end separates nothing.
    (!more.is_empty()).then_some((name, value, more))
}

/// The value up to the closing quote, without the backslashes.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            plain => value.push(plain),
        }
    }
    None
}

/// The value up to a separator. A URI may hold a comma or a semicolon, but not written without quotes.
fn bare_value(text: &str) -> Option<(String, &str)> {
    let end = text.find([',', ';', ' ', '"']).unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end)?;
    (!value.is_empty()).then(|| (value.to_owned(), rest))
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        let parameters = [
            ("as_uri", &self.as_uri),
            ("access", &self.access),
            ("referrer", &self.referrer),
        ];
        let told = parameters
            .into_iter()
            .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)));
        for (index, (name, value)) in told.enumerate() {
            f.write_str(if index == 0 { " " } else { ", " })?;
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            write!(f, "{name}=\"{escaped}\"")?;
        }
        Ok(())
    }
}
