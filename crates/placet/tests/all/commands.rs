//! Operators' commands beside a running server: what they change, what they print, how they end.

use std::{fs, io::Write as _, path::Path, process::Stdio, sync::Arc, time::Duration};

use data_encoding::BASE64;
use placet_core::{
    Id,
    client::Client,
    event::{Event, EventKind},
    issuer::Issuer,
    random::SystemRandom,
    store::{Change, Commit, Name, Record, Store as _},
    time::{Clock as _, Lifetime, SystemClock, Timestamp},
};
use placet_store::SqliteStore;
use serde_json::Value;

use crate::server::{Reply, Server, ask, placet};

const DECLARED: &str = r#"
# A test that asks until a change is seen must not look like guessing.
[limits]
client_auth_failures_per_source = 10000
[[scopes]]
name = "read"
description = { en = "Read" }
[[people]]
username = "ada"
subject = "u-1"
password = "correct horse battery"
[people.claims]
name = "Ada Zxqvlovelace"
email = "zxqvada@example.com"
"#;
/// How soon a running server must follow a command.
const SOON: Lifetime = Lifetime::from_millis(1_500);

/// A server that has answered: it listens before its declarations are applied.
fn started(name: &str) -> Server {
    let server = Server::start(name, DECLARED);
    assert_eq!(server.ask("GET", "/jwks.json", &[], "").status, 200);
    server
}

struct Told {
    status: i32,
    out: String,
    err: String,
}

