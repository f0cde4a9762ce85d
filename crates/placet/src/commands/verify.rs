//! `placet verify`.

use placet_core::engine::FOR_EVER;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, counted},
};
use crate::{
    admin::operations::OperationError,
    cli::Status,
    terminal::{Style, Terminal},
};

pub(super) async fn run(store: StoreArgs, terminal: Terminal) -> Status {
    desk::work(store, terminal, |desk| async move { verify(&desk).await }).await
}

async fn verify(desk: &Desk) -> Result<Status, CommandError> {
    let events_kept = desk.settings.retention.events.unwrap_or(FOR_EVER);
    let verified = desk
        .operator
        .engine()
        .verify(events_kept)
        .await
        .map_err(OperationError::from)?;
    let terminal = desk.terminal;
    terminal.value(&verified);
    let read = format!(
        "{} and {}",
        counted(verified.records, "record", "records"),
        counted(verified.events, "event", "events")
    );
    if verified.violations.is_empty() {
        let good = terminal.paint(Style::Good, "everything holds");
        terminal.line(&format!("Read {read}: {good}."));
        return Ok(Status::Done);
    }
    let mut sheet = Sheet::new(&["RULE", "AT", "WHAT"]);
    for violation in &verified.violations {
        sheet.row([
            violation.rule.to_owned(),
            violation.at.clone(),
            violation.what.clone(),
        ]);
    }
    sheet.print(terminal, "");
    let count = counted(verified.violations.len(), "thing does", "things do");
    Err(CommandError::Other(format!(
        "read {read}: {count} not hold"
    )))
}
