//! Runs cases one after the other and ends with the line the gate counts.

use std::{env, error::Error, process::ExitCode};

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What has to hold; `what` says it in words.
pub fn ensure(holds: bool, what: &str) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// Runs `run` for the name of each case; words on the command line choose cases by name. The process fails when a case did,
/// or when there was none.
pub fn run_cases<'a>(
    names: impl IntoIterator<Item = &'a str>,
    mut run: impl FnMut(&str) -> Outcome,
) -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let chosen =
        |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for name in names.into_iter().filter(|name| chosen(name)) {
        match run(name) {
            Ok(()) => {
                passed += 1;
                println!("ok {name}");
            }
            Err(error) => {
                failed += 1;
                println!("FAILED {name}\n  {error} {error:?}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}

/// What is counted when the cases could not begin.
pub fn never_began(error: &dyn Error) -> ExitCode {
    println!("FAILED to begin: {error} {error:?}\n0 passed, 1 failed");
    ExitCode::FAILURE
}
