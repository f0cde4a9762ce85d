//! RFC 8414: the metadata document, where it stands and what it says.

use http::StatusCode;

use crate::world::{ISSUER, World};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OIDC: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn rfc8414_3_1_between_host_and_path() {
    for (issuer, want) in [
        (ISSUER, &[(OIDC, false), (OAUTH, true)][..]),
        (
            "https://as.example/tenant",
            &[(OIDC, false), (OAUTH, true), (OIDC, true)],
        ),
    ] {
        let world = World::at(issuer).await;
        let routes = placet_oauth::face().routes(&world.site);
        let found: Vec<_> = routes
            .iter()
            .filter(|route| route.path.starts_with("/.well-known/"))
            .map(|route| (route.path, route.at_root))
            .collect();
        assert_eq!(found, want, "{issuer}");
        assert!(routes.iter().all(|route| !route.spec.is_empty()));
    }
}

#[tokio::test]
async fn rfc8414_2_the_document_is_true() {
    let issuer = "https://as.example/tenant";
    let world = World::at(issuer).await;
    let told = world.get(OAUTH).await;
    assert_eq!(told.status, StatusCode::OK);
    assert_eq!(told.header("content-type"), "application/json");
    assert_eq!(told.header("cache-control"), "public, max-age=300");
    let document = told.json();
    assert_eq!(document["issuer"], issuer);
    let routes = placet_oauth::face().routes(&world.site);
    let endpoints = document
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut count = 0;
    for (name, url) in endpoints {
        let path = url.as_str().unwrap().strip_prefix(issuer).unwrap();
        assert!(
            routes.iter().any(|route| route.path == path),
            "{name}: {path}"
        );
        count += 1;
    }
    assert_eq!(count, 7);
    assert_eq!(
        document["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );
    assert_eq!(
        document["response_types_supported"],
        serde_json::json!(["code"])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(document["request_uri_parameter_supported"], false);
    let scopes = document["scopes_supported"].as_array().unwrap();
    for scope in ["openid", "offline_access", "read", "write"] {
        assert!(scopes.contains(&scope.into()), "{scope}");
    }
    for grant in document["grant_types_supported"].as_array().unwrap() {
        let told = world
            .token("nobody", &[("grant_type", grant.as_str().unwrap())])
            .await;
        assert_eq!(told.error().1, "invalid_client", "{grant} is known");
    }
    assert_eq!(world.get(OIDC).await.json(), document, "both say the same");
}
