//! What an operator registers: clients and people, each change one commit with its event.
//!
//! Spec: RFC 7591 §2, OpenID Connect Core §5.1

use super::{Attempts, Caller, Committed, Declared, Engine, Error, found, just_after};
use crate::{
    client::{Client, ClientMetadata},
    event::{Event, EventKind},
    id::Id,
    person::Person,
    refusal::Refusal,
    secret::{Digest, SecretHash, kind},
    store::{Change, Commit, Key, Name, Record, StoreError, Table, Versioned},
    time::Timestamp,
};

/// Sessions read at once when a person's are ended.
const SESSIONS_STEP: usize = 500;

/// A client to add.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// The `client_id` it goes by.
    pub client_id: String,
    /// Hashes of its secrets.
    pub secrets: Vec<SecretHash<kind::Client>>,
    /// What it is registered with.
    pub metadata: ClientMetadata,
    /// Whether it is shut out.
    pub disabled: bool,
    /// The digest of its declaration.
    pub declared: Option<Digest>,
}

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// What they sign in with.
    pub username: String,
    /// The `sub` clients see. Absent: one is made.
    pub subject: Option<String>,
    /// The password's hash in PHC form.
    pub password_hash: Option<String>,
    /// OpenID Connect's standard claims.
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Whether they are shut out.
    pub disabled: bool,
    /// The digest of their declaration.
    pub declared: Option<Digest>,
}

impl Engine {
    /// Adds a client.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the `client_id` is taken; [`Refusal::Exceeds`] when it is a person's subject (T15).
    pub async fn add_client(
        &self,
        new: NewClient,
        caller: &Caller,
    ) -> Result<Committed<Client>, Error> {
        if self
            .store
            .as_ref()
            .person_of_subject(self.issuer, &new.client_id)
            .await?
            .is_some()
        {
            return Err(Refusal::Exceeds.into());
        }
        let now = self.store.now();
        let mut number = [0; 8];
        self.random().fill(&mut number);
        let client = Client {
            id: Id::ordered(now, self.random()),
            number: u64::from_be_bytes(number) >> 11,
            client_id: new.client_id,
            secrets: new.secrets,
            metadata: new.metadata,
            disabled: new.disabled,
            not_before: None,
            declared: new.declared,
            key: None,
            resource_sets: std::collections::BTreeMap::new(),
            created_at: now,
            keep_until: None,
        };
        let mut event = self.event(EventKind::ClientChanged, caller, now);
        event.client = Some(client.id);
        event.note = Some("added".into());
        let name = Name::client(&client.client_id).standing_for(client.id);
        let commit = Commit::new(self.issuer, event)
            .with(Change::insert(Record::Name(name)))
            .with(Change::insert(Record::Client(client.clone())));
        self.put(commit).await?;
        Ok(Committed(client))
    }

