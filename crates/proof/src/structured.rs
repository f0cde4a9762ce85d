//! Dictionaries of header fields in which no key and no parameter appears twice, with each member's text as it was received.
//!
//! RFC 9651 §4.2.2 lets the last of two equal keys win. Two readers that disagree about it see two different signatures under one
//! label, so here a repetition is refused.
//!
//! Spec: RFC 9651 §3.2, §4.1.2, §4.2.2

use sfv::{Dictionary, FieldType, ListEntry, Parser};

/// A member of a dictionary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: String,
    pub(crate) value: ListEntry,
    /// What stood after the `=`, byte for byte; empty for a member that is only a key.
    pub(crate) text: &'a str,
}

/// Reads a dictionary; `None` if it is none or repeats a key or a parameter.
pub(crate) fn parse_dictionary(text: &str) -> Option<Vec<Member<'_>>> {
    let mut members: Vec<Member<'_>> = Vec::new();
    if text.trim_matches(' ').is_empty() {
        return Some(members);
    }
    for (part, semicolons) in split_members(text) {
        let part = part.trim_matches([' ', '\t']);
        let read: Dictionary = Parser::new(part).parse().ok()?;
        let mut read = read.into_iter();
        let (Some((key, value)), None) = (read.next(), read.next()) else {
            return None;
        };
        let key = String::from(key);
        // Outside strings a semicolon stands before each parameter and nowhere else.
        if parameters(&value) != semicolons || members.iter().any(|other| other.key == key) {
            return None;
        }
        let text = part.strip_prefix(key.as_str())?;
        let text = text.strip_prefix('=').unwrap_or_default();
        members.push(Member { key, value, text });
    }
    Some(members)
}

/// Prints the value of a member strictly, without its key.
pub(crate) fn print_value(value: &ListEntry) -> Option<String> {
    vec![value.clone()].serialize()
}

/// Splits at the commas outside strings, and counts the semicolons outside strings in each part.
fn split_members(text: &str) -> Vec<(&str, usize)> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (length, semicolons) = measure(rest);
        let (part, tail) = rest.split_at(length);
        parts.push((part, semicolons));
        match tail.strip_prefix(',') {
            Some(tail) => rest = tail,
            None => return parts,
        }
    }
}

/// Returns where the first member of `text` ends, and how many semicolons outside strings it holds.
fn measure(text: &str) -> (usize, usize) {
    let mut semicolons = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' if !in_string => return (at, semicolons),
            b';' if !in_string => semicolons += 1,
            _ => {}
        }
    }
    (text.len(), semicolons)
}

fn parameters(value: &ListEntry) -> usize {
    match value {
        ListEntry::Item(item) => item.params.len(),
        ListEntry::InnerList(list) => {
            let of_items: usize = list.items.iter().map(|item| item.params.len()).sum();
            of_items + list.params.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys and texts.
    type Members<'a> = &'a [(&'a str, &'a str)];

    fn texts(text: &str) -> Option<Vec<(String, String)>> {
        let members = parse_dictionary(text)?.into_iter();
        Some(
            members
                .map(|member| (member.key, member.text.to_owned()))
                .collect(),
        )
    }

    #[test]
    fn rfc9651_3_2_members_keep_their_text() {
        let cases: [(&str, &str, Members<'_>); 5] = [
            ("empty", "  ", &[]),
            (
                "spaced list",
                r#"a=("x"  "y");b"#,
                &[("a", r#"("x"  "y");b"#)],
            ),
            ("flag", "a;x=1,\tb", &[("a", ""), ("b", "")]),
            (
                "comma in a string",
                r#"a="1,\",2", b=(";,");c=",""#,
                &[("a", r#""1,\",2""#), ("b", r#"(";,");c=",""#)],
            ),
            ("bytes", "a=:YQ==:, b=?0", &[("a", ":YQ==:"), ("b", "?0")]),
        ];
        for (name, text, want) in cases {
            let want = want
                .iter()
                .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
                .collect();
            assert_eq!(texts(text), Some(want), "{name}");
        }
    }

    #[test]
    fn repetitions_and_broken_dictionaries_are_refused() {
        let cases = [
            "a=1, a=1",
            "a=1;x;x",
            r#"a=("b";key="c";key="d")"#,
            "a=();created=1;created=2",
            "a=1,",
            ",a=1",
            "a=1,,b=2",
            "A=1",
            "a=",
            "a b",
            r#"a="x"#,
            r#"a=("x") ;b"#,
            "a=1\u{0}",
            "a=ä",
        ];
        for text in cases {
            assert_eq!(texts(text), None, "{text}");
        }
    }

    #[test]
    fn rfc9651_4_1_2_values_are_printed_strictly() {
        let cases = [
            ("a=1", "1"),
            ("a", "?1"),
            ("a=2;x=1;y=2", "2;x=1;y=2"),
            ("a=(a   b    c)", "(a b c)"),
            ("a=( \"x\";k=?1 );t=\"v\"", "(\"x\";k);t=\"v\""),
        ];
        for (text, want) in cases {
            let members = parse_dictionary(text).unwrap();
            assert_eq!(print_value(&members[0].value).as_deref(), Some(want));
        }
    }
}
