//! RFC 6749 §4.1.1–4.1.2 and the form post response mode: the authorization endpoint.

use http::{Method, StatusCode};
use placet_core::{
    engine::{Decision, Limits},
    testing::Fault,
};
use placet_web::face::Next;

use crate::world::{
    CALLBACK, ISSUER, LEGACY, NATIVE, OTHER, Pairs, Response, SPA, TV, WEB, World, answered,
    encode, request, set,
};

#[tokio::test]
async fn a3_nothing_is_redirected_before_client_and_address_are_known() {
    let world = World::new().await;
    let base = encode(&request(WEB, &[]));
    let without = |name: &str| encode(&request(WEB, &[(name, "")]));
    for (name, query) in [
        ("nothing", String::new()),
        ("no client", without("client_id")),
        ("no redirect URI with openid", without("redirect_uri")),
        ("unknown client", encode(&request("nobody", &[]))),
        ("client in another case", encode(&request("WEB", &[]))),
        ("two clients", format!("{base}&client_id=web")),
        (
            "two redirect URIs",
            format!("{base}&redirect_uri={CALLBACK}"),
        ),
        ("two states", format!("{base}&state=t")),
        ("two scopes", format!("{base}&scope=read")),
        ("broken escape", format!("{base}&x=%zz")),
        ("not UTF-8", format!("{base}&x=%ff")),
        (
            "another client's URI",
            encode(&request(SPA, &[("redirect_uri", CALLBACK)])),
        ),
        (
            "no registered URI",
            encode(&request(TV, &[("redirect_uri", "")])),
        ),
    ] {
        let mut call = world.call(Method::GET);
        call.query = query;
        let told = world.send(call, "/authorize").await;
        assert!(told.status.is_client_error(), "{name}: {told:?}");
        assert!(told.headers.get("location").is_none(), "{name}");
        assert_eq!(told.header("cache-control"), "no-store", "{name}");
    }
    assert_eq!(world.site.engine.open_requests(), 0);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
async fn rfc6749_4_1_2_1_errors_go_to_the_client_with_its_state() {
    let world = World::new().await;
    for (name, extra, want) in [
        (
            "no response type",
            &[("response_type", "")][..],
            "invalid_request",
        ),
        (
            "implicit",
            &[("response_type", "token")],
            "unsupported_response_type",
        ),
        (
            "hybrid",
            &[("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (
            "fragment",
            &[("response_mode", "fragment")],
            "invalid_request",
        ),
        (
            "a21 web_message",
            &[("response_mode", "web_message")],
            "invalid_request",
        ),
        (
            "unregistered scope",
            &[("scope", "openid fly")],
            "invalid_scope",
        ),
        ("broken scope", &[("scope", "a\"b")], "invalid_scope"),
        (
            "unknown resource",
            &[("resource", "urn:nowhere")],
            "invalid_target",
        ),
        (
            "relative resource",
            &[("resource", "/photos")],
            "invalid_target",
        ),
        (
            "request object",
            &[("request", "e30.e30.")],
            "request_not_supported",
        ),
        (
            "request URI",
            &[("request_uri", "urn:x")],
            "request_uri_not_supported",
        ),
        (
            "registration",
            &[("registration", "{}")],
            "registration_not_supported",
        ),
        ("unknown prompt", &[("prompt", "create")], "invalid_request"),
        (
            "none is not alone",
            &[("prompt", "none login")],
            "invalid_request",
        ),
        (
            "max_age of words",
            &[("max_age", "soon")],
            "invalid_request",
        ),
        ("negative max_age", &[("max_age", "-1")], "invalid_request"),
        (
            "hint of nobody",
            &[("id_token_hint", "x.y.z")],
            "invalid_request",
        ),
    ] {
        let told = world.visit(None, &request(WEB, extra)).await;
        assert!(told.header("location").starts_with(CALLBACK), "{name}");
        let told = told.redirected();
        assert_eq!(told["error"], want, "{name}");
        assert_eq!(told["state"], "s", "{name}");
        assert_eq!(told["iss"], ISSUER, "{name}");
        assert!(!told.contains_key("code"), "{name}");
    }
}

#[tokio::test]
async fn t16_a_client_not_registered_for_codes_is_refused() {
    let world = World::new().await;
    for (client, metadata) in [
        (
            "no-grant",
            serde_json::json!({ "redirect_uris": [CALLBACK], "grant_types": ["client_credentials"] }),
        ),
        (
            "no-type",
            serde_json::json!({ "redirect_uris": [CALLBACK], "response_types": [] }),
        ),
    ] {
        world.add_client(client, None, metadata).await;
        let told = world.visit(None, &request(client, &[])).await.redirected();
        assert_eq!(told["error"], "unauthorized_client", "{client}");
    }
}

#[tokio::test]
async fn rfc6749_4_1_2_state_comes_back_byte_for_byte() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let long = "x".repeat(4096);
    for state in [
        "a b+c",
        "ü€😀",
        "\"<>&'\\%25",
        "?&=#/;",
        "\u{7f}\t",
        long.as_str(),
    ] {
        for mode in ["query", "form_post"] {
            let extra = [("state", state), ("response_mode", mode)];
            let waiting = world.begin(&request(WEB, &extra)).await;
            let next = world.approve(&waiting, &browser).await;
            assert_eq!(answered(&next)["state"], state, "{mode}");
        }
    }
    let longer = "x".repeat(4097);
    let told = world
        .visit(None, &request(WEB, &[("state", longer.as_str())]))
        .await;
    let told = told.redirected();
    assert_eq!(told["error"], "invalid_request");
    assert!(!told.contains_key("state"));
    let waiting = world.begin(&request(WEB, &[("state", "")])).await;
    let next = world.approve(&waiting, &browser).await;
    assert!(!answered(&next).contains_key("state"));
}

#[tokio::test]
async fn rfc6749_3_1_2_a_registered_query_is_kept() {
    let world = World::new().await;
    let uri = "https://client.example/cb?tenant=1";
    let metadata = serde_json::json!({ "redirect_uris": [uri] });
    world.add_client("tenant", None, metadata).await;
    let extra = [("redirect_uri", uri), ("prompt", "none")];
    let told = world.visit(None, &request("tenant", &extra)).await;
    let location = told.header("location").to_owned();
    assert!(
        location.starts_with("https://client.example/cb?tenant=1&error=login_required&"),
        "{location}"
    );
}

#[tokio::test]
async fn rfc6749_4_1_3_an_address_that_was_not_sent_need_not_be_repeated() {
    let world = World::new().await;
    let unsent: &[_] = &[("redirect_uri", ""), ("scope", "read")];
    for (name, at_token, accepted) in [
        ("left out again", "", true),
        ("the one used", CALLBACK, true),
        ("another", "https://client.example/other", false),
    ] {
        let code = world.code(LEGACY, unsent).await;
        let given = world
            .exchange(LEGACY, &code, &[("redirect_uri", at_token)])
            .await;
        assert_eq!(
            given.status == StatusCode::OK,
            accepted,
            "{name}: {given:?}"
        );
    }
    for wrong in ["", "https://client.example/cb/"] {
        let code = world.code(WEB, &[]).await;
        let given = world.exchange(WEB, &code, &[("redirect_uri", wrong)]).await;
        assert_eq!(
            given.error(),
            (400, "invalid_grant".to_owned()),
            "sent, then {wrong:?}"
        );
    }
}

#[tokio::test]
async fn form_post_2_answers_and_errors_are_posted() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let extra = [("response_mode", "form_post"), ("state", "\"><script>")];
    let waiting = world.begin(&request(WEB, &extra)).await;
    let Next::FormPost { action, fields } = world.approve(&waiting, &browser).await else {
        panic!("it is posted");
    };
    assert_eq!(action, CALLBACK);
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);

    let extra = [
        ("response_mode", "form_post"),
        ("state", "\"><script>"),
        ("prompt", "none"),
    ];
    let page = world.visit(None, &request(WEB, &extra)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.headers.get("location").is_none());
    let html = String::from_utf8_lossy(&page.body);
    assert!(html.contains("login_required"));
    assert!(
        html.contains(CALLBACK) || html.contains("client.example"),
        "{html}"
    );
    assert!(!html.contains("\"><script>"), "values are escaped");
    assert!(
        page.header("content-security-policy")
            .contains("https://client.example")
    );
}

