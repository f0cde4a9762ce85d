//! What is wrong with the settings: where, what, and what to do about it.
//!
//! Loading never stops at the first mistake. Every check reports into one [`Report`], so that a person corrects a
//! file once. A message names a secret's key, never its value.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Whether the server can start with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The server refuses to start.
    Error,
    /// The server starts; an operator should know.
    Warning,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The settings file; without a line when something is missing in it.
    File {
        /// The path as the caller gave it.
        path: PathBuf,
        /// Counted from 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<usize>,
    },
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line, by its dotted key.
    Flag(String),
    /// Nothing was written anywhere and no file was given.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path,
                line: Some(line),
            } => write!(out, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(out, "{}", path.display()),
            Self::Variable(name) => write!(out, "{name}"),
            Self::Flag(key) => write!(out, "flag {key}"),
            Self::Nowhere => write!(out, "settings"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether the server can start with it.
    pub severity: Severity,
    /// Where the value came from.
    pub place: Place,
    /// The setting's dotted key, when it is about one setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        if self.severity == Severity::Warning {
            write!(out, "warning: ")?;
        }
        if let Some(key) = &self.key {
            write!(out, "{key} ")?;
        }
        write!(out, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(out, "\n    {}", hint.replace('\n', "\n    ")),
            None => Ok(()),
        }
    }
}

/// Prints problems for a person: one paragraph each and a closing count.
pub fn render(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str(&problem.to_string());
        text.push('\n');
    }
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let warnings = problems.len() - errors;
    let closing = match (errors, warnings) {
        (0, 0) => "The settings are valid.".to_owned(),
        (0, _) => format!(
            "The settings are valid, with {}.",
            counted(warnings, "warning")
        ),
        (_, 0) => format!("{}.", counted(errors, "error")),
        _ => format!(
            "{}, {}.",
            counted(errors, "error"),
            counted(warnings, "warning")
        ),
    };
    text.push_str(&closing);
    text.push('\n');
    text
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Why one value does not parse; the reader adds where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Completes the sentence that begins with the setting's key.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.message)
    }
}

/// Collects problems while the settings are read.
#[derive(Default)]
pub(crate) struct Report {
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    pub(crate) fn error(&self, place: &Place, key: impl Into<Option<String>>, fault: Fault) {
        self.add(Severity::Error, place, key.into(), fault);
    }

    pub(crate) fn warning(&self, place: &Place, key: impl Into<Option<String>>, fault: Fault) {
        self.add(Severity::Warning, place, key.into(), fault);
    }

    fn add(&self, severity: Severity, place: &Place, key: Option<String>, fault: Fault) {
        let Fault { message, hint } = fault;
        self.problems.borrow_mut().push(Problem {
            severity,
            place: place.clone(),
            key,
            message,
            hint,
        });
    }

    /// The problems in the order of the file, then variables, then flags.
    pub(crate) fn into_sorted(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|left, right| left.place.cmp(&right.place));
        problems
    }
}
