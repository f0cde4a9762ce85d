//! Group 1, races and time: who decides, who collects, and when it is too late (C1 to C4, C11).

use std::{
    net::Shutdown,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use placet_core::{
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    store::{Change, Commit, Record, Store},
    time::{Clock as _, Lifetime, SystemClock},
};
use placet_store::SqliteStore;

use super::{
    browser::{Browser, exchange, form_with, outcome},
    device::Device,
    html::Form,
    stage::{Node, Wishes, error, text},
};
use crate::server::Reply;

const PRESSES: usize = 64;

/// Presses both buttons of one page, from many tabs at once; gives the last page of each press with its button.
fn press_at_once(browser: &Browser<'_>, form: &Form) -> Vec<(&'static str, Reply)> {
    let barrier = Barrier::new(PRESSES);
    thread::scope(|scope| {
        let presses: Vec<_> = (0..PRESSES)
            .map(|number| {
                let button = if number % 2 == 0 { "approve" } else { "deny" };
                let (mut tab, barrier) = (browser.copy(), &barrier);
                scope.spawn(move || {
                    let fields = form.submit(button, &[("confirm_device", "yes")]);
                    barrier.wait();
                    let reply = tab.post(&form.action, &fields);
                    assert_eq!(reply.status, 303, "{reply:?}");
                    (button, tab.follow(reply))
                })
            })
            .collect();
        presses
            .into_iter()
            .map(|press| press.join().unwrap())
            .collect()
    })
}

#[test]
fn c1_of_64_presses_on_the_wire_one_decides_and_the_token_agrees() {
    let node = Node::start("c1");
    let mut browser = Browser::of_ada(&node);
    for _ in 0..3 {
        let device = Device::ask(&node, "tv");
        let page = browser.enter_code(&device.user_code);
        let form = form_with(&page, "approve");
        let pages = press_at_once(&browser, &form);
        let token = device.wait(&node);
        let (winner, last) = match token.status {
            200 => ("approve", "approved"),
            _ => ("deny", "denied"),
        };
        if winner == "deny" {
            assert_eq!(error(&token), "access_denied", "{token:?}");
        }
        for (button, page) in pages {
            let want = if button == winner { last } else { "answered" };
            assert_eq!(
                outcome(&page).as_deref(),
                Some(want),
                "{button}, and {winner} won"
            );
        }
    }
    node.assert_verified();
}

#[test]
fn c2_around_the_end_both_sides_hear_the_same() {
    let wishes = Wishes {
        lifetimes: "device_code = 5",
        ..Wishes::default()
    };
    let node = Node::with("c2", &wishes);
    let browser = Browser::of_ada(&node);
    let lateness_ms: [u64; 8] = [4_700, 4_900, 4_960, 4_990, 5_000, 5_010, 5_050, 5_200];
    thread::scope(|scope| {
        for late_ms in lateness_ms {
            let (node, mut tab) = (&node, browser.copy());
            scope.spawn(move || {
                let begun = SystemClock.now();
                let device = Device::ask(node, "tv");
                let page = tab.enter_code(&device.user_code);
                let form = form_with(&page, "approve");
                let fields = form.submit("approve", &[("confirm_device", "yes")]);
                let passed_ms = SystemClock.now().since(begun).as_millis();
                thread::sleep(Duration::from_millis(late_ms.saturating_sub(passed_ms)));
                let (polled, decided) = thread::scope(|inner| {
                    let polled = inner.spawn(|| device.poll(node));
                    let reply = tab.post(&form.action, &fields);
                    (polled.join().unwrap(), tab.follow(reply))
                });
                let told = if error(&polled) == "authorization_pending" {
                    device.wait(node)
                } else {
                    polled
                };
                let said = outcome(&decided).unwrap_or_else(|| panic!("{decided:?}"));
                let agreed = match said.as_str() {
                    "approved" => told.status == 200,
                    "expired" => error(&told) == "expired_token",
                    _ => false,
                };
                assert!(agreed, "the page says {said}, the client hears {told:?}");
            });
        }
    });
}

#[test]
fn c3_of_64_polls_released_by_the_approval_one_gets_the_token() {
    let node = Node::start("c3");
    let mut browser = Browser::of_ada(&node);
    for _ in 0..4 {
        let device = Device::ask(&node, "tv");
        let page = browser.enter_code(&device.user_code);
        let form = form_with(&page, "approve");
        let fields = form.submit("approve", &[("confirm_device", "yes")]);
        let barrier = Barrier::new(PRESSES + 1);
        let mut tab = browser.copy();
        let polls: Vec<Reply> = thread::scope(|scope| {
            let polls: Vec<_> = (0..PRESSES)
                .map(|_| {
                    let (node, device, barrier) = (&node, &device, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        device.poll(node)
                    })
                })
                .collect();
            barrier.wait();
            tab.post(&form.action, &fields);
            polls.into_iter().map(|poll| poll.join().unwrap()).collect()
        });
        let early = polls.iter().filter(|reply| reply.status == 200).count();
        let after = device.wait(&node);
        let winners = early + usize::from(after.status == 200);
        assert_eq!(winners, 1, "{early} early, then {after:?}");
        for poll in polls.iter().filter(|reply| reply.status != 200) {
            let known = ["authorization_pending", "slow_down", "invalid_grant"];
            assert!(known.contains(&error(poll).as_str()), "{poll:?}");
        }
    }
    node.assert_verified();
}

