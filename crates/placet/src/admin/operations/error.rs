//! Why an operation gave nothing, with a stable code for programs and one sentence for people.

use placet_core::{engine, refusal::Refusal, store::StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Fault;

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Flaw {
    /// The member it is about.
    pub member: String,
    /// What is wrong; completes the sentence that begins with the member.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Flaw {
    /// A flaw of `member`.
    pub fn new(member: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            member: member.into(),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn of(member: impl Into<String>, fault: Fault) -> Self {
        Self {
            member: member.into(),
            message: fault.message,
            hint: fault.hint,
        }
    }
}

/// Why an operation gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// Nothing goes by this name.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which name.
        name: String,
    },
    /// The name belongs to another one.
    #[error("{what} {name:?} is taken")]
    Taken {
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// What was sent breaks rules; all of them at once.
    #[error("{}", sentence(.0))]
    Invalid(Vec<Flaw>),
    /// It changed after the version that the change was made for.
    #[error("it changed meanwhile; read it again")]
    Stale,
    /// The request has its answer or its end, and nothing else changes it.
    #[error("the request has ended already")]
    Settled,
    /// The cursor was not made by this list of this server.
    #[error("the cursor is not one that this list gave")]
    BadCursor,
    /// Another master key wraps the data keys.
    #[error("the master key in use is not the one that wraps the store's data keys")]
    WrongMasterKey,
    /// Too many passwords are being hashed; it may work in a moment.
    #[error("too many passwords are being hashed; try again in a moment")]
    Busy,
    /// A signing key could not be read or made.
    #[error("signing keys: {0}")]
    Key(String),
    /// The engine could not say or do it.
    #[error(transparent)]
    Engine(engine::Error),
}

impl OperationError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Taken { .. } => "taken",
            Self::Invalid(_) => "invalid",
            Self::Stale => "stale",
            Self::Settled => "settled",
            Self::BadCursor => "bad_cursor",
            Self::WrongMasterKey => "wrong_master_key",
            Self::Busy => "busy",
            Self::Key(_) => "signing_keys",
            Self::Engine(_) => "unavailable",
        }
    }

    /// Invalid for one reason.
    pub(crate) fn invalid(member: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Flaw::new(member, message)])
    }

    /// What a missing or taken name of this kind means.
    pub(super) fn about(error: engine::Error, what: &'static str, name: &str) -> Self {
        let name = name.to_owned();
        match error {
            engine::Error::Refused(Refusal::NotFound) => Self::NotFound { what, name },
            engine::Error::Store(StoreError::Duplicate) => Self::Taken { what, name },
            engine::Error::Refused(_)
            | engine::Error::Unknown
            | engine::Error::Store(_)
            | engine::Error::Sign(_) => error.into(),
        }
    }
}

impl From<engine::Error> for OperationError {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Store(StoreError::Conflict) => Self::Stale,
            engine::Error::Refused(_)
            | engine::Error::Unknown
            | engine::Error::Store(_)
            | engine::Error::Sign(_) => Self::Engine(error),
        }
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        engine::Error::from(error).into()
    }
}

fn sentence(flaws: &[Flaw]) -> String {
    let one = |flaw: &Flaw| match &flaw.hint {
        Some(hint) => format!("{} {} ({hint})", flaw.member, flaw.message),
        None => format!("{} {}", flaw.member, flaw.message),
    };
    flaws.iter().map(one).collect::<Vec<_>>().join("; ")
}
