//! Requests that are laid before a person by name: who has no browser to bring finds them on their page.
//!
//! Nobody is called; a person who looks sees what waits. How much may wait is bounded for each person, and for each client
//! among it, so that neither the page nor the person is worn out by asking (threat C10).
//!
//! Spec: RFC 9635 §2.5.1, §11.27

use super::{Engine, Error, Shown, View, open::CAP_RETRY};
use crate::{
    client::Client,
    id::Id,
    pending::PendingRequest,
    person::Person,
    refusal::Refusal,
    store::{Record, Table},
    time::Timestamp,
};

/// The most requests that wait for one person at once: what a page can show and a person can read. Two that are opened at
/// the same moment may both find the last place.
pub const WAITING_PER_PERSON: usize = 20;
/// The most of them from one client, so that one of them leaves room for others.
pub const WAITING_PER_CLIENT: usize = 5;

impl Engine {
    /// What waits for a person's answer, newest first, at most [`WAITING_PER_PERSON`] of it.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn list_waiting(&self, person: Id<Person>) -> Result<Vec<Shown>, Error> {
        let mut waiting = self.waiting_for(person, self.store.now()).await?;
        waiting.sort_by_key(|(request, _)| (std::cmp::Reverse(request.created_at), request.id));
        waiting.truncate(WAITING_PER_PERSON);
        let mut shown = Vec::with_capacity(waiting.len());
        for (request, version) in waiting {
            // What a client that is gone asked needs no answer.
            let Some(client) = self.client(request.asker.client).await? else {
                continue;
            };
            shown.push(Shown {
                request: *request,
                version,
                client,
                user_code: None,
            });
        }
        Ok(shown)
    }

    /// The request of this id, for the person it was laid before: answered ones too, so that what became of it can be told.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown id, for a request of somebody else, and for one laid before nobody.
    pub async fn laid_before(
        &self,
        person: Id<Person>,
        id: Id<PendingRequest>,
    ) -> Result<Shown, Error> {
        let shown = self.show(View::Id(id)).await?;
        if shown.request.addressed_to == Some(person) {
            Ok(shown)
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// Whether one more request of `client` may be laid before `person`.
    pub(super) async fn room_before(
        &self,
        person: Id<Person>,
        client: Id<Client>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let waiting = self.waiting_for(person, now).await?;
        let of_client = |(request, _): &&(Box<PendingRequest>, u64)| request.asker.client == client;
        if waiting.len() < WAITING_PER_PERSON
            && waiting.iter().filter(of_client).count() < WAITING_PER_CLIENT
        {
            return Ok(());
        }
        let retry_after = CAP_RETRY;
        Err(Refusal::TooMany { retry_after }.into())
    }

    /// Read from the store, so that all nodes know it and a restart forgets nothing; only who is addressed pays for it.
    async fn waiting_for(
        &self,
        person: Id<Person>,
        now: Timestamp,
    ) -> Result<Vec<(Box<PendingRequest>, u64)>, Error> {
        let records = self
            .all_owned(Table::Pending, *person.as_bytes())
            .await?
            .into_iter();
        let waiting = records.filter_map(|record| match record.value {
            Record::Pending(request) if request.is_open(now) => Some((request, record.version)),
            _ => None,
        });
        Ok(waiting.collect())
    }
}
