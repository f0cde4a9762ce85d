//! What passed and how long it took, in a compact form for a terminal.

use std::{
    env,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use crate::count::Count;

/// One line of the summary.
#[derive(Debug)]
struct Line {
    name: String,
    count: Count,
    took: Duration,
    note: String,
}

/// Collects the steps of one command.
#[derive(Debug)]
pub(crate) struct Report {
    title: &'static str,
    begun: Instant,
    colour: bool,
    lines: Vec<Line>,
    hints: Vec<String>,
}

/// What a step has to say beyond its counts.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) count: Count,
    pub(crate) note: String,
}

impl Step {
    /// A step that counts as one check.
    pub(crate) fn one(ok: bool) -> Self {
        Self {
            count: Count::one(ok),
            note: String::new(),
        }
    }

    /// The same with a word on what was seen.
    pub(crate) fn noted(ok: bool, note: impl Into<String>) -> Self {
        Self {
            count: Count::one(ok),
            note: note.into(),
        }
    }
}

impl Report {
    pub(crate) fn new(title: &'static str) -> Self {
        let colour =
            io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        Self {
            title,
            begun: Instant::now(),
            colour,
            lines: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Announces a step, runs it and notes how it went.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Step) -> bool {
        println!("{} {name}", self.paint("1;34", "▸"));
        let begun = Instant::now();
        let step = work();
        let ok = step.count.failed == 0;
        self.lines.push(Line {
            name: name.to_owned(),
            count: step.count,
            took: begun.elapsed(),
            note: step.note,
        });
        ok
    }

    /// Something to tell the reader at the end, such as a command to run.
    pub(crate) fn hint(&mut self, text: impl Into<String>) {
        self.hints.push(text.into());
    }

    /// Prints the summary; true when nothing failed.
    pub(crate) fn close(&self) -> bool {
        let width = self
            .lines
            .iter()
            .map(|line| line.name.chars().count())
            .max()
            .unwrap_or(0);
        println!("\n{}", self.paint("1", self.title));
        for line in &self.lines {
            let mark = if line.count.failed > 0 {
                self.paint("1;31", "✗")
            } else if line.count.passed == 0 {
                self.paint("33", "–")
            } else {
                self.paint("32", "✓")
            };
            let what = if line.note.is_empty() {
                line.count.short()
            } else {
                line.note.clone()
            };
            let took = self.paint("2", &format!("{:>7.1} s", line.took.as_secs_f64()));
            println!("  {mark} {:<width$} {took}  {what}", line.name);
        }
        for hint in &self.hints {
            println!("  {} {hint}", self.paint("1;33", "→"));
        }
        let took = self.paint(
            "2",
            &format!("{:.1} s in all", self.begun.elapsed().as_secs_f64()),
        );
        println!("  {took}");
        self.total().failed == 0
    }

    /// The sum of all steps.
    pub(crate) fn total(&self) -> Count {
        self.lines
            .iter()
            .fold(Count::default(), |sum, line| sum + line.count)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
