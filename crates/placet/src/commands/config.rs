//! `placet config check` and `placet config example`.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::desk::{self, CommandError};
use crate::{
    app::{Foundation, Undeclared},
    cli::{SettingsArgs, Status},
    config::{self, Problem, Settings, Severity},
    terminal::Terminal,
};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Tells every problem at once, each with its line and what to write instead.
    Check(Check),
    /// Prints a commented settings file.
    Example,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Looks into the store as well, and lists clients and people that were declared once and are not any more.
    #[arg(long)]
    store: bool,
}

pub(super) async fn run(command: Config, terminal: Terminal) -> Status {
    match command {
        Config::Check(Check { settings, store }) => check(settings, store, terminal).await,
        Config::Example => {
            terminal.raw(&config::example());
            Status::Done
        }
    }
}

async fn check(args: SettingsArgs, store: bool, terminal: Terminal) -> Status {
    let settings = match args.load() {
        Ok(settings) => settings,
        Err(problems) => {
            tell(&problems, None, terminal);
            return Status::WrongSettings;
        }
    };
    let mut left = None;
    if store {
        match undeclared(&settings).await {
            Ok(found) => left = Some(found),
            Err(error) => {
                tell(&settings.warnings, None, terminal);
                return desk::told(Err(error), terminal);
            }
        }
    }
    tell(&settings.warnings, left.as_ref(), terminal);
    Status::Done
}

async fn undeclared(settings: &Settings) -> Result<Undeclared, CommandError> {
    let foundation = Foundation::open_existing(settings).await?;
    let found = Undeclared::read(&foundation.engine, settings).await;
    foundation.store.close().await;
    Ok(found.map_err(crate::app::StartError::from)?)
}

fn tell(problems: &[Problem], left: Option<&Undeclared>, terminal: Terminal) {
    let valid = problems
        .iter()
        .all(|problem| problem.severity == Severity::Warning);
    terminal.line(config::render(problems).trim_end());
    let mut value = Map::new();
    value.insert("valid".to_owned(), json!(valid));
    value.insert("problems".to_owned(), json!(problems));
    if let Some(left) = left {
        value.insert("undeclared".to_owned(), json!(left));
        for (what, names) in [("client", &left.clients), ("person", &left.people)] {
            for name in names {
                terminal.line(&format!(
                    "No longer declared, and still there: {what} {name}"
                ));
            }
        }
        if left == &Undeclared::default() {
            terminal.line("Whatever was declared once still is.");
        }
    }
    terminal.value(&value);
}
