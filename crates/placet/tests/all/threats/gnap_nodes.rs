//! A GNAP client and two servers on one PostgreSQL: what it may do once, it may do once on all of them.

use std::{collections::BTreeSet, thread, time::Duration};

use serde_json::json;

use super::{
    browser::{Browser, outcome},
    gnap_agent::{Agent, GNAP, send},
    nodes::Pair,
};
use crate::{
    payments_admin::{GRANTS, ONE, OWN, now_ms, post_to, signed_at},
    server::Reply,
};

/// As many continuations at once as the face promises to keep apart.
const AT_ONCE: usize = 50;

/// A grant that a person has agreed to: where it is continued, with which token, and after which wait.
fn agreed(pair: &Pair, agent: &Agent) -> (String, String, Duration) {
    let host = pair.both.address.clone();
    let endpoint = format!("http://{host}/gnap");
    let body = json!({
        "access_token": { "access": [{ "type": "photo-api", "actions": ["read"] }] },
        "client": { "key": agent.key },
        "interact": { "start": ["redirect"] },
    })
    .to_string();
    let signed = agent.sign(&endpoint, None, &body, "begin");
    let begun = send((&pair.first, &host), &endpoint, (&signed, &body));
    assert_eq!(begun.status, 200, "{}", begun.body);
    let told = begun.json();
    let redirect = told["interact"]["redirect"].as_str().unwrap();
    let mut browser = Browser::of_ada(&pair.both);
    let page = browser.open(redirect.split_once(&host).unwrap().1);
    let answered = browser.press(&page, "approve", &[]);
    let answered = browser.follow(answered);
    assert_eq!(outcome(&answered).as_deref(), Some("approved"));
    let text = |pointer: &str| told.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let wait = told.pointer("/continue/wait").unwrap().as_u64().unwrap();
    (
        text("/continue/uri"),
        text("/continue/access_token/value"),
        Duration::from_secs(wait),
    )
}

#[test]
fn c3_fifty_continuations_on_two_nodes_give_one_token() {
    let pair = Pair::start_with("gnap-continue", GNAP);
    let agent = Agent::new();
    let (uri, token, wait) = agreed(&pair, &agent);
    // The first continuation, too, has to keep the interval.
    thread::sleep(wait + Duration::from_millis(200));
    let host = pair.both.address.as_str();
    let nodes = [pair.first.as_str(), pair.second.address.as_str()];
    let replies: Vec<Reply> = thread::scope(|scope| {
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|n| {
                let (uri, token, agent, node) = (&uri, &token, &agent, nodes[n % nodes.len()]);
                scope.spawn(move || {
                    let signed = agent.sign(uri, Some(token), "", &format!("nonce-{n}"));
                    send((node, host), uri, (&signed, ""))
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let values: BTreeSet<String> = replies
        .iter()
        .filter(|reply| reply.status == 200)
        .filter_map(|reply| {
            let told = reply.json();
            told.pointer("/access_token/value")?
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(values.len(), 1, "{statuses:?} {}", replies[0].body);
    for reply in &replies {
        assert!(
            matches!(reply.status, 200 | 400 | 401 | 503),
            "{}",
            reply.body
        );
    }
}

#[test]
fn g1_a_signature_counts_once_on_all_nodes() {
    let pair = Pair::start_with("gnap-replay", GNAP);
    let agent = Agent::new();
    let host = pair.both.address.as_str();
    let endpoint = format!("http://{host}/gnap");
    let body = json!({
        "access_token": { "access": ["photos"] },
        "client": { "key": agent.key },
        "interact": { "start": ["user_code"] },
    })
    .to_string();
    let signed = agent.sign(&endpoint, None, &body, "only-once");
    let to = |node: &str| send((node, host), &endpoint, (&signed, &body)).status;
    assert_eq!(to(&pair.first), 200);
    assert_eq!(to(&pair.second.address), 401, "another node remembers it");
    assert_eq!(to(&pair.first), 401);
}

#[test]
fn g9_a_signature_of_a_tenant_counts_once_on_all_nodes() {
    let payments = format!("[open_payments]\noperator_tenant = \"{OWN}\"\n");
    let pair = Pair::start_with("graphql-replay", &payments);
    let added = pair.both.command(&["tenants", "add", ONE, "--json"]);
    let added: serde_json::Value = serde_json::from_slice(&added.stdout).unwrap();
    let secret = added["api_secret"].as_str().unwrap();
    let body = json!({ "query": GRANTS }).to_string();
    let [first, second] = pair.admins.each_ref();
    let asks = |node: &str, signature: &str| post_to(node, ONE, signature, &body).status;
    let once = signed_at(now_ms(), secret, &body);
    assert_eq!(asks(first, &once), 200);
    assert_eq!(asks(second, &once), 401, "another node took it");
    let other = signed_at(now_ms(), secret, &body);
    assert_eq!(asks(second, &other), 200);
    assert_eq!(asks(first, &other), 401);
    // Both at the same moment: one counts.
    for _ in 0..10 {
        let once = signed_at(now_ms(), secret, &body);
        let statuses = thread::scope(|scope| {
            [first, second]
                .map(|node| scope.spawn(|| asks(node, &once)))
                .map(|asked| asked.join().unwrap())
        });
        let taken = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(taken, 1, "{statuses:?}");
    }
}
