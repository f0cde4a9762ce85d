//! A client changes or takes back what it asked for, with the token of its request.
//!
//! Before its result was collected, the request itself changes: whoever looks at it is shown the new content, and whoever agreed
//! to the old content is asked again (threat C5). Afterwards the change is a new request under the same grant, and what was
//! given before stays given.
//!
//! Spec: RFC 9635 §5.3, §5.4

use super::{Ask, Attempts, Caller, Committed, Engine, Error, Opened, found};
use crate::{
    client::AuthenticatedClient,
    event::{Actor, EventKind},
    grant::Grant,
    id::Id,
    pending::{Continuation, EndKind, Handle, HandleKind, PendingRequest, State, UserCode},
    person::Person,
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record},
    time::Timestamp,
};

/// What became of a request that its client took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenBack {
    /// Nobody had collected anything.
    Request,
    /// What it had given was revoked.
    Grant(Id<Grant>),
}

impl Engine {
    /// Changes what a request asks for. `ask` says all of the new content; its `continuation` is replaced by the next token
    /// of the old one where the request itself changes.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not this client's; [`Refusal::Revoked`] when the grant was; what an ended one says; as
    /// [`Engine::open`].
    pub async fn modify(
        &self,
        id: Id<PendingRequest>,
        token: &Secret<kind::Continue>,
        ask: Ask<'_>,
    ) -> Result<Committed<(Opened, Secret<kind::Continue>)>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let (request, version) = self.opened_by(id, token.hash()).await?;
            if request.asker.client != ask.client.id {
                return Err(Refusal::NotFound.into());
            }
            if let Err(error) = self.in_time(&request, version, now).await {
                attempts.reload(error)?;
                continue;
            }
            let mut ask = ask.clone();
            if let Some(grant) = request.parent {
                let agreed = self.agreed_to(grant).await?;
                self.asks_the_same_person(agreed, &mut ask).await?;
            }
            let reopens = match &request.state {
                State::Collected { grant, .. } => {
                    let grant = *grant;
                    ask.parent = Some(grant);
                    let agreed = self.agreed_to(grant).await?;
                    self.asks_the_same_person(agreed, &mut ask).await?;
                    return self.modify_grant(request, version, ask).await;
                }
                State::Approved(approval) => {
                    self.asks_the_same_person(approval.person, &mut ask).await?;
                    true
                }
                State::Pending
                | State::Interacting { .. }
                | State::Clarifying { .. }
                | State::Ended(_) => false,
            };
            if let Some(person) = ask.addressed_to
                && (reopens || request.addressed_to != Some(person))
            {
                self.room_before(person, ask.client.id, now).await?;
            }
            let (commit, opened, next) = self.plan_change(&ask, (request, version), token, now)?;
            let (client, expires_at) = (ask.client.id, opened.request.expires_at);
            let peer = &opened.request.asker.peer;
            if reopens {
                // It stopped counting when it was answered.
                self.takes_room(client, peer, expires_at, now)?;
            }
            match self.write(commit).await {
                Ok(()) => return Ok(Committed((opened, next))),
                Err(error) => {
                    if reopens {
                        self.census.leave(client, peer, expires_at);
                    }
                    attempts.again(error)?;
                }
            }
        }
    }

    /// The request with its new content. Whoever looked at the old one is asked anew; so is whoever agreed to it, since nothing
    /// was given for that.
    fn plan_change(
        &self,
        ask: &Ask<'_>,
        (request, version): (PendingRequest, u64),
        token: &Secret<kind::Continue>,
        now: Timestamp,
    ) -> Result<(Commit, Opened, Secret<kind::Continue>), Refusal> {
        let (way, next) = self.turned(&request, token, now)?;
        let id = request.id;
        let mut changed = request;
        changed.state = changed.state.reopen()?;
        changed.asked = ask.rights.clone();
        changed.need = ask.need.clone();
        changed.addressed_to = ask.addressed_to;
        changed.payload = ask.payload.clone();
        changed.on_answer = ask.on_answer.as_ref().map(|plain| self.sealed(id, plain));
        changed.shown_at = None;
        let (code, carried) = self.code_of_changed(&mut changed, ask.with_user_code, now);
        changed.continuation = Some(Continuation {
            finish: ask.continuation.as_ref().and_then(|new| new.finish.clone()),
            ..way
        });
        let mut event = self.event(EventKind::RequestChanged, &Caller::client(&ask.peer), now);
        event.client = Some(changed.asker.client);
        event.request = Some(id);
        let before = changed.expires_at;
        let record = Record::Pending(Box::new(changed.clone()));
        let mut commit = Commit::new(self.issuer, event)
            .with(Change::update(version, record))
            .before(before);
        commit.changes.extend(carried);
        let spent = ask.proof.as_ref().map(super::proof::spending);
        commit.changes.extend(spent);
        let opened = Opened {
            request: changed,
            poll: None,
            user_code: code,
        };
        Ok((commit, opened, next))
    }

    /// The code a person carries to a changed request: the one it has, or a new one with the handle that finds it.
    fn code_of_changed(
        &self,
        changed: &mut PendingRequest,
        wanted: bool,
        now: Timestamp,
    ) -> (Option<UserCode>, Option<Change>) {
        if changed.addressed_to.is_some() {
            // Nobody carries it to whom it was not laid before.
            changed.user_code = None;
        }
        if !wanted {
            return (None, None);
        }
        let row = changed.id.to_string();
        let known = changed.user_code.as_ref().and_then(|sealed| {
            let plain = self.vault.open(&row, sealed).ok()?;
            UserCode::parse(std::str::from_utf8(&plain).ok()?)
        });
        if let Some(code) = known {
            return (Some(code), None);
        }
        let code = UserCode::generate(self.census.open(now), self.random());
        let text = code.to_string();
        changed.user_code = Some(self.vault.seal(&row, text.as_bytes(), self.random()));
        let handle = Record::Handle(Handle {
            kind: HandleKind::UserCode,
            hash: *code.hash(&self.vault).as_bytes(),
            pending: changed.id,
            keep_until: changed.keep_until,
        });
        (Some(code), Some(Change::insert(handle)))
    }

    /// Who agreed to a grant that still counts. `None`: a rule.
    async fn agreed_to(&self, grant: Id<Grant>) -> Result<Option<Id<Person>>, Error> {
        let grant = found(self.store.as_ref().grant(self.issuer, grant).await?)?.value;
        if grant.is_live() {
            Ok(grant.person)
        } else {
            Err(Refusal::Revoked.into())
        }
    }

    /// Whoever agreed before is asked about the change, and nobody else: else what one allowed would become another's.
    async fn asks_the_same_person(
        &self,
        agreed: Option<Id<Person>>,
        ask: &mut Ask<'_>,
    ) -> Result<(), Error> {
        let Some(person) = agreed else {
            return Ok(());
        };
        let person = self.store.as_ref().person(self.issuer, person).await?;
        let person = person.ok_or(Refusal::PersonInactive)?.value;
        ask.addressed_to = ask.addressed_to.map(|_| person.id);
        ask.need.subject = Some(person.subject);
        Ok(())
    }

    /// A new request under the grant; the old way back ends with the commit that opens the new one.
    async fn modify_grant(
        &self,
        mut old: PendingRequest,
        version: u64,
        mut ask: Ask<'_>,
    ) -> Result<Committed<(Opened, Secret<kind::Continue>)>, Error> {
        let rotates = old.continuation.as_ref().is_some_and(|way| way.rotates);
        let finish = ask.continuation.take().and_then(|way| way.finish);
        let next = Secret::generate(self.random());
        let mut way = Continuation::new(&next, rotates);
        way.finish = finish;
        ask.continuation = Some(way);
        old.continuation = None;
        let ended = Change::update(version, Record::Pending(Box::new(old)));
        let now = self.store.now();
        let opened = self.open_with(ask, Some(ended), now).await?.into_inner();
        Ok(Committed((opened, next)))
    }

    /// Takes a request back: it ends, or what it gave is revoked. Its token opens nothing from then on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not this client's, and for what was taken back before.
    pub async fn take_back(
        &self,
        id: Id<PendingRequest>,
        token: SecretHash<kind::Continue>,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TakenBack>, Error> {
        self.spend_proof(client).await?;
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let (mut request, version) = self.opened_by(id, token).await?;
            if request.asker.client != client.client().id {
                return Err(Refusal::NotFound.into());
            }
            request.continuation = None;
            let open = request.state.unanswered().is_ok();
            let (peer, expires_at) = (request.asker.peer.clone(), request.expires_at);
            let mut event = self.event(EventKind::RequestCancelled, caller, now);
            event.actor = Actor::Client;
            event.client = Some(request.asker.client);
            event.request = Some(id);
            let mut commit = Commit::new(self.issuer, event);
            let mut done = TakenBack::Request;
            let given = match &request.state {
                State::Collected { grant, .. } => Some(*grant),
                // A change of a grant is taken back with the grant, however the change itself went.
                State::Pending
                | State::Interacting { .. }
                | State::Clarifying { .. }
                | State::Approved(_)
                | State::Ended(_) => request.parent,
            };
            if let Some(grant) = given {
                done = TakenBack::Grant(grant);
                let revoked = self.revoked(grant, now).await?;
                commit.event.kind = EventKind::GrantRevoked;
                commit.event.grant = Some(grant);
                commit.changes.extend(revoked);
            }
            match &request.state {
                State::Collected { .. } | State::Ended(_) => {}
                State::Pending
                | State::Interacting { .. }
                | State::Clarifying { .. }
                | State::Approved(_) => {
                    request.state = request.state.end(EndKind::Cancelled, now)?;
                    request.keep_until = request.retention(now);
                }
            }
            let commit = commit.with(Change::update(version, Record::Pending(Box::new(request))));
            match self.write(commit).await {
                Ok(()) => {
                    if open {
                        self.census.leave(client.client().id, &peer, expires_at);
                    }
                    return Ok(Committed(done));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The change that revokes a grant. `None` when it was revoked before.
    async fn revoked(&self, id: Id<Grant>, now: Timestamp) -> Result<Option<Change>, Error> {
        let mut grant = found(self.store.as_ref().grant(self.issuer, id).await?)?;
        if !grant.value.is_live() {
            return Ok(None);
        }
        grant.value.revoked_at = Some(now);
        grant.value.keep_until = Some(now.plus(self.retention.events));
        Ok(Some(Change::update(
            grant.version,
            Record::Grant(grant.value),
        )))
    }

    /// Notes that another system puts the request before a person, once.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Expired`]; what a settled request says.
    pub async fn mark_shown(
        &self,
        id: Id<PendingRequest>,
        caller: &Caller,
    ) -> Result<Committed<PendingRequest>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(super::View::Id(id)).await?;
            shown.request.state.unanswered()?;
            if let Err(error) = self.in_time(&shown.request, shown.version, now).await {
                attempts.reload(error)?;
                continue;
            }
            let mut request = shown.request;
            if request.shown_at.is_some() {
                return Ok(Committed(request));
            }
            request.shown_at = Some(now);
            let mut event = self.event(EventKind::RequestShown, caller, now);
            event.client = Some(request.asker.client);
            event.request = Some(id);
            let before = request.expires_at;
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(
                    shown.version,
                    Record::Pending(Box::new(request.clone())),
                ))
                .before(before);
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(request)),
                Err(error) => attempts.again(error)?,
            }
        }
    }
}
