//! A client comes back to its request: for the answer, or to hear that there is none yet.
//!
//! 1. [`Engine::continuation`] finds the request and its client by id and token, so that the edge knows whose key must have
//!    signed. It tells nothing and changes nothing.
//! 2. [`Engine::proceed`] judges token, reference, time and pace, and hands over what was approved, in one commit with the
//!    next token.
//! 3. Where nobody has answered, [`Engine::turn`] gives the next token; a held poll calls it when its time is up.
//!
//! Spec: RFC 9635 §5, §5.1, §5.2, §11.23, §11.25, §11.27, §11.33

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Attempts, Caller, Committed, Engine, Error, active,
    collect::{CollectSpecs, Planned},
    found,
    proof::Proof,
    wait::Waiting,
};
use crate::{
    client::{AuthenticatedClient, Client},
    event::{Actor, EventKind},
    id::Id,
    pending::{
        Approval, Continuation, EndKind, INTERVAL_LIMIT, PendingRequest, Presented, REPEAT_FOR,
        State, WRONG_REFERENCES,
    },
    receipt::Receipt,
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record, Versioned},
    time::{Lifetime, Timestamp},
    token::TokenSet,
};

/// A client comes back.
pub struct Proceed<'a> {
    /// To which request.
    pub request: Id<PendingRequest>,
    /// The token it presents.
    pub token: &'a Secret<kind::Continue>,
    /// What the person's browser or a push brought it. Absent for a poll.
    pub reference: Option<&'a str>,
    /// Who it is: its key was proven.
    pub client: &'a AuthenticatedClient,
    /// Which tokens to make.
    pub specs: CollectSpecs<'a>,
    /// Whether the pace is judged, and how.
    pub pacing: Pacing,
}

/// How the pace of a client that comes back is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// Every call has to keep the interval, from the first one on.
    Always,
    /// Polls have to; whoever brings a reference may come at once.
    Polls,
    /// It was judged when it came; this is another look of the same call.
    Known,
}

/// What came of it.
pub enum Proceeded {
    /// It was approved, and this is what it gave.
    Given(Box<Committed<Given>>),
    /// Nobody has answered.
    Waiting(Waiting),
}

/// What was handed over.
#[derive(Clone, Serialize, Deserialize)]
pub struct Given {
    /// The tokens.
    pub tokens: TokenSet,
    /// The approval they come from.
    pub approval: Approval,
    /// The token to come back with. It may be the one that was presented.
    pub next: String,
}

impl Engine {
    /// The request a client comes back to, and the client: what it presents opens it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown request, a wrong token, and one that cannot be continued any more.
    pub async fn continuation(
        &self,
        id: Id<PendingRequest>,
        token: SecretHash<kind::Continue>,
    ) -> Result<(PendingRequest, Arc<Client>), Error> {
        let (request, _) = self.opened_by(id, token).await?;
        let client = self.client(request.asker.client).await?;
        Ok((request, client.ok_or(Refusal::NotFound)?))
    }

    /// Hands over what was approved, or says what to wait for. The proof of a client that has to wait is not spent yet:
    /// [`Engine::turn`] spends it with the next token, [`Engine::spend_proof`] where the call is held first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] and [`Refusal::WrongClient`] for what is not this client's; [`Refusal::NotAllowed`] for a poll
    /// where a reference is due; [`Refusal::WrongProof`] for a wrong one; [`Refusal::Reused`] once there were too many, for one
    /// that was used, and for a second collection; [`Refusal::TooSoon`], and [`Refusal::Revoked`] once that was too often;
    /// [`Refusal::Denied`], [`Refusal::Expired`], [`Refusal::Cancelled`], [`Refusal::PersonInactive`],
    /// [`Refusal::ClientInactive`].
    pub async fn proceed(&self, ask: &Proceed<'_>, caller: &Caller) -> Result<Proceeded, Error> {
        let proof = Proof::of(ask.client);
        let done = self.attempt(ask, &proof, caller).await;
        proof.told(self, done).await
    }

    /// The same for a call that waited, for the same client as its record stands now.
    ///
    /// # Errors
    /// As [`Engine::proceed`], without [`Refusal::TooSoon`].
    pub async fn proceed_again(
        &self,
        ask: &Proceed<'_>,
        caller: &Caller,
    ) -> Result<Proceeded, Error> {
        let client = self.client(ask.client.client().id).await?;
        let client = AuthenticatedClient::renewed(client.ok_or(Refusal::ClientInactive)?);
        let ask = Proceed {
            client: &client,
            pacing: Pacing::Known,
            ..*ask
        };
        let proof = Proof::of(&client);
        self.attempt(&ask, &proof, caller).await
    }

