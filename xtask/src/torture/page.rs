//! Reads the parts of an HTML page that a person would use: forms, fields, buttons, and elements by id.

use std::collections::BTreeMap;

/// A start tag with its attributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tag {
    pub(crate) name: String,
    attributes: BTreeMap<String, String>,
    /// The number of the form it stands in.
    form: Option<usize>,
}

impl Tag {
    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
}

/// The tags of a page, in order.
#[derive(Debug, Default)]
pub(crate) struct Page {
    tags: Vec<Tag>,
}

/// What is sent when a button is pressed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Submission {
    pub(crate) action: Option<String>,
    pub(crate) post: bool,
    pub(crate) fields: Vec<(String, String)>,
}

impl Page {
    pub(crate) fn parse(html: &str) -> Self {
        let mut page = Self::default();
        let (mut forms, mut open, mut inert) = (0, None, false);
        for piece in html.split('<').skip(1) {
            let ends = |name: &str| piece.to_ascii_lowercase().starts_with(name);
            // What stands in a template is not shown.
            if ends("/template") {
                inert = false;
            }
            if ends("/form") {
                open = None;
                continue;
            }
            let Some(mut tag) = tag(piece).filter(|_| !inert) else {
                continue;
            };
            inert = tag.name == "template";
            if tag.name == "form" {
                open = Some(forms);
                forms += 1;
            }
            tag.form = open;
            page.tags.push(tag);
        }
        page
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.get("id") == Some(id))
    }

    /// Of the first form with a field of this name: where it goes, and what the field says.
    pub(crate) fn named(&self, field: &str) -> Option<(&str, &str)> {
        let mut tags = self.tags.iter();
        let field = tags.find(|tag| tag.form.is_some() && tag.get("name") == Some(field))?;
        let mut tags = self.tags.iter();
        let form = tags.find(|tag| tag.name == "form" && tag.form == field.form)?;
        Some((form.get("action")?, field.get("value")?))
    }

    /// Presses the button with this id, after filling in fields by their ids.
    pub(crate) fn press(&self, button: &str, filled: &[(&str, &str)]) -> Option<Submission> {
        let button = self.by_id(button)?;
        let number = button.form?;
        let form = self
            .tags
            .iter()
            .find(|tag| tag.name == "form" && tag.form == Some(number))?;
        let mut fields = Vec::new();
        for tag in self.tags.iter().filter(|tag| {
            tag.form == Some(number) && matches!(tag.name.as_str(), "input" | "textarea")
        }) {
            let Some(name) = tag.get("name") else {
                continue;
            };
            let given = tag
                .get("id")
                .and_then(|id| filled.iter().find(|(field, _)| *field == id))
                .map(|(_, value)| *value);
            let choice = matches!(tag.get("type"), Some("checkbox" | "radio"));
            let button = matches!(
                tag.get("type"),
                Some("submit" | "button" | "image" | "reset")
            );
            if button || (choice && given.is_none() && tag.get("checked").is_none()) {
                continue;
            }
            // A ticked box sends its own value, or `on`.
            let value = if choice {
                tag.get("value").unwrap_or("on")
            } else {
                given.or(tag.get("value")).unwrap_or_default()
            };
            fields.push((name.to_owned(), value.to_owned()));
        }
        if let Some(name) = button.get("name") {
            fields.push((
                name.to_owned(),
                button.get("value").unwrap_or_default().to_owned(),
            ));
        }
        let action = button
            .get("formaction")
            .or(form.get("action"))
            .filter(|action| !action.is_empty());
        let post = form
            .get("method")
            .is_some_and(|method| method.eq_ignore_ascii_case("post"));
        Some(Submission {
            action: action.map(str::to_owned),
            post,
            fields,
        })
    }
}

