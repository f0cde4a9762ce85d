//! What the demo plays on: a store in a temporary directory, a server in this process, a person and a
//! device. All of it is gone when it ends.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use placet_core::random::{Random as _, SystemRandom};
use tokio::net::TcpListener;

use super::photos;
use crate::{
    app::StartError,
    config::{Disk, Settings, Sources, render},
    serve::Server,
};

/// The port a newcomer sees, when it is free.
const PORT: u16 = 8080;
/// Who signs in.
pub(super) const USERNAME: &str = "ada";
/// The device's `client_id`.
pub(super) const CLIENT_ID: &str = "demo-tv";

/// Why the stage could not be set.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    /// Directory or socket.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The demo's own settings do not fit.
    #[error("{0}")]
    Settings(String),
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// A directory that is deleted with everything in it.
struct Directory(PathBuf);

impl Directory {
    fn make() -> io::Result<Self> {
        let mut name = [0; 8];
        SystemRandom.fill(&mut name);
        let path = std::env::temp_dir().join(format!("placet-demo-{}", HEXLOWER.encode(&name)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The set stage.
pub(super) struct Stage {
    pub(super) issuer: String,
    pub(super) password: String,
    /// The resource's identifier, which is also its address.
    pub(super) resource: String,
    /// Where the resource listens.
    pub(super) photos: TcpListener,
    server: Server,
    // Dropped last: the store is in it.
    directory: Directory,
}

impl Stage {
    /// Sets it: everything listens when this returns.
    pub(super) async fn set(code_lifetime_s: u64) -> Result<Self, StageError> {
        let directory = Directory::make()?;
        let socket = match TcpListener::bind(("127.0.0.1", PORT)).await {
            Ok(socket) => socket,
            Err(_) => TcpListener::bind(("127.0.0.1", 0)).await?,
        };
        let address = socket.local_addr()?;
        let photos = TcpListener::bind(("127.0.0.1", 0)).await?;
        let resource = format!("http://{}", photos.local_addr()?);
        let password = password();
        let text = file(address, &resource, &password, code_lifetime_s);
        let settings = read(&directory.0, &text)?;
        let issuer = settings.public_origin.as_str().to_owned();
        let server = Server::start_on(socket, settings).await?;
        Ok(Self {
            issuer,
            password,
            resource,
            photos,
            server,
            directory,
        })
    }

    /// Ends the server and deletes the store.
    pub(super) async fn clear(self) {
        let Self {
            server, directory, ..
        } = self;
        server.run_until(std::future::ready(())).await;
        drop(directory);
    }
}

/// Four groups of four letters and digits: 80 bits, and easy to type.
fn password() -> String {
    let mut bytes = [0; 10];
    SystemRandom.fill(&mut bytes);
    let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
    let (one, rest) = text.split_at(4);
    let (two, rest) = rest.split_at(4);
    let (three, four) = rest.split_at(4);
    format!("{one}-{two}-{three}-{four}")
}

fn read(directory: &Path, text: &str) -> Result<Settings, StageError> {
    let file = directory.join("placet.toml");
    fs::write(&file, text)?;
    let sources = Sources {
        file: Some(file),
        files: &Disk,
        variables: Vec::new(),
        flags: Vec::new(),
    };
    Settings::load(&sources).map_err(|problems| StageError::Settings(render(&problems)))
}

/// The settings of the demo, as anybody could write them.
fn file(address: SocketAddr, resource: &str, password: &str, code_lifetime_s: u64) -> String {
    let scope = photos::SCOPE;
    format!(
        r#"public_origin = "http://{address}"
listen = "{address}"
development = true
database_url = "sqlite:placet.db"

[limits]
poll_interval_s = 1

[lifetimes]
device_code = {code_lifetime_s}

[[scopes]]
name = "{scope}"
description = {{ en = "See your photos", de = "Ihre Fotos ansehen", fr = "Voir vos photos" }}

[[resources]]
id = "{resource}"
name = "Photos"
access_token_format = "jwt"

[[people]]
username = "{USERNAME}"
password = "{password}"
[people.claims]
name = "Ada Lovelace"

[[clients]]
client_id = "{CLIENT_ID}"
client_name = "Living room television"
token_endpoint_auth_method = "none"
application_type = "native"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]
scope = "{scope}"
"#
    )
}
