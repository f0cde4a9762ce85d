//! `placet sessions`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, counted, minute},
};
use crate::{cli::Status, terminal::Terminal};

/// What to do with sign-ins.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists where a person is signed in.
    List {
        /// Their user name or id.
        person: String,
    },
    /// Ends one sign-in of a person, or all of them. Tokens that were bound to it end too.
    End {
        /// Their user name or id.
        person: String,
        /// The session, as `list` prints it.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        session: Option<String>,
        /// Every one of them.
        #[arg(long)]
        all: bool,
    },
}

pub(super) async fn run(sessions: Sessions, terminal: Terminal) -> Status {
    desk::work(sessions.store, terminal, |desk| async move {
        match sessions.command {
            Command::List { person } => list(&desk, &person).await,
            Command::End {
                person, session, ..
            } => end(&desk, &person, session).await,
        }
    })
    .await
}

async fn list(desk: &Desk, person: &str) -> Result<Status, CommandError> {
    let sessions = desk.operator.sessions(person).await?;
    let mut sheet = Sheet::new(&["SESSION", "SINCE", "UNTIL", "FROM", "BROWSER"]);
    for session in &sessions {
        sheet.row([
            session.sid.clone(),
            minute(session.created_at),
            minute(session.expires_at),
            session.peer.clone(),
            session.agent.clone(),
        ]);
    }
    sheet.print(
        desk.terminal,
        &format!("{person} is not signed in anywhere."),
    );
    desk.terminal.value(&sessions);
    Ok(Status::Done)
}

async fn end(desk: &Desk, person: &str, session: Option<String>) -> Result<Status, CommandError> {
    let ended = match session {
        Some(sid) => {
            desk.operator.end_session(person, &sid).await?;
            1
        }
        None => desk.operator.end_sessions(person).await?,
    };
    let words = counted(ended, "sign-in is over", "sign-ins are over");
    desk.terminal.line(&format!("{words}."));
    desk.terminal.value(&json!({ "ended": ended }));
    Ok(Status::Done)
}
