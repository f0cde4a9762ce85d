//! What every page and every cookie carries, whatever it is for.

use placet_core::time::Lifetime;

use super::{
    redirect::asked,
    world::{Asks, Browser, World},
};

#[tokio::test]
async fn h9_a20_c15_every_page_carries_its_headers() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = asked(&world, &mut browser).await;
    for path in [
        page.as_str(),
        "/device",
        "/account",
        "/sign-out",
        "/interaction/nonsense",
    ] {
        let shown = browser.get(&world, path).await;
        assert_eq!(shown.header("cache-control"), "no-store", "{path}");
        assert_eq!(shown.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(shown.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(shown.header("x-content-type-options"), "nosniff", "{path}");
        // An app that opened a window for its sign-in must be able to hear from it.
        assert_eq!(shown.header("cross-origin-opener-policy"), "", "{path}");
        let policy = shown.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
    }
    let policy = browser.get(&world, &page).await;
    let policy = policy.header("content-security-policy").to_owned();
    assert!(
        policy.contains("form-action 'self' https://photos.example;"),
        "{policy}"
    );
}

#[tokio::test]
async fn h3_cookies_are_bound_to_the_host_and_at_most_twenty() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let first = world.authorize(&mut browser, &Asks::default()).await;
    let cookie = first.header("set-cookie").to_owned();
    for part in [
        "__Host-placet-ask-",
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Secure",
        "; Max-Age=1200",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    world.clock.advance(Lifetime::from_secs(1));
    let mut last = String::new();
    for _ in 0..20 {
        last = world
            .authorize(&mut browser, &Asks::default())
            .await
            .location;
    }
    assert_eq!(browser.cookies.len(), 20);
    assert_eq!(
        browser.get(&world, &first.location).await.status,
        403,
        "the oldest was dropped"
    );
    assert_eq!(browser.get(&world, &last).await.status, 200);

    let plain = World::with(|settings| settings.secure = false).await;
    let cookie = plain.authorize(&mut Browser::new(), &Asks::default()).await;
    let cookie = cookie.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("placet-ask-") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let elsewhere = World::with(|settings| settings.issuer_url.push_str(":8443")).await;
    let other = elsewhere
        .authorize(&mut Browser::new(), &Asks::default())
        .await;
    let name = |cookie: &str| cookie.split("-req_").next().unwrap().to_owned();
    assert_ne!(
        name(other.header("set-cookie")),
        name(first.header("set-cookie"))
    );
}

#[tokio::test]
async fn an_issuer_below_a_path_keeps_its_links_there() {
    let world = World::with(|settings| {
        settings.issuer_url.push_str("/tenant");
        settings.base_path.push_str("/tenant");
    })
    .await;
    let mut browser = Browser::new();
    let page = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let below = page
        .strip_prefix("/tenant")
        .unwrap_or_else(|| panic!("{page}"));
    let form = browser.get(&world, below).await;
    assert!(
        form.has(&format!("action=\"{page}/sign-in\"")),
        "{}",
        form.body
    );
    assert!(form.has("/tenant/assets/") && !form.has("\"/assets/"));
    assert!(
        browser
            .cookies
            .keys()
            .all(|name| name.starts_with("__Host-"))
    );
}

#[tokio::test]
async fn h3_a_shadow_cookie_is_no_cookie() {
    let (world, mut browser) = (World::new().await, Browser::new());
    browser.sign_in_alone(&world, "ada").await;
    let (name, value) = browser
        .cookies
        .iter()
        .find(|(name, _)| name.contains("session"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .unwrap();
    let mut shadowed = Browser::new();
    let bare = name.strip_prefix("__Host-").unwrap().to_owned();
    shadowed.cookies.insert(bare, value.clone());
    let refused = shadowed.get(&world, "/account").await;
    assert_eq!(refused.location, "/sign-in", "without the prefix");
    let second = format!("{value}; {name}={value}");
    shadowed.cookies.insert(name.clone(), second);
    let refused = shadowed.get(&world, "/account").await;
    assert_eq!(refused.location, "/sign-in", "sent twice");
    shadowed.cookies.insert(name, value);
    assert_eq!(shadowed.get(&world, "/account").await.status, 200);
}

#[tokio::test]
async fn a17_the_ticket_of_one_device_is_none_for_another() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let mine = world.device_asks("tv", "read").await;
    let theirs = world.device_asks("tv", "read").await;
    let code = mine.user_code.unwrap().to_string();
    let page = browser.enter(&world, &code).await.location;
    assert_eq!(browser.get(&world, &page).await.status, 200);
    let (name, value) = browser
        .cookies
        .iter()
        .find(|(name, _)| name.contains("-req_"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .unwrap();
    let forged = name.replace(&mine.request.id.to_string(), &theirs.request.id.to_string());
    assert_ne!(forged, name);
    browser.cookies.insert(forged, value);
    let foreign = format!("/interaction/{}", theirs.request.id);
    let refused = browser.get(&world, &foreign).await;
    assert_eq!(
        (refused.status, refused.error_code()),
        (403, "other_browser")
    );
}

#[tokio::test]
async fn c15_secrets_print_nothing() {
    let (world, mut browser) = (World::new().await, Browser::new());
    let page = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let shown = browser.get(&world, &page).await;
    let (_, value) = browser.cookies.iter().next().unwrap();
    let secret = value.split('.').nth(1).unwrap();
    assert_eq!(secret.len(), 43);
    assert!(!shown.body.contains(secret), "no page holds its cookie");
    let id = page.rsplit('/').next().unwrap().parse().unwrap();
    let call = browser.call(&world, http::Method::GET, &page, "");
    let ticket = crate::person::browser::Ticket::of_call(&world.site, &call, id).unwrap();
    assert!(!format!("{ticket:?}").contains(secret), "no log either");
}

#[tokio::test]
async fn rfc9110_10_2_3_an_error_page_says_when_to_come_back() {
    let world = World::new().await;
    let call = Browser::new().call(&world, http::Method::GET, "/authorize", "");
    let busy = (
        http::StatusCode::SERVICE_UNAVAILABLE,
        "temporarily_unavailable",
    );
    for (wait, want) in [
        (None, None),
        (Some(Lifetime::from_millis(6_001)), Some("7")),
    ] {
        let reply = crate::person::error_page(&world.site, &call, busy, wait);
        let told = reply.headers.get("retry-after");
        assert_eq!(told.map(|value| value.to_str().unwrap()), want);
    }
}
