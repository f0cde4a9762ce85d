//! A PostgreSQL server of our own: made in a folder of its own, run by an account without rights, stopped in every way.
//!
//! A shell watches over each server. When this process ends, in whatever way, the shell's input closes, and it ends the
//! server and removes its folder.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{process, server};

/// The user and database of the scenarios.
const USER: &str = "placet";
const START_LIMIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Ends a server and removes its folder when the input ends; `$0` is the folder.
const GUARD: &str = r#"trap '' INT TERM; cat >/dev/null
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
rm -rf "$0""#;

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Open transactions are undone, clients are told, everything is written.
    Fast,
    /// Everybody leaves at once; the next start recovers from the log.
    Immediate,
    /// SIGKILL of the first process; the others notice.
    Kill,
}

/// A server and its folder.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    /// Words before each command of the server, such as those that enter a network namespace.
    before: Vec<String>,
    pub(crate) host: String,
    pub(crate) port: u16,
    postgres: Option<Child>,
    guard: Child,
}

impl Cluster {
    /// Makes and starts a server on loopback; nothing where PostgreSQL is not installed.
    pub(crate) fn new() -> Result<Option<Self>, String> {
        Self::inside(&[], "127.0.0.1")
    }

    /// The same reached as `host`, its commands run after the words `before`.
    pub(crate) fn inside(before: &[String], host: &str) -> Result<Option<Self>, String> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let mut cluster = Self::empty(programs, before, host)?;
        let mut init = cluster.command("initdb");
        init.arg("-D").arg(cluster.data());
        init.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        done(init.args(["--username", USER]))?;
        let settings = format!(
            "\nlisten_addresses = '{host}'\nunix_socket_directories = '{}'\nmax_connections = 200\nwal_level = replica\n\
             synchronous_commit = on\n",
            cluster.folder.display()
        );
        cluster.append("postgresql.conf", &settings)?;
        cluster.append(
            "pg_hba.conf",
            "host all all all trust\nhost replication all all trust\n",
        )?;
        cluster.start()?;
        cluster.sql("postgres", &format!("CREATE DATABASE {USER}"))?;
        Ok(Some(cluster))
    }

    /// A folder with its guard, and no server in it.
    fn empty(programs: PathBuf, before: &[String], host: &str) -> Result<Self, String> {
        let port = server::free_port()?;
        let folder =
            std::env::temp_dir().join(format!("placet-torture-{}-{port}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if let Some((user, group)) = other_account() {
            std::os::unix::fs::chown(&folder, Some(user), Some(group))
                .map_err(|error| error.to_string())?;
        }
        let mut guard = unprivileged(&[], "sh");
        guard.args(["-c", GUARD]).arg(&folder).current_dir("/");
        let guard = guard
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            programs,
            folder,
            before: before.to_vec(),
            host: host.to_owned(),
            port,
            postgres: None,
            guard,
        })
    }

    /// A standby that the primary waits for at every COMMIT, from here on.
    pub(crate) fn synchronous_standby(&self) -> Result<Self, String> {
        let mut standby = Self::empty(self.programs.clone(), &self.before, &self.host)?;
        let primary = format!(
            "host={} port={} user={USER} application_name=standby",
            self.host, self.port
        );
        let mut copy = standby.command("pg_basebackup");
        copy.arg("-D").arg(standby.data()).args(["-d", &primary]);
        done(copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]))?;
        standby.start()?;
        self.sql(
            "postgres",
            "ALTER SYSTEM SET synchronous_standby_names = 'standby'",
        )?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        let state = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        wait("the standby to follow", || {
            Ok(self.sql("postgres", state)?.trim() == "1")
        })?;
        Ok(standby)
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) -> Result<(), String> {
        self.sql("postgres", "SELECT pg_promote(true, 30)")
            .map(drop)
    }

    /// The URL of the database at another address, such as that of a proxy.
    pub(crate) fn url_at(addresses: &[String]) -> String {
        format!("postgres://{USER}@{}/{USER}", addresses.join(","))
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> String {
        Self::url_at(&[self.address()])
    }

    /// The process id of a server that runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.postgres.as_ref().map(Child::id)
    }

    /// Starts the server and waits until it takes connections. One that still finds remains of its last life is
    /// started again.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        let log = self.folder.join("log");
        wait("PostgreSQL to start", || {
            let running = match &mut self.postgres {
                Some(child) => child.try_wait().is_ok_and(|ended| ended.is_none()),
                None => false,
            };
            if !running {
                let out = fs::File::options()
                    .create(true)
                    .append(true)
                    .open(&log)
                    .map_err(|error| error.to_string())?;
                let copy = out.try_clone().map_err(|error| error.to_string())?;
                let mut command = self.command("postgres");
                command.arg("-D").arg(self.data());
                command.args(["-p", &self.port.to_string()]);
                let child = command
                    .stdin(Stdio::null())
                    .stdout(out)
                    .stderr(copy)
                    .spawn();
                self.postgres = Some(child.map_err(|error| error.to_string())?);
            }
            Ok(self.ready())
        })
        .map_err(|error| format!("{error}; see {}", log.display()))
    }

    fn ready(&self) -> bool {
        let mut command = self.command("pg_isready");
        command.args(["-q", "-h", &self.host, "-p", &self.port.to_string()]);
        command.status().is_ok_and(|status| status.success())
    }

    /// Ends the server and waits until it is gone.
    pub(crate) fn stop(&mut self, how: Stop) -> Result<(), String> {
        let Some(mut child) = self.postgres.take() else {
            return Ok(());
        };
        let signal = match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
            Stop::Kill => "-KILL",
        };
        // `child` may be the program that entered a namespace; the server itself says its own number.
        let file = self.data().join("postmaster.pid");
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let pid = text.lines().next().unwrap_or_default();
        done(Command::new("kill").args([signal, pid]))?;
        child.wait().map(drop).map_err(|error| error.to_string())
    }

    /// Runs SQL and gives what it prints.
    pub(crate) fn sql(&self, database: &str, text: &str) -> Result<String, String> {
        let mut command = self.command("psql");
        command.args(["-h", &self.host, "-p", &self.port.to_string(), "-U", USER]);
        command.args(["-d", database, "-XAtqc", text]);
        done(&mut command)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn append(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.data().join(name);
        let before = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        fs::write(&path, before + text).map_err(|error| error.to_string())
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = unprivileged(&self.before, &program.to_string_lossy());
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The guard ends what is left; there is nobody to tell about the rest.
        drop(self.stop(Stop::Immediate));
        drop(self.guard.stdin.take());
        self.guard.wait().map(drop).unwrap_or_default();
    }
}

