//! Typed reads from the tree: each looks up its setting in the catalogue, applies default and bounds, and reports.

mod files;

use std::path::Path;

use placet_core::time::Lifetime;

use crate::config::catalogue::{self, Fallback, Kind, Setting};
use crate::config::file::{Entry, Node, Table, Value};
use crate::config::problem::{Fault, Place, Report};
use crate::config::source::Files;

pub(crate) use files::unreadable;

/// A value with the place it came from, for checks that compare several settings.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Reads one table: a section, or one entry of a list.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    section: String,
    table: Table,
    surroundings: Surroundings<'a>,
}

/// What every reader needs beside its table.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) report: &'a Report,
    pub(crate) files: &'a dyn Files,
    /// Where relative paths of the file begin.
    pub(crate) directory: &'a Path,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: Table, surroundings: Surroundings<'a>) -> Self {
        Self {
            section: String::new(),
            table,
            surroundings,
        }
    }

    /// Where the table stands.
    pub(crate) fn place(&self) -> &Place {
        &self.table.place
    }

    pub(crate) fn files(&self) -> &'a dyn Files {
        self.surroundings.files
    }

    /// The table as written.
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// The dotted key of a name in this table.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.section.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.section)
        }
    }

    pub(crate) fn error(&self, place: &Place, name: &str, fault: Fault) {
        self.surroundings.report.error(place, self.key(name), fault);
    }

    pub(crate) fn warning(&self, place: &Place, name: &str, fault: Fault) {
        self.surroundings
            .report
            .warning(place, self.key(name), fault);
    }

    /// Where a key was written, or else its table.
    pub(crate) fn place_of(&self, name: &str) -> Place {
        self.table
            .get(name)
            .map_or_else(|| self.table.place.clone(), |entry| entry.place.clone())
    }

    /// Whether a key was written at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.table.get(name).is_some()
    }

    /// A table below this one; an empty one when it is not written.
    pub(crate) fn section(&self, name: &str) -> Self {
        let table = match self.table.get(name).map(|entry| (&entry.node, entry)) {
            Some((
                Node {
                    value: Value::Table(table),
                    ..
                },
                _,
            )) => table.clone(),
            Some((node, entry)) => {
                let fault = Fault::new(format!("must be a table, not {}", node.value.kind()));
                self.error(
                    &entry.place,
                    name,
                    fault.hint(format!("write [{}] on a line of its own", self.key(name))),
                );
                Table::empty(entry.place.clone())
            }
            None => Table::empty(self.table.place.clone()),
        };
        Self {
            section: self.key(name),
            table,
            surroundings: self.surroundings,
        }
    }

    /// The entries of a list of tables.
    pub(crate) fn entries(&self, name: &str) -> Vec<Self> {
        let Some(entry) = self.table.get(name) else {
            return Vec::new();
        };
        let fault = Fault::new("must be a list of tables")
            .hint(format!("write [[{}]] before each entry", self.key(name)));
        let Value::List(items) = &entry.node.value else {
            self.error(&entry.place, name, fault);
            return Vec::new();
        };
        let reader = |item: &Node| match &item.value {
            Value::Table(table) => Some(Self {
                section: self.key(name),
                table: table.clone(),
                surroundings: self.surroundings,
            }),
            Value::Text(_)
            | Value::Loose(_)
            | Value::Integer(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Other(_) => {
                self.error(&item.place, name, fault.clone());
                None
            }
        };
        items.iter().filter_map(reader).collect()
    }

    fn setting(&self, name: &str) -> Option<&'static Setting> {
        let key = self.key(name);
        let setting = catalogue::setting(&key);
        if setting.is_none() {
            self.error(
                self.place(),
                name,
                Fault::new("is read but not described; this is a mistake in the program"),
            );
        }
        setting
    }

    /// The entry of a setting; reports when it is required and absent.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        let setting = self.setting(name)?;
        let entry = self.table.get(name);
        if entry.is_none() && setting.fallback == Fallback::Required {
            let fault = Fault::new("is missing");
            self.error(
                self.place(),
                name,
                fault.hint(format!("for example {name} = {}", setting.example)),
            );
        }
        entry
    }

    fn mistyped(&self, entry: &Entry, expected: &str) {
        let fault = Fault::new(format!(
            "must be {expected}, not {}",
            entry.node.value.kind()
        ));
        self.error(&entry.node.place, &entry.key, fault);
    }

    /// A table that stays as it was written.
    pub(crate) fn structure(&self, name: &str) -> Option<&Node> {
        let entry = self.entry(name)?;
        if matches!(entry.node.value, Value::Table(_)) {
            return Some(&entry.node);
        }
        self.mistyped(entry, "a table");
        None
    }

    /// A text, or the default.
    pub(crate) fn text(&self, name: &str) -> Option<Found<String>> {
        match self.entry(name) {
            Some(entry) => match &entry.node.value {
                Value::Text(text) | Value::Loose(text) => Some(Found {
                    value: text.clone(),
                    place: entry.node.place.clone(),
                }),
                Value::Integer(_)
                | Value::Boolean(_)
                | Value::List(_)
                | Value::Table(_)
                | Value::Other(_) => {
                    self.mistyped(entry, "text in quotes");
                    None
                }
            },
            None => match self.setting(name)?.fallback {
                Fallback::Text(text) => Some(Found {
                    value: text.to_owned(),
                    place: self.table.place.clone(),
                }),
                Fallback::Required
                | Fallback::Absent(_)
                | Fallback::Number(_)
                | Fallback::Flag(_) => None,
            },
        }
    }

    /// A text parsed into what it stands for.
    pub(crate) fn parsed<T, E: Into<Fault>>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Found<T>> {
        let text = self.text(name)?;
        match parse(&text.value) {
            Ok(value) => Some(Found {
                value,
                place: text.place,
            }),
            Err(fault) => {
                self.error(&text.place, name, fault.into());
                None
            }
        }
    }

    /// One line of text for people: not empty, no control or direction-changing characters, at most 200 characters.
    pub(crate) fn label(&self, name: &str) -> Option<Found<String>> {
        self.parsed(name, label)
    }

    /// A flag, or the default.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let default = matches!(
            self.setting(name).map(|setting| setting.fallback),
            Some(Fallback::Flag(true))
        );
        let Some(entry) = self.entry(name) else {
            return default;
        };
        match &entry.node.value {
            Value::Boolean(flag) => *flag,
            Value::Loose(text) if text == "true" => true,
            Value::Loose(text) if text == "false" => false,
            Value::Text(_)
            | Value::Loose(_)
            | Value::Integer(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Other(_) => {
                self.mistyped(entry, "true or false");
                default
            }
        }
    }

    /// A number within its bounds; absent when it is neither written nor has a default.
    pub(crate) fn maybe_number(&self, name: &str) -> Option<Found<u64>> {
        let setting = self.setting(name)?;
        let Some(entry) = self.entry(name) else {
            return match setting.fallback {
                Fallback::Number(value) => Some(Found {
                    value,
                    place: self.table.place.clone(),
                }),
                Fallback::Required
                | Fallback::Absent(_)
                | Fallback::Text(_)
                | Fallback::Flag(_) => None,
            };
        };
        let written = match &entry.node.value {
            Value::Integer(number) => Some(*number),
            Value::Loose(text) => text.trim().parse().ok(),
            Value::Text(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Other(_) => None,
        };
        let Some(written) = written else {
            self.mistyped(entry, "a whole number");
            return None;
        };
        let bounds = match setting.kind {
            Kind::Number { min, max, .. } => min..=max,
            Kind::Text
            | Kind::Url
            | Kind::Address
            | Kind::Path
            | Kind::Secret
            | Kind::Flag
            | Kind::Choice(_)
            | Kind::TextList
            | Kind::Colour
            | Kind::LanguageText
            | Kind::Structure => 0..=u64::MAX,
        };
        let number = u64::try_from(written).ok();
        if let Some(value) = number.filter(|number| bounds.contains(number)) {
            return Some(Found {
                value,
                place: entry.node.place.clone(),
            });
        }
        let message = format!("must be from {} to {}", bounds.start(), bounds.end());
        self.error(&entry.node.place, name, Fault::new(message));
        None
    }

    /// A number with a default. After a reported mistake the value does not matter: nothing starts with it.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.maybe_number(name).map_or(0, |found| found.value)
    }

    /// A number as the width its user needs.
    pub(crate) fn count<T: TryFrom<u64> + Default>(&self, name: &str) -> T {
        let number = self.number(name);
        T::try_from(number).unwrap_or_else(|_| {
            self.error(
                &self.place_of(name),
                name,
                Fault::new("is too large for this machine"),
            );
            T::default()
        })
    }

    /// A span of seconds with a default.
    pub(crate) fn seconds(&self, name: &str) -> Lifetime {
        Lifetime::from_secs(self.number(name))
    }

    /// A span of seconds without a default.
    pub(crate) fn maybe_seconds(&self, name: &str) -> Option<Lifetime> {
        self.maybe_number(name)
            .map(|found| Lifetime::from_secs(found.value))
    }

    /// One word of the few that the setting allows.
    pub(crate) fn choice(&self, name: &str) -> Option<Found<String>> {
        let Kind::Choice(words) = self.setting(name)?.kind else {
            return self.text(name);
        };
        self.parsed(name, |text| {
            if words.contains(&text) {
                return Ok(text.to_owned());
            }
            let fault = Fault::new(format!("must be one of {}", words.join(", ")));
            Err(match catalogue::closest(text, words.iter().copied()) {
                Some(word) => fault.hint(format!("did you mean {word}?")),
                None => fault,
            })
        })
    }

    /// A list of texts, each with its own place; empty when not written.
    pub(crate) fn texts(&self, name: &str) -> Vec<Found<String>> {
        let Some(entry) = self.entry(name) else {
            return Vec::new();
        };
        let place = &entry.node.place;
        match &entry.node.value {
            Value::Loose(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Found {
                    value: item.to_owned(),
                    place: place.clone(),
                })
                .collect(),
            Value::List(items) => items
                .iter()
                .filter_map(|item| self.list_item(name, item))
                .collect(),
            Value::Text(_)
            | Value::Integer(_)
            | Value::Boolean(_)
            | Value::Table(_)
            | Value::Other(_) => {
                self.mistyped(entry, "a list of texts");
                Vec::new()
            }
        }
    }

    fn list_item(&self, name: &str, item: &Node) -> Option<Found<String>> {
        if let Value::Text(text) = &item.value {
            return Some(Found {
                value: text.clone(),
                place: item.place.clone(),
            });
        }
        let fault = Fault::new(format!("must hold texts, not {}", item.value.kind()));
        self.error(&item.place, name, fault);
        None
    }

    /// The texts of a list as far as they are texts; reports nothing, for checks after the list was read.
    pub(crate) fn optional_texts(&self, name: &str) -> Vec<Found<String>> {
        let Some(Value::List(items)) = self.table.get(name).map(|entry| &entry.node.value) else {
            return Vec::new();
        };
        let text = |item: &Node| match &item.value {
            Value::Text(text) => Some(Found {
                value: text.clone(),
                place: item.place.clone(),
            }),
            Value::Loose(_)
            | Value::Integer(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Other(_) => None,
        };
        items.iter().filter_map(text).collect()
    }

    /// A list of texts, each parsed; what does not parse is reported and left out.
    pub(crate) fn parsed_texts<T, E: Into<Fault>>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<Found<T>> {
        let parse_one = |text: Found<String>| match parse(&text.value) {
            Ok(value) => Some(Found {
                value,
                place: text.place,
            }),
            Err(fault) => {
                self.error(&text.place, name, fault.into());
                None
            }
        };
        self.texts(name).into_iter().filter_map(parse_one).collect()
    }
}

/// Checks text that people will read on a page (C12 of the threat list: text must not disguise itself).
pub(crate) fn label(text: &str) -> Result<String, Fault> {
    const LIMIT_CHARS: usize = 200;
    let disguises = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.trim().is_empty() {
        return Err(Fault::new("must not be empty"));
    }
    if text.chars().any(disguises) {
        return Err(Fault::new(
            "must not hold control, invisible or direction-changing characters",
        ));
    }
    if text.chars().count() > LIMIT_CHARS {
        return Err(Fault::new(format!(
            "must be at most {LIMIT_CHARS} characters long"
        )));
    }
    Ok(text.to_owned())
}
