//! A request that began in this browser: asked, answered, answered twice, resumed, taken by another browser.

use std::sync::Arc;

use placet_core::{
    client::ClientMetadata,
    engine::{Caller, CollectBy},
    pending::{EndKind, SignInNeed, State},
    time::{Clock as _, Lifetime},
};

use super::world::{Answer, Asks, Browser, World};
use crate::person::Silent;

/// A signed-in browser in front of a consent page.
pub(super) async fn asked(world: &World, browser: &mut Browser) -> String {
    let page = world.authorize(browser, &Asks::default()).await.location;
    let went_on = browser.sign_in(world, &page, "ada").await;
    assert_eq!(
        (went_on.status, went_on.location.as_str()),
        (303, page.as_str())
    );
    page
}

fn code(answer: &Answer) -> String {
    let found = answer
        .location
        .strip_prefix("https://photos.example/back?code=");
    found
        .unwrap_or_else(|| panic!("no code: {} {}", answer.status, answer.location))
        .to_owned()
}

#[tokio::test]
async fn a10_every_answered_form_is_a_303_to_the_client() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    assert!(
        form.has("May read") && form.has("id=\"approve\""),
        "{}",
        form.body
    );
    let approved = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(approved.status, 303);
    assert_eq!(approved.header("referrer-policy"), "no-referrer");
    world
        .collect("photos", CollectBy::Code, &code(&approved))
        .await;
}

#[tokio::test]
async fn h1_a_post_from_elsewhere_or_without_the_value_decides_nothing() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    let decision = format!("{page}/decision");
    let digest = form.field("digest");
    let mut other = Browser::new();
    let other_page = asked(&world, &mut other).await;
    let foreign = other.get(&world, &other_page).await.field("csrf");
    for csrf in ["", "x", foreign.as_str()] {
        let fields = [("csrf", csrf), ("digest", &digest), ("decision", "approve")];
        let answer = browser.post(&world, &decision, &fields).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (403, "forged_form"),
            "{csrf:?}"
        );
    }
    let refused = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ];
    for (name, value) in refused {
        browser.headers = vec![(name, value.to_owned())];
        let answer = browser.press_on(&world, &page, &form, "approve").await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (403, "forged_form"),
            "{value}"
        );
    }
    assert!(matches!(world.state_of(&page).await, State::Pending));
    browser.headers = vec![
        ("origin", "null".to_owned()),
        ("sec-fetch-site", "same-origin".to_owned()),
    ];
    code(&browser.press_on(&world, &page, &form, "approve").await);
}

#[tokio::test]
async fn h1_a_form_of_one_request_is_no_form_of_another_in_the_same_browser() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let first = asked(&world, &mut browser).await;
    let second = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let form = browser.get(&world, &first).await;
    let answer = browser.press_on(&world, &second, &form, "approve").await;
    assert_eq!(answer.status, 403);
    assert!(matches!(world.state_of(&second).await, State::Pending));
}

#[tokio::test]
async fn h2_two_tabs_work_and_the_second_survives_the_sign_in_of_the_first() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let first = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let second = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let waiting = browser.get(&world, &second).await;
    assert!(waiting.has("id=\"password\""));
    browser.sign_in(&world, &first, "ada").await;
    code(&browser.press(&world, &first, "approve").await);
    // The form of the second tab was loaded before the sign-in of the first.
    let csrf = waiting.field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("login", "ada"),
        ("password", "ada-secret"),
    ];
    let signed = browser
        .post(&world, &format!("{second}/sign-in"), &fields)
        .await;
    assert_eq!(
        (signed.status, signed.location.as_str()),
        (303, second.as_str())
    );
    code(&browser.press(&world, &second, "approve").await);
}

