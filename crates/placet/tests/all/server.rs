//! A running `placet serve` on a store of its own, and raw HTTP to it: what the tests of the whole server stand on.
#![expect(
    clippy::disallowed_methods,
    reason = "a real server is waited for in real time"
)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

const START_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// The operators' token of every test server.
pub(crate) const ADMIN_TOKEN: &str = "lFkmWf1w2TtJr3o9uYvB8cQx5sZ0eHdN7aGpKiRb4zM";

/// A directory of one test, deleted at its end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("placet-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file that only this account can read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

/// The program under test.
pub(crate) fn placet() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placet"));
    command.stdin(Stdio::null()).env("NO_COLOR", "1");
    // The server reads every PLACET_ variable as a setting; those around this test are none.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLACET_") {
            command.env_remove(&name);
        }
    }
    command
}

/// A server that listens.
pub(crate) struct Server {
    pub(crate) directory: Directory,
    pub(crate) address: String,
    pub(crate) admin: String,
    child: Child,
}

/// Development settings with an admin listener, and whatever a test adds to them.
pub(crate) fn settings(address: &str, admin: &str, more: &str) -> String {
    format!(
        "public_origin = \"http://{address}\"\nlisten = \"{address}\"\ndevelopment = true\n\
         database_url = \"sqlite:placet.db\"\n[admin]\nlisten = \"{admin}\"\ntoken_file = \"admin.token\"\n{more}"
    )
}

impl Server {
    /// Starts one with these further settings.
    pub(crate) fn start(name: &str, more: &str) -> Self {
        Self::start_with(name, &[], |address, admin| settings(address, admin, more))
    }

    /// Starts one with these files beside it and the settings made for its two addresses.
    pub(crate) fn start_with(
        name: &str,
        files: &[(&str, String)],
        settings: impl Fn(&str, &str) -> String,
    ) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let admin = format!("127.0.0.1:{}", free_port());
        let directory = Directory::new(name);
        directory.write("admin.token", ADMIN_TOKEN);
        for (file, text) in files {
            directory.write(file, text);
        }
        directory.write("placet.toml", &settings(&address, &admin));
        let child = spawn(&directory);
        let server = Self {
            directory,
            address,
            admin,
            child,
        };
        server.wait_until_it_listens();
        server
    }

    /// Starts it again on the same store, with other further settings.
    pub(crate) fn restart(mut self, more: &str) -> Self {
        assert!(self.stop().success());
        self.start_again(more)
    }

    /// The same after it was stopped.
    pub(crate) fn start_again(mut self, more: &str) -> Self {
        let text = settings(&self.address, &self.admin, more);
        self.directory.write("placet.toml", &text);
        self.child = spawn(&self.directory);
        self.wait_until_it_listens();
        self
    }

    fn wait_until_it_listens(&self) {
        let begun = Instant::now();
        let mut stream = loop {
            if let Ok(stream) = TcpStream::connect(&self.address) {
                break stream;
            }
            assert!(begun.elapsed() < START_LIMIT, "{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        };
        // It takes connections before its store is there; whatever it says, TLS or not, it says afterwards.
        stream.set_read_timeout(Some(START_LIMIT)).unwrap();
        let asked = stream.write_all(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n");
        asked.and_then(|()| stream.read(&mut [0; 1])).ok();
    }

    /// What it wrote to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Asks it to end, as a service manager does.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    /// Asks it to end and waits.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        self.terminate();
        self.wait()
    }

    /// A connection to its public listener.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(&self.address)
    }

    /// Sends one request to the public listener, with its own name as `Host`.
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        ask(&self.address, method, target, more, body)
    }

    /// Posts a form.
    pub(crate) fn post(&self, target: &str, form: &str) -> Reply {
        let form_type = ("Content-Type", "application/x-www-form-urlencoded");
        self.ask("POST", target, &[form_type], form)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(directory: &Directory) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(directory.path().join("log"))
        .unwrap();
    placet()
        .args(["serve", "--config", "placet.toml"])
        .current_dir(directory.path())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
    stream
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// Reads everything that comes until the connection ends.
    pub(crate) fn read(mut stream: &TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A server that refuses a body may reset the connection after its answer.
        drop(stream.read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Self {
            status: status.unwrap_or(0),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Sends one request and reads the answer. A `Host` among `more` replaces the address.
pub(crate) fn ask(
    address: &str,
    method: &str,
    target: &str,
    more: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut stream = connect(address);
    let named = more.iter().any(|(name, _)| *name == "Host");
    let host = (!named).then_some(("Host", address));
    let lines: String = host
        .iter()
        .chain(more)
        .flat_map(|(name, value)| [*name, ": ", *value, "\r\n"])
        .collect();
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nConnection: close\r\n{lines}Content-Length: {length}\r\n\r\n{body}"
    );
    drop(stream.write_all(request.as_bytes()));
    Reply::read(&stream)
}

/// A connection that comes from another address of this machine.
pub(crate) fn connect_from(source: Ipv4Addr, address: &str) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).unwrap();
        socket.connect(address.parse().unwrap()).await.unwrap()
    });
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
    stream
}
