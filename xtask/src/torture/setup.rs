//! The server's configuration for a torture, and the commands that look into its store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{events::Events, judge::Violation};
use crate::{
    place,
    server::{self, Server},
};

/// The client that asks persons. It has a secret because it also introspects.
pub(crate) const DEVICE: (&str, &str) = ("torture-device", "torture-device-secret-0123456789");
/// The client that acts for itself.
pub(crate) const SERVICE: (&str, &str) = ("torture-service", "torture-service-secret-0123456789");
/// The person who answers.
pub(crate) const PERSON: (&str, &str) = ("ada", "correct horse battery staple");

/// Where the server is and how it is started.
#[derive(Debug)]
pub(crate) struct Setup {
    binary: PathBuf,
    config: PathBuf,
    pub(crate) work: PathBuf,
    /// `127.0.0.1:PORT`, the same after every start.
    pub(crate) address: String,
}

impl Setup {
    /// Writes the configuration into an empty folder.
    pub(crate) fn new(binary: &Path) -> Result<Self, String> {
        let work = place::fresh("torture")?;
        let address = format!("127.0.0.1:{}", server::free_port()?);
        let config = work.join("placet.toml");
        let text = CONFIG
            .replace("ADDRESS", &address)
            .replace("DEVICE_ID", DEVICE.0)
            .replace("DEVICE_SECRET", DEVICE.1)
            .replace("SERVICE_ID", SERVICE.0)
            .replace("SERVICE_SECRET", SERVICE.1)
            .replace("PERSON_NAME", PERSON.0)
            .replace("PERSON_PASSWORD", PERSON.1);
        fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
        Ok(Self {
            binary: binary.to_path_buf(),
            config,
            work,
            address,
        })
    }

    /// Starts the server on its store.
    pub(crate) fn start(&self) -> Result<Server, String> {
        Server::start(
            &mut server::serve(&self.binary, &self.config),
            &self.address,
            &self.work.join("placet.log"),
        )
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

    fn ask(&self, words: &[&str]) -> Result<(bool, String), String> {
        let mut command = server::placet(&self.binary, &self.config);
        command.args(words).arg("--config").arg(&self.config);
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

const CONFIG: &str = r#"public_origin = "http://ADDRESS"
listen = "ADDRESS"
development = true
database_url = "sqlite:./placet.db"

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
"#;
