//! Backups, restores and moves of the store under a running server.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::{
    browser::{Browser, exchange},
    device::Device,
    stage::{Node, error, text, until},
};
use crate::server::{Reply, ask};

/// How soon a running server must notice what befell its store.
const SOON: Duration = Duration::from_secs(10);
const MANY: usize = 100;

fn done(node: &Node, words: &[&str]) -> String {
    let output = node.command(words);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{words:?}: {output:?}");
    told
}

fn refused(node: &Node, words: &[&str]) -> String {
    let output = node.command(words);
    assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Ends the server and puts the archive in the place of its store.
fn restored(node: &mut Node, words: &[&str]) {
    node.kill();
    for name in ["placet.db", "placet.db-wal", "placet.db-shm"] {
        drop(fs::remove_file(node.directory.path().join(name)));
    }
    done(node, words);
    node.start_again();
}

fn tokens(node: &Node, browser: &mut Browser<'_>) -> Reply {
    let reply = node.as_client("home", "/token", &exchange(&browser.code_of("home")));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply
}

#[test]
fn k4_a_restore_brings_back_no_used_code_and_no_revoked_token() {
    let mut node = Node::start("k4-restore");
    node.settle();
    let (codes, access, refresh, cookies) = {
        let mut browser = Browser::of_ada(&node);
        let codes: Vec<String> = (0..MANY).map(|_| browser.code_of("home")).collect();
        let given: Vec<Reply> = (0..MANY).map(|_| tokens(&node, &mut browser)).collect();
        let access: Vec<String> = given.iter().map(|r| text(r, "access_token")).collect();
        let refresh: Vec<String> = given.iter().map(|r| text(r, "refresh_token")).collect();
        (codes, access, refresh, browser.cookies.clone())
    };
    let device = Device::ask(&node, "tv");
    done(&node, &["backup", "k4.archive"]);

    // All that happens now, the backup does not know.
    for code in &codes {
        let reply = node.as_client("home", "/token", &exchange(code));
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    for token in &refresh {
        let reply = node.as_client("home", "/revoke", &[("token", token)]);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let approved = Browser::of_ada(&node).approve_device(&device.user_code);
    assert_eq!(approved.status, 200);
    assert_eq!(device.wait(&node).status, 200);

    restored(&mut node, &["restore", "k4.archive"]);
    for code in &codes {
        let reply = node.as_client("home", "/token", &exchange(code));
        assert_eq!(
            (reply.status, error(&reply).as_str()),
            (400, "invalid_grant")
        );
    }
    for token in &refresh {
        assert_eq!(error(&node.refresh("home", token)), "invalid_grant");
    }
    for token in &access {
        assert!(!node.is_active("home", token));
    }
    assert_eq!(error(&device.poll(&node)), "invalid_grant");
    // Nobody is signed in, and everybody can sign in again.
    let mut browser = Browser::new(&node);
    browser.cookies = cookies;
    let page = browser.open("/account");
    assert!(page.body.contains("submit-login"), "{page:?}");
    let again = tokens(&node, &mut Browser::of_ada(&node));
    assert!(node.is_active("home", &text(&again, "access_token")));
    node.assert_verified();
    let events = done(&node, &["events", "--json"]);
    assert!(events.contains("restored from a backup"), "{events}");
}

#[test]
fn what_is_moved_by_hand_keeps_its_tokens() {
    let mut node = Node::start("keep-tokens");
    node.settle();
    let given = tokens(&node, &mut Browser::of_ada(&node));
    done(&node, &["backup", "all.archive"]);
    assert!(refused(&node, &["backup", "all.archive"]).contains("is there already"));
    assert!(refused(&node, &["restore", "all.archive"]).contains("not empty"));
    restored(&mut node, &["restore", "--keep-tokens", "all.archive"]);
    assert!(node.is_active("home", &text(&given, "access_token")));
    let next = node.refresh("home", &text(&given, "refresh_token"));
    assert_eq!(next.status, 200, "{next:?}");
    node.assert_verified();
}

/// Gets tokens until a server does not answer well any more; gives those that were acknowledged.
fn served(node: &Node, stop: &AtomicBool) -> Vec<String> {
    let mut given = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let fields = [("grant_type", "client_credentials")];
        let reply = node.try_as_client("https://photos.example", "/token", &fields);
        match reply {
            Some(reply) if reply.status == 200 => given.push(text(&reply, "access_token")),
            Some(reply) => {
                assert_eq!(reply.status, 503, "{reply:?}");
                assert!(reply.header("retry-after").is_some(), "{reply:?}");
            }
            None => panic!("no answer: {}", node.log()),
        }
    }
    given
}

/// Moves the store under load and proves that every token that was given is in the new one.
pub(super) fn moves_under_load(node: &mut Node, target: &str) {
    node.settle();
    let stop = AtomicBool::new(false);
    let busy: &Node = node;
    let given: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| served(busy, &stop)))
            .collect();
        thread::sleep(Duration::from_millis(500));
        done(busy, &["move", "--to", target]);
        let moved = until(SOON, || {
            let ready = ask(&busy.admin, "GET", "/ready", &[], "");
            (ready.status == 503 && ready.body.contains("store_moved")).then_some(())
        });
        assert!(moved.is_some(), "{}", busy.log());
        // The server that was left behind answers nothing, not even from what it remembers.
        let reply = busy.as_client("tv", "/introspect", &[("token", "any")]);
        assert_eq!(reply.status, 503, "{reply:?}");
        stop.store(true, Ordering::Relaxed);
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(given.len() > 10, "{} tokens", given.len());
    node.kill();
    assert!(refused(node, &["clients", "list"]).contains("were moved to"));
    let path = node.directory.path().join("placet.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let line = settings
        .lines()
        .find(|line| line.starts_with("database_url"))
        .unwrap();
    let moved = settings.replace(line, &format!("database_url = \"{target}\""));
    node.directory.write("placet.toml", &moved);
    node.start_again();
    for token in &given {
        assert!(
            node.is_active("https://photos.example", token),
            "a token was lost"
        );
    }
    node.assert_verified();
}

#[test]
fn a_store_moves_under_load_and_loses_nothing() {
    let mut node = Node::start("move");
    // The master key is no part of a store, and does not move by itself.
    let key = node.directory.path().join("placet.db.development-key");
    let key = fs::read_to_string(key).unwrap();
    node.directory.write("elsewhere.db.development-key", &key);
    moves_under_load(&mut node, "sqlite:elsewhere.db");
    // Once everything is elsewhere, the old store is given up for good.
    let old = ["move", "--undo", "--database-url", "sqlite:placet.db"];
    assert!(refused(&node, &old).contains("were moved to"));
}

#[test]
fn a_schema_is_migrated_ahead() {
    let node = Node::start("migrate");
    let told = done(&node, &["migrate"]);
    assert!(told.contains("Nothing was to be done."), "{told}");
    let fresh = done(&node, &["migrate", "--database-url", "sqlite:fresh.db"]);
    assert!(fresh.contains("was empty and has schema"), "{fresh}");
    assert!(node.directory.path().join("fresh.db").exists());
}
