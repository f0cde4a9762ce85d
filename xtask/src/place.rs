//! Where things are: the source tree, the build folder, and what we put into it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The root of the source tree: that of the `cargo xtask` which runs, not of the one that built this. Clones may share a build
/// folder.
pub(crate) fn source() -> PathBuf {
    let running = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let of_ours = running.filter(|folder| folder.ends_with("xtask") && folder.is_dir());
    let manifest = of_ours.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    manifest.parent().unwrap_or(&manifest).to_path_buf()
}

/// Cargo's build folder.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if Path::new(&dir).is_absolute() => dir.into(),
        Some(dir) => source().join(dir),
        None => source().join("target"),
    }
}

/// A folder of ours inside the build folder, made when absent.
pub(crate) fn build(name: &str) -> Result<PathBuf, String> {
    let dir = target().join("xtask").join(name);
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(dir)
}

/// The same, emptied first.
pub(crate) fn fresh(name: &str) -> Result<PathBuf, String> {
    let dir = target().join("xtask").join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    build(name)
}

/// The built server. `profile` is the name of Cargo's output folder.
pub(crate) fn placet(profile: &str) -> PathBuf {
    target().join(profile).join("placet")
}

/// The first executable of this name on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}
