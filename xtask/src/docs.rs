//! `cargo xtask docs`: rewrites the generated pages of `docs/`.
//!
//! 1. `docs/specs.md` is built here, from the text of the sources.
//! 2. Pages that need the program's own types are written by the tests that compare them: a test whose name contains
//!    `generated_` writes its page instead of comparing it when `PLACET_BLESS=1`.

use std::fs;

use crate::{
    place,
    process::{self, cargo},
    specs,
};

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    if let Some(unknown) = args.first() {
        return Err(format!("docs: unknown argument `{unknown}`"));
    }
    let file = place::source().join("docs").join("specs.md");
    fs::write(&file, specs::render(&place::source()))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--workspace", "generated_"])
        .env("PLACET_BLESS", "1");
    Ok(process::quiet(&mut command).ok)
}