/// Sends a token request and cuts the connection before the answer can be read.
fn cut(node: &Node, fields: &[(&str, &str)]) {
    let stream = node.send_as_client("home", "/token", fields).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
}

#[test]
fn c4_a_lost_answer_is_repeated_for_a_refresh_and_never_for_a_code() {
    let node = Node::start("c4");
    let mut browser = Browser::of_ada(&node);
    // Refresh: the retry gets what was lost, and the chain goes on.
    let code = browser.code_of("home");
    let reply = node.as_client("home", "/token", &exchange(&code));
    let mut refresh = text(&reply, "refresh_token");
    for _ in 0..20 {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        cut(&node, &fields);
        let first = node.as_client("home", "/token", &fields);
        let second = node.as_client("home", "/token", &fields);
        assert_eq!((first.status, &first.body), (200, &second.body));
        refresh = text(&first, "refresh_token");
    }
    // Code: whoever comes second gets nothing, and nothing that was given to the first lives on.
    for _ in 0..20 {
        let code = browser.code_of("home");
        let fields = exchange(&code);
        cut(&node, &fields);
        let retry = node.as_client("home", "/token", &fields);
        let again = node.as_client("home", "/token", &fields);
        assert_eq!(error(&again), "invalid_grant", "{again:?}");
        if retry.status == 200 {
            assert!(!node.is_active("home", &text(&retry, "access_token")));
        } else {
            assert_eq!(error(&retry), "invalid_grant", "{retry:?}");
        }
    }
    assert!(node.is_active("home", &refresh));
    node.assert_verified();
}

/// Writes into the store, while no server runs, that the time was `ahead` later than it is.
fn mark_time_ahead(node: &Node, ahead: Lifetime) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(SystemClock);
        let path = node.directory.path().join("placet.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, clock).unwrap());
        let id = Issuer::new(&format!("http://{}", node.address), store.now()).id;
        let read = store.issuer(id, id).await.unwrap().unwrap();
        let mut issuer = read.value;
        issuer.clock_mark = store.now().plus(ahead);
        let event = Event::new(
            Id::from_bytes([7; 16]),
            EventKind::IssuerChanged,
            store.now(),
        );
        let commit =
            Commit::new(id, event).with(Change::update(read.version, Record::Issuer(issuer)));
        store.commit(commit).await.unwrap();
    });
}

#[test]
fn c11_a_clock_behind_what_was_kept_serves_nothing_until_it_is_accepted() {
    let mut node = Node::start("c11");
    node.kill();
    mark_time_ahead(&node, Lifetime::from_secs(3_600));
    node.start_again();
    let ready = node.operator("/ready");
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["reasons"][0]["code"],
        "clock_behind",
        "{ready:?}"
    );
    let refused = node.as_client("tv", "/device_authorization", &[("scope", "read")]);
    assert_eq!(refused.status, 503, "{refused:?}");
    node.kill();
    let accepted = node.command(&["clock", "accept"]);
    assert!(accepted.status.success(), "{accepted:?}");
    node.start_again();
    assert_eq!(node.operator("/ready").status, 200);
    Device::ask(&node, "tv");
}
