//! Calls on the store's files that fail: the n-th and those after it, kind by kind, under load and at the start.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    bout::Bout,
    disk::{self, Files},
    setup::{Setup, Wishes},
    shim::{Call, EIO, ENOSPC, Failure, Shim},
    table::Row,
};

const BEFORE: Duration = Duration::from_millis(60);
const HARM: Duration = Duration::from_millis(200);
const CALLS: [Call; 4] = [Call::Write, Call::Sync, Call::Truncate, Call::Read];

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("io-errors"))?;
    let shim = Shim::new(&setup.work, &setup.store())?;
    let mut bout = Bout::new("io-errors", setup, plan.seed)?;
    at_the_start(plan, &mut bout, &shim)?;
    let environment = shim.environment(false);
    let mut server = bout.setup.start_with(0, &environment)?;
    let mut failed = 0;
    for number in 0..u64::from(plan.cycles(12, 400)) {
        let failure = failure(&mut bout, number);
        failed += bout.load(|_| {
            thread::sleep(BEFORE);
            shim.fail(failure)?;
            thread::sleep(HARM);
            shim.heal()
        })?;
        let since = Instant::now();
        if !server.is_alive() {
            bout.broken("end", format!("the server ended: {failure:?}"));
            server = bout.setup.start_with(0, &environment)?;
        }
        bout.back(since)?;
        bout.judge()?;
    }
    bout.check("idle", failed > 0, "no call failed");
    bout.row.notes.push(format!("{failed} calls failed"));
    server.kill().map_err(|error| error.to_string())?;
    bout.excuse_torn();
    server = bout.setup.start(0)?;
    bout.judge()?;
    drop(server);
    bout.finish()
}

/// Each kind in turn, sooner and later calls of it, one or several, whole and torn.
fn failure(bout: &mut Bout, number: u64) -> Failure {
    let kinds = CALLS.len() as u64;
    let call = usize::try_from(number % kinds)
        .ok()
        .and_then(|place| CALLS.get(place))
        .copied()
        .unwrap_or(Call::Sync);
    Failure {
        call,
        first: 1 + number / kinds,
        times: if bout.dice.one_in(2) {
            1
        } else {
            bout.dice.between(2..40)
        },
        error: if bout.dice.one_in(4) { ENOSPC } else { EIO },
        half: bout.dice.one_in(2),
    }
}

/// A start that meets an error may end with a message; the next one must work.
fn at_the_start(plan: &Plan, bout: &mut Bout, shim: &Shim) -> Result<(), String> {
    let environment = shim.environment(false);
    let mut refused = 0;
    for number in 1..=u64::from(plan.cycles(12, 400)) {
        let first = if plan.short { number * 5 } else { number };
        let call = if number.is_multiple_of(2) {
            Call::Sync
        } else {
            Call::Write
        };
        shim.fail(Failure {
            call,
            first: if call == Call::Sync {
                number / 2
            } else {
                first
            },
            times: 1,
            error: EIO,
            half: true,
        })?;
        let started = bout.setup.start_with(0, &environment);
        refused += u32::from(started.is_err());
        if let Ok(mut server) = started {
            server.kill().map_err(|error| error.to_string())?;
        }
        shim.heal()?;
        match bout.setup.start_with(0, &environment) {
            Ok(mut server) => server.kill().map_err(|error| error.to_string())?,
            Err(message) => bout.broken("start", format!("after {call:?} {first}: {message}")),
        }
        // Begin with nothing, so that the making of the store meets the error too.
        disk::write_folder(&bout.setup.store(), &Files::default())?;
    }
    let note = format!("{refused} starts ended with an error, and the next one worked");
    bout.row.notes.push(note);
    Ok(())
}
