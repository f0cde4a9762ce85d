//! `open`: a client asks, and a request begins to wait.

use super::{Attempts, Caller, Committed, Engine, Error, active, census::Caps, proof::spending};
use crate::{
    client::{Client, OnceProof},
    event::EventKind,
    grant::Grant,
    id::Id,
    pending::{
        Asker, Continuation, Delivery, FaceName, Handle, HandleKind, Introduced, Payload,
        PendingRequest, SignInNeed, State, UserCode,
    },
    person::Person,
    refusal::Refusal,
    right::Rights,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record},
    time::{Lifetime, Timestamp},
    vault::Sealed,
};

/// How long a caller refused by a cap should stay away.
pub(super) const CAP_RETRY: Lifetime = Lifetime::from_secs(60);

/// How many requests may be open at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of one client.
    pub per_client: u32,
    /// From one source address.
    pub per_source: u32,
    /// Altogether.
    pub total: u32,
}

/// What a client asks.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The face it came through.
    pub face: FaceName,
    /// Who asks.
    pub client: &'a Client,
    /// Whether the client proved who it is.
    pub proven: bool,
    /// The single-use proof of that, which opening spends. Absent when there is none.
    pub proof: Option<OnceProof>,
    /// From where.
    pub peer: String,
    /// For what.
    pub rights: Rights,
    /// What the approving sign-in must be like.
    pub need: SignInNeed,
    /// The person it is laid before. Absent when the client brings the person.
    pub addressed_to: Option<Id<Person>>,
    /// How the answer travels.
    pub delivery: Delivery,
    /// The browser it began in. Absent for another device.
    pub browser: Option<SecretHash<kind::Interaction>>,
    /// Whether the person must be asked even if they agreed before.
    pub every_time: bool,
    /// The grant it would change.
    pub parent: Option<Id<Grant>>,
    /// How the client comes back by a token of its own. Absent: by a handle, or never.
    pub continuation: Option<Continuation>,
    /// What is sent to the client when somebody has answered: a [`crate::callback::Message`] as JSON.
    pub on_answer: Option<Vec<u8>>,
    /// What the client says of itself, where no registration does.
    pub introduced: Option<Introduced>,
    /// What only the face reads.
    pub payload: Payload,
    /// How long the person has.
    pub lifetime: Lifetime,
    /// Whether a person carries a code from the device to a browser.
    pub with_user_code: bool,
}

/// An opened request and its fresh handles.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The request.
    pub request: PendingRequest,
    /// What the client polls with. Absent for a redirect, whose code is made by the answer, and where the client comes back
    /// by a token of its own.
    pub poll: Option<Secret<kind::Collect>>,
    /// What the person types.
    pub user_code: Option<UserCode>,
}

impl Engine {
    /// Opens a request that waits for a person.
    ///
    /// # Errors
    /// [`Refusal::ClientInactive`]; [`Refusal::TooMany`] when a cap is reached, before anything is written: those of [`Limits`], and for a
    /// request that is laid before somebody [`WAITING_PER_PERSON`](super::WAITING_PER_PERSON) and
    /// [`WAITING_PER_CLIENT`](super::WAITING_PER_CLIENT).
    pub async fn open(&self, ask: Ask<'_>, now: Timestamp) -> Result<Committed<Opened>, Error> {
        self.open_with(ask, None, now).await
    }

    /// The same, with one more change in its commit.
    pub(super) async fn open_with(
        &self,
        ask: Ask<'_>,
        beside: Option<Change>,
        now: Timestamp,
    ) -> Result<Committed<Opened>, Error> {
        active(ask.client)?;
        if let Some(person) = ask.addressed_to {
            self.room_before(person, ask.client.id, now).await?;
        }
        let expires_at = now.plus(ask.lifetime);
        self.takes_room(ask.client.id, &ask.peer, expires_at, now)?;
        let mut attempts = Attempts::default();
        loop {
            let (mut commit, opened) = self.plan_open(&ask, expires_at, now);
            commit.changes.extend(beside.clone());
            // A conflict here is a user code that is in use already: draw another.
            let failed = match self.write(commit).await {
                Ok(()) => return Ok(Committed(opened)),
                Err(error) => attempts.again(error),
            };
            if let Err(error) = failed {
                self.census.leave(ask.client.id, &ask.peer, expires_at);
                return Err(error);
            }
        }
    }

    /// A value that only this request's row opens.
    /// Counts one more request that waits, of this client and from this source.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when a cap is reached.
    pub(super) fn takes_room(
        &self,
        client: Id<Client>,
        peer: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let caps = Caps {
            per_client: self.limits.per_client,
            per_source: self.limits.per_source,
            total: self.limits.total,
        };
        if self.census.enter(client, peer, expires_at, now, caps) {
            return Ok(());
        }
        Err(Refusal::TooMany {
            retry_after: CAP_RETRY,
        })
    }

    pub(super) fn sealed(&self, id: Id<PendingRequest>, plain: &[u8]) -> Sealed {
        self.vault.seal(&id.to_string(), plain, self.random())
    }

    pub(super) fn plan_open(
        &self,
        ask: &Ask<'_>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> (Commit, Opened) {
        // A client may carry it in an address, so it tells nothing (threat C7).
        let id = Id::random(self.random());
        let poll = match (&ask.delivery, &ask.continuation) {
            (Delivery::Poll { .. }, None) => Some(self.row_secret(now)),
            (Delivery::Redirect { .. }, _) | (_, Some(_)) => None,
        };
        let user_code = ask
            .with_user_code
            .then(|| UserCode::generate(self.census.open(now), self.random()));
        let mut request = PendingRequest {
            id,
            face: ask.face.clone(),
            asker: Asker {
                client: ask.client.id,
                peer: ask.peer.clone(),
                proven: ask.proven,
                introduced: ask.introduced.clone(),
            },
            asked: ask.rights.clone(),
            need: ask.need.clone(),
            addressed_to: ask.addressed_to,
            delivery: ask.delivery.clone(),
            browser: ask.browser,
            always_ask: ask.every_time,
            parent: ask.parent,
            user_code: user_code
                .as_ref()
                .map(|code| self.sealed(id, code.to_string().as_bytes())),
            continuation: ask.continuation.clone(),
            on_answer: ask.on_answer.as_ref().map(|plain| self.sealed(id, plain)),
            shown_at: None,
            payload: ask.payload.clone(),
            created_at: now,
            expires_at,
            keep_until: expires_at,
            state: State::Pending,
        };
        request.keep_until = request.retention(expires_at);

        let caller = Caller::client(&ask.peer);
        let mut event = self.event(EventKind::RequestOpened, &caller, now);
        event.client = Some(request.asker.client);
        event.request = Some(id);
        let mut commit = Commit::new(self.issuer, event)
            .with(Change::insert(Record::Pending(Box::new(request.clone()))));
        let mut handle = |kind, hash| {
            let handle = Handle {
                kind,
                hash,
                pending: id,
                keep_until: request.keep_until,
            };
            commit.changes.push(Change::insert(Record::Handle(handle)));
        };
        if let Some(secret) = &poll {
            handle(HandleKind::Poll, *secret.hash().as_bytes());
        }
        if let Some(code) = &user_code {
            handle(HandleKind::UserCode, *code.hash(&self.vault).as_bytes());
        }
        commit.changes.extend(ask.proof.as_ref().map(spending));
        (
            commit,
            Opened {
                request,
                poll,
                user_code,
            },
        )
    }
}
