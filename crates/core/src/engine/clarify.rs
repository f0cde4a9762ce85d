//! `clarify`: the person asks the client a question, and the client answers it.

use super::{Attempts, Caller, Committed, Engine, Error, View, show::may_sit};
use crate::{
    event::{Actor, EventKind},
    id::Id,
    pending::{EndKind, PendingRequest, Seat, State},
    person::SeatedPerson,
    refusal::Refusal,
    store::{Change, Commit, Record},
};

/// The longest question, in characters.
const QUESTION_LIMIT_CHARS: usize = 1_000;

impl Engine {
    /// Puts a person's question to the client; the request waits for the client's next move.
    ///
    /// # Errors
    /// [`Refusal::Exceeds`] for an empty or too long question; [`Refusal::TooMany`] after the last round; as
    /// [`Engine::answer`] otherwise.
    pub async fn clarify(
        &self,
        id: Id<PendingRequest>,
        seat: &SeatedPerson,
        question: &str,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        if question.trim().is_empty() || question.chars().count() > QUESTION_LIMIT_CHARS {
            return Err(Refusal::Exceeds.into());
        }
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(View::Id(id)).await?;
            if let Err(error) = self.in_time(&shown.request, shown.version, now).await {
                attempts.reload(error)?;
                continue;
            }
            may_sit(&shown.request, seat)?;
            let asked_before = match &shown.request.state {
                State::Clarifying { round, .. } => *round,
                State::Pending
                | State::Interacting { .. }
                | State::Approved(_)
                | State::Collected { .. }
                | State::Ended(_) => 0,
            };
            let by = Seat {
                person: seat.person().id,
                browser: seat.browser(),
                used_at: now,
            };
            let mut request = shown.request;
            request.state = request.state.ask(by, question.to_owned(), asked_before)?;
            let before = request.expires_at;
            let mut event = self.event(EventKind::RequestClarified, caller, now);
            event.actor = Actor::Person;
            event.request = Some(id);
            event.person = Some(seat.person().id);
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(
                    shown.version,
                    Record::Pending(Box::new(request)),
                ))
                .with(self.require_session(seat.session()).await?)
                .before(before);
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(())),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// Ends a request without tokens: its client took it back, an operator stopped it, or the person left.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown one; what a settled one says.
    pub async fn cancel(
        &self,
        id: Id<PendingRequest>,
        kind: EndKind,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(View::Id(id)).await?;
            let mut request = shown.request;
            let waited = request.state.unanswered().is_ok();
            request.state = request.state.end(kind, now)?;
            request.keep_until = request.retention(now);
            let mut event = self.event(ended_as(kind), caller, now);
            event.client = Some(request.asker.client);
            event.request = Some(id);
            let (client, peer, expires_at) = (
                request.asker.client,
                request.asker.peer.clone(),
                request.expires_at,
            );
            let commit = Commit::new(self.issuer, event).with(Change::update(
                shown.version,
                Record::Pending(Box::new(request)),
            ));
            match self.write(commit).await {
                Ok(()) => {
                    if waited {
                        self.census.leave(client, &peer, expires_at);
                    }
                    return Ok(Committed(()));
                }
                Err(error) => attempts.again(error)?,
            }
        }
    }
}

/// The event of an ending.
pub(crate) fn ended_as(kind: EndKind) -> EventKind {
    match kind {
        EndKind::Denied => EventKind::RequestDenied,
        EndKind::Cancelled | EndKind::Abandoned | EndKind::Revoked => EventKind::RequestCancelled,
        EndKind::Failed => EventKind::RequestFailed,
        EndKind::Expired => EventKind::RequestExpired,
    }
}
