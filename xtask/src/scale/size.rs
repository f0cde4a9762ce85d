//! How large the store is, measured at one number of rows and compared with the model.

use serde_json::{Value, json};

use super::{
    counters::{Counters, DATABASE},
    fill::TABLES,
    model::{self, Rows},
};
use crate::torture::postgres::Cluster;

/// What a table takes, measured and by the model.
#[derive(Debug)]
pub(super) struct Sized {
    pub(super) table: &'static str,
    pub(super) shape: Rows,
    pub(super) heap: f64,
    pub(super) indexes: f64,
}

/// The whole store at one number of rows.
#[derive(Debug)]
pub(super) struct Size {
    pub(super) rows: f64,
    pub(super) tables: Vec<Sized>,
    /// Pages that a look for an access token by its key touched.
    pub(super) look_pages: f64,
}

impl Sized {
    pub(super) fn model_heap(&self) -> f64 {
        model::heap_bytes(&self.shape)
    }

    pub(super) fn model_indexes(&self) -> f64 {
        model::index_bytes(&self.shape)
    }

    /// Bytes of a row with its part of the indexes, by the model.
    pub(super) fn row_bytes(&self) -> f64 {
        let many = Rows {
            count: 1e9,
            ..self.shape
        };
        (model::heap_bytes(&many) + model::index_bytes(&many)) / many.count
    }
}

impl Size {
    /// Reads what the database says.
    pub(super) fn read(cluster: &Cluster) -> Result<Self, String> {
        let tables = TABLES
            .iter()
            .map(|(table, _)| sized(cluster, table))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            rows: tables.iter().map(|one| one.shape.count).sum(),
            tables,
            look_pages: look_pages(cluster)?,
        })
    }

    pub(super) fn table(&self, name: &str) -> Option<&Sized> {
        self.tables.iter().find(|one| one.table == name)
    }

    /// Bytes in all: measured, and by the model.
    pub(super) fn bytes(&self) -> (f64, f64) {
        let measured = self.tables.iter().map(|one| one.heap + one.indexes);
        let model = self
            .tables
            .iter()
            .map(|one| one.model_heap() + one.model_indexes());
        (measured.sum(), model.sum())
    }

    /// Pages of a look, by the model.
    pub(super) fn model_look(&self) -> f64 {
        self.table("access")
            .map_or(f64::NAN, |one| model::pages_of_look(&one.shape))
    }

    pub(super) fn json(&self) -> Value {
        let tables: Vec<Value> = self
            .tables
            .iter()
            .map(|one| {
                json!({
                    "table": one.table, "rows": one.shape.count, "row_bytes": one.shape.row_bytes,
                    "model_bytes_each": one.row_bytes(),
                    "heap_bytes": one.heap, "model_heap_bytes": one.model_heap(),
                    "index_bytes": one.indexes, "model_index_bytes": one.model_indexes(),
                })
            })
            .collect();
        let (bytes, model_bytes) = self.bytes();
        json!({
            "rows": self.rows, "bytes": bytes, "model_bytes": model_bytes, "tables": tables,
            "look_pages": self.look_pages, "model_look_pages": self.model_look(),
        })
    }
}

fn sized(cluster: &Cluster, table: &'static str) -> Result<Sized, String> {
    let (key, ends, owner) = match table {
        "event" => ("id", "0", "0"),
        "spent" => ("value", "1", "0"),
        "session" | "grants" | "family" => ("key", "count(keep_until)", "count(owner)"),
        "person" | "name" => ("key", "0", "0"),
        _ => ("key", "count(keep_until)", "0"),
    };
    let sql = format!(
        "SELECT json_build_object('rows', (SELECT count(*) FROM public.{table}), \
         'heap', pg_relation_size('public.{table}'), 'indexes', pg_indexes_size('public.{table}'), \
         'row', coalesce(avg(pg_column_size(m.*)), 0), 'key', coalesce(avg(greatest(length({key}), 16)), 16), \
         'ending', {ends}::float8 / greatest(count(*), 1), 'owned', {owner}::float8 / greatest(count(*), 1)) \
         FROM model.{table} AS m"
    );
    let read = Counters::read(cluster, &sql)?;
    Ok(Sized {
        table,
        shape: Rows {
            count: read.get("rows"),
            row_bytes: read.get("row"),
            key_bytes: read.get("key"),
            ordered: table == "event",
            ending: read.get("ending"),
            owned: read.get("owned"),
        },
        heap: read.get("heap"),
        indexes: read.get("indexes"),
    })
}

/// How many pages the database touches to find an access token by its key.
fn look_pages(cluster: &Cluster) -> Result<f64, String> {
    let sql = "SELECT format('key = %L AND issuer = %L', key, issuer) FROM model.access LIMIT 1";
    let place = cluster.sql(DATABASE, sql)?;
    let sql = format!(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT version, body FROM access WHERE {}",
        place.trim()
    );
    let text = cluster.sql(DATABASE, &sql)?;
    let json: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let count = |name: &str| {
        let number = json.pointer(&format!("/0/Plan/{name}"));
        number
            .and_then(Value::as_f64)
            .ok_or_else(|| format!("no {name}: {text}"))
    };
    Ok(count("Shared Hit Blocks")? + count("Shared Read Blocks")?)
}

/// For how many seconds the rows of each table that end by themselves are kept.
pub(super) fn kept_s(cluster: &Cluster) -> Result<Counters, String> {
    let ending = TABLES
        .iter()
        .filter(|(table, _)| !matches!(*table, "event" | "person" | "name"));
    let parts: Vec<String> = ending
        .map(|(table, _)| {
            format!(
                "'{table}', (SELECT coalesce(avg(keep_until) / 1000 - extract(epoch FROM now()), 0) FROM model.{table})"
            )
        })
        .collect();
    let sql = format!("SELECT json_build_object({})", parts.join(", "));
    Counters::read(cluster, &sql)
}
