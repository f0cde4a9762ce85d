//! `cargo xtask audit`: advisories, licences, bans and sources by cargo-deny, as `deny.toml` says.

use crate::{place, process};

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    if let Some(unknown) = args.first() {
        return Err(format!("audit: unknown argument `{unknown}`"));
    }
    let installed = std::env::var_os("CARGO_HOME")
        .map(|home| std::path::Path::new(&home).join("bin").join("cargo-deny"))
        .is_some_and(|file| file.is_file());
    if !installed && place::on_path("cargo-deny").is_none() {
        return Err("cargo-deny is not installed. Run:\n  cargo install cargo-deny --locked\n\
                    Bans, licences and dependency arrows are checked without it by `cargo xtask check`."
            .to_owned());
    }
    let mut command = process::cargo();
    command.args(["deny", "--locked", "check", "--show-stats"]);
    Ok(process::tee(&mut command).ok)
}
