//! A GNAP client and two servers on one PostgreSQL: what it may do once, it may do once on all of them.

use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

use serde_json::{Value, json};
use url::Url;

use super::{
    browser::{Browser, outcome},
    gnap_agent::{Agent, GNAP, send},
    nodes::Pair,
    wallet::Wallet,
};
use crate::{
    payments_admin::{GRANTS, ONE, OWN, now_ms, post_to, signed_at},
    server::Reply,
};

/// As many continuations at once as the face promises to keep apart.
const AT_ONCE: usize = 50;
const CLIENT: &str = "https://client.example/back";
/// The operator's tenant of Open Payments.
const TENANT: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";

/// A request that a client has laid down: what it was told.
fn begun(pair: &Pair, agent: &Agent, endpoint: &str, body: &Value) -> Value {
    let body = body.to_string();
    let signed = agent.sign(endpoint, None, &body, "begin");
    let to = (pair.first.as_str(), pair.both.address.as_str());
    let begun = send(to, endpoint, (&signed, &body));
    assert_eq!(begun.status, 200, "{}", begun.body);
    begun.json()
}

/// Ada says yes at the address the client was told. Where her browser ended.
fn agreed(pair: &Pair, told: &Value) -> Reply {
    let redirect = told["interact"]["redirect"].as_str().unwrap();
    let mut browser = Browser::of_ada(&pair.both);
    // As every browser says; what Open Payments has is JSON and redirects.
    let anything = ("Accept".to_owned(), "*/*;q=0.8".to_owned());
    browser.headers.push(anything);
    let page = browser.open(redirect.split_once(&pair.both.address).unwrap().1);
    browser.press(&page, "approve", &[])
}

/// The reference that the browser brings to the client.
fn brought(at_client: &Reply) -> String {
    let location = Url::parse(at_client.header("location").unwrap()).unwrap();
    assert_eq!(location.host_str(), Some("client.example"));
    let mut pairs = location.query_pairs();
    let found = pairs.find(|(name, _)| name == "interact_ref");
    found.unwrap().1.into_owned()
}

/// The client comes back to both nodes at once, as many times as the face promises to keep apart, after the wait it was told:
/// the first continuation, too, has to keep the interval.
fn raced(pair: &Pair, agent: &Agent, told: &Value, body: &str, round: &str) -> Vec<Reply> {
    let wait = told.pointer("/continue/wait").unwrap().as_u64().unwrap();
    thread::sleep(Duration::from_millis(wait * 1_000 + 200));
    at_once(pair, agent, told, body, (AT_ONCE, round))
}

fn at_once(
    pair: &Pair,
    agent: &Agent,
    told: &Value,
    body: &str,
    (count, round): (usize, &str),
) -> Vec<Reply> {
    let text = |pointer: &str| told.pointer(pointer).unwrap().as_str().unwrap();
    let (uri, token) = (text("/continue/uri"), text("/continue/access_token/value"));
    let host = pair.both.address.as_str();
    let nodes = [pair.first.as_str(), pair.second.address.as_str()];
    thread::scope(|scope| {
        let calls: Vec<_> = (0..count)
            .map(|n| {
                let node = nodes[n % nodes.len()];
                scope.spawn(move || {
                    let signed = agent.sign(uri, Some(token), body, &format!("{round}-{n}"));
                    send((node, host), uri, (&signed, body))
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// The values of all tokens that were given. Whoever got none was refused, or told to come again.
fn given(replies: &[Reply]) -> Vec<String> {
    for reply in replies {
        assert!(
            matches!(reply.status, 200 | 400 | 401 | 503),
            "{}",
            reply.body
        );
    }
    let told = replies.iter().filter(|reply| reply.status == 200);
    told.filter_map(|reply| {
        let told = reply.json();
        let value = told.pointer("/access_token/value")?;
        value.as_str().map(str::to_owned)
    })
    .collect()
}

fn gnap_request(agent: &Agent, interact: &Value) -> Value {
    json!({
        "access_token": { "access": [{ "type": "photo-api", "actions": ["read"] }] },
        "client": { "key": agent.key },
        "interact": interact,
    })
}

#[test]
fn c3_fifty_continuations_on_two_nodes_give_one_token() {
    let pair = Pair::start_with("gnap-continue", GNAP);
    let agent = Agent::new();
    let endpoint = format!("http://{}/gnap", pair.both.address);
    let body = gnap_request(&agent, &json!({ "start": ["redirect"] }));
    let told = begun(&pair, &agent, &endpoint, &body);
    assert_eq!(outcome(&agreed(&pair, &told)).as_deref(), Some("approved"));
    let replies = raced(&pair, &agent, &told, "", "poll");
    let values: BTreeSet<String> = given(&replies).into_iter().collect();
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(values.len(), 1, "{statuses:?} {}", replies[0].body);
}

#[test]
fn g4_a_reference_brought_to_two_nodes_at_once_is_good_once() {
    let pair = Pair::start_with("gnap-reference", GNAP);
    let agent = Agent::new();
    let endpoint = format!("http://{}/gnap", pair.both.address);
    let finish = json!({ "method": "redirect", "uri": CLIENT, "nonce": "VJLO6A4CATR0KRO" });
    let interact = json!({ "start": ["redirect"], "finish": finish });
    let told = begun(&pair, &agent, &endpoint, &gnap_request(&agent, &interact));
    let reference = brought(&agreed(&pair, &told));
    let body = json!({ "interact_ref": reference }).to_string();
    let replies = raced(&pair, &agent, &told, &body, "first");
    // What was handed over for a reference is not repeated, not even to the same client.
    assert_eq!(given(&replies).len(), 1, "{}", replies[0].body);
    let again = raced(&pair, &agent, &told, &body, "again");
    assert_eq!(given(&again), [""; 0]);
}

#[test]
fn g4_a_payment_continued_on_two_nodes_at_once_gives_one_token() {
    let agent = Agent::new();
    let server = Arc::default();
    let wallet = Wallet::start(&server, &agent.key["jwk"]);
    let settings = format!(
        "[outbound]\nallow_private = [\"{}\"]\n[open_payments]\noperator_tenant = \"{TENANT}\"\n",
        wallet.host
    );
    let pair = Pair::start_with("payment-reference", &settings);
    let endpoint = format!("http://{}/op/{TENANT}", pair.both.address);
    server.set(endpoint.clone()).unwrap();
    let access = json!({ "type": "outgoing-payment", "actions": ["create"], "identifier": wallet.address("ada") });
    let finish = json!({ "method": "redirect", "uri": CLIENT, "nonce": "VJLO6A4CATR0KRO" });
    let body = json!({
        "access_token": { "access": [access] },
        "client": wallet.address("shop"),
        "interact": { "start": ["redirect"], "finish": finish },
    });
    let told = begun(&pair, &agent, &endpoint, &body);
    let reference = brought(&agreed(&pair, &told));
    let body = json!({ "interact_ref": reference }).to_string();
    // In this profile a call that comes too early, as one of two at once may, makes the interval five seconds longer (G12), and
    // the reference stays good.
    let rounds = [
        ("first", 2, 1_200),
        ("second", 2, 6_200),
        ("last", 1, 11_200),
    ];
    let values: Vec<String> = rounds
        .into_iter()
        .flat_map(|(round, count, wait_ms)| {
            thread::sleep(Duration::from_millis(wait_ms));
            given(&at_once(&pair, &agent, &told, &body, (count, round)))
        })
        .collect();
    assert_eq!(values.len(), 1);
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
    let added: Value = serde_json::from_slice(&added.stdout).unwrap();
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
