//! Group 11: kills, full disks, keys and neighbours (K1, K2, K5, K8, K11).

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::{
    browser::{Browser, exchange},
    device::Device,
    stage::{Node, SECRET, Wishes, basic, error, form, text, until},
};
use crate::server::{Reply, ask, placet};

/// What clients were told before the power went.
#[derive(Default)]
struct Told {
    active: Vec<String>,
    revoked: Vec<String>,
    devices: Vec<String>,
}

/// Refreshes, revokes and asks until the server is gone; notes what was acknowledged, and nothing else.
fn work(node: &Node, refresh: &str, told: &Mutex<Told>, stop: &AtomicBool) {
    let mut refresh = refresh.to_owned();
    while !stop.load(Ordering::Relaxed) {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        let Some(reply) = node.try_as_client("home", "/token", &fields) else {
            return;
        };
        let Some(next) = reply.json()["refresh_token"].as_str().map(str::to_owned) else {
            return;
        };
        refresh = next;
        let access = text(&reply, "access_token");
        told.lock().unwrap().active.push(access.clone());
        let device = [("scope", "read")];
        let Some(reply) = node.try_as_client("tv", "/device_authorization", &device) else {
            return;
        };
        if reply.status == 200 && !reply.body.is_empty() {
            told.lock()
                .unwrap()
                .devices
                .push(text(&reply, "device_code"));
        }
        // Not acknowledged yet, so it may or may not have happened.
        told.lock().unwrap().active.retain(|token| *token != access);
        let Some(reply) = node.try_as_client("home", "/revoke", &[("token", &access)]) else {
            return;
        };
        if reply.status == 200 {
            told.lock().unwrap().revoked.push(access);
        }
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        let Some(reply) = node.try_as_client("home", "/token", &fields) else {
            return;
        };
        let Some(next) = reply.json()["refresh_token"].as_str().map(str::to_owned) else {
            return;
        };
        refresh = next;
        told.lock()
            .unwrap()
            .active
            .push(text(&reply, "access_token"));
    }
}

#[test]
fn k1_what_clients_were_told_survives_kills_under_load() {
    let wishes = Wishes {
        limits: "pending_per_source = 100000",
        ..Wishes::default()
    };
    let mut node = Node::with("k1", &wishes);
    for round in 0..3 {
        let mut browser = Browser::of_ada(&node);
        let families: Vec<String> = (0..4)
            .map(|_| {
                let code = browser.code_of("home");
                text(
                    &node.as_client("home", "/token", &exchange(&code)),
                    "refresh_token",
                )
            })
            .collect();
        let (told, stop) = (Mutex::new(Told::default()), AtomicBool::new(false));
        let process = node.process();
        thread::scope(|scope| {
            for refresh in &families {
                let (node, told, stop) = (&node, &told, &stop);
                scope.spawn(move || work(node, refresh, told, stop));
            }
            let enough = || (told.lock().unwrap().revoked.len() >= 30).then_some(());
            let worked = until(Duration::from_secs(20), enough);
            let process = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
            rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
            stop.store(true, Ordering::Relaxed);
            assert!(worked.is_some(), "{}", node.log());
        });
        node.kill();
        node.start_again();
        let told = told.into_inner().unwrap();
        assert!(told.active.len() > 10 && told.devices.len() > 10);
        for token in &told.active {
            assert!(node.is_active("home", token), "round {round}");
        }
        for token in &told.revoked {
            assert!(!node.is_active("home", token), "round {round}");
        }
        for code in &told.devices {
            let fields = [
                ("grant_type", super::stage::DEVICE_GRANT),
                ("device_code", code),
            ];
            let reply = node.as_client("tv", "/token", &fields);
            assert_eq!(error(&reply), "authorization_pending", "round {round}");
        }
        node.assert_verified();
    }
}

