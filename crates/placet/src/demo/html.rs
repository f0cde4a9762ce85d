//! Reads as much of our own pages as it takes to fill in their forms: elements with their attributes.
//!
//! The pages quote every attribute and escape every value, so no more of HTML is needed than that.

/// An element of a page, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name, in lower case.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute; empty for one without a value.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it has this id.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.attribute("id") == Some(id)
    }
}

/// A form and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it goes.
    pub(super) action: String,
    /// Its inputs and buttons.
    pub(super) controls: Vec<Element>,
}

impl Form {
    /// Whether an element of this id stands in it.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.controls.iter().any(|control| control.has_id(id))
    }

    /// What is sent when the button `pressed` is pressed and each pair of `filled` (name, value) was filled in.
    pub(super) fn submit(&self, pressed: &str, filled: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for control in &self.controls {
            let Some(name) = control.attribute("name") else {
                continue;
            };
            let typed = filled.iter().find(|(known, _)| *known == name);
            let kind = control.attribute("type").unwrap_or("text");
            let counts = match (control.name.as_str(), kind) {
                ("button", _) | (_, "submit") => control.has_id(pressed),
                (_, "checkbox" | "radio") => {
                    typed.is_some() || control.attribute("checked").is_some()
                }
                _ => true,
            };
            if counts {
                let value = match typed {
                    Some((_, value)) if kind != "checkbox" => value,
                    Some(_) | None => control.attribute("value").unwrap_or_default(),
                };
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        fields
    }
}

/// Every element of a page, in order; end tags begin with a slash. What stands in a `<template>` is not on the page.
pub(super) fn elements(page: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut rest = page;
    let mut in_template = false;
    while let Some((_, after)) = rest.split_once('<') {
        let (element, next) = element(after);
        rest = next;
        match element {
            Some(element) if element.name == "template" => in_template = true,
            Some(element) if element.name == "/template" => in_template = false,
            element => found.extend(element.filter(|_| !in_template)),
        }
    }
    found
}

/// Every form of a page.
pub(super) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    for element in elements(page) {
        match element.name.as_str() {
            "form" => {
                open = true;
                forms.push(Form {
                    action: element.attribute("action").unwrap_or_default().to_owned(),
                    controls: Vec::new(),
                });
            }
            "/form" => open = false,
            "input" | "button" if open => {
                if let Some(form) = forms.last_mut() {
                    form.controls.push(element);
                }
            }
            _ => {}
        }
    }
    forms
}

/// Reads one element, and gives what follows it.
fn element(text: &str) -> (Option<Element>, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '/';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() {
        return (None, text);
    }
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=' || c == '>')
            .unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        if attribute.is_empty() {
            break;
        }
        rest = after;
        let mut value = String::new();
        if let Some((quoted, after)) = after
            .strip_prefix("=\"")
            .and_then(|quoted| quoted.split_once('"'))
        {
            value = unescape(quoted);
            rest = after;
        }
        attributes.push((attribute.to_owned(), value));
    }
    let element = Element {
        name: name.to_ascii_lowercase(),
        attributes,
    };
    (Some(element), rest)
}

fn unescape(text: &str) -> String {
    let mut plain = text.to_owned();
    for (escape, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2f;", "/"),
        // Last, so that what it uncovers is not read again.
        ("&amp;", "&"),
    ] {
        plain = plain.replace(escape, character);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_filled_in_as_a_browser_does() {
        let page = r#"<!doctype html><p class=lead>a < b</p>
            <form method="post" action="&#x2f;decision?a=1&amp;b=2" data-once>
            <input type="hidden" name="csrf" value="a&quot;b">
            <input type="checkbox" name="scope" value="read" checked>
            <input type="checkbox" name="scope" value="write">
            <input type="checkbox" id="confirm" name="confirm_device" value="yes" required>
            <button id="approve" name="decision" value="approve">Yes</button>
            <button id="deny" name="decision" value="deny">No</button></form>
            <template><form><input name="t"></form></template>
            <form action="/other"><input name="x" value="y"/></form>"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 2);
        let form = &forms[0];
        assert_eq!(form.action, "/decision?a=1&b=2");
        assert!(form.holds("approve") && !form.holds("submit-login"));
        let sent = form.submit("approve", &[("confirm_device", "yes")]);
        let sent: Vec<_> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let want = [
            ("csrf", "a\"b"),
            ("scope", "read"),
            ("confirm_device", "yes"),
            ("decision", "approve"),
        ];
        assert_eq!(sent, want);
        let denied = form.submit("deny", &[]);
        assert!(!denied.iter().any(|(name, _)| name == "confirm_device"));
        assert_eq!(forms[1].submit("", &[("x", "z")])[0].1, "z");
    }
}
