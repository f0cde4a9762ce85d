//! `cargo xtask test`: the whole gate. Its last line is `N passed, N failed`.
//!
//! 1. The still checks of `cargo xtask check`.
//! 2. All tests of the workspace in one run, with unread snapshots rejected.
//! 3. The generated pages are those the sources give.
//! 4. The outside tests of `interop/`, with what they need installed.
//! 5. The short form of every torture.

use std::{fs, path::Path};

use crate::{
    check,
    count::Count,
    install,
    outside::{self, Outside},
    place,
    process::{self, cargo},
    report::{Report, Step},
    snapshots, specs, torture,
};

const STEPS: [&str; 4] = ["check", "tests", "docs", "torture"];

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let outside = outside::list();
    let mut only = Vec::new();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--list" => {
                STEPS
                    .iter()
                    .copied()
                    .chain(outside.iter().map(|test| test.name.as_str()))
                    .for_each(|name| println!("{name}"));
                return Ok(true);
            }
            "--only" => only.push(
                words
                    .next()
                    .ok_or("--only needs a name; `cargo xtask test --list` shows them")?
                    .clone(),
            ),
            other => return Err(format!("test: unknown argument `{other}`")),
        }
    }
    if let Some(name) = only.iter().find(|name| {
        !STEPS.contains(&name.as_str()) && !outside.iter().any(|test| &&test.name == name)
    }) {
        return Err(format!(
            "nothing here is called `{name}`; `cargo xtask test --list` shows the names"
        ));
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|given| given == name);
    let chosen: Vec<Outside> = outside
        .into_iter()
        .filter(|test| wanted(&test.name))
        .collect();

    let mut report = Report::new("test");
    if wanted("check") {
        check::still(&mut report);
    }
    if wanted("tests") {
        tests(&mut report);
    }
    if wanted("docs") {
        report.step("generated pages", || generated(&place::source()));
    }
    if !chosen.is_empty() || wanted("torture") {
        with_server(&mut report, &chosen, wanted("torture"));
    }
    let ok = report.close();
    println!("{}", report.total());
    Ok(ok)
}

/// One `cargo test` for everything; a snapshot that no test read is a failure.
fn tests(report: &mut Report) {
    let references = place::target().join("xtask").join("snapshots-read");
    report.step("tests", || {
        if let Err(error) = place::build("")
            .and_then(|_| fs::write(&references, "").map_err(|error| error.to_string()))
        {
            return Step::noted(false, error);
        }
        if let Err(command) = install::database() {
            return Step::noted(
                false,
                format!("the store's tests need PostgreSQL: {command}"),
            );
        }
        let mut command = cargo();
        command.args([
            "test",
            "--quiet",
            "--locked",
            "--workspace",
            "--features",
            "placet-store/postgres-tests,placet/postgres-tests",
            "--no-fail-fast",
        ]);
        command
            .env("INSTA_UPDATE", "no")
            .env("INSTA_SNAPSHOT_REFERENCES_FILE", &references);
        let finished = process::quiet(&mut command);
        Step {
            count: Count::of_cargo_test(&finished.text, finished.ok),
            note: String::new(),
        }
    });
    report.step("snapshots", || {
        let unread = snapshots::unreferenced(&place::source(), &references);
        for file in &unread {
            eprintln!("no test reads {}", file.display());
        }
        Step::one(unread.is_empty())
    });
}

/// Pages made from source text alone are compared here; those made from types are compared by the tests themselves.
fn generated(source: &Path) -> Step {
    let current = fs::read_to_string(source.join("docs").join("specs.md"))
        .is_ok_and(|text| text == specs::render(source));
    if current {
        Step::one(true)
    } else {
        Step::noted(
            false,
            "docs/specs.md is out of date: run `cargo xtask docs`",
        )
    }
}

/// What runs against a built server.
fn with_server(report: &mut Report, chosen: &[Outside], torture: bool) {
    let built = report.step("build", || {
        Step::one(
            process::quiet(cargo().args(["build", "--quiet", "--locked", "--package", "placet"]))
                .ok,
        )
    });
    if !built {
        return;
    }
    let server = place::placet("debug");
    if !chosen.is_empty() {
        let folders: Vec<_> = chosen.iter().map(|test| test.folder.clone()).collect();
        let mut advice = None;
        let ready = report.step("packages", || {
            match outside::stage().and_then(|()| install::system(&folders)) {
                Ok(()) => Step::one(true),
                Err(command) => {
                    advice = Some(command);
                    Step::noted(false, "something to install is missing")
                }
            }
        });
        if let Some(command) = advice {
            report.hint(format!("run: {command}"));
        }
        for test in chosen {
            let name = format!("interop/{}", test.name);
            if ready {
                report.step(&name, || outside::run(test, &server));
            } else {
                report.step(&name, || Step {
                    count: Count {
                        skipped: 1,
                        ..Count::default()
                    },
                    note: "left out".to_owned(),
                });
            }
        }
    }
    if torture {
        for (name, step) in torture::steps(&server) {
            report.step(&name, step);
        }
    }
}