impl Told {
    fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs a command on the store of `server`, with `input` as its standard input.
fn told(server: &Server, words: &[&str], input: &str) -> Told {
    let mut child = placet()
        .args(words)
        .args(["--config", "placet.toml"])
        .current_dir(server.directory.path())
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have closed its input already.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    Told {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn token_for(server: &Server, client_id: &str, secret: &str) -> Reply {
    let basic = format!(
        "Basic {}",
        BASE64.encode(format!("{client_id}:{secret}").as_bytes())
    );
    let more = [
        ("Authorization", basic.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    server.ask("POST", "/token", &more, "grant_type=client_credentials")
}

/// Asks until the status is `want`, for as long as a server may lag.
fn soon(want: u16, ask: impl Fn() -> Reply) -> Reply {
    let begun = SystemClock.now();
    loop {
        let reply = ask();
        if reply.status == want {
            return reply;
        }
        assert!(SystemClock.now().since(begun) < SOON, "still {reply:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_client_that_is_added_changed_and_removed_beside_a_server_counts_within_a_second() {
    let server = started("commands-clients");
    let add = [
        "clients",
        "add",
        "svc",
        "--grant-type",
        "client_credentials",
        "--scope",
        "read",
        "--json",
    ];
    let added = told(&server, &add, "").json();
    let secret = added["client_secret"].as_str().unwrap();
    soon(200, || token_for(&server, "svc", secret));

    let kept = told(
        &server,
        &["clients", "secret", "svc", "--keep-last", "--json"],
        "",
    )
    .json();
    let second = kept["client_secret"].as_str().unwrap();
    soon(200, || token_for(&server, "svc", second));
    assert_eq!(
        token_for(&server, "svc", secret).status,
        200,
        "the last one counts beside it"
    );

    let third = told(&server, &["clients", "secret", "svc", "--json"], "").json();
    soon(401, || token_for(&server, "svc", secret));
    let third = third["client_secret"].as_str().unwrap();
    soon(200, || token_for(&server, "svc", third));

    let changed = told(
        &server,
        &["clients", "change", "svc", "--disable", "--json"],
        "",
    )
    .json();
    assert_eq!(changed["disabled"], true);
    assert_eq!(changed["scope"], "read", "what is not named stays");
    soon(401, || token_for(&server, "svc", third));
    told(
        &server,
        &["clients", "change", "svc", "--enable", "--json"],
        "",
    )
    .json();
    soon(200, || token_for(&server, "svc", third));

    assert_eq!(told(&server, &["clients", "remove", "svc"], "").status, 0);
    soon(401, || token_for(&server, "svc", third));
    let again = told(&server, &["clients", "remove", "svc"], "");
    assert_eq!(
        (again.status, again.err.as_str()),
        (1, "placet: there is no client \"svc\"\n")
    );
}

#[test]
fn lists_are_aligned_and_say_when_they_are_empty() {
    let server = started("commands-lists");
    let empty = told(&server, &["clients", "list"], "");
    assert_eq!(
        empty.out,
        "There are no clients. `placet clients add` adds one.\n"
    );
    for (words, want) in [
        (&["requests", "list"][..], "Nothing waits for a person.\n"),
        (
            &["sessions", "list", "ada"],
            "ada is not signed in anywhere.\n",
        ),
        (
            &["grants", "list", "ada"],
            "ada has allowed nothing that stands.\n",
        ),
        (
            &["events", "--kind", "signed_in"],
            "Nothing of this kind happened.\n",
        ),
    ] {
        assert_eq!(told(&server, words, "").out, want, "{words:?}");
    }
    let uri = "https://app.example";
    let redirect = "https://app.example/cb";
    told(
        &server,
        &[
            "clients",
            "add",
            uri,
            "--name",
            "Printer",
            "--redirect-uri",
            redirect,
        ],
        "",
    );
    told(
        &server,
        &["clients", "add", "tv", "--public", "--grant-type", "device"],
        "",
    );
    let list = told(&server, &["clients", "list"], "").out;
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3);
    for column in ["GRANTS", "ADDED"] {
        let at = lines[0].find(column).unwrap();
        for line in &lines[1..] {
            assert_eq!(line.get(at - 2..at), Some("  "), "{list}");
            assert_ne!(line.get(at..=at), Some(" "), "{list}");
        }
    }
    assert!(lines.iter().all(|line| line.len() <= 80), "{list}");
}

#[test]
fn a_password_is_read_from_input_and_never_from_the_command_line() {
    let server = started("commands-people");
    let short = told(&server, &["people", "add", "grace"], "short\n");
    assert_eq!(short.status, 1);
    assert!(
        short
            .err
            .contains("password must have 8 characters or more"),
        "{}",
        short.err
    );
    let added = told(
        &server,
        &["people", "add", "Grace", "--json"],
        "long enough\n",
    )
    .json();
    assert_eq!(added["username"], "grace");
    assert_eq!(added["has_password"], true);
    assert!(added.get("password_hash").is_none());
    let again = told(&server, &["people", "add", "GRACE"], "long enough\n");
    assert_eq!(again.err, "placet: user name \"GRACE\" is taken\n");
    assert_eq!(
        told(&server, &["people", "add", "x", "--password", "y"], "").status,
        2
    );
    let shut = told(&server, &["people", "disable", "grace", "--json"], "").json();
    assert_eq!(shut["disabled"], true);
    assert!(shut["not_before"].is_string());
    let open = told(&server, &["people", "enable", "grace", "--json"], "").json();
    assert_eq!(open["disabled"], false);
    server
        .directory
        .write("new.password", "another one entirely\n");
    let words = [
        "people",
        "password",
        "grace",
        "--password-file",
        "new.password",
    ];
    assert_eq!(told(&server, &words, "").status, 0);
}

#[test]
fn h6_an_erased_person_is_nowhere_in_the_file() {
    let server = started("commands-erase");
    let mentions = |directory: &Path| {
        let file = directory.join("placet.db");
        let mut bytes = fs::read(&file).unwrap();
        let log = file.with_extension("db-wal");
        bytes.extend(fs::read(log).unwrap_or_default());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        ["Zxqvlovelace", "zxqvada@example.com"].map(|word| text.contains(word))
    };
    assert_eq!(
        mentions(server.directory.path()),
        [true, true],
        "what is looked for was there"
    );
    let unsure = told(&server, &["people", "erase", "ada"], "");
    assert_eq!(
        (unsure.status, unsure.err.as_str()),
        (1, "placet: erasing cannot be undone; say --yes\n")
    );
    let erased = told(&server, &["people", "erase", "ada", "--yes", "--json"], "").json();
    assert_eq!(
        (&erased["erased"], &erased["username"], &erased["subject"]),
        (&true.into(), &"".into(), &"u-1".into())
    );
    let events = told(
        &server,
        &["events", "--kind", "person_erased", "--json"],
        "",
    );
    assert_eq!(events.out.lines().count(), 1);
    assert_eq!(told(&server, &["verify"], "").status, 0);
    // The subject is never given again, and the file that still declares it does not stop the server.
    let mut server = server.restart(DECLARED);
    let other = told(
        &server,
        &["people", "add", "eve", "--subject", "u-1"],
        "long enough\n",
    );
    assert_eq!(other.err, "placet: subject \"u-1\" is taken\n");
    assert_eq!(server.ask("GET", "/jwks.json", &[], "").status, 200);
    assert!(server.stop().success());
    assert_eq!(mentions(server.directory.path()), [false, false]);
}

#[test]
fn verify_names_what_does_not_hold() {
    let mut server = started("commands-verify");
    let good = told(&server, &["verify"], "");
    assert_eq!(good.status, 0);
    assert!(good.out.ends_with(": everything holds.\n"), "{}", good.out);
    assert!(server.stop().success());
    plant(&server);
    let bad = told(&server, &["verify"], "");
    assert_eq!(bad.status, 1);
    assert!(
        bad.out.contains("a name stands for something"),
        "{}",
        bad.out
    );
    assert!(bad.err.ends_with("1 thing does not hold\n"), "{}", bad.err);
    let json = told(&server, &["verify", "--json"], "");
    assert_eq!(json.status, 1);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["violations"][0]["rule"], "a name stands for something");
}

/// Writes a name that stands for nothing.
fn plant(server: &Server) {
    let path = server.directory.path().join("placet.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&path, Arc::new(SystemClock)).unwrap();
        let now = SystemClock.now();
        let issuer = Issuer::new(&format!("http://{}", server.address), now).id;
        let event = Event::new(
            Id::ordered(now, &SystemRandom),
            EventKind::ClientChanged,
            now,
        );
        let name = Name::client("ghost").standing_for(Id::<Client>::random(&SystemRandom));
        let commit = Commit::new(issuer, event).with(Change::insert(Record::Name(name)));
        store.commit(commit).await.unwrap();
        store.close().await;
    });
}

/// Writes an event of this time, as a server with that clock would.
fn reach(server: &Server, at: Timestamp) {
    let path = server.directory.path().join("placet.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&path, Arc::new(SystemClock)).unwrap();
        let issuer = Issuer::new(&format!("http://{}", server.address), at).id;
        let event = Event::new(Id::ordered(at, &SystemRandom), EventKind::ClientChanged, at);
        store.commit(Commit::new(issuer, event)).await.unwrap();
        store.close().await;
    });
}

#[test]
fn c11_a_start_believes_what_the_newest_event_says_until_an_operator_knows_better() {
    let mut server = started("newest-event");
    assert!(server.stop().success());
    // As if it had run on for an hour and died before it kept the mark again.
    reach(&server, SystemClock.now().plus(Lifetime::from_secs(3600)));
    let server = server.start_again(DECLARED);
    let ready = |server: &Server| ask(&server.admin, "GET", "/ready", &[], "");
    let behind = ready(&server);
    assert_eq!(behind.status, 503, "{behind:?}");
    assert!(behind.body.contains("clock_behind"), "{behind:?}");
    let accepted = told(&server, &["clock", "accept"], "");
    assert_eq!(accepted.status, 0, "{}", accepted.err);
    let server = server.restart(DECLARED);
    assert_eq!(ready(&server).status, 200);
}

#[test]
fn events_are_one_object_a_line_and_can_be_filtered() {
    let server = started("commands-events");
    told(
        &server,
        &["clients", "add", "tv", "--public", "--grant-type", "device"],
        "",
    );
    let all = told(&server, &["events", "--json"], "");
    let kinds: Vec<String> = all
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        kinds.contains(&"key_changed".to_owned()) && kinds.contains(&"client_changed".to_owned())
    );
    let one = told(&server, &["events", "--client", "tv", "--limit", "1"], "");
    assert!(
        one.out
            .lines()
            .nth(1)
            .unwrap()
            .contains("client changed  operator  tv"),
        "{}",
        one.out
    );
    assert_eq!(
        told(&server, &["events", "--since", "2999-01-01"], "").out,
        "Nothing of this kind happened.\n"
    );
    assert_eq!(
        told(&server, &["events", "--since", "someday"], "").status,
        2
    );
    assert_eq!(
        told(&server, &["events", "--kind", "nothing"], "").status,
        2
    );
}

#[test]
fn events_of_any_number_are_told_step_by_step_and_each_once() {
    let mut server = started("commands-many-events");
    assert!(server.stop().success());
    let path = server.directory.path().join("placet.db");
    let many = 2_500;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(&path, Arc::new(SystemClock)).unwrap());
        let now = SystemClock.now();
        let issuer = Issuer::new(&format!("http://{}", server.address), now).id;
        let mut writing = tokio::task::JoinSet::new();
        for _ in 0..many {
            let id = Id::ordered(now, &SystemRandom);
            let event = Event::new(id, EventKind::SignedOut, now);
            let store = Arc::clone(&store);
            writing.spawn(async move { store.commit(Commit::new(issuer, event)).await });
        }
        while let Some(written) = writing.join_next().await {
            written.unwrap().unwrap();
        }
        store.close().await;
    });
    let ids = |words: &[&str]| {
        let told = told(&server, &[&["events", "--json"], words].concat(), "");
        assert_eq!(told.status, 0, "{}", told.err);
        let lines = told.out.lines();
        let ids = lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string());
        ids.collect::<Vec<String>>()
    };
    let planted = ids(&["--kind", "signed_out"]);
    assert_eq!(planted.len(), many);
    assert!(planted.is_sorted_by(|one, next| one < next));
    let all = ids(&[]);
    assert!(all.len() > many && all.is_sorted_by(|one, next| one < next));
}

