//! What must be true of each record, against the events and against the records it names.

use std::collections::HashMap;

use super::{
    super::{Engine, Error, clarify::ended_as},
    AHEAD, Crowded, Pass, Slice, Violation, callbacks,
    named::Named,
    tenants,
};
use crate::{
    client::Client,
    event::EventKind,
    grant::Grant,
    id::Id,
    key::StoredKey,
    pending::{PendingRequest, State},
    person::Session,
    secret::{SecretHash, kind},
    store::{Key, Record},
    time::Timestamp,
    token::{AccessToken, Family, RefreshToken},
};

/// The unused refresh tokens of each family of a slice.
pub(super) struct Fresh {
    slice: Slice,
    limit: usize,
    families: HashMap<Id<Family>, Vec<SecretHash<kind::Refresh>>>,
}

impl Fresh {
    pub(super) fn new(slice: Slice, limit: usize) -> Self {
        Self {
            slice,
            limit,
            families: HashMap::new(),
        }
    }

    pub(super) fn note(&mut self, record: &Record) -> Result<(), Crowded> {
        if let Record::Refresh(token) = record
            && token.used.is_none()
            && self.slice.has(token.family)
        {
            self.families
                .entry(token.family)
                .or_default()
                .push(token.hash);
        }
        if self.families.len() > self.limit {
            return Err(Crowded);
        }
        Ok(())
    }

    /// Families that seem to have more than one. Pages are read one after the other, so a rotation between two of them
    /// looks like that.
    pub(super) fn doubtful(
        &self,
    ) -> impl Iterator<Item = (Id<Family>, &Vec<SecretHash<kind::Refresh>>)> {
        let several = self.families.iter().filter(|(_, hashes)| hashes.len() > 1);
        several.map(|(family, hashes)| (*family, hashes))
    }
}

/// What was found about one record.
pub(super) type Found = Vec<Violation>;

impl Engine {
    /// What does not hold of `record`.
    pub(super) async fn judge(&self, record: &Record, pass: &Pass) -> Result<Found, Error> {
        let mut found = Found::new();
        // What may be deleted is being deleted, one bounded step after the other.
        if pass.may_be_gone(record) {
            return Ok(found);
        }
        explained(record, pass, &mut found);
        if !pass.slice.is_first() {
            return Ok(found);
        }
        match record {
            Record::Pending(request) => self.request(request, pass, &mut found).await?,
            Record::Handle(handle) => {
                let rule = "a handle opens a request";
                self.names(
                    rule,
                    &handle.pending,
                    Key::pending(handle.pending),
                    pass,
                    &mut found,
                )
                .await?;
            }
            Record::Grant(grant) => self.grant(grant, pass, &mut found).await?,
            Record::Family(family) => self.family(family, pass, &mut found).await?,
            Record::Refresh(token) => self.refresh_token(token, pass, &mut found).await?,
            Record::Access(token) => self.access_token(token, pass, &mut found).await?,
            Record::Session(session) => {
                let rule = "a session is of somebody";
                self.names(
                    rule,
                    &session.sid,
                    Key::person(session.person),
                    pass,
                    &mut found,
                )
                .await?;
            }
            Record::Name(name) => self.name(name, pass, &mut found).await?,
            Record::Client(client) => self.client_name(client, pass, &mut found).await?,
            Record::Person(person) => self.person(person, pass, &mut found).await?,
            Record::SigningKey(key) => self.signing_key(key, &mut found),
            Record::Issuer(issuer) => {
                if issuer.clock_mark > pass.now.plus(AHEAD) {
                    let what = "the time it has kept is yet to come";
                    found.push(Violation::new(
                        "nothing is from the future",
                        &issuer.id,
                        what,
                    ));
                }
            }
            // The master key opened it when the store was opened.
            Record::DataKey(_) => {}
            Record::Tenant(tenant) => self.tenancy(tenant, pass, &mut found).await?,
            Record::Callback(callback) => self.owed_callback(callback, pass, &mut found).await?,
        }
        Ok(found)
    }

