//! What happened: the audit in pages, oldest first, by what it is about.

use placet_core::{
    Id,
    client::Client,
    event::{Actor, Event, EventKind},
    pending::PendingRequest,
    person::Person,
    time::{Lifetime, Timestamp},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listing, Moment, OperationError, Operator, Wish};

/// The list of events, as cursors name it.
const LIST: &str = "events";
/// Events read at once.
const STEP: usize = 1_000;
/// How many events one page looks at when most of them are left out.
const SCAN_LIMIT: usize = 20_000;
/// An event gets its id a moment before its commit: one that follows by id may appear this much later.
pub const FOLLOW_LAG: Lifetime = Lifetime::from_secs(10);

/// Which events are wanted. What is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of one of these kinds. Empty: of any.
    pub kinds: Vec<EventKind>,
    /// About this client.
    pub client: Option<Id<Client>>,
    /// About this person.
    pub person: Option<Id<Person>>,
    /// About this request.
    pub request: Option<Id<PendingRequest>>,
    /// At or after this time.
    pub since: Option<Timestamp>,
}

impl EventFilter {
    fn wants(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.client.is_none_or(|id| event.client == Some(id))
            && self.person.is_none_or(|id| event.person == Some(id))
            && self.request.is_none_or(|id| event.request == Some(id))
            && self.since.is_none_or(|since| event.at >= since)
    }
}

/// One thing that happened. It names people and clients by id, so it outlives their names.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    /// Its id, in the order of time.
    pub id: String,
    /// What.
    #[schema(value_type = String)]
    pub kind: EventKind,
    /// When.
    pub at: Moment,
    /// Who: `server`, `client`, `person`, `operator` or `tenant`.
    #[schema(value_type = String)]
    pub actor: Actor,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The client concerned, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The person concerned, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The request concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The grant concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// The token family concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The session concerned (`sid`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The tenant concerned; where a tenant caused it, that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The callback concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// The `jti` of the access tokens it was about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
    /// A short fixed word on how or why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind,
            at: event.at.into(),
            actor: event.actor,
            peer: event.peer,
            client: event.client.map(|id| id.to_string()),
            person: event.person.map(|id| id.to_string()),
            request: event.request.map(|id| id.to_string()),
            grant: event.grant.map(|id| id.to_string()),
            family: event.family.map(|id| id.to_string()),
            session: event.session.map(|id| id.to_string()),
            tenant: event.tenant.map(|id| id.to_string()),
            callback: event.callback.map(|id| id.to_string()),
            tokens: event.tokens.iter().map(ToString::to_string).collect(),
            note: event.note.map(std::borrow::Cow::into_owned),
        }
    }
}

impl Operator {
    /// One page of the events, oldest first. A page that looked at many and found few ends early, with a cursor.
    ///
    /// # Errors
    /// [`OperationError::BadCursor`]; [`OperationError::Engine`].
    pub async fn events(
        &self,
        filter: &EventFilter,
        wish: &Wish,
    ) -> Result<Listing<EventView>, OperationError> {
        let after = match &wish.after {
            Some(text) => Some(self.event_position(text)?),
            None => filter.since.map(before),
        };
        let (events, last) = self.scan(filter, after, wish.capped(), SCAN_LIMIT).await?;
        Ok(Listing {
            items: events.into_iter().map(EventView::from).collect(),
            next: last.map(|id| self.seal_cursor(LIST, id.as_bytes())),
        })
    }

    /// Every event after `after` that the filter wants, up to `limit`, for whoever reads on by themselves.
    ///
    /// # Errors
    /// [`OperationError::Engine`].
    pub async fn events_after(
        &self,
        filter: &EventFilter,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Result<Vec<Event>, OperationError> {
        let after = after.or_else(|| filter.since.map(before));
        let (events, _) = self.scan(filter, after, limit, usize::MAX).await?;
        Ok(events)
    }

    /// One step through the events that the filter wants, for whoever reads all of them: what it found, and where the
    /// next one goes on; nothing once there are no more.
    ///
    /// # Errors
    /// [`OperationError::Engine`].
    pub async fn events_step(
        &self,
        filter: &EventFilter,
        after: Option<Id<Event>>,
    ) -> Result<(Vec<Event>, Option<Id<Event>>), OperationError> {
        let after = after.or_else(|| filter.since.map(before));
        self.scan(filter, after, usize::MAX, STEP).await
    }

    /// The newest `limit` events that the filter wants, oldest of them first.
    ///
    /// # Errors
    /// [`OperationError::Engine`].
    pub async fn last_events(
        &self,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Event>, OperationError> {
        // The store reads forwards only, so windows grow until one holds enough.
        const WINDOWS_S: [u64; 4] = [600, 6 * 3_600, 3 * 86_400, 40 * 86_400];
        let now = self.store().now();
        for window_s in WINDOWS_S {
            let from = before(now.minus(Lifetime::from_secs(window_s)));
            let (mut events, _) = self
                .scan(filter, Some(from), usize::MAX, usize::MAX)
                .await?;
            if events.len() >= limit {
                return Ok(events.split_off(events.len() - limit));
            }
        }
        let (mut events, _) = self.scan(filter, None, usize::MAX, usize::MAX).await?;
        Ok(events.split_off(events.len().saturating_sub(limit)))
    }

    /// Reads on from `after`. The position to read on from is absent once there is nothing more.
    async fn scan(
        &self,
        filter: &EventFilter,
        mut after: Option<Id<Event>>,
        limit: usize,
        scan_limit: usize,
    ) -> Result<(Vec<Event>, Option<Id<Event>>), OperationError> {
        let (mut found, mut scanned) = (Vec::new(), 0);
        loop {
            let events = self
                .store()
                .events(self.engine.issuer_id(), after, STEP)
                .await?;
            let exhausted = events.len() < STEP;
            for event in events {
                after = Some(event.id);
                scanned += 1;
                if filter.wants(&event) {
                    found.push(event);
                }
                if found.len() >= limit {
                    return Ok((found, after));
                }
            }
            if exhausted {
                return Ok((found, None));
            }
            if scanned >= scan_limit {
                return Ok((found, after));
            }
        }
    }

    fn event_position(&self, cursor: &str) -> Result<Id<Event>, OperationError> {
        let bytes = self.open_cursor(LIST, cursor)?;
        let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| OperationError::BadCursor)?;
        Ok(Id::from_bytes(bytes))
    }
}

/// Reads the name of a kind of event.
///
/// # Errors
/// [`OperationError::Invalid`] when there is no such kind; its hint names all.
pub fn event_kind(word: &str) -> Result<EventKind, OperationError> {
    serde_json::from_value(word.into()).map_err(|error: serde_json::Error| {
        OperationError::invalid("kind", format!("must not be {word:?}: {error}"))
    })
}

/// An id that sorts before every event from `at` on: event ids begin with their time.
pub(crate) fn before(at: Timestamp) -> Id<Event> {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    let [_, _, time @ ..] = millis.to_be_bytes();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(time) {
        *to = from;
    }
    Id::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use placet_core::random::SystemRandom;

    use super::*;

    #[test]
    fn every_event_sorts_around_the_bound_of_its_time() {
        let at = Timestamp::from_millis(1_767_225_600_000);
        for step_ms in [0, 1, 500] {
            let at_step = at.plus(Lifetime::from_millis(step_ms));
            assert!(before(at_step) < Id::ordered(at_step, &SystemRandom));
            assert!(
                Id::ordered(at, &SystemRandom) < before(at_step.plus(Lifetime::from_millis(1)))
            );
        }
    }
}
