//! The flags from which settings come.

use std::path::PathBuf;

use clap::Args;

use super::Status;
use crate::{
    config::{Disk, Problem, Settings, Sources, render},
    terminal::Terminal,
};

/// Where the settings come from. Flags win over `PLACET_…` variables, variables over the file.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// The settings file; also `PLACET_CONFIG`.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Any setting by its dotted key, as in `--set limits.pending_total=1000`.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// The public address and issuer identifier.
    #[arg(long, value_name = "URL")]
    pub public_origin: Option<String>,
    /// Where the server accepts connections.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The store, as in `sqlite:./placet.db`.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

impl SettingsArgs {
    /// Reads the settings.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(self) -> Result<Settings, Vec<Problem>> {
        let direct = [
            ("public_origin", self.public_origin),
            ("listen", self.listen),
            ("database_url", self.database_url),
        ];
        let mut flags = self.set;
        for (key, value) in direct {
            flags.extend(value.map(|value| (key.to_owned(), value)));
        }
        Settings::load(&Sources::of_process(self.config, flags, &Disk))
    }

    /// Reads the settings, or tells all that is wrong with them. Warnings are told in both cases.
    ///
    /// # Errors
    /// The status to end with.
    pub fn load_or_tell(self, terminal: Terminal) -> Result<Settings, Status> {
        match self.load() {
            Ok(settings) => {
                for warning in &settings.warnings {
                    terminal.problem(&warning.to_string());
                }
                Ok(settings)
            }
            Err(problems) => {
                terminal.problem(&format!(
                    "the settings are wrong\n{}",
                    render(&problems).trim_end()
                ));
                Err(Status::WrongSettings)
            }
        }
    }
}
