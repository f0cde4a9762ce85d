//! Where settings come from: one file, the environment, the command line; and the files that settings name.
//!
//! The environment of the process and the disk are read here and nowhere else, so everything above runs on values.

use std::io;
use std::path::{Path, PathBuf};

use super::catalogue::{FILE_VARIABLE, VARIABLE_PREFIX};

/// What is known about a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Whether it is a directory.
    pub directory: bool,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its permission bits; absent where the system has none.
    pub mode: Option<u32>,
}

impl FileFacts {
    /// Whether every account of the machine can read it.
    pub fn world_readable(&self) -> bool {
        const OTHERS_READ: u32 = 0o004;
        self.mode.is_some_and(|mode| mode & OTHERS_READ != 0)
    }
}

/// The file system, as far as settings need it.
pub trait Files {
    /// Reads a file as text.
    ///
    /// # Errors
    /// What the system says, also when it is not UTF-8.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Says what a path is.
    ///
    /// # Errors
    /// What the system says.
    fn facts(&self, path: &Path) -> io::Result<FileFacts>;
}

/// The machine's own files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        let metadata = std::fs::metadata(path)?;
        #[cfg(unix)]
        let mode = Some(std::os::unix::fs::PermissionsExt::mode(
            &metadata.permissions(),
        ));
        #[cfg(not(unix))]
        let mode = None;
        Ok(FileFacts {
            directory: metadata.is_dir(),
            bytes: metadata.len(),
            mode,
        })
    }
}

/// Everything settings are made from. Flags win over variables, variables over the file.
pub struct Sources<'a> {
    /// The settings file, if there is one.
    pub file: Option<PathBuf>,
    /// The file system.
    pub files: &'a dyn Files,
    /// The environment's variables; names that do not begin with `PLACET_` are ignored.
    pub variables: Vec<(String, String)>,
    /// Flags as dotted key and value.
    pub flags: Vec<(String, String)>,
}

impl<'a> Sources<'a> {
    /// The sources of this process: the file named by the caller, else by `PLACET_CONFIG`, and the environment.
    pub fn of_process(
        file: Option<PathBuf>,
        flags: Vec<(String, String)>,
        files: &'a dyn Files,
    ) -> Self {
        let variables: Vec<_> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect();
        let named = variables
            .iter()
            .find(|(name, _)| name == FILE_VARIABLE)
            .map(|(_, value)| value.into());
        Self {
            file: file.or(named),
            files,
            variables,
            flags,
        }
    }
}
