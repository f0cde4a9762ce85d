//! What came of each scenario, as a table.

use std::{collections::BTreeSet, time::Duration};

use super::judge::Violation;

/// One scenario's result.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) cycles: u32,
    pub(crate) requests: u64,
    pub(crate) decisions: usize,
    /// Errors by kind, as clients saw them.
    pub(crate) errors: String,
    /// The longest time from the end of a fault to the first durable answer of every node.
    pub(crate) back: Option<Duration>,
    pub(crate) violations: BTreeSet<Violation>,
    /// What else was measured or seen.
    pub(crate) notes: Vec<String>,
    /// Why it did not run.
    pub(crate) skipped: Option<String>,
    pub(crate) took: Duration,
}

/// Rules whose breach means that something acknowledged was lost.
const LOST: [&str; 4] = ["J1", "J2", "J3", "J6"];
/// Rules whose breach means that something happened twice, or without anybody's wish.
const DOUBLED: [&str; 3] = ["J4", "J5", "J7"];

impl Row {
    /// A scenario that cannot run here.
    pub(crate) fn skipped(scenario: &str, why: impl Into<String>) -> Self {
        Self {
            scenario: scenario.to_owned(),
            skipped: Some(why.into()),
            ..Self::default()
        }
    }

    /// Several runs of a scenario as one row.
    pub(crate) fn sum(scenario: &str, rows: Vec<Self>) -> Self {
        let mut sum = Self {
            scenario: scenario.to_owned(),
            ..Self::default()
        };
        let mut errors = BTreeSet::new();
        for row in rows {
            sum.cycles += row.cycles;
            sum.requests += row.requests;
            sum.decisions += row.decisions;
            sum.back = sum.back.max(row.back);
            sum.violations.extend(row.violations);
            sum.notes.extend(row.notes);
            errors.insert(row.errors);
        }
        sum.errors = errors.into_iter().collect::<Vec<_>>().join("; ");
        sum
    }

    /// The row in one line.
    pub(crate) fn summary(&self) -> String {
        let [_, cycles, requests, decisions, _, back, _, verdict, errors] = self.cells();
        format!(
            "{verdict}: {cycles} cycles, {requests} requests, {decisions} decisions, back after {back}; errors: {errors}"
        )
    }

    pub(crate) fn ok(&self) -> bool {
        self.violations.is_empty()
    }

    fn breaches(&self, rules: &[&str]) -> usize {
        self.violations
            .iter()
            .filter(|violation| rules.contains(&violation.rule))
            .count()
    }

    fn cells(&self) -> [String; COLUMNS] {
        let verdict = match (&self.skipped, self.violations.len()) {
            (Some(_), _) => "skipped".to_owned(),
            (None, 0) => "kept".to_owned(),
            (None, count) => format!("{count} broken"),
        };
        let ran = self.skipped.is_none();
        let cell = |text: String| if ran { text } else { "–".to_owned() };
        [
            self.scenario.clone(),
            cell(self.cycles.to_string()),
            cell(self.requests.to_string()),
            cell(self.decisions.to_string()),
            cell(format!(
                "{} / {}",
                self.breaches(&LOST),
                self.breaches(&DOUBLED)
            )),
            self.back.map_or("–".to_owned(), |back| {
                format!("{:.2} s", back.as_secs_f64())
            }),
            cell(format!("{} s", self.took.as_secs())),
            verdict,
            cell(self.errors.clone()),
        ]
    }
}

/// How many columns there are.
const COLUMNS: usize = 9;

const HEAD: [&str; COLUMNS] = [
    "scenario",
    "cycles",
    "requests",
    "decisions",
    "lost / doubled",
    "back after",
    "took",
    "verdict",
    "errors seen by clients",
];

/// All rows under one head, then what each has to say.
pub(crate) fn print(rows: &[Row]) -> String {
    let head = HEAD.map(str::to_owned);
    let lines: Vec<[String; COLUMNS]> = std::iter::once(head)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let mut widths = [0; COLUMNS];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    for row in rows {
        let broken = row.violations.iter().map(|one| format!("broken {one}"));
        for note in row
            .skipped
            .iter()
            .map(|why| format!("skipped: {why}"))
            .chain(row.notes.iter().cloned())
            .chain(broken)
        {
            text.push_str(&row.scenario);
            text.push_str(": ");
            text.push_str(&note);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_was_lost_doubled_or_left_out() {
        let broken = |rule| Violation {
            rule,
            what: "x".to_owned(),
        };
        let row = Row {
            scenario: "kill".to_owned(),
            errors: "none".to_owned(),
            violations: BTreeSet::from([broken("J1"), broken("J4"), broken("J7")]),
            ..Row::default()
        };
        assert!(!row.ok());
        let text = print(&[row, Row::skipped("disk-full", "no namespaces")]);
        assert!(text.contains("1 / 2"), "{text}");
        assert!(text.contains("3 broken"), "{text}");
        assert!(text.contains("disk-full: skipped: no namespaces"), "{text}");
        assert!(text.contains("kill: broken J1: x"), "{text}");
    }
}
