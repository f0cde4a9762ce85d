//! Group 4: the device flow (D1 to D3, D5 to D8, D10).

use std::{thread, time::Duration};

use super::{
    browser::{Browser, form_with, outcome},
    device::Device,
    html,
    stage::{DEVICE_GRANT, Node, Wishes, error},
};
use crate::server::Reply;

/// A code nobody was given, as far as 20 to the power of 8 allows.
fn wrong_code(number: usize) -> String {
    let letters: Vec<char> = "BCDFGHJKLMNPQRSTVWXZ".chars().collect();
    let digit = |place: u32| letters[number / 20_usize.pow(place) % 20];
    format!("ZZZZZ{}{}{}", digit(2), digit(1), digit(0))
}

/// Enters wrong codes until one is not even looked at; gives how many were, and the answer to the one that was not.
fn guess_until_stopped(browser: &mut Browser<'_>, first: usize) -> (usize, Reply) {
    let page = browser.get("/device");
    let form = form_with(&page, "submit-code");
    for number in 0..100 {
        let guess = wrong_code(first + number);
        let fields = form.submit("submit-code", &[("user_code", &guess)]);
        let reply = browser.post(&form.action, &fields);
        if reply.status != 404 {
            return (number, reply);
        }
    }
    panic!("nobody stops the guesser");
}

fn sources() -> Wishes<'static> {
    Wishes {
        proxied: true,
        ..Wishes::default()
    }
}

#[test]
fn d1_a_browser_guesses_five_codes_a_source_twenty_and_the_right_code_works_elsewhere() {
    let node = Node::with("d1", &sources());
    let device = Device::ask(&node, "tv");
    let mut all = 0;
    for number in 0..4 {
        let mut browser = Browser::at(&node, "203.0.113.7");
        let (looked_at, stopped) = guess_until_stopped(&mut browser, number * 100);
        assert_eq!((looked_at, stopped.status), (5, 429), "{stopped:?}");
        assert!(stopped.header("retry-after").is_some());
        all += looked_at;
        // The right code is no better than a wrong one there.
        let refused = browser.enter_code(&device.user_code);
        assert_eq!(refused.status, 429);
    }
    assert_eq!(all, 20);
    let mut fresh = Browser::at(&node, "203.0.113.7");
    assert_eq!(
        guess_until_stopped(&mut fresh, 900).0,
        0,
        "the source is full"
    );
    let mut honest = Browser::at(&node, "198.51.100.1");
    honest.sign_in("ada");
    let page = honest.approve_device(&device.user_code);
    assert_eq!(outcome(&page).as_deref(), Some("approved"));
    assert_eq!(device.wait(&node).status, 200);
}

#[test]
fn d2_guesses_at_a_code_do_not_close_it_for_its_person() {
    let node = Node::with("d2", &sources());
    let device = Device::ask(&node, "tv");
    // Many guessers at once, each until it is stopped, and each also with the code itself after that.
    thread::scope(|scope| {
        for number in 0..6 {
            let (node, device) = (&node, &device);
            scope.spawn(move || {
                let mut browser = Browser::at(node, &format!("203.0.113.{number}"));
                guess_until_stopped(&mut browser, number * 100);
                browser.enter_code(&device.user_code);
            });
        }
    });
    let mut honest = Browser::at(&node, "198.51.100.2");
    honest.sign_in("ada");
    let page = honest.approve_device(&device.user_code);
    assert_eq!(outcome(&page).as_deref(), Some("approved"), "{page:?}");
}

#[test]
fn d3_another_client_gets_nothing_for_a_device_code_before_and_after() {
    let node = Node::start("d3");
    let device = Device::ask(&node, "tv");
    let foreign = |when: &str| {
        let reply = device.poll_as("radio", &node);
        assert_eq!(
            (reply.status, error(&reply).as_str()),
            (400, "invalid_grant"),
            "{when}"
        );
    };
    foreign("while it waits");
    Browser::of_ada(&node).approve_device(&device.user_code);
    foreign("after the approval");
    let fields = [
        ("grant_type", DEVICE_GRANT),
        ("device_code", device.code.as_str()),
    ];
    assert_eq!(node.post("/token", &fields).status, 401, "nobody at all");
    let mut unproven = fields.to_vec();
    unproven.push(("client_id", "tv"));
    assert_eq!(node.post("/token", &unproven).status, 401, "unproven");
    assert_eq!(device.wait(&node).status, 200);
    foreign("after the token");
}

