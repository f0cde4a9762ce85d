//! Faults on purpose, for tests: what the next commits shall come to.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use placet_core::{
    store::{StoreError, Table},
    testing::Fault,
};

use super::{
    PostgresStore,
    commit::Ready,
    judge::{Failure, unavailable},
    shape::Shape,
    statement::{self, Param},
    together::Kind,
};

/// The faults to come, first one first.
pub(super) type Faults = Mutex<VecDeque<Fault>>;

pub(super) fn next(faults: &Faults) -> Option<Fault> {
    faults
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

impl PostgresStore {
    /// Makes the next commit fail in this way; several wait their turn.
    pub fn fail_next(&self, fault: Fault) {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(fault);
    }

    pub(super) async fn fail_on_purpose(
        &self,
        fault: Fault,
        ready: &Ready,
    ) -> Result<(), StoreError> {
        match fault {
            Fault::UnknownApplied => match self.groups.scribe.attempt(ready).await {
                Ok(()) => Err(StoreError::Unknown),
                Err(Failure::Told(error)) => Err(error),
                Err(Failure::EventIsThere) => Err(StoreError::Conflict),
            },
            Fault::UnknownLost => Err(StoreError::Unknown),
            Fault::Unavailable => Err(unavailable("on purpose")),
            Fault::Conflict => Err(StoreError::Conflict),
        }
    }

    /// Runs SQL on a connection of its own, past the contract, and gives the rows as text.
    ///
    /// # Errors
    /// What the database said.
    pub async fn tamper(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, StoreError> {
        let session = self
            .pool
            .dial()
            .open(&"".into(), None)
            .await
            .map_err(unavailable)?;
        let messages = session.client.simple_query(sql).await;
        let rows = messages.map_err(|error| super::judge::of_read(&error))?;
        let texts = rows.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|column| row.get(column).map(str::to_owned))
                    .collect(),
            ),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// Every statement there is, one for each part a commit can have and every fixed one.
    pub fn every_statement() -> Vec<String> {
        let of_tables = Table::ALL.into_iter().flat_map(|table| {
            let fixed = statement::of(table);
            let get = [fixed.get.one, fixed.get.many, fixed.get_many].map(Some);
            get.into_iter()
                .chain([Some(fixed.page), fixed.owned, fixed.sweep])
        });
        let fixed = of_tables
            .flatten()
            .chain(statement::OTHERS)
            .map(str::to_owned);
        let alone = Shape::all().into_iter().map(|shape| shape.sql());
        let together = Kind::all().into_iter().map(|kind| kind.sql());
        fixed.chain(alone).chain(together).collect()
    }

    /// A setting of the connections that commits use.
    ///
    /// # Errors
    /// What the database said.
    pub async fn setting(&self, name: &str) -> Result<String, StoreError> {
        let rows = self
            .pool
            .read("SELECT current_setting($1)", &[Param::Text(name)])
            .await?;
        let row = rows.first().ok_or_else(|| unavailable("no such setting"))?;
        row.try_get(0).map_err(unavailable)
    }

    /// How many wait for a request.
    pub fn waited_for(&self) -> usize {
        self.waiters.len()
    }
}
