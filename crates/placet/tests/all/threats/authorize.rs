//! Group 2: the browser redirect (A1 to A3, A9 to A11, A19 to A21).

use std::{thread, time::Duration};

use super::{
    browser::{Browser, authorize, code_in, exchange, form_with},
    html,
    stage::{CALLBACK, Node, error, form, text},
};
use crate::server::{Reply, ask};

/// An error page that leads nowhere.
fn assert_page(reply: &Reply, case: &str) {
    assert_eq!(reply.status, 400, "{case}: {reply:?}");
    assert!(reply.header("location").is_none(), "{case}: {reply:?}");
    assert!(
        reply.body.contains("id=\"error-code\""),
        "{case}: {reply:?}"
    );
}

#[test]
fn a1_forty_spellings_of_the_callback_lead_nowhere() {
    let node = Node::start("a1");
    let mut browser = Browser::of_ada(&node);
    let spellings = [
        "https://app.example/callback/",
        "https://app.example/callback?",
        "https://app.example/callback#",
        "https://app.example/callback?a=b",
        "https://app.example/callback#a",
        "https://app.example/callback/..",
        "https://app.example/callback/../callback",
        "https://app.example/./callback",
        "https://app.example//callback",
        "https://app.example/Callback",
        "https://app.example/%63allback",
        "https://app.example/callback%2f",
        "https://app.example/callback%00",
        "https://app.example/callback%20",
        "https://app.example/callback ",
        " https://app.example/callback",
        "https://app.example/callback\t",
        "https://app.example/callback\r\nX: y",
        "https://app.example/callbac",
        "https://app.example/callback2",
        "https://app.example/callback;a",
        "https://app.example/callback\\",
        "https://app.example\\callback",
        "https://app.example/",
        "https://app.example",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "https://app.example:443/callback",
        "https://app.example:8443/callback",
        "https://app.example./callback",
        "https://www.app.example/callback",
        "https://app.example.evil.example/callback",
        "https://evilapp.example/callback",
        "https://evil.example/callback",
        "https://app.example@evil.example/callback",
        "https://evil.example/https://app.example/callback",
        "https://evil.example#@app.example/callback",
        "https://evil.example\\@app.example/callback",
        "https://a:b@app.example/callback",
        "http://app.example/callback",
        "//app.example/callback",
        "/callback",
        "javascript:alert(1)//app.example/callback",
        "data:text/html,https://app.example/callback",
        "https://app.example/callback,https://evil.example",
        "https://app.example/callback https://evil.example",
        "https://\u{430}pp.example/callback",
        "*",
    ];
    assert!(spellings.len() >= 40);
    for spelling in spellings {
        let target = authorize("home", &[("redirect_uri", spelling)]);
        assert_page(&browser.get(&target), spelling);
    }
    assert!(code_in(&browser.open(&authorize("home", &[]))).is_some());
}

#[test]
fn a2_a_parameter_sent_twice_is_refused() {
    let node = Node::start("a2");
    let mut browser = Browser::of_ada(&node);
    let whole = authorize("home", &[]);
    // Who asks and where the answer goes is not known then: nothing is redirected.
    for (name, value) in [
        ("client_id", "home"),
        ("client_id", "shop"),
        ("redirect_uri", CALLBACK),
    ] {
        let target = format!("{whole}&{}", form(&[(name, value)]));
        assert_page(&browser.get(&target), name);
    }
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "other"),
        ("nonce", "other"),
        ("code_challenge", "other"),
        ("prompt", "none"),
    ] {
        let more = form(&[(name, value), (name, value)]);
        let reply = browser.get(&format!("{whole}&{more}"));
        assert!(code_in(&reply).is_none(), "{name}: {reply:?}");
        if let Some(location) = reply.header("location") {
            assert!(
                location.contains("error=invalid_request"),
                "{name}: {reply:?}"
            );
        } else {
            assert_page(&reply, name);
        }
    }
}

