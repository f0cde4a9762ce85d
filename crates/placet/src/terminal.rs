//! What people and scripts read: standard output and standard error, with colour only where somebody looks.
//!
//! Colour follows the terminal and `NO_COLOR` (<https://no-color.org>). A reader that went away is no failure.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};

use serde::Serialize;

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What to read first.
    Strong,
    /// What explains.
    Quiet,
    /// What went well.
    Good,
    /// What did not.
    Bad,
    /// What to use: a link, a code, a name.
    Accent,
}

impl Style {
    const fn escape(self) -> &'static str {
        match self {
            Self::Strong => "\x1b[1m",
            Self::Quiet => "\x1b[2m",
            Self::Good => "\x1b[1;32m",
            Self::Bad => "\x1b[1;31m",
            Self::Accent => "\x1b[1;36m",
        }
    }
}

/// Where a command writes, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    json: bool,
    colour: bool,
    interactive: bool,
}

impl Terminal {
    /// The terminal of this process; `json` asks for output that programs read.
    pub fn of_process(json: bool) -> Self {
        let interactive = io::stdout().is_terminal() && !json;
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && env::var_os("TERM").is_none_or(|value| value != "dumb");
        Self {
            json,
            colour: interactive && wanted,
            interactive,
        }
    }

    /// Whether programs read the output.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Whether somebody sits before it, so that a line may be written over.
    pub const fn is_interactive(self) -> bool {
        self.interactive
    }

    /// Whether colours are shown.
    pub const fn has_colour(self) -> bool {
        self.colour
    }

    /// The text in this style.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{}{text}\x1b[0m", style.escape())
        } else {
            text.to_owned()
        }
    }

    /// Writes a line of text for people. Says nothing when programs read.
    pub fn line(self, text: &str) {
        if !self.json {
            Self::write(&format!("{text}\n"));
        }
    }

    /// Writes text as it is, whoever reads.
    #[expect(
        clippy::unused_self,
        reason = "everything written goes through the terminal that was given"
    )]
    pub fn raw(self, text: &str) {
        Self::write(text);
    }

    /// Writes a line over the current one. Says nothing unless [`Terminal::is_interactive`].
    pub fn over(self, text: &str) {
        if self.interactive {
            Self::write(&format!("\r\x1b[2K{text}"));
        }
    }

    /// Writes a value as one line of JSON. Says nothing when people read.
    pub fn value(self, value: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string(value)
        {
            Self::write(&format!("{text}\n"));
        }
    }

    /// Writes what went wrong to standard error, one line.
    pub fn problem(self, text: &str) {
        let colour = self.colour && io::stderr().is_terminal();
        let (begin, end) = if colour {
            (Style::Bad.escape(), "\x1b[0m")
        } else {
            ("", "")
        };
        let mut err = io::stderr().lock();
        drop(writeln!(err, "{begin}placet:{end} {text}"));
    }

    fn write(text: &str) {
        let mut out = io::stdout().lock();
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }
}
