//! A refresh token becomes its successor; the client may ask for less than was granted, for this time only.
//!
//! Spec: RFC 6749 §6, RFC 8707 §2.2, RFC 9700 §4.14.2

use placet_core::{
    Refusal,
    client::AuthenticatedClient,
    engine::{Caller, Committed, RefreshRequest},
    right::{ResourceId, Rights},
    secret::{Secret, kind},
    token::TokenSet,
};
use placet_web::{
    params::Form,
    site::{Site, SiteSettings},
};

use super::specs;
use crate::{
    error::{OAuthError, Problem},
    resource,
};

/// A refresh token and what is asked for now.
#[derive(Debug)]
pub struct RefreshGrant {
    token: Secret<kind::Refresh>,
    /// Absent: all that was granted.
    scope: Option<Rights>,
    target: Option<ResourceId>,
}

impl RefreshGrant {
    pub(super) fn parse(form: &Form) -> Result<Self, Problem> {
        let token = form
            .get("refresh_token")
            .ok_or(OAuthError::InvalidRequest)?;
        let scope = form.get("scope");
        Ok(Self {
            token: Secret::parse(token).ok_or(OAuthError::InvalidGrant)?,
            scope: scope.map(|scope| Rights::parse(scope, [])).transpose()?,
            target: resource::target(form)?,
        })
    }

    pub(super) async fn exchange(
        &self,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Problem> {
        let ask = RefreshRequest {
            secret: &self.token,
            client,
            narrow: Some(&|granted| self.narrow(&site.settings, granted)),
            // No nonce: OpenID Connect Core §12.2 advises against repeating it.
            specs: &|basis| specs(&site.settings, basis, self.target.as_ref(), None),
        };
        Ok(site.engine.refresh(&ask, caller).await?)
    }

    /// Never more than was granted (threat C6); the grant itself stays as wide as it was.
    fn narrow(&self, settings: &SiteSettings, granted: &Rights) -> Result<Rights, Refusal> {
        let rights = match &self.scope {
            None => granted.clone(),
            Some(asked) if asked.scopes.is_subset(&granted.scopes) => Rights {
                scopes: asked.scopes.clone(),
                resources: granted.resources.clone(),
                ..Rights::default()
            },
            Some(_) => return Err(Refusal::Exceeds),
        };
        resource::reachable(settings, &rights, self.target.as_ref())?;
        Ok(rights)
    }
}
