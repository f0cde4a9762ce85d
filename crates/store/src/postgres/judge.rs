//! What an error of the database means: for the caller, and for the connection it came on.
//!
//! An error that the server reports as such has undone its statement. Everything else – a connection that ended, a
//! server that ended the connection, an answer that did not come – leaves open what happened.

use placet_core::store::StoreError;
use tokio_postgres::{
    Error,
    error::{DbError, Severity, SqlState},
};

/// What a failed commit came to.
pub(super) enum Failure {
    /// This is told.
    Told(StoreError),
    /// The event is there already: the commit happened, or was given up.
    EventIsThere,
}

/// The store is away for this reason.
pub(super) fn unavailable(
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable {
        source: source.into(),
    }
}

/// The same error for each of those whom it befell together.
pub(super) fn repeated(error: &StoreError) -> StoreError {
    match error {
        StoreError::Conflict => StoreError::Conflict,
        StoreError::Duplicate => StoreError::Duplicate,
        StoreError::Spent => StoreError::Spent,
        StoreError::TooLate => StoreError::TooLate,
        StoreError::Unavailable { source } => unavailable(source.to_string()),
        StoreError::Full => StoreError::Full,
        StoreError::Unknown => StoreError::Unknown,
        StoreError::Corrupt { table, id, what } => StoreError::Corrupt {
            table: *table,
            id: id.clone(),
            what: what.clone(),
        },
    }
}

/// An error of the database as its whole chain says it: the first line alone is "db error".
pub(super) fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// What a read, or a statement that has not begun to write, failed with.
pub(super) fn of_read(error: &Error) -> StoreError {
    match error.code() {
        Some(&SqlState::DISK_FULL) => StoreError::Full,
        Some(_) | None => unavailable(text(error)),
    }
}

/// What the statement of a commit failed with.
pub(super) fn of_commit(error: &Error) -> Failure {
    let Some(database) = error.as_db_error().filter(|error| is_sure(error)) else {
        return Failure::Told(StoreError::Unknown);
    };
    let told = match *database.code() {
        SqlState::UNIQUE_VIOLATION => match table_of(database) {
            "event" => return Failure::EventIsThere,
            "spent" => StoreError::Spent,
            "name" => StoreError::Duplicate,
            _ => StoreError::Conflict,
        },
        // The one column that is NULL on purpose, and the one that says it is too late.
        SqlState::NOT_NULL_VIOLATION => match database.column() {
            Some("at") => StoreError::TooLate,
            Some(_) | None => StoreError::Conflict,
        },
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            StoreError::Conflict
        }
        _ => of_read(error),
    };
    Failure::Told(told)
}

/// Whether the server says that the statement of several commits was undone.
pub(super) fn is_undone(error: &Error) -> bool {
    error.as_db_error().is_some_and(is_sure)
}

/// Whether it failed for a reason that is none of the commits': no room, no time, no right to write.
pub(super) fn is_of_the_server(error: &Error) -> bool {
    is_of_class(error, &["53", "57", "25"])
}

/// Whether the server does not take such a statement, whatever its values.
pub(super) fn is_not_understood(error: &Error) -> bool {
    is_of_class(error, &["42", "0A"])
}

fn is_of_class(error: &Error, classes: &[&str]) -> bool {
    let code = error.code().map(SqlState::code).unwrap_or_default();
    classes.iter().any(|class| code.starts_with(class))
}

/// Whether the server says that the statement was undone. When it ends the connection it may have committed before.
fn is_sure(error: &DbError) -> bool {
    let doubtful = [
        SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
        SqlState::TRANSACTION_RESOLUTION_UNKNOWN,
    ];
    let undone = match error.parsed_severity() {
        Some(severity) => severity == Severity::Error,
        None => error.severity() == "ERROR",
    };
    undone && !doubtful.contains(error.code())
}

/// The table whose key was taken. Engines that do not name it name its key after it.
fn table_of(error: &DbError) -> &str {
    let key = || {
        error
            .constraint()
            .and_then(|name| name.strip_suffix("_pkey"))
    };
    error.table().or_else(key).unwrap_or_default()
}

/// Whether the connection is of no more use after this error.
pub(super) fn ends_connection(error: &Error) -> bool {
    let Some(database) = error.as_db_error() else {
        return true;
    };
    let gone = [
        // K7: a primary that became a standby keeps its connections.
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        // Somebody between here and the server gave away what was prepared.
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::FEATURE_NOT_SUPPORTED,
    ];
    !is_sure(database) || gone.contains(database.code())
}
