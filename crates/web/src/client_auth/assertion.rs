//! A client that signs: the assertion is checked against the keys it registered, and holds once.
//!
//! Spec: RFC 7523 §3, RFC 8725 §3.1, OpenID Connect Core §9, §10.1.1

use placet_core::{
    client::{AssertionAudience, Client, OnceProof},
    secret::SecretHash,
    time::Timestamp,
};
use placet_proof::{
    Algorithm, Audience, CLIENT_ASSERTION_LIFETIME_S, Claims, Jwks, Profile, ProofError,
    TOKEN_ENDPOINT_ASSERTION_LIFETIME_S, UnverifiedJwt, Verified,
};

use super::{Unproven, Why};
use crate::{fetch::FetchError, site::Site};

/// Checks an assertion and returns what the verb must spend.
pub(super) async fn check(
    site: &Site,
    now: Timestamp,
    client: &Client,
    assertion: &str,
) -> Result<OnceProof, Unproven> {
    let pinned = pinned(client)?;
    let claims = match &client.metadata.jwks_uri {
        None => {
            let registered = client.metadata.jwks.as_ref().ok_or(Why::NoKeys)?;
            let keys = keys(registered.to_string().as_bytes(), pinned)?;
            verify(site, now, client, assertion, &keys)?
        }
        Some(url) => fetched(site, now, client, assertion, (url, pinned)).await?,
    };
    Ok(once(client, &claims)?)
}

/// The same with keys of a URL. A `kid` that is not among those known makes them be fetched again, so that a
/// client can move to a new key at any time (OpenID Connect Core §10.1.1).
async fn fetched(
    site: &Site,
    now: Timestamp,
    client: &Client,
    assertion: &str,
    (url, pinned): (&str, Option<Algorithm>),
) -> Result<Verified<Claims>, Unproven> {
    let unavailable = |error| unfetched(client, &error);
    let known = site.fetch.jwks(url, now).await.map_err(unavailable)?;
    match verify(site, now, client, assertion, &keys(&known, pinned)?) {
        Err(Why::WrongAssertion(ProofError::UnknownKey)) => {}
        judged => return Ok(judged?),
    }
    let anew = site.fetch.jwks_anew(url, now).await.map_err(unavailable)?;
    Ok(verify(site, now, client, assertion, &keys(&anew, pinned)?)?)
}

/// What it means that a key set cannot be fetched: a trouble that passes, or a URL that never gives keys.
fn unfetched(client: &Client, error: &FetchError) -> Unproven {
    tracing::warn!(client_id = %client.client_id, %error, "a client's keys cannot be fetched");
    match error {
        FetchError::BadUrl | FetchError::PrivateAddress | FetchError::BadAuthorities(_) => {
            Why::NoKeys.into()
        }
        FetchError::Unreachable(_)
        | FetchError::TooSlow
        | FetchError::TooLarge
        | FetchError::Status(_)
        | FetchError::Malformed
        | FetchError::Busy => Unproven::KeysUnavailable,
    }
}

/// The one algorithm a client registered, if it did. The header of an assertion never chooses (RFC 8725 §3.1).
fn pinned(client: &Client) -> Result<Option<Algorithm>, Why> {
    match &client.metadata.token_endpoint_auth_signing_alg {
        None => Ok(None),
        Some(name) => Algorithm::from_name(name).map(Some).ok_or(Why::NoKeys),
    }
}

fn keys(json: &[u8], pinned: Option<Algorithm>) -> Result<Jwks, Why> {
    let parsed = match pinned {
        Some(algorithm) => Jwks::parse_pinned(json, algorithm),
        None => Jwks::parse(json),
    };
    parsed.map_err(|error| {
        tracing::warn!(%error, "a client's keys cannot be read");
        Why::NoKeys
    })
}

fn verify(
    site: &Site,
    now: Timestamp,
    client: &Client,
    assertion: &str,
    keys: &Jwks,
) -> Result<Verified<Claims>, Why> {
    let issuer = site.settings.issuer_url.as_str();
    let token_endpoint = site.settings.url("/token");
    let both = [issuer, token_endpoint.as_str()];
    let (audiences, lifetime_s) = match client.metadata.assertion_audience {
        // draft-ietf-oauth-rfc7523bis: the issuer alone, so that no other server can be made to relay it (T9).
        AssertionAudience::Issuer => (
            both.get(..1).unwrap_or_default(),
            CLIENT_ASSERTION_LIFETIME_S,
        ),
        AssertionAudience::TokenEndpoint => (both.as_slice(), TOKEN_ENDPOINT_ASSERTION_LIFETIME_S),
    };
    let profile =
        Profile::client_assertion(&client.client_id, Audience::Only(audiences), lifetime_s);
    let claims = UnverifiedJwt::parse(assertion)?.verify(&profile, keys, now.as_secs())?;
    Ok(claims)
}

/// RFC 7523 §3: a `jti` is used once by its issuer, until the assertion has expired.
fn once(client: &Client, claims: &Claims) -> Result<OnceProof, Why> {
    let jti = claims.jti().ok_or(ProofError::MissingClaim("jti"))?;
    Ok(OnceProof {
        value: SecretHash::of(&format!("client assertion\n{}\n{jti}", client.id)),
        keep_until: Timestamp::from_secs(claims.expires_at()),
        peer: None,
    })
}