#[tokio::test]
async fn c1_h2_a_second_press_gives_the_same_and_the_other_button_is_too_late() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    let first = code(&browser.press_on(&world, &page, &form, "approve").await);
    let again = code(&browser.press_on(&world, &page, &form, "approve").await);
    assert_eq!(first, again, "the same redirect until it is collected");
    assert_eq!(
        code(&browser.get(&world, &format!("{page}/resume")).await),
        first
    );
    let late = browser.press_on(&world, &page, &form, "deny").await;
    assert_eq!(late.status, 303);
    assert_eq!(
        browser.get(&world, &late.location).await.outcome(),
        "answered"
    );
    assert_eq!(browser.get(&world, &page).await.outcome(), "approved");

    world.collect("photos", CollectBy::Code, &first).await;
    for decision in ["approve", "deny"] {
        let after = browser.press_on(&world, &page, &form, decision).await;
        assert_eq!(after.status, 303, "{decision}");
        let shown = browser.get(&world, &after.location).await;
        assert_eq!(
            (shown.status, shown.outcome()),
            (200, "answered"),
            "{decision}"
        );
    }
    let gone = browser.get(&world, &format!("{page}/resume")).await;
    assert_eq!(gone.location, page, "a used code is never repeated");
}

#[tokio::test]
async fn h2_a_denial_is_repeated_too() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    for _ in 0..2 {
        let denied = browser.press_on(&world, &page, &form, "deny").await;
        assert_eq!(
            denied.location,
            "https://photos.example/back?error=access_denied"
        );
    }
    let late = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(
        browser.get(&world, &late.location).await.outcome(),
        "answered"
    );
    assert_eq!(browser.get(&world, &page).await.outcome(), "denied");
}

#[tokio::test]
async fn a17_c8_another_browser_learns_and_does_nothing() {
    let (world, mut honest, mut other) = (World::new().await, Browser::new(), Browser::new());
    let page = world
        .authorize(&mut honest, &Asks::default())
        .await
        .location;
    other.sign_in_alone(&world, "bob").await;
    let foreign = other.get(&world, &page).await;
    assert_eq!(
        (foreign.status, foreign.error_code()),
        (403, "other_browser")
    );
    let nobody = "/interaction/req_00000000000000000000000000000000";
    for unknown in [nobody, "/interaction/nonsense"] {
        let unknown = other.get(&world, unknown).await;
        assert_eq!(unknown.status, 403);
        assert_eq!(unknown.body, foreign.body, "byte for byte");
    }
    let mine = other.get(&world, &format!("{page}/status")).await;
    let none = other.get(&world, &format!("{nobody}/status")).await;
    assert_eq!((mine.status, &mine.body), (404, &none.body));
    // The honest browser's cookie under another request's name is no ticket either.
    let (name, value) = honest.cookies.iter().next().unwrap();
    let stolen = name.rsplit_once('-').unwrap().0;
    let second = world
        .authorize(&mut Browser::new(), &Asks::default())
        .await
        .location;
    let id = second.rsplit('/').next().unwrap();
    other
        .cookies
        .insert(format!("{stolen}-{id}"), value.clone());
    assert_eq!(other.get(&world, &second).await.status, 403);
    let status = honest.get(&world, &format!("{page}/status")).await;
    assert!(
        status.has("\"state\":\"waiting\"") && status.has("expires_at_ms"),
        "{}",
        status.body
    );
}

#[tokio::test]
async fn a18_an_approval_fetched_by_another_browser_is_burnt() {
    let (world, mut honest, mut thief) = (World::new().await, Browser::new(), Browser::new());
    let page = asked(&world, &mut honest).await;
    let resume = format!("{page}/resume");
    honest.press(&world, &page, "approve").await;
    let scanner = Browser::new().get(&world, &resume).await;
    assert_eq!(scanner.status, 403);
    assert!(
        matches!(world.state_of(&page).await, State::Approved(_)),
        "a link scanner burns nothing"
    );
    world.authorize(&mut thief, &Asks::default()).await;
    let stolen = thief.get(&world, &resume).await;
    assert_eq!((stolen.status, stolen.location.as_str()), (403, ""));
    let State::Ended(ending) = world.state_of(&page).await else {
        panic!("the approval stands");
    };
    assert_eq!(ending.kind, EndKind::Failed);
    let late = honest.get(&world, &resume).await;
    assert_eq!(late.location, page, "nobody gets the code");
    assert_eq!(honest.get(&world, &page).await.outcome(), "answered");
}

