//! The ID token: who signed in, when and how, told to one client.
//!
//! Claims of `profile`, `email`, `address` and `phone` are told at userinfo alone, since the code flow always has an
//! access token (Core §5.4).
//!
//! Spec: OpenID Connect Core §2, §3.1.3.6, §12.2

use placet_core::token::{Basis, TokenSpec};
use placet_web::site::SiteSettings;
use serde_json::{Map, Value, json};

use super::claims::OPENID;

/// The algorithm of clients that registered none (OpenID Connect Registration §2).
const DEFAULT_ALG: &str = "RS256";

/// The ID token of this basis. `None` without a person or without the scope `openid`.
///
/// `at_hash` is left out, as Core §3.1.3.6 allows where the tokens do not travel through the browser.
pub(crate) fn spec(
    settings: &SiteSettings,
    basis: &Basis<'_>,
    nonce: Option<&str>,
) -> Option<TokenSpec> {
    if basis.person.is_none() || !basis.rights.has_scope(OPENID) {
        return None;
    }
    let expires_at = basis.now.plus(settings.lifetimes.id_token);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", basis.issuer.url.as_str().into());
    put("sub", basis.subject.into());
    put("aud", basis.client.client_id.as_str().into());
    put("exp", expires_at.as_secs().into());
    put("iat", basis.now.as_secs().into());
    if let Some(nonce) = nonce {
        put("nonce", nonce.into());
    }
    if let Some(sid) = basis.sid {
        put("sid", json!(sid));
    }
    authentication(&mut claims, basis);
    let alg = basis
        .client
        .metadata
        .id_token_signed_response_alg
        .as_deref();
    Some(TokenSpec::Statement {
        alg: alg.unwrap_or(DEFAULT_ALG).to_owned(),
        typ: None,
        claims,
    })
}

/// `auth_time`, `acr` and `amr` of the sign-in (Core §2, RFC 9068 §2.2.1): always those of the sign-in that approved,
/// also in tokens of a later refresh.
pub(crate) fn authentication(claims: &mut Map<String, Value>, basis: &Basis<'_>) {
    let Some(sign_in) = basis.authentication else {
        return;
    };
    claims.insert("auth_time".to_owned(), sign_in.at.as_secs().into());
    if let Some(acr) = &sign_in.acr {
        claims.insert("acr".to_owned(), acr.as_str().into());
    }
    if !sign_in.amr.is_empty() {
        claims.insert("amr".to_owned(), json!(sign_in.amr));
    }
}
