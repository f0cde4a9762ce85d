//! Fills the store: clones the rows that real flows left, under other random keys, with all that refers to them.
//!
//! A key becomes the SHA-256 of itself and the number of the copy, cut to its length, and so do the columns that refer to
//! it, so that the copies hang together as their models do. Events are ordered by time: their copies get the ids of the past
//! month. What ends by itself ends a year later, each copy at a moment of its own. No index is dropped.

use std::thread;

use super::counters::{Counters, DATABASE};
use crate::torture::postgres::Cluster;

/// The tables that grow, with the columns that name other rows.
pub(super) const TABLES: [(&str, &[&str]); 11] = [
    (
        "access",
        &["family_key", "grant_key", "session_key", "person_key"],
    ),
    ("event", &[]),
    ("family", &["session_key", "person_key"]),
    ("grants", &[]),
    ("handle", &["pending_key"]),
    ("name", &[]),
    ("pending", &[]),
    ("person", &[]),
    ("refresh", &["family_key"]),
    ("session", &[]),
    ("spent", &[]),
];

const MODELS: &str = "CREATE SCHEMA model;
CREATE FUNCTION model.other(bytea, bigint) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
  $$ SELECT substring(sha256($1 || int8send($2)) FOR greatest(length($1), 16)) $$;
CREATE FUNCTION model.passed(bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT (extract(epoch FROM now()) * 1000)::bigint - 2592000000 + $1 $$;
CREATE FUNCTION model.event(bytea, bigint) RETURNS bytea LANGUAGE sql STABLE STRICT PARALLEL SAFE AS
  $$ SELECT substring(int8send(model.passed($2)) FROM 3) || substring(model.other($1, $2) FROM 7 FOR 10) $$;";

/// Keeps the rows as they are now as models of the copies; how many there are.
pub(super) fn keep_models(cluster: &Cluster) -> Result<f64, String> {
    cluster.sql(DATABASE, MODELS)?;
    for (table, _) in TABLES {
        let keep = format!("CREATE TABLE model.{table} AS SELECT * FROM public.{table}");
        cluster.sql(DATABASE, &keep)?;
    }
    rows(cluster)
}

/// How many rows there are in the tables that grow.
pub(super) fn rows(cluster: &Cluster) -> Result<f64, String> {
    let counts: Vec<String> = TABLES
        .iter()
        .map(|(table, _)| format!("(SELECT count(*) FROM public.{table})"))
        .collect();
    let sql = format!("SELECT json_build_object('rows', {})", counts.join(" + "));
    Ok(Counters::read(cluster, &sql)?.get("rows"))
}

/// Adds the copies `from` to `to`, two tables at a time, and brings the planner's numbers up to date.
pub(super) fn copy(cluster: &Cluster, from: u64, to: u64) -> Result<(), String> {
    let (one, other) = TABLES.split_at(2);
    thread::scope(|scope| {
        let halves = [one, other].map(|tables| {
            scope.spawn(move || {
                tables
                    .iter()
                    .try_for_each(|(table, links)| copy_table(cluster, table, links, (from, to)))
            })
        });
        halves
            .into_iter()
            .try_for_each(|half| half.join().map_err(|_| "a copy failed".to_owned())?)
    })?;
    cluster.sql(DATABASE, "VACUUM ANALYZE")?;
    cluster.sql(DATABASE, "CHECKPOINT").map(drop)
}

fn copy_table(
    cluster: &Cluster,
    table: &str,
    links: &[&str],
    (from, to): (u64, u64),
) -> Result<(), String> {
    let later = "keep_until + 31536000000 + copy";
    let (columns, values) = match table {
        "event" => (
            "id, issuer, at, fence, body".to_owned(),
            "model.event(id, copy), issuer, model.passed(copy), fence, body".to_owned(),
        ),
        "spent" => (
            "value, issuer, keep_until".to_owned(),
            format!("model.other(value, copy), issuer, {later}"),
        ),
        _ => {
            let (mut others, mut copied) = (String::new(), String::new());
            for link in links {
                others.extend([", ", link]);
                copied.extend([", model.other(", link, ", copy)"]);
            }
            (
                format!("key, issuer, version, keep_until, owner{others}, body"),
                format!(
                    "model.other(key, copy), issuer, version, {later}, model.other(owner, copy){copied}, body"
                ),
            )
        }
    };
    let sql = format!(
        "SET synchronous_commit = off; INSERT INTO public.{table} ({columns}) SELECT {values} \
         FROM generate_series({from}, {to}) AS copy, model.{table}"
    );
    cluster.sql(DATABASE, &sql).map(drop)
}
