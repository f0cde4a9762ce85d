//! Which tokens an approval, a refresh or a client's own request becomes.
//!
//! Spec: RFC 6749 §1.4–1.5, RFC 8707 §2.2, RFC 9068 §2.2, OpenID Connect Core §3.1.3.3, §11

use placet_core::{
    client::REFRESH_TOKEN,
    right::ResourceId,
    token::{Basis, TokenSpec},
};
use placet_web::site::SiteSettings;
use serde_json::Map;

use crate::{
    oidc::{
        claims::{OFFLINE_ACCESS, OPENID},
        id_token,
    },
    resource,
};

/// The algorithm of JWT access tokens. One for all resources: RFC 9068 §2.1 lets the issuer choose, and a resource
/// reads it from the published keys.
const ACCESS_TOKEN_ALG: &str = "ES256";

/// An access token for `target`; a refresh token where the client is registered for it and a person is involved
/// (RFC 6749 §4.4.3); an ID token where `openid` was granted.
pub(crate) fn specs(
    settings: &SiteSettings,
    basis: &Basis<'_>,
    target: Option<&ResourceId>,
    nonce: Option<&str>,
) -> Vec<TokenSpec> {
    let bound_to_session = ends_with_session(basis);
    let mut specs = Vec::with_capacity(3);
    specs.push(access(settings, basis, target, bound_to_session));
    if basis.person.is_some() && basis.client.may_use(REFRESH_TOKEN) {
        specs.push(TokenSpec::Refresh {
            idle: settings.lifetimes.refresh_token_idle,
            absolute: settings.lifetimes.refresh_token_absolute,
            bound_to_session,
        });
    }
    specs.extend(id_token::spec(settings, basis, nonce));
    specs
}

/// OpenID Connect Core §11: with `openid`, access while the person is not signed in is what `offline_access` asks for,
/// so without it the tokens end with the sign-in. Plain OAuth has no such scope and no such rule.
fn ends_with_session(basis: &Basis<'_>) -> bool {
    basis.rights.has_scope(OPENID) && !basis.rights.has_scope(OFFLINE_ACCESS)
}

fn access(
    settings: &SiteSettings,
    basis: &Basis<'_>,
    target: Option<&ResourceId>,
    bound_to_session: bool,
) -> TokenSpec {
    let rights = resource::for_one_audience(settings, basis.rights, target);
    let entry = rights
        .resources
        .first()
        .and_then(|resource| settings.resource(resource.as_str()));
    let mut claims = Map::new();
    id_token::authentication(&mut claims, basis);
    TokenSpec::Access {
        format: entry.map(|entry| entry.format).unwrap_or_default(),
        alg: ACCESS_TOKEN_ALG,
        lifetime: entry
            .and_then(|entry| entry.lifetime)
            .unwrap_or(settings.lifetimes.access_token),
        rights,
        bound_to_session,
        claims,
        binding: None,
    }
}
