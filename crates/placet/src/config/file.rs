//! The settings file as a tree that remembers where each value stands.
//!
//! Spec: TOML 1.1. The parser recovers from mistakes, so one pass reports all of them.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Fault, Place, Report};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A value as written, before anybody asked what it should be.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// Text of a variable or a flag: its type is that of the setting it meets.
    Loose(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A TOML type no setting has.
    Other(&'static str),
}

impl Value {
    /// The type's name in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Loose(_) => "text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(name) => name,
        }
    }
}

/// A table in the order it was written.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) place: Place,
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value; the place is that of the key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn empty(place: Place) -> Self {
        Self {
            place,
            entries: Vec::new(),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Sets a value by its path; what stands on the way and is no table stays, and is reported by whoever reads it.
    pub(crate) fn set(&mut self, path: &[&str], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let position = self
            .entries
            .iter()
            .position(|entry| entry.key == *first)
            .unwrap_or_else(|| {
                let place = node.place.clone();
                let value = Value::Table(Self::empty(place.clone()));
                self.entries.push(Entry {
                    key: (*first).to_owned(),
                    place: place.clone(),
                    node: Node { place, value },
                });
                self.entries.len() - 1
            });
        let Some(entry) = self.entries.get_mut(position) else {
            return;
        };
        if rest.is_empty() {
            entry.place = node.place.clone();
            entry.node = node;
        } else if let Value::Table(table) = &mut entry.node.value {
            table.set(rest, node);
        }
    }
}

/// Parses the text of a settings file and reports every syntax error in it.
pub(crate) fn parse(path: &Path, text: &str, report: &Report) -> Table {
    let (document, errors) = DeTable::parse_recoverable(text);
    let lines = Lines {
        path: path.to_owned(),
        text,
    };
    for error in &errors {
        let place = lines.place(error.span().map_or(0, |span| span.start));
        report.error(
            &place,
            None,
            Fault::new(format!("not valid TOML: {}", error.message())),
        );
    }
    lines.table(document.get_ref(), 0, true)
}

/// Turns byte offsets into lines while it copies the tree.
struct Lines<'a> {
    path: PathBuf,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self
            .text
            .as_bytes()
            .get(..offset)
            .unwrap_or(self.text.as_bytes());
        let line = before.split(|byte| *byte == b'\n').count();
        Place::File {
            path: self.path.clone(),
            line: Some(line),
        }
    }

    fn table(&self, table: &DeTable<'_>, offset: usize, root: bool) -> Table {
        let place = if root {
            Place::File {
                path: self.path.clone(),
                line: None,
            }
        } else {
            self.place(offset)
        };
        let entries = table.iter().map(|(key, value)| Entry {
            key: key.get_ref().clone().into_owned(),
            place: self.place(key.span().start),
            node: self.node(value),
        });
        Table {
            place,
            entries: entries.collect(),
        }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let offset = value.span().start;
        let found = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Other("a number that is too large"), Value::Integer),
            DeValue::Array(items) => {
                Value::List(items.iter().map(|item| self.node(item)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, offset, false)),
            DeValue::Float(_) => Value::Other("a fraction"),
            DeValue::Datetime(_) => Value::Other("a date"),
        };
        Node {
            place: self.place(offset),
            value: found,
        }
    }
}
