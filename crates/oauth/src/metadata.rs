//! What the server says about itself: two metadata documents with one content, and the public keys.
//!
//! The documents are rendered once, when the routes are made.
//!
//! Spec: RFC 8414 §2–3, OpenID Connect Discovery §3–4, RFC 9207 §3, RFC 7517 §5

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use placet_core::client::{AUTHORIZATION_CODE, CLIENT_CREDENTIALS, DEVICE_CODE, REFRESH_TOKEN};
use placet_proof::{Algorithm, Ed25519Name};
use placet_web::{
    context::Call,
    face::{Audience, Route, Routes},
    keys::JWKS_MAX_AGE_S,
    page::Locale,
    reply::Reply,
    site::{Site, SiteSettings},
};
use serde_json::{Value, json};

use crate::oidc::claims::{PERSON_SCOPES, SCOPE_CLAIMS};

/// The algorithms ID tokens can be signed with; RS256 must be among them (OpenID Connect Discovery §3).
const ID_TOKEN_ALGS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// Where clients prove who they are.
const AUTH_METHODS: [&str; 3] = [
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
];

/// The routes of discovery. OpenID Connect appends its path to the issuer's, RFC 8414 puts it between host and path;
/// clients try either for both documents.
pub(crate) fn routes(site: &Arc<Site>) -> Routes {
    const OIDC: &str = "/.well-known/openid-configuration";
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    let document: Bytes = metadata(&site.settings).to_string().into();
    let reply = public_json(document);
    let serve = |path, spec| {
        let reply = reply.clone();
        Route::get(path, Audience::Public, spec, move |_call: Call| {
            std::future::ready(reply.clone())
        })
        .cross_origin()
    };
    let mut routes = vec![
        serve(OIDC, "OpenID Connect Discovery §4"),
        serve(OAUTH, "RFC 8414 §3.1").at_root(),
    ];
    if !site.settings.base_path.is_empty() {
        routes.push(serve(OIDC, "RFC 8414 §5").at_root());
    }
    let site = Arc::clone(site);
    let reply = public_json(Bytes::new());
    let keys = move |_call: Call| {
        let mut reply = reply.clone();
        reply.body = site.keys.jwks();
        std::future::ready(reply)
    };
    routes.push(Route::get("/jwks.json", Audience::Public, "RFC 7517 §5", keys).cross_origin());
    routes
}

/// A document anybody may keep for as long as a key is published before it signs (threat T19).
fn public_json(body: Bytes) -> Reply {
    Reply::empty(StatusCode::OK)
        .with_body("application/json", body)
        .cacheable_for(JWKS_MAX_AGE_S)
}

/// The metadata document (RFC 8414 §2, OpenID Connect Discovery §3). It promises nothing that is not there.
pub fn metadata(settings: &SiteSettings) -> Value {
    let signing: Vec<_> = Algorithm::ALL
        .iter()
        .map(|alg| alg.name(Ed25519Name::EdDsa))
        .collect();
    let with_none: Vec<_> = AUTH_METHODS.into_iter().chain(["none"]).collect();
    let locales: Vec<_> = Locale::ALL.iter().map(|locale| locale.tag()).collect();
    json!({
        "issuer": settings.issuer_url,
        "authorization_endpoint": settings.url("/authorize"),
        "token_endpoint": settings.url("/token"),
        "device_authorization_endpoint": settings.url("/device_authorization"),
        "introspection_endpoint": settings.url("/introspect"),
        "revocation_endpoint": settings.url("/revoke"),
        "userinfo_endpoint": settings.url("/userinfo"),
        "jwks_uri": settings.url("/jwks.json"),
        "scopes_supported": scopes(settings),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": [AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE],
        "token_endpoint_auth_methods_supported": with_none,
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_methods_supported": with_none,
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ID_TOKEN_ALGS,
        "claim_types_supported": ["normal"],
        "claims_supported": claims(),
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // Absent would mean true (OpenID Connect Discovery §3).
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": locales,
    })
}

fn scopes(settings: &SiteSettings) -> Vec<&str> {
    let declared = settings.scopes.iter().map(|scope| scope.name.as_str());
    let mut scopes: Vec<_> = PERSON_SCOPES.to_vec();
    for name in declared {
        if !scopes.contains(&name) {
            scopes.push(name);
        }
    }
    scopes
}

fn claims() -> Vec<&'static str> {
    let of_the_token = [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
    ];
    let of_scopes = SCOPE_CLAIMS.iter().flat_map(|entry| entry.claims);
    of_the_token.iter().chain(of_scopes).copied().collect()
}
