//! Lines on their way to standard error: gathered in memory and written by a thread of their own, so that no request
//! waits for whoever reads the log.
//!
//! What comes within a short while is written at once together; warnings and errors do not linger. When the reader is so
//! slow that the memory is full, lines are dropped, and their number is told as soon as there is room again.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The most bytes that wait to be written.
const ROOM_BYTES: usize = 1024 * 1024;
/// How long a line may wait for others.
const LINGER: Duration = Duration::from_millis(10);
/// How long a flush waits for a reader who does not read.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// The lines of one process.
pub(super) struct Lines {
    waiting: Mutex<Waiting>,
    /// Told when there is something to write.
    come: Condvar,
    /// Told when everything is written.
    gone: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    /// Lines that found no room.
    dropped: u64,
    /// Whether what waits shall not wait for more.
    urgent: bool,
    /// Whether the writer has taken lines it has not written yet.
    writing: bool,
    /// Whether the writer sleeps until something comes.
    idle: bool,
}

impl Lines {
    /// Lines to `out`, and the thread that writes them.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let lines = Arc::new(Self {
            waiting: Mutex::default(),
            come: Condvar::new(),
            gone: Condvar::new(),
        });
        let written = Arc::clone(&lines);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || written.write_to(out))?;
        Ok(lines)
    }

    /// Waits until everything that was said is written, or until the reader has not read for a while.
    pub(super) fn flush(&self) {
        let mut waiting = self.waiting();
        waiting.urgent = true;
        self.come.notify_one();
        let unwritten = |waiting: &mut Waiting| {
            waiting.writing || waiting.dropped > 0 || !waiting.text.is_empty()
        };
        drop(
            self.gone
                .wait_timeout_while(waiting, FLUSH_LIMIT, unwritten),
        );
    }

    fn add(&self, line: &[u8], urgent: bool) {
        let mut waiting = self.waiting();
        if waiting.text.len() + line.len() > ROOM_BYTES {
            waiting.dropped += 1;
            return;
        }
        waiting.text.extend_from_slice(line);
        let hurry = urgent && !waiting.urgent;
        waiting.urgent |= urgent;
        if waiting.idle || hurry {
            waiting.idle = false;
            drop(waiting);
            self.come.notify_one();
        }
    }

    fn write_to(&self, mut out: impl Write) {
        let mut taken = Vec::new();
        loop {
            let dropped = self.take(&mut taken);
            // Nobody can be told that the log cannot be written.
            drop(out.write_all(&taken));
            if dropped > 0 {
                drop(writeln!(
                    out,
                    "{dropped} log lines were dropped: they came faster than they were read"
                ));
            }
            drop(out.flush());
            taken.clear();
            let mut waiting = self.waiting();
            waiting.writing = false;
            let all = waiting.text.is_empty() && waiting.dropped == 0;
            drop(waiting);
            if all {
                self.gone.notify_all();
            }
        }
    }

    /// Waits for lines and takes them all, and the number of those that found no room.
    fn take(&self, taken: &mut Vec<u8>) -> u64 {
        let mut waiting = self.waiting();
        while waiting.text.is_empty() && waiting.dropped == 0 {
            waiting.urgent = false;
            waiting.idle = true;
            waiting = self
                .come
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        waiting.idle = false;
        waiting = self
            .come
            .wait_timeout_while(waiting, LINGER, |waiting| !waiting.urgent)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        waiting.urgent = false;
        waiting.writing = true;
        mem::swap(&mut waiting.text, taken);
        mem::take(&mut waiting.dropped)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands each event's text to the lines.
pub(super) struct LinesOf(pub(super) Arc<Lines>);

impl<'a> MakeWriter<'a> for LinesOf {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            lines: &self.0,
            urgent: false,
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line {
            lines: &self.0,
            urgent: *metadata.level() <= Level::WARN,
        }
    }
}

/// One event's line.
pub(super) struct Line<'a> {
    lines: &'a Lines,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.lines.add(text, self.urgent);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes writes only while it is allowed to.
    struct Slow {
        allowed: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            // Once nobody holds the gate any more, everything passes.
            self.allowed.recv().ok();
            self.written.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Arc<Lines>, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (gate, allowed) = mpsc::channel();
        let written = Arc::default();
        let out = Slow {
            allowed,
            written: Arc::clone(&written),
        };
        (Lines::to(out).unwrap(), gate, written)
    }

    #[test]
    fn a_flush_waits_for_every_line_and_keeps_their_order() {
        let (lines, gate, written) = slow();
        drop(gate);
        let mut said = String::new();
        for n in 0..1000 {
            let line = n.to_string() + "\n";
            lines.add(line.as_bytes(), false);
            said += &line;
        }
        lines.flush();
        assert_eq!(*written.lock().unwrap(), said.as_bytes());
    }

    #[test]
    fn a_reader_who_does_not_read_delays_nobody_and_learns_what_was_lost() {
        let (lines, gate, written) = slow();
        let line = [b'x'; 1024];
        let said = 4 * ROOM_BYTES / line.len();
        for _ in 0..said {
            lines.add(&line, false);
        }
        drop(gate);
        lines.flush();
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let kept = written.bytes().filter(|byte| *byte == b'x').count() / line.len();
        let told = written
            .split('x')
            .filter_map(|text| text.split_once(" log lines"));
        let dropped: usize = told.map(|(count, _)| count.parse::<usize>().unwrap()).sum();
        assert_eq!(kept + dropped, said);
        assert!(kept <= 2 * ROOM_BYTES / line.len(), "{kept}");
    }
}