    /// Changes a client; `change` may not touch its ids.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is none of this `client_id`.
    pub async fn change_client(
        &self,
        client_id: &str,
        caller: &Caller,
        change: impl Fn(&mut Client) + Send,
    ) -> Result<Committed<Client>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let Versioned {
                value: mut client,
                version,
            } = found(
                self.store
                    .as_ref()
                    .client_named(self.issuer, client_id)
                    .await?,
            )?;
            let (id, name, number) = (client.id, client.client_id.clone(), client.number);
            change(&mut client);
            (client.id, client.client_id, client.number) = (id, name, number);
            let mut event = self.event(EventKind::ClientChanged, caller, now);
            event.client = Some(id);
            event.note = Some("changed".into());
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(version, Record::Client(client.clone())));
            match self.put(commit).await {
                Ok(_) => return Ok(Committed(client)),
                Err(Error::Store(error)) => attempts.again(error)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes a client. Its tokens are not active from then on, and the declaration it was made from makes no other.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is none of this `client_id`.
    pub async fn remove_client(
        &self,
        client_id: &str,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let client = found(
            self.store
                .as_ref()
                .client_named(self.issuer, client_id)
                .await?,
        )?;
        let name = Key::name(&Name::client(client_id));
        let name = found(self.store.get(self.issuer, name).await?)?;
        let mut event = self.event(EventKind::ClientRemoved, caller, self.store.now());
        event.client = Some(client.value.id);
        let mut commit = Commit::new(self.issuer, event)
            .with(Change::Delete {
                key: name.value.key(),
                version: name.version,
            })
            .with(Change::Delete {
                key: Key::client(client.value.id),
                version: client.version,
            });
        let what = Declared::Client(client_id);
        let mark = self.dismissal(what, client.value.declared).await?;
        commit.changes.extend(mark);
        self.put(commit).await
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when user name or subject is taken; [`Refusal::Exceeds`] when the subject is a
    /// `client_id` (T15).
    pub async fn add_person(
        &self,
        new: NewPerson,
        caller: &Caller,
    ) -> Result<Committed<Person>, Error> {
        let now = self.store.now();
        let id = Id::ordered(now, self.random());
        let subject = new
            .subject
            .unwrap_or_else(|| Id::<Person>::random(self.random()).to_string());
        if self
            .store
            .as_ref()
            .client_named(self.issuer, &subject)
            .await?
            .is_some()
        {
            return Err(Refusal::Exceeds.into());
        }
        let person = Person {
            id,
            subject,
            username: Person::normalise(&new.username),
            password_hash: new.password_hash,
            claims: new.claims,
            disabled: new.disabled,
            not_before: None,
            declared: new.declared,
            created_at: now,
            erased: false,
        };
        let mut event = self.event(EventKind::PersonChanged, caller, now);
        event.person = Some(id);
        event.note = Some("added".into());
        let commit = Commit::new(self.issuer, event)
            .with(Change::insert(Record::Name(
                Name::username(&person.username).standing_for(id),
            )))
            .with(Change::insert(Record::Name(
                Name::subject(&person.subject).standing_for(id),
            )))
            .with(Change::insert(Record::Person(person.clone())));
        self.put(commit).await?;
        Ok(Committed(person))
    }

    /// Changes a person; `change` may not touch ids and names. With `end_sessions`, what they signed in to before is
    /// over: a new password or a lock must not leave a thief inside.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is nobody of this name.
    pub async fn change_person(
        &self,
        username: &str,
        end_sessions: bool,
        caller: &Caller,
        change: impl Fn(&mut Person) + Send,
    ) -> Result<Committed<Person>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let Versioned {
                value: mut person,
                version,
            } = found(
                self.store
                    .as_ref()
                    .person_named(self.issuer, username)
                    .await?,
            )?;
            let fixed = (person.id, person.subject.clone(), person.username.clone());
            change(&mut person);
            (person.id, person.subject, person.username) = fixed;
            if end_sessions {
                person.not_before = Some(just_after(now));
            }
            let mut event = self.event(EventKind::PersonChanged, caller, now);
            event.person = Some(person.id);
            event.note = Some("changed".into());
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(version, Record::Person(person.clone())));
            match self.put(commit).await {
                Ok(_) => return Ok(Committed(person)),
                Err(Error::Store(error)) => attempts.again(error)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Erases a person: name, claims, password and sign-ins go; the id and the subject stay, so that the audit holds
    /// and nobody gets the subject again. The name goes last, so that a failure on the way leaves somebody to name when
    /// it is tried again.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is nobody of this name.
    pub async fn erase_person(
        &self,
        username: &str,
        caller: &Caller,
    ) -> Result<Committed<Id<Person>>, Error> {
        let shut_out = |person: &mut Person| person.disabled = true;
        let person = self.change_person(username, true, caller, shut_out).await?;
        // Nobody signs in as them any more.
        self.erase_sessions(person.get().id, caller).await?;
        let now = self.store.now();
        let Versioned {
            value: mut person,
            version,
        } = found(
            self.store
                .as_ref()
                .person_named(self.issuer, username)
                .await?,
        )?;
        let name = Key::name(&Name::username(&person.username));
        let name = found(self.store.get(self.issuer, name).await?)?;
        let what = Declared::Person(username);
        let mark = self.dismissal(what, person.declared).await?;
        person.username = String::new();
        person.password_hash = None;
        person.claims = serde_json::Map::new();
        person.disabled = true;
        person.erased = true;
        person.declared = None;
        person.not_before = Some(just_after(now));
        let id = person.id;
        let mut commit = Commit::new(self.issuer, self.erasure(id, caller, now))
            .with(Change::Delete {
                key: name.value.key(),
                version: name.version,
            })
            .with(Change::update(version, Record::Person(person)));
        commit.changes.extend(mark);
        self.put(commit).await?;
        Ok(Committed(id))
    }

    /// Deletes the sign-ins of a person, which hold addresses and browser names.
    async fn erase_sessions(&self, id: Id<Person>, caller: &Caller) -> Result<(), Error> {
        loop {
            let sessions = self
                .store
                .owned(self.issuer, Table::Session, *id.as_bytes(), SESSIONS_STEP)
                .await?;
            if sessions.is_empty() {
                return Ok(());
            }
            let mut commit = Commit::new(self.issuer, self.erasure(id, caller, self.store.now()));
            commit
                .changes
                .extend(sessions.iter().map(|s| Change::Delete {
                    key: s.value.key(),
                    version: s.version,
                }));
            match self.write(commit).await {
                // A sign-in that changed meanwhile is read again.
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn erasure(&self, id: Id<Person>, caller: &Caller, now: Timestamp) -> Event {
        let mut event = self.event(EventKind::PersonErased, caller, now);
        event.person = Some(id);
        event
    }
}
