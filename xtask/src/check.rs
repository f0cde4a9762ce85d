//! `cargo xtask check`: the quick gate. It needs cargo alone.

use crate::{
    count::Count,
    process::{self, cargo},
    report::{Report, Step},
};

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    if let Some(unknown) = args.first() {
        return Err(format!("check: unknown argument `{unknown}`"));
    }
    let mut report = Report::new("check");
    still(&mut report);
    report.step("tree", || {
        cargo_test(&["-p", "placet", "--test", "all", "tree::"])
    });
    report.step("unit tests", || {
        cargo_test(&["--workspace", "--lib", "--bins"])
    });
    Ok(report.close())
}

/// The checks that run nothing of ours: format, lints, documentation.
pub(crate) fn still(report: &mut Report) {
    report.step("format", || {
        Step::one(process::quiet(cargo().args(["fmt", "--all", "--check"])).ok)
    });
    report.step("lints", || {
        let mut command = cargo();
        command.args([
            "clippy",
            "--quiet",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]);
        Step::one(process::quiet(&mut command).ok)
    });
    report.step("documentation", || {
        let mut command = cargo();
        command.args([
            "doc",
            "--quiet",
            "--locked",
            "--workspace",
            "--document-private-items",
            "--no-deps",
        ]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        Step::one(process::quiet(&mut command).ok)
    });
}

/// `cargo test` with the arguments, its tests counted one by one; its output is shown when something failed.
fn cargo_test(args: &[&str]) -> Step {
    let finished = process::quiet(cargo().args(["test", "--quiet", "--locked"]).args(args));
    Step {
        count: Count::of_cargo_test(&finished.text, finished.ok),
        note: String::new(),
    }
}
