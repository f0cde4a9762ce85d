//! `answer`: the person, an operator or a rule decides, once.

use std::sync::Arc;

use super::{
    Attempts, Caller, Committed, Engine, Error, active,
    show::{Shown, View, may_sit},
};
use crate::{
    client::Client,
    event::{Actor, EventKind},
    grant::Grant,
    id::Id,
    pending::{Approval, DecidedBy, Delivery, EndKind, Handle, HandleKind, PendingRequest, State},
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
        /// Whom it speaks for.
        person: &'a Person,
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

/// An answered request and the fresh code, if the answer travels by redirect.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The request as it stands.
    pub request: PendingRequest,
    /// Who asked.
    pub client: Arc<Client>,
    /// The code for the redirect.
    pub code: Option<Secret<kind::Collect>>,
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
    ) -> Result<Committed<Answered>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(View::Id(answer.request)).await?;
            shown.request.state.unanswered()?;
            self.in_time(&shown.request, shown.version, now).await?;
            active(&shown.client)?;
            may_decide(&shown, answer, now)?;
            let (commit, answered) = self.plan_answer(shown, answer, caller, now).await?;
            match self.write(commit).await {
                Ok(()) => {
                    if matches!(answered.request.state, State::Ended(_)) {
                        let request = &answered.request;
                        self.census.leave(
                            request.asker.client,
                            &request.asker.peer,
                            request.expires_at,
                        );
                    }
                    return Ok(Committed(answered));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }

    async fn plan_answer(
        &self,
        shown: Shown,
        answer: &Answer<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(Commit, Answered), Error> {
        let Shown {
            mut request,
            version,
            client,
            ..
        } = shown;
        let before = request.expires_at;
        let (kind, code) = match &answer.decision {
            Decision::Deny => {
                request.state = request.state.end(EndKind::Denied, now)?;
                (EventKind::RequestDenied, None)
            }
            Decision::Approve(granted) => {
                let code = self.code_for(&request);
                let mut approval = approval(&answer.by, granted.clone(), now);
                request.expires_at = request.delivery.collect_until(now, request.expires_at);
                approval.handover = code.as_ref().zip(answer.cookie).map(|(code, cookie)| {
                    Receipt::new(cookie, &code.reveal(), request.expires_at, self.random())
                });
                request.state = request.state.approve(approval)?;
                (EventKind::RequestApproved, code)
            }
        };
        request.keep_until = request.retention(now);

        let mut event = self.event(kind, caller, now);
        event.client = Some(client.id);
        event.request = Some(request.id);
        let mut changes = vec![Change::update(
            version,
            Record::Pending(Box::new(request.clone())),
        )];
        if let Some(code) = &code {
            let hash = *code.hash().as_bytes();
            let handle = Handle {
                kind: HandleKind::Code,
                hash,
                pending: request.id,
                keep_until: request.keep_until,
            };
            changes.push(Change::insert(Record::Handle(handle)));
        }
        match &answer.by {
            Decider::Seat(seat) => {
                event.actor = Actor::Person;
                event.person = Some(seat.person().id);
                changes.push(self.require_session(seat).await?);
                changes.push(self.require_person(seat.person().id).await?);
            }
            Decider::Operator { person, .. } => {
                event.actor = Actor::Operator;
                event.person = Some(person.id);
                changes.push(self.require_person(person.id).await?);
            }
            Decider::Policy {
                rule,
                person,
                under,
                ..
            } => {
                event.person = Some(person.id);
                event.note = Some((*rule).into());
                changes.push(self.require_person(person.id).await?);
                if let Some((grant, version)) = under {
                    changes.push(Change::Require {
                        key: Key::grant(*grant),
                        version: *version,
                    });
                }
            }
        }
        let commit = Commit {
            issuer: self.issuer,
            event,
            before: Some(before),
            changes,
        };
        Ok((
            commit,
            Answered {
                request,
                client,
                code,
            },
        ))
    }

    fn code_for(&self, request: &PendingRequest) -> Option<Secret<kind::Collect>> {
        match request.delivery {
            Delivery::Redirect { .. } => Some(Secret::generate(self.random())),
            Delivery::Poll { .. } => None,
        }
    }

    /// A change that holds only while the person is as they were, and active.
    pub(crate) async fn require_person(&self, id: Id<Person>) -> Result<Change, Error> {
        let person = self.store.as_ref().person(self.issuer, id).await?;
        let person = person
            .filter(|p| !p.value.disabled && !p.value.erased)
            .ok_or(Refusal::PersonInactive)?;
        Ok(Change::Require {
            key: Key::person(id),
            version: person.version,
        })
    }
}

/// Whether this decider may give this answer to what is stored.
fn may_decide(shown: &Shown, answer: &Answer<'_>, now: Timestamp) -> Result<(), Refusal> {
    let request = &shown.request;
    let person = match &answer.by {
        Decider::Seat(seat) => {
            may_sit(request, seat)?;
            request.state.open_to(seat.person().id, now)?;
            seat.person()
        }
        Decider::Operator { person, .. } => person,
        Decider::Policy {
            person, session, ..
        } => {
            if !request
                .need
                .is_met_by(&session.authentication, &person.subject)
            {
                return Err(Refusal::SignInNeeded);
            }
            person
        }
    };
    if let Some(digest) = answer.shown
        && digest != request.digest(&shown.client, person.id)
    {
        return Err(Refusal::StaleView);
    }
    match (&answer.decision, &answer.by) {
        (Decision::Deny, _) => Ok(()),
        (Decision::Approve(granted), Decider::Operator { .. }) => {
            let registered = shown.client.registered_scopes();
            let within = registered.is_none_or(|scopes| granted.scopes.is_subset(&scopes));
            if within {
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
            (seat.person(), Some(seat.session()), decided, None)
        }
        Decider::Operator { credential, person } => (
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
            (*person, Some(*session), decided, under.map(|(id, _)| id))
        }
    };
    Approval {
        granted,
        person: Some(person.id),
        subject: Some(person.subject.clone()),
        authentication: session.map(|s| s.authentication.clone()),
        session: session.map(|s| s.hash),
        sid: session.map(|s| s.sid),
        by: decided,
        at: now,
        under,
        handover: None,
    }
}
