//! A small file system in memory, mounted for one scenario.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Set when we already run in a namespace of our own.
const INSIDE: &str = "TORTURE_IN_NAMESPACE";

/// A mounted file system; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Mount {
    at: PathBuf,
}

impl Mount {
    /// Mounts `bytes` of memory; nothing when this account may not.
    pub(crate) fn memory(at: &Path, bytes: u64) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]);
        let done = command.arg(at).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then(|| Self {
            at: at.to_path_buf(),
        })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let mut command = Command::new("umount");
        command.arg("-l").arg(&self.at).stderr(Stdio::null());
        // What cannot be unmounted goes with its namespace, or waits for an operator.
        drop(command.status());
    }
}

/// Runs ourselves with these words as root of namespaces of our own; nothing when that is not permitted, or when we
/// are there already.
pub(crate) fn in_namespace(words: &[&str], binary: &Path) -> Option<bool> {
    if std::env::var_os(INSIDE).is_some() {
        return None;
    }
    let namespace = ["--user", "--map-root-user", "--mount"];
    let allowed = Command::new("unshare")
        .args(namespace)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    if !allowed.is_ok_and(|status| status.success()) {
        return None;
    }
    let program = std::env::current_exe().ok()?;
    let mut command = Command::new("unshare");
    command.args(namespace).arg(program).args(words);
    command.env(INSIDE, "1").env("PLACET_BIN", binary);
    command.status().ok().map(|status| status.success())
}
