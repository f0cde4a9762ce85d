//! `/revoke`: a client gives a token back.
//!
//! An access token ends alone, a refresh token with everything that descends from it. A token that is unknown or
//! another client's is answered like one that was revoked, and nothing happens to it.
//!
//! Spec: RFC 7009 §2.1–2.2

use std::sync::Arc;

use placet_core::{
    client::{AuthenticatedClient, Client},
    engine::Caller,
    event::Actor,
};
use placet_web::{client_auth, context::Call, params::Form, reply::Reply, site::Site};

use crate::{
    error::{OAuthError, Problem},
    outcome::Outcome,
};

/// A token to revoke. It has no `Debug`: the token is in it.
pub struct RevocationRequest {
    /// Who gives it back.
    pub client: AuthenticatedClient,
    /// The token; `token_type_hint` is not needed to find it.
    pub token: String,
    /// From where, for the audit.
    pub caller: Caller,
}

/// Answers a POST.
pub(crate) async fn handle(site: Arc<Site>, call: Call) -> Reply {
    let outcome = match request(&site, &call).await {
        Ok(request) => revoke(&site, &request).await,
        Err(problem) => problem.into(),
    };
    outcome.print()
}

async fn request(site: &Site, call: &Call) -> Result<RevocationRequest, Problem> {
    let form = Form::of_call(call)?;
    let read = |_: &Client| {
        let token = form.get("token").ok_or(OAuthError::InvalidRequest)?;
        Ok::<_, Problem>(token.to_owned())
    };
    let (client, token) = client_auth::admit(site, call, &form, read).await?;
    Ok(RevocationRequest {
        client,
        token,
        caller: call.context.caller(Actor::Client),
    })
}

/// Revokes a token of this client.
pub async fn revoke(site: &Site, request: &RevocationRequest) -> Outcome {
    let revoked = site
        .engine
        .revoke(&request.token, &request.client, &request.caller);
    match revoked.await {
        Ok(_) => Outcome::Revoked,
        // RFC 7009 §2.2.1: 503 tells the client that the token may still be good.
        Err(error) => Problem::from(error).into(),
    }
}
