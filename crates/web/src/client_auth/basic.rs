//! The `Authorization` header of a client, read to the letter.
//!
//! Spec: RFC 6749 §2.3.1, RFC 7617 §2, RFC 9110 §11.4

use data_encoding::BASE64;
use http::{HeaderMap, header};

use crate::params;

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Basic {
    /// There is none.
    Absent,
    /// It is there and is not one well-formed `Basic` credential.
    Malformed,
    /// A name and a secret, decoded.
    Pair(String, String),
}

/// Reads the header: one, `Basic` in any case, a single space, base64 with its padding, and inside it two
/// form-urlencoded values around the first colon.
pub(super) fn read(headers: &HeaderMap) -> Basic {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Basic::Absent,
        (Some(value), None) => pair(value.as_bytes()).unwrap_or(Basic::Malformed),
        (Some(_), Some(_)) => Basic::Malformed,
    }
}

fn pair(value: &[u8]) -> Option<Basic> {
    let (scheme, rest) = value.split_at_checked(b"Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    // The decoder refuses spaces, missing padding and loose trailing bits, so one pair has one spelling.
    let decoded = BASE64.decode(rest).ok()?;
    let mut halves = decoded.splitn(2, |byte| *byte == b':');
    let name = params::decode(halves.next()?)?;
    let secret = params::decode(halves.next()?)?;
    (!name.is_empty()).then_some(Basic::Pair(name, secret))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(values: &[&[u8]]) -> Basic {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("it is a header value");
            headers.append(header::AUTHORIZATION, value);
        }
        read(&headers)
    }

    fn encoded(pair: &str) -> String {
        format!("Basic {}", BASE64.encode(pair.as_bytes()))
    }

    #[test]
    fn rfc6749_2_3_1_name_and_secret_are_form_urlencoded() {
        for (text, name, secret) in [
            ("tv:secret", "tv", "secret"),
            ("tv:a:b", "tv", "a:b"),
            (
                "https%3A%2F%2Fphotos.example:s",
                "https://photos.example",
                "s",
            ),
            ("tv:%3A+%2B%25", "tv", ": +%"),
            ("tv:", "tv", ""),
            ("caf%C3%A9:s", "café", "s"),
        ] {
            let want = Basic::Pair(name.to_owned(), secret.to_owned());
            assert_eq!(of(&[encoded(text).as_bytes()]), want, "{text}");
        }
        let lower = encoded("tv:s").replacen("Basic", "bAsIc", 1);
        assert_eq!(
            of(&[lower.as_bytes()]),
            Basic::Pair("tv".to_owned(), "s".to_owned())
        );
    }

    #[test]
    fn t8_every_other_spelling_of_the_header_is_malformed() {
        let good = encoded("tv:s");
        let inner = good
            .strip_prefix("Basic ")
            .expect("it begins so")
            .to_owned();
        let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
            (
                "two headers",
                vec![good.clone().into(), good.clone().into()],
            ),
            ("scheme alone", vec![b"Basic".to_vec()]),
            ("scheme and space", vec![b"Basic ".to_vec()]),
            ("no space", vec![format!("Basic{inner}").into()]),
            ("two spaces", vec![format!("Basic  {inner}").into()]),
            ("tab", vec![format!("Basic\t{inner}").into()]),
            ("space and tab", vec![format!("Basic \t{inner}").into()]),
            ("trailing space", vec![format!("{good} ").into()]),
            ("leading space", vec![format!(" {good}").into()]),
            ("two credentials", vec![format!("{good}, {good}").into()]),
            ("parameter behind", vec![format!("{good}, realm=x").into()]),
            ("in quotes", vec![format!("Basic \"{inner}\"").into()]),
            ("no padding", vec![good.trim_end_matches('=').into()]),
            ("more padding", vec![format!("{good}=").into()]),
            ("loose bits", vec![b"Basic dHY6c3==".to_vec()]),
            ("another alphabet", vec![b"Basic dHY6_-__".to_vec()]),
            ("no base64", vec![b"Basic tv:s".to_vec()]),
            ("no colon", vec![encoded("tv").into()]),
            ("no name", vec![encoded(":s").into()]),
            ("broken escape in the name", vec![encoded("t%v:s").into()]),
            (
                "broken escape in the secret",
                vec![encoded("tv:%zz").into()],
            ),
            ("not UTF-8", vec![encoded("tv:%FF").into()]),
            ("another scheme", vec![format!("Bearer {inner}").into()]),
            ("a longer scheme", vec![format!("Basics {inner}").into()]),
            ("empty", vec![Vec::new()]),
            ("bytes", vec![b"Basic \xff\xfe".to_vec()]),
        ];
        for (name, values) in cases {
            let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            assert_eq!(of(&values), Basic::Malformed, "{name}");
        }
        assert_eq!(of(&[]), Basic::Absent);
    }
}
