//! Thousands of polls that wait, each on a connection of its own, all in one thread.
//!
//! Spec: RFC 8628 §3.4, RFC 7240 §4.3

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use crate::http::{Connection, Request, form};

pub(crate) const CLIENT: &str = "tv";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Connections that are being made at the same time; the server's queue of new ones is short.
const CONNECTING: usize = 64;
/// The longest answer that is read.
const ANSWER_BYTES: usize = 4096;

/// When a held poll was answered, and with what.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) at: Instant,
    /// The whole answer as text; empty when the connection ended without one.
    pub(super) text: String,
}

impl Answer {
    pub(super) fn has(&self, part: &str) -> bool {
        self.text.to_ascii_lowercase().contains(part)
    }
}

/// The polls that wait. Dropping it hangs up on all of them.
pub(super) struct Crowd {
    tasks: JoinSet<()>,
    pub(super) answers: mpsc::UnboundedReceiver<Answer>,
}

/// Device codes, opened on a few connections at once.
pub(super) fn codes(address: &str, count: usize) -> Result<Vec<String>, String> {
    const WORKERS: usize = 8;
    let request = Request::post(
        "/device_authorization",
        &[("client_id", CLIENT), ("scope", "read")],
    );
    let open = |many: usize| -> Result<Vec<String>, String> {
        let mut connection = Connection::lazy(address);
        let mut codes = Vec::with_capacity(many);
        for _ in 0..many {
            let reply = connection
                .send(&request)
                .map_err(|error| error.to_string())?;
            let code = reply.json().get("device_code").cloned();
            let code = code.as_ref().and_then(serde_json::Value::as_str);
            codes.push(code.ok_or_else(|| reply.body.clone())?.to_owned());
        }
        Ok(codes)
    };
    thread::scope(|scope| {
        let shares = (0..WORKERS).map(|n| (count + n) / WORKERS);
        let workers: Vec<_> = shares.map(|many| scope.spawn(move || open(many))).collect();
        let mut all = Vec::with_capacity(count);
        for worker in workers {
            all.extend(worker.join().map_err(|_| "a worker panicked")??);
        }
        Ok(all)
    })
}

impl Crowd {
    /// Sends one poll for each code to `address`, which answers to `host`, and returns when all are on their way.
    pub(super) async fn gather(
        (address, host): (&str, &str),
        codes: Vec<String>,
        wait_s: u32,
    ) -> Result<Self, String> {
        let target: SocketAddr = address.parse().map_err(|_| "not an address")?;
        let (told, answers) = mpsc::unbounded_channel();
        let (sent, mut arrivals) = mpsc::unbounded_channel();
        let turns = Arc::new(Semaphore::new(CONNECTING));
        let count = codes.len();
        let mut tasks = JoinSet::new();
        for code in codes {
            let body = form(&[
                ("grant_type", DEVICE_GRANT),
                ("device_code", &code),
                ("client_id", CLIENT),
            ]);
            let request = format!(
                "POST /token HTTP/1.1\r\nhost: {host}\r\nprefer: wait={wait_s}\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let (told, sent, turns) = (told.clone(), sent.clone(), Arc::clone(&turns));
            tasks.spawn(async move {
                let turn = turns.acquire_owned().await;
                let stream = begin(target, &request).await;
                drop((turn, request));
                // Whoever gathers has gone when the measurement is over.
                sent.send(stream.is_ok()).ok();
                if let Ok(stream) = stream {
                    drop(told.send(read(stream).await));
                }
            });
        }
        for _ in 0..count {
            if arrivals.recv().await != Some(true) {
                return Err("a connection could not be made; see `ulimit -n`".to_owned());
            }
        }
        Ok(Self { tasks, answers })
    }

    /// The next answer within `limit`.
    pub(super) async fn next(&mut self, limit: Duration) -> Option<Answer> {
        let next = tokio::time::timeout(limit, self.answers.recv());
        next.await.ok().flatten()
    }

    /// How many were answered or cut unasked so far.
    pub(super) fn early(&self) -> usize {
        self.answers.len()
    }

    /// Ends what is left.
    pub(super) async fn disperse(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn begin(target: SocketAddr, request: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(target).await?;
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads one answer. Its time is that of its first bytes, which come with all others.
async fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut at = None;
    loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => {
                at.get_or_insert_with(Instant::now);
                bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
                // Every answer of this endpoint is a JSON object in one piece.
                if bytes.ends_with(b"}") || bytes.len() > ANSWER_BYTES {
                    break;
                }
            }
            Ok(_) | Err(_) => break,
        }
    }
    Answer {
        at: at.unwrap_or_else(Instant::now),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}