#[tokio::test]
async fn c5_an_approval_names_what_was_shown() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    let engine = &world.site.engine;
    let renamed = |client: &mut placet_core::client::Client| {
        client.metadata.client_name = Some("Another name".to_owned());
    };
    engine
        .change_client("photos", &Caller::default(), renamed)
        .await
        .unwrap();
    let stale = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(stale.status, 409);
    assert!(stale.has("Another name"), "the new content is shown");
    assert!(matches!(world.state_of(&page).await, State::Pending));
    code(&browser.press_on(&world, &page, &stale, "approve").await);
}

#[tokio::test]
async fn rfc7591_2_policy_and_terms_are_links_to_https_and_a_logo_is_not_loaded() {
    let world = World::new().await;
    let metadata = |policy: &str, terms: &str| ClientMetadata {
        policy_uri: Some(policy.to_owned()),
        tos_uri: Some(terms.to_owned()),
        logo_uri: Some("https://photos.example/logo.png".to_owned()),
        ..ClientMetadata::default()
    };
    let honest = metadata(
        "https://photos.example/privacy",
        "https://photos.example/t?a=1",
    );
    world.client("honest", honest).await;
    let others = [
        (
            "plain",
            metadata("http://photos.example/", "ftp://photos.example/"),
        ),
        (
            "script",
            metadata("javascript:alert(1)", "data:text/html,x"),
        ),
        (
            "user",
            metadata(
                "https://bank.example@evil.example/",
                "https://:x@evil.example/",
            ),
        ),
        ("none", ClientMetadata::default()),
    ];
    let page_of = async |client| {
        let mut browser = Browser::new();
        let asks = Asks {
            client,
            ..Asks::default()
        };
        let page = world.authorize(&mut browser, &asks).await.location;
        browser.sign_in(&world, &page, "ada").await;
        browser.get(&world, &page).await
    };
    let shown = page_of("honest").await;
    for (id, href) in [
        ("privacy-policy", "https://photos.example/privacy"),
        ("terms", "https://photos.example/t?a=1"),
    ] {
        let link = format!(
            "<a id=\"{id}\" href=\"{href}\" target=\"_blank\" rel=\"noopener noreferrer\">"
        );
        assert!(shown.has(&link), "{id}: {}", shown.body);
    }
    assert!(shown.has("opens in a new tab") && !shown.has("logo.png"));
    for (client, metadata) in others {
        world.client(client, metadata).await;
        let shown = page_of(client).await;
        assert!(
            shown.has("id=\"approve\"") && !shown.has("target=\"_blank\""),
            "{client}"
        );
    }
}

#[tokio::test]
async fn c2_an_expired_request_says_so_and_offers_to_start_again() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    world.clock.advance(Lifetime::from_secs(600));
    let late = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!((late.status, late.location.as_str()), (303, page.as_str()));
    let shown = browser.get(&world, &page).await;
    assert_eq!(shown.outcome(), "expired");
    assert!(
        shown.has("href=\"https://photos.example\""),
        "{}",
        shown.body
    );
    assert!(
        browser
            .get(&world, &format!("{page}/status"))
            .await
            .has("expired")
    );
}

#[tokio::test]
async fn c2_a_page_that_says_expired_has_ended_the_request_for_everybody() {
    for way in ["", "/status"] {
        let (world, mut browser) = (World::new().await, Browser::new());
        let page = asked(&world, &mut browser).await;
        world.clock.advance(Lifetime::from_secs(600));
        world
            .store
            .fail_next(placet_core::testing::Fault::Unavailable);
        let away = browser.get(&world, &format!("{page}{way}")).await;
        assert_eq!(away.status, 503, "{way}: not told before it is so");
        let told = browser.get(&world, &format!("{page}{way}")).await;
        assert!(told.status == 200 && told.has("expired"), "{way}");
        let state = world.state_of(&page).await;
        let State::Ended(ending) = &state else {
            panic!("{way}: {state:?}")
        };
        assert_eq!(ending.kind, EndKind::Expired, "{way}");
    }
}

