//! OpenID Connect Core: sign-in demands, silent answers, ID token and claims.

use http::StatusCode;
use placet_core::{
    engine::{Answer, Decider, Decision},
    pending::SignInNeed,
    store::Store,
};
use serde_json::json;

use crate::world::{
    Browser, FIRST, NATIVE, Pairs, WEB, Waiting, World, answered, claims, request, text,
};

async fn need(world: &World, waiting: &Waiting) -> SignInNeed {
    let store: &dyn Store = &world.store;
    let found = store
        .pending(world.site.engine.issuer_id(), waiting.id)
        .await;
    found.unwrap().unwrap().value.need
}

/// The answer to `prompt=none` in this browser: an error code, or `code`.
async fn silently(world: &World, browser: &Browser, client: &str, extra: Pairs<'_>) -> String {
    let extra: Vec<_> = [("prompt", "none")].iter().chain(extra).copied().collect();
    let told = world
        .visit(Some(browser), &request(client, &extra))
        .await
        .redirected();
    match told.get("error") {
        Some(error) => error.clone(),
        None => told.keys().find(|name| *name == "code").unwrap().clone(),
    }
}

/// Lets the person agree in a way that is remembered.
async fn remember(world: &World, browser: &Browser, client: &str, extra: Pairs<'_>) {
    let waiting = world.begin(&request(client, extra)).await;
    let rights = world.asked(&waiting).await;
    let answer = Answer {
        request: waiting.id,
        by: Decider::Operator {
            credential: "test",
            person: Some(&browser.person),
            subject: None,
        },
        shown: None,
        decision: Decision::Approve(rights),
        cookie: waiting.cookie(),
    };
    let handover = world
        .site
        .engine
        .answer(&answer, &world.caller)
        .await
        .unwrap();
    let code = handover.get().code.clone().unwrap();
    let redirect_uri = extra.iter().find(|(name, _)| *name == "redirect_uri");
    let given = match redirect_uri {
        Some(uri) => world.exchange(client, &code, &[*uri]).await,
        None => world.exchange(client, &code, &[]).await,
    };
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
}

#[tokio::test]
async fn oidc_core_2_the_id_token() {
    let world = World::new().await;
    let given = world
        .tokens(WEB, &[("scope", "openid profile email")])
        .await;
    let told = claims(&given["id_token"]);
    let now = world.store.now().as_secs();
    for (name, want) in [
        ("iss", json!(crate::world::ISSUER)),
        ("sub", json!("u-1")),
        ("aud", json!("web")),
        ("iat", json!(now)),
        ("exp", json!(now + 300)),
        ("auth_time", json!(now)),
        ("nonce", json!("n")),
        ("amr", json!(["pwd"])),
    ] {
        assert_eq!(told[name], want, "{name}");
    }
    assert!(text(&told["sid"]).starts_with("ses_"));
    // Core §5.4: in the code flow they are told at userinfo.
    for name in ["name", "email"] {
        assert!(told.get(name).is_none(), "{name}");
    }
    let without = world.tokens(WEB, &[("nonce", "")]).await;
    assert!(claims(&without["id_token"]).get("nonce").is_none());
}

#[tokio::test]
async fn oidc_core_5_4_claims_by_scope() {
    let world = World::new().await;
    for (scope, want) in [
        ("openid", json!({ "sub": "u-1" })),
        (
            "openid profile",
            json!({
                "sub": "u-1", "name": "Ada Lovelace", "given_name": "Ada", "preferred_username": "ada",
                "updated_at": 1_700_000_000,
            }),
        ),
        (
            "openid email",
            json!({ "sub": "u-1", "email": "ada@example.org", "email_verified": true }),
        ),
        (
            "openid address",
            json!({ "sub": "u-1", "address": { "country": "GB" } }),
        ),
        (
            "openid phone",
            json!({ "sub": "u-1", "phone_number": "+44 20", "phone_number_verified": false }),
        ),
    ] {
        let given = world.tokens(WEB, &[("scope", scope)]).await;
        let told = world.userinfo(text(&given["access_token"])).await;
        assert_eq!(told.status, StatusCode::OK);
        assert_eq!(told.header("cache-control"), "no-store");
        assert_eq!(told.json(), want, "{scope}");
    }
}

