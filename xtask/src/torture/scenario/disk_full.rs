//! A full disk (threat K5): nothing is acknowledged that is not durable, what needs no writing goes on, the server says
//! what is wrong, and goes on by itself when there is room again.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    http::Request,
    torture::{
        Plan,
        bout::Bout,
        hand::{Hand, Holder},
        journal::Reply,
        lines::Lines,
        mount::{self, Mount},
        setup::{Setup, Wishes},
        table::Row,
    },
};

/// Room for the log and some growth: the log is moved into the file at 16 MiB.
const DISK_BYTES: u64 = 24 * 1024 * 1024;
const LOAD: Duration = Duration::from_millis(400);
/// How long the disk stays full. A node looks at its store twice a second.
const FULL: Duration = Duration::from_millis(2500);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("disk-full"))?;
    let Some(mount) = Mount::memory(&setup.store(), DISK_BYTES) else {
        return elsewhere(plan);
    };
    let mut bout = Bout::new("disk-full", setup, plan.seed)?;
    let mut server = bout.setup.start(0)?;
    let access = match bout.hand()?.mint()? {
        Some(Reply::Tokens { access, .. }) => access,
        other => return Err(format!("no token to begin with: {other:?}")),
    };
    for _ in 0..plan.cycles(2, 40) {
        let seen = bout.load(|bout| {
            thread::sleep(LOAD);
            let filler = bout.setup.store().join("filler");
            fill(&filler)?;
            let seen = watch(bout, &access)?;
            fs::remove_file(&filler).map_err(|error| error.to_string())?;
            Ok((seen, Instant::now()))
        })?;
        let (seen, freed) = seen;
        bout.check(
            "K5",
            seen.refused,
            "no write was refused: the disk was not full",
        );
        bout.check("K5", seen.reads, "what needs no writing did not go on");
        bout.check("K5", seen.told, "/ready did not say that the disk is full");
        bout.check("K5", server.is_alive(), "the server ended");
        bout.back(freed)?;
        let ready = await_ready(&bout.setup)?;
        bout.check("K5", ready, "/ready did not say that there is room again");
        bout.judge()?;
    }
    server.kill().map_err(|error| error.to_string())?;
    bout.excuse_torn();
    server = bout.setup.start(0)?;
    bout.judge()?;
    drop(server);
    let row = bout.finish();
    drop(mount);
    row
}

/// The same as root of a namespace of our own.
fn elsewhere(plan: &Plan) -> Result<Row, String> {
    let seed = plan.seed.to_string();
    let cycles = plan.cycles(2, 40).to_string();
    let words = [
        "torture",
        "--scenario",
        "disk-full",
        "--seed",
        &seed,
        "--cycles",
        &cycles,
    ];
    match mount::in_namespace(&words, &plan.binary) {
        None => Ok(Row::skipped(
            "disk-full",
            "a small file system needs root, or user namespaces for everybody",
        )),
        Some(true) => Ok(Row {
            scenario: "disk-full".to_owned(),
            notes: vec!["ran in a namespace of its own; its row is above".to_owned()],
            ..Row::default()
        }),
        Some(false) => Err("failed in a namespace of its own; its row is above".to_owned()),
    }
}

/// Writes until not a byte more fits.
fn fill(path: &Path) -> Result<(), String> {
    let mut file = File::create(path).map_err(|error| error.to_string())?;
    for block in [1 << 20, 1 << 12, 1] {
        let zeros = vec![0; block];
        while file.write(&zeros).is_ok_and(|written| written > 0) {}
    }
    Ok(())
}

/// What was seen while the disk was full.
#[derive(Clone, Copy, Debug)]
struct Seen {
    refused: bool,
    reads: bool,
    told: bool,
}

fn watch(bout: &Bout, access: &str) -> Result<Seen, String> {
    let mut hand = bout.hand()?;
    let lines = &mut Lines::new(&bout.setup.host, &bout.setup.addresses(), &bout.tally);
    let begun = Instant::now();
    let mut seen = Seen {
        refused: false,
        reads: true,
        told: false,
    };
    while begun.elapsed() < FULL {
        seen.refused |= hand.mint()?.is_none();
        seen.reads &= reads(&mut hand, lines, access)?;
        let (ready, reasons) = bout.setup.ready(0)?;
        seen.told |= !ready && !reasons.is_empty();
        thread::sleep(Duration::from_millis(50));
    }
    Ok(seen)
}

/// The key set, the metadata and a look at a token.
fn reads(hand: &mut Hand<'_>, lines: &mut Lines<'_>, access: &str) -> Result<bool, String> {
    let mut good = true;
    for path in ["/jwks.json", "/.well-known/openid-configuration"] {
        good &= lines
            .send(&Request::get(path))
            .is_ok_and(|reply| reply.status == 200);
    }
    let look = hand.introspect(access, Holder::Service)?;
    Ok(good && matches!(look, Some(Reply::Activity { active: true, .. })))
}

fn await_ready(setup: &Setup) -> Result<bool, String> {
    let begun = Instant::now();
    while begun.elapsed() < FULL {
        if setup.ready(0)?.0 {
            return Ok(true);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}
