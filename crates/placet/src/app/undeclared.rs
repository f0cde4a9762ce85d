//! What the file declared once and does not any more. It stays in the store, and goes on working.

use placet_core::{
    engine::Engine,
    person::Person,
    store::{Key, Record, StoreError, Table},
};
use serde::Serialize;

use crate::config::Settings;

/// Records read at once.
const STEP: usize = 500;

/// Clients by their `client_id`, people by their user name, in the order of their making.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Undeclared {
    pub(crate) clients: Vec<String>,
    pub(crate) people: Vec<String>,
}

impl Undeclared {
    /// Compares the store with the file.
    ///
    /// # Errors
    /// As every read.
    pub(crate) async fn read(engine: &Engine, settings: &Settings) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for table in [Table::Client, Table::Person] {
            let mut after: Option<Key> = None;
            loop {
                let page = engine.store().page(engine.issuer_id(), table, after, STEP);
                let page = page.await?;
                let Some(last) = page.last() else { break };
                after = Some(last.value.key());
                for row in &page {
                    found.note(&row.value, settings);
                }
            }
        }
        Ok(found)
    }

    fn note(&mut self, record: &Record, settings: &Settings) {
        match record {
            Record::Client(client) if client.declared.is_some() => {
                let mut declared = settings.clients.iter();
                if !declared.any(|one| one.client_id == client.client_id) {
                    self.clients.push(client.client_id.clone());
                }
            }
            Record::Person(person) if person.declared.is_some() => {
                let is =
                    |name: &str| Person::normalise(name) == Person::normalise(&person.username);
                if !settings.people.iter().any(|one| is(&one.username)) {
                    self.people.push(person.username.clone());
                }
            }
            _ => {}
        }
    }
}
