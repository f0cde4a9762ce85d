//! What a client would rather have, where it may choose: `Prefer: wait=N`.
//!
//! A preference is a wish. One that is malformed, unknown or not granted is ignored, and the request is answered as if
//! it were not there; one that was granted is named in the answer.
//!
//! Spec: RFC 7240 §2, §3 (`Preference-Applied`), §4.3 (`wait`)

use http::{HeaderMap, HeaderName, HeaderValue};
use placet_core::time::Lifetime;

/// The header with what a client would rather have.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header with what of it was granted.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long the client is willing to wait for an answer. `None` when it does not say, or not in whole seconds.
pub fn wait(headers: &HeaderMap) -> Option<Lifetime> {
    let values = headers.get_all(PREFER).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    // RFC 7240 §2: several headers are one list, and of a repeated preference the first counts.
    texts
        .flat_map(preferences)
        .find(|(name, _)| name.eq_ignore_ascii_case("wait"))
        .and_then(|(_, value)| seconds(value))
}

/// Says that the answer waited, for at most `granted`.
///
/// # Panics
/// Never: digits are header text.
pub fn applied_wait(granted: Lifetime) -> HeaderValue {
    HeaderValue::try_from(format!("wait={}", granted.as_secs()))
        .expect("a number is a header value")
}

/// The preferences of one header, each with its value, which is empty when there is none. Their parameters are left
/// out: `wait` has none.
fn preferences(text: &str) -> impl Iterator<Item = (&str, &str)> {
    split_outside_quotes(text, ',').map(|preference| {
        let bare = split_outside_quotes(preference, ';').next();
        let bare = bare.unwrap_or_default();
        let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
        (name.trim(), value.trim())
    })
}

/// The pieces between separators that do not stand in a quoted string (RFC 9110 §5.6.4).
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        if escaped {
            escaped = false;
        } else if quoted && character == '\\' {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        }
        !quoted && character == separator
    })
}

/// `delta-seconds`, plain or quoted; both forms of a value mean the same (RFC 7240 §2).
fn seconds(value: &str) -> Option<Lifetime> {
    let inside = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let digits = inside.unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // RFC 9111 §1.2.2: a number too large to hold means as long as can be.
    Some(Lifetime::from_secs(
        digits.parse().unwrap_or(u32::MAX).into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7240_2_wait_is_found_among_other_preferences() {
        let cases: [(&str, &[&'static str], Option<u64>); 17] = [
            ("alone", &["wait=10"], Some(10)),
            ("none", &[], None),
            ("others only", &["respond-async, handling=lenient"], None),
            ("in a list", &["respond-async, wait=10"], Some(10)),
            ("in a second header", &["respond-async", "wait=7"], Some(7)),
            ("any case", &["WAIT=5"], Some(5)),
            ("spaces around the sign", &["wait = 5"], Some(5)),
            ("quoted", &["wait=\"5\""], Some(5)),
            ("with a parameter", &["wait=5; x=1"], Some(5)),
            ("the first counts", &["wait=5, wait=9", "wait=1"], Some(5)),
            ("zero", &["wait=0"], Some(0)),
            ("no value", &["wait"], None),
            ("empty", &["wait="], None),
            ("not a number", &["wait=soon"], None),
            ("signed", &["wait=+5"], None),
            (
                "huge",
                &["wait=99999999999999999999"],
                Some(u32::MAX.into()),
            ),
            (
                "hidden in a quoted string",
                &["foo=\"a, wait=9, \\\" wait=8\", wait=4"],
                Some(4),
            ),
        ];
        for (name, lines, want) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PREFER, HeaderValue::from_static(line));
            }
            assert_eq!(wait(&headers).map(Lifetime::as_secs), want, "{name}");
        }
    }

    #[test]
    fn rfc7240_3_what_was_granted_is_named() {
        assert_eq!(applied_wait(Lifetime::from_secs(30)), "wait=30");
    }
}
