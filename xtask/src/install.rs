//! Debian packages and language packages that the outside tests need.
//!
//! Debian packages are installed when that is allowed (root, `apt-get` present), npm and `PyPI` packages in a folder of the
//! build. With `PLACET_NO_INSTALL=1` nothing is; the command to run is said instead, as it is when one fails.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{place, process};

/// The oldest major version of Node that all clients run on.
const OLDEST_NODE: u32 = 20;

/// A program, the Debian packages that bring it, and why it is needed.
#[derive(Debug)]
struct Need {
    there: bool,
    packages: &'static [&'static str],
}

/// Installs the Debian packages the folders need.
///
/// # Errors
/// The command to run, when it may not be run here or fails.
pub(crate) fn system(folders: &[PathBuf]) -> Result<(), String> {
    let npm = folders
        .iter()
        .any(|folder| folder.join("package.json").is_file());
    let python = folders
        .iter()
        .any(|folder| folder.join("requirements.txt").is_file());
    let browser = folders.iter().any(|folder| {
        fs::read_to_string(folder.join("package.json"))
            .is_ok_and(|text| text.contains("playwright"))
    });
    let tls = folders.iter().any(|folder| {
        fs::read_to_string(folder.join("Cargo.lock")).is_ok_and(|text| text.contains("openssl-sys"))
    });
    let needs = [
        Need {
            there: !tls || has_openssl(),
            packages: &["libssl-dev", "pkg-config"],
        },
        Need {
            there: !npm || (has("node") && has("npm")),
            packages: &["nodejs", "npm"],
        },
        Need {
            there: !browser || has("chromium"),
            packages: &["chromium"],
        },
        Need {
            there: !python || has_venv(),
            packages: &["python3", "python3-venv"],
        },
    ];
    install(&needs)
}

/// Installs the PostgreSQL server, which the tests of its store run.
///
/// # Errors
/// The command to run, when it may not be run here or fails.
pub(crate) fn database() -> Result<(), String> {
    install(&[Need {
        there: has("initdb") || has_server(),
        packages: &["postgresql"],
    }])
}

fn install(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|need| !need.there)
        .flat_map(|need| need.packages)
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let advice = format!(
        "sudo apt-get install --no-install-recommends -y {}",
        missing.join(" ")
    );
    if !is_allowed() || !is_root() || !has("apt-get") {
        return Err(advice);
    }
    println!("  installing {}", missing.join(" "));
    let update = apt(&["update", "-q"]);
    let mut words = vec!["install", "--no-install-recommends", "-q", "-y"];
    words.extend(&missing);
    if update.ok && apt(&words).ok {
        Ok(())
    } else {
        Err(advice)
    }
}

/// Installs a folder's own packages, `staged` being its copy in the build folder.
///
/// # Errors
/// What failed. Work is repeated only when the folder's package files changed.
pub(crate) fn packages(staged: &Path) -> Result<(), String> {
    if staged.join("package.json").is_file() {
        let locked = staged.join("package-lock.json").is_file();
        let word = if locked { "ci" } else { "install" };
        let inputs = ["package.json", "package-lock.json"];
        let advice = format!("npm {word}");
        stamped(staged, &inputs, ("node_modules", &advice), || {
            let mut npm = Command::new("npm");
            npm.args([word, "--no-audit", "--no-fund", "--silent"]);
            process::quiet(npm.current_dir(staged)).ok
        })?;
    }
    if staged.join("requirements.txt").is_file() {
        let advice = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
        stamped(staged, &["requirements.txt"], (".venv", advice), || {
            let made = process::quiet(
                Command::new("python3")
                    .args(["-m", "venv", ".venv"])
                    .current_dir(staged),
            )
            .ok;
            let mut pip = Command::new(staged.join(".venv/bin/pip"));
            pip.args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                "requirements.txt",
            ]);
            made && process::quiet(pip.current_dir(staged)).ok
        })?;
    }
    Ok(())
}

