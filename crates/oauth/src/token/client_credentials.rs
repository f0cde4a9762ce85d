//! A client acts for itself.
//!
//! Its tokens carry the `client_id` as `sub`, which no person has (threat T15), no refresh token and no ID token. A
//! client that names no scope gets all scopes of its registration except those about a person; one that is registered
//! without a list gets none it did not name.
//!
//! Spec: RFC 6749 §4.4, RFC 9700 §4.15

use placet_core::{
    client::{AuthenticatedClient, Client},
    engine::{Caller, ClientTokenRequest, Committed},
    right::{ResourceId, Rights, Scope},
    token::TokenSet,
};
use placet_web::{
    params::Form,
    site::{Site, SiteSettings},
};

use super::specs;
use crate::{
    error::{OAuthError, Problem},
    oidc::claims::is_person_scope,
    resource,
};

/// What a client asks for itself, already cut to what it may have.
#[derive(Debug)]
pub struct ClientGrant {
    rights: Rights,
    target: Option<ResourceId>,
}

impl ClientGrant {
    pub(super) fn parse(
        settings: &SiteSettings,
        client: &Client,
        form: &Form,
    ) -> Result<Self, Problem> {
        // RFC 6749 §4.4: "MUST only be used by confidential clients".
        if client.is_public() {
            return Err(OAuthError::UnauthorizedClient.into());
        }
        let mut rights = resource::parse(form)?;
        let target = resource::target(form)?;
        let is_about_a_person = |scope: &Scope| is_person_scope(scope.as_str());
        if rights.scopes.iter().any(is_about_a_person) {
            return Err(OAuthError::InvalidScope.into());
        }
        resource::leaves_a_scope(settings, &rights, target.as_ref())?;
        if rights.scopes.is_empty() {
            rights.scopes = client.registered_scopes().unwrap_or_default();
            rights.scopes.retain(|scope| !is_about_a_person(scope));
        }
        resource::permitted(settings, client, &rights)?;
        Ok(Self { rights, target })
    }

    pub(super) async fn exchange(
        &self,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Problem> {
        let ask = ClientTokenRequest {
            client,
            rights: &self.rights,
            specs: &|basis| specs(&site.settings, basis, self.target.as_ref(), None),
        };
        Ok(site.engine.client_token(&ask, caller).await?)
    }
}
