//! `sign_in` and `sign_out`: a session begins and ends.

use std::collections::HashSet;

use super::{Attempts, Caller, Committed, Engine, Error};
use crate::{
    event::{Actor, EventKind},
    id::Id,
    person::{Authentication, Person, Session},
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Key, Record, Versioned},
    time::{Lifetime, Timestamp},
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
    /// The session this browser had. Its cookie counts no more (threat A17); another person's session ends.
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
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            if person.disabled || person.erased {
                return Err(Refusal::PersonInactive.into());
            }
            let old = match ask.replaces {
                Some(hash) => self.store.as_ref().session(self.issuer, hash).await?,
                None => None,
            };
            let (own, other) = match old {
                Some(old) if old.value.person == person.id => (Some(old), None),
                Some(old) => (None, Some(old.value.hash)),
                None => (None, None),
            };
            let again = own.filter(|own| own.value.opens(now));
            let secret = Secret::generate(self.random());
            let (commit, session) = self.plan_sign_in(&ask, again, secret.hash(), caller, now);
            match self.write(commit).await {
                Ok(()) => {
                    if let Some(other) = other {
                        self.sign_out(other, caller).await?;
                    }
                    return Ok(Committed((session, secret)));
                }
                Err(error) => attempts.again(error)?,
            }
            // Only the old session may have changed: a person who did must prove themselves anew.
            let current = self.store.as_ref().person(self.issuer, person.id).await?;
            if current.is_none_or(|current| current.version != ask.person.version) {
                return Err(Refusal::PersonInactive.into());
            }
        }
    }

    /// A new session, which takes the place of `again`.
    fn plan_sign_in(
        &self,
        ask: &SignIn<'_>,
        again: Option<Versioned<Session>>,
        hash: SecretHash<kind::Session>,
        caller: &Caller,
        now: Timestamp,
    ) -> (Commit, Session) {
        let person = &ask.person.value;
        // What ended everything before it was written a moment ahead, so that nothing of its own moment survives it.
        let begins = person.not_before.map_or(now, |limit| limit.max(now));
        let session = Session {
            hash,
            sid: again
                .as_ref()
                .map_or_else(|| Id::random(self.random()), |old| old.value.sid),
            person: person.id,
            authentication: Authentication {
                at: begins,
                acr: None,
                amr: ask.amr.clone(),
            },
            created_at: begins,
            expires_at: now.plus(ask.lifetime),
            peer: caller.peer.clone().unwrap_or_default(),
            agent: ask.agent.chars().take(AGENT_LIMIT_CHARS).collect(),
            replaced_at: None,
            replaced_by: None,
            replaces: again.as_ref().map(|old| old.value.hash),
            ended_at: None,
        };
        let mut event = self.event(EventKind::SignedIn, caller, now);
        event.actor = Actor::Person;
        event.person = Some(person.id);
        event.session = Some(session.sid);
        let mut commit = Commit::new(self.issuer, event)
            .with(Change::insert(Record::Session(session.clone())))
            .with(Change::Require {
                key: Key::person(person.id),
                version: ask.person.version,
            });
        if let Some(Versioned { mut value, version }) = again {
            value.replaced_at = Some(now);
            value.replaced_by = Some(hash);
            commit = commit.with(Change::update(version, Record::Session(value)));
        }
        (commit, session)
    }

    /// Ends a sign-in, with the sessions before and after it of the same `sid`; what was bound to them ends too. Ending an ended or unknown one changes
    /// nothing.
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
            let Some(Versioned { value: session, .. }) =
                self.store.as_ref().session(self.issuer, hash).await?
            else {
                return Ok(Committed(()));
            };
            let mut event = self.event(EventKind::SignedOut, caller, now);
            event.person = Some(session.person);
            event.session = Some(session.sid);
            let mut commit = Commit::new(self.issuer, event);
            commit.changes = self.endings(&session, now).await?;
            if commit.changes.is_empty() {
                return Ok(Committed(()));
            }
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(())),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The changes that end a session, those it replaced and those that replaced it, as far as they have not ended.
    async fn endings(&self, session: &Session, now: Timestamp) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let mut seen = HashSet::new();
        let mut ahead = vec![session.hash];
        while let Some(hash) = ahead.pop() {
            if !seen.insert(hash) {
                continue;
            }
            let Some(Versioned { mut value, version }) =
                self.store.as_ref().session(self.issuer, hash).await?
            else {
                continue;
            };
            ahead.extend([value.replaces, value.replaced_by].into_iter().flatten());
            if value.ended_at.is_none() {
                value.ended_at = Some(now);
                changes.push(Change::update(version, Record::Session(value)));
            }
        }
        Ok(changes)
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
        if !session.value.opens(now) {
            return Ok(None);
        }
        let Some(person) = store.person(self.issuer, session.value.person).await? else {
            return Ok(None);
        };
        let counts = person.value.honours(session.value.created_at);
        Ok(counts.then_some((session.value, person.value)))
    }
}
