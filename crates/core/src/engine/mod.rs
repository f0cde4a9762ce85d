//! The engine: one verb per file, each load → decide → commit.
//!
//! A verb reads what it needs, lets a pure rule decide, and writes everything in one commit. When somebody
//! else was first it reads and decides again, at most [`ATTEMPTS`] times. Nothing leaves a verb as
//! [`Committed`] before the commit returned.

mod addressed;
mod agreement;
mod answer;
mod at_once;
mod by_key;
mod cache;
mod census;
mod clarify;
mod client_token;
mod collect;
mod continuation;
mod dismissal;
mod introspect;
mod manage;
mod modify;
mod open;
mod outbox;
mod proof;
mod recount;
mod refresh;
mod registry;
mod revoke;
mod show;
mod sign_in;
mod sweep;
mod tenants;
mod tokens;
mod verify;
mod wait;

use std::sync::Arc;

pub use self::{
    addressed::{WAITING_PER_CLIENT, WAITING_PER_PERSON},
    answer::{Answer, Decider, Decision, Handover},
    at_once::{AtOnce, Issued},
    by_key::KeyClient,
    cache::FRESH_FOR,
    client_token::ClientTokenRequest,
    collect::{Collect, CollectBy},
    continuation::{Given, Pacing, Proceed, Proceeded},
    dismissal::Declared,
    introspect::Introspected,
    manage::{Manage, Rotate},
    modify::TakenBack,
    open::{Ask, Limits, Opened},
    outbox::Failed,
    recount::{Counted, OpenCount},
    refresh::{Narrow, RefreshRequest},
    registry::{NewClient, NewPerson},
    revoke::Revoked,
    show::{Shown, View, belongs_to},
    sign_in::SignIn,
    sweep::{Retention, SWEEP_STEP},
    tenants::NewTenant,
    verify::{FOR_EVER, Verified, Violation},
    wait::{Polled, Waiting},
};
use self::{cache::Cache, census::Census};
use crate::{
    client::Client,
    event::{Actor, Event, EventKind},
    id::{self, Id},
    issuer::Issuer,
    pending::PaceTable,
    random::Random,
    refusal::Refusal,
    secret::{Secret, kind},
    store::{Commit, Store, StoreError, Versioned},
    tenant::Tenant,
    time::{Lifetime, Timestamp},
    token::{SignError, Signer},
    vault::Vault,
};

/// How often a verb decides again after somebody else was first.
const ATTEMPTS: u8 = 3;

/// Why a verb gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Whether it happened could not be found out; asking again is safe.
    #[error("the outcome is unknown")]
    Unknown,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// A signature could not be made; nothing was written.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unknown => Self::Unknown,
            StoreError::Conflict
            | StoreError::Duplicate
            | StoreError::Spent
            | StoreError::TooLate
            | StoreError::Unavailable { .. }
            | StoreError::Full
            | StoreError::Corrupt { .. } => Self::Store(error),
        }
    }
}

/// A value whose commit has returned: it is on disk, so it may be told.
#[derive(Debug, Clone)]
pub struct Committed<T>(T);

impl<T> Committed<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// A look at the value.
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// From where and by whom a verb was called, for the audit.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The address it came from.
    pub peer: Option<String>,
    /// Which tenant, where it is one.
    pub tenant: Option<Id<Tenant>>,
}

impl Caller {
    /// A client at this address.
    pub(crate) fn client(peer: &str) -> Self {
        Self {
            actor: Actor::Client,
            peer: Some(peer.to_owned()),
            tenant: None,
        }
    }
}

/// Everything a verb needs besides its input. One per issuer.
pub struct Engine {
    issuer: Id<Issuer>,
    store: Arc<dyn Store>,
    random: Arc<dyn Random>,
    vault: Vault,
    signer: Arc<dyn Signer>,
    limits: Limits,
    retention: Retention,
    census: Census,
    cache: Cache,
    pace: PaceTable,
}

impl Engine {
    /// An engine for the requests of one issuer. It knows of no open request until
    /// [`Engine::count_open_step`] has counted them.
    pub fn new(
        issuer: Id<Issuer>,
        store: Arc<dyn Store>,
        random: Arc<dyn Random>,
        vault: Vault,
        signer: Arc<dyn Signer>,
        limits: Limits,
    ) -> Self {
        Self {
            issuer,
            store,
            random,
            vault,
            signer,
            limits,
            retention: Retention::default(),
            census: Census::default(),
            cache: Cache::default(),
            pace: PaceTable::default(),
        }
    }

