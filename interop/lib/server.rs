//! Starts the real `placet serve` on free loopback ports with a settings file of its own, and ends it.
//!
//! It needs the standard library alone: the judges that share it have different HTTP clients.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running server. It ends with this value.
pub struct Process {
    child: Child,
}

/// A folder for the settings of a server, its store and its log.
pub fn folder() -> Result<PathBuf, Box<dyn Error>> {
    let folder = env::var_os("PLACET_WORK").map_or_else(env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("server-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A loopback port that nobody listens on.
pub fn free_port() -> Result<u16, Box<dyn Error>> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Process {
    /// Starts a server at `http://127.0.0.1:PORT` with `more` settings, and waits until it answers.
    pub fn start(folder: &Path, port: u16, more: &str) -> Result<Self, Box<dyn Error>> {
        let store = folder.join("placet.db");
        let settings = format!(
            "public_origin = \"http://127.0.0.1:{port}\"\nlisten = \"127.0.0.1:{port}\"\ndevelopment = true\n\
             database_url = \"sqlite:{}\"\n[limits]\npoll_interval_s = 1\n{more}",
            store.display()
        );
        let config = folder.join("placet.toml");
        fs::write(&config, settings)?;
        let log = File::create(folder.join("server.log"))?;
        let binary = env::var_os("PLACET_BIN").ok_or("PLACET_BIN is not set")?;
        let mut command = Command::new(binary);
        // The server reads every PLACET_ variable as a setting; those of the gate are none.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PLACET_") {
                command.env_remove(name);
            }
        }
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut server = Self { child };
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT && server.child.try_wait()?.is_none() {
            if is_up(port).unwrap_or(false) {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(20));
        }
        let said = fs::read_to_string(folder.join("server.log"))?;
        Err(format!("the server did not start: {said}").into())
    }
}

fn is_up(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let ask = format!(
        "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(ask.as_bytes())?;
    let mut told = String::new();
    stream.read_to_string(&mut told)?;
    Ok(told.starts_with("HTTP/1.1 200 "))
}

/// Writes a secret beside the settings: the server reads it only where nobody else can.
#[allow(dead_code, reason = "not every judge has a secret")]
pub fn write_secret(path: &Path, secret: &str) -> Result<(), Box<dyn Error>> {
    let mut options = File::options();
    let mut file = options
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    Ok(file.write_all(secret.as_bytes())?)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is what we want.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
