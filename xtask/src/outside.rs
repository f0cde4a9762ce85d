//! The outside tests: third-party clients in `interop/`, one folder each.
//!
//! 1. `interop/` is copied into the build folder, so that no package ever lands in the source tree.
//! 2. A folder with `package.json` or `requirements.txt` gets its packages there; Cargo folders share a build folder.
//! 3. `interop/NAME/run` is started in the copy, with `PLACET_BIN` (the built server), `PLACET_WORK` (an empty folder),
//!    and its own packages first on `PATH`. Exit code 0 is success; a last line `N passed, N failed` is counted.
//!
//! Folders without `run` are left alone.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{count::Count, install, place, process, report::Step};

/// An outside test: its name and its folder in the source tree.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// The outside tests of the source tree, by name.
pub(crate) fn list() -> Vec<Outside> {
    let mut found: Vec<Outside> = fs::read_dir(place::source().join("interop"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("run").is_file())
        .map(|entry| Outside {
            name: entry.file_name().to_string_lossy().into_owned(),
            folder: entry.path(),
        })
        .collect();
    found.sort_by(|left, right| left.name.cmp(&right.name));
    found
}

/// Copies `interop/` into the build folder.
///
/// # Errors
/// Names the file that could not be copied.
pub(crate) fn stage() -> Result<(), String> {
    copy(&place::source().join("interop"), &place::build("interop")?)
}

/// Runs one outside test against the server binary.
pub(crate) fn run(outside: &Outside, server: &Path) -> Step {
    match start(outside, server) {
        Ok(finished) => {
            let count = Count::of_outside(&finished.text, finished.ok);
            Step {
                count,
                note: String::new(),
            }
        }
        Err(message) => {
            eprintln!("{message}");
            Step::noted(false, message)
        }
    }
}

fn start(outside: &Outside, server: &Path) -> Result<process::Finished, String> {
    let staged = place::build("interop")?.join(&outside.name);
    install::packages(&staged)?;
    let mut path = vec![staged.join(".venv/bin"), staged.join("node_modules/.bin")];
    if staged.join("package.json").is_file() {
        let node = install::node(install::is_recent)?;
        path.extend(node.parent().map(Path::to_path_buf));
    }
    let work = place::fresh(&format!("work/{}", outside.name))?;
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(path).map_err(|error| error.to_string())?;
    let mut command = Command::new(staged.join("run"));
    command
        .current_dir(&staged)
        .env("PATH", path)
        .env("PLACET_BIN", server)
        .env("PLACET_WORK", work)
        .env("PLACET_SOURCE", place::source())
        .env("CARGO_TARGET_DIR", place::target().join("interop"));
    Ok(process::tee(&mut command))
}

/// Copies what changed; packages installed earlier stay where they are.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(said)?;
    for entry in fs::read_dir(from).map_err(said)?.flatten() {
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name();
        if source.is_dir() {
            if name != "node_modules"
                && name != "target"
                && name != ".venv"
                && name != "__pycache__"
            {
                copy(&source, &copied)?;
            }
        } else if fs::read(&source).ok() != fs::read(&copied).ok() {
            fs::copy(&source, &copied).map_err(said)?;
        }
    }
    // A file that left the source tree must not be found by a test any more.
    for entry in fs::read_dir(to).map_err(said)?.flatten() {
        let name = entry.file_name();
        let made_here = name.to_string_lossy().starts_with(".installed-")
            || name == "package-lock.json"
            || name == "Cargo.lock";
        if entry.path().is_file() && !made_here && !from.join(&name).is_file() {
            fs::remove_file(entry.path()).map_err(said)?;
        }
    }
    Ok(())
}
