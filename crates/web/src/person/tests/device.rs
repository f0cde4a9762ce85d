//! A request of another device: the code is typed, the request taken, the person asked.

use placet_core::{
    client::ClientMetadata,
    engine::CollectBy,
    pending::{Delivery, EndKind, State},
    time::Lifetime,
};

use super::world::{Browser, World};

/// A device's code, and a signed-in browser that typed it.
async fn entered(world: &World, browser: &mut Browser) -> String {
    let code = world.device_asks("tv", "read").await.user_code.unwrap();
    let page = browser.enter(world, &code.to_string()).await.location;
    browser.sign_in(world, &page, "ada").await;
    page
}

#[tokio::test]
async fn d4_the_page_shows_code_origin_warning_and_wants_the_tick() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let code = world
        .device_asks("tv", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    let entered = browser
        .enter(&world, &code.to_lowercase().replace('-', " "))
        .await;
    let page = entered.location.clone();
    assert_eq!(entered.status, 303);
    browser.sign_in(&world, &page, "ada").await;
    let form = browser.get(&world, &page).await;
    for text in [
        code.as_str(),
        "203.0.113.7",
        "id=\"confirm-device\"",
        "May read",
    ] {
        assert!(form.has(text), "{text}");
    }
    let (csrf, digest) = (form.field("csrf"), form.field("digest"));
    let decision = format!("{page}/decision");
    let fields = [
        ("csrf", csrf.as_str()),
        ("digest", &digest),
        ("decision", "approve"),
    ];
    let unticked = browser.post(&world, &decision, &fields).await;
    assert_eq!(unticked.status, 400);
    assert!(matches!(
        world.state_of(&page).await,
        State::Interacting { .. }
    ));
    let approved = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(
        (approved.status, approved.location.as_str()),
        (303, page.as_str())
    );
    assert_eq!(browser.get(&world, &page).await.outcome(), "approved");
    let again = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(
        browser.get(&world, &again.location).await.outcome(),
        "approved",
        "h2"
    );
    assert!(
        browser
            .get(&world, &format!("{page}/status"))
            .await
            .has("approved")
    );
}

#[tokio::test]
async fn denying_needs_no_tick() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = entered(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    let (csrf, digest) = (form.field("csrf"), form.field("digest"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("digest", &digest),
        ("decision", "deny"),
    ];
    let denied = browser
        .post(&world, &format!("{page}/decision"), &fields)
        .await;
    assert_eq!(denied.status, 303);
    assert_eq!(browser.get(&world, &page).await.outcome(), "denied");
}

#[tokio::test]
async fn d5_looking_changes_nothing_and_uses_up_no_code() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let opened = world.device_asks("tv", "read").await;
    let code = opened.user_code.unwrap().to_string();
    browser.sign_in_alone(&world, "ada").await;
    let page = format!("/interaction/{}", opened.request.id);
    for _ in 0..100 {
        let filled = browser
            .get(&world, &format!("/device?user_code={code}"))
            .await;
        assert_eq!(filled.status, 200);
        assert!(filled.has(&format!("value=\"{code}\"")));
        assert_eq!(browser.get(&world, &page).await.status, 403);
    }
    assert!(matches!(world.state_of(&page).await, State::Pending));
    assert_eq!(browser.enter(&world, &code).await.location, page);
    assert!(
        matches!(world.state_of(&page).await, State::Interacting { .. }),
        "the post takes it"
    );
}

