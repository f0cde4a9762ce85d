//! Group 1, what is kept and told: identifiers, oracles, the stolen store, floods, logs (C7 to C10, C15).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use super::{
    browser::{Browser, authorize, code_in, exchange, outcome, set_cookies},
    device::Device,
    stage::{DEVICE_GRANT, FORM, Node, PASSWORD, SECRET, Wishes, basic, form, text},
};
use crate::server::{ADMIN_TOKEN, Reply, ask};

/// Characters of a secret: 256 bits in base64url, and 48 that say when it was made, under a mask.
const SECRET_CHARACTERS: usize = 51;
const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How far a count of each symbol is from an even one, and the value that one run in a million exceeds.
fn chi_square(texts: &[&str], alphabet: &str) -> (f64, f64) {
    let mut counts: BTreeMap<char, f64> = alphabet.chars().map(|symbol| (symbol, 0.0)).collect();
    for symbol in texts.iter().flat_map(|text| text.chars()) {
        *counts.get_mut(&symbol).unwrap() += 1.0;
    }
    let all: f64 = counts.values().sum();
    let freedom = f64::from(u32::try_from(counts.len()).unwrap() - 1);
    let even = all / (freedom + 1.0);
    let found = counts
        .values()
        .map(|count| (count - even).powi(2) / even)
        .sum();
    // Wilson and Hilferty's approximation, at 4.75 standard deviations.
    let spread = 2.0 / (9.0 * freedom);
    let limit = freedom * (1.0 - spread + 4.75 * spread.sqrt()).powi(3);
    (found, limit)
}

#[test]
fn c7_identifiers_are_long_and_share_nothing() {
    let wishes = Wishes {
        limits: "pending_per_source = 10000",
        ..Wishes::default()
    };
    let node = Node::with("c7", &wishes);
    let devices: Vec<Device> = (0..400).map(|_| Device::ask(&node, "tv")).collect();
    let secrets: BTreeSet<&str> = devices.iter().map(|d| d.code.as_str()).collect();
    let codes: BTreeSet<String> = devices
        .iter()
        .map(|d| d.user_code.replace('-', ""))
        .collect();
    assert_eq!((secrets.len(), codes.len()), (devices.len(), devices.len()));
    let beginnings: BTreeSet<&str> = secrets
        .iter()
        .filter_map(|secret| secret.get(..6))
        .collect();
    assert_eq!(
        beginnings.len(),
        secrets.len(),
        "a prefix that is shared tells something"
    );
    for secret in &secrets {
        assert_eq!(secret.len(), SECRET_CHARACTERS);
    }
    // The last character carries four bits alone.
    let bodies: Vec<&str> = secrets
        .iter()
        .filter_map(|secret| secret.get(..SECRET_CHARACTERS - 1))
        .collect();
    let (found, limit) = chi_square(&bodies, BASE64URL);
    assert!(found < limit, "device codes: {found} above {limit}");
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let (found, limit) = chi_square(&codes, "BCDFGHJKLMNPQRSTVWXZ");
    assert!(found < limit, "user codes: {found} above {limit}");
    // A neighbour of one that exists is as unknown as nonsense.
    let mut neighbour = devices[0].code.clone();
    let first = if neighbour.starts_with('A') { "B" } else { "A" };
    neighbour.replace_range(..1, first);
    let poll = |code: &str| {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", code)];
        let reply = node.as_client("tv", "/token", &fields);
        (reply.status, reply.body)
    };
    assert_eq!(poll(&neighbour), poll("nonsense"));
}

/// Status, body, and every header that does not tell the time or the request's own number.
pub(super) fn face_of(reply: &Reply) -> (u16, Vec<String>, String) {
    let tells = |line: &&str| {
        let name = line
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        !["date", "x-request-id"].contains(&name.as_str())
    };
    let head = reply.head.lines().filter(tells).map(str::to_owned);
    // An error page shows the number too, so that it can be told to somebody.
    let number = reply.header("x-request-id").unwrap_or("none");
    (
        reply.status,
        head.collect(),
        reply.body.replace(number, "NUMBER"),
    )
}

/// What half of the calls take less than.
fn median_us(mut taken: Vec<u128>) -> u128 {
    taken.sort_unstable();
    taken[taken.len() / 2]
}

/// Calls both in turns, so that whatever else the machine does meets both alike; of three rounds the calmest counts.
#[expect(
    clippy::disallowed_methods,
    reason = "a stranger measures with a clock of their own"
)]
fn assert_same_time(one: impl Fn(), other: impl Fn()) {
    let measure = |call: &dyn Fn()| {
        let begun = Instant::now();
        call();
        begun.elapsed().as_micros()
    };
    let difference_us = || {
        let pairs = (0..100).map(|_| (measure(&one), measure(&other)));
        let (ones, others): (Vec<u128>, Vec<u128>) = pairs.unzip();
        median_us(ones).abs_diff(median_us(others))
    };
    let calmest = (0..3).map(|_| difference_us()).min().unwrap();
    assert!(calmest < 2_000, "{calmest} µs tell one from the other");
}

