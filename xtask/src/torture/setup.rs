//! The servers of a torture: their configuration, their start, and the commands that look into their store.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{events::Events, judge::Violation};
use crate::{
    http::{Connection, Request},
    place,
    server::{self, Server},
};

/// The client that asks persons. It has a secret because it also introspects.
pub(crate) const DEVICE: (&str, &str) = ("torture-device", "torture-device-secret-0123456789");
/// The client that acts for itself.
pub(crate) const SERVICE: (&str, &str) = ("torture-service", "torture-service-secret-0123456789");
/// The client that gets codes by redirect. It has a secret and does without PKCE.
pub(crate) const WEB: (&str, &str) = ("torture-web", "torture-web-secret-0123456789");
/// Where it gets them; nobody listens there.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:9/callback";
/// The person who answers.
pub(crate) const PERSON: (&str, &str) = ("ada", "correct horse battery staple");

/// What a scenario wants to work on.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// The scenario's name, which its folder carries.
    pub(crate) name: &'a str,
    pub(crate) nodes: usize,
    /// One database for each node, as `database_url`; the last one is used for all that follow.
    pub(crate) databases: Vec<String>,
    /// What else stands in the configuration.
    pub(crate) more: String,
}

impl<'a> Wishes<'a> {
    /// One server on a SQLite file in a folder of its own.
    pub(crate) fn local(name: &'a str) -> Self {
        Self {
            name,
            nodes: 1,
            databases: vec![format!("sqlite:./{STORE}/placet.db")],
            more: String::new(),
        }
    }
}

/// The folder of the database inside the work folder.
const STORE: &str = "store";

/// Where the servers are and how they are started.
#[derive(Debug)]
pub(crate) struct Setup {
    binary: PathBuf,
    pub(crate) work: PathBuf,
    /// The name all servers answer to.
    pub(crate) host: String,
    pub(crate) nodes: Vec<Node>,
}

/// One server's places, the same after every start.
#[derive(Debug)]
pub(crate) struct Node {
    config: PathBuf,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    admin: String,
    pub(crate) log: PathBuf,
}

impl Setup {
    /// Writes the configurations into an empty folder.
    pub(crate) fn new(binary: &Path, wishes: &Wishes<'_>) -> Result<Self, String> {
        let work = place::fresh(&format!("torture-{}", wishes.name))?;
        let said = |error: io::Error| format!("{}: {error}", work.display());
        fs::create_dir(work.join(STORE)).map_err(said)?;
        secret(&work.join("admin.token"), &"torture-admin".repeat(4))?;
        secret(&work.join("master.key"), &"5a".repeat(32))?;
        let mut host = String::new();
        let mut nodes = Vec::new();
        for number in 0..wishes.nodes {
            let address = format!("127.0.0.1:{}", server::free_port()?);
            let admin = format!("127.0.0.1:{}", server::free_port()?);
            if host.is_empty() {
                host.clone_from(&address);
            }
            let database = wishes.databases.get(number).or(wishes.databases.last());
            let database = database.ok_or("a server needs a database")?;
            // Beside a SQLite file a server makes its own key, which must survive like the rest.
            let keys = if database.starts_with("sqlite:") {
                ""
            } else {
                "[keys]\nmaster_key_file = \"master.key\"\n"
            };
            let text = CONFIG
                .replace("HOST", &host)
                .replace("ADDRESS", &address)
                .replace("ADMIN", &admin)
                .replace("DATABASE", database)
                .replace("KEYS\n", keys)
                .replace("DEVICE_ID", DEVICE.0)
                .replace("DEVICE_SECRET", DEVICE.1)
                .replace("SERVICE_ID", SERVICE.0)
                .replace("SERVICE_SECRET", SERVICE.1)
                .replace("WEB_ID", WEB.0)
                .replace("WEB_SECRET", WEB.1)
                .replace("CALLBACK", CALLBACK)
                .replace("PERSON_NAME", PERSON.0)
                .replace("PERSON_PASSWORD", PERSON.1);
            let config = work.join(format!("node-{number}.toml"));
            fs::write(&config, text + &wishes.more).map_err(said)?;
            let log = work.join(format!("node-{number}.log"));
            nodes.push(Node {
                config,
                address,
                admin,
                log,
            });
        }
        Ok(Self {
            binary: binary.to_path_buf(),
            work,
            host,
            nodes,
        })
    }

    /// From now on servers are started with this program.
    pub(crate) fn use_binary(&mut self, binary: PathBuf) {
        self.binary = binary;
    }

