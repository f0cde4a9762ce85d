//! `placet clients`.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use placet_core::client::DEVICE_CODE;
use serde_json::{Map, Value as Json, json};

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, exact, mark, minute, parts, secrets},
};
use crate::{
    admin::operations::{ClientChange, ClientView, NewClientDocument, RegisteredClient},
    cli::Status,
    terminal::Terminal,
};

/// What to do with clients.
#[derive(Debug, Args)]
pub(crate) struct Clients {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds a client and prints its secret, once.
    Add {
        /// The `client_id`. Absent: as in the file, else one is made.
        client_id: Option<String>,
        #[command(flatten)]
        members: MemberArgs,
    },
    /// Lists all clients.
    List,
    /// Shows one client.
    Show {
        /// The `client_id`.
        client_id: String,
    },
    /// Changes what a client is registered with; what is not named stays.
    Change {
        /// The `client_id`.
        client_id: String,
        #[command(flatten)]
        members: MemberArgs,
        /// Shuts it out; what it was given is not active.
        #[arg(long)]
        disable: bool,
        /// Lets it in again.
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
    },
    /// Gives a client a new secret and prints it, once.
    Secret {
        /// The `client_id`.
        client_id: String,
        /// Lets the newest old secret count beside the new one until the next change.
        #[arg(long)]
        keep_last: bool,
    },
    /// Removes a client; its tokens are not active from then on.
    Remove {
        /// The `client_id`.
        client_id: String,
    },
}

/// Members of a client's metadata.
#[derive(Debug, Args)]
struct MemberArgs {
    /// A JSON or TOML file with metadata by the names of RFC 7591; flags win over it.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The name people see.
    #[arg(long)]
    name: Option<String>,
    /// Where the browser may return to; may be repeated.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// `authorization_code`, `device`, `refresh_token` or `client_credentials`; may be repeated.
    #[arg(long = "grant-type", value_name = "TYPE")]
    grant_types: Vec<String>,
    /// The scopes it may ask for, separated by spaces.
    #[arg(long)]
    scope: Option<String>,
    /// How it authenticates at the token endpoint.
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// It runs on a person's device and keeps no secret: `native`, with the method `none`.
    #[arg(long, conflicts_with = "auth_method")]
    public: bool,
    /// It is the operator's own: nobody is asked for consent.
    #[arg(long)]
    first_party: bool,
}

impl MemberArgs {
    /// The members named, over those of the file.
    fn members(self) -> Result<Map<String, Json>, CommandError> {
        let mut members = match &self.file {
            Some(path) => document(path)?,
            None => Map::new(),
        };
        let mut set = |name: &str, value: Json| drop(members.insert(name.to_owned(), value));
        if let Some(name) = self.name {
            set("client_name", name.into());
        }
        if !self.redirect_uris.is_empty() {
            set("redirect_uris", self.redirect_uris.into());
        }
        if !self.grant_types.is_empty() {
            let types: Vec<String> = self.grant_types.into_iter().map(grant_type).collect();
            set("grant_types", types.into());
        }
        if let Some(scope) = self.scope {
            set("scope", scope.into());
        }
        if let Some(method) = self.auth_method {
            set("token_endpoint_auth_method", method.into());
        }
        if self.public {
            set("token_endpoint_auth_method", "none".into());
            set("application_type", "native".into());
        }
        if self.first_party {
            set("first_party", true.into());
        }
        Ok(members)
    }
}

/// The device grant has a name nobody types.
fn grant_type(word: String) -> String {
    match word.as_str() {
        "device" | "device_code" => DEVICE_CODE.to_owned(),
        _ => word,
    }
}

fn document(path: &PathBuf) -> Result<Map<String, Json>, CommandError> {
    let text = fs::read_to_string(path).map_err(|source| CommandError::File {
        path: path.clone(),
        source,
    })?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let read = if is_json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.to_string())
    };
    read.map_err(|why| CommandError::Other(format!("{}: {}", path.display(), why.trim_end())))
}

