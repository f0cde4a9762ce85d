//! `docs/configuration.md`, written from the catalogue.

use std::fmt::Write as _;

use super::catalogue::{self, FILE_VARIABLE, Fallback, Kind, Section, Setting, Unit};

/// The whole document.
pub fn markdown() -> String {
    let mut text = format!(
        "# Configuration\n\n\
         This page is generated from the settings' own table; `cargo xtask docs` writes it.\n\n\
         `placet serve` reads one TOML file, named by `--config` or `{FILE_VARIABLE}`. A variable wins over the file, and a \
         flag over both. A variable is `PLACET_` and the key in capitals, with two underscores for each level: \
         `limits.pending_total` is `PLACET_LIMITS__PENDING_TOTAL`. Lists in variables are separated by commas. Scopes, \
         resources, people and clients can only be declared in the file.\n\n\
         A key or a `PLACET_` variable that is not on this page is an error. `placet config check` tells all problems at \
         once, `placet config example` prints a file to begin with. Relative paths in the file start at the file's \
         directory, in variables and flags where the server runs.\n\n\
         What `[[scopes]]`, `[[resources]]`, `[[people]]` and `[[clients]]` declare is applied when the declaration \
         changes, and never removed by leaving it out.\n",
    );
    for section in catalogue::sections() {
        write_section(&mut text, section);
    }
    text
}

fn write_section(text: &mut String, section: &Section) {
    let heading = match (section.name, section.list) {
        ("", _) => "Top of the file".to_owned(),
        (name, true) => format!("`[[{name}]]`"),
        (name, false) => format!("`[{name}]`"),
    };
    let _ = write!(text, "\n## {heading}\n\n");
    if !section.about.is_empty() {
        let _ = write!(text, "{}\n\n", section.about);
    }
    let variables = section
        .settings
        .iter()
        .any(|setting| setting.variable().is_some());
    text.push_str(if variables {
        "| Key | Type | Default | Meaning | Variable |\n|---|---|---|---|---|\n"
    } else {
        "| Key | Type | Default | Meaning |\n|---|---|---|---|\n"
    });
    for setting in section.settings {
        let _ = write!(
            text,
            "| `{}` | {} | {} | {} |",
            setting.name(),
            kind(setting.kind),
            default(setting),
            setting.meaning.replace('|', "\\|"),
        );
        if let Some(variable) = setting.variable() {
            let _ = write!(text, " `{variable}` |");
        }
        text.push('\n');
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Url => "URL".to_owned(),
        Kind::Address => "address:port".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Number { unit, min, max } => format!("{}, {min} to {max}", unit_name(unit)),
        Kind::Choice(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Kind::TextList => "list of texts".to_owned(),
        Kind::Colour => "colour".to_owned(),
        Kind::LanguageText => "text, or table by language".to_owned(),
        Kind::Structure => "table".to_owned(),
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "number",
        Unit::Seconds => "seconds",
        Unit::Bytes => "bytes",
    }
}

fn default(setting: &Setting) -> String {
    match setting.fallback {
        Fallback::Required => "**required**".to_owned(),
        Fallback::Absent(words) => words.to_owned(),
        Fallback::Text(_) | Fallback::Number(_) | Fallback::Flag(_) => {
            format!("`{}`", setting.default_text().unwrap_or_default())
        }
    }
}
