//! RFC 8252 and RFC 9700 §2.1: redirect URIs, exact but for the port of a loopback address.

use http::StatusCode;

use crate::world::{NATIVE, WEB, World, request};

#[tokio::test]
async fn a1_every_other_spelling_of_a_redirect_uri_is_an_error_page() {
    let world = World::new().await;
    let mutations = [
        "https://client.example/cb/",
        "https://client.example/cb?x=1",
        "https://client.example/cb?",
        "https://client.example/cb#f",
        "https://client.example/cb#",
        "https://client.example/cb/../cb",
        "https://client.example/./cb",
        "https://client.example/x/../cb",
        "https://client.example/%63b",
        "https://client.example/cb%00",
        "https://client.example/cb%2f",
        "https://client.example/cb%20",
        "https://client.example/CB",
        "https://client.example/c",
        "https://client.example/cbx",
        "https://client.example/",
        "https://client.example",
        "https://client.example//cb",
        "https://client.example\\cb",
        "https://client.example/cb\\",
        "https://client.example:443/cb",
        "https://client.example:/cb",
        "https://client.example:8443/cb",
        "https://client.example./cb",
        "https://CLIENT.example/cb",
        "HTTPS://client.example/cb",
        "http://client.example/cb",
        "//client.example/cb",
        "/cb",
        "https:/client.example/cb",
        "https:client.example/cb",
        "https://evil.example/cb",
        "https://evil.example/https://client.example/cb",
        "https://client.example.evil.example/cb",
        "https://evil-client.example/cb",
        "https://sub.client.example/cb",
        "https://client.example@evil.example/cb",
        "https://evil@client.example/cb",
        "https://client.example%2eevil.example/cb",
        "https://client.example\t/cb",
        " https://client.example/cb",
        "https://client.example/cb ",
        "https://client.example/cb\n",
        "https://client.example/cb;x",
        "javascript:alert(1)//https://client.example/cb",
        "data:text/html,https://client.example/cb",
        "https://xn--client-example/cb",
        "https://client\u{3002}example/cb",
    ];
    assert!(mutations.len() >= 40);
    for uri in mutations {
        let told = world
            .visit(None, &request(WEB, &[("redirect_uri", uri)]))
            .await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST, "{uri}");
        assert!(told.headers.get("location").is_none(), "{uri}");
        assert!(
            told.header("content-type").starts_with("text/html"),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn rfc8252_7_3_the_port_of_a_loopback_address_is_free() {
    let world = World::new().await;
    for (uri, accepted) in [
        ("http://127.0.0.1/cb", true),
        ("http://127.0.0.1:1/cb", true),
        ("http://127.0.0.1:65535/cb", true),
        ("http://[::1]/cb", true),
        ("http://[::1]:51004/cb", true),
        ("http://localhost:3000/cb", true),
        ("com.example.app:/cb", true),
        ("http://127.0.0.1:0/cb", false),
        ("http://127.0.0.1:65536/cb", false),
        ("http://127.0.0.1:000080/cb", false),
        ("http://127.0.0.1:/cb", false),
        ("http://127.0.0.1:80x/cb", false),
        ("http://127.0.0.1:+80/cb", false),
        ("http://127.0.0.1:80@evil.example/cb", false),
        ("http://127.0.0.1.evil.example/cb", false),
        ("http://127.0.0.1:80/other", false),
        ("http://127.0.0.1:80/cb/", false),
        ("http://127.0.0.1:80/cb?x", false),
        ("https://127.0.0.1:80/cb", false),
        ("http://127.0.0.2:80/cb", false),
        ("http://[::2]:80/cb", false),
        ("com.example.app:8080/cb", false),
    ] {
        let told = world
            .visit(None, &request(NATIVE, &[("redirect_uri", uri)]))
            .await;
        let begun = told.status == StatusCode::SEE_OTHER;
        assert_eq!(begun, accepted, "{uri}: {told:?}");
    }
}

#[tokio::test]
async fn rfc8252_8_3_the_name_localhost_has_a_free_port_only_for_native_apps() {
    let world = World::new().await;
    let metadata = serde_json::json!({ "redirect_uris": ["http://localhost/cb"] });
    world.add_client("site", None, metadata).await;
    for (uri, accepted) in [
        ("http://localhost/cb", true),
        ("http://localhost:3000/cb", false),
        ("http://127.0.0.1:3000/cb", false),
    ] {
        let told = world
            .visit(None, &request("site", &[("redirect_uri", uri)]))
            .await;
        assert_eq!(told.status == StatusCode::SEE_OTHER, accepted, "{uri}");
    }
}

#[tokio::test]
async fn a2_a_registered_query_cannot_preset_the_answer() {
    let world = World::new().await;
    for (number, name) in ["code", "state", "iss", "error", "response"]
        .into_iter()
        .enumerate()
    {
        let uri = format!("https://client.example/cb?tenant=1&{name}=x");
        let client = format!("preset-{number}");
        let metadata = serde_json::json!({ "redirect_uris": [uri] });
        world.add_client(&client, None, metadata).await;
        let told = world
            .visit(None, &request(&client, &[("redirect_uri", &uri)]))
            .await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST, "{uri}");
        assert!(told.headers.get("location").is_none(), "{uri}");
    }
}
