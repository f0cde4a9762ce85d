//! What the database itself counted: commits, rows by table, log, size. Numbers by name, so that two readings subtract.

use std::{collections::BTreeMap, thread, time::Duration};

use serde_json::Value;

use crate::torture::postgres::Cluster;

/// The database of the servers.
pub(super) const DATABASE: &str = "placet";

/// A session of PostgreSQL tells its counts when it has been idle for 10 s, if not before.
const SETTLE: Duration = Duration::from_millis(11_500);

const READ: &str = "SELECT json_object_agg(name, value) FROM (
  SELECT 'transactions' AS name, xact_commit::float8 AS value FROM pg_stat_database WHERE datname = current_database()
  UNION ALL SELECT 'log_bytes', (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8
  UNION ALL SELECT 'page_images', wal_fpi::float8 FROM pg_stat_wal
  UNION ALL SELECT 'log_syncs', wal_sync::float8 FROM pg_stat_wal
  UNION ALL SELECT relname || '.' || what, value FROM pg_stat_user_tables, LATERAL (VALUES
    ('inserted', n_tup_ins::float8), ('updated', n_tup_upd::float8), ('updated_in_page', n_tup_hot_upd::float8),
    ('deleted', n_tup_del::float8)) AS one (what, value) WHERE schemaname = 'public') AS every";

/// Numbers by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counters(BTreeMap<String, f64>);

impl Counters {
    /// Waits until every session has told what it did, and reads.
    pub(super) fn settled(cluster: &Cluster) -> Result<Self, String> {
        thread::sleep(SETTLE);
        Self::read(cluster, READ)
    }

    /// Reads the numbers of a statement that gives one JSON object.
    pub(super) fn read(cluster: &Cluster, sql: &str) -> Result<Self, String> {
        let text = cluster.sql(DATABASE, sql)?;
        let json: Value = serde_json::from_str(text.trim()).map_err(|e| format!("{text}: {e}"))?;
        let members = json.as_object().into_iter().flatten();
        Ok(Self(
            members
                .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
                .collect(),
        ))
    }

    /// A number; 0 when it was not counted.
    pub(super) fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// What was added since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        self.map(|name, value| value - before.get(name))
    }

    /// Each number times `factor`.
    pub(super) fn times(&self, factor: f64) -> Self {
        self.map(|_, value| value * factor)
    }

    /// These numbers and others beside them.
    pub(super) fn and(mut self, others: &Self) -> Self {
        let others = others.0.iter();
        self.0
            .extend(others.map(|(name, value)| (name.clone(), *value)));
        self
    }

    /// The numbers other than 0, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        let every = self.0.iter().map(|(name, value)| (name.as_str(), *value));
        every.filter(|(_, value)| value.abs() > f64::EPSILON)
    }

    /// As a JSON object.
    pub(super) fn json(&self) -> Value {
        self.iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
    }

    fn map(&self, change: impl Fn(&str, f64) -> f64) -> Self {
        let every = self.0.iter();
        Self(
            every
                .map(|(name, value)| (name.clone(), change(name, *value)))
                .collect(),
        )
    }
}

impl FromIterator<(String, f64)> for Counters {
    fn from_iter<I: IntoIterator<Item = (String, f64)>>(every: I) -> Self {
        Self(every.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_subtract_name_by_name() {
        let reading = |a: f64| -> Counters {
            [("a".to_owned(), a), ("b".to_owned(), 5.0)]
                .into_iter()
                .collect()
        };
        let added = reading(7.0).since(&reading(3.0)).times(0.5);
        assert_eq!(added.iter().collect::<Vec<_>>(), [("a", 2.0)]);
        assert!(added.get("none").abs() < f64::EPSILON);
    }
}
