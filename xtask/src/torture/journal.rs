//! The journal: one line on disk before each request and one after each answer, kept by a process of its own.
//!
//! 1. `xtask torture-journal FILE SOCKET` appends each line it is sent and acknowledges it once it is on disk.
//! 2. Each worker has a connection of its own; the order of the lines is the order in which things were known.
//! 3. The process ends when its standard input closes, so it never outlives the driver.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

/// What a request asks for. Codes and tokens are those of this run, and worth nothing outside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Open,
    Answer { device_code: String, approve: bool },
    Poll { device_code: String },
    Refresh { token: String },
    Introspect { token: String },
    Revoke { token: String },
    Mint,
}

/// What the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Opened {
        device_code: String,
    },
    /// The page's `data-outcome`.
    Outcome(String),
    Tokens {
        access: String,
        refresh: Option<String>,
    },
    /// An OAuth error code, or what else was refused.
    Refused(String),
    Activity {
        active: bool,
        jti: Option<String>,
    },
    Revoked,
}

/// A request and what became of it. Places are line numbers of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) begun: usize,
    pub(crate) begun_ms: u64,
    /// Absent when the answer was lost.
    pub(crate) reply: Option<(usize, Reply)>,
}

impl Step {
    /// The tokens this request brought.
    pub(crate) fn tokens(&self) -> Option<(&str, Option<&str>)> {
        match &self.reply {
            Some((_, Reply::Tokens { access, refresh })) => Some((access, refresh.as_deref())),
            _ => None,
        }
    }
}

/// The running journal.
#[derive(Debug)]
pub(crate) struct JournalProcess {
    child: Child,
    file: PathBuf,
    socket: PathBuf,
    ahead_ms: Arc<AtomicU64>,
    /// What was read of the file so far: a long run is not read again after each harm.
    notes: Mutex<Notes>,
}

impl JournalProcess {
    /// Starts the process and waits until it listens.
    pub(crate) fn start(dir: &Path) -> Result<Self, String> {
        let (file, socket) = (dir.join("journal.jsonl"), dir.join("journal.sock"));
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .arg("torture-journal")
            .arg(&file)
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("journal: {error}"))?;
        let mut ready = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut ready)
                .map_err(|error| error.to_string())?;
        }
        let journal = Self {
            child,
            file,
            socket,
            ahead_ms: Arc::default(),
            notes: Mutex::default(),
        };
        if ready.trim() == "ready" {
            Ok(journal)
        } else {
            Err("the journal did not start".to_owned())
        }
    }

    /// A connection for one worker.
    pub(crate) fn connect(&self) -> Result<Pen, String> {
        let stream =
            UnixStream::connect(&self.socket).map_err(|error| format!("journal: {error}"))?;
        Ok(Pen {
            stream,
            ahead_ms: Arc::clone(&self.ahead_ms),
        })
    }

    /// The time of the servers under test, as far as it is set apart from ours.
    pub(crate) fn now_ms(&self) -> u64 {
        now_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// The servers' clock was set forward by this much. What is noted from here on carries their time.
    pub(crate) fn set_ahead(&self, ahead_ms: u64) {
        self.ahead_ms.fetch_max(ahead_ms, Ordering::Relaxed);
    }

    /// Everything noted so far, in the order of its beginning.
    pub(crate) fn read(&self) -> Result<Arc<Vec<Step>>, String> {
        let said = |error: io::Error| format!("{}: {error}", self.file.display());
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = File::open(&self.file).map_err(said)?;
        file.seek(SeekFrom::Start(notes.bytes)).map_err(said)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(said)?;
        notes.add(&text)?;
        Ok(Arc::clone(&notes.steps))
    }
}

impl Drop for JournalProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends by itself; waiting only collects its exit status.
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// Writes into the journal; returns when the line is on disk.
#[derive(Debug)]
pub(crate) struct Pen {
    stream: UnixStream,
    ahead_ms: Arc<AtomicU64>,
}

impl Pen {
    pub(crate) fn intent(&mut self, step: u64, action: &Action) -> Result<(), String> {
        self.line(&json!({ "step": step, "at_ms": self.now_ms(), "intent": action.write() }))
    }

