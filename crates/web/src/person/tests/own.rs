//! The person's own pages: grants, sessions, sign-out, assets.

use placet_core::{
    Id,
    engine::{Caller, CollectBy},
    event::EventKind,
    store::{Change, Commit, Record, Store, Table},
    time::Lifetime,
};

use super::world::{Asks, Browser, World};

/// A browser whose person has allowed something.
async fn allowed(world: &World, browser: &mut Browser) {
    allowed_by(world, browser, "ada").await;
}

async fn allowed_by(world: &World, browser: &mut Browser, name: &str) {
    let page = world.authorize(browser, &Asks::default()).await.location;
    browser.sign_in(world, &page, name).await;
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
async fn h6_one_press_takes_back_everything_of_this_person_after_asking() {
    let (world, mut browser) = (World::new().await, Browser::new());
    allowed(&world, &mut browser).await;
    let opened = world.device_asks("tv", "read").await;
    let code = opened.user_code.unwrap().to_string();
    let page = browser.enter(&world, &code).await.location;
    browser.press(&world, &page, "approve").await;
    let poll = opened.poll.unwrap().reveal();
    world.collect("tv", CollectBy::Poll, &poll).await;
    let mut other = Browser::at("198.51.100.9");
    allowed_by(&world, &mut other, "bob").await;

    let account = browser.get(&world, "/account").await;
    assert_eq!(account.body.matches("/revoke\"").count(), 2);
    let (asks, does) = ("id=\"revoke-all\"", "id=\"revoke-all-yes\"");
    assert!(account.has(asks) && account.has(does), "{}", account.body);
    let all = action(&account.body, "/revoke-all");
    let csrf = account.field("csrf");
    assert_eq!(
        browser.post(&world, &all, &[("csrf", "x")]).await.status,
        403
    );
    let told = browser.get(&world, "/account?revoked=all").await;
    assert!(
        !told.has("All access has ended."),
        "a link says only what is so"
    );

    let done = browser.post(&world, &all, &[("csrf", &csrf)]).await;
    assert_eq!(
        (done.status, done.location.as_str()),
        (303, "/account?revoked=all")
    );
    let after = browser.get(&world, &done.location).await;
    assert!(after.has("All access has ended."), "{}", after.body);
    assert_eq!(after.body.matches("/revoke").count(), 0);
    let theirs = other.get(&world, "/account").await;
    assert_eq!(
        theirs.body.matches("/revoke\"").count(),
        1,
        "and nothing of others"
    );
}

#[tokio::test]
async fn h6_all_other_sign_ins_end_or_this_one_too() {
    let world = World::new().await;
    let mut browsers = ["203.0.113.7", "198.51.100.8", "198.51.100.9"].map(Browser::at);
    for browser in &mut browsers {
        browser.sign_in_alone(&world, "ada").await;
    }
    let [mut here, mut there, mut elsewhere] = browsers;
    let mut stranger = Browser::new();
    stranger.sign_in_alone(&world, "bob").await;
    let alone = stranger.get(&world, "/account").await;
    assert!(!alone.has("id=\"end-sessions\""), "there are no others");

    let account = here.get(&world, "/account").await;
    for id in ["end-sessions", "end-others-yes", "end-all-yes"] {
        assert!(account.has(&format!("id=\"{id}\"")), "{id}");
    }
    let (end, csrf) = (
        action(&account.body, "/sessions/end"),
        account.field("csrf"),
    );
    let forged = here.post(&world, &end, &[("csrf", "x"), ("which", "all")]);
    assert_eq!(forged.await.status, 403);
    let neither = here.post(&world, &end, &[("csrf", &csrf)]).await;
    assert_eq!(neither.status, 400);
    assert_eq!(there.get(&world, "/account").await.status, 200);

    let others = [("csrf", csrf.as_str()), ("which", "others")];
    let done = here.post(&world, &end, &others).await;
    let after = here.get(&world, &done.location).await;
    assert!(
        after.has("All other browsers are signed out."),
        "{}",
        after.body
    );
    for gone in [&mut there, &mut elsewhere] {
        assert_eq!(gone.get(&world, "/account").await.location, "/sign-in");
    }
    assert_eq!(stranger.get(&world, "/account").await.status, 200);

    there.sign_in_alone(&world, "ada").await;
    let told = here.get(&world, "/account?ended=others").await;
    assert!(!told.has("All other browsers are signed out."));
    let old = here.cookies.clone();
    let all = [("csrf", csrf.as_str()), ("which", "all")];
    let done = here.post(&world, &end, &all).await;
    assert_eq!(done.location, "/sign-out");
    assert!(here.session().is_none());
    here.cookies = old;
    for gone in [&mut here, &mut there] {
        assert_eq!(gone.get(&world, "/account").await.location, "/sign-in");
    }
    assert_eq!(stranger.get(&world, "/account").await.status, 200);
}

#[tokio::test]
async fn h6_a_sign_in_says_when_it_last_let_a_client_in() {
    let (world, mut used, mut idle) = (World::new().await, Browser::new(), Browser::new());
    used.sign_in_alone(&world, "ada").await;
    world.clock.advance(Lifetime::from_secs(3_600));
    allowed(&world, &mut used).await;
    world.clock.advance(Lifetime::from_secs(7_200));
    idle.sign_in_alone(&world, "ada").await;
    let account = idle.get(&world, "/account").await;
    let lines: Vec<&str> = account.body.split("last used for an app").collect();
    assert_eq!(lines.len(), 2, "one was used: {}", account.body);
    let said = lines[1].split("</p>").next().unwrap();
    assert!(said.contains("2 hours ago"), "{said}");
}

#[tokio::test]
async fn h6_the_last_use_is_found_among_any_number_of_tokens() {
    let (world, mut browser) = (World::new().await, Browser::new());
    allowed(&world, &mut browser).await;
    let engine = &world.site.engine;
    let (issuer, person) = (engine.issuer_id(), "ada");
    let store = engine.store();
    let person = store.person_named(issuer, person).await.unwrap().unwrap();
    let grant = engine.list_grants(person.value.id).await.unwrap().remove(0);
    let owner = *grant.value.id.as_bytes();
    let found = store.owned(issuer, Table::Family, owner, 10).await.unwrap();
    let Record::Family(first) = &found[0].value else {
        panic!("a family is a family")
    };
    world.clock.advance(Lifetime::from_secs(7_200));
    let note = engine.note(EventKind::IssuerChanged, &Caller::default());
    let mut commit = Commit::new(issuer, note);
    for n in 0..700_u16 {
        let mut family = first.clone();
        let [high, low] = n.to_be_bytes();
        let mut id = [0xfe; 16];
        (id[14], id[15]) = (high, low);
        family.id = Id::from_bytes(id);
        if n == 699 {
            family.used_at = world.store.now();
        }
        commit = commit.with(Change::insert(Record::Family(family)));
    }
    engine.put(commit).await.unwrap();
    let account = browser.get(&world, "/account").await;
    let said = account.body.split("last used").nth(1).unwrap();
    let said = said.split("</p>").next().unwrap();
    assert!(said.contains("just now"), "{said}");
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
