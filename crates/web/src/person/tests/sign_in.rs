//! Names and passwords: right, wrong, too often, and the languages of the pages.

use placet_core::engine::Caller;

use super::world::{Asks, Browser, World};

async fn try_in(
    world: &World,
    browser: &mut Browser,
    name: &str,
    password: &str,
) -> super::world::Answer {
    let csrf = browser.get(world, "/sign-in").await.field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("login", name),
        ("password", password),
    ];
    browser.post(world, "/sign-in", &fields).await
}

#[tokio::test]
async fn h4_an_unknown_name_a_wrong_password_and_a_disabled_person_get_one_answer() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let engine = &world.site.engine;
    let shut_out = |person: &mut placet_core::person::Person| person.disabled = true;
    engine
        .change_person("bob", true, &Caller::default(), shut_out)
        .await
        .unwrap();
    let mut bodies = Vec::new();
    for (name, password) in [("nobody", "x"), ("ada", "x"), ("bob", "bob-secret")] {
        let refused = try_in(&world, &mut browser, name, password).await;
        assert_eq!(refused.status, 403, "{name}");
        assert!(browser.session().is_none());
        bodies.push(
            refused
                .body
                .replace(&format!("value=\"{name}\""), "value=\"NAME\""),
        );
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    let right = try_in(&world, &mut browser, " ADA ", "ada-secret").await;
    assert_eq!((right.status, right.location.as_str()), (303, "/account"));
}

#[tokio::test]
async fn h4_guesses_wait_and_the_person_signs_in_from_elsewhere() {
    let (world, mut guesser) = (World::new().await, Browser::new());
    for _ in 0..10 {
        assert_eq!(try_in(&world, &mut guesser, "ada", "x").await.status, 403);
    }
    let blocked = try_in(&world, &mut guesser, "ada", "ada-secret").await;
    assert_eq!(blocked.status, 429);
    assert!(blocked.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(
        guesser.session().is_none(),
        "the right guess is not looked at either"
    );
    let mut honest = Browser::at("198.51.100.9");
    assert_eq!(honest.sign_in_alone(&world, "ada").await.status, 303);
}

#[tokio::test]
async fn a17_the_session_cookie_changes_at_every_sign_in_and_the_old_one_ends() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let planted = Browser::new();
    browser.sign_in_alone(&world, "ada").await;
    let old = browser.cookies.clone();
    let page = world
        .authorize(
            &mut browser,
            &Asks {
                always_ask: true,
                ..Asks::default()
            },
        )
        .await
        .location;
    let csrf = browser.get(&world, &page).await.field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("login", "bob"),
        ("password", "bob-secret"),
    ];
    browser
        .post(&world, &format!("{page}/sign-in"), &fields)
        .await;
    assert_ne!(
        browser.session(),
        old.iter()
            .find(|(n, _)| n.contains("session"))
            .map(|(_, v)| v)
    );
    let mut stale = Browser {
        cookies: old,
        ..planted
    };
    assert_eq!(stale.get(&world, "/account").await.location, "/sign-in");
    assert!(browser.get(&world, "/account").await.has("bob"));
}

#[tokio::test]
async fn a17_a_cookie_that_was_replaced_ends_no_sign_in() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let csrf = browser.get(&world, "/sign-in").await.field("csrf");
    let form = [
        ("csrf", csrf.as_str()),
        ("login", "ada"),
        ("password", "ada-secret"),
    ];
    browser.post(&world, "/sign-in", &form).await;
    let stale = browser.cookies.clone();
    browser.post(&world, "/sign-in", &form).await;
    assert_ne!(stale, browser.cookies);

    let mut thief = Browser::at("198.51.100.9");
    thief.cookies = stale.clone();
    let csrf = thief.get(&world, &page).await.field("csrf");
    let ways = [
        ("/sign-out", "x"),
        (&format!("{page}/switch"), csrf.as_str()),
    ];
    for (path, csrf) in ways {
        let left = thief.post(&world, path, &[("csrf", csrf)]).await;
        assert_eq!(left.status, 303, "{path}");
        assert!(
            thief.session().is_none(),
            "{path}: the cookie is taken back"
        );
        thief.cookies = stale.clone();
    }
    // Nor does somebody else's sign-in over it.
    thief.sign_in_alone(&world, "bob").await;
    assert_eq!(browser.get(&world, "/account").await.status, 200);
}

