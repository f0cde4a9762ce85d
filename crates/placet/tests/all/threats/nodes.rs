//! Two servers on one PostgreSQL, behind a balancer that gives every request to the other one.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    backup,
    browser::{Browser, exchange},
    cluster::Cluster,
    device::Device,
    stage::{
        DEVICE_GRANT, FORM, Neighbour, Node, SECRET, Wishes, basic, error, file, form, port, text,
        until,
    },
};
use crate::server::{Directory, Reply, ask};

/// How soon a node must follow what happened elsewhere, with room for a busy machine.
const SOON: Duration = Duration::from_secs(5);
const START: Duration = Duration::from_secs(20);
const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Hands each connection to the next of the nodes.
struct Balancer {
    address: String,
    counts: [Arc<AtomicUsize>; 2],
}

impl Balancer {
    fn start(nodes: [String; 2]) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", port())).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let counts = [Arc::default(), Arc::default()];
        let counted = counts.clone();
        thread::spawn(move || {
            for (n, client) in socket.incoming().enumerate() {
                let to = n % nodes.len();
                let (Ok(client), Ok(node)) = (client, TcpStream::connect(&nodes[to])) else {
                    continue;
                };
                let counted: &Arc<AtomicUsize> = &counted[to];
                counted.fetch_add(1, Ordering::Relaxed);
                carry(client.try_clone().unwrap(), node.try_clone().unwrap());
                carry(node, client);
            }
        });
        Self { address, counts }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        drop(io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
}

/// Two nodes, both reached through `both`, and each by itself.
pub(crate) struct Pair {
    cluster: Cluster,
    pub(crate) both: Node,
    pub(crate) first: String,
    pub(crate) second: Neighbour,
    /// Where operators reach each.
    pub(crate) admins: [String; 2],
    balancer: Balancer,
}

impl Pair {
    fn start(name: &str) -> Self {
        Self::start_with(name, "")
    }

    /// The same, with more in the settings of both.
    pub(crate) fn start_with(name: &str, more: &str) -> Self {
        let cluster = Cluster::start();
        let [first, second] = [(); 2].map(|()| format!("127.0.0.1:{}", port()));
        let [admin, other_admin] = [(); 2].map(|()| format!("127.0.0.1:{}", port()));
        let balancer = Balancer::start([first.clone(), second.clone()]);
        let settings = |listen: &str, admin: &str| {
            let text = file(&balancer.address, admin, &Wishes::default());
            text.replace(
                &format!("listen = \"{}\"", balancer.address),
                &format!("listen = \"{listen}\""),
            )
            .replace("sqlite:placet.db", &cluster.url("placet"))
                + "[keys]\nmaster_key_file = \"master.key\"\n"
                + more
        };
        let directory = Directory::new(name);
        directory.write("master.key", MASTER_KEY);
        let mut both = Node::at(
            directory,
            (first.clone(), admin.clone()),
            &settings(&first, &admin),
        );
        let second = both.neighbour(&second, &settings(&second, &other_admin));
        both.address.clone_from(&balancer.address);
        both.settle();
        Self {
            cluster,
            both,
            first,
            second,
            admins: [admin, other_admin],
            balancer,
        }
    }

    /// Asks one node, past the balancer, as `client`.
    fn at(&self, node: &str, client: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
        let authorization = basic(client, SECRET);
        let headers = [
            ("Host", self.balancer.address.as_str()),
            ("Authorization", authorization.as_str()),
            FORM,
        ];
        ask(node, "POST", target, &headers, &form(fields))
    }

    fn is_active_at(&self, node: &str, client: &str, token: &str) -> bool {
        let reply = self.at(node, client, "/introspect", &[("token", token)]);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["active"].as_bool().unwrap()
    }

    fn nodes(&self) -> [&str; 2] {
        [&self.first, &self.second.address]
    }

