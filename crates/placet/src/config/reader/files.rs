//! Reads settings that name files, and secrets in them or in the clear.

use std::io;
use std::path::{Path, PathBuf};

use super::{Found, Reader};
use crate::config::confidential::Confidential;
use crate::config::problem::{Fault, Place};

impl Reader<'_> {
    /// A path: what the file says starts at the file's directory.
    pub(crate) fn path(&self, name: &str) -> Option<Found<PathBuf>> {
        let text = self.text(name)?;
        if text.value.is_empty() {
            self.error(&text.place, name, Fault::new("must not be empty"));
            return None;
        }
        let value = self.resolve(&text);
        Some(Found {
            value,
            place: text.place,
        })
    }

    /// Makes a relative path of the file start at the file's directory.
    pub(crate) fn resolve(&self, text: &Found<String>) -> PathBuf {
        match text.place {
            Place::File { .. } => self.surroundings.directory.join(&text.value),
            Place::Variable(_) | Place::Flag(_) | Place::Nowhere => PathBuf::from(&text.value),
        }
    }

    /// A path of a file that is there.
    pub(crate) fn existing_file(&self, name: &str) -> Option<Found<PathBuf>> {
        let path = self.path(name)?;
        match self.files().facts(&path.value) {
            Ok(facts) if facts.directory => {
                self.error(
                    &path.place,
                    name,
                    Fault::new(format!("names a directory: {}", path.value.display())),
                );
                None
            }
            Ok(_) => Some(path),
            Err(error) => {
                self.error(&path.place, name, names_unreadable(&path.value, &error));
                None
            }
        }
    }

    /// The path of a file only its owner and group may read.
    pub(crate) fn private_file(&self, name: &str) -> Option<Found<PathBuf>> {
        let path = self.existing_file(name)?;
        if self
            .files()
            .facts(&path.value)
            .is_ok_and(|facts| facts.world_readable())
        {
            let shown = path.value.display();
            let fault = Fault::new(format!("names a file that everybody can read: {shown}"));
            self.error(&path.place, name, fault.hint(format!("chmod 600 {shown}")));
            return None;
        }
        Some(path)
    }

    /// The secret in a private file, without the line's end.
    pub(crate) fn secret_file(&self, name: &str) -> Option<Found<Confidential>> {
        let path = self.private_file(name)?;
        match self.files().read(&path.value) {
            Ok(text) if text.trim().is_empty() => {
                self.error(
                    &path.place,
                    name,
                    Fault::new(format!("names an empty file: {}", path.value.display())),
                );
                None
            }
            Ok(text) => {
                let value = Confidential::new(text.trim_end_matches(['\r', '\n']).to_owned());
                Some(Found {
                    value,
                    place: path.place,
                })
            }
            Err(error) => {
                self.error(&path.place, name, names_unreadable(&path.value, &error));
                None
            }
        }
    }

    /// A secret in the clear.
    pub(crate) fn secret(&self, name: &str) -> Option<Found<Confidential>> {
        let text = self.text(name)?;
        if text.value.is_empty() {
            self.error(&text.place, name, Fault::new("must not be empty"));
            return None;
        }
        Some(Found {
            value: Confidential::new(text.value),
            place: text.place,
        })
    }
}

fn names_unreadable(path: &Path, error: &io::Error) -> Fault {
    Fault::new(format!(
        "names a file that {}: {}",
        unreadable(error),
        path.display()
    ))
}

/// Why a file cannot be read, to follow its name.
pub(crate) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this account".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}