#[tokio::test]
async fn oidc_core_3_1_2_1_prompt_none_never_shows_a_page() {
    let world = World::new().await;
    let told = world
        .visit(None, &request(WEB, &[("prompt", "none")]))
        .await
        .redirected();
    assert_eq!(told["error"], "login_required");
    assert_eq!(told["state"], "s");

    let browser = world.sign_in("u-1").await;
    assert_eq!(
        silently(&world, &browser, WEB, &[]).await,
        "consent_required"
    );
    assert_eq!(
        silently(&world, &browser, FIRST, &[]).await,
        "code",
        "the operator's own client"
    );

    remember(&world, &browser, WEB, &[]).await;
    assert_eq!(silently(&world, &browser, WEB, &[]).await, "code");
    assert_eq!(
        silently(&world, &browser, WEB, &[("scope", "openid")]).await,
        "code",
        "less"
    );
    let more = [("scope", "openid read write")];
    assert_eq!(
        silently(&world, &browser, WEB, &more).await,
        "consent_required",
        "more"
    );
    let other = world.sign_in("u-2").await;
    assert_eq!(
        silently(&world, &other, WEB, &[]).await,
        "consent_required",
        "another person"
    );
    assert_eq!(world.site.engine.open_requests(), 0);
}

#[tokio::test]
async fn a14_a_client_whose_redirect_proves_nothing_asks_each_time() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    for uri in ["com.example.app:/cb", "http://127.0.0.1:4000/cb"] {
        let extra = [("redirect_uri", uri)];
        remember(&world, &browser, NATIVE, &extra).await;
        assert_eq!(
            silently(&world, &browser, NATIVE, &extra).await,
            "interaction_required",
            "{uri}"
        );
    }
}

#[tokio::test]
async fn a15_a_hint_names_a_person_and_signs_nobody_in() {
    let world = World::new().await;
    let ada = world.sign_in("u-1").await;
    let given = world.tokens(FIRST, &[]).await;
    let hint = text(&given["id_token"]);
    let hinted = [("id_token_hint", hint)];
    assert_eq!(silently(&world, &ada, FIRST, &hinted).await, "code");
    let eve = world.sign_in("u-2").await;
    assert_eq!(
        silently(&world, &eve, FIRST, &hinted).await,
        "login_required"
    );
    let nobody = [("id_token_hint", hint), ("prompt", "none")];
    let told = world
        .visit(None, &request(FIRST, &nobody))
        .await
        .redirected();
    assert_eq!(told["error"], "login_required");

    let waiting = world.begin(&request(FIRST, &hinted)).await;
    assert_eq!(need(&world, &waiting).await.subject.as_deref(), Some("u-1"));
    // An old one is still one.
    world.wait(9 * 3600);
    assert_eq!(silently(&world, &ada, FIRST, &hinted).await, "code");

    let other = World::at("https://other.example").await;
    let foreign = other.tokens(FIRST, &[]).await;
    let mut forged = hint.to_owned();
    forged.truncate(hint.len() - 4);
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", hint.split('.').nth(1).unwrap());
    for (name, hint) in [
        ("of another issuer", text(&foreign["id_token"])),
        ("cut short", forged.as_str()),
        ("unsigned", unsigned.as_str()),
    ] {
        let refused = silently(&world, &ada, FIRST, &[("id_token_hint", hint)]).await;
        assert_eq!(refused, "invalid_request", "{name}");
    }
}

