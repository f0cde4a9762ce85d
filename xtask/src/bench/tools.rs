//! What the bench needs beside the server, put into the build folder when missing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{install, place, process};

const OHA_VERSION: &str = "1.16.0";

/// Where the tools are.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The load generator.
    pub(crate) oha: PathBuf,
    /// Node with `node:sqlite`.
    pub(crate) node: PathBuf,
    /// The peer with its packages.
    pub(crate) peer: PathBuf,
}

/// Finds or installs everything.
pub(crate) fn prepare() -> Result<Tools, String> {
    Ok(Tools {
        oha: oha()?,
        node: install::node(has_sqlite)?,
        peer: peer()?,
    })
}

/// The load generator of the `OHA` variable, else the one in the build folder, built once.
fn oha() -> Result<PathBuf, String> {
    if let Some(given) = env::var_os("OHA") {
        return Ok(given.into());
    }
    let root = place::build("tools")?;
    let binary = root.join("bin").join("oha");
    if !binary.is_file() {
        println!("building oha {OHA_VERSION}, once; this takes some minutes");
        let mut command = process::cargo();
        command
            .args([
                "install",
                "oha",
                "--version",
                OHA_VERSION,
                "--locked",
                "--root",
            ])
            .arg(&root);
        command.env("CARGO_TARGET_DIR", root.join("target"));
        if !process::quiet(&mut command).ok {
            return Err("oha could not be built".to_owned());
        }
        // Its intermediate files are of no more use and take a gigabyte.
        fs::remove_dir_all(root.join("target")).map_err(|error| error.to_string())?;
    }
    Ok(binary)
}

/// Whether this Node can open SQLite by itself, as 22.5 and newer can.
fn has_sqlite(node: &Path) -> bool {
    process::capture(Command::new(node).args(["--eval", "require('node:sqlite')"])).ok
}

/// The peer's files and packages.
fn peer() -> Result<PathBuf, String> {
    let dir = place::build("tools/oidc-provider")?;
    let source = place::source().join("bench").join("oidc-provider");
    for name in ["server.mjs", "package.json", "package-lock.json", ".npmrc"] {
        fs::copy(source.join(name), dir.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    install::packages(&dir)?;
    Ok(dir)
}
