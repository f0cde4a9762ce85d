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
        node: node()?,
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

/// Node 22.5 or newer: the one on `PATH`, else the npm package `node`.
fn node() -> Result<PathBuf, String> {
    let sqlite = |node: &Path| {
        process::capture(Command::new(node).args(["--eval", "require('node:sqlite')"])).ok
    };
    if let Some(found) = place::on_path("node")
        && sqlite(&found)
    {
        return Ok(found);
    }
    let dir = place::build("tools/node")?;
    let binary = dir.join("node_modules/node/bin/node");
    if !binary.is_file() {
        println!("fetching Node 22 for the peer");
        fs::write(dir.join("package.json"), "{ \"private\": true }\n")
            .map_err(|error| error.to_string())?;
        let mut command = Command::new("npm");
        command
            .args(["install", "node@22", "--no-audit", "--no-fund", "--silent"])
            .current_dir(&dir);
        process::quiet(&mut command);
    }
    if sqlite(&binary) {
        Ok(binary)
    } else {
        Err("Node 22.5 or newer is needed; `npm install node@22` failed".to_owned())
    }
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
