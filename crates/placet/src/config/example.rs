//! The commented example that `placet config example` prints, written from the catalogue.

use std::fmt::Write as _;

use super::catalogue::{self, Section, Setting, Show};

/// How far a comment reaches.
const LINE_CHARS: usize = 96;

/// A complete settings file: it starts a development server as it is, and shows every other setting behind `#`.
pub fn example() -> String {
    let mut text = String::new();
    comment(
        &mut text,
        "Settings of placet serve. `placet config check` tells what is wrong with this file.",
    );
    comment(
        &mut text,
        "As it stands it runs a server for development on loopback. What stands behind # is either the \
                        default or an example; docs/configuration.md says more.",
    );
    for section in catalogue::sections() {
        write_section(&mut text, section);
    }
    text
}

fn write_section(text: &mut String, section: &Section) {
    text.push('\n');
    if !section.about.is_empty() {
        comment(text, section.about);
    }
    let brackets = if section.list {
        ("[[", "]]")
    } else {
        ("[", "]")
    };
    if !section.name.is_empty() {
        let _ = writeln!(text, "{}{}{}", brackets.0, section.name, brackets.1);
    }
    for setting in section.settings {
        write_setting(text, setting);
    }
}

fn write_setting(text: &mut String, setting: &Setting) {
    comment(text, setting.meaning);
    let value = if setting.example.is_empty() {
        setting.default_text().unwrap_or_default()
    } else {
        setting.example.to_owned()
    };
    let sign = match setting.show {
        Show::Live => "",
        Show::Commented | Show::Alternative => "#",
    };
    let _ = writeln!(text, "{sign}{} = {value}", setting.name());
}

/// Writes a text as comment lines of at most [`LINE_CHARS`] characters.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > LINE_CHARS {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
