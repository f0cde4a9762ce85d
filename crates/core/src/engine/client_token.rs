//! A client acts for itself: a token without a person.
//!
//! Spec: RFC 6749 §4.4

use super::{
    Attempts, Caller, Committed, Engine, Error, active, proof::proof_change, tokens::Specs,
};
use crate::{
    client::AuthenticatedClient,
    event::{Actor, EventKind},
    right::Rights,
    store::Commit,
    token::{Basis, TokenSet},
};

/// What a client wants for itself.
pub struct ClientTokenRequest<'a> {
    /// Which client.
    pub client: &'a AuthenticatedClient,
    /// What it may have: already cut to what it is registered for.
    pub rights: &'a Rights,
    /// Which tokens to make.
    pub specs: Specs<'a>,
}

impl Engine {
    /// Issues tokens to a client for itself.
    ///
    /// # Errors
    /// [`crate::Refusal::ClientInactive`]; [`crate::Refusal::ReplayedProof`] when its assertion came before.
    pub async fn client_token(
        &self,
        ask: &ClientTokenRequest<'_>,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Error> {
        let client = ask.client.client();
        active(client)?;
        let issuer = self.issuer().await?;
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let basis = Basis {
                issuer: &issuer,
                client,
                person: None,
                subject: &client.client_id,
                rights: ask.rights,
                authentication: None,
                grant: None,
                family: None,
                session: None,
                sid: None,
                now,
            };
            let made = self.make(&basis, (ask.specs)(&basis), None)?;
            let mut event = self.event(EventKind::TokenIssued, caller, now);
            event.actor = Actor::Client;
            event.client = Some(client.id);
            event.tokens = made.jtis;
            let mut commit = Commit {
                issuer: self.issuer,
                event,
                before: None,
                changes: made.changes,
            };
            commit.changes.extend(proof_change(ask.client));
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(made.set)),
                Err(error) => attempts.again(error)?,
            }
        }
    }
}
