//! What belongs together stays together: browser and request, code and client, token and approval (A4 to A8, A17, A18,
//! C5, C6).

use super::{
    browser::{Browser, VERIFIER, authorize, code_in, exchange, form_with},
    stage::{CALLBACK, Node, PHOTOS, error, text},
};
use crate::server::Reply;

/// The value of a parameter in the address a browser is sent to.
fn sent_back(reply: &Reply, name: &str) -> Option<String> {
    let location = url::Url::parse(reply.header("location")?).ok()?;
    let mut pairs = location.query_pairs();
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

#[test]
fn a4_no_request_without_a_challenge_of_s256() {
    let node = Node::start("a4");
    let mut browser = Browser::of_ada(&node);
    for bent in [
        &[("code_challenge", ""), ("code_challenge_method", "")][..],
        &[("code_challenge", "")],
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[
            ("code_challenge_method", "plain"),
            ("code_challenge", VERIFIER),
        ],
        &[("code_challenge_method", "s256")],
        &[("code_challenge", "short")],
    ] {
        let reply = browser.open(&authorize("home", bent));
        assert!(code_in(&reply).is_none(), "{bent:?}: {reply:?}");
        let told = sent_back(&reply, "error");
        assert_eq!(told.as_deref(), Some("invalid_request"), "{bent:?}");
    }
}

#[test]
fn a5_a_code_without_its_verifier_is_gone() {
    let node = Node::start("a5");
    let mut browser = Browser::of_ada(&node);
    let wrong = "x".repeat(43);
    for verifier in [None, Some(wrong.as_str())] {
        let code = browser.code_of("home");
        let right = exchange(&code);
        let mut bent: Vec<_> = right
            .into_iter()
            .filter(|(name, _)| *name != "code_verifier")
            .collect();
        bent.extend(verifier.map(|value| ("code_verifier", value)));
        for fields in [&bent[..], &right] {
            let reply = node.as_client("home", "/token", fields);
            assert_eq!(error(&reply), "invalid_grant", "{fields:?}: {reply:?}");
        }
    }
}

#[test]
fn a7_every_answer_in_the_browser_names_the_issuer() {
    let node = Node::start("a7");
    let mut browser = Browser::of_ada(&node);
    let issuer = format!("http://{}", node.address);
    let granted = browser.open(&authorize("home", &[]));
    let refused = browser.open(&authorize("home", &[("scope", "openid nonsense")]));
    let page = browser.open(&authorize("shop", &[]));
    let denied = browser.press(&page, "deny", &[]);
    assert!(code_in(&granted).is_some());
    assert_eq!(
        sent_back(&refused, "error").as_deref(),
        Some("invalid_scope")
    );
    assert_eq!(
        sent_back(&denied, "error").as_deref(),
        Some("access_denied")
    );
    for reply in [granted, refused, denied] {
        assert_eq!(sent_back(&reply, "iss").as_deref(), Some(issuer.as_str()));
    }
    let page = browser.open(&authorize("home", &[("response_mode", "form_post")]));
    let posted = super::html::forms(&page.body).remove(0);
    assert_eq!(posted.action, CALLBACK);
    let fields = posted.submit("", &[]);
    assert!(fields.contains(&("iss".to_owned(), issuer)), "{fields:?}");
}

#[test]
fn a8_a_code_is_of_no_use_to_another_client_and_then_to_nobody() {
    let node = Node::start("a8");
    let mut browser = Browser::of_ada(&node);
    let code = browser.code_of("home");
    for client in ["shop", "home"] {
        let reply = node.as_client(client, "/token", &exchange(&code));
        assert_eq!(error(&reply), "invalid_grant", "{client}: {reply:?}");
    }
    // Nor with another redirect address than the one it was sent to.
    let code = browser.code_of("home");
    let mut bent = exchange(&code);
    bent[2].1 = "https://app.example/other";
    let reply = node.as_client("home", "/token", &bent);
    assert_eq!(error(&reply), "invalid_grant", "{reply:?}");
}

#[test]
fn a17_a_request_of_one_browser_is_not_finished_in_another() {
    let node = Node::start("a17");
    let mut attacker = Browser::new(&node);
    let reply = attacker.get(&authorize("shop", &[]));
    let link = reply.header("location").unwrap().to_owned();
    let mut honest = Browser::of_ada(&node);
    let page = honest.get(&link);
    assert_eq!(page.status, 403, "{page:?}");
    assert!(!page.body.contains("id=\"approve\""));
    // The attacker's own form and cookie-bound value do not help either.
    let login = form_with(&attacker.get(&link), "submit-login");
    let fields = login.submit(
        "submit-login",
        &[("login", "ada"), ("password", super::stage::PASSWORD)],
    );
    assert_eq!(honest.post(&login.action, &fields).status, 403);
    // Nor does a session that was in the browser before the sign-in survive it.
    let before = honest.cookies.clone();
    honest.cookies.retain(|(name, _)| !name.contains("session"));
    honest.sign_in("ada");
    let session = |cookies: &[(String, String)]| {
        let found = cookies.iter().find(|(name, _)| name.contains("session"));
        found.map(|(_, value)| value.clone())
    };
    assert_ne!(session(&before), session(&honest.cookies));
}

#[test]
fn a18_an_approval_fetched_by_another_browser_is_burnt() {
    let node = Node::start("a18");
    let mut honest = Browser::of_ada(&node);
    let page = honest.open(&authorize("shop", &[]));
    let form = form_with(&page, "approve");
    let resume = form.action.replace("/decision", "/resume");
    let reply = honest.post(&form.action, &form.submit("approve", &[]));
    let code = code_in(&reply).unwrap();
    // The attacker takes part in another request, and knows the address of this one.
    let mut attacker = Browser::new(&node);
    attacker.get(&authorize("shop", &[]));
    let fetched = attacker.get(&resume);
    assert_eq!(fetched.status, 403, "{fetched:?}");
    let reply = node.as_client("shop", "/token", &exchange(&code));
    assert_eq!(error(&reply), "invalid_grant", "{reply:?}");
}

#[test]
fn c5_an_approval_of_something_else_is_shown_again() {
    let node = Node::start("c5");
    let mut browser = Browser::of_ada(&node);
    let small = browser.open(&authorize("shop", &[("scope", "openid")]));
    let large = browser.open(&authorize("shop", &[]));
    let digest = |page: &Reply| {
        let fields = form_with(page, "approve").submit("approve", &[]);
        let found = fields.into_iter().find(|(name, _)| name == "digest");
        found.unwrap().1
    };
    let form = form_with(&large, "approve");
    let mut fields = form.submit("approve", &[]);
    for (name, value) in &mut fields {
        if name == "digest" {
            *value = digest(&small);
        }
    }
    let reply = browser.post(&form.action, &fields);
    assert_eq!(reply.status, 409, "{reply:?}");
    assert_eq!(
        digest(&reply),
        digest(&large),
        "what is asked is shown anew"
    );
    let reply = browser.press(&reply, "approve", &[]);
    assert!(code_in(&reply).is_some());
}

#[test]
fn c6_no_later_step_gives_more_than_was_approved() {
    let node = Node::start("c6");
    let mut browser = Browser::of_ada(&node);
    let target = authorize(
        "home",
        &[("scope", "offline_access openid"), ("resource", PHOTOS)],
    );
    let code = code_in(&browser.open(&target)).unwrap();
    let tokens = node.as_client("home", "/token", &exchange(&code));
    let refresh = text(&tokens, "refresh_token");
    for (name, value, told) in [
        ("scope", "openid read", "invalid_scope"),
        ("scope", "write", "invalid_scope"),
        ("resource", super::stage::MAIL, "invalid_target"),
        ("resource", "https://nowhere.example", "invalid_target"),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            (name, value),
        ];
        let reply = node.as_client("home", "/token", &fields);
        assert_eq!(error(&reply), told, "{name}={value}: {reply:?}");
    }
    assert_eq!(node.refresh("home", &refresh).status, 200);
}