    /// The token that an answer to `presented` gives where nobody has decided yet. The old one ends when this one is first
    /// used. `proof` is the client whose proof of this call was not spent yet.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when `presented` does not open the request any more; [`Refusal::ReplayedProof`] when the proof came
    /// before.
    pub async fn turn(
        &self,
        id: Id<PendingRequest>,
        presented: &Secret<kind::Continue>,
        proof: Option<&AuthenticatedClient>,
    ) -> Result<Committed<Secret<kind::Continue>>, Error> {
        let proof = proof.map(Proof::of);
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let (mut request, version) = self.opened_by(id, presented.hash()).await?;
            let (turned, next) = self.turned(&request, presented, now)?;
            if request.continuation.as_ref() == Some(&turned) {
                if let Some(proof) = &proof {
                    proof.settle(self).await?;
                }
                return Ok(Committed(next));
            }
            request.continuation = Some(turned);
            let mut commit = self.came_back(request, version, now);
            let spent = proof.as_ref().and_then(Proof::change);
            commit.changes.extend(spent);
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(next)),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    async fn attempt(
        &self,
        ask: &Proceed<'_>,
        proof: &Proof<'_>,
        caller: &Caller,
    ) -> Result<Proceeded, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let (request, version) = self.opened_by(ask.request, ask.token.hash()).await?;
            if request.asker.client != ask.client.client().id {
                return Err(Refusal::WrongClient.into());
            }
            active(ask.client.client())?;
            if let Some(again) = repeated(&request, ask, now) {
                proof.settle(self).await?;
                return Ok(Proceeded::Given(Box::new(Committed(again))));
            }
            if let Err(error) = self.in_time(&request, version, now).await {
                attempts.reload(error)?;
                continue;
            }
            let untouched = request.clone();
            let judged = self.reference(ask, (request, version), caller, now).await;
            let request = match judged {
                Ok(request) => request,
                Err(error) => {
                    attempts.reload(error)?;
                    continue;
                }
            };
            match &request.state {
                State::Approved(_) => {}
                State::Pending | State::Interacting { .. } | State::Clarifying { .. } => {
                    let waiting = self.judged(ask, untouched, version).await?;
                    return Ok(Proceeded::Waiting(waiting));
                }
                State::Collected { .. } => return Err(Refusal::Reused.into()),
                State::Ended(_) => {
                    let refusal = request.state.unanswered().err();
                    return Err(refusal.unwrap_or(Refusal::Revoked).into());
                }
            }
            if ask.pacing == Pacing::Always {
                // Whoever comes too early has used nothing up: the interval that grows is written without the reference.
                self.judged(ask, untouched, version).await?;
            }
            let (commit, given) = self.give(ask, request, version, caller, now).await?;
            let commit = Commit {
                changes: commit.changes.into_iter().chain(proof.change()).collect(),
                ..commit
            };
            match self.write(commit).await {
                Ok(()) => {
                    self.pace.forget(&pace_key(ask.request));
                    return Ok(Proceeded::Given(Box::new(Committed(given))));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The request with its reference marked used. A wrong one is counted; the answer to a right one that finds a 'no' is
    /// written before it is told.
    async fn reference(
        &self,
        ask: &Proceed<'_>,
        (mut request, version): (PendingRequest, u64),
        caller: &Caller,
        now: Timestamp,
    ) -> Result<PendingRequest, Error> {
        let Some(way) = &mut request.continuation else {
            return Err(Refusal::NotFound.into());
        };
        match (way.judge(ask.reference)?, &mut way.finish) {
            (Presented::Right, Some(finish)) => finish.used_at = Some(now),
            (Presented::NotNeeded, _) | (Presented::Right, None) => return Ok(request),
            (Presented::Wrong, None) => return Err(Refusal::WrongProof.into()),
            (Presented::Wrong, Some(finish)) => {
                finish.wrong = finish.wrong.saturating_add(1);
                return Err(self.wrong(request, version, caller, now).await?.into());
            }
        }
        match &request.state {
            State::Approved(_) => Ok(request),
            State::Ended(_) => {
                let commit = self.came_back(request.clone(), version, now);
                self.write(commit).await?;
                Ok(request)
            }
            // Nobody is given the reference before there is an answer.
            State::Pending | State::Interacting { .. } | State::Clarifying { .. } => {
                Err(Refusal::WrongProof.into())
            }
            State::Collected { .. } => Err(Refusal::Reused.into()),
        }
    }

    /// Keeps the count of wrong references; too many end the request.
    async fn wrong(
        &self,
        mut request: PendingRequest,
        version: u64,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Refusal, Error> {
        let tries = request
            .continuation
            .as_ref()
            .and_then(|way| way.finish.as_ref())
            .map_or(0, |finish| finish.wrong);
        let ends = tries >= WRONG_REFERENCES
            && !matches!(&request.state, State::Collected { .. } | State::Ended(_));
        if !ends {
            let commit = self.came_back(request, version, now);
            self.write(commit).await?;
            return Ok(Refusal::WrongProof);
        }
        let open = request.state.unanswered().is_ok();
        let (client, peer, expires_at) = (
            request.asker.client,
            request.asker.peer.clone(),
            request.expires_at,
        );
        request.state = request.state.end(EndKind::Failed, now)?;
        request.keep_until = request.retention(now);
        let mut event = self.event(EventKind::RequestFailed, caller, now);
        event.actor = Actor::Client;
        event.client = Some(client);
        event.request = Some(request.id);
        let ended = Change::update(version, Record::Pending(Box::new(request)));
        self.write(Commit::new(self.issuer, event).with(ended))
            .await?;
        if open {
            self.census.leave(client, &peer, expires_at);
        }
        Ok(Refusal::Reused)
    }

    /// What to wait for, if the client kept its pace.
    async fn judged(
        &self,
        ask: &Proceed<'_>,
        request: PendingRequest,
        version: u64,
    ) -> Result<Waiting, Error> {
        let handle = pace_key(request.id);
        let waiting = Waiting {
            request: request.id,
            version,
            expires_at: request.expires_at,
            interval: request.delivery.interval().unwrap_or(Lifetime::ZERO),
            handle,
        };
        let exempt = match ask.pacing {
            Pacing::Always => false,
            Pacing::Polls => ask.reference.is_some(),
            Pacing::Known => true,
        };
        if exempt {
            return Ok(waiting);
        }
        self.pace.begin(&handle, request.created_at);
        let peer = request.asker.peer.clone();
        let told = self.in_pace(&waiting, request).await;
        if let Err(Error::Refused(Refusal::TooSoon { .. })) = &told
            && waiting.interval >= INTERVAL_LIMIT
        {
            // RFC 9635 §11.27: whoever will not wait at the longest interval gets nothing.
            let caller = Caller {
                actor: Actor::Client,
                peer: Some(peer),
                ..Caller::default()
            };
            match self.cancel(waiting.request, EndKind::Failed, &caller).await {
                Ok(_) => return Err(Refusal::Revoked.into()),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        told?;
        Ok(waiting)
    }

    async fn give(
        &self,
        ask: &Proceed<'_>,
        request: PendingRequest,
        version: u64,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(Commit, Given), Error> {
        let planned = self
            .plan_collect(ask.client.client(), ask.specs, request, caller, now)
            .await?;
        let Planned {
            mut commit,
            mut request,
            approval,
            tokens,
            can_renew_until,
        } = planned;
        // The way back stays open as long as anything can come of the grant, to change or to revoke it.
        request.keep_until = request.keep_until.max(can_renew_until);
        let (mut turned, next) = self.turned(&request, ask.token, now)?;
        let given = Given {
            tokens,
            approval,
            next: next.reveal(),
        };
        turned.given = turned
            .finish
            .is_none()
            .then(|| Receipt::new(ask.token, &given, now.plus(REPEAT_FOR), self.random()));
        request.continuation = Some(turned);
        let collected = Change::update(version, Record::Pending(Box::new(request)));
        commit.changes.insert(0, collected);
        Ok((commit, given))
    }

    /// The request behind id and token.
    pub(super) async fn opened_by(
        &self,
        id: Id<PendingRequest>,
        token: SecretHash<kind::Continue>,
    ) -> Result<(PendingRequest, u64), Error> {
        let Versioned { value, version } =
            found(self.store.as_ref().pending(self.issuer, id).await?)?;
        let opens = value
            .continuation
            .as_ref()
            .is_some_and(|way| way.admits(token));
        if opens {
            Ok((*value, version))
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// The way back after an answer to `presented`, and the token it gives.
    pub(super) fn turned(
        &self,
        request: &PendingRequest,
        presented: &Secret<kind::Continue>,
        now: Timestamp,
    ) -> Result<(Continuation, Secret<kind::Continue>), Refusal> {
        let way = request.continuation.as_ref().ok_or(Refusal::NotFound)?;
        Ok(way.turned(presented, (now, request.keep_until), self.random()))
    }

    /// The commit that keeps what changed about a client's way back.
    fn came_back(&self, request: PendingRequest, version: u64, now: Timestamp) -> Commit {
        let caller = Caller {
            actor: Actor::Client,
            peer: Some(request.asker.peer.clone()),
            ..Caller::default()
        };
        let mut event = self.event(EventKind::ContinuationUsed, &caller, now);
        event.client = Some(request.asker.client);
        event.request = Some(request.id);
        Commit::new(self.issuer, event)
            .with(Change::update(version, Record::Pending(Box::new(request))))
    }
}

/// By what the pace of a request is remembered.
fn pace_key(id: Id<PendingRequest>) -> [u8; 32] {
    *SecretHash::<kind::Continue>::of_bytes(id.as_bytes()).as_bytes()
}

/// What was handed over a moment ago for the same token, without a reference (RFC 9635 §11.33).
fn repeated(request: &PendingRequest, ask: &Proceed<'_>, now: Timestamp) -> Option<Given> {
    let receipt = request.continuation.as_ref()?.given.as_ref()?;
    match ask.reference {
        None => receipt.open(ask.token, now),
        Some(_) => None,
    }
}
