//! The one statement of several commits that do the same things, made from what they do.
//!
//! ```text
//!   WITH c0 AS (INSERT INTO access … SELECT … FROM unnest($6, $7, …) RETURNING 1),
//!        c1 AS (UPDATE family … FROM unnest(…) AS r WHERE … t.version = r.seen RETURNING 1)
//!   INSERT INTO event … SELECT …, CASE WHEN (every part found all its rows) THEN e.id END, …
//!     FROM unnest($1, $2, …) AS e
//! ```
//!
//! It is [`super::shape`] with columns of values in the place of values: all commits hold together, or nothing of any of
//! them is written. It waits for other transactions only for a moment ([`LOCK_MS`]): whoever has to wait longer does so
//! alone, and not with the locks of its neighbours in hand.

use std::fmt::Write as _;

use placet_core::store::Table;

use super::{
    commit::Ready,
    fold::Part,
    row::{self, Encoded},
    statement::Param,
};

/// How long the statement waits for a lock.
const LOCK_MS: u32 = 20;
/// A commit with more parts than this goes alone.
const MOST_PARTS: usize = 12;

/// One thing that commits do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Deed {
    Insert,
    Update,
    Require,
    Spend,
}

/// What commits of one kind do, in the order of their keys. Kinds have texts of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind(Vec<(Table, Deed)>);

impl Kind {
    /// The kind of a commit of these parts. None when it goes alone: such commits are rare, or large.
    pub(super) fn of(parts: &[Part]) -> Option<Self> {
        if parts.len() > MOST_PARTS {
            return None;
        }
        let mut deeds: Vec<_> = parts.iter().map(deed).collect::<Option<_>>()?;
        deeds.sort_unstable_by_key(|(table, deed)| (*deed == Deed::Spend, *table, *deed));
        deeds.dedup();
        Some(Self(deeds))
    }

    /// The text of the statement.
    pub(super) fn sql(&self) -> String {
        let mut text = Text {
            sql: String::new(),
            used: 5,
        };
        let mut guard =
            format!("(SELECT set_config('lock_timeout', '{LOCK_MS}ms', true)) IS NOT NULL");
        for (n, (table, deed)) in self.0.iter().enumerate() {
            let lead = if n == 0 { "WITH" } else { "," };
            let first = text.used + 1;
            let (kept, wanted) = match deed {
                Deed::Insert | Deed::Spend => ("", "> 0".to_owned()),
                Deed::Update => ("", format!("= array_length(${first}, 1)")),
                Deed::Require => ("MATERIALIZED ", format!("= array_length(${first}, 1)")),
            };
            text.add(format_args!("{lead} c{n} AS {kept}("));
            text.part(*table, *deed);
            text.add(format_args!(") "));
            write!(guard, " AND (SELECT count(*) FROM c{n}) {wanted}")
                .expect("a String takes every write");
        }
        text.add(format_args!(
            "INSERT INTO event (issuer, id, at, body) SELECT e.issuer, CASE WHEN {guard} THEN e.id END, \
             CASE WHEN e.before IS NULL OR floor(extract(epoch FROM clock_timestamp()) * 1000) < e.before \
             THEN e.at END, e.body \
             FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[]) \
             AS e (issuer, id, at, body, before)"
        ));
        text.sql
    }

    /// The values of the statement for these commits, which are of this kind.
    pub(super) fn values<'a>(&self, commits: &[&'a Ready]) -> Vec<Param<'a>> {
        let mut values = vec![
            Param::ManyBytes(
                commits
                    .iter()
                    .map(|c| Some(c.issuer.as_bytes().as_slice()))
                    .collect(),
            ),
            Param::ManyBytes(
                commits
                    .iter()
                    .map(|c| Some(c.id.as_bytes().as_slice()))
                    .collect(),
            ),
            Param::ManyNumbers(commits.iter().map(|c| Some(c.at)).collect()),
            Param::ManyTexts(commits.iter().map(|c| c.event.as_str()).collect()),
            Param::ManyNumbers(commits.iter().map(|c| c.limit).collect()),
        ];
        for wanted in &self.0 {
            let mut column: Vec<_> = commits
                .iter()
                .flat_map(|commit| {
                    let parts = commit
                        .parts
                        .iter()
                        .filter(|part| deed(part) == Some(*wanted));
                    parts.map(|part| (commit.issuer.as_bytes().as_slice(), part))
                })
                .collect();
            // Every commit takes its locks in the order of the keys.
            column.sort_unstable_by_key(|(_, part)| place(part));
            columns(&column, &mut values);
        }
        values
    }

    /// One kind for each thing a commit can do, for the test that prepares them all.
    #[cfg(feature = "testing")]
    pub(super) fn all() -> Vec<Self> {
        let deeds = [Deed::Insert, Deed::Update, Deed::Require];
        let of_tables = Table::ALL
            .into_iter()
            .flat_map(|table| deeds.map(|deed| Self(vec![(table, deed)])));
        let spend = Self(vec![(Table::Issuer, Deed::Spend)]);
        of_tables.chain([spend, Self(Vec::new())]).collect()
    }
}

/// What a part does; none when its commit goes alone.
fn deed(part: &Part) -> Option<(Table, Deed)> {
    match part {
        Part::Insert { row, .. } => Some((row.key.table, Deed::Insert)),
        Part::Update { row, .. } => Some((row.key.table, Deed::Update)),
        Part::Require { key, .. } => Some((key.table, Deed::Require)),
        // These have a table of their own, which is no record's.
        Part::Spend { .. } => Some((Table::Issuer, Deed::Spend)),
        Part::Delete { .. } | Part::Absent { .. } | Part::Revise { .. } | Part::Revive { .. } => {
            None
        }
    }
}

