//! `placet requests`.

use clap::{Args, Subcommand};

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, exact, minute, parts},
};
use crate::{
    admin::operations::{RequestState, RequestView},
    cli::Status,
    terminal::Terminal,
};

/// What to do with requests that wait for a person.
#[derive(Debug, Args)]
pub(crate) struct Requests {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the requests that wait for an answer or to be collected.
    List,
    /// Shows one request, open or not, as long as it is kept.
    Show {
        /// Its id.
        request: String,
    },
    /// Ends a request without tokens.
    Cancel {
        /// Its id.
        request: String,
    },
}

pub(super) async fn run(requests: Requests, terminal: Terminal) -> Status {
    desk::work(requests.store, terminal, |desk| async move {
        match requests.command {
            Command::List => list(&desk).await,
            Command::Show { request } => Ok(show(&desk, &desk.operator.request(&request).await?)),
            Command::Cancel { request } => {
                let cancelled = desk.operator.cancel_request(&request).await?;
                desk.terminal.line(&format!("{request} is cancelled."));
                desk.terminal.value(&cancelled);
                Ok(Status::Done)
            }
        }
    })
    .await
}

async fn list(desk: &Desk) -> Result<Status, CommandError> {
    let all = desk::every(async |wish| desk.operator.requests(wish).await).await?;
    let mut sheet = Sheet::new(&["REQUEST", "STATE", "CLIENT", "SCOPES", "UNTIL"]);
    for request in &all {
        sheet.row([
            request.id.clone(),
            state(request.state),
            request.client_id.clone().unwrap_or_default(),
            request.scopes.join(" "),
            minute(request.expires_at),
        ]);
    }
    sheet.print(desk.terminal, "Nothing waits for a person.");
    desk.terminal.value(&all);
    Ok(Status::Done)
}

fn show(desk: &Desk, request: &RequestView) -> Status {
    parts(
        desk.terminal,
        &[
            ("request", request.id.clone()),
            ("state", state(request.state)),
            ("client", request.client_id.clone().unwrap_or_default()),
            ("from", request.peer.clone()),
            ("scopes", request.scopes.join(" ")),
            ("resources", request.resources.join(" ")),
            ("person", request.person.clone().unwrap_or_default()),
            ("delivery", request.delivery.to_owned()),
            ("opened", exact(request.created_at)),
            ("until", exact(request.expires_at)),
        ],
    );
    desk.terminal.value(request);
    Status::Done
}

fn state(state: RequestState) -> String {
    let name = serde_json::to_value(state).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}