#[tokio::test]
async fn oidc_core_3_1_2_1_a_request_may_be_posted() {
    let world = World::new().await;
    let mut call = world.call(Method::POST);
    set(
        &mut call,
        "content-type",
        "application/x-www-form-urlencoded",
    );
    call.body = encode(&request(WEB, &[])).into();
    // What stands in the address of a post does not count.
    call.query = "client_id=spa".to_owned();
    let begun = world.send(call, "/authorize").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let rights = world.asked(&begun.waiting()).await;
    assert_eq!(rights.scope_text(), "openid read");
}

#[tokio::test]
async fn rfc6749_4_1_2_1_a_denial_tells_the_client() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let waiting = world.begin(&request(OTHER, &[])).await;
    let told = answered(&world.answer(&waiting, &browser, Decision::Deny).await);
    assert_eq!(told["error"], "access_denied");
    assert_eq!(told["state"], "s");
    assert_eq!(told["iss"], ISSUER);
}

#[tokio::test]
async fn a10_the_browser_is_sent_on_by_303_only() {
    let world = World::new().await;
    let begun = world.visit(None, &request(WEB, &[])).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let refused = world
        .visit(None, &request(WEB, &[("prompt", "none")]))
        .await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
}

/// A request that a page of another site posts, or of this one.
async fn posted(world: &World, origin: (&'static str, &str), extra: Pairs<'_>) -> Response {
    let mut call = world.call(Method::POST);
    set(
        &mut call,
        "content-type",
        "application/x-www-form-urlencoded",
    );
    set(&mut call, origin.0, origin.1);
    call.body = encode(&request(WEB, extra)).into();
    world.send(call, "/authorize").await
}

#[tokio::test]
async fn oidc_core_3_1_2_1_a_cross_site_post_is_asked_again_by_get_so_that_the_sign_in_comes_along()
{
    let world = World::new().await;
    let extra = [("state", "a b&c=d"), ("ui_locales", "de")];
    for origin in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://app.example"),
        ("origin", "null"),
    ] {
        let again = posted(&world, origin, &extra).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{origin:?}");
        let (path, query) = again.header("location").split_once('?').unwrap();
        assert_eq!(path, format!("{ISSUER}/authorize"));
        assert_eq!(query, encode(&request(WEB, &extra)));
    }
    assert_eq!(world.site.engine.open_requests(), 0);
    let long = "x".repeat(8 * 1024);
    for (origin, state) in [
        (("sec-fetch-site", "same-site"), "s"),
        (("sec-fetch-site", "same-origin"), "s"),
        // No address is that long everywhere.
        (("sec-fetch-site", "cross-site"), long.as_str()),
    ] {
        let begun = posted(&world, origin, &[("state", state)]).await;
        let to = begun.header("location");
        assert!(!to.starts_with(&format!("{ISSUER}/authorize")), "{to}");
    }
}