#[test]
fn a3_twelve_malformed_requests_redirect_nowhere() {
    let node = Node::start("a3");
    let mut browser = Browser::of_ada(&node);
    let evil = ("redirect_uri", "https://evil.example/");
    let mut targets = vec![
        "/authorize".to_owned(),
        "/authorize?".to_owned(),
        "/authorize?redirect_uri=https://evil.example/".to_owned(),
        format!("/authorize?{}", form(&[evil, ("error", "access_denied")])),
    ];
    for client in ["", "nobody", "u-1", "home\u{0}", "HOME", "home ", "tv"] {
        targets.push(authorize(client, &[evil]));
        targets.push(authorize(client, &[evil, ("response_type", "token")]));
    }
    targets.push(authorize("nobody", &[]));
    targets.push(authorize("tv", &[]));
    targets.push(authorize("home", &[evil, ("prompt", "none")]));
    assert!(targets.len() >= 12);
    for target in targets {
        assert_page(&browser.get(&target), &target);
    }
}

#[test]
fn a9_a_code_used_twice_ends_everything_it_gave() {
    let node = Node::start("a9");
    let mut browser = Browser::of_ada(&node);
    for pause in [Duration::ZERO, Duration::from_secs(1)] {
        let code = browser.code_of("home");
        let first = node.as_client("home", "/token", &exchange(&code));
        let (access, refresh) = (text(&first, "access_token"), text(&first, "refresh_token"));
        let bearer = format!("Bearer {access}");
        let userinfo = || {
            let header = [("Authorization", bearer.as_str())];
            ask(&node.address, "GET", "/userinfo", &header, "").status
        };
        assert!(node.is_active("home", &access));
        assert_eq!(userinfo(), 200);
        thread::sleep(pause);
        let second = node.as_client("home", "/token", &exchange(&code));
        assert_eq!(
            (second.status, error(&second).as_str()),
            (400, "invalid_grant")
        );
        assert!(!node.is_active("home", &access));
        assert!(!node.is_active("home", &refresh));
        assert_eq!(userinfo(), 401);
        assert_eq!(error(&node.refresh("home", &refresh)), "invalid_grant");
    }
}

#[test]
fn a10_every_form_is_answered_by_303() {
    let node = Node::start("a10");
    for button in ["approve", "deny"] {
        let mut browser = Browser::new(&node);
        let page = browser.open(&authorize("shop", &[]));
        let login = form_with(&page, "submit-login");
        let filled = [("login", "ada"), ("password", super::stage::PASSWORD)];
        let reply = browser.post(&login.action, &login.submit("submit-login", &filled));
        assert_eq!(reply.status, 303, "{reply:?}");
        let page = browser.follow(reply);
        let consent = form_with(&page, button);
        let reply = browser.post(&consent.action, &consent.submit(button, &[]));
        assert_eq!(reply.status, 303, "{reply:?}");
        assert!(reply.header("location").unwrap().starts_with(CALLBACK));
    }
}

/// What an attacker adds to every form and every address on the way.
const TAMPERED: [(&str, &str); 9] = [
    ("response_type", "token id_token"),
    ("response_mode", "fragment"),
    ("redirect_uri", "https://evil.example/"),
    ("client_id", "home"),
    ("scope", "openid offline_access read write"),
    ("state", "evil"),
    (
        "code_challenge",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cX",
    ),
    ("prompt", "none"),
    ("resource", "https://mail.example"),
];

