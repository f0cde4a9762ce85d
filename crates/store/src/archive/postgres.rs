//! PostgreSQL as a source and as a sink of whole stores, on a connection of its own and in one transaction.

use placet_core::{
    engine::Violation,
    store::{Key, Record, Table},
    time::Timestamp,
};
use tokio_postgres::{GenericClient, IsolationLevel, Row as Found, types::ToSql};

use super::{
    ArchiveError,
    inspect::{add, at},
    row::{Row, Section},
    stream::{BATCH_ROWS, Feed, Head, HeadIssuer, Part, Stream, next},
    sums::{Adder, Sums},
};
use crate::postgres::{PostgresUrl, Settings, Whole, links, links_of, schema_known};

/// Sends every row there is, as of one moment. Nobody is held up.
pub(super) async fn send(url: &PostgresUrl, settings: &Settings, feed: Feed) {
    if let Err(Stop::Failed(error)) = send_all(url, settings, &feed).await {
        // Whoever reads the stream may have gone; then nobody asks.
        feed.send(Err(error)).await.ok();
    }
}

enum Stop {
    Gone,
    Failed(ArchiveError),
}

impl<E: Into<ArchiveError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

async fn send_all(url: &PostgresUrl, settings: &Settings, feed: &Feed) -> Result<(), Stop> {
    let mut whole = Whole::connect(url, settings)
        .await
        .map_err(ArchiveError::from)?;
    let schema = checked_schema(&mut whole).await?;
    let moment = whole
        .client()
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let mut issuers = Vec::new();
    let section = Section::Records(Table::Issuer);
    for issuer in issuers_of(&moment, section).await? {
        for row in page(&moment, section, &issuer, &[]).await? {
            issuers.extend(HeadIssuer::of(&row));
        }
    }
    let tell = async |part| feed.send(Ok(part)).await.map_err(|_| Stop::Gone);
    tell(Part::Head(Head { schema, issuers })).await?;
    let mut adder = Adder::new();
    for section in Section::all() {
        for issuer in issuers_of(&moment, section).await? {
            let mut after = Vec::new();
            loop {
                let rows = page(&moment, section, &issuer, &after).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.key);
                for row in &rows {
                    adder.add(row);
                }
                tell(Part::Rows(rows)).await?;
            }
        }
    }
    moment.commit().await?;
    tell(Part::End(adder.finish())).await
}

async fn checked_schema(whole: &mut Whole) -> Result<i64, ArchiveError> {
    let (found, known) = (whole.schema().await?, schema_known());
    if found < known {
        return Err(ArchiveError::OlderSchema { found, known });
    }
    Ok(found)
}

/// Fills the empty database: all of it, or nothing.
pub(super) async fn fill(
    url: &PostgresUrl,
    settings: &Settings,
    stream: &mut Stream,
) -> Result<(Head, Sums), ArchiveError> {
    let mut whole = Whole::connect(url, settings).await?;
    let transaction = whole.client().transaction().await?;
    if !holds_nothing(&transaction).await? {
        return Err(ArchiveError::NotEmpty);
    }
    let Part::Head(head) = next(stream).await? else {
        return Err(ArchiveError::Broken);
    };
    let wanted = loop {
        match next(stream).await? {
            Part::Head(_) => return Err(ArchiveError::Broken),
            Part::Rows(rows) => {
                for run in rows.chunk_by(|a, b| a.section == b.section) {
                    insert(&transaction, run).await?;
                }
            }
            Part::End(sums) => break sums,
        }
    };
    // Read back before anybody can see it: what cannot be proven whole never becomes a store.
    if add_up(&transaction).await? != wanted {
        return Err(ArchiveError::Differs);
    }
    // Nodes that run drop what they keep in memory.
    transaction.batch_execute(REVISE).await?;
    let committed = transaction.commit().await;
    if committed.is_err() || whole.is_in_doubt() {
        return Err(ArchiveError::Unknown);
    }
    Ok((head, wanted))
}

const REVISE: &str = "UPDATE revision SET number = number + 1 WHERE slot = 0";

/// What the rows of the database add up to, as of one moment.
pub(super) async fn sums_of(url: &PostgresUrl, settings: &Settings) -> Result<Sums, ArchiveError> {
    let mut whole = Whole::connect(url, settings).await?;
    checked_schema(&mut whole).await?;
    let moment = whole
        .client()
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    add_up(&moment).await
}