#[test]
fn k8_keys_rotate_beside_a_server_and_the_master_key_moves() {
    let server = started("commands-keys");
    let published = |server: &Server| {
        let keys = server.ask("GET", "/jwks.json", &[], "").json();
        keys["keys"].as_array().unwrap().len()
    };
    let before = published(&server);
    let rotated = told(&server, &["keys", "rotate", "--alg", "ES256", "--json"], "").json();
    let states: Vec<&str> = rotated
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["waiting", "signing"]);
    let begun = SystemClock.now();
    while published(&server) <= before {
        assert!(
            SystemClock.now().since(begun) < SOON,
            "the new key is not published"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let wrong = told(&server, &["keys", "rotate", "--alg", "HS256"], "");
    assert!(
        wrong.status == 1 && wrong.err.contains("ES256"),
        "{}",
        wrong.err
    );

    let key = BASE64.encode(&[7; 32]);
    let path = server.directory.path().join("new.key");
    fs::write(&path, &key).unwrap();
    let words = ["keys", "rewrap", "--new-master-key-file", "new.key"];
    let open = told(&server, &words, "");
    assert!(
        open.err
            .contains("every account of this machine can read it"),
        "{}",
        open.err
    );
    server.directory.write("new.key", &key);
    let done = told(&server, &words, "");
    assert_eq!(done.status, 0, "{}", done.err);
    let old = told(&server, &["clients", "list"], "");
    assert!(
        old.status == 1 && old.err.contains("master key"),
        "{}",
        old.err
    );
    let more = format!("[keys]\nmaster_key_file = \"new.key\"\n{DECLARED}");
    let server = server.restart(&more);
    assert_eq!(server.ask("GET", "/jwks.json", &[], "").status, 200);
}

#[test]
fn a_wrong_settings_file_is_one_message_and_status_78() {
    let server = started("commands-settings");
    server.directory.write("placet.toml", "listn = \"x\"\n");
    let told = told(&server, &["clients", "list"], "");
    assert_eq!(told.status, 78);
    assert!(told.err.contains("listn"), "{}", told.err);
}
