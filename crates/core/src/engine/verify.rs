//! `verify`: does everything stored still explain itself?
//!
//! Reads every record and every event once and says which of these do not hold: a record reads as what it
//! is; what it names is there; a family has one fresh refresh token; every token was announced by an event;
//! every state of a request, grant, family, session and token has the event that made it so.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Engine, Error, clarify::ended_as};
use crate::{
    event::{Event, EventKind},
    grant::Grant,
    id::Id,
    pending::{PendingRequest, State},
    person::Session,
    secret::{SecretHash, kind},
    store::{Key, Record, StoreError, Table, Versioned},
    time::{Lifetime, Timestamp},
    token::{AccessToken, Family, RefreshToken},
};

/// The span of what is never deleted.
pub const FOR_EVER: Lifetime = Lifetime::from_millis(u64::MAX);
/// Rows read at once.
const STEP: usize = 1_000;

/// Something stored that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static str,
    /// Which record, by its table and printed id or key.
    pub at: String,
    /// What is wrong, in words.
    pub what: String,
}

/// What was read, and what was wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Records read.
    pub records: usize,
    /// Events read.
    pub events: usize,
    /// Everything that does not hold.
    pub violations: Vec<Violation>,
}

/// What the events say happened.
#[derive(Default)]
struct Told {
    /// Events from before this time are no longer kept, so what began earlier needs no explanation.
    since: Option<Timestamp>,
    requests: HashSet<(Id<PendingRequest>, EventKind)>,
    grants: HashSet<(Id<Grant>, EventKind)>,
    families: HashSet<(Id<Family>, EventKind)>,
    sessions: HashSet<(Id<Session>, EventKind)>,
    tokens: HashMap<Id<AccessToken>, EventKind>,
    revoked: HashSet<Id<AccessToken>>,
}

/// What the records hold, as far as others name it.
#[derive(Default)]
struct Held {
    keys: HashSet<Key>,
    families: HashMap<Id<Family>, Family>,
    fresh: HashMap<Id<Family>, Vec<SecretHash<kind::Refresh>>>,
}

impl Engine {
    /// Reads everything of this issuer and reports what does not hold. Changes made meanwhile are not mistaken for
    /// violations: records are read before the events that must explain them.
    ///
    /// `events_kept` says how long events are kept, [`FOR_EVER`] for always: what is older need not be explained.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; a row that cannot be decoded is a violation instead.
    pub async fn verify(&self, events_kept: Lifetime) -> Result<Verified, Error> {
        let mut report = Verified::default();
        let mut held = Held::default();
        let mut records = Vec::new();
        // What names comes before what is named, so that a row written meanwhile is found.
        for table in Table::ALL.into_iter().rev() {
            self.read_table(table, &mut records, &mut report).await?;
        }
        report.records = records.len();
        for record in &records {
            held.note(record);
        }
        let now = self.store.now();
        let mut told = self.read_events(&mut report).await?;
        told.since = Some(now.minus(events_kept));
        // What may be deleted is being deleted, one bounded step after the other.
        records.retain(|record| record.keep_until().is_none_or(|end| end >= now));
        for record in &records {
            check(record, &held, &told, &mut report.violations);
        }
        self.check_fresh(&held, &mut report).await?;
        Ok(report)
    }

    /// No family may have two fresh refresh tokens. Pages are read one after the other, so a rotation between two of
    /// them looks like two: what looks wrong is read again.
    async fn check_fresh(&self, held: &Held, report: &mut Verified) -> Result<(), Error> {
        for (family, hashes) in held.fresh.iter().filter(|(_, hashes)| hashes.len() > 1) {
            let mut fresh = 0;
            for hash in hashes {
                let standing = self.store.refresh(self.issuer, *hash).await?;
                fresh += usize::from(standing.is_some_and(|s| s.token.used.is_none()));
            }
            if fresh > 1 {
                report.violations.push(violation(
                    "one fresh refresh token",
                    family,
                    format!("{fresh} are fresh"),
                ));
            }
        }
        Ok(())
    }

