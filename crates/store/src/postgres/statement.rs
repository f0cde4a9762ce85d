//! The statements that never change, and the values that go with a statement. A test prepares them all.

use placet_core::store::Table;
use tokio_postgres::types::ToSql;

/// A question about one row, found by its key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// Asked once: `$1` is the issuer, `$2` the key.
    pub(super) one: &'static str,
    /// Asked for many at once: `$1` are the issuers, `$2` the keys. The last column tells whose answer a row is, from 1.
    pub(super) many: &'static str,
}

/// The statements of one table.
pub(super) struct Statements {
    pub(super) get: Question,
    /// Several at once, in one issuer: `$1` is the issuer, `$2` the keys.
    pub(super) get_many: &'static str,
    pub(super) page: &'static str,
    /// Absent where nothing has an owner.
    pub(super) owned: Option<&'static str>,
    /// Absent where nothing ends by itself.
    pub(super) sweep: Option<&'static str>,
}

/// A question whose row is `t`: what it wants, and where from, with what is joined to it.
macro_rules! question {
    ($wants:literal, $table:literal, $joined:literal) => {
        Question {
            one: concat!(
                "SELECT ",
                $wants,
                " FROM ",
                $table,
                " t ",
                $joined,
                " WHERE t.key = $2 AND t.issuer = $1"
            ),
            many: concat!(
                "SELECT ",
                $wants,
                ", w.n FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS w (issuer, key, n) \
                 JOIN ",
                $table,
                " t ON t.key = w.key AND t.issuer = w.issuer ",
                $joined
            ),
        }
    };
}

macro_rules! sweep {
    ($table:literal, $key:literal) => {
        concat!(
            "WITH ended AS MATERIALIZED (SELECT ", $key, ", issuer FROM ", $table,
            " WHERE keep_until < $1 ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED) DELETE FROM ",
            $table, " USING ended WHERE ", $table, ".", $key, " = ended.", $key, " AND ", $table,
            ".issuer = ended.issuer RETURNING 1"
        )
    };
}

macro_rules! statements {
    ($table:literal) => {
        statements!(@ $table, None, None)
    };
    ($table:literal, ends) => {
        statements!(@ $table, None, Some(sweep!($table, "key")))
    };
    ($table:literal, owned, ends) => {
        statements!(
            @ $table,
            Some(concat!(
                "SELECT key, version, body FROM ", $table,
                " WHERE owner = $2 AND issuer = $1 ORDER BY key LIMIT $3"
            )),
            Some(sweep!($table, "key"))
        )
    };
    (@ $table:literal, $owned:expr, $sweep:expr) => {
        Statements {
            get: question!("t.version, t.body", $table, ""),
            get_many: concat!(
                "SELECT key, version, body FROM ", $table, " WHERE key = ANY($2) AND issuer = $1"
            ),
            page: concat!(
                "SELECT key, version, body FROM ", $table,
                " WHERE key > $2 AND issuer = $1 ORDER BY key LIMIT $3"
            ),
            owned: $owned,
            sweep: $sweep,
        }
    };
}

/// The statements of `table`.
pub(super) const fn of(table: Table) -> &'static Statements {
    match table {
        Table::Issuer => &const { statements!("issuer") },
        Table::Client => &const { statements!("client", ends) },
        Table::Person => &const { statements!("person") },
        Table::Name => &const { statements!("name") },
        Table::Session => &const { statements!("session", owned, ends) },
        Table::Pending => &const { statements!("pending", owned, ends) },
        Table::Handle => &const { statements!("handle", ends) },
        Table::Grant => &const { statements!("grants", owned, ends) },
        Table::Family => &const { statements!("family", owned, ends) },
        Table::Refresh => &const { statements!("refresh", ends) },
        Table::Access => &const { statements!("access", ends) },
        Table::SigningKey => &const { statements!("signing_key") },
        Table::DataKey => &const { statements!("data_key") },
        Table::Tenant => &const { statements!("tenant") },
        Table::Callback => &const { statements!("callback", ends) },
    }
}

pub(super) const SWEEP_SPENT: &str = sweep!("spent", "value");
/// Of the oldest events those from before a time, so that the walk never goes beyond its limit.
pub(super) const SWEEP_EVENTS: &str = "WITH oldest AS MATERIALIZED (SELECT id, issuer, at FROM event \
    ORDER BY id, issuer LIMIT $2 FOR UPDATE SKIP LOCKED) DELETE FROM event USING oldest \
    WHERE event.id = oldest.id AND event.issuer = oldest.issuer AND oldest.at < $1 RETURNING 1";

