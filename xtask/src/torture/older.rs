//! An older release to upgrade from: one that is given, or the commit before the newest migration, built once.
//!
//! Its source is taken out of the history into the build folder, so nothing is checked out here; it is built there, into a
//! folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Plan;
use crate::{
    place,
    process::{self, cargo},
};

const MIGRATIONS: &str = "crates/store/src/postgres/migrations";

/// A server of an older release.
#[derive(Clone, Debug)]
pub(crate) struct Older {
    pub(crate) binary: PathBuf,
    /// What it is, for people.
    pub(crate) name: String,
}

/// The older release of `--old-binary` or `PLACET_OLD_BIN`, else that of the history. In short it is not built, since that
/// takes minutes, but taken when it was. Nothing where there is no history, or no second migration.
pub(crate) fn find(plan: &Plan) -> Result<Option<Older>, String> {
    let given = std::env::var_os("PLACET_OLD_BIN").map(PathBuf::from);
    if let Some(given) = plan.old_binary.clone().or(given) {
        let binary = std::path::absolute(&given).map_err(|error| error.to_string())?;
        let name = given.display().to_string();
        return Ok(Some(Older { binary, name }));
    }
    let Some(commit) = before_newest_migration() else {
        return Ok(None);
    };
    let short: String = commit.chars().take(12).collect();
    let folder = place::build("older")?.join(&short);
    let binary = folder.join("target").join("debug").join("placet");
    if !binary.is_file() {
        if plan.short {
            return Ok(None);
        }
        println!("building the server of {short}, once; this takes some minutes");
        build(&commit, &folder)?;
    }
    let name = format!("commit {short}");
    Ok(Some(Older { binary, name }))
}

/// The last commit that knows one migration less.
fn before_newest_migration() -> Option<String> {
    let folder = fs::read_dir(place::source().join(MIGRATIONS)).ok()?;
    let names = folder.flatten().map(|entry| entry.file_name());
    let newest = newest(names.filter_map(|name| name.into_string().ok()).collect())?;
    let file = format!("{MIGRATIONS}/{newest}");
    let added = git(&["log", "--diff-filter=A", "-1", "--format=%H", "--", &file])?;
    git(&["rev-parse", "--verify", "--quiet", &format!("{added}^")])
}

/// The last of at least two migrations: before the first one there is no release.
fn newest(mut names: Vec<String>) -> Option<String> {
    names.sort();
    let newest = names.pop();
    if names.is_empty() { None } else { newest }
}

fn git(words: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let finished = process::capture(git.args(words).current_dir(place::source()));
    let text = finished.text.trim().to_owned();
    (finished.ok && !text.is_empty()).then_some(text)
}

fn build(commit: &str, folder: &Path) -> Result<(), String> {
    let source = folder.join("source");
    fs::create_dir_all(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    let archive = folder.join("source.tar");
    let mut git = Command::new("git");
    git.args(["archive", "--format=tar", "-o"]);
    git.arg(&archive).arg(commit).current_dir(place::source());
    let mut tar = Command::new("tar");
    tar.arg("xf").arg(&archive).arg("-C").arg(&source);
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--package", "placet"]);
    build
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", folder.join("target"));
    for command in [&mut git, &mut tar, &mut build] {
        if !process::quiet(command).ok {
            let program = command.get_program().to_string_lossy().into_owned();
            return Err(format!("the older release could not be built: {program}"));
        }
    }
    fs::remove_file(&archive).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_first_migration_there_is_no_release() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(newest(names(&["0001_a.sql"])), None);
        let two = newest(names(&["0002_b.sql", "0001_a.sql"]));
        assert_eq!(two.as_deref(), Some("0002_b.sql"));
    }
}
