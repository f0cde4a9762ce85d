//! Freeing space: what ended is deleted in small steps, so that no commit waits long behind one.

use placet_core::{store::Table, time::Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{apply::run, job::SweepStep, statement};

/// The most rows one step deletes: about a millisecond of the writer's time.
pub(super) const STEP_LIMIT: usize = 256;

/// The steps of one sweep, one for each thing that ends.
pub(super) fn steps(now: Timestamp, events_before: Timestamp) -> impl Iterator<Item = SweepStep> {
    Table::ALL
        .into_iter()
        .filter_map(|table| statement::of(table).sweep)
        .chain([statement::SWEEP_SPENT])
        .map(move |sql| SweepStep::Ended { sql, now })
        .chain([SweepStep::Events {
            before: events_before,
        }])
}

/// Deletes rows whose retention ended before `now`, oldest first.
pub(super) fn ended(
    connection: &Connection,
    sql: &'static str,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    run(connection, sql, params![now.as_millis(), rows(limit)])
}

/// Deletes events from before a time, oldest first. Ids are ordered by time, so the walk ends at the first event
/// that is to stay.
pub(super) fn events(
    connection: &Connection,
    before: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    let mut deleted = 0;
    let mut issuer: Vec<u8> = Vec::new();
    while deleted < limit {
        let next = connection
            .prepare_cached(statement::NEXT_EVENT_ISSUER)?
            .query_row([&issuer], |row| row.get(0))
            .optional()?;
        let Some(next) = next else { break };
        issuer = next;
        if let Some(last) = last_event_before(connection, &issuer, before, limit - deleted)? {
            deleted += run(connection, statement::DELETE_EVENTS, params![issuer, last])?;
        }
    }
    Ok(deleted)
}

fn last_event_before(
    connection: &Connection,
    issuer: &[u8],
    before: Timestamp,
    limit: usize,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached(statement::OLDEST_EVENTS)?;
    let mut found = statement.query(params![issuer, rows(limit)])?;
    let mut last = None;
    while let Some(row) = found.next()? {
        if row.get::<_, i64>(1)? >= before.as_millis() {
            break;
        }
        last = Some(row.get(0)?);
    }
    Ok(last)
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
