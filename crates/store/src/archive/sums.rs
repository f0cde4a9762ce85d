//! What a stream of rows adds up to: counts by section, and one digest over all of it.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::row::{Row, Section};

/// How many rows of each section there are, and the SHA-256 of all their lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Rows by the name of their section; a section without rows counts 0.
    pub counts: BTreeMap<String, u64>,
    /// The digest of the lines in their order, each with its line feed, as hexadecimal.
    pub rows_sha256: String,
}

impl Sums {
    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// Adds up rows as they pass.
pub(super) struct Adder {
    counts: BTreeMap<String, u64>,
    context: Context,
}

impl Adder {
    pub(super) fn new() -> Self {
        Self {
            counts: Section::all()
                .map(|section| (section.name().to_owned(), 0))
                .collect(),
            context: Context::new(&SHA256),
        }
    }

    pub(super) fn add(&mut self, row: &Row) {
        self.add_line(row.section, &row.encode());
    }

    /// Adds a row whose line is there already.
    pub(super) fn add_line(&mut self, section: Section, line: &[u8]) {
        if let Some(count) = self.counts.get_mut(section.name()) {
            *count += 1;
        }
        self.context.update(line);
        self.context.update(b"\n");
    }

    pub(super) fn finish(self) -> Sums {
        Sums {
            counts: self.counts,
            rows_sha256: HEXLOWER.encode(self.context.finish().as_ref()),
        }
    }
}

impl fmt::Debug for Adder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adder")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
