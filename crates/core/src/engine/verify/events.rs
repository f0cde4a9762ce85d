//! What the events say happened, as far as one slice of ids is concerned.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{Crowded, Slice, Violation};
use crate::{
    callback::Callback,
    client::Client,
    event::{Event, EventKind},
    grant::Grant,
    id::{Id, Kind},
    pending::PendingRequest,
    person::Session,
    tenant::Tenant,
    time::Timestamp,
    token::{AccessToken, Family},
};

/// Kinds of event, as a set.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds(u64);

impl Kinds {
    fn add(&mut self, kind: EventKind) {
        self.0 |= 1 << kind as u8;
        // A rule that grants at once does in one commit what else takes three.
        if kind == EventKind::GrantIssued {
            for part in [
                EventKind::RequestOpened,
                EventKind::RequestApproved,
                EventKind::TokensCollected,
            ] {
                self.0 |= 1 << part as u8;
            }
        }
    }

    const fn has(self, kind: EventKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct OfRequest {
    kinds: Kinds,
    collected: Option<Id<Event>>,
    twice: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct OfToken {
    announced: Option<Id<Event>>,
    twice: bool,
    revoked: bool,
}

/// What the events say happened.
pub(super) struct Told {
    slice: Slice,
    limit: usize,
    /// Events from before this time are no longer kept, so what began earlier needs no explanation.
    since: Timestamp,
    last_at: Option<Timestamp>,
    /// The event with the latest time, and that time.
    latest: Option<(Timestamp, Id<Event>)>,
    requests: HashMap<Id<PendingRequest>, OfRequest>,
    grants: HashMap<Id<Grant>, Kinds>,
    families: HashMap<Id<Family>, Kinds>,
    sessions: HashMap<Id<Session>, Kinds>,
    callbacks: HashMap<Id<Callback>, Kinds>,
    tenants: HashMap<Id<Tenant>, Kinds>,
    tokens: HashMap<Id<AccessToken>, OfToken>,
    /// Clients are few, and everything names them.
    removed: HashSet<Id<Client>>,
}

/// The smallest id an event made at `at` can have.
pub(super) fn first_id_at(at: Timestamp) -> Id<Event> {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0).to_be_bytes();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(millis.iter().skip(2)) {
        *to = *from;
    }
    Id::from_bytes(bytes)
}

impl Told {
    pub(super) fn new(slice: Slice, since: Timestamp, limit: usize) -> Self {
        Self {
            slice,
            limit,
            since,
            last_at: None,
            latest: None,
            requests: HashMap::new(),
            grants: HashMap::new(),
            families: HashMap::new(),
            sessions: HashMap::new(),
            callbacks: HashMap::new(),
            tenants: HashMap::new(),
            tokens: HashMap::new(),
            removed: HashSet::new(),
        }
    }

    /// When the event with the largest id happened.
    pub(super) fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Whether the events of what began at `began` are still kept.
    pub(super) fn reaches(&self, began: Timestamp) -> bool {
        began >= self.since
    }

    /// Takes one event; a second time changes nothing.
    pub(super) fn note(&mut self, event: &Event) -> Result<(), Crowded> {
        self.last_at = Some(event.at);
        if self.latest.is_none_or(|(at, _)| event.at > at) {
            self.latest = Some((event.at, event.id));
        }
        if event.kind == EventKind::ClientRemoved {
            self.removed.extend(event.client);
        }
        let slice = self.slice;
        if let Some(id) = event.request.filter(|id| slice.has(*id)) {
            self.requests.entry(id).or_default().note(event);
        }
        add(&mut self.grants, event.grant, slice, event.kind);
        add(&mut self.families, event.family, slice, event.kind);
        add(&mut self.sessions, event.session, slice, event.kind);
        add(&mut self.callbacks, event.callback, slice, event.kind);
        add(&mut self.tenants, event.tenant, slice, event.kind);
        for jti in event.tokens.iter().filter(|jti| slice.has(**jti)) {
            self.tokens.entry(*jti).or_default().note(event);
        }
        let kept = self.requests.len()
            + self.grants.len()
            + self.families.len()
            + self.sessions.len()
            + self.callbacks.len()
            + self.tenants.len()
            + self.tokens.len();
        if kept > self.limit {
            Err(Crowded)
        } else {
            Ok(())
        }
    }

    /// What no event should say, whatever the records are. Nothing may have happened after `latest`.
    pub(super) fn violations(&self, latest: Timestamp) -> impl Iterator<Item = Violation> + '_ {
        // Whoever agreed is asked again when the client changes what it asks for.
        let answers = self.requests.iter().filter(|(_, of)| {
            of.kinds.has(EventKind::RequestApproved)
                && of.kinds.has(EventKind::RequestDenied)
                && !of.kinds.has(EventKind::RequestChanged)
        });
        let answers =
            answers.map(|(id, _)| Violation::new("one answer", id, "approved and denied"));
        let collects = self.requests.iter().filter(|(_, of)| of.twice);
        let collects = collects
            .map(|(id, _)| Violation::new("collected once", id, "tokens were handed over twice"));
        let tokens = self.tokens.iter().filter(|(_, of)| of.twice);
        let tokens = tokens
            .map(|(id, _)| Violation::new("a token is issued once", id, "announced by two events"));
        let ahead = self
            .latest
            .filter(|(at, _)| self.slice.is_first() && *at > latest);
        let ahead = ahead.map(|(at, id)| {
            let what = format!("happened at {} ms, which is yet to come", at.as_millis());
            Violation::new("nothing is from the future", &id, what)
        });
        answers.chain(collects).chain(tokens).chain(ahead)
    }

    pub(super) fn of_request(&self, id: Id<PendingRequest>, kind: EventKind) -> bool {
        self.requests.get(&id).is_some_and(|of| of.kinds.has(kind))
    }

    pub(super) fn of_grant(&self, id: Id<Grant>, kind: EventKind) -> bool {
        self.grants.get(&id).is_some_and(|kinds| kinds.has(kind))
    }

    pub(super) fn of_family(&self, id: Id<Family>, kind: EventKind) -> bool {
        self.families.get(&id).is_some_and(|kinds| kinds.has(kind))
    }

    pub(super) fn of_session(&self, id: Id<Session>, kind: EventKind) -> bool {
        self.sessions.get(&id).is_some_and(|kinds| kinds.has(kind))
    }

    pub(super) fn of_callback(&self, id: Id<Callback>, kind: EventKind) -> bool {
        self.callbacks.get(&id).is_some_and(|kinds| kinds.has(kind))
    }

    pub(super) fn of_tenant(&self, id: Id<Tenant>, kind: EventKind) -> bool {
        self.tenants.get(&id).is_some_and(|kinds| kinds.has(kind))
    }

    /// Whether any event speaks of this request.
    pub(super) fn knows(&self, id: Id<PendingRequest>) -> bool {
        self.requests.contains_key(&id)
    }

    pub(super) fn announced(&self, jti: Id<AccessToken>) -> bool {
        self.tokens
            .get(&jti)
            .is_some_and(|of| of.announced.is_some())
    }

    pub(super) fn revoked(&self, jti: Id<AccessToken>) -> bool {
        self.tokens.get(&jti).is_some_and(|of| of.revoked)
    }

    /// Whether a client was removed by an operator.
    pub(super) fn removed(&self, client: Id<Client>) -> bool {
        self.removed.contains(&client)
    }
}

impl OfRequest {
    fn note(&mut self, event: &Event) {
        self.kinds.add(event.kind);
        if matches!(
            event.kind,
            EventKind::TokensCollected | EventKind::GrantIssued
        ) {
            let first = *self.collected.get_or_insert(event.id);
            self.twice |= first != event.id;
        }
    }
}

impl OfToken {
    fn note(&mut self, event: &Event) {
        if event.kind == EventKind::TokenRevoked {
            self.revoked = true;
        } else {
            let first = *self.announced.get_or_insert(event.id);
            self.twice |= first != event.id;
        }
    }
}

fn add<K: Kind>(
    kinds: &mut HashMap<Id<K>, Kinds>,
    id: Option<Id<K>>,
    slice: Slice,
    kind: EventKind,
) {
    let Some(id) = id.filter(|id| slice.has(*id)) else {
        return;
    };
    match kinds.entry(id) {
        Entry::Occupied(mut entry) => entry.get_mut().add(kind),
        Entry::Vacant(entry) => entry.insert(Kinds::default()).add(kind),
    }
}
