//! Values of header fields in the one form that is signed.
//!
//! Spec: RFC 9421 §2.1, §2.1.1–2.1.3, RFC 9112 §5.2

use data_encoding::BASE64;
use sfv::{BareItem, Dictionary, FieldType, Item, List, Parser};

use crate::error::ProofError;
use crate::httpsig::component::Component;
use crate::httpsig::request::RequestParts;
use crate::structured::{parse_dictionary, print_value};

/// What a field is by its specification. `sf` and `key` work with fields of known type only (RFC 9421 §2.1.1–2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Dictionary,
    List,
    Item,
}

/// The structured fields that are known here.
const SHAPES: [(&str, Shape); 13] = [
    ("accept-signature", Shape::Dictionary),
    ("content-digest", Shape::Dictionary),
    ("priority", Shape::Dictionary),
    ("repr-digest", Shape::Dictionary),
    ("signature", Shape::Dictionary),
    ("signature-input", Shape::Dictionary),
    ("signature-key", Shape::Dictionary),
    ("want-content-digest", Shape::Dictionary),
    ("want-repr-digest", Shape::Dictionary),
    ("client-cert-chain", Shape::List),
    ("cache-status", Shape::List),
    ("proxy-status", Shape::List),
    ("client-cert", Shape::Item),
];

/// How the parameters of a component ask for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading<'a> {
    Plain,
    Strict,
    Member(&'a str),
    Wrapped,
}

/// Returns the value of a field as it is signed.
pub(crate) fn field_value(
    component: &Component,
    request: &RequestParts<'_>,
) -> Result<String, ProofError> {
    let lines = request
        .values(component.name())
        .map(unfold)
        .collect::<Result<Vec<_>, _>>()?;
    if lines.is_empty() {
        return Err(ProofError::BadComponent);
    }
    let shape = SHAPES
        .into_iter()
        .find(|(name, _)| *name == component.name())
        .map(|(_, shape)| shape);
    canonical(&lines, reading(component)?, shape)
}

/// RFC 9421 §2.1.3: `bs` goes with neither `sf` nor `key`; `key` includes what `sf` does. `req` and `tr` have no place in a
/// request without trailers (§2.4), and an unknown parameter is an error (§2.5).
fn reading(component: &Component) -> Result<Reading<'_>, ProofError> {
    let (mut strict, mut wrapped, mut key) = (false, false, None);
    for (name, value) in component.params() {
        match (name, value) {
            ("sf", BareItem::Boolean(true)) => strict = true,
            ("bs", BareItem::Boolean(true)) => wrapped = true,
            ("key", BareItem::String(member)) => key = Some(member.as_str()),
            _ => return Err(ProofError::BadComponent),
        }
    }
    match (wrapped, key, strict) {
        (false, Some(key), _) => Ok(Reading::Member(key)),
        (false, None, true) => Ok(Reading::Strict),
        (false, None, false) => Ok(Reading::Plain),
        (true, None, false) => Ok(Reading::Wrapped),
        (true, Some(_), _) | (true, None, true) => Err(ProofError::BadComponent),
    }
}

fn canonical(
    lines: &[String],
    reading: Reading<'_>,
    shape: Option<Shape>,
) -> Result<String, ProofError> {
    let joined = || lines.join(", ");
    let printed = match (reading, shape) {
        (Reading::Plain, _) => Some(joined()),
        (Reading::Wrapped, _) => {
            let wrap = |line: &String| format!(":{}:", BASE64.encode(line.as_bytes()));
            Some(lines.iter().map(wrap).collect::<Vec<_>>().join(", "))
        }
        (Reading::Member(key), Some(Shape::Dictionary)) => {
            let joined = joined();
            let members = parse_dictionary(&joined).ok_or(ProofError::BadComponent)?;
            let member = members.iter().find(|member| member.key == key);
            member.and_then(|member| print_value(&member.value))
        }
        (Reading::Strict, Some(Shape::Dictionary)) => {
            let joined = joined();
            parse_dictionary(&joined).ok_or(ProofError::BadComponent)?;
            let dictionary = Parser::new(&joined).parse::<Dictionary>().ok();
            dictionary.and_then(|dictionary| dictionary.serialize())
        }
        (Reading::Strict, Some(Shape::List)) => Parser::new(&joined())
            .parse::<List>()
            .ok()
            .and_then(|list| list.serialize()),
        (Reading::Strict, Some(Shape::Item)) => Parser::new(&joined())
            .parse::<Item>()
            .ok()
            .map(|item| item.serialize()),
        (Reading::Strict, None) | (Reading::Member(_), Some(Shape::List | Shape::Item) | None) => {
            None
        }
    };
    printed.ok_or(ProofError::BadComponent)
}