#[test]
fn a11_what_is_changed_on_the_way_changes_nothing() {
    let node = Node::start("a11");
    let mut browser = Browser::new(&node);
    let mut page = browser.open(&authorize("shop", &[("scope", "openid read")]));
    let extra: Vec<(String, String)> = TAMPERED
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for (button, filled) in [
        (
            "submit-login",
            &[("login", "ada"), ("password", super::stage::PASSWORD)][..],
        ),
        ("approve", &[]),
    ] {
        // The page of the restarted step with everything in its address, and again with everything in its form.
        let form_here = form_with(&page, button);
        let address = form_here.action.rsplit_once('/').unwrap().0.to_owned();
        page = browser.open(&format!("{address}?{}", form(&TAMPERED)));
        let form_again = form_with(&page, button);
        let mut fields = form_again.submit(button, filled);
        fields.extend(extra.clone());
        let target = format!("{}?{}", form_again.action, form(&TAMPERED));
        let reply = browser.post(&target, &fields);
        page = browser.follow(reply);
    }
    let location = url::Url::parse(page.header("location").unwrap()).unwrap();
    assert!(
        location.as_str().starts_with(&format!("{CALLBACK}?")),
        "{location}"
    );
    assert_eq!(location.fragment(), None);
    let state = location.query_pairs().find(|(name, _)| name == "state");
    assert_eq!(state.unwrap().1, "state-8c1f");
    let code = code_in(&page).unwrap();
    let tokens = node.as_client("shop", "/token", &exchange(&code));
    let told = node
        .introspect("shop", &text(&tokens, "access_token"))
        .json();
    assert_eq!(told["scope"], "openid read", "{told}");
    assert_eq!(told["client_id"], "shop");
}

#[test]
fn a11_every_hidden_value_is_judged() {
    let node = Node::start("hidden");
    let mut browser = Browser::of_ada(&node);
    let page = browser.open(&authorize("shop", &[]));
    let form = form_with(&page, "approve");
    let whole = form.submit("approve", &[]);
    for (index, (name, value)) in whole.iter().enumerate() {
        for other in [
            format!("{value}x"),
            value.to_uppercase() + "0",
            String::new(),
        ] {
            let mut fields = whole.clone();
            fields[index].1.clone_from(&other);
            let reply = browser.post(&form.action, &fields);
            assert!(code_in(&reply).is_none(), "{name}={other}: {reply:?}");
            assert!(
                (400..500).contains(&reply.status),
                "{name}={other}: {reply:?}"
            );
        }
    }
    let reply = browser.post(&form.action, &whole);
    assert!(code_in(&reply).is_some(), "{reply:?}");
}

/// Addresses a naive server would follow after a login, a consent or a logout.
fn payloads() -> Vec<String> {
    let hosts = [
        "evil.example",
        "evil.example/%2e%2e",
        "evil.example@HOST",
        "HOST.evil.example",
        "HOST@evil.example",
    ];
    let shapes = [
        "https://EVIL",
        "http://EVIL",
        "//EVIL",
        "///EVIL",
        "/\\EVIL",
        "\\\\EVIL",
        "/%09/EVIL",
        "/\t/EVIL",
        "/%0a/EVIL",
        "/%0d%0aLocation: https://EVIL",
        "https:EVIL",
        "https:/EVIL",
        "/%2f%2fEVIL",
    ];
    let mut all: Vec<String> = shapes
        .iter()
        .flat_map(|shape| hosts.iter().map(move |host| shape.replace("EVIL", host)))
        .collect();
    all.extend(
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "\u{1}//evil.example",
        ]
        .map(str::to_owned),
    );
    all
}

/// Neither a redirect nor an address on the page leads to a place the request does not own.
fn assert_stays(reply: &Reply, own: &str, case: &str) {
    let location = reply.header("location").unwrap_or("/");
    let path = location.strip_prefix('/');
    let here = path.is_some_and(|rest| !rest.starts_with(['/', '\\', '\t', '%']));
    let known = [own, &format!("{CALLBACK}?")];
    let known = known.iter().any(|start| location.starts_with(start));
    assert!(here || known, "{case}: {location}");
    for element in html::elements(&reply.body) {
        for name in ["href", "action", "src", "content"] {
            let value = element.attribute(name).unwrap_or_default();
            assert!(!value.contains("evil.example"), "{case}: {element:?}");
        }
    }
}

