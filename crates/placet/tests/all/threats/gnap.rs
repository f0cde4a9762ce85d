//! Group 1 on GNAP: requests that are laid before a person by name (C8, C10).

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::{
    browser::{Browser, outcome},
    gnap_agent::{Agent, GNAP, send},
    secrets::face_of,
    stage::{Node, Wishes},
};
use crate::server::Reply;

/// Where the page of a person leads to a request.
const LINK: &str = "/account/requests/";
/// How many requests of one client may wait for a person (docs/gnap.md).
const PER_CLIENT: usize = 5;

fn node(name: &str) -> Node {
    let wishes = Wishes {
        tables: GNAP,
        ..Wishes::default()
    };
    Node::with(name, &wishes)
}

/// A client that brings nobody asks for a person by name.
fn asks(node: &Node, agent: &Agent, user: &str, nonce: &str) -> Reply {
    let endpoint = format!("http://{}/gnap", node.address);
    let body = json!({
        "access_token": { "access": ["photos"] },
        "client": { "key": agent.key, "display": { "name": "Clock" } },
        "user": user,
        "interact": { "start": [] },
    })
    .to_string();
    let signed = agent.sign(&endpoint, None, &body, nonce);
    let to = (node.address.as_str(), node.address.as_str());
    send(to, &endpoint, (&signed, &body))
}

fn polls(node: &Node, agent: &Agent, told: &Value, nonce: &str) -> Value {
    let text = |pointer: &str| told.pointer(pointer).unwrap().as_str().unwrap();
    let uri = text("/continue/uri");
    let wait = told.pointer("/continue/wait").unwrap().as_u64().unwrap();
    thread::sleep(Duration::from_millis(wait * 1_000 + 200));
    let token = text("/continue/access_token/value");
    let signed = agent.sign(uri, Some(token), "", nonce);
    let to = (node.address.as_str(), node.address.as_str());
    let reply = send(to, uri, (&signed, ""));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

/// The links to requests on a person's page.
fn links(page: &Reply) -> Vec<String> {
    let parts = page.body.split("href=\"").skip(1);
    let targets = parts.filter_map(|rest| rest.split('"').next());
    targets
        .filter(|target| target.starts_with(LINK))
        .map(str::to_owned)
        .collect()
}

#[test]
fn c8_what_waits_for_a_person_is_found_by_nobody_else() {
    let node = node("gnap-c8");
    let agent = Agent::new();
    let begun = asks(&node, &agent, "u-1", "begin");
    assert_eq!(begun.status, 200, "{}", begun.body);
    let begun = begun.json();
    assert!(begun.get("interact").is_none(), "{begun}");
    let pending = polls(&node, &agent, &begun, "early");
    assert!(pending.get("access_token").is_none(), "{pending}");

    let mut ada = Browser::of_ada(&node);
    let page = ada.open("/account");
    let found = links(&page);
    assert_eq!(found.len(), 1, "{page:?}");
    let mut ben = Browser::new(&node);
    ben.sign_in("ben");
    assert!(links(&ben.open("/account")).is_empty());
    let absent = format!("{LINK}req_{}", "0".repeat(32));
    let foreign = face_of(&ben.get(&found[0]));
    assert_eq!(foreign, face_of(&ben.get(&absent)));
    assert_eq!(foreign, face_of(&ada.get(&absent)));
    assert_eq!(ben.get(&found[0]).status, 404);

    let consent = ada.open(&found[0]);
    let answered = ada.press(&consent, "approve", &[]);
    assert_eq!(outcome(&answered).as_deref(), Some("approved"));
    assert!(links(&ada.open("/account")).is_empty());
    let told = polls(&node, &agent, &pending, "late");
    assert!(told.pointer("/access_token/value").is_some(), "{told}");
}

#[test]
fn c10_nobody_is_worn_out_by_one_client_that_names_them() {
    let node = node("gnap-c10");
    let (agent, other) = (Agent::new(), Agent::new());
    for number in 0..PER_CLIENT {
        let reply = asks(&node, &agent, "u-1", &format!("one-{number}"));
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let reply = asks(&node, &agent, "u-1", "too-many");
    assert_eq!(reply.status, 429, "{}", reply.body);
    assert!(reply.header("retry-after").is_some());
    assert_eq!(asks(&node, &other, "u-1", "other").status, 200);
    assert_eq!(asks(&node, &agent, "u-2", "for-ben").status, 200);
    let mut ada = Browser::of_ada(&node);
    assert_eq!(links(&ada.open("/account")).len(), PER_CLIENT + 1);
}
