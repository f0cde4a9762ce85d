//! Forms and queries, read strictly: what two readers could take differently is refused.
//!
//! Spec: RFC 6749 §3.1–3.2 and Appendix B, RFC 8707 §2

use http::header;

use crate::context::Call;

/// The most parameters one form or query may have.
pub const MAX_PARAMS: usize = 100;
/// The parameters that may come more than once (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];
/// The longest part of a parameter's name that an error repeats.
const NAME_CHARS: usize = 64;

/// Why a form or query was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A parameter came more than once (RFC 6749 §3.1); its name, cut to 64 characters.
    #[error("the parameter {0:?} is repeated")]
    Repeated(String),
    /// A percent escape is broken, the text is not UTF-8, or the body is not a form.
    #[error("the parameters are malformed")]
    Malformed,
    /// There are more than [`MAX_PARAMS`].
    #[error("too many parameters")]
    TooMany,
}

/// The parameters of one request, in their order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads a body of type `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// Any [`ParamError`].
    pub fn parse(body: &[u8]) -> Result<Self, ParamError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in body.split(|byte| *byte == b'&') {
            if piece.is_empty() {
                continue;
            }
            if pairs.len() == MAX_PARAMS {
                return Err(ParamError::TooMany);
            }
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default()).ok_or(ParamError::Malformed)?;
            let value = decode(halves.next().unwrap_or_default()).ok_or(ParamError::Malformed)?;
            // RFC 6749 §3.1: parameters must not be included more than once, empty ones neither.
            if !REPEATABLE.contains(&name.as_str()) && pairs.iter().any(|(seen, _)| *seen == name) {
                return Err(ParamError::Repeated(
                    name.chars().take(NAME_CHARS).collect(),
                ));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// Reads a query, without its question mark.
    ///
    /// # Errors
    /// Any [`ParamError`].
    pub fn of_query(query: &str) -> Result<Self, ParamError> {
        Self::parse(query.as_bytes())
    }

    /// Reads the form a call carries, and nothing of its query.
    ///
    /// # Errors
    /// Any [`ParamError`]; [`ParamError::Malformed`] also when a body is not declared as a form in UTF-8.
    pub fn of_call(call: &Call) -> Result<Self, ParamError> {
        if call.body.is_empty() && !call.headers.contains_key(header::CONTENT_TYPE) {
            return Ok(Self::default());
        }
        match call.header(header::CONTENT_TYPE.as_str()) {
            Some(content_type) if is_form(content_type) => Self::parse(&call.body),
            Some(_) | None => Err(ParamError::Malformed),
        }
    }

    /// The value of a parameter. An empty one counts as absent (RFC 6749 §3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of a parameter that may be repeated, without empty ones.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.pairs
            .iter()
            .filter(move |(found, value)| found == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The names present with a value, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| name.as_str())
    }
}

impl std::fmt::Debug for Form {
    /// Prints names alone: values are codes, secrets and tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Decodes one form-urlencoded value: `+` is a space, every `%` begins a whole escape, the result is UTF-8.
pub(crate) fn decode(encoded: &[u8]) -> Option<String> {
    if !encoded.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return str::from_utf8(encoded).ok().map(str::to_owned);
    }
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Whether a `Content-Type` says form, with no character set but UTF-8.
fn is_form(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && parts.filter(|part| !part.is_empty()).all(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                !name.trim().eq_ignore_ascii_case("charset")
                    || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_3_1_repeated_empty_and_broken_parameters() {
        let repeated = |name: &str| Err(ParamError::Repeated(name.to_owned()));
        let cases = [
            ("plain", "a=1&b=2", Ok(Some("1"))),
            ("encoded", "a=%C3%A9+%2B%26", Ok(Some("é +&"))),
            ("encoded name", "%61=1", Ok(Some("1"))),
            ("raw equals sign", "a=b=c", Ok(Some("b=c"))),
            ("empty counts as absent", "a=", Ok(None)),
            ("no equals sign", "a", Ok(None)),
            ("stray ampersands", "&&a=1&", Ok(Some("1"))),
            ("twice", "a=1&a=1", repeated("a").map(|()| None)),
            ("twice, one empty", "a=1&a=", repeated("a").map(|()| None)),
            (
                "twice in disguise",
                "a=1&%61=1",
                repeated("a").map(|()| None),
            ),
            ("cut escape", "a=%4", Err(ParamError::Malformed)),
            ("no escape", "a=100%", Err(ParamError::Malformed)),
            ("not UTF-8", "a=%FF", Err(ParamError::Malformed)),
        ];
        for (name, text, want) in cases {
            let form = Form::of_query(text);
            let got = form
                .as_ref()
                .map(|form| form.get("a"))
                .map_err(Clone::clone);
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn a_signed_digit_is_no_escape() {
        for text in ["a=%+1", "a=%-1", "a=% 1", "a=%0x"] {
            assert_eq!(Form::of_query(text), Err(ParamError::Malformed), "{text}");
        }
    }

    #[test]
    fn rfc8707_2_resource_may_be_repeated() {
        let form = Form::of_query("resource=a&x=1&resource=&resource=b&audience=c&audience=d");
        let form = form.expect("only what may be repeated is");
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(form.all("audience").count(), 2);
        assert_eq!(form.names().count(), 5);
    }

    #[test]
    fn e13_a_hundred_parameters_and_no_more() {
        let many = |count: usize| {
            (0..count)
                .map(|n| format!("p{n}=1"))
                .collect::<Vec<_>>()
                .join("&")
        };
        assert!(Form::of_query(&many(MAX_PARAMS)).is_ok());
        assert_eq!(
            Form::of_query(&many(MAX_PARAMS + 1)),
            Err(ParamError::TooMany)
        );
    }

    #[test]
    fn only_a_form_in_utf_8_is_a_form() {
        for (content_type, want) in [
            ("application/x-www-form-urlencoded", true),
            (
                "Application/X-WWW-Form-Urlencoded ; Charset=\"UTF-8\"",
                true,
            ),
            ("application/x-www-form-urlencoded;", true),
            ("application/x-www-form-urlencoded; charset=latin1", false),
            ("application/x-www-form-urlencoded; charset", false),
            ("application/json", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            assert_eq!(is_form(content_type), want, "{content_type}");
        }
    }

    #[test]
    fn values_are_not_printed() {
        let form = Form::of_query("client_secret=hunter2").expect("it is a form");
        assert_eq!(format!("{form:?}"), r#"["client_secret"]"#);
    }
}
