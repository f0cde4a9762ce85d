//! What a signature may cover of the target of a request.
//!
//! Spec: RFC 9421 §2.2.1–2.2.8, RFC 9110 §4.2.3

use std::fmt::Write as _;

use sfv::BareItem;

use crate::error::ProofError;
use crate::httpsig::component::Component;
use crate::httpsig::request::RequestParts;

/// Returns the value of a derived component of a request.
pub(crate) fn derived_value(
    component: &Component,
    request: &RequestParts<'_>,
) -> Result<String, ProofError> {
    let params: Vec<_> = component.params().collect();
    if component.name() == "@query-param" {
        let [("name", BareItem::String(name))] = params.as_slice() else {
            return Err(ProofError::BadComponent);
        };
        return query_param(Target::parse(request.target_uri)?.query, name.as_str());
    }
    if !params.is_empty() {
        return Err(ProofError::BadComponent);
    }
    let value = match component.name() {
        "@method" => request.method.to_owned(),
        "@target-uri" => request.target_uri.to_owned(),
        "@authority" => Target::parse(request.target_uri)?.authority(),
        "@scheme" => Target::parse(request.target_uri)?.scheme,
        "@path" => Target::parse(request.target_uri)?.path().to_owned(),
        "@query" => {
            let query = Target::parse(request.target_uri)?.query;
            format!("?{}", query.unwrap_or_default())
        }
        "@request-target" => origin_form(request)?,
        // `@status` belongs to responses (§2.2.9), and a name nobody knows cannot be derived (§2.5).
        _ => return Err(ProofError::BadComponent),
    };
    // §2.2: printable characters and spaces, and no space at either end.
    let printable = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !printable || value.starts_with(' ') || value.ends_with(' ') {
        return Err(ProofError::BadComponent);
    }
    Ok(value)
}

/// An absolute URI in its parts.
struct Target<'a> {
    /// In lower case.
    scheme: String,
    authority: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn parse(uri: &'a str) -> Result<Self, ProofError> {
        let (scheme, rest) = uri.split_once("://").ok_or(ProofError::BadComponent)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        // User information is no part of an HTTP target (RFC 9110 §4.2.4), and a fragment is never sent.
        if scheme.is_empty() || authority.is_empty() || authority.contains('@') || uri.contains('#')
        {
            return Err(ProofError::BadComponent);
        }
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            authority,
            path,
            query,
        })
    }

    /// RFC 9110 §4.2.3: in lower case and without the default port.
    fn authority(&self) -> String {
        let default_port = match self.scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => ":",
        };
        let lower = self.authority.to_ascii_lowercase();
        let host = lower.strip_suffix(default_port).unwrap_or(&lower);
        host.strip_suffix(':').unwrap_or(host).to_owned()
    }

    fn path(&self) -> &'a str {
        if self.path.is_empty() { "/" } else { self.path }
    }
}

/// The request target of a request to an origin server. `CONNECT` has another form, and an authorization server is no proxy.
fn origin_form(request: &RequestParts<'_>) -> Result<String, ProofError> {
    if request.method == "CONNECT" {
        return Err(ProofError::BadComponent);
    }
    let target = Target::parse(request.target_uri)?;
    let mut form = target.path().to_owned();
    if let Some(query) = target.query {
        form.push('?');
        form.push_str(query);
    }
    Ok(form)
}

/// Returns the value of the one query parameter of this encoded name; a name that occurs twice may not be covered (§2.2.8).
fn query_param(query: Option<&str>, name: &str) -> Result<String, ProofError> {
    let pairs = query.unwrap_or_default().split('&');
    let mut values = pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(key, _)| reencode(key) == name)
        .map(|(_, value)| reencode(value));
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (None, _) | (_, Some(_)) => Err(ProofError::BadComponent),
    }
}

/// Decodes a form-encoded name or value and encodes it again with every space as `%20`, so that it has one spelling.
fn reencode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = tail
            .first_chunk::<2>()
            .and_then(|digits| Some((hex(digits[0])? << 4) | hex(digits[1])?));
        match (byte, escaped) {
            (b'%', Some(escaped)) => {
                bytes.push(escaped);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    let mut encoded = String::with_capacity(bytes.len());
    // The form parser decodes UTF-8 and replaces what is none.
    for byte in String::from_utf8_lossy(&bytes).bytes() {
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
