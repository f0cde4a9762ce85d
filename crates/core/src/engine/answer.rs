//! `answer`: the person, an operator or a rule decides, once.

use std::sync::Arc;

use super::{
    Attempts, Caller, Committed, Engine, Error, active,
    show::{Shown, View, may_sit},
};
use crate::{
    callback::{Callback, Message},
    client::Client,
    event::{Actor, Event, EventKind},
    grant::Grant,
    id::Id,
    pending::{
        Approval, COLLECT_AFTER_ANSWER, DecidedBy, Delivery, EndKind, Handle, HandleKind,
        PendingRequest, State,
    },
    person::{Person, SeatedPerson, Session},
    receipt::Receipt,
    refusal::Refusal,
    right::Rights,
    secret::{Digest, Secret, kind},
    store::{Change, Commit, Key, Record},
    time::Timestamp,
};

/// Who decides: three witnesses, one rule.
#[derive(Debug, Clone)]
pub enum Decider<'a> {
    /// A signed-in person in one browser on this request.
    Seat(&'a SeatedPerson),
    /// A system this issuer trusts with decisions, speaking for a person it names.
    Operator {
        /// The name of its credential, for the audit.
        credential: &'a str,
        /// Whom it speaks for. Absent where that system keeps its own people.
        person: Option<&'a Person>,
        /// The `sub` clients see where it names nobody known here. Absent: the person's, or none.
        subject: Option<&'a str>,
    },
    /// A rule: remembered consent, the operator's own client.
    Policy {
        /// Which rule.
        rule: &'static str,
        /// For whom.
        person: &'a Person,
        /// In which sign-in.
        session: &'a Session,
        /// The remembered grant it rests on, and its version.
        under: Option<(Id<Grant>, u64)>,
    },
}

/// What is decided.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Yes, to this much.
    Approve(Rights),
    /// No.
    Deny,
}

/// An answer to one request.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Which request.
    pub request: Id<PendingRequest>,
    /// Who decides.
    pub by: Decider<'a>,
    /// The digest of what was displayed. Absent for a rule, which reads the request itself.
    pub shown: Option<Digest>,
    /// What is decided.
    pub decision: Decision,
    /// The interaction cookie's secret: a fresh code is sealed under it, so that a reload repeats the redirect.
    pub cookie: Option<&'a Secret<kind::Interaction>>,
}

