//! The person's own pages: grants, sessions, sign-out, assets.

use placet_core::engine::CollectBy;

use super::world::{Asks, Browser, World};

/// A browser whose person has allowed something.
async fn allowed(world: &World, browser: &mut Browser) {
    let page = world.authorize(browser, &Asks::default()).await.location;
    browser.sign_in(world, &page, "ada").await;
    let approved = browser.press(world, &page, "approve").await;
    let code = approved.location.rsplit('=').next().unwrap().to_owned();
    world.collect("photos", CollectBy::Code, &code).await;
}

/// The action of the first form that ends with `word`.
fn action(body: &str, word: &str) -> String {
    let actions = body.split("action=\"").skip(1);
    let mut actions = actions.map(|rest| rest.split('"').next().unwrap_or_default());
    actions
        .find(|action| action.ends_with(word))
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn h6_what_was_allowed_is_listed_and_taken_back_at_once() {
    let (world, mut browser) = (World::new().await, Browser::new());
    allowed(&world, &mut browser).await;
    let account = browser.get(&world, "/account").await;
    assert!(
        account.has("photos") && account.has("May read"),
        "{}",
        account.body
    );
    let revoke = action(&account.body, "/revoke");
    let csrf = account.field("csrf");
    let forged = browser.post(&world, &revoke, &[("csrf", "x")]).await;
    assert_eq!(forged.status, 403);
    let mut other = Browser::at("198.51.100.9");
    other.sign_in_alone(&world, "bob").await;
    assert_eq!(
        other
            .get(&world, "/account")
            .await
            .body
            .matches("/revoke")
            .count(),
        0
    );
    let done = browser.post(&world, &revoke, &[("csrf", &csrf)]).await;
    assert_eq!(done.status, 303);
    let after = browser.get(&world, &done.location).await;
    assert!(
        after.has("role=\"status\"") && after.has("photos"),
        "says what was done"
    );
    assert_eq!(action(&after.body, "/revoke"), "");
    assert!(
        !other.get(&world, &done.location).await.has("photos"),
        "and only to its person"
    );
    assert!(matches!(
        world.silent(&browser, &Asks::default()).await,
        crate::person::Silent::ConsentRequired
    ));
}

#[tokio::test]
async fn h6_a_session_elsewhere_ends_at_once() {
    let (world, mut here, mut there) = (
        World::new().await,
        Browser::new(),
        Browser::at("198.51.100.9"),
    );
    there.headers = vec![("user-agent", "Mozilla/5.0 Firefox/140.0".to_owned())];
    there.sign_in_alone(&world, "ada").await;
    here.sign_in_alone(&world, "ada").await;
    let account = here.get(&world, "/account").await;
    assert!(account.has("Firefox") && account.has("198.51.100.9"));
    let end = action(&account.body, "/end");
    let mut stranger = Browser::new();
    stranger.sign_in_alone(&world, "bob").await;
    let theirs = stranger.get(&world, "/sign-out").await.field("csrf");
    stranger.post(&world, &end, &[("csrf", &theirs)]).await;
    assert_eq!(
        there.get(&world, "/account").await.status,
        200,
        "not by another person"
    );
    here.post(&world, &end, &[("csrf", &account.field("csrf"))])
        .await;
    assert_eq!(there.get(&world, "/account").await.location, "/sign-in");
    assert_eq!(here.get(&world, "/account").await.status, 200);
}

#[tokio::test]
async fn signing_out_asks_first_and_then_nothing_is_shown() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.sign_in_alone(&world, "ada").await;
    let old = browser.cookies.clone();
    let ask = browser.get(&world, "/sign-out").await;
    assert!(ask.has("id=\"logout-yes\""));
    assert_eq!(
        browser
            .post(&world, "/sign-out", &[("csrf", "x")])
            .await
            .status,
        403
    );
    assert_eq!(browser.get(&world, "/account").await.status, 200);
    let csrf = ask.field("csrf");
    let out = browser
        .post(&world, "/sign-out", &[("csrf", &csrf), ("logout", "yes")])
        .await;
    assert_eq!((out.status, out.location.as_str()), (303, "/sign-out"));
    assert!(browser.session().is_none());
    assert_eq!(browser.get(&world, "/sign-out").await.status, 200);
    browser.cookies = old;
    assert_eq!(
        browser.get(&world, "/account").await.location,
        "/sign-in",
        "h9: the old cookie is dead"
    );
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_unknown_ones_are_not_there() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = browser.get(&world, "/sign-in").await;
    let sheet = page
        .body
        .split("href=\"")
        .find(|rest| rest.starts_with("/assets/theme-"))
        .unwrap();
    let sheet = sheet.split('"').next().unwrap().to_owned();
    let asset = browser.get(&world, &sheet).await;
    assert_eq!(asset.status, 200);
    assert!(asset.header("cache-control").contains("immutable"));
    assert!(asset.header("content-type").starts_with("text/css"));
    let missing = browser.get(&world, "/assets/none.css").await;
    assert_eq!((missing.status, missing.error_code()), (404, "not_found"));
    assert_eq!(missing.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_store_that_is_away_is_told_with_a_time_to_come_back() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    browser.sign_in(&world, &page, "ada").await;
    let form = browser.get(&world, &page).await;
    world
        .store
        .fail_next(placet_core::testing::Fault::Unavailable);
    let away = browser.press_on(&world, &page, &form, "approve").await;
    assert_eq!(
        (away.status, away.error_code()),
        (503, "temporarily_unavailable")
    );
    assert_eq!(away.header("retry-after"), "2");
    assert!(away.has("request-1"), "the log knows it by this name");
    assert_eq!(
        browser
            .press_on(&world, &page, &form, "approve")
            .await
            .status,
        303
    );
}