pub(super) async fn run(clients: Clients, terminal: Terminal) -> Status {
    desk::work(clients.store, terminal, |desk| async move {
        match clients.command {
            Command::Add { client_id, members } => add(&desk, client_id, members).await,
            Command::List => list(&desk).await,
            Command::Show { client_id } => show(&desk, &client_id).await,
            Command::Change {
                client_id,
                members,
                disable,
                enable,
            } => {
                let disabled = (disable || enable).then_some(disable);
                change(&desk, &client_id, members, disabled).await
            }
            Command::Secret {
                client_id,
                keep_last,
            } => {
                let client = desk
                    .operator
                    .new_client_secret(&client_id, keep_last)
                    .await?;
                registered(&desk, &client, "has a new secret");
                Ok(Status::Done)
            }
            Command::Remove { client_id } => {
                desk.operator.remove_client(&client_id).await?;
                desk.terminal.line(&format!("{client_id} is removed."));
                desk.terminal.value(&json!({ "removed": client_id }));
                Ok(Status::Done)
            }
        }
    })
    .await
}

async fn add(
    desk: &Desk,
    client_id: Option<String>,
    members: MemberArgs,
) -> Result<Status, CommandError> {
    let mut members = members.members()?;
    if let Some(client_id) = client_id {
        members.insert("client_id".to_owned(), client_id.into());
    }
    let new = NewClientDocument::parse(members)?;
    let client = desk.operator.add_client(new).await?;
    registered(desk, &client, "is added");
    Ok(Status::Done)
}

fn registered(desk: &Desk, client: &RegisteredClient, happened: &str) {
    let terminal = desk.terminal;
    terminal.line(&format!("{} {happened}.", client.client.client_id));
    let secret = client.client_secret.as_ref();
    let secret = secret.map(|secret| ("client_secret", secret.reveal()));
    secrets(terminal, secret.as_slice());
    terminal.value(client);
}

async fn list(desk: &Desk) -> Result<Status, CommandError> {
    let all = desk::every(async |wish| desk.operator.clients(wish).await).await?;
    let mut sheet = Sheet::new(&["CLIENT", "NAME", "GRANTS", "ADDED", ""]);
    for client in &all {
        let metadata = &client.metadata.0;
        sheet.row([
            client.client_id.clone(),
            metadata.client_name.clone().unwrap_or_default(),
            grants(client),
            minute(client.created_at),
            mark(client.disabled, "disabled"),
        ]);
    }
    sheet.print(
        desk.terminal,
        "There are no clients. `placet clients add` adds one.",
    );
    desk.terminal.value(&all);
    Ok(Status::Done)
}

/// The grant types by words that fit a column.
fn grants(client: &ClientView) -> String {
    let short = |grant_type: &String| match grant_type.as_str() {
        DEVICE_CODE => "device".to_owned(),
        "authorization_code" => "code".to_owned(),
        "refresh_token" => "refresh".to_owned(),
        "client_credentials" => "own".to_owned(),
        other => other.to_owned(),
    };
    match &client.metadata.0.grant_types {
        Some(types) => types.iter().map(short).collect::<Vec<_>>().join(" "),
        None => "code".to_owned(),
    }
}

async fn show(desk: &Desk, client_id: &str) -> Result<Status, CommandError> {
    let client = desk.operator.client(client_id).await?;
    let mut lines = vec![
        ("client_id", client.client_id.clone()),
        ("id", client.id.clone()),
        ("added", exact(client.created_at)),
        ("version", client.version.to_string()),
        ("secrets", client.secrets.to_string()),
        ("declared", mark(client.declared, "in the settings file")),
        ("disabled", mark(client.disabled, "yes")),
    ];
    let metadata = serde_json::to_value(&client.metadata).unwrap_or_default();
    let members = metadata.as_object().into_iter().flatten();
    lines.extend(members.map(|(name, value)| (name.as_str(), words(value))));
    parts(desk.terminal, &lines);
    desk.terminal.value(&client);
    Ok(Status::Done)
}

/// A member's value on one line.
fn words(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

async fn change(
    desk: &Desk,
    client_id: &str,
    members: MemberArgs,
    disabled: Option<bool>,
) -> Result<Status, CommandError> {
    let named = members.members()?;
    let read = desk.operator.client(client_id).await?;
    let stored = serde_json::to_value(&read.metadata).unwrap_or_default();
    let mut members = match stored {
        Json::Object(members) => members,
        _ => Map::new(),
    };
    members.extend(named);
    let disabled = disabled.unwrap_or(read.disabled);
    members.insert("disabled".to_owned(), disabled.into());
    let change = ClientChange::parse(members)?;
    let client = desk
        .operator
        .change_client(client_id, read.version, change)
        .await?;
    desk.terminal.line(&format!(
        "{client_id} is changed (version {}).",
        client.version
    ));
    desk.terminal.value(&client);
    Ok(Status::Done)
}
