//! `introspect`: is this token good, and for what? One read, no write.
//!
//! Spec: RFC 7662 §2

use std::sync::Arc;

use super::{Engine, Error};
use crate::{
    client::{AuthenticatedClient, Client},
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    token::{AccessToken, Family, RefreshToken, Standing},
};

/// An active token.
#[derive(Debug, Clone)]
pub enum Introspected {
    /// An access token and all it rests on.
    Access(Box<Standing<AccessToken>>, Arc<Client>),
    /// A refresh token and its family.
    Refresh(Box<RefreshToken>, Box<Family>),
}

impl Engine {
    /// Reads an access token that is active. `None` for everything else.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn active_access(
        &self,
        text: &str,
    ) -> Result<Option<(Standing<AccessToken>, Arc<Client>)>, Error> {
        let now = self.store.now();
        let Some(standing) = self.store.access(self.issuer, SecretHash::of(text)).await? else {
            return Ok(None);
        };
        let Some(client) = self.client(standing.token.client).await? else {
            return Ok(None);
        };
        let issuer = self.issuer().await?;
        Ok(standing
            .is_active(&client, &issuer, now)
            .then_some((standing, client)))
    }

    /// Tells `caller` about a token, if it is active and the caller may know: the client it was issued to, or a
    /// resource server it is for. `serves` says whether the caller is that resource.
    ///
    /// # Errors
    /// [`Refusal::ReplayedProof`] for an assertion that came before; [`Error::Store`] when it cannot be read.
    pub async fn introspect(
        &self,
        text: &str,
        caller: &AuthenticatedClient,
        serves: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> Result<Option<Introspected>, Error> {
        self.spend_proof(caller).await?;
        if let Some((standing, client)) = self.active_access(text).await? {
            let own = standing.token.client == caller.client().id;
            let is_audience = standing
                .token
                .rights
                .resources
                .iter()
                .any(|resource| serves(resource.as_str()));
            return Ok(
                (own || is_audience).then(|| Introspected::Access(Box::new(standing), client))
            );
        }
        let Some(secret) = Secret::<kind::Refresh>::parse(text) else {
            return Ok(None);
        };
        let Some(standing) = self.store.refresh(self.issuer, secret.hash()).await? else {
            return Ok(None);
        };
        let now = self.store.now();
        let issuer = self.issuer().await?;
        let Some((family, _)) = standing.family.clone() else {
            return Ok(None);
        };
        let fresh = standing.token.used.is_none() && standing.token.judge(&family, now).is_ok();
        let active = fresh && standing.is_grounded(caller.client(), &issuer, now);
        Ok(active.then(|| Introspected::Refresh(Box::new(standing.token), Box::new(family))))
    }

    /// Reads an access token for a resource of the issuer itself, such as userinfo.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] unless it is active.
    pub async fn present(&self, text: &str) -> Result<(Standing<AccessToken>, Arc<Client>), Error> {
        Ok(self.active_access(text).await?.ok_or(Refusal::NotFound)?)
    }
}