    fn command(&self, words: &[&str]) -> String {
        let output = self.both.command(words);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn every_request_may_go_to_another_node() {
    let pair = Pair::start("nodes-flows");
    let node = &pair.both;
    // A device: it asks, a person agrees, it collects, it refreshes – each at the other node.
    let device = Device::ask(node, "tv");
    let mut browser = Browser::of_ada(node);
    let page = browser.approve_device(&device.user_code);
    assert_eq!(page.status, 200, "{page:?}");
    let given = device.wait(node);
    assert_eq!(given.status, 200, "{given:?}");
    let next = node.refresh("tv", &text(&given, "refresh_token"));
    assert_eq!(next.status, 200, "{next:?}");
    let access = text(&next, "access_token");
    for one in pair.nodes() {
        assert!(pair.is_active_at(one, "tv", &access));
    }
    // A browser's code, exchanged at one node and brought again at the other.
    let code = browser.code_of("home");
    let [first, second] = pair.nodes();
    let given = pair.at(first, "home", "/token", &exchange(&code));
    assert_eq!(given.status, 200, "{given:?}");
    let replayed = pair.at(second, "home", "/token", &exchange(&code));
    assert_eq!(error(&replayed), "invalid_grant");
    assert!(
        !pair.is_active_at(first, "home", &text(&given, "access_token")),
        "what it gave is over"
    );
    // What is revoked at one is not active at the other, at once.
    let reply = pair.at(
        second,
        "tv",
        "/revoke",
        &[("token", &text(&next, "refresh_token"))],
    );
    assert_eq!(reply.status, 200);
    assert!(!pair.is_active_at(first, "tv", &access));
    // A device that polls too fast is told so at whichever node it meets twice.
    let device = Device::ask(node, "tv");
    let fields = [
        ("grant_type", DEVICE_GRANT),
        ("device_code", device.code.as_str()),
    ];
    for one in pair.nodes() {
        let told: Vec<String> = (0..2)
            .map(|_| error(&pair.at(one, "tv", "/token", &fields)))
            .collect();
        assert!(told.contains(&"slow_down".to_owned()), "{told:?}");
    }
    let counts = pair
        .balancer
        .counts
        .each_ref()
        .map(|count| count.load(Ordering::Relaxed));
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
    node.assert_verified();
}

#[test]
fn what_an_operator_changes_every_node_follows() {
    let pair = Pair::start("nodes-operator");
    let kids = |address: &str| {
        let host = ("Host", pair.balancer.address.as_str());
        let keys = ask(address, "GET", "/jwks.json", &[host], "").json();
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        // Keys of other algorithms may still be made in the background.
        keys.iter()
            .filter(|key| key["alg"] == "ES256")
            .map(|key| key["kid"].to_string())
            .collect::<Vec<_>>()
    };
    let before = kids(&pair.first).len();
    pair.command(&["keys", "rotate", "--alg", "ES256"]);
    for one in pair.nodes() {
        let seen = until(SOON, || (kids(one).len() == before + 1).then_some(()));
        assert!(seen.is_some(), "{one}: {}", pair.both.log());
    }
    assert_eq!(kids(&pair.first), kids(&pair.second.address));
    let given = pair.at(
        &pair.first,
        "https://mail.example",
        "/token",
        &[("grant_type", "client_credentials")],
    );
    assert_eq!(given.status, 200, "{given:?}");
    pair.command(&["clients", "remove", "https://mail.example"]);
    for one in pair.nodes() {
        let fields = [("grant_type", "client_credentials")];
        let refused = until(SOON, || {
            let reply = pair.at(one, "https://mail.example", "/token", &fields);
            (reply.status == 401).then_some(())
        });
        assert!(refused.is_some(), "{one}");
    }
    let listed = pair.command(&["people", "list"]);
    assert!(listed.contains("ada"), "{listed}");
    let events = pair.command(&["events", "--kind", "client_removed", "--json"]);
    assert_eq!(events.lines().count(), 1, "{events}");
}

#[test]
fn a_node_waits_for_its_database_and_says_when_it_is_away() {
    let mut pair = Pair::start("nodes-away");
    let ready = |admin: &str| ask(admin, "GET", "/ready", &[], "");
    assert_eq!(ready(&pair.both.admin).status, 200);
    pair.cluster.tell("stop");
    let away = until(START, || {
        let reply = ready(&pair.both.admin);
        (reply.status == 503 && reply.body.contains("store_unavailable")).then_some(())
    });
    assert!(away.is_some(), "{}", pair.both.log());
    let fields = [("grant_type", "client_credentials")];
    let reply = pair.at(&pair.first, "https://photos.example", "/token", &fields);
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    // A node that starts meanwhile waits; both are back by themselves.
    pair.both.kill();
    let admin = pair.both.admin.clone();
    thread::scope(|scope| {
        let both = &mut pair.both;
        let first = pair.first.clone();
        let cluster = &mut pair.cluster;
        scope.spawn(move || {
            thread::sleep(Duration::from_secs(2));
            cluster.tell("start");
        });
        both.address.clone_from(&first);
        both.start_again();
    });
    let back = until(START, || (ready(&admin).status == 200).then_some(()));
    assert!(back.is_some(), "{}", pair.both.log());
    // The other node asks its database again in its own time, and says until when.
    let photos = "https://photos.example";
    let given = until(START, || {
        let reply = pair.at(&pair.second.address, photos, "/token", &fields);
        assert!(
            reply.status == 200 || reply.header("retry-after").is_some(),
            "{reply:?}"
        );
        (reply.status == 200).then_some(())
    });
    assert!(given.is_some(), "the other node is not back");
    assert!(
        pair.both.log().contains("does not answer yet"),
        "{}",
        pair.both.log()
    );
}

#[test]
fn k4_a_database_is_backed_up_and_restored_like_a_file() {
    let pair = Pair::start("nodes-backup");
    let node = &pair.both;
    let code = Browser::of_ada(node).code_of("home");
    pair.command(&["backup", "one.archive"]);
    let given = node.as_client("home", "/token", &exchange(&code));
    assert_eq!(given.status, 200, "{given:?}");
    let other = pair.cluster.url("other");
    pair.command(&["restore", "one.archive", "--database-url", &other]);
    pair.command(&["verify", "--database-url", &other]);
    let refused = node.command(&["restore", "one.archive"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let requests = pair.command(&["requests", "list", "--database-url", &other]);
    assert!(requests.contains("Nothing waits"), "{requests}");
}

#[test]
fn a_file_moves_into_a_database_under_load_and_loses_nothing() {
    let cluster = Cluster::start();
    let mut node = Node::start("move-to-database");
    let key = node.directory.path().join("placet.db.development-key");
    let key = std::fs::read_to_string(key).unwrap();
    node.directory.write("placet.toml.development-key", &key);
    backup::moves_under_load(&mut node, &cluster.url("placet"));
}
