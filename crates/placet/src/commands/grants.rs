//! `placet grants`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, minute},
};
use crate::{cli::Status, terminal::Terminal};

/// What to do with what people allowed.
#[derive(Debug, Args)]
pub(crate) struct Grants {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists what a person allowed and what still stands.
    List {
        /// Their user name or id.
        person: String,
    },
    /// Revokes a grant and every token that rests on it.
    Revoke {
        /// The grant, as `list` prints it.
        grant: String,
    },
}

pub(super) async fn run(grants: Grants, terminal: Terminal) -> Status {
    desk::work(grants.store, terminal, |desk| async move {
        match grants.command {
            Command::List { person } => list(&desk, &person).await,
            Command::Revoke { grant } => {
                desk.operator.revoke_grant(&grant).await?;
                desk.terminal.line(&format!("{grant} is revoked."));
                desk.terminal.value(&json!({ "revoked": grant }));
                Ok(Status::Done)
            }
        }
    })
    .await
}

async fn list(desk: &Desk, person: &str) -> Result<Status, CommandError> {
    let grants = desk.operator.grants(person).await?;
    let mut sheet = Sheet::new(&["GRANT", "CLIENT", "SCOPES", "SINCE", "LAST USE"]);
    for grant in &grants {
        sheet.row([
            grant.id.clone(),
            grant
                .client_id
                .clone()
                .unwrap_or_else(|| "(removed)".to_owned()),
            grant.scopes.join(" "),
            minute(grant.created_at),
            grant.last_used_at.map(minute).unwrap_or_default(),
        ]);
    }
    sheet.print(
        desk.terminal,
        &format!("{person} has allowed nothing that stands."),
    );
    desk.terminal.value(&grants);
    Ok(Status::Done)
}