/// Strips a line's outer whitespace and joins folded lines by one space (RFC 9112 §5.2).
fn unfold(value: &str) -> Result<String, ProofError> {
    let blank = [' ', '\t'];
    let mut lines = value
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut unfolded = lines
        .next()
        .unwrap_or_default()
        .trim_matches(blank)
        .to_owned();
    for line in lines {
        // A new line that does not begin with whitespace is no fold but an attempt to write a line of the base.
        if !line.starts_with(blank) {
            return Err(ProofError::BadComponent);
        }
        unfolded.push(' ');
        unfolded.push_str(line.trim_matches(blank));
    }
    let unfolded = unfolded.trim_matches(blank);
    if unfolded
        .chars()
        .any(|letter| letter.is_control() && letter != '\t')
    {
        return Err(ProofError::BadComponent);
    }
    Ok(unfolded.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| unfold(value).unwrap()).collect()
    }

    fn dictionary(values: &[&str], reading: Reading<'_>) -> Option<String> {
        canonical(&lines(values), reading, Some(Shape::Dictionary)).ok()
    }

    #[test]
    fn rfc9421_2_1_lines_are_trimmed_unfolded_and_joined() {
        let cases: [(&str, &[&str], &str); 6] = [
            ("plain", &["www.example.com"], "www.example.com"),
            (
                "outer whitespace",
                &["  Leading and trailing whitespace. \t"],
                "Leading and trailing whitespace.",
            ),
            (
                "obs-fold",
                &["Obsolete\r\n    line folding."],
                "Obsolete line folding.",
            ),
            (
                "several lines",
                &["max-age=60", "   must-revalidate"],
                "max-age=60, must-revalidate",
            ),
            (
                "inner whitespace",
                &["a=1,    b=2;x=1;y=2,   c=(a   b   c)"],
                "a=1,    b=2;x=1;y=2,   c=(a   b   c)",
            ),
            ("empty", &[""], ""),
        ];
        for (name, values, want) in cases {
            let got = canonical(&lines(values), Reading::Plain, None);
            assert_eq!(got.as_deref(), Ok(want), "{name}");
        }
    }

    #[test]
    fn rfc9421_2_no_value_holds_a_newline() {
        for value in ["a\nb", "a\r\nb", "a\rb", "a\u{0}b", "a\r\n\"@method\": GET"] {
            assert_eq!(unfold(value), Err(ProofError::BadComponent), "{value:?}");
        }
    }

    #[test]
    fn rfc9421_2_1_1_strict_form() {
        let value = "  a=1,    b=2;x=1;y=2,   c=(a   b   c)";
        let want = "a=1, b=2;x=1;y=2, c=(a b c)";
        assert_eq!(dictionary(&[value], Reading::Strict).as_deref(), Some(want));
        assert_eq!(dictionary(&["a=1", "a=2"], Reading::Strict), None);
        let unknown = canonical(&lines(&[value]), Reading::Strict, None);
        assert_eq!(unknown, Err(ProofError::BadComponent));
        let list = canonical(&lines(&["a,  b;q=1"]), Reading::Strict, Some(Shape::List));
        assert_eq!(list.as_deref(), Ok("a, b;q=1"));
        let item = canonical(&lines(&["a;  q=1"]), Reading::Strict, Some(Shape::Item));
        assert_eq!(item.as_deref(), Ok("a;q=1"));
    }

    #[test]
    fn rfc9421_2_1_2_members_of_a_dictionary() {
        let value = "  a=1, b=2;x=1;y=2, c=(a   b    c), d";
        let cases = [
            ("a", Some("1")),
            ("d", Some("?1")),
            ("b", Some("2;x=1;y=2")),
            ("c", Some("(a b c)")),
            ("e", None),
        ];
        for (key, want) in cases {
            let got = dictionary(&[value], Reading::Member(key));
            assert_eq!(got.as_deref(), want, "{key}");
        }
        let no_dictionary = canonical(&lines(&["a=1"]), Reading::Member("a"), None);
        assert_eq!(no_dictionary, Err(ProofError::BadComponent));
    }

    #[test]
    fn rfc9421_2_1_3_wrapped_lines_stay_apart() {
        let cases: [(&[&str], &str); 2] = [
            (
                &["value, with, lots", "of, commas"],
                ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:",
            ),
            (
                &["value, with, lots, of, commas"],
                ":dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:",
            ),
        ];
        for (values, want) in cases {
            let got = canonical(&lines(values), Reading::Wrapped, None);
            assert_eq!(got.as_deref(), Ok(want));
        }
    }

    #[test]
    fn the_list_of_known_fields_has_no_double() {
        let mut names: Vec<&str> = SHAPES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SHAPES.len());
    }
}
