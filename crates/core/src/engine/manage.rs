//! A client manages one access token: another takes its place, or it ends.
//!
//! A token can be managed after it expired, which is how a grant is renewed without refresh tokens. The old value ends with
//! the commit that makes the new one, unless it is durable: then it lasts until its own end, and what manages it may end it
//! and not rotate it again, so that there is no fork. A repeat within [`REPEAT_FOR`] by whoever holds the same right gets the same again.
//!
//! Spec: RFC 9635 §6.1, §6.2, §11.33; threat G13

use std::sync::Arc;

use serde_json::Value;

use super::{
    Attempts, Caller, Committed, Engine, Error, Revoked, active,
    proof::{Proof, proof_change},
};
use crate::{
    client::{AuthenticatedClient, Client},
    event::{Actor, EventKind},
    issuer::Issuer,
    pending::REPEAT_FOR,
    receipt::Receipt,
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Key, Record},
    time::Timestamp,
    token::{
        AccessToken, Basis, Binding, Management, MintedAccess, Standing, TokenBinding, TokenSpec,
    },
};

/// A client that manages a token.
pub struct Manage<'a> {
    /// Which token.
    pub token: SecretHash<kind::Access>,
    /// What gives the right: a secret of its own, or the token itself.
    pub right: &'a Secret<kind::Manage>,
    /// Who it is: the key that the token is bound to was proven.
    pub client: &'a AuthenticatedClient,
}

/// A new value for a token.
pub struct Rotate<'a> {
    /// Which token, and who.
    pub manage: Manage<'a>,
    /// The key the new one is bound to, both keys being proven. Absent: the same.
    pub key: Option<Value>,
    /// How the new one looks, from what the old one was.
    pub spec: &'a (dyn Fn(&AccessToken) -> TokenSpec + Send + Sync),
}

impl Engine {
    /// A token that can be managed and the client it was issued to, so that the edge knows whose key must have signed.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is none, or `right` is not its.
    pub async fn managed(
        &self,
        token: SecretHash<kind::Access>,
        right: SecretHash<kind::Manage>,
    ) -> Result<(AccessToken, Arc<Client>), Error> {
        let (standing, _) = self.manageable(token, right).await?;
        let client = self.client(standing.token.client).await?;
        Ok((standing.token, client.ok_or(Refusal::NotFound)?))
    }

    /// Makes a new value for a token; the old one is not active from then on, unless it is durable.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not this client's; [`Refusal::Revoked`] when it, or what it rests on, was
    /// ended; [`Refusal::Reused`] when another token took its place before.
    pub async fn rotate_token(
        &self,
        ask: &Rotate<'_>,
        caller: &Caller,
    ) -> Result<Committed<MintedAccess>, Error> {
        let proof = Proof::of(ask.manage.client);
        let rotated = self.rotated(ask, &proof, caller).await;
        proof.told(self, rotated).await
    }