    async fn request(
        &self,
        request: &PendingRequest,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let (id, client) = (request.id, request.asker.client);
        self.client_there(&id, client, request.created_at, pass, found)
            .await?;
        if let Some(person) = request.addressed_to {
            let rule = "a request is laid before somebody";
            self.names(rule, &id, Key::person(person), pass, found)
                .await?;
        }
        if let State::Collected { grant, family, .. } = &request.state {
            let rule = "what was collected is there";
            self.names(rule, &id, Key::grant(*grant), pass, found)
                .await?;
            self.names(rule, &id, Key::family(*family), pass, found)
                .await?;
        }
        if request.expires_at < request.created_at || request.keep_until < request.expires_at {
            let what = "it ends before it begins, or is kept too short";
            found.push(Violation::new("times follow each other", &id, what));
        }
        if let Some(sealed) = &request.user_code
            && let Err(error) = self.vault.open(&id.to_string(), sealed)
        {
            found.push(Violation::new(
                "what is sealed opens",
                &id,
                error.to_string(),
            ));
        }
        Ok(())
    }

    async fn grant(&self, grant: &Grant, pass: &Pass, found: &mut Found) -> Result<(), Error> {
        self.client_there(&grant.id, grant.client, grant.created_at, pass, found)
            .await?;
        if let Some(person) = grant.person {
            let rule = "a grant is of somebody";
            self.names(rule, &grant.id, Key::person(person), pass, found)
                .await?;
        }
        Ok(())
    }

    async fn family(&self, family: &Family, pass: &Pass, found: &mut Found) -> Result<(), Error> {
        self.client_there(&family.id, family.client, family.created_at, pass, found)
            .await?;
        if let Some(grant) = family.grant {
            let rule = "a family rests on a grant";
            self.names(rule, &family.id, Key::grant(grant), pass, found)
                .await?;
        }
        if let Some(person) = family.person {
            let rule = "a family is of somebody";
            self.names(rule, &family.id, Key::person(person), pass, found)
                .await?;
        }
        Ok(())
    }

    async fn refresh_token(
        &self,
        token: &RefreshToken,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let at = token.family;
        match self.named(Key::family(at), pass).await? {
            Named::Missing => found.push(Violation::new(
                "a refresh token has a family",
                &at,
                "the family is missing",
            )),
            Named::There(record) => {
                let Record::Family(family) = &*record else {
                    return Ok(());
                };
                let rule = "generations follow each other";
                if token.generation > family.generation {
                    found.push(Violation::new(rule, &at, "a token from the future"));
                }
                if token.used.is_some() && token.generation >= family.generation {
                    found.push(Violation::new(
                        rule,
                        &at,
                        "a used token without a successor",
                    ));
                }
            }
            Named::Unreadable => {}
        }
        Ok(())
    }

    async fn access_token(
        &self,
        token: &AccessToken,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let jti = token.jti;
        self.client_there(&jti, token.client, token.issued_at, pass, found)
            .await?;
        if let Some(grant) = token.grant {
            self.names(
                "a token rests on a grant",
                &jti,
                Key::grant(grant),
                pass,
                found,
            )
            .await?;
        }
        if let Some(person) = token.person {
            self.names(
                "a token is of somebody",
                &jti,
                Key::person(person),
                pass,
                found,
            )
            .await?;
        }
        let Some(id) = token.family else {
            return Ok(());
        };
        match self.named(Key::family(id), pass).await? {
            Named::Missing => found.push(Violation::new(
                "a token has its family",
                &jti,
                "the family is missing",
            )),
            Named::There(record) => {
                if let Record::Family(family) = &*record
                    && !token.rights.is_within(&family.rights)
                {
                    let rule = "no token exceeds its grant";
                    found.push(Violation::new(rule, &jti, "it carries more"));
                }
            }
            Named::Unreadable => {}
        }
        Ok(())
    }

    fn signing_key(&self, key: &StoredKey, found: &mut Found) {
        if let Err(error) = self.vault.open(&key.id.to_string(), &key.private) {
            found.push(Violation::new(
                "what is sealed opens",
                &key.id,
                error.to_string(),
            ));
        }
    }