#[tokio::test]
async fn a19_no_address_in_a_query_leads_anywhere() {
    let world = World::new().await;
    let payloads = [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/%09/evil.example",
        "device/../x",
    ];
    for payload in payloads {
        for name in ["to", "return", "returnUrl", "next", "continue"] {
            let mut browser = Browser::new();
            let path = format!("/sign-in?{name}={payload}");
            let form = browser.get(&world, &path).await;
            let csrf = form.field("csrf");
            assert!(!form.has("evil"), "{path}");
            let fields = [
                ("csrf", csrf.as_str()),
                ("login", "ada"),
                ("password", "ada-secret"),
            ];
            let went = browser.post(&world, &path, &fields).await;
            assert_eq!(went.location, "/account", "{path}");
        }
    }
    let mut browser = Browser::new();
    let csrf = browser
        .get(&world, "/sign-in?to=device")
        .await
        .field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("login", "ada"),
        ("password", "ada-secret"),
    ];
    assert_eq!(
        browser
            .post(&world, "/sign-in?to=device", &fields)
            .await
            .location,
        "/device"
    );
}

#[tokio::test]
async fn h1_a_sign_in_form_from_elsewhere_signs_nobody_in() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let other = Browser::new().get(&world, "/sign-in").await.field("csrf");
    browser.get(&world, "/sign-in").await;
    let fields = [
        ("csrf", other.as_str()),
        ("login", "ada"),
        ("password", "ada-secret"),
    ];
    let planted = browser.post(&world, "/sign-in", &fields).await;
    assert_eq!(planted.status, 403);
    assert!(browser.session().is_none(), "login CSRF");
}

#[tokio::test]
async fn pages_speak_the_language_asked_for() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.headers = vec![("accept-language", "fr".to_owned())];
    let shown = browser.get(&world, "/sign-in").await;
    assert_eq!(shown.header("content-language"), "fr");
    let asked = browser.get(&world, "/sign-in?ui_locales=xx%20de-AT").await;
    assert_eq!(asked.header("content-language"), "de");
    let error = browser
        .get(&world, "/interaction/nonsense?ui_locales=de")
        .await;
    assert!(error.has("lang=\"de\"") && error.error_code() == "other_browser");
    // What the client asked for stays with its request, through every form, and with no other.
    let asks = Asks {
        query: "ui_locales=de",
        ..Asks::default()
    };
    let page = world.authorize(&mut browser, &asks).await.location;
    browser.sign_in(&world, &page, "ada").await;
    let consent = browser.get(&world, &page).await;
    assert_eq!(consent.header("content-language"), "de");
    assert!(consent.has("Darf read"));
    assert_eq!(
        browser
            .get(&world, "/account")
            .await
            .header("content-language"),
        "fr"
    );
}

#[tokio::test]
async fn c12_hostile_text_stays_text() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let refused = try_in(&world, &mut browser, "\"><script>alert(1)</script>", "x").await;
    assert!(!refused.has("<script>alert"), "{}", refused.body);
    let filled = browser
        .get(
            &world,
            "/device?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        )
        .await;
    assert!(!filled.has("<script>alert"));
}

#[tokio::test]
async fn h7_a_client_that_nothing_proves_is_marked() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let metadata = placet_core::client::ClientMetadata {
        client_name: Some("Security check".to_owned()),
        ..Default::default()
    };
    world.client("odd", metadata).await;
    let asks = Asks {
        client: "odd",
        origin: "com.example.app:",
        ..Asks::default()
    };
    let page = world.authorize(&mut browser, &asks).await.location;
    let named = browser.get(&world, &page).await;
    browser.sign_in(&world, &page, "ada").await;
    let consent = browser.get(&world, &page).await;
    assert!(named.has("Security check"));
    let proven = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let proven = browser.get(&world, &proven).await;
    assert!(consent.has("\"standing unproven\"") && consent.has("\"note warn marks\""));
    assert!(proven.has("\"standing proven\"") && !proven.has("\"note warn marks\""));
}
