//! Every SQL statement there is, as a constant. A test prepares them all.

use placet_core::store::Table;

/// The statements of one table.
pub(super) struct Statements {
    pub(super) get: &'static str,
    pub(super) insert: &'static str,
    pub(super) update: &'static str,
    pub(super) require: &'static str,
    pub(super) delete: &'static str,
    pub(super) page: &'static str,
    /// Absent where nothing has an owner.
    pub(super) owned: Option<&'static str>,
    /// Absent where nothing ends by itself.
    pub(super) sweep: Option<&'static str>,
}

macro_rules! sweep {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE rowid IN (SELECT rowid FROM ",
            $table,
            " WHERE keep_until < ?1 ORDER BY keep_until LIMIT ?2)"
        )
    };
}

macro_rules! statements {
    ($table:literal) => {
        statements!(@ $table, None, None)
    };
    ($table:literal, ends) => {
        statements!(@ $table, None, Some(sweep!($table)))
    };
    ($table:literal, owned, ends) => {
        statements!(
            @ $table,
            Some(concat!(
                "SELECT key, version, body FROM ", $table,
                " WHERE issuer = ?1 AND owner = ?2 ORDER BY key LIMIT ?3"
            )),
            Some(sweep!($table))
        )
    };
    (@ $table:literal, $owned:expr, $sweep:expr) => {
        Statements {
            get: concat!("SELECT version, body FROM ", $table, " WHERE issuer = ?1 AND key = ?2"),
            insert: concat!(
                "INSERT INTO ", $table, " (issuer, key, version, keep_until, owner, body) ",
                "VALUES (?1, ?2, 1, ?3, ?4, ?5) ON CONFLICT DO NOTHING"
            ),
            update: concat!(
                "UPDATE ", $table, " SET version = version + 1, keep_until = ?3, owner = ?4, body = ?5 ",
                "WHERE issuer = ?1 AND key = ?2 AND version = ?6"
            ),
            require: concat!("SELECT 1 FROM ", $table, " WHERE issuer = ?1 AND key = ?2 AND version = ?3"),
            delete: concat!("DELETE FROM ", $table, " WHERE issuer = ?1 AND key = ?2 AND version = ?3"),
            page: concat!(
                "SELECT key, version, body FROM ", $table,
                " WHERE issuer = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
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

/// Takes the write lock at once, so that nothing read afterwards can have changed at COMMIT.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
pub(super) const SAVEPOINT: &str = "SAVEPOINT one";
pub(super) const UNDO: &str = "ROLLBACK TO one";
pub(super) const RELEASE: &str = "RELEASE one";

pub(super) const SPEND: &str =
    "INSERT INTO spent (issuer, value, keep_until) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
pub(super) const SWEEP_SPENT: &str = "DELETE FROM spent WHERE (issuer, value) IN \
    (SELECT issuer, value FROM spent WHERE keep_until < ?1 ORDER BY keep_until LIMIT ?2)";

pub(super) const APPEND: &str =
    "INSERT INTO event (issuer, id, at, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
pub(super) const HAS_EVENT: &str = "SELECT 1 FROM event WHERE issuer = ?1 AND id = ?2";
pub(super) const EVENTS: &str =
    "SELECT id, body FROM event WHERE issuer = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
/// Rows are numbered in the order they were written, which ids tell only as long as time does not run backwards.
pub(super) const NEWEST_EVENT_AT: &str =
    "SELECT at FROM event WHERE rowid = (SELECT max(rowid) FROM event)";
pub(super) const NEXT_EVENT_ISSUER: &str =
    "SELECT issuer FROM event WHERE issuer > ?1 ORDER BY issuer LIMIT 1";
pub(super) const OLDEST_EVENTS: &str =
    "SELECT id, at FROM event WHERE issuer = ?1 ORDER BY id LIMIT ?2";
pub(super) const DELETE_EVENTS: &str = "DELETE FROM event WHERE issuer = ?1 AND id <= ?2";

pub(super) const PENDING_VERSION: &str =
    "SELECT version FROM pending WHERE issuer = ?1 AND key = ?2";

pub(super) const RAISE_FENCE: &str = "UPDATE fence SET count = count + 1 WHERE id = 1";
pub(super) const DATA_VERSION: &str = "PRAGMA data_version";
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Everything above that does not belong to one table.
#[cfg(test)]
pub(super) const OTHERS: [&str; 19] = [
    BEGIN,
    COMMIT,
    ROLLBACK,
    SAVEPOINT,
    UNDO,
    RELEASE,
    SPEND,
    SWEEP_SPENT,
    APPEND,
    HAS_EVENT,
    EVENTS,
    NEWEST_EVENT_AT,
    NEXT_EVENT_ISSUER,
    OLDEST_EVENTS,
    DELETE_EVENTS,
    PENDING_VERSION,
    RAISE_FENCE,
    DATA_VERSION,
    CHECKPOINT,
];
