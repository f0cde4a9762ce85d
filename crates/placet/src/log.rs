//! Where log lines go: standard error, for people or one JSON object a line.

use std::{
    io::{self, IsTerminal as _},
    panic,
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Begins to write log lines. A second call in one process changes nothing.
pub(crate) fn begin(settings: &Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::Subscriber::builder()
        .with_env_filter(filter)
        // Told to the same standard error, which panics when that cannot be written: on a full disk (threat K5).
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let begun = match settings.format {
        LogFormat::Json => {
            tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish())
        }
        LogFormat::Pretty => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            tracing::subscriber::set_global_default(lines.with_ansi(colour).finish())
        }
    };
    if begun.is_ok() {
        panic::set_hook(Box::new(tell_panic));
    }
}

/// Logs where the program panicked. The message stays out: it may quote what was being read (threat C15).
fn tell_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place = place.unwrap_or_default(), "a panic");
}