    pub(crate) fn reply(&mut self, step: u64, reply: &Reply) -> Result<(), String> {
        self.line(&json!({ "step": step, "at_ms": self.now_ms(), "reply": reply.write() }))
    }

    pub(crate) fn lost(&mut self, step: u64, why: &str) -> Result<(), String> {
        self.line(&json!({ "step": step, "at_ms": self.now_ms(), "lost": why }))
    }

    fn now_ms(&self) -> u64 {
        now_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }

    fn line(&mut self, value: &Value) -> Result<(), String> {
        let noted = self.stream.write_all(format!("{value}\n").as_bytes());
        noted
            .and_then(|()| self.stream.read_exact(&mut [0]))
            .map_err(|error| format!("the journal is gone: {error}"))
    }
}

/// `xtask torture-journal FILE SOCKET`.
pub(crate) fn serve(args: &[String]) -> Result<bool, String> {
    let [file, socket] = args else {
        return Err("torture-journal FILE SOCKET".to_owned());
    };
    let said = |error: io::Error| error.to_string();
    let out = File::options()
        .create(true)
        .append(true)
        .open(file)
        .map_err(said)?;
    let listener = UnixListener::bind(socket).map_err(said)?;
    println!("ready");
    let out = Arc::new(Mutex::new(out));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let out = Arc::clone(&out);
            thread::spawn(move || keep(stream, &out));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink()).map_err(said)?;
    Ok(true)
}

/// Appends the lines of one connection; each is acknowledged by one byte when it is on disk.
fn keep(mut stream: UnixStream, out: &Mutex<File>) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        {
            let mut file = out.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes())?;
            file.sync_data()?;
        }
        stream.write_all(b".")?;
        line.clear();
    }
    Ok(())
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Intents and answers, joined as far as the file was read.
#[derive(Debug, Default)]
struct Notes {
    bytes: u64,
    lines: usize,
    /// Intents come in the order of the lines, so the steps stand in the order of their beginning.
    steps: Arc<Vec<Step>>,
    /// Where in `steps` a step that was begun stands.
    places: BTreeMap<u64, usize>,
}

impl Notes {
    /// Reads the whole lines of what follows. A line that is still being written is left for the next time.
    fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((whole, _)) = text.rsplit_once('\n') else {
            return Ok(());
        };
        // Copied only while somebody still holds what was read before.
        let steps = Arc::make_mut(&mut self.steps);
        for line in whole.lines() {
            let at = self.lines;
            let unreadable = || format!("journal line {} cannot be read: {line}", at + 1);
            let value: Value = serde_json::from_str(line).map_err(|_| unreadable())?;
            let number = |name: &str| {
                value
                    .get(name)
                    .and_then(Value::as_u64)
                    .ok_or_else(unreadable)
            };
            let (step, at_ms) = (number("step")?, number("at_ms")?);
            if let Some(intent) = value.get("intent") {
                let action = Action::read(intent).ok_or_else(unreadable)?;
                self.places.insert(step, steps.len());
                steps.push(Step {
                    action,
                    begun: at,
                    begun_ms: at_ms,
                    reply: None,
                });
            } else if let Some(reply) = value.get("reply") {
                let reply = Reply::read(reply).ok_or_else(unreadable)?;
                let place = self.places.get(&step);
                let begun = place.and_then(|&place| steps.get_mut(place));
                begun.ok_or_else(unreadable)?.reply = Some((at, reply));
            }
            self.lines += 1;
        }
        self.bytes += whole.len() as u64 + 1;
        Ok(())
    }
}