#[tokio::test]
async fn a16_max_age_and_prompt_login_ask_for_a_fresh_sign_in() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    world.wait(100);
    for (name, extra, want) in [
        ("old enough", ("max_age", "100"), "code"),
        ("too old", ("max_age", "99"), "login_required"),
        ("zero is a new sign-in", ("max_age", "0"), "login_required"),
        ("any age", ("max_age", "4000000000"), "code"),
    ] {
        assert_eq!(
            silently(&world, &browser, FIRST, &[extra]).await,
            want,
            "{name}"
        );
    }
    // Whole seconds count, not parts of them.
    world
        .clock
        .advance(placet_core::time::Lifetime::from_millis(900));
    assert_eq!(
        silently(&world, &browser, FIRST, &[("max_age", "100")]).await,
        "code"
    );

    for (name, extra) in [
        ("login", ("prompt", "login")),
        ("select_account", ("prompt", "select_account")),
        ("login and consent", ("prompt", "consent login")),
        ("max_age=0", ("max_age", "0")),
    ] {
        let now = world.store.now();
        let waiting = world
            .visit(Some(&browser), &request(FIRST, &[extra]))
            .await
            .waiting();
        assert_eq!(need(&world, &waiting).await.not_before, Some(now), "{name}");
        let rights = world.asked(&waiting).await;
        let stale = Answer {
            request: waiting.id,
            by: Decider::Policy {
                rule: "test",
                person: &browser.person,
                session: &browser.session,
                under: None,
            },
            shown: None,
            decision: Decision::Approve(rights),
            cookie: waiting.cookie(),
        };
        let refused = world.site.engine.answer(&stale, &world.caller).await;
        assert!(refused.is_err(), "{name}: the old sign-in is not enough");
        world.wait(5);
        let fresh = world.sign_in("u-1").await;
        let next = world.approve(&waiting, &fresh).await;
        let code = answered(&next)["code"].clone();
        let given = world.exchange(FIRST, &code, &[]).await.json();
        let auth_time = claims(&given["id_token"])["auth_time"].as_i64().unwrap();
        assert!(auth_time >= now.as_secs() + 5, "{name}");
    }
}

#[tokio::test]
async fn oidc_registration_2_default_max_age_holds_when_the_request_is_silent() {
    let world = World::new().await;
    let metadata = json!({
        "redirect_uris": [crate::world::CALLBACK], "first_party": true, "default_max_age": 60,
        "id_token_signed_response_alg": "ES256",
    });
    let secret = "fresh-secret-0123456789";
    world.add_client("fresh", Some(secret), metadata).await;
    let browser = world.sign_in("u-1").await;
    assert_eq!(silently(&world, &browser, "fresh", &[]).await, "code");
    world.wait(61);
    assert_eq!(
        silently(&world, &browser, "fresh", &[]).await,
        "login_required"
    );
    assert_eq!(
        silently(&world, &browser, "fresh", &[("max_age", "90")]).await,
        "code"
    );
}

#[tokio::test]
async fn oidc_core_3_1_2_1_prompt_consent_asks_again() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    remember(&world, &browser, WEB, &[]).await;
    let silent = world
        .visit(Some(&browser), &request(WEB, &[]))
        .await
        .redirected();
    assert!(silent.contains_key("code"));
    let asked = world
        .visit(Some(&browser), &request(WEB, &[("prompt", "consent")]))
        .await;
    asked.waiting();
}

#[tokio::test]
async fn oidc_core_11_offline_access_is_asked_for_each_time_or_ignored() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let offline = [("scope", "openid offline_access")];
    remember(&world, &browser, WEB, &offline).await;
    assert_eq!(
        silently(&world, &browser, WEB, &offline).await,
        "consent_required"
    );
    assert_eq!(silently(&world, &browser, FIRST, &offline).await, "code");

    let metadata = json!({
        "redirect_uris": [crate::world::CALLBACK], "id_token_signed_response_alg": "ES256",
    });
    world.add_client("online", None, metadata).await;
    let given = world.tokens("online", &offline).await;
    assert_eq!(given["scope"], "openid");
    assert!(given.get("refresh_token").is_none());
}

#[tokio::test]
async fn oidc_core_3_1_2_1_hints_never_fail_a_request() {
    let world = World::new().await;
    let long = "x".repeat(5000);
    for (sent, kept) in [("ada", Some("ada")), (long.as_str(), None), ("", None)] {
        let extra = [
            ("login_hint", sent),
            ("ui_locales", "tlh xx-99"),
            ("display", "wap"),
            ("acr_values", "7"),
        ];
        let waiting = world.begin(&request(WEB, &extra)).await;
        assert_eq!(need(&world, &waiting).await.login_hint.as_deref(), kept);
    }
}