    /// The folder of the SQLite file.
    pub(crate) fn store(&self) -> PathBuf {
        self.work.join(STORE)
    }

    /// All public addresses.
    pub(crate) fn addresses(&self) -> Vec<&str> {
        self.nodes
            .iter()
            .map(|node| node.address.as_str())
            .collect()
    }

    /// Starts a server on its store.
    pub(crate) fn start(&self, number: usize) -> Result<Server, String> {
        self.start_with(number, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn start_with(
        &self,
        number: usize,
        environment: &[(&str, String)],
    ) -> Result<Server, String> {
        let node = self.node(number)?;
        let mut command = server::serve(&self.binary, &node.config);
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        Server::start_behind(&mut command, &node.address, &self.host, &node.log)
    }

    /// Starts a server and does not wait until it answers.
    pub(crate) fn spawn(
        &self,
        number: usize,
        environment: &[(&str, String)],
    ) -> Result<Server, String> {
        let node = self.node(number)?;
        let mut command = server::serve(&self.binary, &node.config);
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        Server::spawn(&mut command, &node.log)
    }

    pub(crate) fn node(&self, number: usize) -> Result<&Node, String> {
        self.nodes
            .get(number)
            .ok_or_else(|| format!("there is no node {number}"))
    }

    /// What `/ready` says: whether the node wants requests, and the codes of the reasons why not.
    pub(crate) fn ready(&self, number: usize) -> Result<(bool, Vec<String>), String> {
        let node = self.node(number)?;
        let reply = Connection::lazy(&node.admin)
            .send(&Request::get("/ready"))
            .map_err(|error| format!("/ready of node {number}: {error}"))?;
        let json = reply.json();
        let reasons = json.get("reasons").and_then(serde_json::Value::as_array);
        let codes = reasons.into_iter().flatten();
        let codes = codes.filter_map(|reason| reason.get("code")?.as_str().map(str::to_owned));
        Ok((reply.status == 200, codes.collect()))
    }

    /// Everything the store says happened.
    pub(crate) fn events(&self) -> Result<Events, String> {
        let (ok, text) = self.ask(&["events", "--json"])?;
        if ok {
            Events::read(&text)
        } else {
            Err(format!("placet events: {text}"))
        }
    }

    /// What the store's own check finds: its invariants are J6 and J7 seen from inside.
    pub(crate) fn verify(&self) -> Result<Option<Violation>, String> {
        let (ok, text) = self.ask(&["verify", "--json"])?;
        Ok((!ok).then(|| Violation {
            rule: "J6/J7",
            what: format!("placet verify: {}", text.trim()),
        }))
    }

    /// Runs a command of the first server on its store: whether it succeeded and what it printed.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<(bool, String), String> {
        self.ask_with(words, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn ask_with(
        &self,
        words: &[&str],
        environment: &[(&str, String)],
    ) -> Result<(bool, String), String> {
        let node = self.node(0)?;
        let mut command = server::placet(&self.binary, &node.config);
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        command.args(words).arg("--config").arg(&node.config);
        let output = command
            .output()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        Ok((output.status.success(), text))
    }
}

/// Writes a file that only its owner can read.
fn secret(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o600)))
        .map_err(|error| format!("{}: {error}", path.display()))
}

const CONFIG: &str = r#"public_origin = "http://HOST"
listen = "ADDRESS"
development = true
database_url = "DATABASE"
KEYS
[admin]
listen = "ADMIN"
token_file = "admin.token"

[limits]
pending_per_client = 1000000
pending_per_source = 1000000
pending_total = 1000000
requests_per_source_s = 0
user_code_guesses_per_browser = 1000
user_code_guesses_per_source = 100000
user_code_guesses_total = 1000000

[[scopes]]
name = "read"
description = { en = "Read" }

[[people]]
username = "PERSON_NAME"
subject = "u-1"
password = "PERSON_PASSWORD"

[[clients]]
client_id = "DEVICE_ID"
client_secret = "DEVICE_SECRET"
client_name = "Torture device"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
scope = "openid offline_access read"

[[clients]]
client_id = "SERVICE_ID"
client_secret = "SERVICE_SECRET"
client_name = "Torture service"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["client_credentials"]
scope = "read"

[[clients]]
client_id = "WEB_ID"
client_secret = "WEB_SECRET"
client_name = "Torture web site"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["CALLBACK"]
require_pkce = false
scope = "openid offline_access read"
"#;
