//! The one statement of a commit, made from its shape: which parts it has, of which tables.
//!
//! ```text
//!   WITH c0 AS (INSERT INTO access … RETURNING 1),
//!        c1 AS (UPDATE family … WHERE … version = $n RETURNING 1),
//!        c2 AS MATERIALIZED (SELECT 1 FROM grants WHERE … version = $n FOR SHARE)
//!   INSERT INTO event … SELECT …, CASE WHEN (every part found its row) THEN id END, …
//! ```
//!
//! A statement is a transaction of its own. When a part finds no row, the id of the event is NULL, which its column
//! refuses, and the engine undoes the whole statement: one round trip, and never a transaction left open.
//! The parts run in the order in which the event asks for them, which is that of their keys: two commits never wait
//! for each other in a circle.
//! An update or a locked read that waited for another transaction looks again at the row it then finds, so the version
//! that is demanded is that of the moment of the commit.

use std::fmt::Write as _;

use placet_core::store::Table;

use super::{
    fold::Part,
    row::{self, Encoded},
    statement::Param,
};

/// What a part does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Insert,
    /// Several rows of one table at once.
    InsertMany,
    Update,
    Require,
    Delete,
    Absent,
    Spend,
    SpendMany,
    Revise,
    Revive,
}

/// The columns every table of records has.
const COLUMNS: &str = "key, version, keep_until, owner, body";
const COLUMN_TYPES: [&str; 5] = ["bytea", "bigint", "bigint", "bytea", "text"];

/// The parts of a commit without their values. Commits of one shape share a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shape(Vec<(Act, Table)>);

/// The event of a commit, as its statement takes it.
pub(super) struct Head<'a> {
    pub(super) issuer: &'a [u8; 16],
    pub(super) id: &'a [u8; 16],
    pub(super) at: i64,
    pub(super) body: &'a str,
    /// Until when the commit holds, when the database's own clock says so.
    pub(super) before: Option<i64>,
}

/// Splits `parts` into runs that one part of the statement does: inserts into one table go together.
fn runs(parts: &[Part]) -> impl Iterator<Item = &[Part]> {
    parts.chunk_by(|a, b| match (a, b) {
        (Part::Insert { row: a, .. }, Part::Insert { row: b, .. }) => a.key.table == b.key.table,
        (Part::Spend { .. }, Part::Spend { .. }) => true,
        _ => false,
    })
}

impl Shape {
    /// The shape of these parts.
    pub(super) fn of(parts: &[Part]) -> Self {
        let act = |run: &[Part]| {
            let many = run.len() > 1;
            match run.first()? {
                Part::Insert { row, .. } if many => Some((Act::InsertMany, row.key.table)),
                Part::Insert { row, .. } => Some((Act::Insert, row.key.table)),
                Part::Update { row, .. } => Some((Act::Update, row.key.table)),
                Part::Require { key, .. } => Some((Act::Require, key.table)),
                Part::Delete { key, .. } => Some((Act::Delete, key.table)),
                Part::Absent { key } => Some((Act::Absent, key.table)),
                // These have a table of their own, which is no record's.
                Part::Spend { .. } if many => Some((Act::SpendMany, Table::Issuer)),
                Part::Spend { .. } => Some((Act::Spend, Table::Issuer)),
                Part::Revise { .. } => Some((Act::Revise, Table::Issuer)),
                Part::Revive { .. } => Some((Act::Revive, Table::Issuer)),
            }
        };
        Self(runs(parts).filter_map(act).collect())
    }

    /// How many parts the statement has.
    pub(super) fn parts(&self) -> usize {
        self.0.len()
    }