    /// The same engine, keeping what is over for other spans.
    #[must_use]
    pub fn keeping(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// The issuer it serves.
    pub fn issuer_id(&self) -> Id<Issuer> {
        self.issuer
    }

    /// Where its records are.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Where its randomness comes from.
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// What seals its values.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The id of a row that is written often.
    pub(crate) fn row_id<K: id::Kind>(&self, now: Timestamp) -> Id<K> {
        if self.store.appends() {
            Id::ordered(now, self.random())
        } else {
            Id::random(self.random())
        }
    }

    /// A secret whose hash is the key of a row that is written often.
    pub(crate) fn row_secret<K: kind::Kind>(&self, now: Timestamp) -> Secret<K> {
        if self.store.appends() {
            Secret::ordered(now, self.random())
        } else {
            Secret::generate(self.random())
        }
    }

    /// An event of this moment.
    pub(crate) fn event(&self, kind: EventKind, caller: &Caller, now: Timestamp) -> Event {
        let mut event = Event::new(Id::ordered(now, self.random()), kind, now);
        event.actor = caller.actor.clone();
        event.peer.clone_from(&caller.peer);
        event.tenant = caller.tenant;
        event
    }

    /// Commits, and finds out what happened when the reply was lost.
    pub(crate) async fn write(&self, commit: Commit) -> Result<(), StoreError> {
        self.store.as_ref().commit_surely(commit).await
    }

    /// Writes what an operator or another part of the server decided outside the verbs.
    ///
    /// # Errors
    /// [`Error::Store`] with [`StoreError::Conflict`] or [`StoreError::Duplicate`] as the commit says.
    pub async fn put(&self, commit: Commit) -> Result<Committed<()>, Error> {
        self.write(commit).await?;
        self.forget_cached();
        Ok(Committed(()))
    }

    /// Makes the event of a commit for [`Engine::put`].
    pub fn note(&self, kind: EventKind, caller: &Caller) -> Event {
        self.event(kind, caller, self.store.now())
    }
}

/// Counts how often a verb was too late and lets it try again.
#[derive(Default)]
pub(crate) struct Attempts(u8);

impl Attempts {
    /// `Ok` when the verb should load and decide again.
    pub(crate) fn again(&mut self, error: StoreError) -> Result<(), Error> {
        match error {
            StoreError::Conflict | StoreError::TooLate if self.0 + 1 < ATTEMPTS => {
                self.0 += 1;
                Ok(())
            }
            StoreError::Conflict | StoreError::TooLate => {
                Err(Error::Store(StoreError::Unavailable {
                    source: "too many conflicts".into(),
                }))
            }
            StoreError::Spent => Err(Error::Refused(Refusal::ReplayedProof)),
            StoreError::Duplicate
            | StoreError::Unavailable { .. }
            | StoreError::Full
            | StoreError::Unknown
            | StoreError::Corrupt { .. } => Err(error.into()),
        }
    }
}

impl Attempts {
    /// `Ok` when a step before the verb's own commit lost a race, so that the verb should load and decide again.
    pub(crate) fn reload(&mut self, error: Error) -> Result<(), Error> {
        match error {
            Error::Store(lost @ StoreError::Conflict) => self.again(lost),
            Error::Refused(_) | Error::Unknown | Error::Store(_) | Error::Sign(_) => Err(error),
        }
    }
}

/// The first moment at which something issued counts again after everything issued up to `now` was ended: what was
/// issued in that very moment must not survive it.
pub fn just_after(now: Timestamp) -> Timestamp {
    now.plus(Lifetime::from_millis(1))
}

/// The record, or the refusal for what is not there.
pub(crate) fn found<T>(record: Option<Versioned<T>>) -> Result<Versioned<T>, Refusal> {
    record.ok_or(Refusal::NotFound)
}

/// Whether the client may act at all.
pub(crate) fn active(client: &Client) -> Result<(), Refusal> {
    if client.disabled {
        Err(Refusal::ClientInactive)
    } else {
        Ok(())
    }
}