#[tokio::test]
async fn a16_prompt_login_needs_a_new_sign_in_whatever_the_url_says() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.sign_in_alone(&world, "ada").await;
    let before = browser.session().cloned();
    world.clock.advance(Lifetime::from_secs(60));
    let asks = Asks {
        need: SignInNeed {
            not_before: Some(world.clock.now()),
            ..SignInNeed::default()
        },
        ..Asks::default()
    };
    assert!(matches!(
        world.silent(&browser, &asks).await,
        Silent::LoginRequired
    ));
    let page = world.authorize(&mut browser, &asks).await.location;
    let form = browser.get(&world, &page).await;
    assert!(
        form.has("id=\"password\"") && form.has("value=\"ada\""),
        "the person is named"
    );
    let csrf = form.field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("digest", "x"),
        ("decision", "approve"),
    ];
    let skipped = browser
        .post(&world, &format!("{page}/decision"), &fields)
        .await;
    assert_eq!(skipped.location, page, "back to the sign-in");
    browser.sign_in(&world, &page, "ada").await;
    assert_ne!(
        browser.session().cloned(),
        before,
        "a17: the cookie changes"
    );
    code(&browser.press(&world, &page, "approve").await);
    let State::Approved(approval) = world.state_of(&page).await else {
        panic!("not approved");
    };
    assert_eq!(approval.authentication.unwrap().at, world.clock.now());
}

#[tokio::test]
async fn a15_only_the_person_the_request_names_may_answer() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.sign_in_alone(&world, "bob").await;
    let asks = Asks {
        need: SignInNeed {
            subject: Some("u-1".to_owned()),
            ..SignInNeed::default()
        },
        ..Asks::default()
    };
    assert!(matches!(
        world.silent(&browser, &asks).await,
        Silent::LoginRequired
    ));
    let page = world.authorize(&mut browser, &asks).await.location;
    assert_eq!(browser.sign_in(&world, &page, "bob").await.status, 403);
    browser.sign_in(&world, &page, "ada").await;
    code(&browser.press(&world, &page, "approve").await);
}

#[tokio::test]
async fn h5_a_scope_with_step_up_asks_a_stale_sign_in_again() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.sign_in_alone(&world, "ada").await;
    let asks = Asks {
        scope: "pay",
        ..Asks::default()
    };
    let page = world.authorize(&mut browser, &asks).await.location;
    let form = browser.get(&world, &page).await;
    assert!(form.has("id=\"approve\""));
    world.clock.advance(Lifetime::from_secs(301));
    let stale = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(stale.location, page);
    assert!(browser.get(&world, &page).await.has("id=\"password\""));
    browser.sign_in(&world, &page, "ada").await;
    code(&browser.press(&world, &page, "approve").await);
}

#[tokio::test]
async fn a14_what_was_agreed_is_remembered_where_the_redirect_proves_the_client() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    assert!(matches!(
        world.silent(&browser, &Asks::default()).await,
        Silent::ConsentRequired
    ));
    let first = code(&browser.press(&world, &page, "approve").await);
    world.collect("photos", CollectBy::Code, &first).await;
    code(&world.authorize(&mut browser, &Asks::default()).await);
    let app = Asks {
        origin: "com.example.app:",
        ..Asks::default()
    };
    assert!(matches!(
        world.silent(&browser, &app).await,
        Silent::InteractionRequired
    ));
    let more = Asks {
        scope: "read write",
        ..Asks::default()
    };
    assert!(matches!(
        world.silent(&browser, &more).await,
        Silent::ConsentRequired
    ));
    let asked_anyway = Asks {
        always_ask: true,
        ..Asks::default()
    };
    assert!(matches!(
        world.silent(&browser, &asked_anyway).await,
        Silent::ConsentRequired
    ));
    assert!(matches!(
        world.silent(&Browser::new(), &Asks::default()).await,
        Silent::LoginRequired
    ));
}

#[tokio::test]
async fn a_first_party_client_goes_on_right_after_the_sign_in() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let asks = Asks {
        client: "own",
        ..Asks::default()
    };
    let page = world.authorize(&mut browser, &asks).await.location;
    code(&browser.sign_in(&world, &page, "ada").await);
    code(&world.authorize(&mut browser, &asks).await);
}