    /// A client may be gone, if an operator removed it.
    pub(super) async fn client_there(
        &self,
        at: &impl std::fmt::Display,
        client: Id<Client>,
        since: Timestamp,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        if pass.told.removed(client) || !pass.told.reaches(since) {
            return Ok(());
        }
        self.names(
            "what is asked for has its client",
            at,
            Key::client(client),
            pass,
            found,
        )
        .await
    }

    async fn names(
        &self,
        rule: &'static str,
        at: &impl std::fmt::Display,
        key: Key,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        if let Named::Missing = self.named(key, pass).await? {
            let what = format!("the {} it names is missing", key.table.name());
            found.push(Violation::new(rule, at, what));
        }
        Ok(())
    }
}

/// What the events must say for `record` to be as it is.
fn explained(record: &Record, pass: &Pass, found: &mut Found) {
    let (slice, told) = (pass.slice, &pass.told);
    match record {
        Record::Pending(request) if slice.has(request.id) => {
            for kind in of_state(&request.state) {
                if !told.of_request(request.id, kind) {
                    let rule = "a request's state has its events";
                    found.push(Violation::new(
                        rule,
                        &request.id,
                        format!("no {kind:?} event"),
                    ));
                }
            }
        }
        Record::Grant(grant) if slice.has(grant.id) && told.reaches(grant.created_at) => {
            let revoked = grant.revoked_at.map(|_| EventKind::GrantRevoked);
            for kind in [EventKind::TokensCollected].into_iter().chain(revoked) {
                if !told.of_grant(grant.id, kind) {
                    let rule = "a grant has its events";
                    found.push(Violation::new(
                        rule,
                        &grant.id,
                        format!("no {kind:?} event"),
                    ));
                }
            }
        }
        Record::Family(family) if slice.has(family.id) && told.reaches(family.created_at) => {
            explained_family(family, pass, found);
        }
        Record::Session(session) if slice.has(session.sid) && told.reaches(session.created_at) => {
            explained_session(session, pass, found);
        }
        Record::Access(token) if slice.has(token.jti) => {
            if told.reaches(token.issued_at) && !told.announced(token.jti) {
                let rule = "every token was announced";
                found.push(Violation::new(rule, &token.jti, "no event explains it"));
            }
            if token.revoked_at.is_some() && !told.revoked(token.jti) {
                let rule = "a revocation has its event";
                found.push(Violation::new(
                    rule,
                    &token.jti,
                    "no event says who revoked it",
                ));
            }
        }
        Record::Tenant(tenant) => tenants::explained(tenant, pass, found),
        Record::Callback(callback) => callbacks::explained(callback, pass, found),
        _ => {}
    }
}

/// The events that lead to a state.
fn of_state(state: &State) -> Vec<EventKind> {
    let mut needed = vec![EventKind::RequestOpened];
    match state {
        State::Pending => {}
        State::Interacting { .. } => needed.push(EventKind::RequestClaimed),
        State::Clarifying { .. } => needed.push(EventKind::RequestClarified),
        State::Approved(_) => needed.push(EventKind::RequestApproved),
        State::Collected { .. } => {
            needed.extend([EventKind::RequestApproved, EventKind::TokensCollected]);
        }
        State::Ended(ending) => needed.push(ended_as(ending.kind)),
    }
    needed
}

fn explained_family(family: &Family, pass: &Pass, found: &mut Found) {
    let rule = "a family has its events";
    let told = |kind| pass.told.of_family(family.id, kind);
    if !told(EventKind::TokensCollected) {
        found.push(Violation::new(rule, &family.id, "no TokensCollected event"));
    }
    let ended = told(EventKind::TokenRevoked) || told(EventKind::ReuseDetected);
    if family.ended_at.is_some() && !ended {
        found.push(Violation::new(
            rule,
            &family.id,
            "no event says why it ended",
        ));
    }
}

fn explained_session(session: &Session, pass: &Pass, found: &mut Found) {
    let ended = session.ended_at.map(|_| EventKind::SignedOut);
    for kind in [EventKind::SignedIn].into_iter().chain(ended) {
        if !pass.told.of_session(session.sid, kind) {
            let rule = "a session has its events";
            found.push(Violation::new(
                rule,
                &session.sid,
                format!("no {kind:?} event"),
            ));
        }
    }
}
