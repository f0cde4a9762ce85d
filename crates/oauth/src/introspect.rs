//! `/introspect`: a resource server asks whether a token is good, and for what.
//!
//! Active only for the client it was issued to and for the resource servers in its audience; a resource server is the
//! client whose `client_id` is the resource's identifier. Everything else, unknown or none of the caller's business,
//! is the same answer byte for byte.
//!
//! Spec: RFC 7662 §2.1–2.3, RFC 9068 §2.2, RFC 9700 §2.3

use std::sync::Arc;

use placet_core::{
    client::{AuthenticatedClient, Client},
    engine::Introspected,
    id::Id,
    person::Session,
    right::Rights,
    token::{AccessToken, Standing},
};
use placet_web::{client_auth, context::Call, params::Form, reply::Reply, site::Site};
use serde::Serialize;

use crate::{
    error::{OAuthError, Problem},
    outcome::Outcome,
};

/// A question about one token. It has no `Debug`: the token is in it.
pub struct IntrospectionRequest {
    /// Who asks.
    pub client: AuthenticatedClient,
    /// About which token.
    pub token: String,
}

/// What is told about an active token (RFC 7662 §2.2).
#[derive(Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    client_id: String,
    /// Absent for a refresh token, which no resource accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    exp: i64,
    iat: i64,
    nbf: i64,
    sub: String,
    aud: String,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Id<AccessToken>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Id<Session>>,
}

/// Answers a POST.
pub(crate) async fn handle(site: Arc<Site>, call: Call) -> Reply {
    let outcome = match request(&site, &call).await {
        Ok(request) => introspect(&site, &request).await,
        Err(problem) => problem.into(),
    };
    outcome.print()
}

async fn request(site: &Site, call: &Call) -> Result<IntrospectionRequest, Problem> {
    let form = Form::of_call(call)?;
    let read = |client: &Client| {
        // RFC 7662 §2.1: only callers that prove who they are; otherwise it is a place to try tokens.
        if client.is_public() {
            return Err(Problem::from(OAuthError::InvalidClient));
        }
        let token = form.get("token").ok_or(OAuthError::InvalidRequest)?;
        Ok(token.to_owned())
    };
    let (client, token) = client_auth::admit(site, call, &form, read).await?;
    Ok(IntrospectionRequest { client, token })
}

/// Tells whether a token is active for this caller.
pub async fn introspect(site: &Site, request: &IntrospectionRequest) -> Outcome {
    let caller = &request.client;
    let serves = |resource: &str| caller.client().client_id == resource;
    let found = site.engine.introspect(&request.token, caller, &serves);
    match found.await {
        Ok(Some(Introspected::Access(standing, client))) => {
            Outcome::Active(Box::new(access(site, *standing, client.client_id.clone())))
        }
        Ok(Some(Introspected::Refresh(token, family))) => {
            Outcome::Active(Box::new(Introspection {
                active: true,
                scope: family.rights.scope_text(),
                client_id: caller.client().client_id.clone(),
                token_type: None,
                exp: token.expires_at.as_secs(),
                iat: token.issued_at.as_secs(),
                nbf: token.issued_at.as_secs(),
                sub: family.subject,
                aud: site.settings.issuer_url.clone(),
                iss: site.settings.issuer_url.clone(),
                jti: None,
                auth_time: family.authentication.as_ref().map(|a| a.at.as_secs()),
                acr: None,
                amr: Vec::new(),
                sid: family.sid,
            }))
        }
        Ok(None) => Outcome::Inactive,
        Err(error) => Problem::from(error).into(),
    }
}

fn access(site: &Site, standing: Standing<AccessToken>, client_id: String) -> Introspection {
    let token = standing.token;
    let (auth_time, acr, amr) = match token.authentication {
        Some(sign_in) => (Some(sign_in.at.as_secs()), sign_in.acr, sign_in.amr),
        None => (None, None, Vec::new()),
    };
    Introspection {
        active: true,
        scope: token.rights.scope_text(),
        client_id,
        token_type: Some("Bearer"),
        exp: token.expires_at.as_secs(),
        iat: token.issued_at.as_secs(),
        nbf: token.issued_at.as_secs(),
        sub: token.subject,
        aud: audience(site, &token.rights),
        iss: site.settings.issuer_url.clone(),
        jti: Some(token.jti),
        auth_time,
        acr,
        amr,
        sid: standing.session.map(|(session, _)| session.sid),
    }
}

/// The one resource, else the issuer itself: the same `aud` a JWT access token has.
fn audience(site: &Site, rights: &Rights) -> String {
    let only = rights.resources.first();
    only.map_or(site.settings.issuer_url.as_str(), |resource| {
        resource.as_str()
    })
    .to_owned()
}