    /// The text of the statement.
    pub(super) fn sql(&self) -> String {
        let mut text = Text {
            sql: String::new(),
            used: 5,
        };
        let mut guard = String::new();
        for (n, (act, table)) in self.0.iter().enumerate() {
            let lead = if n == 0 { "WITH" } else { "," };
            let kept = if matches!(act, Act::Require | Act::Absent) {
                "MATERIALIZED "
            } else {
                ""
            };
            text.add(format_args!("{lead} c{n} AS {kept}("));
            text.part(*act, *table);
            text.add(format_args!(") "));
            let and = if n == 0 { "" } else { " AND " };
            let wanted = match act {
                Act::InsertMany | Act::SpendMany => "> 0",
                Act::Absent => "= 0",
                Act::Insert
                | Act::Update
                | Act::Require
                | Act::Delete
                | Act::Spend
                | Act::Revise
                | Act::Revive => "= 1",
            };
            write!(guard, "{and}(SELECT count(*) FROM c{n}) {wanted}")
                .expect("a String takes every write");
        }
        if guard.is_empty() {
            guard.push_str("true");
        }
        text.add(format_args!(
            "INSERT INTO event (issuer, id, at, body) SELECT $1::bytea, CASE WHEN {guard} THEN $2::bytea END, \
             CASE WHEN $5::bigint IS NULL OR floor(extract(epoch FROM clock_timestamp()) * 1000) < $5 \
             THEN $3::bigint END, $4::text"
        ));
        text.sql
    }

    /// One shape for each part a commit can have, for the test that prepares them all.
    #[cfg(feature = "testing")]
    pub(super) fn all() -> Vec<Self> {
        let acts = [
            Act::Insert,
            Act::InsertMany,
            Act::Update,
            Act::Require,
            Act::Delete,
            Act::Absent,
        ];
        let of_tables = Table::ALL
            .into_iter()
            .flat_map(|table| acts.map(|act| Self(vec![(act, table)])));
        let others = [Act::Spend, Act::SpendMany, Act::Revise, Act::Revive]
            .map(|act| Self(vec![(act, Table::Issuer)]));
        of_tables.chain(others).chain([Self(Vec::new())]).collect()
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

    /// The next value.
    fn value(&mut self) -> usize {
        self.used += 1;
        self.used
    }

    fn part(&mut self, act: Act, table: Table) {
        let name = table.name();
        match act {
            Act::Insert => {
                self.insert_into(table);
                self.add(format_args!("VALUES ($1"));
                for _ in 0..COLUMN_TYPES.len() + row::links_of(table).len() {
                    let value = self.value();
                    self.add(format_args!(", ${value}"));
                }
                self.add(format_args!(") RETURNING 1"));
            }
            Act::InsertMany => {
                self.insert_into(table);
                let links = row::links_of(table).iter().map(|_| "bytea");
                self.many(&COLUMN_TYPES.into_iter().chain(links).collect::<Vec<_>>());
            }
            Act::Update => {
                self.add(format_args!("UPDATE {name} SET version = "));
                let to = self.value();
                self.add(format_args!("${to}"));
                let links = row::links_of(table).iter().copied();
                for column in ["keep_until", "owner", "body"].into_iter().chain(links) {
                    let value = self.value();
                    self.add(format_args!(", {column} = ${value}"));
                }
                self.at_version();
                self.add(format_args!(" RETURNING 1"));
            }
            Act::Require => {
                self.add(format_args!("SELECT 1 FROM {name}"));
                self.at_version();
                self.add(format_args!(" FOR SHARE"));
            }
            Act::Delete => {
                self.add(format_args!("DELETE FROM {name}"));
                self.at_version();
                self.add(format_args!(" RETURNING 1"));
            }
            Act::Absent => {
                let key = self.value();
                self.add(format_args!(
                    "SELECT 1 FROM {name} WHERE key = ${key} AND issuer = $1"
                ));
            }
            Act::Spend => {
                let (value, keep_until) = (self.value(), self.value());
                self.add(format_args!(
                    "INSERT INTO spent (issuer, value, keep_until) VALUES ($1, ${value}, ${keep_until}) RETURNING 1"
                ));
            }
            Act::SpendMany => {
                self.add(format_args!(
                    "INSERT INTO spent (issuer, value, keep_until) "
                ));
                self.many(&["bytea", "bigint"]);
            }
            Act::Revise => {
                let slot = self.value();
                self.add(format_args!(
                    "UPDATE revision SET number = number + 1 WHERE slot = ${slot} RETURNING 1"
                ));
            }
            Act::Revive => {
                let fence = self.value();
                self.add(format_args!(
                    "DELETE FROM event WHERE id = $2 AND issuer = $1 AND body IS NULL AND fence = ${fence} RETURNING 1"
                ));
            }
        }
    }

    fn insert_into(&mut self, table: Table) {
        self.add(format_args!(
            "INSERT INTO {} (issuer, {COLUMNS}",
            table.name()
        ));
        for link in row::links_of(table) {
            self.add(format_args!(", {link}"));
        }
        self.add(format_args!(") "));
    }

    fn many(&mut self, kinds: &[&str]) {
        self.add(format_args!("SELECT $1::bytea, r.* FROM unnest("));
        for (n, kind) in kinds.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            let value = self.value();
            self.add(format_args!("{comma}${value}::{kind}[]"));
        }
        self.add(format_args!(") AS r RETURNING 1"));
    }