#[test]
fn k2_one_code_sent_64_times_at_once_is_spent_once() {
    let node = Node::start("k2");
    let mut browser = Browser::of_ada(&node);
    for _ in 0..4 {
        let code = browser.code_of("home");
        let barrier = Barrier::new(64);
        let replies: Vec<Reply> = thread::scope(|scope| {
            let calls: Vec<_> = (0..64)
                .map(|_| {
                    let (node, code, barrier) = (&node, &code, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        node.as_client("home", "/token", &exchange(code))
                    })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert!(won.len() <= 1, "{won:?}");
        for token in won {
            assert!(
                !node.is_active("home", &text(token, "access_token")),
                "it was replayed"
            );
        }
        for lost in replies.iter().filter(|reply| reply.status != 200) {
            assert!([400, 503].contains(&lost.status), "{lost:?}");
        }
    }
    node.assert_verified();
}

/// Lets no file of the server grow beyond this; `None` lifts it.
fn limit_files(node: &Node, bytes: Option<u64>) {
    let process = Pid::from_raw(i32::try_from(node.process()).unwrap()).unwrap();
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(process), Resource::Fsize, limit).unwrap();
}

#[test]
fn k5_a_full_disk_acknowledges_nothing_reads_go_on_and_it_recovers() {
    let wishes = Wishes {
        limits: "pending_per_source = 100000",
        ..Wishes::default()
    };
    let node = Node::with("k5", &wishes);
    let mut browser = Browser::of_ada(&node);
    let code = browser.code_of("home");
    let tokens = node.as_client("home", "/token", &exchange(&code));
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let before = Device::ask(&node, "tv");
    limit_files(&node, Some(1));
    let ask_for = || node.as_client("tv", "/device_authorization", &[("scope", "read")]);
    for _ in 0..5 {
        let refused = ask_for();
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    let refused = node.refresh("home", &refresh);
    assert_eq!(refused.status, 503, "{refused:?}");
    let revoked = node.as_client("home", "/revoke", &[("token", &access)]);
    assert_eq!(
        revoked.status, 503,
        "no revocation is acknowledged: {revoked:?}"
    );
    for target in [
        "/jwks.json",
        "/.well-known/openid-configuration",
        "/sign-in",
        "/device",
    ] {
        assert_eq!(node.get(target).status, 200, "{target}");
    }
    assert!(node.is_active("home", &access), "reads go on");
    assert_eq!(browser.get("/account").status, 200);
    limit_files(&node, None);
    let served = || (ask_for().status == 200).then_some(());
    assert!(
        until(Duration::from_secs(10), served).is_some(),
        "it does not recover"
    );
    assert_eq!(node.refresh("home", &refresh).status, 200);
    assert_eq!(error(&before.poll(&node)), "authorization_pending");
    node.assert_verified();
}

/// How the private part of each kind of key begins inside PKCS #8, and how it is written elsewhere.
const PRIVATE_PARTS: [&[u8]; 6] = [
    b"PRIVATE KEY",
    b"\"d\":",
    b"\"d\" :",
    b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
    b"\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
];

#[test]
fn k8_no_private_key_stands_in_the_store_and_an_open_key_file_is_refused() {
    let node = Node::start("k8");
    node.settle();
    let stored = node.stored();
    for part in PRIVATE_PARTS {
        let found = stored.windows(part.len()).any(|window| window == part);
        assert!(
            !found,
            "{:?} stands in the store",
            String::from_utf8_lossy(part)
        );
    }
    let key = fs::read_to_string(node.directory.path().join("placet.db.development-key")).unwrap();
    let raw = data_encoding::BASE64.decode(key.trim().as_bytes()).unwrap();
    for secret in [key.trim().as_bytes(), &raw] {
        assert!(!stored.windows(secret.len()).any(|window| window == secret));
    }
    assert_open_key_is_refused(&node);
}

fn assert_open_key_is_refused(node: &Node) {
    let directory = node.directory.path();
    let port = super::stage::port();
    node.directory.write(
        "open.toml",
        &format!(
            "public_origin = \"https://login.example\"\nlisten = \"127.0.0.1:{port}\"\n\
             database_url = \"sqlite:open.db\"\n[keys]\nmaster_key_file = \"open.key\"\n"
        ),
    );
    for mode in [0o644, 0o604] {
        let file = directory.join("open.key");
        fs::write(&file, "a7".repeat(32)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = placet();
        command
            .args(["config", "check", "--config", "open.toml"])
            .current_dir(directory);
        assert!(!command.output().unwrap().status.success(), "{mode:o}");
        let mut command = placet();
        command
            .args(["serve", "--config", "open.toml"])
            .current_dir(directory);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        until(Duration::from_secs(10), || child.try_wait().unwrap());
        // A server that did start would run for ever.
        drop(child.kill());
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.code().is_some_and(|code| code != 0),
            "{mode:o}"
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("open.key") || said.contains("master_key_file"),
            "{said}"
        );
        assert!(!directory.join("open.db").exists(), "nothing was opened");
    }
}

#[test]
fn k11_another_issuer_on_the_same_store_sees_nothing() {
    let node = Node::start("k11");
    let mut browser = Browser::of_ada(&node);
    let code = browser.code_of("home");
    let tokens = node.as_client("home", "/token", &exchange(&code));
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let device = Device::ask(&node, "tv");
    let other = node.beside(&Wishes::default());
    let at_other = |client: &str, target: &str, fields: &[(&str, &str)]| {
        let header = basic(client, SECRET);
        let headers = [super::stage::FORM, ("Authorization", header.as_str())];
        ask(&other.address, "POST", target, &headers, &form(fields))
    };
    // Twice: once as it is found, once from whatever was cached then; and with this issuer's own cache warm.
    for round in 0..2 {
        for token in [&access, &refresh] {
            assert!(node.is_active("home", token), "round {round}");
            let told = at_other("home", "/introspect", &[("token", token)]);
            assert_eq!(
                (told.status, told.body.as_str()),
                (200, "{\"active\":false}"),
                "round {round}"
            );
            at_other("home", "/revoke", &[("token", token)]);
        }
        let poll = [
            ("grant_type", super::stage::DEVICE_GRANT),
            ("device_code", &device.code),
        ];
        assert_eq!(error(&at_other("tv", "/token", &poll)), "invalid_grant");
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        assert_eq!(error(&at_other("home", "/token", &fields)), "invalid_grant");
        let cookies: Vec<_> = browser
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let account = ask(
            &other.address,
            "GET",
            "/account",
            &[("Cookie", &cookies.join("; "))],
            "",
        );
        assert_eq!(account.status, 303, "{account:?}");
        let bearer = format!("Bearer {access}");
        let userinfo = ask(
            &other.address,
            "GET",
            "/userinfo",
            &[("Authorization", &bearer)],
            "",
        );
        assert_eq!(userinfo.status, 401);
    }
    assert_eq!(error(&device.poll(&node)), "authorization_pending");
    let kids = |address: &str| {
        let keys = ask(address, "GET", "/jwks.json", &[], "").json();
        let keys = keys["keys"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["kid"].to_string())
            .collect::<BTreeSet<_>>()
    };
    assert!(kids(&node.address).is_disjoint(&kids(&other.address)));
    assert!(node.is_active("home", &access));
}
