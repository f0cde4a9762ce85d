//! `placet move`.

use std::path::PathBuf;

use clap::Args;
use placet_store::archive;
use serde_json::json;

use super::{
    backup::told,
    desk::{self, CommandError, StoreArgs},
};
use crate::{cli::Status, config::another_place, terminal::Terminal};

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct Move {
    #[command(flatten)]
    store: StoreArgs,
    /// The empty store to move to, as in `postgres://placet@db/placet`.
    #[arg(long, value_name = "URL", required_unless_present_any = ["to_file", "undo"])]
    to: Option<String>,
    /// A file with that URL, for one that holds a password.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
    /// Gives up a move that was interrupted: servers may write to this store again.
    #[arg(long, conflicts_with_all = ["to", "to_file"])]
    undo: bool,
}

pub(super) async fn run(command: Move, terminal: Terminal) -> Status {
    let done = if command.undo {
        undo(command.store, terminal).await
    } else {
        relocate(command, terminal).await
    };
    desk::told(done, terminal)
}

async fn relocate(command: Move, terminal: Terminal) -> Result<Status, CommandError> {
    let settings = desk::settings(command.store)?;
    let from = &settings.database.place;
    let to = another_place(&settings.database, command.to, command.to_file)
        .map_err(CommandError::Other)?;
    if to == *from {
        let words = format!("{to} is the store it would be moved from");
        return Err(CommandError::Other(words));
    }
    let (_, sums) = archive::relocate(from, &to).await?;
    terminal.line(&format!("{to} holds {}, read back and equal.", told(&sums)));
    terminal.line(&format!(
        "{from} takes no more writes. Set database_url to {to} and start the servers again."
    ));
    terminal.value(&json!({
        "to": to.to_string(), "counts": sums.counts, "rows_sha256": sums.rows_sha256,
    }));
    Ok(Status::Done)
}

async fn undo(store: StoreArgs, terminal: Terminal) -> Result<Status, CommandError> {
    let settings = desk::settings(store)?;
    let from = &settings.database.place;
    let lifted = archive::give_up(from).await?;
    terminal.line(&match &lifted {
        Some(fence) => format!(
            "{from} is in use again. Let no server use {}.",
            fence.target
        ),
        None => format!("{from} was not being moved."),
    });
    terminal.value(&json!({ "undone": lifted.is_some() }));
    Ok(Status::Done)
}
