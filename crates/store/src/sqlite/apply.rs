//! One commit inside the writer's transaction: all its changes or, by its savepoint, none.

use placet_core::store::{Expect, StoreError, Table, Version};
use rusqlite::{Connection, ErrorCode, Params, params};

use super::{
    job::{CommitJob, Step},
    statement, unavailable,
};

/// What one commit came to. It stands only once the whole transaction is durable.
pub(super) type Verdict = Result<(), StoreError>;

/// Applies `job`. An error of the engine, as opposed to a verdict, dooms the whole transaction.
pub(super) fn apply(connection: &Connection, job: &CommitJob) -> rusqlite::Result<Verdict> {
    run(connection, statement::SAVEPOINT, [])?;
    let verdict = match write(connection, job) {
        Ok(verdict) => verdict,
        Err(error) if is_of_one_commit(&error) => Err(unavailable(error)),
        Err(error) => return Err(error),
    };
    if verdict.is_err() {
        run(connection, statement::UNDO, [])?;
    }
    run(connection, statement::RELEASE, [])?;
    Ok(verdict)
}

fn write(connection: &Connection, job: &CommitJob) -> rusqlite::Result<Verdict> {
    let issuer = job.issuer.as_bytes();
    for step in &job.steps {
        if let Err(refused) = write_step(connection, issuer, step)? {
            return Ok(Err(refused));
        }
    }
    let event = &job.event;
    let appended = run(
        connection,
        statement::APPEND,
        params![
            issuer,
            event.id.as_bytes(),
            event.at.as_millis(),
            event.body
        ],
    )?;
    // The same event again is the same commit again: it happened, and does not happen twice.
    Ok(held(appended, StoreError::Conflict))
}

fn write_step(
    connection: &Connection,
    issuer: &[u8; 16],
    step: &Step,
) -> rusqlite::Result<Verdict> {
    match step {
        Step::Put {
            key,
            expect: Expect::Absent,
            keep_until,
            owner,
            body,
        } => {
            let sql = statement::of(key.table).insert;
            let row = params![issuer, key.bytes(), keep_until, owner, body];
            let taken = if key.table == Table::Name {
                StoreError::Duplicate
            } else {
                StoreError::Conflict
            };
            Ok(held(run(connection, sql, row)?, taken))
        }
        Step::Put {
            key,
            expect: Expect::At(version),
            keep_until,
            owner,
            body,
        } => {
            let sql = statement::of(key.table).update;
            let row = params![
                issuer,
                key.bytes(),
                keep_until,
                owner,
                body,
                number(*version)
            ];
            Ok(held(run(connection, sql, row)?, StoreError::Conflict))
        }
        Step::Require { key, version } => {
            let there = connection
                .prepare_cached(statement::of(key.table).require)?
                .exists(params![issuer, key.bytes(), number(*version)])?;
            Ok(held(usize::from(there), StoreError::Conflict))
        }
        Step::Delete { key, version } => {
            let sql = statement::of(key.table).delete;
            let deleted = run(
                connection,
                sql,
                params![issuer, key.bytes(), number(*version)],
            )?;
            Ok(held(deleted, StoreError::Conflict))
        }
        Step::Spend { value, keep_until } => {
            let spent = run(
                connection,
                statement::SPEND,
                params![issuer, value, keep_until],
            )?;
            Ok(held(spent, StoreError::Spent))
        }
    }
}

/// Runs one statement and tells how many rows it changed.
pub(super) fn run(
    connection: &Connection,
    sql: &'static str,
    params: impl Params,
) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(params)
}

fn held(rows: usize, otherwise: StoreError) -> Verdict {
    if rows == 0 { Err(otherwise) } else { Ok(()) }
}

/// A version no row can have stays one.
fn number(version: Version) -> i64 {
    i64::try_from(version).unwrap_or(-1)
}

/// Whether the engine objects to what one commit holds, and not to the state of the file.
fn is_of_one_commit(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
    )
}
