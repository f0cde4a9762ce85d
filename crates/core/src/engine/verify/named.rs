//! The records that a page of records names: read all together, for a look-up each would be a round trip each.
//!
//! Only the time it takes depends on this: what was not read ahead is read when it is asked for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    super::{Engine, Error},
    Pass,
};
use crate::{
    id::Id,
    pending::State,
    store::{Key, Name, Record, StoreError, Versioned},
};

/// What stands where a record points to.
#[derive(Clone)]
pub(super) enum Named {
    There(Arc<Record>),
    Missing,
    /// A violation of its own.
    Unreadable,
}

impl Named {
    fn of(found: Option<Versioned<Record>>) -> Self {
        found.map_or(Self::Missing, |found| Self::There(Arc::new(found.value)))
    }
}

/// What was read ahead.
#[derive(Default)]
pub(super) struct Ahead(HashMap<Key, Named>);

impl Engine {
    /// Reads what the records of a page name, those that are judged. Each is read after the record that names it.
    pub(super) async fn read_ahead(
        &self,
        page: &[Versioned<Record>],
        pass: &mut Pass,
    ) -> Result<(), Error> {
        pass.ahead = Ahead::default();
        if !pass.slice.is_first() {
            return Ok(());
        }
        let judged = page.iter().map(|row| &row.value);
        let judged = judged.filter(|record| !pass.may_be_gone(record));
        let keys: BTreeSet<Key> = judged.flat_map(named_by).collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(());
        }
        match self.store.get_many(self.issuer, keys.clone()).await {
            Ok(found) => {
                let named = found.into_iter().map(Named::of);
                pass.ahead = Ahead(keys.into_iter().zip(named).collect());
                Ok(())
            }
            // One of them does not read: which one shows when each is asked for.
            Err(StoreError::Corrupt { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What stands at `key`.
    pub(super) async fn named(&self, key: Key, pass: &Pass) -> Result<Named, Error> {
        if let Some(named) = pass.ahead.0.get(&key) {
            return Ok(named.clone());
        }
        match self.store.get(self.issuer, key).await {
            Ok(found) => Ok(Named::of(found)),
            Err(StoreError::Corrupt { .. }) => Ok(Named::Unreadable),
            Err(error) => Err(error.into()),
        }
    }
}

/// The keys of the records that must be there for `record` to hold.
fn named_by(record: &Record) -> Vec<Key> {
    let some = |keys: [Option<Key>; 4]| keys.into_iter().flatten().collect();
    match record {
        Record::Pending(request) => {
            let client = Some(Key::client(request.asker.client));
            let person = request.addressed_to.map(Key::person);
            match &request.state {
                State::Collected { grant, family, .. } => some([
                    client,
                    Some(Key::grant(*grant)),
                    Some(Key::family(*family)),
                    person,
                ]),
                State::Pending
                | State::Interacting { .. }
                | State::Clarifying { .. }
                | State::Approved(_)
                | State::Ended(_) => some([client, person, None, None]),
            }
        }
        Record::Handle(handle) => vec![Key::pending(handle.pending)],
        Record::Grant(grant) => some([
            Some(Key::client(grant.client)),
            grant.person.map(Key::person),
            None,
            None,
        ]),
        Record::Family(family) => some([
            Some(Key::client(family.client)),
            family.grant.map(Key::grant),
            family.person.map(Key::person),
            None,
        ]),
        Record::Refresh(token) => vec![Key::family(token.family)],
        Record::Access(token) => some([
            Some(Key::client(token.client)),
            token.grant.map(Key::grant),
            token.person.map(Key::person),
            token.family.map(Key::family),
        ]),
        Record::Session(session) => vec![Key::person(session.person)],
        Record::Name(name) if name.dismissed.is_some() => Vec::new(),
        Record::Name(name) => vec![
            Key::client(Id::from_bytes(name.target)),
            Key::person(Id::from_bytes(name.target)),
            Key::tenant(Id::from_bytes(name.target)),
        ],
        Record::Client(client) => vec![Key::name(&Name::client(&client.client_id))],
        Record::Person(person) => vec![
            Key::name(&Name::subject(&person.subject)),
            Key::name(&Name::username(&person.username)),
        ],
        Record::Tenant(tenant) => vec![Key::name(&Name::tenant(&tenant.issuer_url))],
        Record::Callback(callback) => callback.client.map(Key::client).into_iter().collect(),
        Record::SigningKey(_) | Record::Issuer(_) | Record::DataKey(_) => Vec::new(),
    }
}