/// The database's own time.
pub(super) async fn now(url: &PostgresUrl, settings: &Settings) -> Result<Timestamp, ArchiveError> {
    let mut whole = Whole::connect(url, settings).await?;
    let sql = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let row = whole.client().query_one(sql, &[]).await?;
    Ok(Timestamp::from_millis(row.try_get(0)?))
}

/// Whether there is no row of any section.
pub(super) async fn is_empty(url: &PostgresUrl, settings: &Settings) -> Result<bool, ArchiveError> {
    let mut whole = Whole::connect(url, settings).await?;
    holds_nothing(whole.client()).await
}

async fn holds_nothing(client: &impl GenericClient) -> Result<bool, ArchiveError> {
    for section in Section::all() {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", section.name());
        if client.query_opt(&sql, &[]).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn add_up(client: &impl GenericClient) -> Result<Sums, ArchiveError> {
    let mut adder = Adder::new();
    for section in Section::all() {
        for issuer in issuers_of(client, section).await? {
            let mut after = Vec::new();
            loop {
                let rows = page(client, section, &issuer, &after).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.key);
                for row in &rows {
                    adder.add(row);
                }
            }
        }
    }
    Ok(adder.finish())
}

/// Whose rows a section holds, in their order.
async fn issuers_of(
    client: &impl GenericClient,
    section: Section,
) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let table = section.name();
    let sql = format!("SELECT DISTINCT issuer FROM {table} ORDER BY issuer");
    let rows = client.query(&sql, &[]).await?;
    let issuers = rows.iter().map(|row| row.try_get(0));
    Ok(issuers.collect::<Result<_, _>>()?)
}

/// The next rows of a section after the key `after`, in the order of their keys. Tombstones of commits that never
/// happened are no rows: nobody can still mean to make such a commit in another database.
async fn page(
    client: &impl GenericClient,
    section: Section,
    issuer: &[u8],
    after: &[u8],
) -> Result<Vec<Row>, ArchiveError> {
    let (columns, table, key) = match section {
        Section::Records(table) => ("key, version, keep_until, owner, body", table.name(), "key"),
        Section::Spent => ("value, keep_until", "spent", "value"),
        Section::Events => ("id, at, body", "event", "id"),
    };
    let only = match section {
        Section::Events => " AND body IS NOT NULL",
        Section::Records(_) | Section::Spent => "",
    };
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE {key} > $1 AND issuer = $2{only} ORDER BY {key} LIMIT {BATCH_ROWS}"
    );
    let found = client.query(&sql, &[&after, &issuer]).await?;
    let rows = found.iter().map(|found| row(section, issuer, found));
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row(section: Section, issuer: &[u8], found: &Found) -> Result<Row, tokio_postgres::Error> {
    let mut row = Row {
        section,
        issuer: issuer.to_vec(),
        key: found.try_get(0)?,
        version: None,
        keep_until: None,
        owner: None,
        at: None,
        body: None,
    };
    match section {
        Section::Records(_) => {
            row.version = found.try_get(1)?;
            row.keep_until = found.try_get(2)?;
            row.owner = found.try_get(3)?;
            row.body = found.try_get(4)?;
        }
        Section::Spent => row.keep_until = found.try_get(1)?,
        Section::Events => {
            row.at = found.try_get(1)?;
            row.body = found.try_get(2)?;
        }
    }
    Ok(row)
}

