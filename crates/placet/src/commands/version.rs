//! `placet version`.

use serde_json::json;

use crate::{cli::Status, terminal::Terminal};

pub(super) fn run(terminal: Terminal) -> Status {
    let version = env!("CARGO_PKG_VERSION");
    terminal.line(&format!("placet {version}"));
    terminal.value(&json!({ "name": "placet", "version": version }));
    Status::Done
}