/// Where the server's programs are.
fn programs() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").output().ok();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<PathBuf> = debian.flatten().map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        name.and_then(|name| name.parse::<u32>().ok())
    });
    let found = versions.iter().rev().map(|version| version.join("bin"));
    said.map(PathBuf::from)
        .into_iter()
        .chain(found)
        .find(|folder| folder.join("initdb").is_file())
}

/// Whom the server runs as when we are root: it refuses to be root itself.
fn other_account() -> Option<(u32, u32)> {
    let id = |words: &[&str]| {
        let output = Command::new("id").args(words).output().ok()?;
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u32>()
            .ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
}

/// A command of an account without rights.
fn unprivileged(before: &[String], program: &str) -> Command {
    let mut words: Vec<String> = before.to_vec();
    if let Some((user, group)) = other_account() {
        words.push("setpriv".to_owned());
        words.extend([format!("--reuid={user}"), format!("--regid={group}")]);
        words.push("--clear-groups".to_owned());
    }
    words.push(program.to_owned());
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Runs a command to its end; its words when it fails.
fn done(command: &mut Command) -> Result<String, String> {
    let finished = process::capture(command);
    if finished.ok {
        Ok(finished.text)
    } else {
        Err(finished.text.trim().to_owned())
    }
}

/// Asks until it is so.
pub(crate) fn wait(what: &str, mut so: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < START_LIMIT {
        if so()? {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    Err(format!("waited {} s for {what}", START_LIMIT.as_secs()))
}