#[tokio::test]
async fn oidc_core_3_1_2_1_an_error_page_speaks_the_language_of_a_posted_request() {
    let world = World::new().await;
    let origin = ("sec-fetch-site", "same-origin");
    let extra = [("client_id", "nobody"), ("ui_locales", "fr")];
    let told = posted(&world, origin, &extra).await;
    assert!(told.status.is_client_error());
    assert_eq!(told.header("content-language"), "fr");
}

#[tokio::test]
async fn a_disabled_client_is_an_error_page() {
    let world = World::new().await;
    let changed = world
        .site
        .engine
        .change_client("web", &world.caller, |client| {
            client.disabled = true;
        });
    changed.await.unwrap();
    let told = world.visit(None, &request(WEB, &[])).await;
    assert!(told.status.is_client_error());
    assert!(told.headers.get("location").is_none());
}

#[tokio::test]
async fn the_page_learns_who_gets_the_answer_and_where_the_browser_goes() {
    let world = World::new().await;
    let loopback = "http://127.0.0.1:4000/cb";
    for (client, redirect_uri, host, origin) in [
        (
            WEB,
            CALLBACK,
            Some("client.example"),
            "https://client.example",
        ),
        (NATIVE, loopback, Some("127.0.0.1"), "http://127.0.0.1:4000"),
        (NATIVE, "com.example.app:/cb", None, "com.example.app:"),
    ] {
        let waiting = world
            .begin(&request(client, &[("redirect_uri", redirect_uri)]))
            .await;
        let prompt = world.describe(&waiting).await;
        assert_eq!(prompt.answer_host.as_deref(), host, "{redirect_uri}");
        assert_eq!(
            prompt.answer_origin.as_deref(),
            Some(origin),
            "{redirect_uri}"
        );
        assert!(!prompt.from_device);
    }
    let device = world.device(TV, &[]).await;
    let prompt = world.describe(&world.carried(&device).await).await;
    assert!(prompt.from_device);
    assert_eq!((prompt.answer_host, prompt.answer_origin), (None, None));
}

#[tokio::test]
async fn after_the_answer_was_collected_the_browser_stays() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let waiting = world.begin(&request(WEB, &[])).await;
    let next = world.approve(&waiting, &browser).await;
    assert_eq!(
        world.resume(&waiting).await,
        next,
        "the same redirect again"
    );
    let code = answered(&next)["code"].clone();
    world.exchange(WEB, &code, &[]).await;
    assert_eq!(world.resume(&waiting).await, Next::Stay);
}

#[tokio::test]
async fn c10_beyond_its_cap_the_client_hears_of_it_and_others_are_served() {
    let limits = Limits {
        per_client: 2,
        per_source: 100,
        total: 100,
    };
    let world = World::with(ISSUER, limits).await;
    for _ in 0..2 {
        world.begin(&request(WEB, &[])).await;
    }
    let told = world.visit(None, &request(WEB, &[])).await.redirected();
    assert_eq!(told["error"], "temporarily_unavailable");
    assert_eq!(told["state"], "s");
    world.begin(&request(OTHER, &[])).await;
}

#[tokio::test]
async fn a_store_in_trouble_is_told_to_the_client() {
    let world = World::new().await;
    world.store.fail_next(Fault::Unavailable);
    let told = world.visit(None, &request(WEB, &[])).await.redirected();
    assert_eq!(told["error"], "temporarily_unavailable");
    world.begin(&request(WEB, &[])).await;
}
