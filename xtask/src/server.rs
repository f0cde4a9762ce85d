//! A running `placet serve` that can be killed without warning.

use std::{
    fs::File,
    io,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::http::{Connection, Request};

/// How long a start may take before it counts as failed.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long a graceful stop may take: requests in flight are given 10 s.
const STOP_LIMIT: Duration = Duration::from_secs(12);

/// A child process that answers HTTP on loopback.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// From the start of the process to its first good answer.
    pub(crate) first_answer: Duration,
}

impl Server {
    /// Starts `command` and waits until the discovery document of `address` (`127.0.0.1:PORT`) is served.
    /// Its output goes to `log`.
    pub(crate) fn start(command: &mut Command, address: &str, log: &Path) -> Result<Self, String> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.map_err(|error| format!("{}: {error}", log.display()))?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
        let request = Request::get("/.well-known/openid-configuration");
        loop {
            if let Ok(reply) =
                Connection::open(address).and_then(|mut connection| connection.send(&request))
                && reply.status == 200
            {
                return Ok(Self {
                    child,
                    first_answer: begun.elapsed(),
                });
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!(
                    "the server stopped at its start ({status}); its words are in {}",
                    log.display()
                ));
            }
            if begun.elapsed() > START_LIMIT {
                drop(Self {
                    child,
                    first_answer: begun.elapsed(),
                });
                return Err(format!(
                    "no answer within {} s; see {}",
                    START_LIMIT.as_secs(),
                    log.display()
                ));
            }
            thread::sleep(Duration::from_micros(500));
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the process to end as an operator would, and waits; one that does not listen is killed.
    pub(crate) fn stop(&mut self) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .stderr(Stdio::null())
            .status();
        let begun = Instant::now();
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success)
            && begun.elapsed() < STOP_LIMIT
        {
            if !self.is_alive() {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        // Whatever is left goes when this value is dropped.
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is what we want; there is nobody to tell about the rest.
        self.kill().unwrap_or_default();
    }
}

/// A port of loopback that nobody uses at the moment.
pub(crate) fn free_port() -> Result<u16, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

/// `placet serve --config FILE`, run in the folder of the file.
pub(crate) fn serve(binary: &Path, config: &Path) -> Command {
    let mut command = placet(binary, config);
    command.arg("serve").arg("--config").arg(config);
    command
}

/// The program in the folder of its configuration. Its settings stand in the file alone: what our own environment calls
/// `PLACET_…` is for us.
pub(crate) fn placet(binary: &Path, config: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLACET_") {
            command.env_remove(&name);
        }
    }
    if let Some(dir) = config.parent() {
        command.current_dir(dir);
    }
    command
}