/// A Node that fits: the one on `PATH`, else the npm package `node` in a folder of the build.
///
/// # Errors
/// The command to run, when it may not be fetched or that fails.
pub(crate) fn node(fits: fn(&Path) -> bool) -> Result<PathBuf, String> {
    if let Some(found) = place::on_path("node")
        && fits(&found)
    {
        return Ok(found);
    }
    let dir = place::build("tools/node")?;
    let binary = dir.join("node_modules/node/bin/node");
    if !binary.is_file() && is_allowed() {
        println!("  fetching Node 22");
        fs::write(dir.join("package.json"), "{ \"private\": true }\n")
            .map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "node@22", "--no-audit", "--no-fund", "--silent"]);
        process::quiet(npm.current_dir(&dir));
    }
    if fits(&binary) {
        Ok(binary)
    } else {
        let dir = dir.display();
        Err(format!("run: cd {dir} && npm install node@22"))
    }
}

/// Whether this Node is what the outside tests are written for: Debian 12 has 18, and the clients need 20.
pub(crate) fn is_recent(node: &Path) -> bool {
    let told = process::capture(Command::new(node).arg("--version"));
    told.ok && major(&told.text).is_some_and(|major| major >= OLDEST_NODE)
}

/// The `22` of `v22.5.1`.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

/// Whether anything may be installed at all.
fn is_allowed() -> bool {
    env::var_os("PLACET_NO_INSTALL").is_none_or(|value| value != "1")
}

/// Does the work unless `made` is there and the inputs are those it was made from.
fn stamped(
    dir: &Path,
    inputs: &[&str],
    (made, advice): (&str, &str),
    work: impl FnOnce() -> bool,
) -> Result<(), String> {
    let key: String = inputs
        .iter()
        .map(|file| fs::read_to_string(dir.join(file)).unwrap_or_default())
        .collect();
    let stamp = dir.join(format!(".installed-{made}"));
    if dir.join(made).is_dir() && fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        return Ok(());
    }
    if !is_allowed() || !work() {
        return Err(format!("run: cd {} && {advice}", dir.display()));
    }
    fs::write(&stamp, key).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn apt(words: &[&str]) -> process::Finished {
    process::quiet(
        Command::new("apt-get")
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn has(program: &str) -> bool {
    place::on_path(program).is_some()
}

/// Debian keeps the server's programs in a folder for each of its versions, off the path.
fn has_server() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    versions
        .flatten()
        .any(|version| version.path().join("bin/initdb").is_file())
}

/// A client of others may be built on the TLS library of the system, which the server never is.
fn has_openssl() -> bool {
    process::capture(Command::new("pkg-config").args(["--exists", "openssl"])).ok
}

/// Debian ships `python3` without what makes a virtual environment.
fn has_venv() -> bool {
    process::capture(Command::new("python3").args(["-c", "import venv, ensurepip"])).ok
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("Uid:"))
        .unwrap_or_default();
    line.split_whitespace().nth(2) == Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_again_only_when_their_files_change() {
        let dir = env::temp_dir().join(format!("placet-stamp-{}", std::process::id()));
        fs::create_dir_all(dir.join("made")).unwrap();
        fs::write(dir.join("list"), "a").unwrap();
        let mut runs = 0;
        for text in ["a", "a", "b"] {
            fs::write(dir.join("list"), text).unwrap();
            stamped(&dir, &["list"], ("made", "make it"), || {
                runs += 1;
                true
            })
            .unwrap();
        }
        let failed = stamped(&dir, &["list"], ("absent", "make it"), || false);
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(runs, 2);
        let said = format!("run: cd {} && make it", dir.display());
        assert_eq!(failed, Err(said));
    }

    #[test]
    fn debian_12_brings_a_node_that_is_too_old() {
        let fits = |text: &str| major(text).is_some_and(|major| major >= OLDEST_NODE);
        let told = ["v18.20.4\n", "v20.0.0", "v22.5.1", "v9.1.0", "node", ""].map(fits);
        assert_eq!(told, [false, true, true, false, false, false]);
    }
}
