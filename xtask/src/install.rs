//! Debian packages and language packages that the outside tests need.
//!
//! Installed when that is allowed (root, `apt-get` present, `PLACET_NO_INSTALL` not 1); otherwise the command to run is said.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{place, process};

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
    let needs = [
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
    if env::var_os("PLACET_NO_INSTALL").is_some_and(|value| value == "1")
        || !is_root()
        || !has("apt-get")
    {
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
        stamped(
            staged,
            &["package.json", "package-lock.json"],
            "node_modules",
            || {
                process::quiet(
                    Command::new("npm")
                        .args([word, "--no-audit", "--no-fund", "--silent"])
                        .current_dir(staged),
                )
                .ok
            },
        )?;
    }
    if staged.join("requirements.txt").is_file() {
        stamped(staged, &["requirements.txt"], ".venv", || {
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

/// Does the work unless `made` is there and the inputs are those it was made from.
fn stamped(
    dir: &Path,
    inputs: &[&str],
    made: &str,
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
    if !work() {
        return Err(format!(
            "packages of {} could not be installed",
            dir.display()
        ));
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
            stamped(&dir, &["list"], "made", || {
                runs += 1;
                true
            })
            .unwrap();
        }
        let failed = stamped(&dir, &["list"], "absent", || false);
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(runs, 2);
        assert!(failed.is_err());
    }
}
