//! A device polls until its person has answered.
//!
//! Spec: RFC 8628 §3.4–3.5

use placet_core::{
    Refusal,
    client::AuthenticatedClient,
    engine::{Caller, Collect, CollectBy, Committed, Error},
    pending::{PendingRequest, State},
    right::ResourceId,
    secret::{Secret, kind},
    token::TokenSet,
};
use placet_web::{params::Form, site::Site};

use super::{of_this_face, specs};
use crate::{
    error::{OAuthError, Problem},
    resource,
};

/// A device code.
#[derive(Debug)]
pub struct DeviceGrant {
    code: Secret<kind::Collect>,
    target: Option<ResourceId>,
}

impl DeviceGrant {
    pub(super) fn parse(form: &Form) -> Result<Self, Problem> {
        let code = form.get("device_code").ok_or(OAuthError::InvalidRequest)?;
        Ok(Self {
            code: Secret::parse(code).ok_or(OAuthError::InvalidGrant)?,
            target: resource::target(form)?,
        })
    }

    pub(super) async fn exchange(
        &self,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Problem> {
        let collect = Collect {
            by: CollectBy::Poll,
            secret: &self.code,
            client,
            check: &|request| self.check(request),
            specs: &|_, basis| specs(&site.settings, basis, self.target.as_ref(), None),
        };
        match site.engine.collect(&collect, caller).await {
            Ok(tokens) => Ok(tokens),
            // RFC 8628 §3.5 has a word of its own for it; everywhere else it is `invalid_grant`.
            Err(Error::Refused(Refusal::Expired)) => Err(OAuthError::ExpiredToken.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn check(&self, request: &PendingRequest) -> Result<(), Refusal> {
        of_this_face(request)?;
        match &request.state {
            State::Approved(approval) => {
                resource::reachable(&approval.granted, self.target.as_ref())
            }
            State::Pending
            | State::Interacting { .. }
            | State::Clarifying { .. }
            | State::Collected { .. }
            | State::Ended(_) => Ok(()),
        }
    }
}
