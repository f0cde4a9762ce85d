//! Connections to all servers of a scenario, used in turn, and a count of how every request ended.
//!
//! Nothing sticks to a server: each request goes to the next one, a browser's too.

use std::{
    fmt, io,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::http::{Connection, Reply, Request, TORN};

/// One actor's connections.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    host: String,
    addresses: Vec<String>,
    connections: Vec<Connection>,
    next: usize,
    retries: bool,
    tally: &'a Tally,
}

impl<'a> Lines<'a> {
    /// Lines to servers that stand behind the name `host`.
    pub(crate) fn new(host: &str, addresses: &[&str], tally: &'a Tally) -> Self {
        let addresses: Vec<String> = addresses.iter().map(|one| (*one).to_owned()).collect();
        Self {
            host: host.to_owned(),
            connections: addresses
                .iter()
                .map(|address| Connection::behind(address, host))
                .collect(),
            addresses,
            next: 0,
            retries: false,
            tally,
        }
    }

    /// Asks another server when one does not take a request, as what stands before several servers does. Only for
    /// servers that end in order: one that is killed may have done what it does not tell.
    pub(crate) fn retrying(mut self, retries: bool) -> Self {
        self.retries = retries;
        self
    }

    /// New connections to the same servers.
    pub(crate) fn fresh(&self) -> Self {
        let addresses: Vec<&str> = self.addresses.iter().map(String::as_str).collect();
        Self::new(&self.host, &addresses, self.tally).retrying(self.retries)
    }

    /// The name the servers answer to.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Sends to the next server.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Reply> {
        let mut result = self.once(request);
        // Each server twice: the connection that is kept to one may have ended with it long ago.
        let others = if self.retries {
            (2 * self.connections.len()).saturating_sub(1)
        } else {
            0
        };
        for _ in 0..others {
            if !matches!(
                End::of(&result),
                End::Refused | End::Closed | End::Retryable
            ) {
                break;
            }
            self.tally.retried.fetch_add(1, Ordering::Relaxed);
            result = self.once(request);
        }
        self.tally.note(&result);
        result
    }

    fn once(&mut self, request: &Request) -> io::Result<Reply> {
        self.next = (self.next + 1) % self.connections.len().max(1);
        let connection = self.connections.get_mut(self.next);
        connection
            .ok_or_else(|| io::Error::other("no server to ask"))?
            .send(request)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Answered,
    /// 503 with `Retry-After`: come again.
    Retryable,
    /// 503 that does not say when to come again.
    Unpaced,
    /// Another 5xx.
    Fault,
    /// Nobody listens.
    Refused,
    /// The connection ended before the answer began.
    Closed,
    /// The answer began and did not end.
    Torn,
    TimedOut,
}

impl End {
    fn of(result: &io::Result<Reply>) -> Self {
        match result {
            Ok(reply) if reply.status < 500 => Self::Answered,
            Ok(reply) if reply.status != 503 => Self::Fault,
            Ok(reply) if reply.header("retry-after").is_some() => Self::Retryable,
            Ok(_) => Self::Unpaced,
            Err(error) if error.to_string() == TORN => Self::Torn,
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => Self::Refused,
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimedOut,
                _ => Self::Closed,
            },
        }
    }
}

/// All ends, in the order in which they are printed.
const ENDS: [(End, &str); 8] = [
    (End::Answered, "answered"),
    (End::Retryable, "503 with Retry-After"),
    (End::Refused, "refused"),
    (End::Closed, "closed"),
    (End::TimedOut, "timed out"),
    (End::Torn, "torn"),
    (End::Unpaced, "503 without Retry-After"),
    (End::Fault, "other 5xx"),
];

/// Requests by their end.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: [AtomicU64; ENDS.len()],
    retried: AtomicU64,
}

impl Tally {
    /// Counts how a request ended.
    pub(crate) fn note(&self, result: &io::Result<Reply>) {
        let end = End::of(result);
        for ((kind, _), count) in ENDS.iter().zip(&self.counts) {
            if *kind == end {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Requests that were sent to another server once more.
    pub(crate) fn retried(&self) -> u64 {
        self.retried.load(Ordering::Relaxed)
    }

    /// Requests that were not answered in time.
    pub(crate) fn timed_out(&self) -> u64 {
        self.of(End::TimedOut)
    }

    fn of(&self, wanted: End) -> u64 {
        let mut found = ENDS.iter().zip(&self.counts);
        found
            .find(|((end, _), _)| *end == wanted)
            .map_or(0, |(_, count)| count.load(Ordering::Relaxed))
    }

    /// All requests.
    pub(crate) fn requests(&self) -> u64 {
        self.counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// Answers that no client should ever get: a fault of the server, or a refusal that does not say when to come again.
    pub(crate) fn unexcused(&self) -> u64 {
        self.of(End::Fault) + self.of(End::Unpaced)
    }

    /// Answers that began and did not end: what a killed server leaves behind, and no other.
    pub(crate) fn torn(&self) -> u64 {
        self.of(End::Torn)
    }

    /// Requests that brought nothing, for whatever reason.
    pub(crate) fn failed(&self) -> u64 {
        self.requests() - self.of(End::Answered)
    }
}

impl fmt::Display for Tally {
    /// Errors by kind; `none` when there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = ENDS
            .iter()
            .zip(&self.counts)
            .map(|((end, name), count)| (end, name, count.load(Ordering::Relaxed)))
            .filter(|(end, _, count)| **end != End::Answered && *count > 0)
            .map(|(_, name, count)| format!("{count} {name}"))
            .collect();
        if errors.is_empty() {
            f.write_str("none")
        } else {
            f.write_str(&errors.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[&str]) -> Reply {
        let headers = headers
            .iter()
            .map(|name| ((*name).to_owned(), "1".to_owned()));
        Reply {
            status,
            headers: headers.collect(),
            ..Reply::default()
        }
    }

    #[test]
    fn every_end_is_told_apart() {
        let tally = Tally::default();
        tally.note(&Ok(reply(200, &[])));
        tally.note(&Ok(reply(400, &[])));
        tally.note(&Ok(reply(503, &["retry-after"])));
        assert_eq!((tally.unexcused(), tally.failed()), (0, 1));
        tally.note(&Ok(reply(503, &[])));
        tally.note(&Ok(reply(500, &["retry-after"])));
        tally.note(&Err(io::Error::new(io::ErrorKind::UnexpectedEof, TORN)));
        tally.note(&Err(io::ErrorKind::ConnectionRefused.into()));
        tally.note(&Err(io::ErrorKind::WouldBlock.into()));
        tally.note(&Err(io::ErrorKind::UnexpectedEof.into()));
        assert_eq!(
            (tally.unexcused(), tally.torn(), tally.requests()),
            (2, 1, 9)
        );
        assert_eq!(
            tally.to_string(),
            "1 503 with Retry-After, 1 refused, 1 closed, 1 timed out, 1 torn, 1 503 without Retry-After, 1 other 5xx"
        );
        assert_eq!(Tally::default().to_string(), "none");
    }
}