#[tokio::test]
async fn d6_a_code_in_use_is_refused_to_another_person_only() {
    let world = World::new().await;
    let (mut ada, mut bob) = (Browser::new(), Browser::at("198.51.100.9"));
    let code = world
        .device_asks("tv", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    let page = ada.enter(&world, &code).await.location;
    ada.sign_in(&world, &page, "ada").await;
    bob.sign_in_alone(&world, "bob").await;
    let taken = bob.enter(&world, &code).await;
    assert_eq!(taken.status, 409);
    assert!(taken.has("Somebody else is looking"), "{}", taken.body);

    // Whoever typed it before anybody took it is told as soon as it is known who they are.
    let mut late = Browser::at("198.51.100.10");
    let late_page = late.enter(&world, &code).await.location;
    late.sign_in(&world, &late_page, "bob").await;
    let told = late.get(&world, &late_page).await;
    assert_eq!((told.status, told.error_code()), (409, "in_use"));

    let mut second = Browser::at("198.51.100.11");
    second.sign_in_alone(&world, "ada").await;
    let second_page = second.enter(&world, &code).await.location;
    second.press(&world, &second_page, "approve").await;
    assert_eq!(second.get(&world, &second_page).await.outcome(), "approved");
    assert_eq!(
        ada.get(&world, &page).await.outcome(),
        "approved",
        "the same person"
    );
    assert_eq!(
        late.get(&world, &late_page).await.outcome(),
        "answered",
        "and nobody else"
    );
}

#[tokio::test]
async fn whoever_approved_is_told_so_however_quick_the_client_is() {
    let (world, mut ada) = (World::new().await, Browser::new());
    let (page, secret) = world.polled(&mut ada, "tv", "read").await;
    ada.sign_in(&world, &page, "ada").await;
    ada.press(&world, &page, "approve").await;
    world.collect("tv", CollectBy::Poll, &secret).await;
    assert_eq!(ada.get(&world, &page).await.outcome(), "approved");
}

#[tokio::test]
async fn d6_another_person_takes_over_at_once_after_not_you() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = entered(&world, &mut browser).await;
    let csrf = browser.get(&world, &page).await.field("csrf");
    let switched = browser
        .post(&world, &format!("{page}/switch"), &[("csrf", &csrf)])
        .await;
    assert_eq!(switched.location, page);
    assert!(browser.session().is_none());
    assert!(matches!(world.state_of(&page).await, State::Pending));
    browser.sign_in(&world, &page, "bob").await;
    browser.press(&world, &page, "approve").await;
    assert_eq!(browser.get(&world, &page).await.outcome(), "approved");
}

