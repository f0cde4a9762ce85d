//! The commands for operators, one file each.

mod config;
mod version;

use clap::Subcommand;

use crate::{cli::Status, terminal::Terminal};

/// What an operator may ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Checks settings or shows an example of them.
    #[command(subcommand)]
    Config(config::Config),
    /// Tells which release this is.
    Version,
}

/// Does what was asked.
#[expect(
    clippy::unused_async,
    reason = "commands that open the store wait for it; these two need none"
)]
pub async fn run(command: Command, terminal: Terminal) -> Status {
    match command {
        Command::Config(command) => config::run(command, terminal),
        Command::Version => version::run(terminal),
    }
}
