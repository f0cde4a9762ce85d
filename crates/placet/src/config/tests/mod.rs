//! Tests of the settings; each runs on values, none touches disk or environment except where it says so.

mod declarations;
mod described;
mod layers;
mod payments;
mod server;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileFacts, Files, Problem, Settings, Sources};

/// A file system made of texts; the mode is 0600 unless a test says otherwise.
#[derive(Default)]
struct Paper(BTreeMap<PathBuf, (String, u32)>);

impl Paper {
    fn with(files: &[(&str, &str)]) -> Self {
        let sheet =
            |(path, text): &(&str, &str)| (PathBuf::from(path), ((*text).to_owned(), 0o100_600));
        Self(files.iter().map(sheet).collect())
    }

    fn and_mode(mut self, path: &str, mode: u32) -> Self {
        self.0.get_mut(Path::new(path)).unwrap().1 = mode;
        self
    }
}

impl Files for Paper {
    fn read(&self, path: &Path) -> io::Result<String> {
        let found = self.0.get(path).map(|(text, _)| text.clone());
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        if let Some((text, mode)) = self.0.get(path) {
            return Ok(FileFacts {
                directory: false,
                bytes: text.len() as u64,
                mode: Some(*mode),
            });
        }
        if self.0.keys().any(|file| file.starts_with(path)) {
            return Ok(FileFacts {
                directory: true,
                bytes: 0,
                mode: Some(0o40_700),
            });
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }
}

/// What a server for development needs and no more.
const SMALL: &str = "public_origin = \"http://127.0.0.1:8080\"\ndevelopment = true\ndatabase_url = \"sqlite:p.db\"\n";

fn load_with(
    paper: &Paper,
    variables: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Settings, Vec<Problem>> {
    let owned = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    Settings::load(&Sources {
        file: Some(PathBuf::from("etc/placet.toml")),
        files: paper,
        variables: owned(variables),
        flags: owned(flags),
    })
}

/// Loads a file that stands alone.
fn load(text: &str) -> Result<Settings, Vec<Problem>> {
    load_with(&Paper::with(&[("etc/placet.toml", text)]), &[], &[])
}

/// All problems of a file, warnings too, as `line: text` without hints.
fn lines(text: &str) -> Vec<String> {
    lines_with(&Paper::with(&[("etc/placet.toml", text)]))
}

fn lines_with(paper: &Paper) -> Vec<String> {
    let problems = match load_with(paper, &[], &[]) {
        Ok(settings) => settings.warnings,
        Err(problems) => problems,
    };
    problems.iter().map(first_line).collect()
}

fn first_line(problem: &Problem) -> String {
    let text = problem.to_string();
    let line = text.lines().next().unwrap();
    let numbered = line.strip_prefix("etc/placet.toml:");
    numbered
        .filter(|rest| !rest.starts_with(' '))
        .unwrap_or(line)
        .to_owned()
}

/// Checks each file against the exact problems it must have; a file begins with [`SMALL`] on lines 1 to 3.
fn expect_problems(cases: &[(&str, &str, &[&str])]) {
    for (name, text, want) in cases {
        assert_eq!(lines(&format!("{SMALL}{text}")), *want, "{name}");
    }
}
