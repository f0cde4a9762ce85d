//! Requests that were laid before a person: found on the person's own page, and by nobody else.

use placet_core::{pending::State, time::Lifetime};

use super::world::{Asks, Browser, World};

const UNKNOWN: &str = "/account/requests/req_00000000000000000000000000000000";

#[tokio::test]
async fn rfc9635_2_5_1_what_waits_is_found_and_answered_without_an_address() {
    let world = World::new().await;
    let path = world.lays_before("photos", "ada").await;
    let mut ada = Browser::new();
    assert_eq!(ada.get(&world, &path).await.location, "/sign-in");
    let arrived = ada.sign_in_alone(&world, "ada").await.location;
    let account = ada.get(&world, &arrived).await;
    let link = format!("href=\"{path}\"");
    assert!(
        account.has("id=\"waiting\"") && account.has(&link),
        "{}",
        account.body
    );
    let entered = ada.get(&world, &path).await;
    assert_eq!(entered.status, 303);
    let page = entered.location;
    assert!(
        matches!(world.state_of(&page).await, State::Pending),
        "looking claims nothing"
    );
    let consent = ada.get(&world, &page).await;
    assert!(
        consent.has("id=\"approve\"") && !consent.has("id=\"switch\""),
        "{}",
        consent.body
    );
    let answered = ada.press(&world, &page, "approve").await;
    assert_eq!(
        (answered.status, answered.location.as_str()),
        (303, page.as_str())
    );
    let outcome = ada.get(&world, &page).await;
    assert_eq!(outcome.outcome(), "approved");
    assert!(outcome.has("href=\"/account\""), "{}", outcome.body);
    let after = ada.get(&world, "/account").await;
    assert!(!after.has(&link) && !after.has("id=\"waiting\""));
    // The link tells what became of it, and no more.
    assert_eq!(ada.get(&world, &path).await.location, page);
}

/// Whoever was sent the link of somebody else's request would answer it for them.
#[tokio::test]
async fn d4_a_page_warns_where_nothing_ties_the_answer_to_this_browser() {
    const WARNING: &str = "The answer does not go through this browser";
    let world = World::new().await;
    let mut ada = Browser::new();
    ada.sign_in_alone(&world, "ada").await;
    let path = world.lays_before("photos", "ada").await;
    let page = ada.get(&world, &path).await.location;
    let unseen = ada.get(&world, &page).await;
    assert!(unseen.has(WARNING), "{}", unseen.body);
    // A redirect ends at the client this browser came from.
    let page = world.authorize(&mut ada, &Asks::default()).await.location;
    let redirect = ada.get(&world, &page).await;
    assert!(redirect.has("id=\"approve\""), "{}", redirect.body);
    assert!(!redirect.has(WARNING), "{}", redirect.body);
    // A code stands on the device that asked.
    let code = world.device_asks("tv", "read").await.user_code.unwrap();
    let page = ada.enter(&world, &code.to_string()).await.location;
    let device = ada.get(&world, &page).await;
    assert!(device.has("id=\"confirm-device\""), "{}", device.body);
    assert!(!device.has(WARNING), "{}", device.body);
}

#[tokio::test]
async fn c8_what_waits_for_another_is_as_unknown_as_nonsense() {
    let world = World::new().await;
    let path = world.lays_before("photos", "ada").await;
    let mut bob = Browser::new();
    bob.sign_in_alone(&world, "bob").await;
    let account = bob.get(&world, "/account").await;
    assert!(!account.has("/account/requests/") && !account.has("id=\"waiting\""));
    let cookies = bob.cookies.clone();
    let foreign = bob.get(&world, &path).await;
    let unknown = bob.get(&world, UNKNOWN).await;
    let nonsense = bob.get(&world, "/account/requests/x").await;
    assert_eq!((foreign.status, foreign.error_code()), (404, "not_found"));
    assert_eq!(foreign.body, unknown.body);
    assert_eq!(foreign.body, nonsense.body);
    assert_eq!(bob.cookies, cookies, "and no ticket");
    // What was laid before nobody is not found here either.
    let mut sent = Browser::new();
    let (page, _) = world.polled(&mut sent, "photos", "read").await;
    let id = page.rsplit('/').next().unwrap();
    let other = bob.get(&world, &format!("/account/requests/{id}")).await;
    assert_eq!(other.body, unknown.body);
}

#[tokio::test]
async fn a15_whoever_signs_in_next_in_that_browser_has_no_part_in_it() {
    let world = World::new().await;
    let path = world.lays_before("photos", "ada").await;
    let mut browser = Browser::new();
    browser.sign_in_alone(&world, "ada").await;
    let page = browser.get(&world, &path).await.location;
    let form = browser.get(&world, &page).await;
    let signed_out = |browser: &mut Browser| {
        browser.cookies.retain(|name, _| !name.contains("session"));
    };
    signed_out(&mut browser);
    browser.sign_in_alone(&world, "bob").await;
    let theirs = browser.get(&world, &page).await;
    assert_eq!((theirs.status, theirs.error_code()), (403, "other_browser"));
    for pressed in ["approve", "deny"] {
        let told = browser.press_on(&world, &page, &form, pressed).await;
        assert_eq!(told.status, 403, "{pressed}");
    }
    let status = browser.get(&world, &format!("{page}/status")).await;
    assert_eq!(status.status, 404);
    // Nor does a browser in which nobody is signed in any more: it is asked who is there.
    signed_out(&mut browser);
    let nobody = browser.get(&world, &page).await;
    assert!(
        nobody.has("id=\"login\"") && !nobody.has("id=\"cancel\""),
        "{}",
        nobody.body
    );
    let told = browser.press_on(&world, &page, &form, "deny").await;
    assert_eq!((told.status, told.location.as_str()), (303, page.as_str()));
    assert!(matches!(world.state_of(&page).await, State::Pending));
    let wrong = browser.sign_in(&world, &page, "bob").await;
    assert_eq!(wrong.status, 403);
    browser.sign_in(&world, &page, "ada").await;
    browser.press(&world, &page, "deny").await;
    assert_eq!(browser.get(&world, &page).await.outcome(), "denied");
}

#[tokio::test]
async fn c10_what_is_too_late_waits_no_longer() {
    let world = World::new().await;
    let path = world.lays_before("photos", "ada").await;
    let mut ada = Browser::new();
    ada.sign_in_alone(&world, "ada").await;
    let page = ada.get(&world, &path).await.location;
    world.clock.advance(Lifetime::from_secs(600));
    assert!(!ada.get(&world, "/account").await.has("id=\"waiting\""));
    assert_eq!(ada.get(&world, &page).await.outcome(), "expired");
}
