//! `placet clock accept`.

use clap::{Args, Subcommand};
use placet_store::archive;

use super::{
    desk::{self, StoreArgs},
    print::exact,
};
use crate::{cli::Status, terminal::Terminal};

/// What to do with the clock.
#[derive(Debug, Args)]
pub(crate) struct Clock {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes the machine's time, or that of the PostgreSQL server, for right although the store has seen a later one. Restart the server afterwards.
    Accept,
}

pub(super) async fn run(clock: Clock, terminal: Terminal) -> Status {
    desk::work(clock.store, terminal, |desk| async move {
        let Command::Accept = clock.command;
        let right = archive::now(&desk.settings.database.place).await?;
        let accepted = desk.operator.accept_clock(right).await?;
        desk.terminal.line(&format!(
            "{} counts from here on; the store had kept {}.",
            exact(accepted.accepted),
            exact(accepted.kept)
        ));
        desk.terminal.line("Restart the servers of this store.");
        desk.terminal.value(&accepted);
        Ok(Status::Done)
    })
    .await
}
