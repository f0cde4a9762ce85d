//! Where a command works: the settings are read, the store is opened, and what went wrong becomes one line.

use std::{future::Future, path::PathBuf, sync::Arc};

use clap::Args;
use placet_core::{engine::Caller, event::Actor};
use placet_web::person::Passwords;

use crate::{
    admin::operations::{Listing, OperationError, Operator, Wish},
    app::{Foundation, StartError, StoredTenancy},
    cli::{SettingsArgs, Status},
    config::{Settings, render},
    terminal::Terminal,
};

/// Which store a command works on.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StoreArgs {
    /// The settings file; also `PLACET_CONFIG`.
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The store, as in `sqlite:./placet.db` or `postgres://…`, if not the one in the settings.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

/// Why a command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("the settings are wrong\n{0}")]
    Settings(String),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error(transparent)]
    Archive(#[from] placet_store::archive::ArchiveError),
    #[error(transparent)]
    Move(#[from] placet_store::archive::MoveError),
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Other(String),
}

impl CommandError {
    const fn status(&self) -> Status {
        match self {
            Self::Settings(_) => Status::WrongSettings,
            Self::Start(_)
            | Self::Operation(_)
            | Self::Archive(_)
            | Self::Move(_)
            | Self::File { .. }
            | Self::Other(_) => Status::Failed,
        }
    }
}

/// What a command works with.
pub(super) struct Desk {
    pub(super) operator: Operator,
    pub(super) settings: Settings,
    pub(super) terminal: Terminal,
}

impl Desk {
    /// The same among the records of one tenant.
    pub(super) async fn among(&self, tenant: &str) -> Result<Arc<Self>, CommandError> {
        Ok(Arc::new(Self {
            operator: self.operator.among(tenant).await?,
            settings: self.settings.clone(),
            terminal: self.terminal,
        }))
    }
}

/// Opens the store, does the work there, closes it, and tells what went wrong.
pub(super) async fn work<W, F>(store: StoreArgs, terminal: Terminal, work: W) -> Status
where
    W: FnOnce(Arc<Desk>) -> F,
    F: Future<Output = Result<Status, CommandError>>,
{
    let done = match open(store, terminal).await {
        Ok((desk, foundation)) => {
            let done = work(Arc::new(desk)).await;
            foundation.store.close().await;
            done
        }
        Err(error) => Err(error),
    };
    told(done, terminal)
}

/// Every item of a list, read page by page.
pub(super) async fn every<T>(
    page: impl AsyncFn(&Wish) -> Result<Listing<T>, OperationError>,
) -> Result<Vec<T>, CommandError> {
    let mut all = Vec::new();
    let mut wish = Some(Wish::default());
    while let Some(this) = wish {
        let read = page(&this).await?;
        wish = this.following(&read);
        all.extend(read.items);
    }
    Ok(all)
}

/// The settings, for a command that works on the store as a whole and opens it itself.
pub(super) fn settings(store: StoreArgs) -> Result<Settings, CommandError> {
    let args = SettingsArgs {
        config: store.config,
        database_url: store.database_url,
        ..SettingsArgs::default()
    };
    args.load()
        .map_err(|problems| CommandError::Settings(render(&problems).trim_end().to_owned()))
}

/// Tells how a command ended that went wrong.
pub(super) fn told(done: Result<Status, CommandError>, terminal: Terminal) -> Status {
    done.unwrap_or_else(|error| {
        terminal.problem(&error.to_string());
        error.status()
    })
}

async fn open(store: StoreArgs, terminal: Terminal) -> Result<(Desk, Foundation), CommandError> {
    let settings = settings(store)?;
    let foundation = Foundation::open_existing(&settings).await?;
    let operator = Operator::new(
        Arc::clone(&foundation.engine),
        Arc::clone(&foundation.keys),
        Arc::new(Passwords::new(1, 1)),
        Arc::new(StoredTenancy::new(&foundation, &settings)),
        settings.development,
        Caller {
            actor: Actor::Operator,
            peer: None,
            ..Caller::default()
        },
    );
    let desk = Desk {
        operator,
        settings,
        terminal,
    };
    Ok((desk, foundation))
}
