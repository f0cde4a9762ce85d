//! The Placet server as a library: its settings, for the binary and for tests.

pub mod config;
