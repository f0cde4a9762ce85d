//! Finds snapshots that no test reads any more.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Snapshot files below `root` that `references`, the list insta writes while tests run, does not name.
pub(crate) fn unreferenced(root: &Path, references: &Path) -> Vec<PathBuf> {
    let read = fs::read_to_string(references).unwrap_or_default();
    let used: BTreeSet<PathBuf> = read
        .lines()
        .map(|line| canonical(Path::new(line.trim())))
        .collect();
    let mut found = Vec::new();
    collect(root, &mut found);
    found.retain(|file| !used.contains(&canonical(file)));
    found.sort();
    found
}

fn canonical(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_path_buf())
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && name != "node_modules" && name != ".git" {
                collect(&path, found);
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "snap")
        {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_snapshots_nobody_reads_are_found() {
        let root = std::env::temp_dir().join(format!("placet-snapshots-{}", std::process::id()));
        let dir = root.join("tests").join("golden");
        fs::create_dir_all(&dir).unwrap();
        for name in ["used.snap", "dead.snap", "other.txt"] {
            fs::write(dir.join(name), "x").unwrap();
        }
        let list = root.join("references");
        fs::write(&list, format!("{}\n", dir.join("used.snap").display())).unwrap();
        let found = unreferenced(&root, &list);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, vec![dir.join("dead.snap")]);
    }
}
