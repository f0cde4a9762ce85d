//! Reads a password: typed without being shown, from a file, or from standard input. Never from the command line,
//! where every account of the machine could read it.

use std::{
    fs,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::desk::CommandError;
use crate::admin::operations::NewPassword;

/// Where a password comes from.
#[derive(Debug, Clone, Args)]
pub(super) struct PasswordArgs {
    /// A file with the password; `-` is standard input. Without it, it is asked for.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Reads it.
    pub(super) fn read(&self) -> Result<NewPassword, CommandError> {
        let text = match &self.password_file {
            Some(path) if path == Path::new("-") => line_of_input()?,
            Some(path) => from_file(path)?,
            None if io::stdin().is_terminal() => asked()?,
            None => line_of_input()?,
        };
        Ok(NewPassword::new(text))
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, CommandError> {
    let text = fs::read_to_string(path).map_err(|source| CommandError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(without_line_end(&Zeroizing::new(text)))
}

fn line_of_input() -> Result<Zeroizing<String>, CommandError> {
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .read_line(&mut text)
        .map_err(|error| unread(&error))?;
    Ok(without_line_end(&text))
}

fn without_line_end(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks twice, so that a slip of the finger locks nobody out.
fn asked() -> Result<Zeroizing<String>, CommandError> {
    let silence = Silence::begin().map_err(|error| unread(&error))?;
    let first = prompted("Password: ")?;
    let second = prompted("Again: ")?;
    drop(silence);
    if first == second {
        Ok(first)
    } else {
        Err(CommandError::Other("the two are not the same".to_owned()))
    }
}

fn prompted(words: &str) -> Result<Zeroizing<String>, CommandError> {
    let tell = |text: &str| {
        let mut err = io::stderr().lock();
        drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
    };
    tell(words);
    let text = line_of_input();
    tell("\n");
    text
}

fn unread(error: &io::Error) -> CommandError {
    CommandError::Other(format!("the password could not be read: {error}"))
}

/// While it lives, what is typed is not shown.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let restored = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &self.0);
        if restored.is_err() {
            // The terminal went away, and its settings with it.
        }
    }
}