impl Action {
    fn write(&self) -> Value {
        match self {
            Self::Open => json!({ "do": "open" }),
            Self::Answer {
                device_code,
                approve,
            } => json!({ "do": "answer", "of": device_code, "approve": approve }),
            Self::Poll { device_code } => json!({ "do": "poll", "of": device_code }),
            Self::Refresh { token } => json!({ "do": "refresh", "of": token }),
            Self::Introspect { token } => json!({ "do": "introspect", "of": token }),
            Self::Revoke { token } => json!({ "do": "revoke", "of": token }),
            Self::Mint => json!({ "do": "mint" }),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let of = || value.get("of").and_then(Value::as_str).map(str::to_owned);
        Some(match value.get("do")?.as_str()? {
            "open" => Self::Open,
            "answer" => Self::Answer {
                device_code: of()?,
                approve: value.get("approve")?.as_bool()?,
            },
            "poll" => Self::Poll { device_code: of()? },
            "refresh" => Self::Refresh { token: of()? },
            "introspect" => Self::Introspect { token: of()? },
            "revoke" => Self::Revoke { token: of()? },
            "mint" => Self::Mint,
            _ => return None,
        })
    }
}

impl Reply {
    fn write(&self) -> Value {
        match self {
            Self::Opened { device_code } => json!({ "opened": device_code }),
            Self::Outcome(outcome) => json!({ "outcome": outcome }),
            Self::Tokens { access, refresh } => json!({ "access": access, "refresh": refresh }),
            Self::Refused(code) => json!({ "refused": code }),
            Self::Activity { active, jti } => json!({ "active": active, "jti": jti }),
            Self::Revoked => json!({ "revoked": true }),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(access) = text("access") {
            return Some(Self::Tokens {
                access,
                refresh: text("refresh"),
            });
        }
        if let Some(active) = value.get("active").and_then(Value::as_bool) {
            return Some(Self::Activity {
                active,
                jti: text("jti"),
            });
        }
        if value.get("revoked").is_some() {
            return Some(Self::Revoked);
        }
        let opened = text("opened").map(|device_code| Self::Opened { device_code });
        opened
            .or_else(|| text("outcome").map(Self::Outcome))
            .or_else(|| text("refused").map(Self::Refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_lost_answers_stay_lost() {
        let of = || "x".to_owned();
        let pairs = [
            (Action::Open, Reply::Opened { device_code: of() }),
            (
                Action::Answer {
                    device_code: of(),
                    approve: true,
                },
                Reply::Outcome("approved".to_owned()),
            ),
            (
                Action::Poll { device_code: of() },
                Reply::Tokens {
                    access: of(),
                    refresh: Some(of()),
                },
            ),
            (
                Action::Refresh { token: of() },
                Reply::Tokens {
                    access: of(),
                    refresh: None,
                },
            ),
            (
                Action::Introspect { token: of() },
                Reply::Activity {
                    active: true,
                    jti: Some(of()),
                },
            ),
            (Action::Revoke { token: of() }, Reply::Revoked),
            (Action::Mint, Reply::Refused("invalid_client".to_owned())),
        ];
        let mut text = String::new();
        for (number, (action, reply)) in pairs.iter().enumerate() {
            let lines = [
                json!({ "step": number, "at_ms": 5, "intent": action.write() }),
                json!({ "step": number, "at_ms": 5, "reply": reply.write() }),
            ];
            for line in lines {
                text.push_str(&line.to_string());
                text.push('\n');
            }
        }
        text.push_str("{\"step\":99,\"at_ms\":6,\"intent\":{\"do\":\"mint\"}}\n{\"step\":99,\"at_ms\":7,\"lost\":\"reset\"}\n");
        // Read in two parts, of which the first ends within a line.
        let mut notes = Notes::default();
        let (first, _) = text.split_at(text.len() / 2);
        notes.add(first).unwrap();
        let held = Arc::clone(&notes.steps);
        let (_, rest) = text.split_at(usize::try_from(notes.bytes).unwrap());
        notes.add(rest).unwrap();
        assert!(held.len() < notes.steps.len());
        let steps = notes.steps;
        assert_eq!(steps.len(), pairs.len() + 1);
        for (number, (action, reply)) in pairs.iter().enumerate() {
            assert_eq!(&steps[number].action, action);
            assert_eq!(steps[number].reply, Some((2 * number + 1, reply.clone())));
        }
        assert_eq!(steps[pairs.len()].reply, None);
    }

    #[test]
    fn a_line_that_is_no_entry_is_an_error() {
        for text in [
            "{\"step\":1}\n",
            "torn\n",
            "{\"step\":1,\"at_ms\":5,\"reply\":{\"revoked\":true}}\n",
        ] {
            assert!(Notes::default().add(text).is_err(), "{text}");
        }
    }
}
