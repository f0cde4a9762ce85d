//! A rule grants a request the moment it comes: request, grant, family and tokens are one commit, and the client may come
//! back to it like to any other.
//!
//! Spec: RFC 9635 §1.5 (processing to approved), §5.3

use super::{
    Ask, Caller, Committed, Engine, Error,
    collect::{CollectSpecs, Planned},
    found,
};
use crate::{
    event::{Actor, EventKind},
    grant::Grant,
    id::Id,
    pending::{Approval, Continuation, DecidedBy, PendingRequest, State},
    refusal::Refusal,
    secret::{Secret, kind},
    store::{Change, Record},
    time::Timestamp,
    token::TokenSet,
};

/// A request that needs nobody.
pub struct AtOnce<'a> {
    /// What is asked, which is what is granted.
    pub ask: Ask<'a>,
    /// Which rule grants it.
    pub rule: &'static str,
    /// Which tokens to make.
    pub specs: CollectSpecs<'a>,
    /// The agreement all of it rests on and ends with, though another client's. Absent: a new one.
    pub under: Option<Grant>,
}

/// What a rule gave.
pub struct Issued {
    /// The request, collected.
    pub request: PendingRequest,
    /// The approval.
    pub approval: Approval,
    /// The tokens.
    pub tokens: TokenSet,
}

impl Engine {
    /// Grants a request by rule. It never counts as open.
    ///
    /// # Errors
    /// [`Refusal::ClientInactive`]; [`Refusal::ReplayedProof`] when the client's proof came before.
    pub async fn grant_at_once(
        &self,
        give: &AtOnce<'_>,
        now: Timestamp,
    ) -> Result<Committed<Issued>, Error> {
        self.grant_beside(give, None, now).await
    }

    /// Gives more tokens under a grant whose client asks, by changing its request, for no more than it has.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not this client's or was not collected; [`Refusal::Revoked`] when its grant was;
    /// [`Refusal::Exceeds`] when the grant does not cover what is asked, by `covers`.
    pub async fn modify_at_once(
        &self,
        (id, token): (Id<PendingRequest>, &Secret<kind::Continue>),
        mut give: AtOnce<'_>,
        covers: &(dyn Fn(&Grant) -> bool + Send + Sync),
    ) -> Result<Committed<(Issued, Secret<kind::Continue>)>, Error> {
        let (mut old, version) = self.opened_by(id, token.hash()).await?;
        let State::Collected { grant, .. } = old.state else {
            return Err(Refusal::NotFound.into());
        };
        if old.asker.client != give.ask.client.id {
            return Err(Refusal::NotFound.into());
        }
        let standing = found(self.store.as_ref().grant(self.issuer, grant).await?)?.value;
        if !standing.is_live() {
            return Err(Refusal::Revoked.into());
        }
        if !covers(&standing) {
            return Err(Refusal::Exceeds.into());
        }
        let rotates = old.continuation.as_ref().is_some_and(|way| way.rotates);
        let next = Secret::generate(self.random());
        old.continuation = None;
        give.ask.parent = Some(grant);
        give.ask.continuation = Some(Continuation::new(&next, rotates));
        let ended = Change::update(version, Record::Pending(Box::new(old)));
        let beside = Some((ended, standing));
        let issued = self.grant_beside(&give, beside, self.store.now()).await?;
        Ok(Committed((issued.into_inner(), next)))
    }

    async fn grant_beside(
        &self,
        give: &AtOnce<'_>,
        beside: Option<(Change, Grant)>,
        now: Timestamp,
    ) -> Result<Committed<Issued>, Error> {
        super::active(give.ask.client)?;
        let (beside, under) = match beside {
            Some((change, grant)) => (Some(change), Some(grant)),
            None => (None, None),
        };
        let under = under.as_ref().or(give.under.as_ref());
        let (opening, opened) = self.plan_open(&give.ask, now.plus(give.ask.lifetime), now);
        let mut request = opened.request;
        request.state = State::Approved(Box::new(Approval {
            granted: give.ask.rights.clone(),
            person: under.and_then(|grant| grant.person),
            subject: under.and_then(|grant| grant.subject.clone()),
            authentication: None,
            session: None,
            sid: None,
            by: DecidedBy::Policy {
                rule: give.rule.to_owned(),
            },
            at: now,
            under: give.under.as_ref().map(|grant| grant.id),
            handover: None,
        }));
        let caller = Caller {
            actor: Actor::Client,
            peer: Some(give.ask.peer.clone()),
            ..Caller::default()
        };
        let Planned {
            mut commit,
            mut request,
            approval,
            tokens,
            can_renew_until,
        } = self
            .plan_collect(give.ask.client, give.specs, request, &caller, now)
            .await?;
        request.keep_until = request.keep_until.max(can_renew_until);
        commit.event.kind = EventKind::GrantIssued;
        commit.event.note = Some(give.rule.into());
        commit.before = None;
        let inserted = Change::insert(Record::Pending(Box::new(request.clone())));
        commit.changes.insert(0, inserted);
        commit.changes.extend(beside);
        // What opening adds beside the request: the proof it spends.
        commit
            .changes
            .extend(opening.changes.into_iter().filter(|change| match change {
                Change::Spend { .. } => true,
                Change::Put { .. } | Change::Require { .. } | Change::Delete { .. } => false,
            }));
        match self.write(commit).await {
            Ok(()) => Ok(Committed(Issued {
                request,
                approval,
                tokens,
            })),
            Err(error) => {
                let mut attempts = super::Attempts::default();
                attempts.again(error)?;
                // Ids are random, so only what stands beside it can have been changed meanwhile.
                Err(Refusal::NotFound.into())
            }
        }
    }
}