    async fn read_table(
        &self,
        table: Table,
        records: &mut Vec<Record>,
        report: &mut Verified,
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            match self.store.page(self.issuer, table, after, STEP).await {
                Ok(page) => {
                    let Some(last) = page.last() else {
                        return Ok(());
                    };
                    after = Some(last.value.key());
                    records.extend(page.into_iter().map(|Versioned { value, .. }| value));
                }
                Err(StoreError::Corrupt { table, id, what }) => {
                    let at = format!("{} {id}", table.name());
                    report.violations.push(Violation {
                        rule: "every row reads",
                        at,
                        what,
                    });
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn read_events(&self, report: &mut Verified) -> Result<Told, Error> {
        let mut told = Told::default();
        let mut after = None;
        loop {
            let page = self.store.events(self.issuer, after, STEP).await?;
            let Some(last) = page.last() else {
                return Ok(told);
            };
            after = Some(last.id);
            report.events += page.len();
            for event in &page {
                told.note(event, &mut report.violations);
            }
        }
    }
}

impl Told {
    /// Whether the events of what began at `began` are still kept.
    fn reaches(&self, began: Timestamp) -> bool {
        self.since.is_none_or(|since| began >= since)
    }

    fn note(&mut self, event: &Event, violations: &mut Vec<Violation>) {
        let kind = event.kind;
        self.requests.extend(event.request.map(|id| (id, kind)));
        self.grants.extend(event.grant.map(|id| (id, kind)));
        self.families.extend(event.family.map(|id| (id, kind)));
        self.sessions.extend(event.session.map(|id| (id, kind)));
        for jti in &event.tokens {
            match kind {
                EventKind::TokenRevoked => {
                    self.revoked.insert(*jti);
                }
                _ => {
                    if self.tokens.insert(*jti, kind).is_some() {
                        violations.push(violation(
                            "a token is issued once",
                            jti,
                            "announced by two events".to_owned(),
                        ));
                    }
                }
            }
        }
    }
}

impl Held {
    fn note(&mut self, record: &Record) {
        self.keys.insert(record.key());
        match record {
            Record::Family(family) => {
                self.families.insert(family.id, family.clone());
            }
            Record::Refresh(token) if token.used.is_none() => {
                self.fresh.entry(token.family).or_default().push(token.hash);
            }
            _ => {}
        }
    }
}

fn check(record: &Record, held: &Held, told: &Told, out: &mut Vec<Violation>) {
    match record {
        Record::Pending(request) => check_request(request, told, out),
        Record::Handle(handle) => named(
            held,
            Key::pending(handle.pending),
            "a handle opens a request",
            handle.pending,
            out,
        ),
        Record::Grant(grant) => check_grant(grant, told, out),
        Record::Family(family) => check_family(family, held, told, out),
        Record::Refresh(token) => check_refresh(token, held, out),
        Record::Access(token) => check_access(token, held, told, out),
        Record::Session(session) => check_session(session, told, out),
        Record::Name(name) => {
            let target = [Table::Client, Table::Person]
                .into_iter()
                .filter_map(|table| Key::from_bytes(table, &name.target));
            if !target.into_iter().any(|key| held.keys.contains(&key)) {
                out.push(violation(
                    "a name stands for something",
                    &name.hash,
                    "its owner is gone".to_owned(),
                ));
            }
        }
        Record::Issuer(_)
        | Record::Client(_)
        | Record::Person(_)
        | Record::SigningKey(_)
        | Record::DataKey(_) => {}
    }
}

fn check_request(request: &PendingRequest, told: &Told, out: &mut Vec<Violation>) {
    let mut needed = vec![EventKind::RequestOpened];
    match &request.state {
        State::Pending => {}
        State::Interacting { .. } => needed.push(EventKind::RequestClaimed),
        State::Clarifying { .. } => needed.push(EventKind::RequestClarified),
        State::Approved(_) => needed.push(EventKind::RequestApproved),
        State::Collected { .. } => {
            needed.extend([EventKind::RequestApproved, EventKind::TokensCollected]);
        }
        State::Ended(ending) => needed.push(ended_as(ending.kind)),
    }
    explained(
        &told.requests,
        request.id,
        &needed,
        "a request's state has its events",
        out,
    );
    let approved = told
        .requests
        .contains(&(request.id, EventKind::RequestApproved));
    if approved
        && told
            .requests
            .contains(&(request.id, EventKind::RequestDenied))
    {
        out.push(violation(
            "one answer",
            &request.id,
            "approved and denied".to_owned(),
        ));
    }
}

fn check_grant(grant: &Grant, told: &Told, out: &mut Vec<Violation>) {
    if !told.reaches(grant.created_at) {
        return;
    }
    let mut needed = vec![EventKind::TokensCollected];
    needed.extend(grant.revoked_at.map(|_| EventKind::GrantRevoked));
    explained(
        &told.grants,
        grant.id,
        &needed,
        "a grant has its events",
        out,
    );
}

fn check_family(family: &Family, held: &Held, told: &Told, out: &mut Vec<Violation>) {
    if let Some(grant) = family.grant {
        named(
            held,
            Key::grant(grant),
            "a family rests on a grant",
            family.id,
            out,
        );
    }
    if !told.reaches(family.created_at) {
        return;
    }
    explained(
        &told.families,
        family.id,
        &[EventKind::TokensCollected],
        "a family has its events",
        out,
    );
    let ended = [EventKind::TokenRevoked, EventKind::ReuseDetected];
    if family.ended_at.is_some()
        && !ended
            .iter()
            .any(|kind| told.families.contains(&(family.id, *kind)))
    {
        out.push(violation(
            "a family has its events",
            &family.id,
            "no event says why it ended".to_owned(),
        ));
    }
}

fn check_refresh(token: &RefreshToken, held: &Held, out: &mut Vec<Violation>) {
    match held.families.get(&token.family) {
        None => out.push(violation(
            "a refresh token has a family",
            &token.family,
            "the family is missing".to_owned(),
        )),
        Some(family) if token.generation > family.generation => {
            out.push(violation(
                "generations follow each other",
                &token.family,
                "a token from the future".to_owned(),
            ));
        }
        Some(_) => {}
    }
}

fn check_access(token: &AccessToken, held: &Held, told: &Told, out: &mut Vec<Violation>) {
    if told.reaches(token.issued_at) && !told.tokens.contains_key(&token.jti) {
        out.push(violation(
            "every token was announced",
            &token.jti,
            "no event explains it".to_owned(),
        ));
    }
    if token.revoked_at.is_some() && !told.revoked.contains(&token.jti) {
        out.push(violation(
            "a revocation has its event",
            &token.jti,
            "no event says who revoked it".to_owned(),
        ));
    }
    if let Some(grant) = token.grant {
        named(
            held,
            Key::grant(grant),
            "a token rests on a grant",
            token.jti,
            out,
        );
    }
    if let Some(id) = token.family {
        match held.families.get(&id) {
            None => out.push(violation(
                "a token has its family",
                &token.jti,
                "the family is missing".to_owned(),
            )),
            Some(family) if !token.rights.is_within(&family.rights) => {
                out.push(violation(
                    "no token exceeds its grant",
                    &token.jti,
                    "it carries more".to_owned(),
                ));
            }
            Some(_) => {}
        }
    }
}

fn check_session(session: &Session, told: &Told, out: &mut Vec<Violation>) {
    if !told.reaches(session.created_at) {
        return;
    }
    let mut needed = vec![EventKind::SignedIn];
    needed.extend(session.ended_at.map(|_| EventKind::SignedOut));
    explained(
        &told.sessions,
        session.sid,
        &needed,
        "a session has its events",
        out,
    );
}

fn named(
    held: &Held,
    key: Key,
    rule: &'static str,
    at: impl std::fmt::Display,
    out: &mut Vec<Violation>,
) {
    if !held.keys.contains(&key) {
        out.push(violation(
            rule,
            &at,
            format!("the {} it names is missing", key.table.name()),
        ));
    }
}

fn explained<K: Copy + Eq + std::hash::Hash + std::fmt::Display>(
    told: &HashSet<(K, EventKind)>,
    id: K,
    needed: &[EventKind],
    rule: &'static str,
    out: &mut Vec<Violation>,
) {
    for kind in needed {
        if !told.contains(&(id, *kind)) {
            out.push(violation(rule, &id, format!("no {kind:?} event")));
        }
    }
}

fn violation(rule: &'static str, at: &impl std::fmt::Display, what: String) -> Violation {
    Violation {
        rule,
        at: at.to_string(),
        what,
    }
}