/// Sends the form with this button, with the attacker's query behind its address.
fn send_with_query(browser: &mut Browser<'_>, page: &Reply, button: &str, query: &str) -> Reply {
    let form = form_with(page, button);
    let filled = [("login", "ada"), ("password", super::stage::PASSWORD)];
    let address = form.action.split('?').next().unwrap();
    browser.post(&format!("{address}?{query}"), &form.submit(button, &filled))
}

#[test]
fn a19_sixty_return_addresses_lead_nowhere() {
    let node = Node::start("a19");
    let payloads = payloads();
    assert!(payloads.len() >= 60);
    let mut browser = Browser::of_ada(&node);
    let asked = browser.get(&authorize("shop", &[]));
    let asked = asked.header("location").unwrap().to_owned();
    let names = [
        "to",
        "return_to",
        "returnUrl",
        "next",
        "redirect_uri",
        "post_logout_redirect_uri",
        "continue",
    ];
    let own = format!("http://{}/", node.address);
    for (number, payload) in payloads.iter().enumerate() {
        let query = form(&names.map(|name| (name, payload.as_str())));
        for page in [
            "/sign-in",
            "/sign-out",
            "/account",
            "/device",
            "/interaction/nothing",
            &asked,
        ] {
            let reply = browser.get(&format!("{page}?{query}"));
            assert_stays(&reply, &own, payload);
        }
        // Each tenth also through the forms: that is where an address would be followed.
        if number % 10 == 0 {
            let consent = browser.open(&authorize("shop", &[]));
            let reply = send_with_query(&mut browser, &consent, "deny", &query);
            assert_stays(&reply, &own, payload);
            let leave = browser.get("/sign-out");
            let reply = send_with_query(&mut browser, &leave, "logout-yes", &query);
            assert_stays(&reply, &own, payload);
            let login = browser.get(&format!("/sign-in?{query}"));
            let reply = send_with_query(&mut browser, &login, "submit-login", &query);
            assert_stays(&reply, &own, payload);
        }
    }
}

#[test]
fn a20_no_page_may_be_framed() {
    let node = Node::start("a20");
    let mut browser = Browser::new(&node);
    browser.open(&authorize("shop", &[]));
    browser.open("/account");
    browser.sign_in("ada");
    let page = browser.open(&authorize("shop", &[]));
    browser.press(&page, "deny", &[]);
    for target in [
        "/account",
        "/device",
        "/sign-out",
        "/interaction/nothing",
        "/authorize",
        "/no-such-page",
        "/authorize?client_id=nobody",
    ] {
        browser.open(target);
    }
    let html: Vec<&Reply> = browser
        .seen
        .iter()
        .filter(|reply| {
            reply
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html"))
        })
        .collect();
    assert!(html.len() >= 9, "{}", html.len());
    for page in html {
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'"), "{page:?}");
        assert!(!policy.contains("unsafe"), "{page:?}");
        let frames = page.header("x-frame-options").unwrap_or_default();
        assert!(frames.eq_ignore_ascii_case("deny"), "{page:?}");
    }
}

#[test]
fn a21_modes_that_are_not_offered_are_refused() {
    let node = Node::start("a21");
    let mut browser = Browser::of_ada(&node);
    for mode in [
        "web_message",
        "fragment",
        "web_message.jwt",
        "query.jwt",
        "jwt",
        "Query",
    ] {
        let reply = browser.get(&authorize("home", &[("response_mode", mode)]));
        assert!(code_in(&reply).is_none(), "{mode}: {reply:?}");
        let told = reply
            .header("location")
            .is_some_and(|l| l.contains("error=invalid_request"));
        assert!(told || reply.status == 400, "{mode}: {reply:?}");
        assert!(!reply.body.contains("postMessage"), "{mode}");
    }
    let discovery = node.get("/.well-known/openid-configuration").json();
    assert_eq!(
        discovery["response_modes_supported"],
        serde_json::json!(["query", "form_post"])
    );
}