    fn at_version(&mut self) {
        let (key, version) = (self.value(), self.value());
        self.add(format_args!(
            " WHERE key = ${key} AND issuer = $1 AND version = ${version}"
        ));
    }
}

/// The values of the statement of `parts`, in its order.
pub(super) fn values<'a>(head: &Head<'a>, parts: &'a [Part]) -> Vec<Param<'a>> {
    let mut values = vec![
        Param::Bytes(Some(head.issuer)),
        Param::Bytes(Some(head.id)),
        Param::Number(Some(head.at)),
        Param::Text(head.body),
        Param::Number(head.before),
    ];
    for run in runs(parts) {
        match run {
            [part] => one(part, &mut values),
            run => many(run, &mut values),
        }
    }
    values
}

fn one<'a>(part: &'a Part, values: &mut Vec<Param<'a>>) {
    match part {
        Part::Insert { row, version } => {
            values.extend([
                Param::Bytes(Some(row.key.bytes())),
                Param::Number(Some(*version)),
            ]);
            values.extend(content(row));
        }
        Part::Update { row, from, to } => {
            values.push(Param::Number(Some(*to)));
            values.extend(content(row));
            values.extend([
                Param::Bytes(Some(row.key.bytes())),
                Param::Number(Some(*from)),
            ]);
        }
        Part::Require { key, version } | Part::Delete { key, version } => {
            values.extend([
                Param::Bytes(Some(key.bytes())),
                Param::Number(Some(*version)),
            ]);
        }
        Part::Absent { key } => values.push(Param::Bytes(Some(key.bytes()))),
        Part::Spend { value, keep_until } => {
            values.extend([Param::Bytes(Some(value)), Param::Number(Some(*keep_until))]);
        }
        Part::Revise { slot: number } | Part::Revive { fence: number } => {
            values.push(Param::Number(Some(*number)));
        }
    }
}

/// What a row holds beside its key and version.
fn content(row: &Encoded) -> impl Iterator<Item = Param<'_>> {
    [
        Param::Number(row.keep_until),
        Param::Bytes(row.owner.as_ref().map(<[u8; 16]>::as_slice)),
        Param::Text(&row.body),
    ]
    .into_iter()
    .chain(links(row).map(Param::Bytes))
}

fn links(row: &Encoded) -> impl Iterator<Item = Option<&[u8]>> {
    let columns = row::links_of(row.key.table);
    row.links
        .iter()
        .take(columns.len())
        .map(|link| link.as_ref().map(placet_core::store::Key::bytes))
}

/// Several rows of one table, column by column.
fn many<'a>(run: &'a [Part], values: &mut Vec<Param<'a>>) {
    let rows = || {
        run.iter().filter_map(|part| match part {
            Part::Insert { row, version } => Some((row, *version)),
            _ => None,
        })
    };
    let Some((first, _)) = rows().next() else {
        let spent = run.iter().filter_map(|part| match part {
            Part::Spend { value, keep_until } => Some((Some(value.as_slice()), Some(*keep_until))),
            _ => None,
        });
        let (hashes, ends) = spent.unzip();
        values.extend([Param::ManyBytes(hashes), Param::ManyNumbers(ends)]);
        return;
    };
    values.extend([
        Param::ManyBytes(rows().map(|(row, _)| Some(row.key.bytes())).collect()),
        Param::ManyNumbers(rows().map(|(_, version)| Some(version)).collect()),
        Param::ManyNumbers(rows().map(|(row, _)| row.keep_until).collect()),
        Param::ManyBytes(
            rows()
                .map(|(row, _)| row.owner.as_ref().map(<[u8; 16]>::as_slice))
                .collect(),
        ),
        Param::ManyTexts(rows().map(|(row, _)| row.body.as_str()).collect()),
    ]);
    for n in 0..row::links_of(first.key.table).len() {
        let column = rows().map(|(row, _)| links(row).nth(n).flatten());
        values.push(Param::ManyBytes(column.collect()));
    }
}
