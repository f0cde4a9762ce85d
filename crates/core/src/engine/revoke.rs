//! `revoke`, and `list_grants`: what was given is taken back.
//!
//! Spec: RFC 7009 §2

use super::{Attempts, Caller, Committed, Engine, Error, found};
use crate::{
    client::AuthenticatedClient,
    event::EventKind,
    grant::Grant,
    id::Id,
    person::{Person, Session},
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record, Table, Versioned},
    token::Family,
};

/// Records of one owner that are read at first; more only where there are more.
const LIST_AT_FIRST: usize = 1_000;

/// What a revocation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// The token is not active any more.
    Done,
    /// There was no such token of this client; nothing changed (RFC 7009 §2.2).
    Nothing,
}

impl Engine {
    /// Revokes a token of this client: an access token alone, a refresh token with its whole family.
    ///
    /// # Errors
    /// [`Refusal::ReplayedProof`] for an assertion that came before; [`Error::Store`], when nothing is certain.
    pub async fn revoke(
        &self,
        text: &str,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<Revoked>, Error> {
        self.spend_proof(client).await?;
        let mut attempts = Attempts::default();
        while let Some(standing) = self.store.access(self.issuer, SecretHash::of(text)).await? {
            let mut token = standing.token;
            if token.client != client.client().id || token.revoked_at.is_some() {
                return Ok(Committed(Revoked::Nothing));
            }
            let now = self.store.now();
            let mut event = self.event(EventKind::TokenRevoked, caller, now);
            event.client = Some(token.client);
            event.person = token.person;
            event.grant = token.grant;
            event.tokens = vec![token.jti];
            token.revoked_at = Some(now);
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(standing.version, Record::Access(token)));
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(Revoked::Done)),
                Err(error) => attempts.again(error)?,
            }
        }
        let Some(secret) = Secret::<kind::Refresh>::parse(text) else {
            return Ok(Committed(Revoked::Nothing));
        };
        let family = self
            .store
            .refresh(self.issuer, secret.hash())
            .await?
            .and_then(|standing| standing.family);
        match family {
            Some((family, _))
                if family.client == client.client().id && family.ended_at.is_none() =>
            {
                self.end_family(family.id, EventKind::TokenRevoked, caller)
                    .await?;
                Ok(Committed(Revoked::Done))
            }
            Some(_) | None => Ok(Committed(Revoked::Nothing)),
        }
    }

    /// The grants of a person that stand, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read.
    pub async fn list_grants(&self, person: Id<Person>) -> Result<Vec<Versioned<Grant>>, Error> {
        let records = self.all_owned(Table::Grant, *person.as_bytes()).await?;
        let mut grants: Vec<_> = records
            .into_iter()
            .filter_map(|record| match record.value {
                Record::Grant(grant) if grant.is_live() => Some(Versioned {
                    value: grant,
                    version: record.version,
                }),
                _ => None,
            })
            .collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.value.created_at));
        Ok(grants)
    }

    /// The families of tokens that rest on a grant, in no order.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read.
    pub async fn list_families(&self, grant: Id<Grant>) -> Result<Vec<Family>, Error> {
        let records = self.all_owned(Table::Family, *grant.as_bytes()).await?;
        let families = records.into_iter().filter_map(|record| match record.value {
            Record::Family(family) => Some(family),
            _ => None,
        });
        Ok(families.collect())
    }

    /// Every record of `table` that belongs to `owner`, ended ones too: they come in no order of time, so that among a
    /// part of them the live ones could be missing.
    pub(super) async fn all_owned(
        &self,
        table: Table,
        owner: [u8; 16],
    ) -> Result<Vec<Versioned<Record>>, Error> {
        let mut limit = LIST_AT_FIRST;
        loop {
            let found = self.store.owned(self.issuer, table, owner, limit).await?;
            if found.len() < limit {
                return Ok(found);
            }
            limit = limit.saturating_mul(4);
        }
    }

    /// Revokes a grant and with it every token that rests on it. `owner` limits it to one person's.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown grant or another person's. Revoking twice is no error.
    pub async fn revoke_grant(
        &self,
        id: Id<Grant>,
        owner: Option<Id<Person>>,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let mut grant = found(self.store.as_ref().grant(self.issuer, id).await?)?;
            if owner.is_some() && grant.value.person != owner {
                return Err(Refusal::NotFound.into());
            }
            if !grant.value.is_live() {
                return Ok(Committed(()));
            }
            grant.value.revoked_at = Some(now);
            grant.value.keep_until = Some(now.plus(self.retention.events));
            let mut event = self.event(EventKind::GrantRevoked, caller, now);
            event.client = Some(grant.value.client);
            event.person = grant.value.person;
            event.grant = Some(id);
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(grant.version, Record::Grant(grant.value)));
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(())),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The sign-ins of a person that live.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read.
    pub async fn list_sessions(&self, person: Id<Person>) -> Result<Vec<Session>, Error> {
        let now = self.store.now();
        let records = self.all_owned(Table::Session, *person.as_bytes()).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| match record.value {
                Record::Session(session) if session.opens(now) => Some(session),
                _ => None,
            })
            .collect())
    }
}
