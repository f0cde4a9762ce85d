//! The project's own commands: `cargo xtask check`, `test`, `bench`, `torture`, `waits`, `docs`, `audit`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a terminal program that measures real time; nothing here runs in the server"
)]

mod audit;
mod bench;
mod check;
mod count;
mod docs;
mod http;
mod install;
mod outside;
mod place;
mod process;
mod report;
mod scale;
mod server;
mod snapshots;
mod specs;
mod test;
mod torture;
mod waits;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  check                           format, lints, documentation, tree test, unit tests; needs cargo alone
  test     [--only NAME] [--list] everything: check, all tests, the outside tests of interop/, the short tortures
  bench    [rows] [--quick] [--only LOAD]  Placet beside npm oidc-provider, in one run; or on few and many rows
  torture  [--short] [--list] [--scenario NAME] [--store sqlite|postgres] [--cycles N] [--seed N] [--minutes N]
           [--rows N] [--old-binary PATH]  kills, cuts and fills under load, judged by a journal of its own
  waits    [--count N] [--on sqlite|postgres|postgres-2|tls]  what held polls cost, and how soon they hear of a decision
  scale    [--rows N,N,...] [--nodes N] [--requests N]  what growth costs on PostgreSQL, beside a model
  docs                            rewrites the generated pages of docs/
  audit                           cargo-deny with deny.toml, where it is installed
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let result = match command.as_str() {
        "check" => check::run(&rest),
        "test" => test::run(&rest),
        "bench" => bench::run(&rest),
        "torture" => torture::run(&rest),
        "torture-journal" => torture::journal::serve(&rest),
        "waits" => waits::run(&rest),
        "scale" => scale::run(&rest),
        "docs" => docs::run(&rest),
        "audit" => audit::run(&rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(true)
        }
        "" => Err(USAGE.to_owned()),
        other => Err(format!("unknown command `{other}`\n\n{USAGE}")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}