/// A request by its handle, in one look.
pub(super) const PENDING_BY: Question = question!(
    "t.body, t.pending_key, p.version, p.body",
    "handle",
    "LEFT JOIN pending p ON p.key = t.pending_key AND p.issuer = t.issuer"
);
/// An access token and all it names, as of one moment: one statement sees one snapshot.
pub(super) const ACCESS: Question = question!(
    "t.version, t.body, f.key, f.version, f.body, \
     g.key, g.version, g.body, s.key, s.version, s.body, p.key, p.version, p.body",
    "access",
    "LEFT JOIN family f ON f.key = t.family_key AND f.issuer = t.issuer \
     LEFT JOIN grants g ON g.key = t.grant_key AND g.issuer = t.issuer \
     LEFT JOIN session s ON s.key = t.session_key AND s.issuer = t.issuer \
     LEFT JOIN person p ON p.key = t.person_key AND p.issuer = t.issuer"
);
/// A refresh token, its family, and all the family names.
pub(super) const REFRESH: Question = question!(
    "t.version, t.body, f.key, f.version, f.body, \
     g.key, g.version, g.body, s.key, s.version, s.body, p.key, p.version, p.body",
    "refresh",
    "LEFT JOIN family f ON f.key = t.family_key AND f.issuer = t.issuer \
     LEFT JOIN grants g ON g.key = f.owner AND g.issuer = f.issuer \
     LEFT JOIN session s ON s.key = f.session_key AND s.issuer = f.issuer \
     LEFT JOIN person p ON p.key = f.person_key AND p.issuer = f.issuer"
);
pub(super) const PENDING_VERSION: Question = question!("t.version", "pending", "");
/// Of requests somebody waits for, those that moved on or are gone.
pub(super) const MOVED: &str = "SELECT w.key, p.version FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS w (issuer, key, seen) \
    LEFT JOIN pending p ON p.key = w.key AND p.issuer = w.issuer WHERE p.version IS NULL OR p.version > w.seen";

pub(super) const EVENTS: &str = "SELECT body FROM event WHERE id > $2 AND issuer = $1 AND body IS NOT NULL \
    ORDER BY id LIMIT $3";
pub(super) const NEWEST_EVENT_AT: &str =
    "SELECT at FROM event ORDER BY id DESC, issuer DESC LIMIT 1";
/// Decides what became of a commit. It waits for a transaction that is about to write this event, keeps out one that
/// comes later, and writes, so that the answer is as durable as the commit.
pub(super) const OUTCOME: &str = "INSERT INTO event (id, issuer, at, fence) VALUES ($2, $1, $3, 1) \
    ON CONFLICT (id, issuer) DO UPDATE SET fence = event.fence + 1 RETURNING body IS NOT NULL";
/// How often the commit of an event was given up. No row: it happened, or nobody asked.
pub(super) const FENCE: &str =
    "SELECT fence FROM event WHERE id = $2 AND issuer = $1 AND body IS NULL";

pub(super) const REVISION: &str = "SELECT sum(number)::bigint FROM revision";
pub(super) const CLOCK: &str =
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
pub(super) const NOTIFY: &str = "SELECT pg_notify('placet_wake', $1)";

/// Everything above that does not belong to one table.
#[cfg(feature = "testing")]
pub(super) const OTHERS: [&str; 18] = [
    SWEEP_SPENT,
    SWEEP_EVENTS,
    PENDING_BY.one,
    PENDING_BY.many,
    ACCESS.one,
    ACCESS.many,
    REFRESH.one,
    REFRESH.many,
    PENDING_VERSION.one,
    PENDING_VERSION.many,
    MOVED,
    EVENTS,
    NEWEST_EVENT_AT,
    OUTCOME,
    FENCE,
    REVISION,
    CLOCK,
    NOTIFY,
];

/// A value of a statement.
#[derive(Debug)]
pub(super) enum Param<'a> {
    Bytes(Option<&'a [u8]>),
    Number(Option<i64>),
    Text(&'a str),
    ManyBytes(Vec<Option<&'a [u8]>>),
    ManyNumbers(Vec<Option<i64>>),
    ManyTexts(Vec<&'a str>),
}

impl Param<'_> {
    /// As the driver takes it.
    pub(super) fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Bytes(value) => value,
            Self::Number(value) => value,
            Self::Text(value) => value,
            Self::ManyBytes(values) => values,
            Self::ManyNumbers(values) => values,
            Self::ManyTexts(values) => values,
        }
    }
}
