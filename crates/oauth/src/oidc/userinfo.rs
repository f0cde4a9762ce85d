//! `/userinfo`: claims about the person, for the holder of an access token with the scope `openid`.
//!
//! The scope is the permission, whatever resource the token is for: a client that asked for `openid` and one resource
//! holds one access token, and it must open both.
//!
//! Spec: OpenID Connect Core §5.3, RFC 6750 §2.1–2.2, §3

use std::sync::Arc;

use http::Method;
use placet_core::{Refusal, engine::Error};
use placet_web::{context::Call, params::Form, reply::Reply, site::Site};

use super::claims::{OPENID, claims_of};
use crate::{
    error::{OAuthError, Problem},
    outcome::{BearerProblem, Outcome},
};

/// Answers GET and POST.
pub(crate) async fn handle(site: Arc<Site>, call: Call) -> Reply {
    let outcome = match access_token(&call) {
        Ok(token) => userinfo(&site, &token).await,
        Err(problem) => Err(problem),
    };
    outcome.unwrap_or_else(Outcome::Bearer).print()
}

/// Tells what the access token opens.
///
/// # Errors
/// `invalid_token` unless it is active; `insufficient_scope` without `openid` or without a person.
pub async fn userinfo(site: &Site, token: &str) -> Result<Outcome, BearerProblem> {
    let (standing, _) = match site.engine.present(token).await {
        Ok(found) => found,
        Err(Error::Refused(Refusal::NotFound)) => return Err(OAuthError::InvalidToken.into()),
        Err(error) => return Err(error.into()),
    };
    let token = &standing.token;
    match &standing.person {
        Some((person, _)) if token.rights.has_scope(OPENID) => Ok(Outcome::Claims(claims_of(
            person,
            &token.subject,
            &token.rights,
        ))),
        Some(_) | None => Err(OAuthError::InsufficientScope.into()),
    }
}

/// The access token, presented in exactly one way: the header, or the form of a POST (RFC 6750 §2).
///
/// Never the query, which ends up in logs and histories (RFC 9700 §4.3.2).
fn access_token(call: &Call) -> Result<String, BearerProblem> {
    let in_header = match call.headers.get(http::header::AUTHORIZATION) {
        Some(_) => Some(bearer(call.header("authorization")).ok_or(Problem::new(
            OAuthError::InvalidRequest,
            "The Authorization header is not one Bearer token.",
        ))?),
        None => None,
    };
    let form = match (&call.method, call.body.is_empty()) {
        (&Method::POST, false) => Some(Form::of_call(call)?),
        _ => None,
    };
    let in_form = form.as_ref().and_then(|form| form.get("access_token"));
    match (in_header, in_form) {
        (Some(token), None) | (None, Some(token)) => Ok(token.to_owned()),
        (None, None) => Err(BearerProblem::Missing),
        (Some(_), Some(_)) => Err(Problem::new(
            OAuthError::InvalidRequest,
            "The access token is presented in two ways.",
        )
        .into()),
    }
}

/// `Bearer 1*SP b64token` and nothing else (RFC 6750 §2.1, threat T8).
fn bearer(header: Option<&str>) -> Option<&str> {
    let (scheme, rest) = header?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return None;
    }
    let token = rest.trim_start_matches(' ');
    let body = token.trim_end_matches('=');
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    };
    (!body.is_empty() && body.bytes().all(allowed)).then_some(token)
}