#[test]
fn d5_a_hundred_looks_at_the_link_change_nothing() {
    let node = Node::start("d5");
    let device = Device::ask(&node, "tv");
    let target = device
        .complete
        .split_once(&node.address)
        .unwrap()
        .1
        .to_owned();
    let events = || node.operator("/admin/v1/events?limit=200").body;
    let mut signed_in = Browser::of_ada(&node);
    node.settle();
    let before = events();
    let looks: [(&str, &[(&str, &str)]); 5] = [
        ("GET", &[]),
        ("HEAD", &[]),
        (
            "GET",
            &[("Sec-Purpose", "prefetch"), ("Purpose", "prefetch")],
        ),
        (
            "GET",
            &[("User-Agent", "Mozilla/5.0 (compatible; LinkScanner/1.0)")],
        ),
        (
            "GET",
            &[
                ("Sec-Fetch-Site", "cross-site"),
                ("Referer", "https://mail.example/"),
            ],
        ),
    ];
    for round in 0..20 {
        for (method, headers) in looks {
            let mut stranger = Browser::new(&node);
            let browser = if round % 2 == 0 {
                &mut signed_in
            } else {
                &mut stranger
            };
            let page = browser.send(method, &target, headers, &[]);
            assert_eq!(page.status, 200, "{page:?}");
        }
    }
    assert_eq!(events(), before);
    assert_eq!(error(&device.poll(&node)), "authorization_pending");
    let page = signed_in.open(&target);
    let page = signed_in.press(&page, "submit-code", &[]);
    let shown = html::elements(&page.body);
    assert!(
        shown.iter().any(|element| element.has_id("confirm-device")),
        "{page:?}"
    );
    let page = signed_in.press(&page, "approve", &[("confirm_device", "yes")]);
    assert_eq!(outcome(&page).as_deref(), Some("approved"));
}

#[test]
fn d6_a_code_in_use_is_refused_to_another_person_alone() {
    let node = Node::start("d6");
    let device = Device::ask(&node, "tv");
    let mut ada = Browser::of_ada(&node);
    ada.enter_code(&device.user_code);
    let mut ben = Browser::new(&node);
    ben.sign_in("ben");
    let refused = ben.enter_code(&device.user_code);
    assert_eq!(refused.status, 409, "{refused:?}");
    let mut elsewhere = Browser::of_ada(&node);
    let page = elsewhere.approve_device(&device.user_code);
    assert_eq!(outcome(&page).as_deref(), Some("approved"));
    assert_eq!(device.wait(&node).status, 200);
}

#[test]
fn d7_the_old_pace_is_too_fast_after_slow_down() {
    let node = Node::start("d7");
    let device = Device::ask(&node, "tv");
    let first: Vec<String> = (0..4).map(|_| error(&device.poll(&node))).collect();
    assert_eq!(
        first,
        [
            "authorization_pending",
            "slow_down",
            "slow_down",
            "slow_down"
        ]
    );
    thread::sleep(Duration::from_millis(1_100));
    assert_eq!(
        error(&device.poll(&node)),
        "slow_down",
        "the interval has grown by 5 s"
    );
}

#[test]
fn d8_junk_and_early_polls_write_nothing() {
    let node = Node::start("d8");
    node.settle();
    let device = Device::ask(&node, "tv");
    // The one growth of the interval is written.
    device.poll(&node);
    device.poll(&node);
    let events = || node.operator("/admin/v1/events?limit=200").body;
    let (events_before, bytes_before) = (events(), node.stored_bytes());
    for _ in 0..100 {
        assert_eq!(error(&device.poll(&node)), "slow_down");
    }
    for number in 0..400_u32 {
        let code = format!("{number:043}");
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", code.as_str())];
        assert_eq!(
            error(&node.as_client("tv", "/token", &fields)),
            "invalid_grant"
        );
    }
    assert_eq!(events(), events_before);
    assert_eq!(node.stored_bytes(), bytes_before);
}

#[test]
fn d10_denied_and_expired_are_said_again_and_again() {
    let wishes = Wishes {
        lifetimes: "device_code = 4",
        ..Wishes::default()
    };
    let node = Node::with("d10", &wishes);
    let mut browser = Browser::of_ada(&node);
    let (denied, expired) = (Device::ask(&node, "tv"), Device::ask(&node, "tv"));
    let page = browser.enter_code(&denied.user_code);
    let page = browser.press(&page, "deny", &[]);
    assert_eq!(outcome(&page).as_deref(), Some("denied"));
    for _ in 0..3 {
        assert_eq!(error(&denied.poll(&node)), "access_denied");
    }
    assert_eq!(error(&expired.wait(&node)), "expired_token");
    for _ in 0..2 {
        let reply = expired.poll(&node);
        assert_eq!(
            (reply.status, error(&reply).as_str()),
            (400, "expired_token")
        );
        assert_eq!(error(&denied.poll(&node)), "access_denied");
        thread::sleep(Duration::from_millis(500));
    }
    let late = browser.enter_code(&expired.user_code);
    assert_eq!(late.status, 404, "{late:?}");
}