/// What a row is found by.
fn place(part: &Part) -> &[u8] {
    match part {
        Part::Insert { row, .. } | Part::Update { row, .. } => row.key.bytes(),
        Part::Require { key, .. } | Part::Delete { key, .. } | Part::Absent { key } => key.bytes(),
        Part::Spend { value, .. } => value,
        Part::Revise { .. } | Part::Revive { .. } => &[],
    }
}

/// A statement that is being written, and how many values it has so far.
struct Text {
    sql: String,
    used: usize,
}

impl Text {
    fn add(&mut self, words: std::fmt::Arguments<'_>) {
        self.sql
            .write_fmt(words)
            .expect("a String takes every write");
    }

    /// `r`, the rows that these columns of values make.
    fn rows(&mut self, columns: &[(&str, &str)]) {
        self.add(format_args!("unnest("));
        for (n, (_, kind)) in columns.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            self.used += 1;
            let used = self.used;
            self.add(format_args!("{comma}${used}::{kind}[]"));
        }
        self.add(format_args!(") AS r ("));
        for (n, (name, _)) in columns.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            self.add(format_args!("{comma}{name}"));
        }
        self.add(format_args!(")"));
    }

    fn part(&mut self, table: Table, deed: Deed) {
        const KEY: [(&str, &str); 2] = [("issuer", "bytea"), ("key", "bytea")];
        const SEEN: [(&str, &str); 1] = [("seen", "bigint")];
        const SAME: &str = "t.key = r.key AND t.issuer = r.issuer AND t.version = r.seen";
        let name = table.name();
        let content = [
            ("version", "bigint"),
            ("keep_until", "bigint"),
            ("owner", "bytea"),
            ("body", "text"),
        ];
        let links = row::links_of(table).iter().map(|link| (*link, "bytea"));
        let content: Vec<_> = content.into_iter().chain(links).collect();
        match deed {
            Deed::Insert => {
                let columns = [&KEY[..], &content].concat();
                let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                self.add(format_args!(
                    "INSERT INTO {name} ({names}) SELECT r.* FROM "
                ));
                self.rows(&columns);
                self.add(format_args!(" RETURNING 1"));
            }
            Deed::Update => {
                self.add(format_args!("UPDATE {name} AS t SET "));
                for (n, (column, _)) in content.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    self.add(format_args!("{comma}{column} = r.{column}"));
                }
                self.add(format_args!(" FROM "));
                self.rows(&[&KEY[..], &SEEN, &content].concat());
                self.add(format_args!(" WHERE {SAME} RETURNING 1"));
            }
            Deed::Require => {
                self.add(format_args!("SELECT 1 FROM "));
                self.rows(&[&KEY[..], &SEEN].concat());
                self.add(format_args!(" JOIN {name} AS t ON {SAME} FOR SHARE OF t"));
            }
            Deed::Spend => {
                self.add(format_args!(
                    "INSERT INTO spent (issuer, value, keep_until) SELECT r.* FROM "
                ));
                self.rows(&[
                    ("issuer", "bytea"),
                    ("value", "bytea"),
                    ("keep_until", "bigint"),
                ]);
                self.add(format_args!(" RETURNING 1"));
            }
        }
    }
}

/// The columns of values of parts that do the same.
fn columns<'a>(parts: &[(&'a [u8], &'a Part)], values: &mut Vec<Param<'a>>) {
    let bytes = |of: &dyn Fn(&'a Part) -> Option<&'a [u8]>| {
        Param::ManyBytes(parts.iter().map(|(_, part)| of(part)).collect())
    };
    let numbers = |of: &dyn Fn(&'a Part) -> Option<i64>| {
        Param::ManyNumbers(parts.iter().map(|(_, part)| of(part)).collect())
    };
    values.push(Param::ManyBytes(
        parts.iter().map(|(issuer, _)| Some(*issuer)).collect(),
    ));
    values.push(bytes(&|part| Some(place(part))));
    let first = parts.first().map(|(_, part)| *part);
    match first {
        Some(Part::Spend { .. }) => {
            values.push(numbers(&|part| match part {
                Part::Spend { keep_until, .. } => Some(*keep_until),
                _ => None,
            }));
            return;
        }
        Some(Part::Update { .. } | Part::Require { .. }) => values.push(numbers(&seen)),
        _ => {}
    }
    let Some(table) = first.and_then(content).map(|(row, _)| row.key.table) else {
        return;
    };
    values.extend([
        numbers(&|part| content(part).map(|(_, version)| version)),
        numbers(&|part| content(part).and_then(|(row, _)| row.keep_until)),
        bytes(&|part| {
            content(part).and_then(|(row, _)| row.owner.as_ref().map(<[u8; 16]>::as_slice))
        }),
        Param::ManyTexts(
            parts
                .iter()
                .filter_map(|(_, part)| content(part).map(|(row, _)| row.body.as_str()))
                .collect(),
        ),
    ]);
    for n in 0..row::links_of(table).len() {
        let link = |part: &'a Part| content(part)?.0.links.get(n)?.as_ref();
        values.push(bytes(&|part| {
            link(part).map(placet_core::store::Key::bytes)
        }));
    }
}

/// The version a row must have.
fn seen(part: &Part) -> Option<i64> {
    match part {
        Part::Update { from, .. } => Some(*from),
        Part::Require { version, .. } => Some(*version),
        _ => None,
    }
}

/// The row a part writes, and its version.
fn content(part: &Part) -> Option<(&Encoded, i64)> {
    match part {
        Part::Insert { row, version } => Some((row, *version)),
        Part::Update { row, to, .. } => Some((row, *to)),
        _ => None,
    }
}
