//! Every statement against the real schema.

use placet_core::store::Table;
use rusqlite::Connection;

use super::{schema, statement};

fn migrated() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    assert!(schema::migrate(&mut connection).unwrap());
    assert!(!schema::migrate(&mut connection).unwrap());
    connection
}

fn all() -> Vec<(Option<Table>, &'static str)> {
    let of_tables = Table::ALL.into_iter().flat_map(|table| {
        let s = statement::of(table);
        [s.get, s.insert, s.update, s.require, s.delete, s.page]
            .into_iter()
            .chain(s.owned)
            .chain(s.sweep)
            .map(move |sql| (Some(table), sql))
    });
    let others = statement::OTHERS.into_iter().map(|sql| (None, sql));
    of_tables.chain(others).collect()
}

#[test]
fn every_statement_prepares_and_names_its_table() {
    let connection = migrated();
    for (table, sql) in all() {
        connection.prepare(sql).map(drop).expect(sql);
        if let Some(table) = table {
            assert!(sql.contains(&format!(" {} ", table.name())), "{sql}");
        }
    }
}

#[test]
fn k10_no_statement_walks_a_whole_table() {
    let connection = migrated();
    for (_, sql) in all() {
        if !["SELECT", "UPDATE", "DELETE"]
            .iter()
            .any(|verb| sql.starts_with(verb))
        {
            continue;
        }
        let mut plan = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let count = plan.parameter_count();
        let steps: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(vec![0; count]), |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for step in steps {
            assert!(!step.starts_with("SCAN"), "{step} in {sql}");
            assert!(!step.contains("TEMP B-TREE"), "{step} in {sql}");
        }
    }
}

#[test]
fn what_ends_or_is_owned_has_statements_for_it() {
    for table in Table::ALL {
        let has = |column: &str| {
            let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = ?1";
            let name = format!("{}_{column}", table.name());
            let count: i64 = migrated().query_row(sql, [name], |row| row.get(0)).unwrap();
            count == 1
        };
        let statements = statement::of(table);
        assert_eq!(statements.owned.is_some(), has("owner"), "{table:?}");
        assert_eq!(statements.sweep.is_some(), has("keep_until"), "{table:?}");
    }
}
