//! Steps of the machine's clock: a step back within 30 s is bridged, one beyond it stops the server's answers until the
//! clock is right again or an operator accepts it.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    server::Server,
    torture::{
        Plan,
        bout::Bout,
        setup::{Setup, Wishes},
        shim::Shim,
        table::Row,
    },
};

const LOAD: Duration = Duration::from_millis(500);
/// A step forward; short enough that nothing that was handed out ends by it.
const AHEAD_MS: i64 = 20_000;
const BRIDGED_MS: i64 = 25_000;
const TOO_FAR_MS: i64 = 3_600_000;
const REASON: &str = "clock_behind";
const WAIT: Duration = Duration::from_secs(5);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("clock"))?;
    let shim = Shim::new(&setup.work, &setup.store())?;
    let mut bout = Bout::new("clock", setup, plan.seed)?;
    let mut server = bout.setup.start_with(0, &shim.environment(false))?;
    let mut now_ms = 0;
    for _ in 0..plan.cycles(1, 12) {
        now_ms = steps(&mut bout, &shim, now_ms)?;
        server = accepted(&mut bout, &shim, server, now_ms)?;
        // The accepted clock is right again from here on; the journal's own has seen the furthest.
        shim.set_clock(now_ms)?;
    }
    drop(server);
    bout.finish()
}

/// Forward, back a little, back too far, right again. Gives the offset it ends with.
fn steps(bout: &mut Bout, shim: &Shim, from_ms: i64) -> Result<i64, String> {
    let ahead_ms = from_ms + AHEAD_MS;
    bout.load(|bout| {
        thread::sleep(LOAD);
        shim.set_clock(ahead_ms)?;
        bout.journal.set_ahead(ahead_ms.unsigned_abs());
        thread::sleep(LOAD);
        Ok(())
    })?;
    bout.judge()?;
    let before = bout.tally.failed();
    bout.load(|_| {
        shim.set_clock(ahead_ms - BRIDGED_MS)?;
        thread::sleep(LOAD);
        Ok(())
    })?;
    bout.check(
        "C11",
        bout.tally.failed() == before,
        "a step back of 25 s was not bridged",
    );
    bout.check(
        "C11",
        bout.setup.ready(0)?.0,
        "not ready after a step back of 25 s",
    );
    bout.judge()?;
    let (told, righted) = bout.load(|bout| {
        shim.set_clock(ahead_ms - TOO_FAR_MS)?;
        let told = says(bout, true);
        thread::sleep(LOAD);
        let served = bout.hand()?.mint()?.is_some();
        shim.set_clock(ahead_ms)?;
        Ok((told && !served, Instant::now()))
    })?;
    bout.check(
        "C11",
        told,
        "a step back of an hour was served, or not told by /ready",
    );
    bout.back(righted)?;
    let ready = says(bout, false);
    bout.check("C11", ready, "not ready although the clock is right again");
    bout.judge()?;
    Ok(ahead_ms)
}

/// A start an hour back is not ready; `placet clock accept` and a start make it so.
fn accepted(
    bout: &mut Bout,
    shim: &Shim,
    mut server: Server,
    now_ms: i64,
) -> Result<Server, String> {
    server.stop();
    shim.set_clock(now_ms - TOO_FAR_MS)?;
    let environment = shim.environment(false);
    server = bout.setup.spawn(0, &environment)?;
    let told = says(bout, true);
    bout.check("C11", told, "a start an hour back is not told by /ready");
    let (accepted, text) = bout.setup.ask_with(&["clock", "accept"], &environment)?;
    bout.check(
        "C11",
        accepted,
        &format!("placet clock accept: {}", text.trim()),
    );
    server.stop();
    server = bout.setup.start_with(0, &environment)?;
    let ready = says(bout, false);
    bout.check("C11", ready, "not ready although the clock was accepted");
    bout.load(|_| {
        thread::sleep(LOAD);
        Ok(())
    })?;
    bout.judge()?;
    Ok(server)
}

/// Whether `/ready` comes to name the clock, or to be ready.
fn says(bout: &Bout, behind: bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < WAIT {
        if let Ok((ready, reasons)) = bout.setup.ready(0) {
            let named = reasons.iter().any(|reason| reason == REASON);
            if ready != behind && named == behind {
                return true;
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}
