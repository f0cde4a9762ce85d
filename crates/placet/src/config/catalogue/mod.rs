//! Every setting once: key, type, default, unit, bounds and meaning.
//!
//! The known-keys check, the defaults, the names of the variables, the example and `docs/configuration.md` all come
//! from this table, so a setting that is not here cannot be read and one that is here cannot be left undescribed.

mod declarations;
mod gnap;
mod lifetimes;
mod limits;
mod server;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things without a unit of their own.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line of text.
    Text,
    /// A URL of the form the setting's meaning says.
    Url,
    /// An address and port, such as `127.0.0.1:8080`.
    Address,
    /// A file or directory; relative paths in the file start at the file's directory, all others where the server runs.
    Path,
    /// A secret in the clear; prefer the variant that names a file.
    Secret,
    /// True or false.
    Flag,
    /// A whole number.
    Number {
        /// What it counts.
        unit: Unit,
        /// The smallest value accepted.
        min: u64,
        /// The largest value accepted.
        max: u64,
    },
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A list of texts; in a variable, separated by commas.
    TextList,
    /// A colour, `#rrggbb`.
    Colour,
    /// A text, or a table of texts by language tag.
    LanguageText,
    /// A table or list in the form its specification gives.
    Structure,
}

/// What holds when a setting is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The server refuses to start without it.
    Required,
    /// Nothing; the words say what that means.
    Absent(&'static str),
    /// This text.
    Text(&'static str),
    /// This number.
    Number(u64),
    /// This flag.
    Flag(bool),
}

/// How the example shows a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Written out.
    Live,
    /// Behind a comment sign.
    Commented,
    /// Behind a comment sign, and not together with its neighbours.
    Alternative,
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The dotted key; settings of a list's entries carry the list's name, as in `clients.client_id`.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What holds when it is not written.
    pub fallback: Fallback,
    /// What it does, and why its default is what it is.
    pub meaning: &'static str,
    /// A value as TOML, for the example.
    pub example: &'static str,
    /// How the example shows it.
    pub show: Show,
}

impl Setting {
    const fn new(
        key: &'static str,
        kind: Kind,
        fallback: Fallback,
        meaning: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            key,
            kind,
            fallback,
            meaning,
            example,
            show: Show::Commented,
        }
    }

    const fn number(
        key: &'static str,
        unit: Unit,
        default: u64,
        bounds: (u64, u64),
        meaning: &'static str,
    ) -> Self {
        let kind = Kind::Number {
            unit,
            min: bounds.0,
            max: bounds.1,
        };
        Self::new(key, kind, Fallback::Number(default), meaning, "")
    }

    const fn seconds(
        key: &'static str,
        default: u64,
        bounds: (u64, u64),
        meaning: &'static str,
    ) -> Self {
        Self::number(key, Unit::Seconds, default, bounds, meaning)
    }

    const fn shown(mut self, show: Show) -> Self {
        self.show = show;
        self
    }

    /// The section the setting stands in; empty for the top of the file.
    pub fn section(&self) -> &'static str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The last part of the key.
    pub fn name(&self) -> &'static str {
        self.key.rsplit_once('.').map_or(self.key, |(_, name)| name)
    }

    /// The variable that sets it; absent for the entries of lists, which only the file can hold.
    pub fn variable(&self) -> Option<String> {
        if list_of(self.key).is_some() {
            return None;
        }
        Some(format!(
            "{VARIABLE_PREFIX}{}",
            self.key.replace('.', "__").to_ascii_uppercase()
        ))
    }

    /// The default as TOML text; absent when there is none.
    pub fn default_text(&self) -> Option<String> {
        match self.fallback {
            Fallback::Required | Fallback::Absent(_) => None,
            Fallback::Text(text) => Some(format!("{text:?}")),
            Fallback::Number(number) => Some(number.to_string()),
            Fallback::Flag(flag) => Some(flag.to_string()),
        }
    }
}

/// A table of the file, with the words that introduce it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The dotted name; empty for the top of the file.
    pub name: &'static str,
    /// Whether it is written `[[name]]` and may repeat.
    pub list: bool,
    /// What it is for.
    pub about: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

/// Every variable that sets something begins with this.
pub const VARIABLE_PREFIX: &str = "PLACET_";

/// The variable that names the settings file itself.
pub const FILE_VARIABLE: &str = "PLACET_CONFIG";

/// Every section in the order of the file.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    server::SECTIONS
        .iter()
        .chain(lifetimes::SECTIONS)
        .chain(limits::SECTIONS)
        .chain(gnap::SECTIONS)
        .chain(declarations::SECTIONS)
}

/// Every setting in the order of the file.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    sections().flat_map(|section| section.settings)
}

/// The setting with this dotted key.
pub fn setting(key: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.key == key)
}

/// The section with this name.
pub fn section(name: &str) -> Option<&'static Section> {
    sections().find(|section| section.name == name)
}

/// The list that a key belongs to, if it belongs to one.
pub fn list_of(key: &str) -> Option<&'static Section> {
    let holds = |section: &&Section| {
        key.strip_prefix(section.name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    sections().filter(|section| section.list).find(holds)
}

/// The word of `known` that is most like `word`, when one is like enough to be meant.
pub(crate) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Jaro-Winkler similarity from which a guess helps more than it misleads.
    const LIKE_ENOUGH: f64 = 0.82;
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKE_ENOUGH)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}
