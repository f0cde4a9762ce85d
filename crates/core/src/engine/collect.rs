//! `collect`: the client takes the result, once.
//!
//! 1. Load the request behind the handle.
//! 2. Wrong client, wrong proof, too late, too soon, not yet: refuse, and write what the refusal means.
//! 3. Mint the tokens, and commit them together with the collected state.
//!
//! Spec: RFC 6749 §4.1.3, RFC 8628 §3.4–3.5, RFC 9700 §2.1.1

use super::{
    Attempts, Caller, Committed, Engine, Error, active,
    proof::Proof,
    wait::{Pacing, Polled, Waiting},
};
use crate::{
    client::{AuthenticatedClient, Client},
    event::{Actor, EventKind},
    id::Id,
    pending::{Approval, Delivery, EndKind, HandleKind, Pace, PendingRequest, RETENTION, State},
    person::Person,
    refusal::Refusal,
    secret::{Secret, kind},
    store::{Change, Commit, Key, Record, StoreError, Versioned},
    time::{Lifetime, Timestamp},
    token::{Basis, Family, TokenSet, TokenSpec},
};

/// Which door the client comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectBy {
    /// With a code the browser carried: it works once, and a wrong use burns it.
    Code,
    /// With a handle only the client has: it may come again until there is an answer.
    Poll,
}

/// A request to collect.
pub struct Collect<'a> {
    /// Which door.
    pub by: CollectBy,
    /// What the client presents.
    pub secret: &'a Secret<kind::Collect>,
    /// Who presents it.
    pub client: &'a AuthenticatedClient,
    /// What the face must see proven about this request (PKCE, redirect URI).
    pub check: &'a (dyn Fn(&PendingRequest) -> Result<(), Refusal> + Send + Sync),
    /// Which tokens to make.
    pub specs: &'a (dyn Fn(&PendingRequest, &Basis<'_>) -> Vec<TokenSpec> + Send + Sync),
}

/// Which tokens one approval becomes.
pub(super) type CollectSpecs<'a> =
    &'a (dyn Fn(&PendingRequest, &Basis<'_>) -> Vec<TokenSpec> + Send + Sync);

/// A collection, ready to be written.
pub(super) struct Planned {
    pub(super) commit: Commit,
    /// The request as it will be.
    pub(super) request: PendingRequest,
    pub(super) approval: Approval,
    pub(super) tokens: TokenSet,
    /// The first moment at which nothing of it can be renewed.
    pub(super) can_renew_until: Timestamp,
}

impl Engine {
    /// Hands over what was approved.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown handle; [`Refusal::WrongClient`] and what `check` says, after burning a
    /// code; [`Refusal::Waiting`] and [`Refusal::TooSoon`] while nobody has answered; [`Refusal::Reused`] for a used
    /// code, after ending what it gave; [`Refusal::AlreadyCollected`], [`Refusal::Denied`], [`Refusal::Expired`],
    /// [`Refusal::Cancelled`], [`Refusal::Revoked`], [`Refusal::PersonInactive`], [`Refusal::ClientInactive`].
    pub async fn collect(
        &self,
        ask: &Collect<'_>,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Error> {
        match self.poll(ask, caller).await? {
            Polled::Given(tokens) => Ok(tokens),
            Polled::Waiting(waiting) => Err(waiting.refusal().into()),
        }
    }

