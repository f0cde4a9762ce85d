//! `placet gnap-grants`.

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::{
    desk::{self, Desk, StoreArgs},
    print::{Sheet, exact, minute, parts},
};
use crate::{
    admin::operations::{GnapGrantFilter, GnapGrantView, GrantPaging},
    cli::Status,
    terminal::Terminal,
};

/// What to do with grants of GNAP and Open Payments.
#[derive(Debug, Args)]
pub(crate) struct GnapGrants {
    #[command(flatten)]
    store: StoreArgs,
    /// Only those of this tenant, a UUID. Absent: all, and those of GNAP itself.
    #[arg(long, global = true, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists a page of grants, newest first.
    List {
        /// The last grant of the page before.
        #[arg(long, value_name = "GRANT")]
        after: Option<String>,
        /// How many at most, 1 to 100.
        #[arg(long, default_value_t = 20)]
        first: i64,
    },
    /// Shows one grant, as long as its request is kept.
    Show {
        /// Its id, in either form.
        grant: String,
    },
    /// Ends a grant, and every token that was given under it.
    Revoke {
        /// Its id, in either form.
        grant: String,
    },
}

pub(super) async fn run(grants: GnapGrants, terminal: Terminal) -> Status {
    desk::work(grants.store, terminal, |desk| async move {
        let holders = desk.operator.holders(grants.tenant.as_deref()).await?;
        match grants.command {
            Command::List { after, first } => {
                let paging = GrantPaging {
                    after,
                    first: Some(first),
                    ..GrantPaging::default()
                };
                let filter = GnapGrantFilter::default();
                let page = desk.operator.gnap_grants(&holders, &filter, &paging);
                let page = page.await?;
                Ok(list(&desk, &page.items, page.has_next_page))
            }
            Command::Show { grant } => {
                let grant = desk.operator.gnap_grant(&holders, &grant).await?;
                Ok(show(&desk, &grant))
            }
            Command::Revoke { grant } => {
                let revoked = desk.operator.revoke_gnap_grant(&holders, &grant).await?;
                desk.terminal.line(&format!("{grant} is revoked."));
                desk.terminal.value(&revoked);
                Ok(Status::Done)
            }
        }
    })
    .await
}

fn list(desk: &Desk, grants: &[GnapGrantView], more: bool) -> Status {
    let mut sheet = Sheet::new(&["GRANT", "STATE", "CLIENT", "ASKS FOR", "SINCE"]);
    for grant in grants {
        sheet.row([
            grant.uuid.clone(),
            standing(grant),
            client(grant),
            rights(grant),
            minute(grant.created_at),
        ]);
    }
    sheet.print(desk.terminal, "There are no grants.");
    if let Some(last) = grants.last().filter(|_| more) {
        let told = format!("There are more: --after {}", last.uuid);
        desk.terminal.line(&told);
    }
    desk.terminal.value(&grants);
    Status::Done
}

fn show(desk: &Desk, grant: &GnapGrantView) -> Status {
    parts(
        desk.terminal,
        &[
            ("grant", grant.id.clone()),
            ("uuid", grant.uuid.clone()),
            ("tenant", grant.tenant.clone().unwrap_or_default()),
            ("profile", grant.profile.to_owned()),
            ("state", standing(grant)),
            ("client", client(grant)),
            ("asks for", rights(grant)),
            ("asked", exact(grant.created_at)),
            ("until", exact(grant.expires_at)),
        ],
    );
    desk.terminal.value(grant);
    Status::Done
}

/// State and end in one word each.
fn standing(grant: &GnapGrantView) -> String {
    let word = |value: Json| value.as_str().map(str::to_owned).unwrap_or_default();
    match grant.finalization {
        Some(end) => word(serde_json::to_value(end).unwrap_or_default()),
        None => word(serde_json::to_value(grant.state).unwrap_or_default()),
    }
}

fn client(grant: &GnapGrantView) -> String {
    let by_key = || "(by key)".to_owned();
    grant.client.clone().unwrap_or_else(by_key)
}

/// The types of its rights, or the names of those that have none.
fn rights(grant: &GnapGrantView) -> String {
    let name = |right: &Json| {
        let kind = right.get("type").unwrap_or(right);
        kind.as_str().map(str::to_owned)
    };
    let kinds: Vec<_> = grant.access.iter().filter_map(name).collect();
    kinds.join(" ")
}
