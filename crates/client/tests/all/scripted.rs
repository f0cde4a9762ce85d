//! A server that answers what a test tells it to, one connection after the other, and remembers what it was sent.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver},
    thread,
};

use serde_json::Value;

/// What it answers.
pub(crate) enum Says {
    Json(u16, Value),
    /// The same with one more header.
    With(u16, (&'static str, String), Value),
    /// It takes the request and goes away: the answer is lost.
    Nothing,
}

/// What it was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(given, _)| given == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Scripted {
    pub(crate) origin: String,
    sent: Receiver<Sent>,
}

impl Scripted {
    /// The answers are made once the address is known.
    pub(crate) fn start(answers: impl FnOnce(&str) -> Vec<Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let origin = format!(
            "http://{}",
            listener.local_addr().expect("it has an address")
        );
        let answers = answers(&origin);
        let (tell, sent) = mpsc::channel();
        thread::spawn(move || {
            for says in answers {
                let (stream, _) = listener.accept().expect("somebody comes");
                let mut reader = BufReader::new(stream);
                drop(tell.send(read(&mut reader)));
                answer(reader.into_inner(), says);
            }
        });
        Self { origin, sent }
    }

    /// The next request that was sent.
    pub(crate) fn sent(&self) -> Sent {
        self.sent.try_recv().expect("a request was sent")
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Sent {
    let mut lines = reader
        .by_ref()
        .lines()
        .map(|line| line.expect("a line of text"))
        .take_while(|line| !line.is_empty());
    let line = lines.next().expect("a request");
    let headers: Vec<_> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("the whole body");
    Sent {
        line,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

fn answer(mut stream: TcpStream, says: Says) {
    let (status, header, json) = match says {
        Says::Nothing => return,
        Says::Json(status, json) => (status, String::new(), json),
        Says::With(status, (name, value), json) => (status, format!("{name}: {value}\r\n"), json),
    };
    let body = json.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{header}connection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all((head + &body).as_bytes())
        .expect("the client listens");
}