    pub(super) async fn take(
        &self,
        ask: &Collect<'_>,
        proof: &Proof<'_>,
        caller: &Caller,
        pacing: Pacing,
    ) -> Result<Polled, Error> {
        let hash = *ask.secret.hash().as_bytes();
        let kind = match ask.by {
            CollectBy::Code => HandleKind::Code,
            CollectBy::Poll => HandleKind::Poll,
        };
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let found = self.store.pending_by(self.issuer, kind, hash).await?;
            let Versioned {
                value: request,
                version,
            } = super::found(found)?;
            // Somebody may change the request while a wrong use is to end it: judge what is there then.
            if let Err(error) = self
                .may_collect(ask, proof, (&request, version), caller, now)
                .await
            {
                attempts.reload(error)?;
                continue;
            }
            if let Err(error) = self.in_time(&request, version, now).await {
                attempts.reload(error)?;
                continue;
            }
            active(ask.client.client())?;
            if let Err(refusal) =
                request
                    .state
                    .clone()
                    .collect(Id::from_bytes([0; 16]), Id::from_bytes([0; 16]), now)
            {
                let (Refusal::Waiting { .. }, Delivery::Poll { interval }) =
                    (&refusal, &request.delivery)
                else {
                    return Err(refusal.into());
                };
                let waiting = Waiting {
                    request: request.id,
                    version,
                    expires_at: request.expires_at,
                    interval: *interval,
                    handle: hash,
                };
                if pacing == Pacing::Judged {
                    self.in_pace(&waiting, request).await?;
                }
                return Ok(Polled::Waiting(waiting));
            }
            let Planned {
                mut commit,
                request,
                tokens,
                ..
            } = self
                .plan_collect(ask.client.client(), ask.specs, request, caller, now)
                .await?;
            let collected = Change::update(version, Record::Pending(Box::new(request)));
            commit.changes.insert(0, collected);
            commit.changes.extend(proof.change());
            match self.write(commit).await {
                Ok(()) => {
                    self.pace.forget(&hash);
                    return Ok(Polled::Given(Committed(tokens)));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// Judges client and proof; a wrong use of a code ends what could still be taken with it.
    async fn may_collect(
        &self,
        ask: &Collect<'_>,
        proof: &Proof<'_>,
        (request, version): (&PendingRequest, u64),
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Error> {
        if let (CollectBy::Code, State::Collected { family, .. }) = (ask.by, &request.state) {
            proof.settle(self).await?;
            // Whoever brings a used code, somebody has it who should not (RFC 9700 §4.5.3.1).
            self.end_reused(*family, caller).await?;
            return Err(Refusal::Reused.into());
        }
        let owner = request.asker.client == ask.client.client().id;
        let judged = if owner {
            (ask.check)(request)
        } else {
            Err(Refusal::WrongClient)
        };
        let Err(refusal) = judged else { return Ok(()) };
        // Only a wrong proof of the request itself burns the code; what the client asks for beside it may be mended.
        let burns = matches!(refusal, Refusal::WrongClient | Refusal::WrongProof);
        if burns && ask.by == CollectBy::Code && matches!(request.state, State::Approved(_)) {
            proof.settle(self).await?;
            let mut failed = request.clone();
            failed.state = failed.state.end(EndKind::Failed, now)?;
            failed.keep_until = request.retention(now);
            let mut event = self.event(EventKind::RequestFailed, caller, now);
            event.actor = Actor::Client;
            event.client = Some(ask.client.client().id);
            event.request = Some(request.id);
            let burn = Commit::new(self.issuer, event)
                .with(Change::update(version, Record::Pending(Box::new(failed))));
            self.write(burn).await?;
        }
        Err(refusal.into())
    }

    /// Refuses a poll that finds nothing and came too early. Only a grown interval is written.
    pub(super) async fn in_pace(
        &self,
        waiting: &Waiting,
        mut request: PendingRequest,
    ) -> Result<(), Error> {
        let now = self.store.now();
        let (handle, interval) = (&waiting.handle, waiting.interval);
        Err(match self.pace.judge(handle, interval, now) {
            Pace::Fine => return Ok(()),
            Pace::Early => Refusal::TooSoon { interval },
            Pace::Grow { interval: grown } if grown == interval => Refusal::TooSoon { interval },
            Pace::Grow { interval: grown } => {
                request.delivery = Delivery::Poll { interval: grown };
                let mut event = self.event(EventKind::IntervalGrown, &Caller::default(), now);
                event.client = Some(request.asker.client);
                event.request = Some(request.id);
                let commit = Commit::new(self.issuer, event).with(Change::update(
                    waiting.version,
                    Record::Pending(Box::new(request)),
                ));
                // Lost to somebody else's change: the client is told the longer interval all the same, and the first poll
                // that is early after it has passed writes it.
                match self.write(commit).await {
                    Ok(()) | Err(StoreError::Conflict) => Refusal::TooSoon { interval: grown },
                    Err(error) => return Err(error.into()),
                }
            }
        }
        .into())
    }

    /// Everything a collection writes, but for the request, whose change the caller adds.
    pub(super) async fn plan_collect(
        &self,
        client: &Client,
        specs: CollectSpecs<'_>,
        mut request: PendingRequest,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Planned, Error> {
        let State::Approved(approval) = &request.state else {
            return Err(Refusal::Revoked.into());
        };
        let approval = approval.as_ref().clone();
        let issuer = self.issuer().await?;
        let person = self.person_of(&approval).await?;
        let agreement = self.agreement(&request, &approval, client, now).await?;
        let grant_id = agreement.id();
        let subject = approval.subject.as_deref().unwrap_or(&client.client_id);
        let mut basis = Basis {
            issuer: &issuer,
            client,
            person: person.as_ref().map(|p| &p.value),
            subject,
            rights: &approval.granted,
            authentication: approval.authentication.as_ref(),
            grant: Some(grant_id),
            family: None,
            session: approval.session,
            sid: approval.sid,
            now,
        };
        let specs = specs(&request, &basis);
        let family = new_family(self.row_id(now), &basis, &specs);
        basis.family = Some(family.id);
        let made = self.make(&basis, specs, Some(&family))?;

        let mut event = self.event(EventKind::TokensCollected, caller, now);
        event.actor = Actor::Client;
        event.client = Some(client.id);
        event.person = approval.person;
        event.request = Some(request.id);
        event.grant = Some(grant_id);
        event.family = Some(family.id);
        event.session = approval.sid;
        event.tokens = made.jtis;
        let before = request.expires_at;
        request.keep_until = request.retention(now).max(now.plus(RETENTION));
        (request.state, _) = request.state.collect(grant_id, family.id, now)?;
        let can_renew_until = family.expires_at;
        let mut changes = vec![agreement.keeping(&family, self.retention.agreements)];
        changes.push(Change::insert(Record::Family(family)));
        changes.extend(made.changes);
        changes.extend(person.map(|p| Change::Require {
            key: Key::person(p.value.id),
            version: p.version,
        }));
        let commit = Commit {
            issuer: self.issuer,
            event,
            before: Some(before),
            changes,
        };
        Ok(Planned {
            commit,
            request,
            approval,
            tokens: made.set,
            can_renew_until,
        })
    }

    /// The person an approval speaks for, who must still be active (threat B6).
    pub(super) async fn person_of(
        &self,
        approval: &Approval,
    ) -> Result<Option<Versioned<Person>>, Error> {
        let Some(id) = approval.person else {
            return Ok(None);
        };
        let person = super::found(self.store.as_ref().person(self.issuer, id).await?)?;
        if person.value.honours(approval.at) {
            Ok(Some(person))
        } else {
            Err(Refusal::PersonInactive.into())
        }
    }

    /// Ends a family because something single-use that belongs to it came again.
    pub(crate) async fn end_reused(&self, id: Id<Family>, caller: &Caller) -> Result<(), Error> {
        self.end_family(id, EventKind::ReuseDetected, caller).await
    }
}

/// The family of one approval's tokens. It is there without a refresh token too, so that a replayed code can end
/// what it gave.
pub(super) fn new_family(id: Id<Family>, basis: &Basis<'_>, specs: &[TokenSpec]) -> Family {
    let mut lifetime = Lifetime::ZERO;
    let mut bound = false;
    for spec in specs {
        match spec {
            TokenSpec::Access { lifetime: own, .. } => lifetime = lifetime.max(*own),
            TokenSpec::Renewable { absolute } => lifetime = lifetime.max(*absolute),
            TokenSpec::Refresh {
                absolute,
                bound_to_session,
                ..
            } => {
                lifetime = lifetime.max(*absolute);
                bound = *bound_to_session;
            }
            TokenSpec::Statement { .. } => {}
        }
    }
    Family {
        id,
        client: basis.client.id,
        grant: basis.grant,
        person: basis.person.map(|p| p.id),
        subject: basis.subject.to_owned(),
        session: basis.session.filter(|_| bound),
        sid: basis.sid,
        rights: basis.rights.clone(),
        authentication: basis.authentication.cloned(),
        generation: 1,
        created_at: basis.now,
        expires_at: basis.now.plus(lifetime),
        used_at: basis.now,
        ended_at: None,
    }
}
