//! What a restore leaves behind, unless the operator says that nothing happened since the backup.
//!
//! Between a backup and its restore codes were used, tokens rotated and revoked, sign-ins and consents ended. The archive
//! does not know, so all that could come back to life is left out: requests with their codes, tokens, sign-ins, and what
//! people had allowed. And every issuer honours only what is issued from the restore on, so that nothing of before counts
//! wherever it turns up.

use placet_core::{
    event::{Actor, Event, EventKind},
    id::Id,
    random::Random,
    store::{Key, Record, Table},
    time::Timestamp,
};

use super::{
    ArchiveError,
    row::{Row, Section},
    stream::{Feed, Part, Stream, next_blocking},
    sums::Adder,
};

/// Whether rows of this section say what was agreed and may have ended since.
const fn is_left_out(section: Section) -> bool {
    match section {
        Section::Records(table) => match table {
            Table::Session
            | Table::Pending
            | Table::Handle
            | Table::Grant
            | Table::Family
            | Table::Refresh
            | Table::Access
            | Table::Callback => true,
            Table::Issuer
            | Table::Client
            | Table::Person
            | Table::Name
            | Table::SigningKey
            | Table::DataKey
            | Table::Tenant => false,
        },
        Section::Spent | Section::Events => false,
    }
}

/// Passes on what a restore at `now` keeps, and adds to each issuer that it was restored.
pub(super) fn raise(mut from: Stream, to: &Feed, now: Timestamp, random: &dyn Random) {
    if let Err(error) = pass(&mut from, to, now, random) {
        // Whoever reads the stream may have gone; then nobody asks.
        to.blocking_send(Err(error)).ok();
    }
}

fn pass(
    from: &mut Stream,
    to: &Feed,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), ArchiveError> {
    let mut adder = Adder::new();
    // Events that are added, in the order of their rows, and told where they belong in it.
    let mut news: Vec<Row> = Vec::new();
    loop {
        let part = match next_blocking(from)? {
            Part::Head(head) => Part::Head(head),
            Part::Rows(rows) => {
                let mut kept = Vec::with_capacity(rows.len() + news.len());
                for row in rows.into_iter().filter(|row| !is_left_out(row.section)) {
                    while let Some(event) = news.pop_if(|event| event.place() < row.place()) {
                        kept.push(event);
                    }
                    if row.section == Section::Records(Table::Issuer) {
                        news.push(restored(&row, now, random));
                        news.sort_by(|a, b| b.place().cmp(&a.place()));
                        kept.push(raised(row, now)?);
                    } else {
                        kept.push(row);
                    }
                }
                for row in &kept {
                    adder.add(row);
                }
                Part::Rows(kept)
            }
            Part::End(_) => break,
        };
        if to.blocking_send(Ok(part)).is_err() {
            return Ok(());
        }
    }
    news.reverse();
    for row in &news {
        adder.add(row);
    }
    for part in [Part::Rows(news), Part::End(adder.finish())] {
        if to.blocking_send(Ok(part)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The issuer's row, honouring only what is issued from now on.
fn raised(row: Row, now: Timestamp) -> Result<Row, ArchiveError> {
    let unreadable = || ArchiveError::Unreadable {
        table: Table::Issuer.name(),
    };
    let key = Key::from_bytes(Table::Issuer, &row.key).ok_or_else(unreadable)?;
    let body = row.body.as_deref().unwrap_or_default();
    let record = Record::decode(&key, body.as_bytes()).map_err(|_| unreadable())?;
    let Record::Issuer(mut issuer) = record else {
        return Err(unreadable());
    };
    issuer.not_before = issuer.not_before.max(Some(now));
    let body = String::from_utf8(Record::Issuer(issuer).encode()).map_err(|_| unreadable())?;
    Ok(Row {
        version: row.version.map(|version| version.saturating_add(1)),
        body: Some(body),
        ..row
    })
}

/// The event that says so.
fn restored(issuer: &Row, now: Timestamp, random: &dyn Random) -> Row {
    let mut event = Event::new(Id::ordered(now, random), EventKind::IssuerChanged, now);
    event.actor = Actor::Operator;
    event.note = Some("restored from a backup".into());
    let body = serde_json::to_string(&event).expect("events have text keys and finite numbers");
    Row {
        section: Section::Events,
        issuer: issuer.issuer.clone(),
        key: event.id.as_bytes().to_vec(),
        version: None,
        keep_until: None,
        owner: None,
        at: Some(now.as_millis()),
        body: Some(body),
    }
}