#[tokio::test]
async fn optional_scopes_that_are_not_ticked_are_not_granted() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let asks = Asks {
        scope: "read write",
        ..Asks::default()
    };
    for (ticked, want) in [(false, "read"), (true, "read write")] {
        let page = world.authorize(&mut browser, &asks).await.location;
        if browser.session().is_none() {
            browser.sign_in(&world, &page, "ada").await;
        }
        let form = browser.get(&world, &page).await;
        let (csrf, digest) = (form.field("csrf"), form.field("digest"));
        let mut fields = vec![
            ("csrf", csrf.as_str()),
            ("digest", &digest),
            ("decision", "approve"),
        ];
        if ticked {
            fields.push(("scope", "write"));
        }
        code(
            &browser
                .post(&world, &format!("{page}/decision"), &fields)
                .await,
        );
        let State::Approved(approval) = world.state_of(&page).await else {
            panic!("not approved");
        };
        assert_eq!(approval.granted.scope_text(), want);
    }
}

#[tokio::test]
async fn the_way_out_before_the_sign_in_tells_the_client() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let csrf = browser.get(&world, &page).await.field("csrf");
    let fields = [("csrf", csrf.as_str()), ("decision", "deny")];
    let left = browser
        .post(&world, &format!("{page}/decision"), &fields)
        .await;
    assert_eq!(
        left.location,
        "https://photos.example/back?error=access_denied"
    );
    assert_eq!(browser.get(&world, &page).await.outcome(), "denied");
}

#[tokio::test]
async fn another_person_takes_over_after_not_you() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    let csrf = browser.get(&world, &page).await.field("csrf");
    let switched = browser
        .post(&world, &format!("{page}/switch"), &[("csrf", &csrf)])
        .await;
    assert_eq!(switched.location, page);
    assert!(browser.session().is_none());
    browser.sign_in(&world, &page, "bob").await;
    code(&browser.press(&world, &page, "approve").await);
}

#[tokio::test]
async fn a_form_post_answer_has_a_page_of_its_own() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let asks = Asks {
        form_post: true,
        ..Asks::default()
    };
    let page = world.authorize(&mut browser, &asks).await.location;
    browser.sign_in(&world, &page, "ada").await;
    let approved = browser.press(&world, &page, "approve").await;
    assert_eq!(approved.location, format!("{page}/resume"));
    let form = browser.get(&world, &approved.location).await;
    assert_eq!(form.status, 200);
    assert!(form.has("action=\"https://photos.example/back\"") && !form.field("code").is_empty());
    let policy = form.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://photos.example;"),
        "{policy}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c1_of_64_presses_at_once_one_decides_and_all_agree() {
    let world = Arc::new(World::new().await);
    for _ in 0..5 {
        let mut browser = Browser::new();
        let page = asked(&world, &mut browser).await;
        let form = browser.get(&world, &page).await;
        let (csrf, digest) = (form.field("csrf"), form.field("digest"));
        let mut presses = tokio::task::JoinSet::new();
        for n in 0..64 {
            let (world, page) = (Arc::clone(&world), page.clone());
            let (csrf, digest) = (csrf.clone(), digest.clone());
            let mut browser = browser.clone();
            presses.spawn(async move {
                let decision = if n % 2 == 0 { "approve" } else { "deny" };
                let fields = [
                    ("csrf", csrf.as_str()),
                    ("digest", &digest),
                    ("decision", decision),
                ];
                let path = format!("{page}/decision");
                let answer = browser.post(&world, &path, &fields).await;
                (decision, answer.status, answer.location)
            });
        }
        let mut results = presses.join_all().await;
        results.sort();
        results.dedup();
        assert!(
            results.iter().all(|(_, status, _)| *status == 303),
            "{results:?}"
        );
        assert_eq!(results.len(), 2, "one answer for each button: {results:?}");
        let lost: Vec<_> = results
            .iter()
            .filter(|(_, _, location)| location.ends_with("?seen=answered"))
            .collect();
        let won = match world.state_of(&page).await {
            State::Approved(_) => "approve",
            State::Ended(_) => "deny",
            other => panic!("{other:?}"),
        };
        assert_eq!(lost.len(), 1, "{results:?}");
        assert_ne!(lost[0].0, won);
    }
}
