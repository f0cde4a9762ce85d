//! A client that nobody registered and that a key, or an address which publishes keys, identifies.
//!
//! Its record is made when it first asks, under an id that follows from what identifies it, so that every node makes the same
//! one and the same key is the same client. It is kept for as long as anything of it may be alive, and then forgotten.
//!
//! Spec: RFC 9635 §2.3.1, §11.15

use std::sync::Arc;

use super::{Attempts, Caller, Committed, Engine, Error};
use crate::{
    client::{AuthenticatedClient, Client, ClientMetadata},
    event::{Actor, EventKind},
    id::Id,
    refusal::Refusal,
    right::Detail,
    secret::{SecretHash, kind},
    store::{Change, Commit, Record, StoreError},
    time::Lifetime,
};

/// A client as it identifies itself.
#[derive(Debug, Clone)]
pub struct KeyClient {
    /// What identifies it: the thumbprint of its key, or the address that publishes its keys.
    pub identity: String,
    /// Its key, in the face's own form. Absent where an address publishes keys that may change.
    pub key: Option<serde_json::Value>,
    /// What is known of it, as a registration would say it. A name that is absent was not asked for this time; the one
    /// that is kept stays.
    pub metadata: ClientMetadata,
    /// How long anything it may be given lives.
    pub needed_for: Lifetime,
    /// The address it came from, for the audit.
    pub peer: String,
}

impl KeyClient {
    /// What is known of it now, where `kept` was known before.
    fn beside(&self, kept: &ClientMetadata) -> ClientMetadata {
        let name = self.metadata.client_name.as_ref();
        ClientMetadata {
            client_name: name.or(kept.client_name.as_ref()).cloned(),
            ..self.metadata.clone()
        }
    }
}

impl Engine {
    /// The record of a client that proved this identity, made if there is none. It is written again only when what is known
    /// of it changed, or when it would be forgotten too early.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn client_by_key(&self, known: &KeyClient) -> Result<Arc<Client>, Error> {
        let id = client_id(&known.identity);
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let needed_until = now.plus(known.needed_for);
            let fresh = |client: &Client| {
                client.metadata == known.beside(&client.metadata)
                    && client.key == known.key
                    && client
                        .keep_until
                        .is_none_or(|keep_until| keep_until >= needed_until)
            };
            if let Some(client) = self.client(id).await?
                && fresh(&client)
            {
                return Ok(client);
            }
            let found = self.store.as_ref().client(self.issuer, id).await?;
            let (client, version) = match found {
                Some(found) if fresh(&found.value) => return Ok(Arc::new(found.value)),
                Some(found) => (found.value, Some(found.version)),
                None => (self.unregistered(id, known), None),
            };
            let client = Client {
                metadata: known.beside(&client.metadata),
                key: known.key.clone(),
                keep_until: Some(needed_until.plus(known.needed_for)),
                ..client
            };
            let caller = Caller {
                actor: Actor::Client,
                peer: Some(known.peer.clone()),
                ..Caller::default()
            };
            let mut event = self.event(EventKind::ClientChanged, &caller, now);
            event.client = Some(id);
            event.note = Some("known by its key".into());
            let record = Record::Client(client.clone());
            let commit = Commit::new(self.issuer, event).with(match version {
                Some(version) => Change::update(version, record),
                None => Change::insert(record),
            });
            match self.write(commit).await {
                Ok(()) => {
                    self.forget_cached();
                    return Ok(Arc::new(client));
                }
                // Another request of the same client made it.
                Err(StoreError::Duplicate) => attempts.again(StoreError::Conflict)?,
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The same without making one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn known_by_key(&self, identity: &str) -> Result<Option<Arc<Client>>, Error> {
        self.client(client_id(identity)).await
    }

    /// Lets a resource server name a set of rights. The same name twice is no change.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the client is gone; [`Refusal::Exceeds`] beyond `limit` sets.
    pub async fn name_rights(
        &self,
        server: &AuthenticatedClient,
        (name, rights): (&str, &[Detail]),
        limit: usize,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let mut attempts = Attempts::default();
        let id = server.client().id;
        loop {
            let now = self.store.now();
            let found = super::found(self.store.as_ref().client(self.issuer, id).await?)?;
            let mut client = found.value;
            if client.resource_sets.contains_key(name) {
                self.spend_proof(server).await?;
                return Ok(Committed(()));
            }
            if client.resource_sets.len() >= limit {
                return Err(Refusal::Exceeds.into());
            }
            client
                .resource_sets
                .insert(name.to_owned(), rights.to_vec());
            let mut event = self.event(EventKind::ClientChanged, caller, now);
            event.actor = Actor::Client;
            event.client = Some(id);
            event.note = Some("named rights".into());
            let mut commit = Commit::new(self.issuer, event)
                .with(Change::update(found.version, Record::Client(client)));
            commit.changes.extend(super::proof::proof_change(server));
            match self.write(commit).await {
                Ok(()) => {
                    self.forget_cached();
                    return Ok(Committed(()));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }

    fn unregistered(&self, id: Id<Client>, known: &KeyClient) -> Client {
        let (first, _) = id.as_bytes().split_at(8);
        let number = <[u8; 8]>::try_from(first).map_or(0, u64::from_be_bytes);
        Client {
            id,
            number: number >> 11,
            client_id: known.identity.clone(),
            secrets: Vec::new(),
            metadata: known.metadata.clone(),
            disabled: false,
            not_before: None,
            declared: None,
            keep_until: None,
            key: known.key.clone(),
            resource_sets: std::collections::BTreeMap::new(),
            created_at: self.store.now(),
        }
    }
}

fn client_id(identity: &str) -> Id<Client> {
    let hash = SecretHash::<kind::Content>::of(&format!("client by key\n{identity}"));
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    Id::from_bytes(bytes)
}
