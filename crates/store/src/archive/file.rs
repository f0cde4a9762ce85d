//! The archive as a file: written beside its name and given it when it is whole and on disk, read with every byte
//! checked.
//!
//! ```text
//!   {"placet_archive":1,"made_at":…,"made_by":"0.1.0","schema":1,"issuers":[{"id":"iss_…","url":"https://…"}]}
//!   {"t":"issuer","i":"…","k":"…","v":7,"b":"{…}"}                one line for each row, in the order of sections and keys
//!   {"end":true,"counts":{"issuer":1,…},"rows_sha256":"…","sha256":"…"}
//! ```

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use placet_core::time::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    ArchiveError,
    row::{Row, Section},
    stream::{BATCH_ROWS, Feed, Gone, Head, HeadIssuer, Part, Stream, next_blocking},
    sums::{Adder, Sums},
};

/// The form of archive this release writes, and the newest it reads.
const FORMAT: u32 = 1;
/// The longest line: far above any record, and a bound for memory when the file is something else.
const LINE_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Opening {
    placet_archive: u32,
    made_at: Timestamp,
    made_by: String,
    schema: i64,
    issuers: Vec<HeadIssuer>,
}

/// The last line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    end: bool,
    counts: BTreeMap<String, u64>,
    rows_sha256: String,
    /// The digest of every byte before this line.
    sha256: String,
}

/// Writes all of `stream` to `path`, which must not be there yet. Until it is whole it has another name.
pub(super) fn write(
    path: &Path,
    made_at: Timestamp,
    stream: &mut Stream,
) -> Result<(Head, Sums), ArchiveError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(ArchiveError::Exists(path.to_owned()));
    }
    let draft = Draft::create(path)?;
    let written = draft.fill(made_at, stream)?;
    draft.publish(path)?;
    Ok(written)
}

/// A file that has no name of its own yet; gone when it is dropped.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn create(target: &Path) -> Result<Self, ArchiveError> {
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{}.partial", std::process::id()));
        let path = target.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))?;
        Ok(Self { path, file })
    }

    fn fill(&self, made_at: Timestamp, stream: &mut Stream) -> Result<(Head, Sums), ArchiveError> {
        let mut lines = Lines {
            out: BufWriter::with_capacity(1 << 18, &self.file),
            context: Context::new(&SHA256),
        };
        let put = |lines: &mut Lines<_>, line: &[u8]| lines.put(line).map_err(failed(&self.path));
        let Part::Head(head) = next_blocking(stream)? else {
            return Err(ArchiveError::Broken);
        };
        let opening = Opening {
            placet_archive: FORMAT,
            made_at,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            schema: head.schema,
            issuers: head.issuers.clone(),
        };
        put(&mut lines, &line_of(&opening))?;
        let mut adder = Adder::new();
        let sums = loop {
            match next_blocking(stream)? {
                Part::Head(_) => return Err(ArchiveError::Broken),
                Part::Rows(rows) => {
                    for row in rows {
                        let line = row.encode();
                        adder.add_line(row.section, &line);
                        put(&mut lines, &line)?;
                    }
                }
                Part::End(sums) => break sums,
            }
        };
        if adder.finish() != sums {
            return Err(ArchiveError::Broken);
        }
        let closing = Closing {
            end: true,
            counts: sums.counts.clone(),
            rows_sha256: sums.rows_sha256.clone(),
            sha256: HEXLOWER.encode(lines.context.clone().finish().as_ref()),
        };
        put(&mut lines, &line_of(&closing))?;
        lines.out.flush().map_err(failed(&self.path))?;
        self.file.sync_all().map_err(failed(&self.path))?;
        Ok((head, sums))
    }

    /// Gives the file its name, unless something has it already.
    fn publish(self, path: &Path) -> Result<(), ArchiveError> {
        fs::hard_link(&self.path, path).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                ArchiveError::Exists(path.to_owned())
            } else {
                failed(path)(error)
            }
        })?;
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            Some(_) | None => Path::new("."),
        };
        drop(self);
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed(directory))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed is left with a name that says what it is.
        fs::remove_file(&self.path).ok();
    }
}

struct Lines<W> {
    out: W,
    context: Context,
}

impl<W: io::Write> Lines<W> {
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        for bytes in [line, b"\n"] {
            self.out.write_all(bytes)?;
            self.context.update(bytes);
        }
        Ok(())
    }
}

/// What stands in the file, without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// When it was made.
    pub made_at: Timestamp,
    /// The release that made it.
    pub made_by: String,
    /// Where the rows come from.
    pub head: Head,
}

/// Reads the first line of an archive.
///
/// # Errors
/// [`ArchiveError`]: the file cannot be read, is no archive, or is a newer release's.
pub fn contents(path: &Path) -> Result<Contents, ArchiveError> {
    Reader::open(path).map(|(_, contents)| contents)
}