/// An answered request, and the code its redirect carries.
#[derive(Clone)]
pub struct Handover {
    /// The request as it stands.
    pub request: PendingRequest,
    /// Who asked.
    pub client: Arc<Client>,
    /// The code for the redirect of an approval. Absent for any other answer. Empty where the client comes back by a token of
    /// its own and a finish method was agreed: then it says that this browser is the one that decided (threat G7).
    pub code: Option<String>,
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover")
            .field("request", &self.request.id)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Decides a request.
    ///
    /// # Errors
    /// [`Refusal::StaleView`] when something else was displayed; [`Refusal::Exceeds`] when more is granted than was
    /// asked; [`Refusal::SignInNeeded`], [`Refusal::WrongBrowser`], [`Refusal::Taken`], [`Refusal::PersonInactive`],
    /// [`Refusal::ClientInactive`], [`Refusal::Expired`]; [`Refusal::AlreadyAnswered`] and its kin for a settled one.
    pub async fn answer(
        &self,
        answer: &Answer<'_>,
        caller: &Caller,
    ) -> Result<Committed<Handover>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(View::Id(answer.request)).await?;
            shown.request.state.unanswered()?;
            if let Err(error) = self.in_time(&shown.request, shown.version, now).await {
                attempts.reload(error)?;
                continue;
            }
            active(&shown.client)?;
            may_decide(&shown, answer, now)?;
            let (asker, before) = (shown.request.asker.clone(), shown.request.expires_at);
            let (commit, handover) = self.plan_answer(shown, answer, caller, now).await?;
            match self.write(commit).await {
                Ok(()) => {
                    self.census.leave(asker.client, &asker.peer, before);
                    return Ok(Committed(handover));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The handover of an answered request again, for the browser whose interaction cookie this is: the same code
    /// until it is collected or too late, none after that.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::WrongBrowser`] for another browser's cookie.
    pub async fn resume(
        &self,
        id: Id<PendingRequest>,
        cookie: &Secret<kind::Interaction>,
    ) -> Result<Committed<Handover>, Error> {
        let Shown {
            request, client, ..
        } = self.show(View::Id(id)).await?;
        if request
            .browser
            .is_some_and(|began_in| began_in != cookie.hash())
        {
            return Err(Refusal::WrongBrowser.into());
        }
        let now = self.store.now();
        let code = match &request.state {
            State::Approved(approval) if now < request.expires_at => approval
                .handover
                .as_ref()
                .and_then(|receipt| receipt.open(cookie, now)),
            State::Pending
            | State::Interacting { .. }
            | State::Clarifying { .. }
            | State::Approved(_)
            | State::Collected { .. }
            | State::Ended(_) => None,
        };
        Ok(Committed(Handover {
            request,
            client,
            code,
        }))
    }

    async fn plan_answer(
        &self,
        shown: Shown,
        answer: &Answer<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(Commit, Handover), Error> {
        let before = shown.request.expires_at;
        let (mut request, client) = (shown.request, shown.client);
        let (kind, code) = self.decide(&mut request, answer, now)?;
        request.keep_until = request.retention(now);
        let mut event = self.event(kind, caller, now);
        event.client = Some(client.id);
        event.request = Some(request.id);
        let mut changes = vec![Change::update(
            shown.version,
            Record::Pending(Box::new(request.clone())),
        )];
        if let Some(code) = &code {
            let hash = *code.hash().as_bytes();
            let keep_until = request.keep_until;
            let handle = Handle {
                kind: HandleKind::Code,
                hash,
                pending: request.id,
                keep_until,
            };
            changes.push(Change::insert(Record::Handle(handle)));
        }
        changes.extend(self.decider_holds(&answer.by, &mut event).await?);
        changes.extend(self.owed_to_client(&request, now));
        let commit = Commit {
            issuer: self.issuer,
            event,
            before: Some(before),
            changes,
        };
        let approved = matches!(&request.state, State::Approved(_));
        let decided_here = answer
            .cookie
            .filter(|_| approved && has_finish(&request))
            .map(|_| String::new());
        let code = code.map(|code| code.reveal()).or(decided_here);
        Ok((
            commit,
            Handover {
                request,
                client,
                code,
            },
        ))
    }

    /// The message its client is owed now that it is answered, if the client asked for one.
    fn owed_to_client(&self, request: &PendingRequest, now: Timestamp) -> Option<Change> {
        let sealed = request.on_answer.as_ref()?;
        let plain = self.vault.open(&request.id.to_string(), sealed).ok()?;
        let message: Message = serde_json::from_slice(&plain).ok()?;
        let id = Id::random(self.random());
        Some(Change::insert(Record::Callback(Callback {
            id,
            face: request.face.clone(),
            request: Some(request.id),
            client: Some(request.asker.client),
            message: message.seal(id, &self.vault, self.random()),
            created_at: now,
            due_at: now,
            attempts: 0,
            leased_until: None,
            // After that nothing can be collected any more.
            keep_until: request.expires_at.max(now.plus(COLLECT_AFTER_ANSWER)),
        })))
    }

    /// Moves the request to its answered state and makes the code its redirect will carry.
    fn decide(
        &self,
        request: &mut PendingRequest,
        answer: &Answer<'_>,
        now: Timestamp,
    ) -> Result<(EventKind, Option<Secret<kind::Collect>>), Refusal> {
        let Decision::Approve(granted) = &answer.decision else {
            request.state = request.state.clone().end(EndKind::Denied, now)?;
            return Ok((EventKind::RequestDenied, None));
        };
        let code = self.code_for(request, now);
        let mut approval = approval(&answer.by, granted.clone(), now);
        request.expires_at = request.delivery.collect_until(now, request.expires_at);
        let text = code.as_ref().map(Secret::reveal);
        let text = text.or_else(|| has_finish(request).then(String::new));
        approval.handover = text
            .zip(answer.cookie)
            .map(|(text, cookie)| Receipt::new(cookie, &text, request.expires_at, self.random()));
        request.state = request.state.clone().approve(approval)?;
        Ok((EventKind::RequestApproved, code))
    }

    /// What must still hold of whoever decides, and their names for the event.
    async fn decider_holds(
        &self,
        by: &Decider<'_>,
        event: &mut Event,
    ) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let (person, session) = match by {
            Decider::Seat(seat) => {
                event.actor = Actor::Person;
                (seat.person().id, Some(seat.session()))
            }
            Decider::Operator { person, .. } => {
                event.actor = Actor::Operator;
                let Some(person) = person else {
                    return Ok(changes);
                };
                (person.id, None)
            }
            Decider::Policy {
                rule,
                person,
                session,
                under,
            } => {
                event.note = Some((*rule).into());
                changes.extend(under.map(|(grant, version)| Change::Require {
                    key: Key::grant(grant),
                    version,
                }));
                (person.id, Some(*session))
            }
        };
        event.person = Some(person);
        if let Some(session) = session {
            changes.push(self.require_session(session).await?);
        }
        let signed_in = session.map_or(event.at, |session| session.created_at);
        changes.push(self.require_person(person, signed_in).await?);
        Ok(changes)
    }

    fn code_for(&self, request: &PendingRequest, now: Timestamp) -> Option<Secret<kind::Collect>> {
        match request.delivery {
            Delivery::Redirect { .. } => Some(self.row_secret(now)),
            Delivery::Poll { .. } => None,
        }
    }

    /// A change that holds only while the person is as they were, active, and honours what began at `since`: a new
    /// password must beat a decision of an old sign-in.
    pub(crate) async fn require_person(
        &self,
        id: Id<Person>,
        since: Timestamp,
    ) -> Result<Change, Error> {
        let person = self.store.as_ref().person(self.issuer, id).await?;
        let person = person
            .filter(|p| p.value.honours(since))
            .ok_or(Refusal::PersonInactive)?;
        Ok(Change::Require {
            key: Key::person(id),
            version: person.version,
        })
    }
}

/// Whether the client is told by a reference that the deciding browser carries.
fn has_finish(request: &PendingRequest) -> bool {
    request
        .continuation
        .as_ref()
        .is_some_and(|way| way.finish.is_some())
}

/// Whether this decider may give this answer to what is stored.
fn may_decide(shown: &Shown, answer: &Answer<'_>, now: Timestamp) -> Result<(), Refusal> {
    let request = &shown.request;
    let person = match &answer.by {
        Decider::Seat(seat) => {
            may_sit(request, seat)?;
            request.state.open_to(seat.person().id, now)?;
            Some(seat.person().id)
        }
        Decider::Operator { person, .. } => person.map(|person| person.id),
        Decider::Policy {
            person, session, ..
        } => {
            if !request
                .need
                .is_met_by(&session.authentication, &person.subject)
            {
                return Err(Refusal::SignInNeeded);
            }
            Some(person.id)
        }
    };
    if let Some(digest) = answer.shown
        && digest != request.digest(&shown.client, person)
    {
        return Err(Refusal::StaleView);
    }
    match (&answer.decision, &answer.by) {
        (Decision::Deny, _) => Ok(()),
        (Decision::Approve(granted), Decider::Operator { .. }) => {
            let known = granted.details.is_subset(&request.asked.details);
            if known && shown.client.may_have(granted) {
                Ok(())
            } else {
                Err(Refusal::Exceeds)
            }
        }
        (Decision::Approve(granted), Decider::Seat(_) | Decider::Policy { .. }) => {
            if granted.is_within(&request.asked) {
                Ok(())
            } else {
                Err(Refusal::Exceeds)
            }
        }
    }
}

fn approval(by: &Decider<'_>, granted: Rights, now: Timestamp) -> Approval {
    let (person, session, decided, under) = match by {
        Decider::Seat(seat) => {
            let decided = DecidedBy::Seat {
                person: seat.person().id,
                session: seat.session().hash,
            };
            (Some(seat.person()), Some(seat.session()), decided, None)
        }
        Decider::Operator {
            credential, person, ..
        } => (
            *person,
            None,
            DecidedBy::Operator {
                credential: (*credential).to_owned(),
            },
            None,
        ),
        Decider::Policy {
            rule,
            person,
            session,
            under,
        } => {
            let decided = DecidedBy::Policy {
                rule: (*rule).to_owned(),
            };
            (
                Some(*person),
                Some(*session),
                decided,
                under.map(|(id, _)| id),
            )
        }
    };
    let named = match by {
        Decider::Operator { subject, .. } => *subject,
        Decider::Seat(_) | Decider::Policy { .. } => None,
    };
    let subject = named.or(person.map(|person| person.subject.as_str()));
    Approval {
        granted,
        person: person.map(|person| person.id),
        subject: subject.map(str::to_owned),
        authentication: session.map(|s| s.authentication.clone()),
        session: session.map(|s| s.hash),
        sid: session.map(|s| s.sid),
        by: decided,
        at: now,
        under,
        handover: None,
    }
}
