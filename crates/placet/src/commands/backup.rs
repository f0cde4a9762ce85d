//! `placet backup` and `placet restore`.

use std::path::PathBuf;

use clap::Args;
use placet_store::archive::{self, Extent, Head, Sums};
use serde_json::json;

use super::{
    desk::{self, CommandError, StoreArgs},
    print::counted,
};
use crate::{cli::Status, config::Settings, terminal::Terminal};

/// Where to write it.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    store: StoreArgs,
    /// The file to write; it must not be there yet.
    file: PathBuf,
}

/// What to bring back.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    store: StoreArgs,
    /// The file that `placet backup` wrote.
    file: PathBuf,
    /// Brings back sign-ins, consents, codes and tokens too, as they were. Only where nothing happened since the backup:
    /// what was used, revoked or ended later comes back to life.
    #[arg(long)]
    keep_tokens: bool,
}

pub(super) async fn backup(command: Backup, terminal: Terminal) -> Status {
    desk::told(write(command, terminal).await, terminal)
}

async fn write(command: Backup, terminal: Terminal) -> Result<Status, CommandError> {
    let settings = desk::settings(command.store)?;
    let (file, place) = (command.file, &settings.database.place);
    let (_, sums) = archive::backup(place, &file, archive::now(place).await?).await?;
    terminal.line(&format!("{} holds {}.", file.display(), told(&sums)));
    if settings.development {
        terminal.line(&format!(
            "Without the master key it opens nothing; keep {} elsewhere.",
            settings.database.development_key.display()
        ));
    } else {
        terminal.line("Without the master key it opens nothing; keep that elsewhere.");
    }
    terminal
        .value(&json!({ "file": file, "counts": sums.counts, "rows_sha256": sums.rows_sha256 }));
    Ok(Status::Done)
}

pub(super) async fn restore(command: Restore, terminal: Terminal) -> Status {
    desk::told(read(command, terminal).await, terminal)
}

async fn read(command: Restore, terminal: Terminal) -> Result<Status, CommandError> {
    let settings = desk::settings(command.store)?;
    let made_at = archive::contents(&command.file)?.made_at;
    let extent = if command.keep_tokens {
        Extent::Everything
    } else {
        // A clock that is behind must not let in what was issued before the backup.
        Extent::NewEpoch(archive::now(&settings.database.place).await?.max(made_at))
    };
    let (head, sums) = archive::restore(&command.file, &settings.database.place, extent).await?;
    terminal.line(&format!(
        "{} now holds {}.",
        settings.database.place,
        told(&sums)
    ));
    terminal.line(match extent {
        Extent::Everything => "Everything is as it was when the backup was made.",
        Extent::NewEpoch(_) => {
            "Requests, sign-ins, consents and tokens were left out: people sign in and are asked again."
        }
    });
    if let Some(other) = stranger(&head, &settings) {
        terminal.problem(&other);
    }
    terminal.value(&json!({
        "counts": sums.counts, "rows_sha256": sums.rows_sha256, "kept_tokens": command.keep_tokens,
    }));
    Ok(Status::Done)
}

/// Says so when the settings name an issuer of whom nothing was restored.
fn stranger(head: &Head, settings: &Settings) -> Option<String> {
    let origin = settings.public_origin.as_str();
    if head.issuers.iter().any(|issuer| issuer.url == origin) {
        return None;
    }
    let kept: Vec<&str> = head
        .issuers
        .iter()
        .map(|issuer| issuer.url.as_str())
        .collect();
    Some(format!(
        "public_origin is {origin}, and the archive holds {}: a server with these settings begins empty beside it",
        kept.join(", ")
    ))
}

/// How many rows there are, in words.
pub(super) fn told(sums: &Sums) -> String {
    let count = |name: &str| {
        let rows = sums.counts.get(name).copied().unwrap_or_default();
        usize::try_from(rows).unwrap_or(usize::MAX)
    };
    let events = count("event");
    let records = usize::try_from(sums.rows()).unwrap_or(usize::MAX) - events - count("spent");
    format!(
        "{} and {}",
        counted(records, "record", "records"),
        counted(events, "event", "events")
    )
}
