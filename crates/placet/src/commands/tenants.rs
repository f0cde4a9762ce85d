//! `placet tenants`.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, exact, mark, minute, parts, secrets},
};
use crate::{
    admin::operations::{
        NewTenantDocument, RegisteredTenant, Said, TenantChange, TenantSecret, TenantView,
    },
    cli::Status,
    terminal::Terminal,
};

/// What to do with tenants.
#[derive(Debug, Args)]
pub(crate) struct Tenants {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds a tenant and prints the secrets that are made, once.
    Add {
        /// Its id, a UUID. Absent: one is made.
        tenant: Option<String>,
        #[command(flatten)]
        members: MemberArgs,
    },
    /// Lists all tenants, deleted ones too.
    List,
    /// Shows one tenant.
    Show {
        /// Its id, a UUID.
        tenant: String,
    },
    /// Changes a tenant; what is not named stays, and secrets that are replaced count until the next change.
    Change {
        /// Its id, a UUID.
        tenant: String,
        #[command(flatten)]
        members: MemberArgs,
        /// Takes its identity provider away: nobody can be asked any more.
        #[arg(long, conflicts_with_all = ["idp_consent_url", "idp_secret_file"])]
        no_idp: bool,
        /// Takes its secret away: it may call nothing any more.
        #[arg(long, conflicts_with = "api_secret_file")]
        no_api: bool,
    },
    /// Deletes a tenant; nothing is granted in its name any more, and its id is never given again.
    Delete {
        /// Its id, a UUID.
        tenant: String,
    },
}

/// What a tenant is made of.
#[derive(Debug, Args)]
struct MemberArgs {
    /// Where its people are asked.
    #[arg(long, value_name = "URL")]
    idp_consent_url: Option<String>,
    /// A file with the secret of its identity provider. Absent beside a new URL: one is made.
    #[arg(long, value_name = "FILE")]
    idp_secret_file: Option<PathBuf>,
    /// A file with the secret that signs its calls. Absent for a new tenant: one is made.
    #[arg(long, value_name = "FILE")]
    api_secret_file: Option<PathBuf>,
}

pub(super) async fn run(tenants: Tenants, terminal: Terminal) -> Status {
    desk::work(tenants.store, terminal, |desk| async move {
        match tenants.command {
            Command::Add { tenant, members } => add(&desk, tenant, members).await,
            Command::List => list(&desk).await,
            Command::Show { tenant } => Ok(show(&desk, &desk.operator.tenant(&tenant).await?)),
            Command::Change {
                tenant,
                members,
                no_idp,
                no_api,
            } => {
                let secret = read(members.api_secret_file.as_ref())?;
                let change = TenantChange {
                    idp_consent_url: Said::of(members.idp_consent_url, no_idp),
                    idp_secret: read(members.idp_secret_file.as_ref())?,
                    api_secret: Said::of(secret, no_api),
                };
                let changed = desk.operator.change_tenant(&tenant, change).await?;
                desk.terminal.line(&format!("{tenant} is changed."));
                desk.terminal.value(&changed);
                Ok(Status::Done)
            }
            Command::Delete { tenant } => {
                desk.operator.delete_tenant(&tenant).await?;
                desk.terminal.line(&format!("{tenant} is deleted."));
                desk.terminal.value(&json!({ "deleted": tenant }));
                Ok(Status::Done)
            }
        }
    })
    .await
}

fn read(path: Option<&PathBuf>) -> Result<Option<TenantSecret>, CommandError> {
    let Some(path) = path else {
        return Ok(None);
    };
    let text = fs::read_to_string(path).map_err(|source| CommandError::File {
        path: path.clone(),
        source,
    })?;
    let text = Zeroizing::new(text);
    Ok(Some(TenantSecret::new(text.trim_end().to_owned())))
}

async fn add(
    desk: &Desk,
    tenant: Option<String>,
    members: MemberArgs,
) -> Result<Status, CommandError> {
    let new = NewTenantDocument {
        id: tenant,
        idp_consent_url: members.idp_consent_url,
        idp_secret: read(members.idp_secret_file.as_ref())?,
        api_secret: read(members.api_secret_file.as_ref())?,
    };
    let added = desk.operator.add_tenant(new).await?;
    registered(desk.terminal, &added);
    Ok(Status::Done)
}

fn registered(terminal: Terminal, added: &RegisteredTenant) {
    terminal.line(&format!("{} is added.", added.tenant.id));
    let made = [
        ("idp_secret", &added.idp_secret),
        ("api_secret", &added.api_secret),
    ];
    let told = made
        .iter()
        .filter_map(|(name, secret)| Some((*name, secret.as_ref()?.reveal())));
    secrets(terminal, &told.collect::<Vec<_>>());
    terminal.value(added);
}

async fn list(desk: &Desk) -> Result<Status, CommandError> {
    let all = desk::every(async |wish| desk.operator.tenants(wish).await).await?;
    let mut sheet = Sheet::new(&["TENANT", "ASKED AT", "ADDED", ""]);
    for tenant in &all {
        sheet.row([
            tenant.id.clone(),
            tenant.idp_consent_url.clone().unwrap_or_default(),
            tenant.created_at.map(minute).unwrap_or_default(),
            standing(tenant),
        ]);
    }
    sheet.print(
        desk.terminal,
        "There are no tenants. `placet tenants add` adds one.",
    );
    desk.terminal.value(&all);
    Ok(Status::Done)
}

fn standing(tenant: &TenantView) -> String {
    if tenant.own {
        return "this server".to_owned();
    }
    mark(tenant.deleted_at.is_some(), "deleted")
}

fn show(desk: &Desk, tenant: &TenantView) -> Status {
    let time = |moment: Option<_>| moment.map(exact).unwrap_or_default();
    parts(
        desk.terminal,
        &[
            ("tenant", tenant.id.clone()),
            ("issuer", tenant.issuer.clone()),
            (
                "asked at",
                tenant.idp_consent_url.clone().unwrap_or_default(),
            ),
            ("idp secrets", tenant.idp_secrets.to_string()),
            ("api secrets", tenant.api_secrets.to_string()),
            ("declared", mark(tenant.declared, "in the settings file")),
            ("added", time(tenant.created_at)),
            ("changed", time(tenant.changed_at)),
            ("deleted", time(tenant.deleted_at)),
            ("note", standing(tenant)),
        ],
    );
    desk.terminal.value(tenant);
    Status::Done
}
