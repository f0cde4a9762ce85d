//! One commit inside the writer's transaction: all its changes or none.

use placet_core::store::{Expect, StoreError, Table, Version};
use rusqlite::{Connection, ErrorCode, Params, params};

use super::{
    job::{CommitJob, EventRow, Step},
    statement, unavailable,
};

/// What one commit came to. It stands only once the whole transaction is durable.
pub(super) type Verdict = Result<(), StoreError>;

/// Applies `job` in a savepoint, so that one that does not hold leaves its neighbours alone. An error of the engine, as
/// opposed to a verdict, dooms the whole transaction.
pub(super) fn apply_alone(connection: &Connection, job: &CommitJob) -> rusqlite::Result<Verdict> {
    run(connection, statement::SAVEPOINT, [])?;
    let (verdict, _) = write(connection, job)?;
    if verdict.is_err() {
        run(connection, statement::UNDO, [])?;
    }
    run(connection, statement::RELEASE, [])?;
    Ok(verdict)
}

/// Applies `job` without one. `None` when it does not hold and something of it is written already: only the whole
/// transaction can be undone then.
pub(super) fn apply(connection: &Connection, job: &CommitJob) -> rusqlite::Result<Option<Verdict>> {
    let (verdict, wrote) = write(connection, job)?;
    Ok((verdict.is_ok() || !wrote).then_some(verdict))
}

/// Writes the steps up to the first that does not hold, and tells whether anything was written.
fn write(connection: &Connection, job: &CommitJob) -> rusqlite::Result<(Verdict, bool)> {
    let issuer = job.issuer.as_bytes();
    let mut wrote = false;
    for step in &job.steps {
        let verdict = judged(write_step(connection, issuer, step))?;
        if verdict.is_err() {
            return Ok((verdict, wrote));
        }
        wrote |= !matches!(step, Step::Require { .. });
    }
    let verdict = judged(append(connection, issuer, &job.event))?;
    wrote |= verdict.is_ok();
    Ok((verdict, wrote))
}

/// The verdict, also where the engine objects to what this one commit holds.
fn judged(outcome: rusqlite::Result<Verdict>) -> rusqlite::Result<Verdict> {
    match outcome {
        Err(error) if is_of_one_commit(&error) => Ok(Err(unavailable(error))),
        outcome => outcome,
    }
}

fn append(
    connection: &Connection,
    issuer: &[u8; 16],
    event: &EventRow,
) -> rusqlite::Result<Verdict> {
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