    async fn rotated(
        &self,
        ask: &Rotate<'_>,
        proof: &Proof<'_>,
        caller: &Caller,
    ) -> Result<Committed<MintedAccess>, Error> {
        let Manage {
            token,
            right,
            client,
        } = &ask.manage;
        active(client.client())?;
        let issuer = self.issuer().await?;
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let (standing, binding) = self.manageable(*token, right.hash()).await?;
            if standing.token.client != client.client().id {
                return Err(Refusal::NotFound.into());
            }
            if !standing.can_be_renewed(client.client(), &issuer, now) {
                return Err(Refusal::Revoked.into());
            }
            if let Some(receipt) = &binding.rotated {
                proof.settle(self).await?;
                let again = receipt.open(right, now).ok_or(Refusal::Reused)?;
                return Ok(Committed(again));
            }
            let (mut commit, minted) =
                self.plan_rotation(ask, (&standing, &binding), &issuer, caller, now)?;
            commit.changes.extend(proof.change());
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(minted)),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    fn plan_rotation(
        &self,
        ask: &Rotate<'_>,
        (standing, binding): (&Standing<AccessToken>, &TokenBinding),
        issuer: &Issuer,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(Commit, MintedAccess), Error> {
        let old = &standing.token;
        let basis = Basis {
            issuer,
            client: ask.manage.client.client(),
            person: standing.person.as_ref().map(|(person, _)| person),
            subject: &old.subject,
            rights: &old.rights,
            authentication: old.authentication.as_ref(),
            grant: old.grant,
            family: old.family,
            session: old.session,
            sid: None,
            now,
        };
        let itself = old.manages_itself();
        let mut spec = (ask.spec)(old);
        if let TokenSpec::Access {
            binding: bound,
            rights,
            ..
        } = &mut spec
        {
            rights.clone_from(&old.rights);
            *bound = Some(Box::new(Binding {
                key: ask.key.clone().or_else(|| binding.key.clone()),
                label: binding.label.clone(),
                management: if itself {
                    Management::Itself
                } else {
                    Management::OwnSecret
                },
                durable: binding.durable,
                references: binding.references.clone(),
            }));
        }
        let family = standing.family.as_ref().map(|(family, _)| family);
        let made = self.make(&basis, vec![spec], family)?;
        let minted = made
            .set
            .access
            .into_iter()
            .next()
            .ok_or(Refusal::NotAllowed)?;
        let mut event = self.event(EventKind::TokenRotated, caller, now);
        event.actor = Actor::Client;
        event.client = Some(old.client);
        event.person = old.person;
        event.grant = old.grant;
        event.family = old.family;
        event.tokens = made.jtis;
        let rotated = Receipt::new(
            ask.manage.right,
            &minted,
            now.plus(REPEAT_FOR),
            self.random(),
        );
        let replaced = replaced(old, binding, rotated, ask.key.is_some());
        let commit = Commit {
            issuer: self.issuer,
            event,
            before: Some(binding.keep_until),
            changes: [Change::update(standing.version, Record::Access(replaced))]
                .into_iter()
                .chain(made.changes)
                .chain(grounds(standing))
                .collect(),
        };
        Ok((commit, minted))
    }

    /// Ends a token. What had ended already stays so.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not this client's; [`Refusal::ReplayedProof`].
    pub async fn end_token(
        &self,
        ask: &Manage<'_>,
        caller: &Caller,
    ) -> Result<Committed<Revoked>, Error> {
        let proof = Proof::of(ask.client);
        let ended = self.ended(ask, caller).await;
        proof.told(self, ended).await
    }

    async fn ended(&self, ask: &Manage<'_>, caller: &Caller) -> Result<Committed<Revoked>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let (standing, _) = self.manageable(ask.token, ask.right.hash()).await?;
            let mut token = standing.token;
            if token.client != ask.client.client().id {
                return Err(Refusal::NotFound.into());
            }
            let over = token.revoked_at.is_some() || token.is_replaced();
            let mut event = self.event(EventKind::TokenRevoked, caller, now);
            event.client = Some(token.client);
            event.person = token.person;
            event.grant = token.grant;
            if over {
                self.spend_proof(ask.client).await?;
                return Ok(Committed(Revoked::Nothing));
            }
            event.tokens = vec![token.jti];
            token.revoked_at = Some(now);
            let mut commit = Commit::new(self.issuer, event)
                .with(Change::update(standing.version, Record::Access(token)));
            commit.changes.extend(proof_change(ask.client));
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(Revoked::Done)),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    async fn manageable(
        &self,
        token: SecretHash<kind::Access>,
        right: SecretHash<kind::Manage>,
    ) -> Result<(Standing<AccessToken>, TokenBinding), Error> {
        let standing = self.store.access(self.issuer, token).await?;
        let standing = standing.ok_or(Refusal::NotFound)?;
        match standing.token.binding.as_deref() {
            Some(binding) if binding.manage == right => {
                let binding = binding.clone();
                Ok((standing, binding))
            }
            Some(_) | None => Err(Refusal::NotFound.into()),
        }
    }
}

/// The old token as it stands when another takes its place. Whoever changes the key wants nothing of the old one to count
/// any longer, durable or not.
fn replaced(
    old: &AccessToken,
    binding: &TokenBinding,
    rotated: Receipt,
    by_another_key: bool,
) -> AccessToken {
    let binding = TokenBinding {
        durable: binding.durable && !by_another_key,
        rotated: Some(rotated),
        ..binding.clone()
    };
    AccessToken {
        binding: Some(Box::new(binding)),
        ..old.clone()
    }
}

/// What a new token rests on must not change under it.
fn grounds(standing: &Standing<AccessToken>) -> impl Iterator<Item = Change> {
    let family = standing
        .family
        .as_ref()
        .map(|(f, version)| (Key::family(f.id), *version));
    family
        .into_iter()
        .chain(super::refresh::rested_on(standing))
        .map(|(key, version)| Change::Require { key, version })
}
