//! `refresh`: a refresh token becomes its successor, once; a lost reply can be repeated.
//!
//! Spec: RFC 6749 §6, RFC 9700 §4.14.2

use super::{
    Attempts, Caller, Committed, Engine, Error, active, found, proof::Proof, tokens::Specs,
};
use crate::{
    client::AuthenticatedClient,
    event::{Actor, EventKind},
    issuer::Issuer,
    receipt::Receipt,
    refusal::Refusal,
    right::Rights,
    secret::{Secret, kind},
    store::{Change, Commit, Key, Record, Version},
    time::Timestamp,
    token::{Basis, Family, REFRESH_GRACE, RefreshToken, RefreshUse, Rotation, Standing, TokenSet},
};

/// Cuts what a family may carry to what is asked for now, or refuses. Pure.
pub type Narrow<'a> = &'a (dyn Fn(&Rights) -> Result<Rights, Refusal> + Send + Sync);

/// A client uses a refresh token.
pub struct RefreshRequest<'a> {
    /// What it presents.
    pub secret: &'a Secret<kind::Refresh>,
    /// Who presents it.
    pub client: &'a AuthenticatedClient,
    /// What it asks for now, within what was granted. `None`: all of it.
    pub narrow: Option<Narrow<'a>>,
    /// Which tokens to make.
    pub specs: Specs<'a>,
}

impl Engine {
    /// Rotates a refresh token.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown token or another client's; [`Refusal::Reused`] for a spent one, after ending
    /// its family; [`Refusal::Expired`]; [`Refusal::Revoked`]; what `narrow` says, with the token still fresh.
    pub async fn refresh(
        &self,
        ask: &RefreshRequest<'_>,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Error> {
        let proof = Proof::of(ask.client);
        let rotated = self.rotate(ask, &proof, caller).await;
        proof.told(self, rotated).await
    }

    async fn rotate(
        &self,
        ask: &RefreshRequest<'_>,
        proof: &Proof<'_>,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Error> {
        let client = ask.client.client();
        active(client)?;
        let issuer = self.issuer().await?;
        let hash = ask.secret.hash();
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let standing = self
                .store
                .refresh(self.issuer, hash)
                .await?
                .ok_or(Refusal::NotFound)?;
            let (family, _) = standing.family.clone().ok_or(Refusal::NotFound)?;
            if family.client != client.id {
                return Err(Refusal::NotFound.into());
            }
            match standing.token.judge(&family, now) {
                // A repeat, too, gives nothing once what it rests on was revoked.
                Ok(_) if !standing.is_grounded(client, &issuer, now) => {
                    return Err(Refusal::Revoked.into());
                }
                Ok(Rotation::Next) => {}
                Ok(Rotation::Repeat(receipt)) => {
                    proof.settle(self).await?;
                    let repeated = receipt.open(ask.secret, now).ok_or(Refusal::Reused)?;
                    return Ok(Committed(repeated));
                }
                Err(Refusal::Reused) => {
                    self.end_reused(family.id, caller).await?;
                    return Err(Refusal::Reused.into());
                }
                Err(refusal) => return Err(refusal.into()),
            }
            let (mut commit, given) = self.plan_refresh(ask, &issuer, &standing, caller, now)?;
            commit.changes.extend(proof.change());
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(given)),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    fn plan_refresh(
        &self,
        ask: &RefreshRequest<'_>,
        issuer: &Issuer,
        standing: &Standing<RefreshToken>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(Commit, TokenSet), Error> {
        let (family, version) = standing.family.clone().ok_or(Refusal::NotFound)?;
        let rights = match ask.narrow {
            Some(narrow) => narrow(&family.rights)?,
            None => family.rights.clone(),
        };
        let basis = Basis {
            issuer,
            client: ask.client.client(),
            person: standing.person.as_ref().map(|(p, _)| p),
            subject: &family.subject,
            rights: &rights,
            authentication: family.authentication.as_ref(),
            grant: family.grant,
            family: Some(family.id),
            session: family.session,
            sid: family.sid,
            now,
        };
        let next = Family {
            generation: family.generation.saturating_add(1),
            used_at: now,
            ..family.clone()
        };
        let made = self.make(&basis, (ask.specs)(&basis), Some(&next))?;
        let mut event = self.event(EventKind::TokenRefreshed, caller, now);
        event.actor = Actor::Client;
        event.client = Some(family.client);
        event.person = family.person;
        event.grant = family.grant;
        event.family = Some(family.id);
        event.tokens = made.jtis;
        let before = Some(family.expires_at.min(standing.token.expires_at));
        let mut commit = Commit {
            issuer: self.issuer,
            event,
            before,
            changes: made.changes,
        };
        commit
            .changes
            .push(Change::update(version, Record::Family(next)));
        commit
            .changes
            .push(self.spent(standing, ask.secret, &made.set, now));
        commit.changes.extend(grounds(standing));
        Ok((commit, made.set))
    }

    /// The presented token, marked used, with a receipt of what it gave.
    fn spent(
        &self,
        standing: &Standing<RefreshToken>,
        secret: &Secret<kind::Refresh>,
        given: &TokenSet,
        now: Timestamp,
    ) -> Change {
        let mut token = standing.token.clone();
        let receipt = Receipt::new(secret, given, now.plus(REFRESH_GRACE), self.random());
        token.used = Some(RefreshUse { at: now, receipt });
        Change::update(standing.version, Record::Refresh(token))
    }

    /// Ends a family, unless it has ended.
    pub(crate) async fn end_family(
        &self,
        id: crate::Id<Family>,
        kind: EventKind,
        caller: &Caller,
    ) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let mut family = found(self.store.as_ref().family(self.issuer, id).await?)?;
            if family.value.ended_at.is_some() {
                return Ok(());
            }
            family.value.ended_at = Some(now);
            let mut event = self.event(kind, caller, now);
            event.client = Some(family.value.client);
            event.person = family.value.person;
            event.grant = family.value.grant;
            event.family = Some(id);
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(family.version, Record::Family(family.value)));
            match self.write(commit).await {
                Ok(()) => return Ok(()),
                Err(error) => attempts.again(error)?,
            }
        }
    }
}

/// What a refresh rests on must not change under it: a revocation that was acknowledged first wins.
fn grounds(standing: &Standing<RefreshToken>) -> impl Iterator<Item = Change> {
    rested_on(standing).map(|(key, version)| Change::Require { key, version })
}

/// Grant, session and person of a token, with the versions they were read at.
pub(super) fn rested_on<T>(standing: &Standing<T>) -> impl Iterator<Item = (Key, Version)> {
    let grant = standing
        .grant
        .as_ref()
        .map(|(g, version)| (Key::grant(g.id), *version));
    let session = standing
        .session
        .as_ref()
        .map(|(s, version)| (Key::session(s.hash), *version));
    let person = standing
        .person
        .as_ref()
        .map(|(p, version)| (Key::person(p.id), *version));
    [grant, session, person].into_iter().flatten()
}
