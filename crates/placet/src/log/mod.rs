//! Where log lines go: standard error, for people or one JSON object a line.

mod lines;

use std::{
    io::{self, IsTerminal as _},
    panic,
    sync::Arc,
};

use tracing_subscriber::{EnvFilter, fmt};

use self::lines::{Lines, LinesOf};
use crate::config::{Log, LogFormat};

/// Keeps lines going to standard error; what is still on its way is written when it is dropped.
#[derive(Default)]
pub(crate) struct Logging(Option<Arc<Lines>>);

impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(lines) = self.0.take() {
            lines.flush();
        }
    }
}

/// Begins to write log lines, until the value returned is dropped. A second call in one process changes nothing.
#[must_use]
pub(crate) fn begin(settings: &Log) -> Logging {
    let Ok(lines) = Lines::to(io::stderr()) else {
        return Logging::default();
    };
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = fmt::Subscriber::builder()
        .with_env_filter(filter)
        // Told to the same standard error, which panics when that cannot be written: on a full disk (threat K5).
        .log_internal_errors(false)
        .with_writer(LinesOf(Arc::clone(&lines)));
    let begun = match settings.format {
        LogFormat::Json => {
            tracing::subscriber::set_global_default(subscriber.json().flatten_event(true).finish())
        }
        LogFormat::Pretty => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            tracing::subscriber::set_global_default(subscriber.with_ansi(colour).finish())
        }
    };
    if begun.is_err() {
        return Logging::default();
    }
    let told = Arc::clone(&lines);
    panic::set_hook(Box::new(move |info| {
        tell_panic(info);
        told.flush();
    }));
    Logging(Some(lines))
}

/// Logs where the program panicked. The message stays out: it may quote what was being read (threat C15).
fn tell_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place = place.unwrap_or_default(), "a panic");
}
