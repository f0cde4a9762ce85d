//! `sign_in` and `sign_out`: a session begins and ends.

use super::{Attempts, Caller, Committed, Engine, Error};
use crate::{
    event::{Actor, EventKind},
    id::Id,
    person::{Authentication, Person, Session},
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Key, Record, Versioned},
    time::Lifetime,
};

/// The longest browser name kept, in characters.
const AGENT_LIMIT_CHARS: usize = 200;

/// A sign-in that was proven.
#[derive(Debug, Clone)]
pub struct SignIn<'a> {
    /// Who, as read when the proof was checked.
    pub person: &'a Versioned<Person>,
    /// By which methods (RFC 8176).
    pub amr: Vec<String>,
    /// The browser's name for itself.
    pub agent: &'a str,
    /// How long it lasts.
    pub lifetime: Lifetime,
    /// The session this browser had, which ends: the cookie changes at every sign-in (threat A17).
    pub replaces: Option<SecretHash<kind::Session>>,
}

impl Engine {
    /// Begins a session.
    ///
    /// # Errors
    /// [`Refusal::PersonInactive`] when the person was disabled, or changed since the proof was checked.
    pub async fn sign_in(
        &self,
        ask: SignIn<'_>,
        caller: &Caller,
    ) -> Result<Committed<(Session, Secret<kind::Session>)>, Error> {
        let person = &ask.person.value;
        let now = self.store.now();
        if !person.honours(now) {
            return Err(Refusal::PersonInactive.into());
        }
        let secret = Secret::generate(self.random());
        let session = Session {
            hash: secret.hash(),
            sid: Id::random(self.random()),
            person: person.id,
            authentication: Authentication {
                at: now,
                acr: None,
                amr: ask.amr,
            },
            created_at: now,
            expires_at: now.plus(ask.lifetime),
            peer: caller.peer.clone().unwrap_or_default(),
            agent: ask.agent.chars().take(AGENT_LIMIT_CHARS).collect(),
            ended_at: None,
        };
        let mut event = self.event(EventKind::SignedIn, caller, now);
        event.actor = Actor::Person;
        event.person = Some(person.id);
        event.session = Some(session.sid);
        let commit = Commit::new(self.issuer, event)
            .with(Change::insert(Record::Session(session.clone())))
            .with(Change::Require {
                key: Key::person(person.id),
                version: ask.person.version,
            });
        match self.write(commit).await {
            Ok(()) => {}
            Err(crate::store::StoreError::Conflict) => return Err(Refusal::PersonInactive.into()),
            Err(error) => return Err(error.into()),
        }
        if let Some(old) = ask.replaces {
            self.sign_out(old, caller).await?;
        }
        Ok(Committed((session, secret)))
    }

    /// Ends a session; what was bound to it ends with it. Ending an ended or unknown one changes nothing.
    ///
    /// # Errors
    /// [`Error::Store`], when nothing is certain.
    pub async fn sign_out(
        &self,
        hash: SecretHash<kind::Session>,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let Some(mut session) = self.store.as_ref().session(self.issuer, hash).await? else {
                return Ok(Committed(()));
            };
            if session.value.ended_at.is_some() {
                return Ok(Committed(()));
            }
            session.value.ended_at = Some(now);
            let mut event = self.event(EventKind::SignedOut, caller, now);
            event.person = Some(session.value.person);
            event.session = Some(session.value.sid);
            let commit = Commit::new(self.issuer, event).with(Change::update(
                session.version,
                Record::Session(session.value),
            ));
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(())),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The live session of a cookie and its person, if both still count.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read.
    pub async fn signed_in(
        &self,
        secret: &Secret<kind::Session>,
    ) -> Result<Option<(Session, Person)>, Error> {
        let store = self.store.as_ref();
        let now = self.store.now();
        let Some(session) = store.session(self.issuer, secret.hash()).await? else {
            return Ok(None);
        };
        if !session.value.is_live(now) {
            return Ok(None);
        }
        let Some(person) = store.person(self.issuer, session.value.person).await? else {
            return Ok(None);
        };
        let counts = person.value.honours(session.value.created_at);
        Ok(counts.then_some((session.value, person.value)))
    }
}