/// Reads `name attr="value" …>`; closing tags and comments are none.
fn tag(piece: &str) -> Option<Tag> {
    let mut rest = piece;
    let name = take(&mut rest, |letter| letter.is_ascii_alphanumeric());
    if name.is_empty() {
        return None;
    }
    let mut tag = Tag {
        name: name.to_ascii_lowercase(),
        ..Tag::default()
    };
    loop {
        take(&mut rest, |letter| letter.is_whitespace() || letter == '/');
        let name = take(&mut rest, |letter| {
            !letter.is_whitespace() && !matches!(letter, '=' | '>' | '/')
        });
        if name.is_empty() {
            return Some(tag);
        }
        take(&mut rest, char::is_whitespace);
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            rest = after.trim_start();
            let quote = rest
                .chars()
                .next()
                .filter(|letter| matches!(letter, '"' | '\''));
            if let Some(quote) = quote {
                let (inside, after) = rest.strip_prefix(quote)?.split_once(quote)?;
                (value, rest) = (inside, after);
            } else {
                value = take(&mut rest, |letter| !letter.is_whitespace() && letter != '>');
            }
        }
        tag.attributes
            .insert(name.to_ascii_lowercase(), unescape(value));
    }
}

/// Takes letters from the front as long as they fit.
fn take<'a>(rest: &mut &'a str, fits: impl Fn(char) -> bool) -> &'a str {
    let (taken, after) = rest.split_at(rest.find(|letter| !fits(letter)).unwrap_or(rest.len()));
    *rest = after;
    taken
}

/// Replaces the character references that occur in attributes.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let found = after
            .split_once(';')
            .and_then(|(name, after)| Some((reference(name)?, after)));
        if let Some((letter, after)) = found {
            out.push(letter);
            rest = after;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let hexadecimal = digits
                .strip_prefix(['x', 'X'])
                .map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| digits.parse()).ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = r#"<!doctype html><p id=outcome data-outcome='answered'>x</p>
        <template><p id="submit-code" data-outcome="approved">not shown</p></template>
        <form method="get" action="/other"><input name="q" value="1"></form>
        <form method="post" action="/answer?a=1&amp;b=2">
          <input type="hidden" name="csrf" value="a&#x2F;b&quot;">
          <input type=text id="login" name="name" value="old">
          <input type="checkbox" id="confirm-device" name="mine" value="yes">
          <input type="checkbox" name="scope" value="read" checked>
          <button id="approve" name="answer" value="approve" type="submit">Yes</button>
          <button id="deny" name="answer" value="deny" formaction="/deny">No</button>
        </form>"#;

    #[test]
    fn a_button_sends_the_fields_of_its_own_form() {
        let page = Page::parse(HTML);
        let pressed = page
            .press("approve", &[("login", "ada"), ("confirm-device", "on")])
            .unwrap();
        let pairs = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect::<Vec<_>>()
        };
        let fields = pairs(&[
            ("csrf", "a/b\""),
            ("name", "ada"),
            ("mine", "yes"),
            ("scope", "read"),
            ("answer", "approve"),
        ]);
        assert_eq!(
            pressed,
            Submission {
                action: Some("/answer?a=1&b=2".to_owned()),
                post: true,
                fields
            }
        );
        let denied = page.press("deny", &[]).unwrap();
        assert_eq!(denied.action.as_deref(), Some("/deny"));
        assert!(!denied.fields.iter().any(|(name, _)| name == "mine"));
    }

    #[test]
    fn elements_are_found_by_id() {
        let page = Page::parse(HTML);
        assert_eq!(
            page.by_id("outcome")
                .and_then(|tag| tag.get("data-outcome")),
            Some("answered")
        );
        assert!(page.by_id("password").is_none());
        assert!(page.by_id("submit-code").is_none());
        assert!(page.press("outcome", &[]).is_none());
    }

    #[test]
    fn a_form_is_found_by_a_field_of_it() {
        let page = Page::parse(HTML);
        assert_eq!(page.named("q"), Some(("/other", "1")));
        assert_eq!(page.named("csrf"), Some(("/answer?a=1&b=2", "a/b\"")));
        assert_eq!(page.named("none"), None);
    }

    #[test]
    fn odd_text_does_not_stop_the_reader() {
        for html in [
            "",
            "<",
            "<a",
            "<a href",
            "<a href=",
            "<a href=\"",
            "< b>",
            "<!-- <form> -->",
            "<a x=&bad;&#xZZ;>",
        ] {
            Page::parse(html);
        }
        assert_eq!(unescape("a &b &#65;&amp;&nope;"), "a &b A&&nope;");
    }
}
