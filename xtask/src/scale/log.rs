//! What was written to the write-ahead log between two moments, taken from the log itself.

use super::counters::{Counters, DATABASE};
use crate::torture::postgres::Cluster;

/// Lets the log be read.
pub(super) fn prepare(cluster: &Cluster) -> Result<(), String> {
    let extension = "CREATE EXTENSION pg_walinspect";
    cluster.sql(DATABASE, extension).map(drop)
}

/// The place up to which the log is on disk.
pub(super) fn place(cluster: &Cluster) -> Result<String, String> {
    let text = cluster.sql(DATABASE, "SELECT pg_current_wal_flush_lsn()")?;
    Ok(text.trim().to_owned())
}

/// Records since `from`: `records`, `record_bytes`, and `image_bytes`, those of whole pages, which the first change of a
/// page after a checkpoint brings with it.
pub(super) fn since(cluster: &Cluster, from: &str) -> Result<Counters, String> {
    let to = place(cluster)?;
    let sql = format!(
        "SELECT json_build_object('records', coalesce(sum(count), 0), \
         'record_bytes', coalesce(sum(record_size), 0), 'image_bytes', coalesce(sum(fpi_size), 0)) \
         FROM pg_get_wal_stats('{from}', '{to}')"
    );
    // Where nothing was written there is no record to begin with.
    if from == to {
        return Ok(Counters::default());
    }
    Counters::read(cluster, &sql)
}
