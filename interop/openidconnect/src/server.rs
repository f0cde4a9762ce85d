//! The server that is judged, at an issuer of its own.

use std::error::Error;

use crate::process::{Process, folder, free_port};

pub struct Server {
    _process: Process,
    pub issuer: String,
}

impl Server {
    /// Starts a server with these declarations and waits until it answers.
    pub fn start(declarations: &str) -> Result<Self, Box<dyn Error>> {
        let port = free_port()?;
        Ok(Self {
            _process: Process::start(&folder()?, port, declarations)?,
            issuer: format!("http://127.0.0.1:{port}"),
        })
    }
}
