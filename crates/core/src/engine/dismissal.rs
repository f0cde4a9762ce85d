//! What an operator removed although a file declares it. The mark outlives the record, so that no later start makes
//! from the same declaration what was removed: neither a client nor a person comes back by a restart.

use super::{Caller, Committed, Engine, Error, found};
use crate::{
    event::EventKind,
    person::Person,
    secret::Digest,
    store::{Change, Commit, Key, Name, Record, Versioned},
};

/// What a file declares, by the name it is declared under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared<'a> {
    /// A client, by `client_id`.
    Client(&'a str),
    /// A person, by user name in any spelling.
    Person(&'a str),
}

impl Engine {
    /// The declaration with which this was removed. `None` when nobody removed it, or when it was declared anew since.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn dismissed(&self, what: Declared<'_>) -> Result<Option<Digest>, Error> {
        let mark = self.mark(what).await?;
        Ok(mark.and_then(|mark| mark.value.dismissed))
    }

    /// Takes the mark away, because the declaration is another one now.
    ///
    /// # Errors
    /// [`crate::Refusal::NotFound`] when there is none; [`crate::store::StoreError::Conflict`] when another node was
    /// first.
    pub async fn readmit(
        &self,
        what: Declared<'_>,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let mark = found(self.mark(what).await?)?;
        let kind = match what {
            Declared::Client(_) => EventKind::ClientChanged,
            Declared::Person(_) => EventKind::PersonChanged,
        };
        let mut event = self.note(kind, caller);
        event.note = Some("declared anew".into());
        let commit = Commit::new(self.issuer, event).with(Change::Delete {
            key: Key::name(&mark.value),
            version: mark.version,
        });
        self.put(commit).await
    }

    /// The change that marks what is being removed, if a file declared it.
    pub(super) async fn dismissal(
        &self,
        what: Declared<'_>,
        declaration: Option<Digest>,
    ) -> Result<Option<Change>, Error> {
        let Some(declaration) = declaration else {
            return Ok(None);
        };
        let mark = Record::Name(Name::dismissed(self.mark_hash(what), declaration));
        Ok(Some(match self.mark(what).await? {
            None => Change::insert(mark),
            Some(old) => Change::update(old.version, mark),
        }))
    }

    async fn mark(&self, what: Declared<'_>) -> Result<Option<Versioned<Name>>, Error> {
        let key = Key::name(&Name::dismissed(
            self.mark_hash(what),
            Digest::from_bytes([0; 32]),
        ));
        match self.store.get(self.issuer, key).await? {
            None => Ok(None),
            Some(Versioned {
                value: Record::Name(value),
                version,
            }) => Ok(Some(Versioned { value, version })),
            Some(other) => Err(other.value.misplaced().into()),
        }
    }

    /// Keyed, since the name of somebody who was erased must not be guessed from a copy of the database.
    fn mark_hash(&self, what: Declared<'_>) -> Digest {
        match what {
            Declared::Client(client_id) => self.vault.keyed_hash("dismissed client", client_id),
            Declared::Person(username) => {
                let username = Person::normalise(username);
                self.vault.keyed_hash("dismissed person", &username)
            }
        }
    }
}
