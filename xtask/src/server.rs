//! A running `placet serve` that can be killed without warning.

use std::{
    fs::File,
    io,
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
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
    /// Starts `command` and waits until `address` (`127.0.0.1:PORT`), which stands behind the name `host`, serves the
    /// discovery document. Its output goes to `log`.
    pub(crate) fn start_behind(
        command: &mut Command,
        address: &str,
        host: &str,
        log: &Path,
    ) -> Result<Self, String> {
        let begun = Instant::now();
        let mut server = Self::spawn(command, log)?;
        let request = Request::get("/.well-known/openid-configuration");
        loop {
            if let Ok(reply) = Connection::behind(address, host).send(&request)
                && reply.status == 200
            {
                server.first_answer = begun.elapsed();
                return Ok(server);
            }
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(format!(
                    "the server stopped at its start ({status}); its words are in {}",
                    log.display()
                ));
            }
            if begun.elapsed() > START_LIMIT {
                return Err(format!(
                    "no answer within {} s; see {}",
                    START_LIMIT.as_secs(),
                    log.display()
                ));
            }
            thread::sleep(Duration::from_micros(500));
        }
    }

    /// Starts `command` and waits for nothing. Its output goes to `log`.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> Result<Self, String> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.map_err(|error| format!("{}: {error}", log.display()))?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
        Ok(Self {
            child,
            first_answer: Duration::ZERO,
        })
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
        // Whatever is left goes when this value is dropped.
        let _ended = self.terminate(STOP_LIMIT);
    }

    /// SIGTERM, and no wait.
    pub(crate) fn ask_to_end(&self) -> Result<(), String> {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        match asked {
            Ok(status) if status.success() => Ok(()),
            _ => Err("the server could not be asked to end".to_owned()),
        }
    }

    /// SIGTERM, and the wait for the end: how it ended and how long it took, or nothing when it still runs at the limit.
    pub(crate) fn terminate(&mut self, limit: Duration) -> Option<(ExitStatus, Duration)> {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .stderr(Stdio::null())
            .status();
        let begun = Instant::now();
        while asked.as_ref().is_ok_and(ExitStatus::success) && begun.elapsed() < limit {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some((status, begun.elapsed()));
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
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
