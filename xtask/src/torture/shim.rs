//! The library of `faults/`, built with the C compiler and steered through its page of shared memory.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{place, process};

/// Which calls on the store's files may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    Sync,
    Truncate,
    Read,
}

impl Call {
    /// The bit of `enum kind` in `faults.h`.
    fn bit(self) -> u64 {
        match self {
            Self::Write => 1,
            Self::Sync => 2,
            Self::Truncate => 4,
            Self::Read => 8,
        }
    }
}

/// A failure to plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) call: Call,
    /// The number of the first call that fails, from 1.
    pub(crate) first: u64,
    pub(crate) times: u64,
    pub(crate) error: u64,
    /// A failing write leaves its first half.
    pub(crate) half: bool,
}

/// The numbers Linux gives to errors.
pub(crate) const EIO: u64 = 5;
pub(crate) const ENOSPC: u64 = 28;

/// Places of the fields of `struct control` in `faults.h`.
mod place_of {
    pub(super) const CLOCK_OFFSET_MS: u64 = 0;
    pub(super) const KINDS: u64 = 8;
    pub(super) const FIRST: u64 = 16;
    pub(super) const TIMES: u64 = 24;
    pub(super) const ERROR: u64 = 32;
    pub(super) const HALF: u64 = 40;
    pub(super) const LAZY_LOG: u64 = 48;
    pub(super) const SEEN: u64 = 56;
    pub(super) const FAILED: u64 = 64;
    pub(super) const UNSOUND: u64 = 72;
}

const PAGE_BYTES: u64 = 4096;

/// The library and its page, for one server.
#[derive(Debug)]
pub(crate) struct Shim {
    library: PathBuf,
    page: File,
    page_path: PathBuf,
    watched: PathBuf,
    log: PathBuf,
}

impl Shim {
    /// Builds the library and makes a page in `work`; the files in `watched` are those that matter.
    pub(crate) fn new(work: &Path, watched: &Path) -> Result<Self, String> {
        let page_path = work.join("faults.page");
        let page = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&page_path);
        let page = page.map_err(|error| format!("{}: {error}", page_path.display()))?;
        page.set_len(PAGE_BYTES)
            .map_err(|error| error.to_string())?;
        let watched = watched.canonicalize().map_err(|error| error.to_string())?;
        Ok(Self {
            library: build()?,
            page,
            page_path,
            watched,
            log: work.join("faults.log"),
        })
    }

    /// What a server needs in its environment to be harmed; with `noted` its calls are noted too.
    pub(crate) fn environment(&self, noted: bool) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut environment = vec![
            ("LD_PRELOAD", text(&self.library)),
            ("FAULTS_CONTROL", text(&self.page_path)),
            ("FAULTS_WATCH", text(&self.watched)),
        ];
        if noted {
            environment.push(("FAULTS_LOG", text(&self.log)));
        }
        environment
    }

    /// Takes what was noted; the next call begins a new log.
    pub(crate) fn take_log(&self) -> Result<Vec<u8>, String> {
        if self.number(place_of::UNSOUND)? != 0 {
            return Err("the store writes through memory, which cannot be noted".to_owned());
        }
        let bytes = match fs::read(&self.log) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.to_string()),
        };
        fs::remove_file(&self.log).map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    /// Lets calls fail from now on.
    pub(crate) fn fail(&self, failure: Failure) -> Result<(), String> {
        self.heal()?;
        self.set(place_of::FIRST, failure.first)?;
        self.set(place_of::TIMES, failure.times)?;
        self.set(place_of::ERROR, failure.error)?;
        self.set(place_of::HALF, u64::from(failure.half))?;
        self.set(place_of::SEEN, 0)?;
        self.set(place_of::FAILED, 0)?;
        self.set(place_of::KINDS, failure.call.bit())
    }

    /// No call fails any more. How many did since they were told to.
    pub(crate) fn heal(&self) -> Result<u64, String> {
        self.set(place_of::KINDS, 0)?;
        let failed = self.number(place_of::FAILED)?;
        self.set(place_of::FAILED, 0)?;
        Ok(failed)
    }

    /// Sets the servers' clock apart from ours.
    pub(crate) fn set_clock(&self, offset_ms: i64) -> Result<(), String> {
        self.write(place_of::CLOCK_OFFSET_MS, &offset_ms.to_le_bytes())
    }

    /// Lets the flushes of the write-ahead log wait as `synchronous=NORMAL` does.
    pub(crate) fn flush_as_normal(&self) -> Result<(), String> {
        self.set(place_of::LAZY_LOG, 1)
    }

    fn set(&self, at: u64, value: u64) -> Result<(), String> {
        self.write(at, &value.to_le_bytes())
    }

    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), String> {
        self.page
            .write_all_at(bytes, at)
            .map_err(|error| error.to_string())
    }

    fn number(&self, at: u64) -> Result<u64, String> {
        let mut bytes = [0; 8];
        self.page
            .read_exact_at(&mut bytes, at)
            .map_err(|error| error.to_string())?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// Builds the library into the build folder.
fn build() -> Result<PathBuf, String> {
    let sources = place::source().join("faults");
    let library = place::build("faults")?.join("libfaults.so");
    let mut command = Command::new("cc");
    command.args([
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O2",
        "-fPIC",
        "-shared",
        "-o",
    ]);
    command.arg(&library);
    for name in ["control.c", "clock.c", "disk.c"] {
        command.arg(sources.join(name));
    }
    command.args(["-ldl", "-lpthread"]);
    if process::quiet(&mut command).ok {
        Ok(library)
    } else {
        Err(
            "the library of faults/ could not be built; it needs a C compiler called `cc`"
                .to_owned(),
        )
    }
}
