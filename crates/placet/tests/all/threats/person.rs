//! Group 9: the person's pages (H1 to H4, H6, H9).

use std::collections::BTreeMap;

use super::{
    browser::{Browser, authorize, code_in, exchange, form_with, outcome, set_cookies},
    html,
    stage::{Node, PASSWORD, Wishes, text},
};
use crate::server::{Reply, ask};

/// A browser of ada in front of a shop's consent page.
fn at_consent(node: &Node) -> (Browser<'_>, Reply) {
    let mut browser = Browser::of_ada(node);
    let page = browser.open(&authorize("shop", &[]));
    (browser, page)
}

#[test]
fn h1_a_decision_from_elsewhere_is_refused() {
    let node = Node::start("h1");
    let (mut honest, page) = at_consent(&node);
    let (_, strange_page) = at_consent(&node);
    let form = form_with(&page, "approve");
    let fields = form.submit("approve", &[]);
    let without: Vec<_> = fields
        .iter()
        .filter(|(name, _)| name != "csrf")
        .cloned()
        .collect();
    let strange = form_with(&strange_page, "approve").submit("approve", &[]);
    let value = strange
        .iter()
        .find(|(name, _)| name == "csrf")
        .unwrap()
        .1
        .clone();
    let mut with_strange = without.clone();
    with_strange.push(("csrf".to_owned(), value));
    let own = format!("http://{}", node.address);
    let elsewhere: [&[(&str, &str)]; 6] = [
        &[("Origin", "https://evil.example")],
        &[("Origin", "http://127.0.0.1")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &own)],
        &[("Origin", &own), ("Origin", "https://evil.example")],
    ];
    for headers in elsewhere {
        let reply = honest.send("POST", &form.action, headers, &fields);
        assert_eq!(reply.status, 403, "{headers:?}");
    }
    for forged in [&without, &with_strange] {
        let reply = honest.send("POST", &form.action, &[("Origin", &own)], forged);
        assert_eq!(reply.status, 403, "{forged:?}");
    }
    let headers = [("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let reply = honest.send("POST", &form.action, &headers, &fields);
    assert!(code_in(&reply).is_some(), "{reply:?}");
}

#[test]
fn h2_back_and_again_shows_the_same_end() {
    let node = Node::start("h2");
    let mut browser = Browser::of_ada(&node);
    let device = super::device::Device::ask(&node, "tv");
    let page = browser.enter_code(&device.user_code);
    for _ in 0..3 {
        let end = browser.press(&page, "approve", &[("confirm_device", "yes")]);
        assert_eq!(outcome(&end).as_deref(), Some("approved"));
    }
    assert_eq!(device.wait(&node).status, 200);
    let end = browser.press(&page, "approve", &[("confirm_device", "yes")]);
    assert_eq!(outcome(&end).as_deref(), Some("approved"));
    let other = browser.press(&page, "deny", &[]);
    assert_eq!(outcome(&other).as_deref(), Some("answered"));
}

/// Settings of a server that browsers reach by https, through a proxy.
fn secure_settings(address: &str) -> String {
    format!(
        "public_origin = \"https://login.example\"\nlisten = \"{address}\"\ndatabase_url = \"sqlite:placet.db\"\n\
         [keys]\nmaster_key_file = \"master.key\"\n[proxy]\ntrusted = [\"127.0.0.1/32\"]\n\
         [[people]]\nusername = \"ada\"\nsubject = \"u-1\"\npassword = \"{PASSWORD}\"\n"
    )
}

/// One request as the browser of `cookies` makes it, through the proxy.
fn through_proxy(address: &str, method: &str, target: &str, cookies: &str, body: &str) -> Reply {
    let headers = [
        ("Host", "login.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Cookie", cookies),
        super::stage::FORM,
    ];
    ask(address, method, target, &headers, body)
}

#[test]
fn h3_cookies_belong_to_this_host_and_a_shadow_counts_for_nothing() {
    let node = Node::start("h3");
    let address = format!("127.0.0.1:{}", super::stage::port());
    node.directory.write("master.key", &"5a".repeat(32));
    let text = secure_settings(&address).replace("placet.db", "secure.db");
    let _neighbour = node.neighbour(&address, &text);
    let page = through_proxy(&address, "GET", "/sign-in", "", "");
    let mut jar: BTreeMap<String, String> = BTreeMap::new();
    let mut keep = |reply: &Reply| {
        for line in set_cookies(reply) {
            let lower = line.to_ascii_lowercase();
            for part in ["; path=/", "; httponly", "; samesite=lax", "; secure"] {
                assert!(lower.contains(part), "{part}: {line}");
            }
            assert!(!lower.contains("domain"), "{line}");
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{line}");
            assert!(value.len() >= 22, "128 bits at least: {line}");
            jar.insert(name.to_owned(), value.to_owned());
        }
        let pairs: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    };
    let cookies = keep(&page);
    let form = form_with(&page, "submit-login");
    let fields = form.submit("submit-login", &[("login", "ada"), ("password", PASSWORD)]);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    let body = super::stage::form(&fields);
    let reply = through_proxy(&address, "POST", "/sign-in", &cookies, &body);
    assert_eq!(reply.status, 303, "{reply:?}");
    let cookies = keep(&reply);
    let account = |cookies: &str| through_proxy(&address, "GET", "/account", cookies, "").status;
    assert_eq!(account(&cookies), 200);
    let (name, value) = jar
        .iter()
        .find(|(name, _)| name.contains("session"))
        .unwrap();
    let bare = name.strip_prefix("__Host-").unwrap();
    // What a sub-domain can set has no prefix, or comes beside the true one.
    for shadow in [
        format!("{bare}={value}"),
        format!("__Secure-{bare}={value}"),
        format!("{}={value}", name.to_uppercase()),
        format!("{name}={value}; {name}={value}"),
        format!("{name}=; {name}={value}"),
        format!("{name}={value}x"),
    ] {
        assert_eq!(account(&shadow), 303, "{shadow}");
    }
}

/// Signs in with a wrong password; gives the page without what changes from one to the next.
fn refused_sign_in(browser: &mut Browser<'_>, username: &str) -> (u16, String) {
    let page = browser.get("/sign-in");
    let form = form_with(&page, "submit-login");
    let filled = [("login", username), ("password", "wrong-password")];
    let reply = browser.post(&form.action, &form.submit("submit-login", &filled));
    (reply.status, reply.body.replace(username, "NAME"))
}

#[test]
fn h4_guesses_focused_and_spread_are_stopped_and_look_the_same() {
    let wishes = Wishes {
        limits: "password_tries_per_account = 3\npassword_tries_per_source = 6",
        proxied: true,
        ..Wishes::default()
    };
    let node = Node::with("h4", &wishes);
    // A name that is known and one that is not: the same page, and the same limit.
    let mut focused = Browser::at(&node, "203.0.113.1");
    for _ in 0..3 {
        let known = refused_sign_in(&mut focused, "ada");
        let unknown = refused_sign_in(&mut focused, "zed");
        assert_eq!((known.0, &known.1), (403, &unknown.1));
    }
    for username in ["ada", "zed", "ben"] {
        assert_eq!(refused_sign_in(&mut focused, username).0, 429, "{username}");
    }
    // Spread over names, from one source.
    let mut spread = Browser::at(&node, "203.0.113.2");
    let stati: Vec<u16> = (0..8)
        .map(|number| refused_sign_in(&mut spread, &format!("name-{number}")).0)
        .collect();
    assert_eq!(stati, [403, 403, 403, 403, 403, 403, 429, 429]);
    // The person signs in from where they are.
    Browser::at(&node, "198.51.100.1").sign_in("ada");
}

#[test]
fn h6_what_is_taken_back_on_the_page_is_inactive_at_once() {
    let node = Node::start("h6");
    let (mut browser, page) = at_consent(&node);
    let code = code_in(&browser.press(&page, "approve", &[])).unwrap();
    let tokens = node.as_client("shop", "/token", &exchange(&code));
    let access = text(&tokens, "access_token");
    assert!(node.is_active("shop", &access));
    let account = browser.get("/account");
    assert!(account.body.contains("Shop"), "{account:?}");
    let forms = html::forms(&account.body);
    let take_back = forms
        .iter()
        .find(|form| form.action.ends_with("/revoke"))
        .unwrap();
    // Another person does not take it back, even with the address of the form.
    let mut ben = Browser::new(&node);
    ben.sign_in("ben");
    let theirs = ben.post(&take_back.action, &take_back.submit("", &[]));
    assert_eq!(theirs.status, 403, "{theirs:?}");
    assert!(node.is_active("shop", &access));
    let reply = browser.post(&take_back.action, &take_back.submit("", &[]));
    assert_eq!(reply.status, 303, "{reply:?}");
    assert!(!node.is_active("shop", &access));
    assert!(!node.is_active("shop", &text(&tokens, "refresh_token")));
    // A session elsewhere ends as well.
    let mut elsewhere = Browser::of_ada(&node);
    assert_eq!(elsewhere.get("/account").status, 200);
    let account = browser.get("/account");
    for form in html::forms(&account.body) {
        if form.action.ends_with("/end") {
            browser.post(&form.action, &form.submit("", &[]));
        }
    }
    assert_eq!(elsewhere.get("/account").status, 303);
}

#[test]
fn h9_nothing_a_person_sees_is_kept() {
    let node = Node::start("h9");
    let mut browser = Browser::new(&node);
    browser.open("/sign-in");
    browser.sign_in("ada");
    let page = browser.open(&authorize("shop", &[]));
    let here = form_with(&page, "approve").action.replace("/decision", "");
    browser.press(&page, "approve", &[]);
    for target in [
        "/account",
        "/device",
        "/device?user_code=BCDF-GHJK",
        "/sign-out",
        "/interaction/x",
    ] {
        browser.open(target);
    }
    let page = browser.get("/sign-out");
    browser.press(&page, "logout-yes", &[]);
    for page in &browser.seen {
        let kept = page.header("cache-control").unwrap_or_default();
        assert!(kept.contains("no-store"), "{page:?}");
        let referrer = page.header("referrer-policy").unwrap_or_default();
        let leaves = page.header("location").is_some();
        assert!(referrer == "no-referrer" || leaves, "{page:?}");
    }
    // Back after the sign-out.
    for target in ["/account", here.as_str()] {
        let reply = browser.get(target);
        assert!(!reply.body.contains("id=\"approve\""), "{reply:?}");
        assert!(!reply.body.contains("/revoke"), "{reply:?}");
    }
}
