//! The Placet server as a library, for the binary and for tests of the whole.
//!
//! ```text
//!   cli ──► config ──► app (store, keys, declarations, site) ──► serve (listeners, background work)
//!                                     │                                    │
//!                                     └── routes of the faces ──► router ◄─┘  one request, one function
//! ```

pub mod admin;
pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
pub mod health;
mod log;
pub mod metrics;
pub mod router;
pub mod serve;
pub mod terminal;