#[test]
fn c8_unknown_foreign_and_expired_look_the_same() {
    let wishes = Wishes {
        lifetimes: "access_token = 1\nrefresh_token = 1\nrefresh_token_idle = 1",
        ..Wishes::default()
    };
    let node = Node::with("c8", &wishes);
    let nonsense = "A".repeat(SECRET_CHARACTERS);
    // Device codes: another client's and nobody's.
    let device = Device::ask(&node, "tv");
    let poll = |code: &str| {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", code)];
        face_of(&node.as_client("radio", "/token", &fields))
    };
    assert_eq!(poll(&device.code), poll(&nonsense));
    // Requests: one that is in another browser, and one that is nowhere.
    let mut honest = Browser::of_ada(&node);
    let target = honest
        .get(&authorize("shop", &[]))
        .header("location")
        .unwrap()
        .to_owned();
    let mut stranger = Browser::new(&node);
    stranger.get("/device");
    let absent = target.replace(|c: char| c.is_ascii_digit(), "0");
    assert_ne!(target, absent);
    for page in ["", "/status", "/resume"] {
        let foreign = face_of(&stranger.get(&format!("{target}{page}")));
        let unknown = face_of(&stranger.get(&format!("{absent}{page}")));
        assert_eq!(foreign, unknown, "{page}");
    }
    assert_same_time(|| drop(poll(&device.code)), || drop(poll(&nonsense)));
    // Tokens: another resource's, one that is over, and none at all.
    let code = honest.code_of("home");
    let tokens = node.as_client("home", "/token", &exchange(&code));
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let ask_about = |caller: &str, token: &str| face_of(&node.introspect(caller, token));
    let unknown = ask_about("home", &nonsense);
    assert_eq!(ask_about("shop", &access), unknown);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(ask_about("home", &access), unknown);
    assert_eq!(ask_about("home", &refresh), unknown);
    let refresh_with = |client: &str, token: &str| face_of(&node.refresh(client, token));
    let unknown = refresh_with("home", &nonsense);
    assert_eq!(refresh_with("shop", &refresh), unknown);
    assert_eq!(refresh_with("home", &refresh), unknown);
}

/// Everything secret that went over the wire while people and clients did everything once.
struct Journal {
    secrets: BTreeMap<String, &'static str>,
}

impl Journal {
    fn note(&mut self, what: &'static str, secret: &str) {
        assert!(
            secret.len() >= 6,
            "{what} {secret} would be found by chance"
        );
        self.secrets.insert(secret.to_owned(), what);
    }

    fn note_cookies(&mut self, browser: &Browser<'_>) {
        for line in browser.seen.iter().flat_map(set_cookies) {
            let value = line.split(';').next().and_then(|pair| pair.split_once('='));
            // An interaction cookie is made of several values; each is searched for.
            let parts = value
                .map(|(_, value)| value.split('.'))
                .into_iter()
                .flatten();
            for part in parts.filter(|part| part.len() > 20) {
                self.note("cookie", part);
            }
        }
        for page in &browser.seen {
            for form in super::html::forms(&page.body) {
                for (name, value) in form.submit("", &[]) {
                    if name == "csrf" {
                        self.note("anti-forgery value", &value);
                    }
                }
            }
        }
    }

    fn assert_absent(&self, place: &str, haystack: &[u8]) {
        assert!(haystack.len() > 500, "{place} is empty");
        for (secret, what) in &self.secrets {
            let found = haystack
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "the {what} {secret} stands in {place}");
        }
    }
}

/// Every flow once, with its refusals.
fn live(node: &Node) -> Journal {
    let mut journal = Journal {
        secrets: BTreeMap::new(),
    };
    for (what, secret) in [
        ("client secret", SECRET),
        ("password", PASSWORD),
        ("operator's token", ADMIN_TOKEN),
        ("wrong password", "wrong-password-51f"),
        ("verifier", super::browser::VERIFIER),
    ] {
        journal.note(what, secret);
    }
    let header = basic("tv", SECRET);
    journal.note(
        "authorization header",
        header.strip_prefix("Basic ").unwrap(),
    );
    let mut browser = Browser::new(node);
    let page = browser.get("/sign-in");
    let wrong = [("login", "ada"), ("password", "wrong-password-51f")];
    browser.press(&page, "submit-login", &wrong);
    browser.sign_in("ada");
    node.operator("/admin/v1/events");

    let device = Device::ask(node, "tv");
    journal.note("device code", &device.code);
    journal.note("user code", &device.user_code);
    journal.note("user code", &device.user_code.replace('-', ""));
    device.poll(node);
    browser.open(&device.complete);
    browser.approve_device(&device.user_code);
    let tokens = device.wait(node);
    note_tokens(&mut journal, &tokens);

    let page = browser.open(&authorize("shop", &[]));
    let reply = browser.press(&page, "approve", &[]);
    let code = code_in(&reply).unwrap();
    journal.note("code", &code);
    let tokens = node.as_client("shop", "/token", &exchange(&code));
    note_tokens(&mut journal, &tokens);
    let access = text(&tokens, "access_token");
    let next = node.refresh("shop", &text(&tokens, "refresh_token"));
    note_tokens(&mut journal, &next);
    let bearer = format!("Bearer {access}");
    ask(
        &node.address,
        "GET",
        "/userinfo",
        &[("Authorization", &bearer)],
        "",
    );
    node.introspect("shop", &access);
    node.introspect("home", &access);
    node.as_client("shop", "/token", &exchange(&code));
    node.as_client("shop", "/revoke", &[("token", &access)]);
    node.post(
        "/token",
        &[("client_id", "tv"), ("client_secret", "wrong-secret-77a")],
    );
    journal.note("wrong client secret", "wrong-secret-77a");
    let page = browser.get("/sign-out");
    browser.press(&page, "logout-yes", &[]);
    journal.note_cookies(&browser);
    journal
}