#[tokio::test]
async fn d6_an_idle_seat_is_free_after_five_minutes() {
    let world = World::new().await;
    let (mut ada, mut bob) = (Browser::new(), Browser::at("198.51.100.9"));
    let code = world
        .device_asks("tv", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    let page = ada.enter(&world, &code).await.location;
    ada.sign_in(&world, &page, "ada").await;
    bob.sign_in_alone(&world, "bob").await;
    world.clock.advance(Lifetime::from_secs(300));
    let page = bob.enter(&world, &code).await.location;
    bob.press(&world, &page, "approve").await;
    assert_eq!(bob.get(&world, &page).await.outcome(), "approved");
}

#[tokio::test]
async fn d1_d2_guesses_are_limited_and_lock_nobody_else_out() {
    let world = World::new().await;
    let (mut guesser, mut honest) = (Browser::new(), Browser::at("198.51.100.9"));
    let code = world
        .device_asks("tv", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    for _ in 0..5 {
        let wrong = guesser.enter(&world, "BBBB-BBBB").await;
        assert_eq!(wrong.status, 404);
    }
    let blocked = guesser.enter(&world, &code).await;
    assert_eq!(blocked.status, 429);
    assert!(blocked.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(honest.enter(&world, &code).await.status, 303);
    // A browser that throws its cookies away is still one source.
    let mut tries = 0;
    while Browser::new().enter(&world, "BBBB-BBBB").await.status == 404 {
        tries += 1;
        assert!(tries <= 20, "per source");
    }
    assert_eq!(honest.enter(&world, &code).await.status, 303);
}

#[tokio::test]
async fn c2_a_code_said_to_have_expired_has_expired_for_the_device() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let opened = world.device_asks("tv", "read").await;
    let code = opened.user_code.unwrap().to_string();
    let page = browser.enter(&world, &code).await.location;
    world.clock.advance(Lifetime::from_secs(600));
    for time in ["first", "second"] {
        let told = browser.enter(&world, &code).await;
        assert!(told.has("This code has expired."), "{time}: {}", told.body);
        let state = world.state_of(&page).await;
        assert!(
            matches!(&state, State::Ended(ending) if ending.kind == EndKind::Expired),
            "{time}: {state:?}"
        );
    }
}

#[tokio::test]
async fn c2_what_was_approved_in_time_is_never_said_to_have_expired() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = entered(&world, &mut browser).await;
    let form = browser.get(&world, &page).await;
    world.clock.advance(Lifetime::from_secs(599));
    browser.press_on(&world, &page, &form, "approve").await;
    world.clock.advance(Lifetime::from_secs(2));
    assert_eq!(browser.get(&world, &page).await.outcome(), "approved");
    let status = browser.get(&world, &format!("{page}/status")).await;
    assert!(status.has("approved"), "{}", status.body);
    assert!(matches!(world.state_of(&page).await, State::Approved(_)));
}

#[tokio::test]
async fn c8_unknown_expired_and_answered_codes_look_the_same() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let late = world
        .device_asks("tv", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    world.clock.advance(Lifetime::from_secs(600));
    let page = entered(&world, &mut browser).await;
    let answered = browser.get(&world, &page).await;
    let answered = answered.body.split("id=\"shown-code\"").nth(1).unwrap();
    let answered: String = answered
        .split('>')
        .nth(1)
        .unwrap()
        .chars()
        .take(9)
        .collect();
    browser.press(&world, &page, "approve").await;
    let mut other = Browser::at("198.51.100.9");
    let mut bodies = Vec::new();
    for code in ["BBBB-BBBB", &late, &answered] {
        let reply = other.enter(&world, code).await;
        assert_eq!(reply.status, 404, "{code}");
        bodies.push(reply.body.replace(code, "CODE"));
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
}

#[tokio::test]
async fn d4_a_client_may_ask_for_the_same_network() {
    let world = World::new().await;
    let metadata = ClientMetadata {
        device_same_network: true,
        ..ClientMetadata::default()
    };
    world.client("near", metadata).await;
    let code = world
        .device_asks("near", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    let mut far = Browser::at("198.51.100.9");
    let refused = far.enter(&world, &code).await;
    assert_eq!(
        (refused.status, refused.error_code()),
        (403, "other_network")
    );
    // Entered at home, decided elsewhere: refused as well.
    let mut moved = Browser::new();
    let page = moved.enter(&world, &code).await.location;
    moved.sign_in(&world, &page, "ada").await;
    moved.peer = "198.51.100.9".parse().unwrap();
    assert_eq!(moved.press(&world, &page, "approve").await.status, 403);
    moved.peer = "203.0.113.7".parse().unwrap();
    moved.press(&world, &page, "approve").await;
    assert_eq!(moved.get(&world, &page).await.outcome(), "approved");
}

#[tokio::test]
async fn a_code_typed_in_two_tabs_keeps_both_forms() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.sign_in_alone(&world, "ada").await;
    let opened = world.device_asks("tv", "read").await;
    assert!(matches!(opened.request.delivery, Delivery::Poll { .. }));
    let code = opened.user_code.unwrap().to_string();
    let page = browser.enter(&world, &code).await.location;
    let first_tab = browser.get(&world, &page).await;
    browser.enter(&world, &code).await;
    browser.press_on(&world, &page, &first_tab, "approve").await;
    assert_eq!(browser.get(&world, &page).await.outcome(), "approved");
}

#[tokio::test]
async fn h1_a_code_is_not_entered_by_a_form_from_elsewhere() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let code = world
        .device_asks("tv", "read")
        .await
        .user_code
        .unwrap()
        .to_string();
    for csrf in ["", "guess"] {
        let fields = [("csrf", csrf), ("user_code", code.as_str())];
        let forged = browser.post(&world, "/device", &fields).await;
        assert_eq!((forged.status, forged.error_code()), (403, "forged_form"));
    }
}

#[tokio::test]
async fn d1_codes_that_are_right_are_no_guesses() {
    let (world, mut browser) = (World::new().await, Browser::new());
    for _ in 0..10 {
        let code = world.device_asks("tv", "read").await.user_code.unwrap();
        assert_eq!(browser.enter(&world, &code.to_string()).await.status, 303);
    }
    // Nor is what cannot be a code.
    for _ in 0..10 {
        assert_eq!(browser.enter(&world, "AEIOU").await.status, 404);
    }
}
