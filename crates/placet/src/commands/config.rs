//! `placet config check` and `placet config example`.

use clap::Subcommand;
use serde_json::json;

use crate::{
    cli::{SettingsArgs, Status},
    config::{self, Problem, Severity},
    terminal::Terminal,
};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Tells every problem at once, each with its line and what to write instead.
    Check(SettingsArgs),
    /// Prints a commented settings file.
    Example,
}

pub(super) fn run(command: Config, terminal: Terminal) -> Status {
    match command {
        Config::Check(args) => check(args, terminal),
        Config::Example => {
            terminal.raw(&config::example());
            Status::Done
        }
    }
}

fn check(args: SettingsArgs, terminal: Terminal) -> Status {
    let (problems, status): (Vec<Problem>, _) = match args.load() {
        Ok(settings) => (settings.warnings, Status::Done),
        Err(problems) => (problems, Status::WrongSettings),
    };
    let valid = problems
        .iter()
        .all(|problem| problem.severity == Severity::Warning);
    terminal.line(config::render(&problems).trim_end());
    terminal.value(&json!({ "valid": valid, "problems": problems }));
    status
}