/// Inserts rows of one section, column by column.
async fn insert(client: &impl GenericClient, rows: &[Row]) -> Result<(), ArchiveError> {
    let Some(section) = rows.first().map(|row| row.section) else {
        return Ok(());
    };
    let issuers: Vec<&[u8]> = rows.iter().map(|row| row.issuer.as_slice()).collect();
    let keys: Vec<&[u8]> = rows.iter().map(|row| row.key.as_slice()).collect();
    let versions: Vec<Option<i64>> = rows.iter().map(|row| row.version).collect();
    let ends: Vec<Option<i64>> = rows.iter().map(|row| row.keep_until).collect();
    let owners: Vec<Option<&[u8]>> = rows.iter().map(|row| row.owner.as_deref()).collect();
    let times: Vec<Option<i64>> = rows.iter().map(|row| row.at).collect();
    let bodies: Vec<Option<&str>> = rows.iter().map(|row| row.body.as_deref()).collect();
    let links = links_by_column(section, rows)?;
    let mut columns: Vec<(&str, &str, &(dyn ToSql + Sync))> = vec![("issuer", "bytea", &issuers)];
    match section {
        Section::Records(table) => {
            columns.extend([
                ("key", "bytea", &keys as &(dyn ToSql + Sync)),
                ("version", "bigint", &versions),
                ("keep_until", "bigint", &ends),
                ("owner", "bytea", &owners),
                ("body", "text", &bodies),
            ]);
            for (name, column) in links_of(table).iter().zip(&links) {
                columns.push((name, "bytea", column));
            }
        }
        Section::Spent => columns.extend([
            ("value", "bytea", &keys as &(dyn ToSql + Sync)),
            ("keep_until", "bigint", &ends),
        ]),
        Section::Events => columns.extend([
            ("id", "bytea", &keys as &(dyn ToSql + Sync)),
            ("at", "bigint", &times),
            ("body", "text", &bodies),
        ]),
    }
    let names: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
    let arrays = columns
        .iter()
        .zip(1..)
        .map(|((_, kind, _), n)| format!("${n}::{kind}[]"));
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        section.name(),
        names.join(", "),
        arrays.collect::<Vec<_>>().join(", ")
    );
    let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|(_, _, value)| *value).collect();
    client.execute(&sql, &values).await?;
    Ok(())
}

/// The columns that repeat what bodies name, each with one value a row.
fn links_by_column(
    section: Section,
    rows: &[Row],
) -> Result<Vec<Vec<Option<Vec<u8>>>>, ArchiveError> {
    let Section::Records(table) = section else {
        return Ok(Vec::new());
    };
    let mut columns = vec![Vec::with_capacity(rows.len()); links_of(table).len()];
    if columns.is_empty() {
        return Ok(columns);
    }
    for row in rows {
        let unreadable = || ArchiveError::Unreadable {
            table: table.name(),
        };
        let key = Key::from_bytes(table, &row.key).ok_or_else(unreadable)?;
        let body = row.body.as_deref().unwrap_or_default();
        let record = Record::decode(&key, body.as_bytes()).map_err(|_| unreadable())?;
        for (column, link) in columns.iter_mut().zip(links(&record)) {
            column.push(link.map(|key| key.bytes().to_vec()));
        }
    }
    Ok(columns)
}

/// Looks at what this engine alone keeps beside a row: the columns that repeat what a body names, and tombstones.
pub(super) async fn inspect(
    url: &PostgresUrl,
    settings: &Settings,
    found: &mut Vec<Violation>,
) -> Result<(), ArchiveError> {
    let mut whole = Whole::connect(url, settings).await?;
    let client = whole.client();
    for table in Table::ALL {
        let columns = links_of(table);
        if columns.is_empty() {
            continue;
        }
        let name = table.name();
        let sql = format!(
            "SELECT key, body, {} FROM {name} WHERE (key, issuer) > ($1, $2) ORDER BY key, issuer LIMIT {BATCH_ROWS}",
            [columns, &["issuer"]].concat().join(", ")
        );
        let (mut key, mut issuer): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
        loop {
            let rows = client.query(&sql, &[&key, &issuer]).await?;
            for row in &rows {
                key = row.try_get(0)?;
                issuer = row.try_get(2 + columns.len())?;
                if !is_linked(table, &key, row)? {
                    let what = "a column that repeats what it names differs".to_owned();
                    add(
                        found,
                        "columns say what the body says",
                        at(name, &key),
                        what,
                    );
                }
            }
            if rows.is_empty() {
                break;
            }
        }
    }
    let tombstones = "SELECT id FROM event WHERE body IS NULL AND fence IS NULL LIMIT 100";
    for row in client.query(tombstones, &[]).await? {
        let id: &[u8] = row.try_get(0)?;
        let what = "it neither happened nor was given up".to_owned();
        add(found, "every event reads", at("event", id), what);
    }
    Ok(())
}

/// Whether the columns say what the body says. A body that does not read says nothing.
fn is_linked(table: Table, key: &[u8], row: &Found) -> Result<bool, ArchiveError> {
    let body: &str = row.try_get(1)?;
    let Some(key) = Key::from_bytes(table, key) else {
        return Ok(true);
    };
    let Ok(record) = Record::decode(&key, body.as_bytes()) else {
        return Ok(true);
    };
    for (n, link) in links(&record).iter().enumerate() {
        let column: Option<&[u8]> = row.try_get(2 + n)?;
        if column != link.as_ref().map(Key::bytes) {
            return Ok(false);
        }
    }
    Ok(true)
}