/// Sends every row of the file, and at the end what they add up to – after all that the last line says was checked.
pub(super) fn read(path: &Path, feed: &Feed) {
    if let Err(Stop::Failed(error)) = send(path, feed) {
        // Whoever reads the stream may have gone; then nobody asks.
        feed.blocking_send(Err(error)).ok();
    }
}

enum Stop {
    Gone,
    Failed(ArchiveError),
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Self {
        Self::Failed(error)
    }
}

fn send(path: &Path, feed: &Feed) -> Result<(), Stop> {
    let tell = |part| feed.blocking_send(Ok(part)).map_err(|_| Stop::Gone);
    let (mut reader, contents) = Reader::open(path)?;
    tell(Part::Head(contents.head))?;
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    loop {
        match reader.next()? {
            Entry::Row(row) => batch.push(row),
            Entry::End(sums) => {
                tell(Part::Rows(batch))?;
                return tell(Part::End(sums));
            }
        }
        if batch.len() == BATCH_ROWS {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            tell(Part::Rows(full))?;
        }
    }
}

enum Entry {
    Row(Row),
    End(Sums),
}

struct Reader {
    path: PathBuf,
    lines: BufReader<File>,
    number: u64,
    context: Context,
    adder: Adder,
    last: Option<Row>,
}

impl Reader {
    fn open(path: &Path) -> Result<(Self, Contents), ArchiveError> {
        let file = File::open(path).map_err(failed(path))?;
        let mut reader = Self {
            path: path.to_owned(),
            lines: BufReader::with_capacity(1 << 18, file),
            number: 0,
            context: Context::new(&SHA256),
            adder: Adder::new(),
            last: None,
        };
        let line = reader.line()?;
        reader.take(&line);
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(ArchiveError::NotAnArchive(path.to_owned()));
        };
        let format: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
        match format
            .get("placet_archive")
            .and_then(serde_json::Value::as_u64)
        {
            Some(found) if found == u64::from(FORMAT) => {}
            Some(found) => return Err(ArchiveError::Newer { found }),
            None => return Err(ArchiveError::NotAnArchive(path.to_owned())),
        }
        let opening: Opening = parse(line).ok_or_else(|| reader.damaged("it does not read"))?;
        let contents = Contents {
            made_at: opening.made_at,
            made_by: opening.made_by,
            head: Head {
                schema: opening.schema,
                issuers: opening.issuers,
            },
        };
        Ok((reader, contents))
    }

    fn next(&mut self) -> Result<Entry, ArchiveError> {
        let line = self.line()?;
        let Some(text) = line.strip_suffix(b"\n") else {
            return Err(ArchiveError::CutShort(self.path.clone()));
        };
        if text.starts_with(b"{\"end\":") {
            return self.end(text).map(Entry::End);
        }
        let row = Row::decode(text).ok_or_else(|| self.damaged("it is no row"))?;
        // Rows in order are rows that are there once.
        if self
            .last
            .as_ref()
            .is_some_and(|last| last.place() >= row.place())
        {
            return Err(self.damaged("it is out of order"));
        }
        self.take(&line);
        self.adder.add_line(row.section, text);
        self.last = Some(row.clone());
        Ok(Entry::Row(row))
    }

    /// The last line: it must be right about everything before it, and nothing may follow.
    fn end(&mut self, text: &[u8]) -> Result<Sums, ArchiveError> {
        let closing: Closing = parse(text).ok_or_else(|| self.damaged("it does not read"))?;
        let found = std::mem::replace(&mut self.adder, Adder::new()).finish();
        let mut said = Sums {
            counts: closing.counts,
            rows_sha256: closing.rows_sha256,
        };
        // An older release counts no section that came after it.
        for section in Section::all() {
            said.counts.entry(section.name().to_owned()).or_insert(0);
        }
        if found.counts != said.counts {
            return Err(self.damaged("it counts other rows than there are"));
        }
        let bytes = HEXLOWER.encode(self.context.clone().finish().as_ref());
        if found != said || bytes != closing.sha256 || !closing.end {
            return Err(self.damaged("what stands before it was changed"));
        }
        if !self.line()?.is_empty() {
            return Err(self.damaged("something follows the end"));
        }
        Ok(said)
    }

    /// The next line with its end; empty at the end of the file.
    fn line(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let mut line = Vec::new();
        self.number += 1;
        self.lines
            .by_ref()
            .take(LINE_LIMIT_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(failed(&self.path))?;
        Ok(line)
    }

    fn take(&mut self, line: &[u8]) {
        self.context.update(line);
    }

    fn damaged(&self, what: &'static str) -> ArchiveError {
        ArchiveError::Damaged {
            path: self.path.clone(),
            line: self.number,
            what,
        }
    }
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}

fn line_of(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("text keys and whole numbers always serialise")
}

fn failed(path: &Path) -> impl Fn(io::Error) -> ArchiveError + use<> {
    let path = path.to_owned();
    move |source| ArchiveError::File {
        path: path.clone(),
        source,
    }
}
