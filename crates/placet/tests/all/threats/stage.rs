//! A server on a store of its own that can be killed and started again, and what every test declares in it.

use std::{
    fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use serde_json::Value;

use crate::server::{ADMIN_TOKEN, Directory, Reply, ask, placet};

const START_LIMIT: Duration = Duration::from_secs(20);
const KEYS_LIMIT: Duration = Duration::from_mins(1);
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// Below the ports that outgoing connections are given, so that none of them takes one before a server does.
const FIRST_PORT: u16 = 12_000;
const PORTS: u16 = 18_000;

pub(super) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const SECRET: &str = "n0t-to-be-found-4c1b7d9e2f6a8035";
pub(super) const PASSWORD: &str = "violet-anchor-93-tram";
pub(super) const CALLBACK: &str = "https://app.example/callback";
pub(super) const PHOTOS: &str = "https://photos.example";
pub(super) const MAIL: &str = "https://mail.example";

/// Two people, two resources with a server each, and a client of every kind. All clients have the same secret.
const CAST: &str = r#"
[[scopes]]
name = "read"
description = { en = "Read your photos" }
[[scopes]]
name = "write"
description = { en = "Change your photos" }
[[resources]]
id = "https://photos.example"
[[resources]]
id = "https://mail.example"
[[people]]
username = "ada"
subject = "u-1"
password = "PASSWORD"
[[people]]
username = "ben"
subject = "u-2"
password = "PASSWORD"
[[clients]]
client_id = "tv"
client_name = "Television"
client_secret = "SECRET"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
scope = "read"
[[clients]]
client_id = "radio"
client_secret = "SECRET"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]
scope = "read"
[[clients]]
client_id = "shop"
client_name = "Shop"
client_secret = "SECRET"
redirect_uris = ["https://app.example/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "openid offline_access read"
[[clients]]
client_id = "home"
client_secret = "SECRET"
first_party = true
redirect_uris = ["https://app.example/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "openid offline_access read"
[[clients]]
client_id = "https://photos.example"
client_secret = "SECRET"
grant_types = ["client_credentials"]
[[clients]]
client_id = "https://mail.example"
client_secret = "SECRET"
grant_types = ["client_credentials"]
"#;

/// What one test says about its server beside the cast.
#[derive(Clone, Copy, Default)]
pub(super) struct Wishes<'a> {
    /// Entries of `[limits]`; the rate of a source is not limited and devices may poll each second.
    pub(super) limits: &'a str,
    /// Entries of `[lifetimes]`.
    pub(super) lifetimes: &'a str,
    /// Whole tables.
    pub(super) tables: &'a str,
    /// Whether an `X-Forwarded-For` of the test is believed, so that one machine can play several sources.
    pub(super) proxied: bool,
}

pub(crate) struct Node {
    pub(crate) directory: Directory,
    pub(super) address: String,
    pub(super) admin: String,
    child: Child,
}

/// A port nobody listens on. Tests that run at the same time in several processes begin at different ones.
pub(super) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + process.wrapping_mul(97).wrapping_add(step) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Node {
    pub(super) fn start(name: &str) -> Self {
        Self::with(name, &Wishes::default())
    }

    pub(super) fn with(name: &str, wishes: &Wishes<'_>) -> Self {
        let (address, admin) = (
            format!("127.0.0.1:{}", port()),
            format!("127.0.0.1:{}", port()),
        );
        let directory = Directory::new(name);
        let settings = file(&address, &admin, wishes);
        Self::at(directory, (address, admin), &settings)
    }

    /// One with these settings, reached at these addresses.
    pub(super) fn at(
        directory: Directory,
        (address, admin): (String, String),
        settings: &str,
    ) -> Self {
        directory.write("admin.token", ADMIN_TOKEN);
        directory.write("placet.toml", settings);
        let child = spawn(&directory, "placet.toml");
        let node = Self {
            directory,
            address,
            admin,
            child,
        };
        wait_until_it_answers(&node.address, || node.log());
        node
    }

    /// Another server beside this one: on the same store, under another name.
    pub(super) fn beside(&self, wishes: &Wishes<'_>) -> Neighbour {
        let address = format!("127.0.0.1:{}", port());
        let admin = format!("127.0.0.1:{}", port());
        self.neighbour(&address, &file(&address, &admin, wishes))
    }

    /// Another server in the same directory, with these settings.
    pub(super) fn neighbour(&self, address: &str, settings: &str) -> Neighbour {
        self.directory.write("beside.toml", settings);
        let child = spawn(&self.directory, "beside.toml");
        wait_until_it_answers(address, || self.log());
        Neighbour {
            address: address.to_owned(),
            child,
        }
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut does: nothing is finished, nothing is flushed.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same store.
    pub(super) fn start_again(&mut self) {
        self.child = spawn(&self.directory, "placet.toml");
        wait_until_it_answers(&self.address, || self.log());
    }

    /// Waits for the keys that are made in the background: nothing is written afterwards but what a test causes.
    pub(super) fn settle(&self) {
        let discovery = self.get("/.well-known/openid-configuration").json();
        let announced = discovery["id_token_signing_alg_values_supported"].clone();
        let announced = announced.as_array().unwrap();
        let is_settled = || {
            let keys = self.get("/jwks.json").json();
            let keys = keys["keys"].as_array().cloned().unwrap_or_default();
            let is_there = |alg: &Value| keys.iter().any(|key| key["alg"] == *alg);
            announced.iter().all(is_there).then_some(())
        };
        until(KEYS_LIMIT, is_settled).unwrap_or_else(|| panic!("{}", self.log()));
    }

    /// Runs an operator's command beside the server.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        let mut command = placet();
        command
            .args(words)
            .args(["--config", "placet.toml"])
            .current_dir(self.directory.path());
        command.output().unwrap()
    }

    /// Whether everything stored explains itself.
    pub(super) fn assert_verified(&self) {
        let output = self.command(&["verify"]);
        assert!(output.status.success(), "{output:?}");
    }

    pub(super) fn operator(&self, target: &str) -> Reply {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        ask(
            &self.admin,
            "GET",
            target,
            &[("Authorization", &bearer)],
            "",
        )
    }

    /// Everything in the store's files, and in no other file of the directory.
    pub(super) fn stored(&self) -> Vec<u8> {
        let names = ["placet.db", "placet.db-wal", "placet.db-shm"];
        let files = names.map(|name| fs::read(self.directory.path().join(name)));
        files.into_iter().flatten().flatten().collect()
    }

    /// How many bytes the store takes.
    pub(super) fn stored_bytes(&self) -> usize {
        self.stored().len()
    }

    pub(super) fn get(&self, target: &str) -> Reply {
        ask(&self.address, "GET", target, &[], "")
    }

    pub(super) fn post(&self, target: &str, fields: &[(&str, &str)]) -> Reply {
        ask(&self.address, "POST", target, &[FORM], &form(fields))
    }

    /// Posts as a client that proves itself by its secret.
    pub(super) fn as_client(&self, client: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
        self.try_as_client(client, target, fields).unwrap()
    }

    /// The same for a server that may be gone. `None` when there was no answer.
    pub(super) fn try_as_client(
        &self,
        client: &str,
        target: &str,
        fields: &[(&str, &str)],
    ) -> Option<Reply> {
        let stream = self.send_as_client(client, target, fields)?;
        Some(Reply::read(&stream)).filter(|reply| reply.status != 0)
    }

    /// Sends as a client, and leaves the answer on the wire.
    pub(super) fn send_as_client(
        &self,
        client: &str,
        target: &str,
        fields: &[(&str, &str)],
    ) -> Option<TcpStream> {
        let body = form(fields);
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: {}\r\n{}: {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            basic(client, SECRET),
            FORM.0,
            FORM.1,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
        stream.write_all(head.as_bytes()).ok()?;
        Some(stream)
    }

    pub(super) fn introspect(&self, caller: &str, token: &str) -> Reply {
        self.as_client(caller, "/introspect", &[("token", token)])
    }

    pub(super) fn is_active(&self, caller: &str, token: &str) -> bool {
        let reply = self.introspect(caller, token);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["active"].as_bool().unwrap()
    }

    pub(super) fn refresh(&self, client: &str, token: &str) -> Reply {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.as_client(client, "/token", &fields)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A second server on somebody's store.
pub(crate) struct Neighbour {
    pub(crate) address: String,
    child: Child,
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn basic(client: &str, secret: &str) -> String {
    // RFC 6749 §2.3.1: both are form-encoded first.
    let encode = |text: &str| form(&[("", text)]).split_off(1);
    let pair = format!("{}:{}", encode(client), encode(secret));
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    text.finish()
}

/// The member of a JSON answer that must be a text.
pub(super) fn text(reply: &Reply, name: &str) -> String {
    let found = reply.json()[name].as_str().map(str::to_owned);
    found.unwrap_or_else(|| panic!("no {name} in {reply:?}"))
}

/// The `error` of an OAuth answer.
pub(super) fn error(reply: &Reply) -> String {
    reply.json()["error"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The settings of a test's server.
pub(super) fn file(address: &str, admin: &str, wishes: &Wishes<'_>) -> String {
    let Wishes {
        limits,
        lifetimes,
        tables,
        proxied,
    } = wishes;
    let cast = CAST.replace("PASSWORD", PASSWORD).replace("SECRET", SECRET);
    let own = |name: &str| limits.lines().any(|line| line.starts_with(name));
    let mut usual = String::new();
    for (name, value) in [("requests_per_source_s", "0"), ("poll_interval_s", "1")] {
        if !own(name) {
            usual.extend([name, " = ", value, "\n"]);
        }
    }
    let proxy = if *proxied {
        "[proxy]\ntrusted = [\"127.0.0.1/32\"]\n"
    } else {
        ""
    };
    let text = crate::server::settings(address, admin, "");
    format!("{text}[limits]\n{usual}{limits}\n[lifetimes]\n{lifetimes}\n{proxy}{tables}{cast}")
}

fn spawn(directory: &Directory, config: &str) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(directory.path().join("log"))
        .unwrap();
    // A file that may not grow any more is an error for the writer, and not the end of the process.
    let words = "trap '' XFSZ; exec \"$0\" serve --config \"$1\"";
    Command::new("sh")
        .args(["-c", words, env!("CARGO_BIN_EXE_placet"), config])
        .env("NO_COLOR", "1")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Looks again and again until there is something, or the time is over.
#[expect(
    clippy::disallowed_methods,
    reason = "a test from outside waits by the machine's own clock"
)]
pub(super) fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Some(seen) = look() {
            return Some(seen);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Waits for the first answer: the socket is there before the store is open.
fn wait_until_it_answers(address: &str, log: impl Fn() -> String) {
    let connected = until(START_LIMIT, || TcpStream::connect(address).ok());
    assert!(connected.is_some(), "{}", log());
    let reply = ask(address, "GET", "/jwks.json", &[], "");
    assert_ne!(reply.status, 0, "{}", log());
}