fn note_tokens(journal: &mut Journal, reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = reply.json()[name].as_str() {
            // A JWT's signature is what nobody else can make.
            journal.note(name, token.rsplit('.').next().unwrap());
        }
    }
}

#[test]
fn c9_a_copy_of_the_store_holds_no_secret_of_the_wire() {
    let mut node = Node::start("c9");
    let journal = live(&node);
    assert!(journal.secrets.len() > 25, "{:?}", journal.secrets);
    let running = node.stored();
    journal.assert_absent("the store of a running server", &running);
    node.kill();
    journal.assert_absent("the store after a kill", &node.stored());
}

#[test]
fn c15_logs_and_metrics_hold_no_secret_of_the_wire() {
    let wishes = Wishes {
        tables: "[log]\nfilter = \"trace\"\n",
        ..Wishes::default()
    };
    let node = Node::with("c15", &wishes);
    let mut journal = live(&node);
    // No secret to the server, which gives it back; but nobody else's business.
    journal.note("state", "state-8c1f");
    let (log, metrics) = (node.log(), node.operator("/metrics").body);
    assert!(log.contains("/device_authorization"), "{log}");
    journal.assert_absent("the log", log.as_bytes());
    journal.assert_absent("the metrics", metrics.as_bytes());
    let events = node.operator("/admin/v1/events?limit=200").body;
    journal.assert_absent("the events", events.as_bytes());
}

/// Asks for a device as a client at another address.
fn ask_from(node: &Node, client: &str, source: &str) -> Reply {
    let header = basic(client, SECRET);
    let headers = [
        FORM,
        ("Authorization", header.as_str()),
        ("X-Forwarded-For", source),
    ];
    let body = form(&[("scope", "read")]);
    ask(
        &node.address,
        "POST",
        "/device_authorization",
        &headers,
        &body,
    )
}

#[test]
fn c10_a_flood_is_refused_before_it_costs_anything() {
    let wishes = Wishes {
        limits: "pending_per_client = 30\npending_per_source = 20\npending_total = 60",
        proxied: true,
        ..Wishes::default()
    };
    let node = Node::with("c10", &wishes);
    let first = ask_from(&node, "tv", "203.0.113.1");
    assert_eq!(first.status, 200);
    for number in 1..20 {
        assert_eq!(ask_from(&node, "tv", "203.0.113.1").status, 200, "{number}");
    }
    let refused = |reply: &Reply| {
        let wait: Option<u64> = reply.header("retry-after").and_then(|s| s.parse().ok());
        reply.status == 429 && wait.is_some_and(|seconds| (1..=600).contains(&seconds))
    };
    let full_source = ask_from(&node, "radio", "203.0.113.1");
    assert!(refused(&full_source), "{full_source:?}");
    for _ in 0..10 {
        assert_eq!(ask_from(&node, "tv", "203.0.113.2").status, 200);
    }
    let full_client = ask_from(&node, "tv", "203.0.113.3");
    assert!(refused(&full_client), "{full_client:?}");
    assert_eq!(
        ask_from(&node, "radio", "203.0.113.3").status,
        200,
        "another client is served"
    );
    // What is refused is not written.
    node.settle();
    let before = node.stored_bytes();
    for _ in 0..500 {
        assert!(refused(&ask_from(&node, "tv", "203.0.113.4")));
    }
    assert_eq!(node.stored_bytes(), before);
    // An answer makes room for exactly one more.
    let mut browser = Browser::at(&node, "198.51.100.1");
    browser.sign_in("ada");
    let page = browser.enter_code(&text(&first, "user_code"));
    let page = browser.press(&page, "deny", &[]);
    assert_eq!(outcome(&page).as_deref(), Some("denied"));
    assert_eq!(ask_from(&node, "tv", "203.0.113.1").status, 200);
    assert!(refused(&ask_from(&node, "tv", "203.0.113.1")));
}
