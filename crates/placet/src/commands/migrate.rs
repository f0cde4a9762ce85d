//! `placet migrate`.

use placet_store::migrate;
use serde_json::json;

use super::desk::{self, CommandError, StoreArgs};
use crate::{app::StartError, cli::Status, terminal::Terminal};

pub(super) async fn run(store: StoreArgs, terminal: Terminal) -> Status {
    desk::told(work(store, terminal).await, terminal)
}

async fn work(store: StoreArgs, terminal: Terminal) -> Result<Status, CommandError> {
    let settings = desk::settings(store)?;
    let place = &settings.database.place;
    let migrated = migrate(place).await.map_err(StartError::from)?;
    let (from, to) = (migrated.from, migrated.to);
    terminal.line(&if from == to {
        format!("{place} has schema {to}, which is this release's. Nothing was to be done.")
    } else if from == 0 {
        format!("{place} was empty and has schema {to} now.")
    } else {
        format!("{place} had schema {from} and has {to} now. Servers that run go on.")
    });
    terminal.value(&json!({ "from": from, "to": to }));
    Ok(Status::Done)
}
