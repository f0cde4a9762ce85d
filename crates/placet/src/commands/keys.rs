//! `placet keys`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use placet_core::vault::MasterKey;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, counted, minute},
};
use crate::{
    admin::operations::{KeyState, KeyView},
    app::master_key,
    cli::Status,
    config::{Disk, Files as _, parse_master_key},
    terminal::Terminal,
};

/// What to do with keys.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the signing keys.
    List,
    /// Makes successors of the signing keys. Each is published at once and signs once clients had time to see it.
    Rotate {
        /// `ES256`, `RS256`, `PS256` or `EdDSA`. Absent: every algorithm that signs.
        #[arg(long)]
        alg: Option<String>,
    },
    /// Wraps the store's data keys under a new master key. Afterwards the settings must name the new file.
    Rewrap {
        /// The file with the new master key: 32 bytes as base64 or hex.
        #[arg(long, value_name = "FILE")]
        new_master_key_file: PathBuf,
    },
}

pub(super) async fn run(keys: Keys, terminal: Terminal) -> Status {
    desk::work(keys.store, terminal, |desk| async move {
        match keys.command {
            Command::List => {
                let keys = desk.operator.keys().await?;
                print(&desk, &keys);
                desk.terminal.value(&keys);
                Ok(Status::Done)
            }
            Command::Rotate { alg } => rotate(&desk, alg).await,
            Command::Rewrap {
                new_master_key_file,
            } => rewrap(&desk, &new_master_key_file).await,
        }
    })
    .await
}

fn print(desk: &Desk, keys: &[KeyView]) {
    let mut sheet = Sheet::new(&["ALG", "KEY", "STATE", "SIGNS FROM", "PUBLISHED UNTIL"]);
    for key in keys {
        let state = match key.state {
            KeyState::Waiting => "waiting",
            KeyState::Signing => "signing",
            KeyState::Retiring => "retiring",
            KeyState::Retired => "retired",
        };
        sheet.row([
            key.alg.clone(),
            key.kid.clone(),
            state.to_owned(),
            minute(key.active_from),
            key.retire_at.map(minute).unwrap_or_default(),
        ]);
    }
    sheet.print(
        desk.terminal,
        "There are no signing keys yet; the server makes them when it starts.",
    );
}

async fn rotate(desk: &Desk, alg: Option<String>) -> Result<Status, CommandError> {
    let algs = if let Some(alg) = alg {
        vec![alg]
    } else {
        let keys = desk.operator.keys().await?;
        let signing = keys
            .into_iter()
            .filter(|key| key.state == KeyState::Signing);
        let mut algs: Vec<String> = signing.map(|key| key.alg).collect();
        algs.dedup();
        algs
    };
    let mut keys = Vec::new();
    for alg in &algs {
        keys.extend(desk.operator.rotate_key(alg).await?);
    }
    print(desk, &keys);
    desk.terminal.value(&keys);
    Ok(Status::Done)
}

async fn rewrap(desk: &Desk, path: &Path) -> Result<Status, CommandError> {
    let new = read_master_key(path)?;
    let old = master_key(&desk.settings)?;
    let done = desk.operator.rewrap(&old, &new).await?;
    let count = counted(done.data_keys, "data key is", "data keys are");
    desk.terminal.line(&format!(
        "{count} wrapped by the new master key. A server that runs goes on."
    ));
    desk.terminal.line(&format!(
        "Set keys.master_key_file = {:?} before the next start, and keep the old file for old backups.",
        path.display().to_string()
    ));
    desk.terminal.value(&done);
    Ok(Status::Done)
}

fn read_master_key(path: &Path) -> Result<MasterKey, CommandError> {
    let failed = |source| CommandError::File {
        path: path.to_owned(),
        source,
    };
    if Disk.facts(path).map_err(failed)?.world_readable() {
        let words = "every account of this machine can read it; chmod 600 it";
        return Err(CommandError::Other(format!("{}: {words}", path.display())));
    }
    let text = zeroize::Zeroizing::new(Disk.read(path).map_err(failed)?);
    parse_master_key(&text)
        .map_err(|fault| CommandError::Other(format!("{}: {fault}", path.display())))
}
