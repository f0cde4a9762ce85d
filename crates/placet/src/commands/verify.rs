//! `placet verify`.

use std::collections::HashSet;

use placet_core::engine::{FOR_EVER, Verified};
use placet_store::archive;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, counted},
};
use crate::{
    cli::Status,
    terminal::{Style, Terminal},
};

pub(super) async fn run(store: StoreArgs, terminal: Terminal) -> Status {
    desk::work(store, terminal, |desk| async move { verify(&desk).await }).await
}

async fn verify(desk: &Desk) -> Result<Status, CommandError> {
    let events_kept = desk.settings.retention.events.unwrap_or(FOR_EVER);
    // Rows by themselves first: what does not read there is named even when the rest cannot go on because of it.
    let rows = archive::inspect(&desk.settings.database.place).await?;
    let mut verified = match desk.operator.verify(events_kept).await {
        Ok(verified) => verified,
        Err(error) if rows.is_empty() => return Err(error.into()),
        Err(error) => {
            desk.terminal.problem(&format!(
                "records and events could not be compared: {error}"
            ));
            Verified::default()
        }
    };
    let known: HashSet<(&str, String)> = verified
        .violations
        .iter()
        .map(|violation| (violation.rule, violation.at.clone()))
        .collect();
    for violation in rows {
        if !known.contains(&(violation.rule, violation.at.clone())) {
            verified.add(violation);
        }
    }
    tell(desk.terminal, &verified)
}

fn tell(terminal: Terminal, verified: &Verified) -> Result<Status, CommandError> {
    terminal.value(verified);
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
    let count = verified.violations.len() + verified.untold;
    let count = counted(count, "thing does", "things do");
    Err(CommandError::Other(format!(
        "read {read}: {count} not hold"
    )))
}
