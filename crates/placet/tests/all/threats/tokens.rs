//! Group 3: tokens and the client's own endpoints (T2 to T5, T7, T8, T13, T14, T16).

use std::{collections::BTreeSet, sync::Barrier, thread};

use super::{
    browser::{Browser, authorize, code_in, exchange},
    device::Device,
    stage::{DEVICE_GRANT, FORM, MAIL, Node, PHOTOS, SECRET, Wishes, basic, error, form, text},
};
use crate::server::{Reply, ask};

/// What a first-party client gets for a new code of this browser.
fn tokens(node: &Node, browser: &mut Browser<'_>) -> (String, String) {
    let code = browser.code_of("home");
    let reply = node.as_client("home", "/token", &exchange(&code));
    (text(&reply, "access_token"), text(&reply, "refresh_token"))
}

#[test]
fn t2_of_64_refreshes_at_once_one_branch_grows() {
    let node = Node::start("t2");
    let mut browser = Browser::of_ada(&node);
    for _ in 0..4 {
        let (_, refresh) = tokens(&node, &mut browser);
        let barrier = Barrier::new(64);
        let replies: Vec<Reply> = thread::scope(|scope| {
            let calls: Vec<_> = (0..64)
                .map(|_| {
                    let (node, refresh, barrier) = (&node, &refresh, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        node.refresh("home", refresh)
                    })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let given: BTreeSet<&str> = replies
            .iter()
            .filter(|reply| reply.status == 200)
            .map(|reply| reply.body.as_str())
            .collect();
        assert_eq!(given.len(), 1, "{replies:?}");
        for other in replies.iter().filter(|reply| reply.status != 200) {
            assert!([400, 503].contains(&other.status), "{other:?}");
        }
    }
    node.assert_verified();
}

#[test]
fn t3_ten_repeats_give_one_live_successor_and_its_use_ends_them() {
    let node = Node::start("t3");
    let mut browser = Browser::of_ada(&node);
    let (_, refresh) = tokens(&node, &mut browser);
    let first = node.refresh("home", &refresh);
    let successors: BTreeSet<String> = (0..9)
        .map(|_| node.refresh("home", &refresh))
        .filter(|reply| reply.status == 200)
        .map(|reply| text(&reply, "refresh_token"))
        .collect();
    let successor = text(&first, "refresh_token");
    assert!(
        successors.iter().all(|other| *other == successor),
        "{successors:?}"
    );
    let second = node.refresh("home", &successor);
    assert_eq!(second.status, 200, "{second:?}");
    // Whoever still brings the first one is not the client that goes on with the second: the family ends.
    assert_eq!(error(&node.refresh("home", &refresh)), "invalid_grant");
    for dead in ["access_token", "refresh_token"] {
        assert!(!node.is_active("home", &text(&second, dead)));
    }
}

#[test]
fn t4_another_client_neither_refreshes_nor_revokes() {
    let node = Node::start("t4");
    let mut browser = Browser::of_ada(&node);
    let (access, refresh) = tokens(&node, &mut browser);
    assert_eq!(error(&node.refresh("shop", &refresh)), "invalid_grant");
    for token in [&access, &refresh] {
        for hint in ["access_token", "refresh_token"] {
            let fields = [("token", token.as_str()), ("token_type_hint", hint)];
            assert_eq!(node.as_client("shop", "/revoke", &fields).status, 200);
        }
        assert!(node.is_active("home", token));
    }
    assert_eq!(node.refresh("home", &refresh).status, 200);
}

#[test]
fn t5_what_was_revoked_stays_revoked_through_a_kill() {
    let mut node = Node::start("t5");
    for round in 0..4 {
        let mut browser = Browser::of_ada(&node);
        let (access, refresh) = tokens(&node, &mut browser);
        let (kept, _) = tokens(&node, &mut browser);
        let revoked = node.as_client("home", "/revoke", &[("token", &refresh)]);
        node.kill();
        assert_eq!(revoked.status, 200);
        node.start_again();
        assert!(!node.is_active("home", &refresh), "round {round}");
        assert!(!node.is_active("home", &access), "round {round}");
        assert_eq!(error(&node.refresh("home", &refresh)), "invalid_grant");
        assert!(node.is_active("home", &kept), "round {round}");
    }
    node.assert_verified();
}

#[test]
fn t7_no_other_spelling_of_a_token_is_active() {
    let node = Node::start("t7");
    let mut browser = Browser::of_ada(&node);
    let (access, refresh) = tokens(&node, &mut browser);
    for token in [access, refresh] {
        let swapped: String = token
            .chars()
            .map(|c| {
                if c.is_ascii_uppercase() {
                    c.to_ascii_lowercase()
                } else {
                    c.to_ascii_uppercase()
                }
            })
            .collect();
        let mut others = vec![
            token.to_uppercase(),
            token.to_lowercase(),
            swapped,
            token.replacen(|c: char| c.is_alphanumeric(), "%41", 1),
            token.replace('_', "/").replace('-', "+") + "=",
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}\u{0}"),
            format!("Bearer {token}"),
        ];
        for count in 1..=20 {
            others.push(token.split_at(token.len() - count).0.to_owned());
            others.push(token.split_at(count).1.to_owned());
            others.push(format!("{token}{}", "A".repeat(count)));
            others.push(format!("{token}{}", "=".repeat(count)));
            others.push(format!("{}{token}", "A".repeat(count)));
        }
        for other in others.into_iter().filter(|other| *other != token) {
            let reply = node.introspect("home", &other);
            assert_eq!(
                (reply.status, reply.body.as_str()),
                (200, "{\"active\":false}"),
                "{other:?}"
            );
        }
        assert!(node.is_active("home", &token));
    }
}

#[test]
fn t8_credentials_in_another_shape_are_refused() {
    let wishes = Wishes {
        proxied: true,
        ..Wishes::default()
    };
    let node = Node::with("t8", &wishes);
    let right = basic("tv", SECRET);
    let word = right.strip_prefix("Basic ").unwrap();
    let fields = form(&[("scope", "read")]);
    let with = |headers: &[(&str, &str)], body: &str| {
        let mut all = vec![FORM];
        all.extend(headers);
        ask(&node.address, "POST", "/device_authorization", &all, body)
    };
    let accepted = with(&[("Authorization", &right)], &fields);
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let malformed = [
        format!("Basic  {word}"),
        format!("Basic\t{word}"),
        format!("Basic{word}"),
        format!("Basic {word} {word}"),
        format!("Basic {word},"),
        format!("Basic {word}=="),
        format!("Basic {word}\t{word}"),
        format!("Basic \"{word}\""),
        format!("Basic {}", word.to_lowercase()),
        format!("Basic {}", word.split_at(1).1),
        format!("Basic {}", word.split_at(word.len() - 4).0),
        format!("Basic realm=x, {word}"),
        format!("Bearer {word}"),
        format!("Digest {word}"),
        format!("Basic, Basic {word}"),
        format!("{word} Basic"),
        word.to_owned(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic Og==".to_owned(),
        "Basic dHY=".to_owned(),
        "Basic dHY6".to_owned(),
    ];
    assert!(malformed.len() >= 20);
    for (number, header) in malformed.iter().enumerate() {
        // Each from another place, since guesses from one are stopped.
        let source = format!("203.0.113.{number}");
        let reply = with(
            &[("Authorization", header), ("X-Forwarded-For", &source)],
            &fields,
        );
        assert_eq!(
            (reply.status, error(&reply).as_str()),
            (401, "invalid_client"),
            "{header:?}"
        );
        let scheme = reply.header("www-authenticate").unwrap_or_default();
        assert!(scheme.starts_with("Basic "), "{reply:?}");
    }
    let twice = with(
        &[("Authorization", &right), ("Authorization", &right)],
        &fields,
    );
    assert!([400, 401].contains(&twice.status), "{twice:?}");
    let both = form(&[
        ("scope", "read"),
        ("client_id", "tv"),
        ("client_secret", SECRET),
    ]);
    let both = with(&[("Authorization", &right)], &both);
    assert_eq!(
        (both.status, error(&both).as_str()),
        (400, "invalid_request"),
        "{both:?}"
    );
}

#[test]
fn t13_a_token_for_one_resource_is_nothing_at_another() {
    let node = Node::start("t13");
    let mut browser = Browser::of_ada(&node);
    let reply = browser.open(&authorize("home", &[("resource", PHOTOS)]));
    let code = code_in(&reply).unwrap();
    let reply = node.as_client("home", "/token", &exchange(&code));
    let access = text(&reply, "access_token");
    let told = node.introspect(PHOTOS, &access).json();
    assert_eq!(
        (&told["active"], &told["aud"]),
        (&true.into(), &PHOTOS.into()),
        "{told}"
    );
    assert!(
        node.is_active("home", &access),
        "its own client may always ask"
    );
    assert!(!node.is_active(MAIL, &access));
    assert!(!node.is_active("shop", &access));
}

#[test]
fn t14_nobody_asks_about_tokens_unproven() {
    let node = Node::start("t14");
    let mut browser = Browser::of_ada(&node);
    let (access, _) = tokens(&node, &mut browser);
    let unproven = node.post("/introspect", &[("token", &access)]);
    assert_eq!(unproven.status, 401, "{unproven:?}");
    let named = node.post("/introspect", &[("token", &access), ("client_id", "home")]);
    assert_eq!(
        (named.status, error(&named).as_str()),
        (401, "invalid_client")
    );
    let wrong = [
        ("token", access.as_str()),
        ("client_id", "home"),
        ("client_secret", "wrong"),
    ];
    assert_eq!(node.post("/introspect", &wrong).body, named.body);
    let target = format!("/introspect?{}", form(&[("token", &access)]));
    assert_eq!(node.get(&target).status, 405);
}

#[test]
fn t16_what_a_client_is_not_registered_for_it_does_not_get() {
    let node = Node::start("t16");
    let asked = node.as_client("home", "/device_authorization", &[("scope", "read")]);
    assert_eq!(
        (asked.status, error(&asked).as_str()),
        (400, "unauthorized_client"),
        "{asked:?}"
    );
    let device = Device::ask(&node, "tv");
    let polled = device.poll_as("home", &node);
    assert_eq!(error(&polled), "unauthorized_client", "{polled:?}");
    for (client, fields) in [
        ("home", &[("grant_type", "client_credentials")][..]),
        (
            "radio",
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
        ),
        ("tv", &[("grant_type", "authorization_code"), ("code", "x")]),
        (
            PHOTOS,
            &[("grant_type", DEVICE_GRANT), ("device_code", "x")],
        ),
    ] {
        let reply = node.as_client(client, "/token", fields);
        assert_eq!(error(&reply), "unauthorized_client", "{client}: {reply:?}");
    }
    for unknown in [
        "password",
        "implicit",
        "",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ] {
        let reply = node.as_client("home", "/token", &[("grant_type", unknown)]);
        let known = ["unsupported_grant_type", "invalid_request"];
        assert!(
            known.contains(&error(&reply).as_str()),
            "{unknown}: {reply:?}"
        );
    }
}
