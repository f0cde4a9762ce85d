//! One row of any table, as an archive holds it.

use placet_core::store::Table;
use serde::{Deserialize, Serialize};

/// What a row belongs to, in the order of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Records of this table.
    Records(Table),
    /// Values that were used.
    Spent,
    /// What happened.
    Events,
}

impl Section {
    /// Every section, issuers first.
    pub fn all() -> impl Iterator<Item = Self> {
        Table::ALL
            .into_iter()
            .map(Self::Records)
            .chain([Self::Spent, Self::Events])
    }

    /// Its name in an archive, which is that of its table in a database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records(table) => table.name(),
            Self::Spent => "spent",
            Self::Events => "event",
        }
    }

    /// The section of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|section| section.name() == name)
    }
}

/// A row. What its section has no column for is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it belongs to.
    pub section: Section,
    /// Whose it is.
    pub issuer: Vec<u8>,
    /// Its key, the value that was used, or the id of the event.
    pub key: Vec<u8>,
    /// The version of a record.
    pub version: Option<i64>,
    /// When it may be deleted.
    pub keep_until: Option<i64>,
    /// What it is listed under.
    pub owner: Option<Vec<u8>>,
    /// When an event happened.
    pub at: Option<i64>,
    /// The body, byte for byte.
    pub body: Option<String>,
}

/// A row as one line. Short names: an archive has as many lines as the store has rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// Section.
    t: String,
    /// Issuer, as hexadecimal.
    i: String,
    /// Key, as hexadecimal.
    k: String,
    /// Version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<i64>,
    /// Kept until, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<i64>,
    /// Owner, as hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    o: Option<String>,
    /// When, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<i64>,
    /// Body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<String>,
}

impl Row {
    /// Its line, without the end of the line.
    ///
    /// # Panics
    /// Never: a line is made of texts and whole numbers.
    pub(super) fn encode(&self) -> Vec<u8> {
        use data_encoding::HEXLOWER;
        let line = Line {
            t: self.section.name().to_owned(),
            i: HEXLOWER.encode(&self.issuer),
            k: HEXLOWER.encode(&self.key),
            v: self.version,
            u: self.keep_until,
            o: self.owner.as_ref().map(|owner| HEXLOWER.encode(owner)),
            a: self.at,
            b: self.body.clone(),
        };
        serde_json::to_vec(&line).expect("texts and whole numbers always serialise")
    }

    /// Reads a line back. `None` when it is not a row of a section this release knows.
    pub(super) fn decode(line: &[u8]) -> Option<Self> {
        use data_encoding::HEXLOWER;
        let line: Line = serde_json::from_slice(line).ok()?;
        let owner = match line.o {
            Some(owner) => Some(HEXLOWER.decode(owner.as_bytes()).ok()?),
            None => None,
        };
        let row = Self {
            section: Section::named(&line.t)?,
            issuer: HEXLOWER.decode(line.i.as_bytes()).ok()?,
            key: HEXLOWER.decode(line.k.as_bytes()).ok()?,
            version: line.v,
            keep_until: line.u,
            owner,
            at: line.a,
            body: line.b,
        };
        row.is_whole().then_some(row)
    }

    /// Whether it has what its section cannot do without, and nothing its section has no place for.
    fn is_whole(&self) -> bool {
        match self.section {
            Section::Records(_) => {
                self.version.is_some() && self.body.is_some() && self.at.is_none()
            }
            Section::Spent => {
                self.keep_until.is_some()
                    && self.version.is_none()
                    && self.owner.is_none()
                    && self.at.is_none()
                    && self.body.is_none()
            }
            Section::Events => {
                self.at.is_some()
                    && self.body.is_some()
                    && self.version.is_none()
                    && self.keep_until.is_none()
                    && self.owner.is_none()
            }
        }
    }

    /// What rows are ordered by, in an archive and in every store.
    pub(super) fn place(&self) -> (Section, &[u8], &[u8]) {
        (self.section, &self.issuer, &self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_every_byte_of_a_row() {
        let record = Row {
            section: Section::Records(Table::Grant),
            issuer: vec![0, 255],
            key: vec![7; 33],
            version: Some(3),
            keep_until: None,
            owner: Some(vec![1; 16]),
            at: None,
            body: Some("{\"a\": \"line\\n and a \u{1F511}\"}".to_owned()),
        };
        let spent = Row {
            section: Section::Spent,
            version: None,
            keep_until: Some(-1),
            owner: None,
            body: None,
            ..record.clone()
        };
        let event = Row {
            section: Section::Events,
            version: None,
            owner: None,
            at: Some(i64::MAX),
            ..record.clone()
        };
        for row in [record, spent, event] {
            let line = row.encode();
            assert!(!line.contains(&b'\n'));
            assert_eq!(Row::decode(&line), Some(row));
        }
    }

    #[test]
    fn a_line_that_is_no_row_is_refused() {
        for line in [
            "",
            "{}",
            r#"{"t":"grants","i":"00","k":"00","v":1}"#,
            r#"{"t":"grants","i":"00","k":"0","v":1,"b":"{}"}"#,
            r#"{"t":"nothing","i":"00","k":"00","v":1,"b":"{}"}"#,
            r#"{"t":"spent","i":"00","k":"00","u":1,"b":"{}"}"#,
            r#"{"t":"event","i":"00","k":"00","a":1,"b":"{}","more":1}"#,
        ] {
            assert_eq!(Row::decode(line.as_bytes()), None, "{line}");
        }
    }
}
