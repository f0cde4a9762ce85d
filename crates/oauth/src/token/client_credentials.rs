//! A client acts for itself.
//!
//! Its tokens carry the `client_id` as `sub`, which no person has (threat T15), no refresh token and no ID token. A
//! client that names no scope gets all scopes of its registration except those about a person; one that is registered
//! without a list gets none it did not name.
//!
//! Spec: RFC 6749 §4.4, RFC 9700 §4.15

use placet_core::{
    client::AuthenticatedClient,
    engine::{Caller, ClientTokenRequest, Committed},
    right::{ResourceId, Rights},
    token::TokenSet,
};
use placet_web::{params::Form, site::Site};

use super::specs;
use crate::{
    error::{OAuthError, Problem},
    oidc::claims::is_person_scope,
    resource,
};

/// What a client asks for itself.
#[derive(Debug)]
pub struct ClientGrant {
    rights: Rights,
    target: Option<ResourceId>,
}

impl ClientGrant {
    pub(super) fn parse(form: &Form) -> Result<Self, Problem> {
        Ok(Self {
            rights: resource::parse(form)?,
            target: resource::target(form)?,
        })
    }

    pub(super) async fn exchange(
        &self,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Problem> {
        // RFC 6749 §4.4: "MUST only be used by confidential clients".
        if client.client().is_public() {
            return Err(OAuthError::UnauthorizedClient.into());
        }
        let rights = self.rights_for(site, client)?;
        let ask = ClientTokenRequest {
            client,
            rights: &rights,
            specs: &|basis| specs(&site.settings, basis, self.target.as_ref(), None),
        };
        Ok(site.engine.client_token(&ask, caller).await?)
    }

    fn rights_for(&self, site: &Site, client: &AuthenticatedClient) -> Result<Rights, Problem> {
        let mut rights = self.rights.clone();
        if rights.scopes.is_empty() {
            let registered = client.client().registered_scopes().unwrap_or_default();
            rights.scopes = registered;
            rights
                .scopes
                .retain(|scope| !is_person_scope(scope.as_str()));
        }
        if rights
            .scopes
            .iter()
            .any(|scope| is_person_scope(scope.as_str()))
        {
            return Err(OAuthError::InvalidScope.into());
        }
        resource::permitted(&site.settings, client.client(), &rights)?;
        Ok(rights)
    }
}
