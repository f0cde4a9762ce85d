//! Power cuts (threat K1): the server is killed, and its files become what a disk may hold of what was not flushed.
//!
//! 1. First the making of a new store is cut, at any moment: the next start must work.
//! 2. Then each cycle loads, cuts, starts on what is found, and asks for what was acknowledged. In some a flush fails
//!    first: what was written before it may never reach the disk, whatever is flushed later.
//!
//! `power-normal` does the same with the flushes of `synchronous=NORMAL`. It must lose something: otherwise this test
//! could not find a loss.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    server::Server,
    torture::{
        Plan,
        bout::Bout,
        disk::{self, Disk, Files},
        setup::{Setup, Wishes},
        shim::{Call, EIO, Failure, Shim},
        table::Row,
    },
};

const LOAD_MS: std::ops::Range<u64> = 150..900;
/// A start makes its store within about this time.
const MAKING_MS: std::ops::Range<u64> = 1..200;

pub(super) fn full(plan: &Plan) -> Result<Row, String> {
    let (mut bout, shim) = begin("power", plan)?;
    bout.excuse_torn();
    let mut cut = Cut {
        base: Files::new(),
        failed: 0,
        shim: &shim,
    };
    let cycles = plan.cycles(10, 1000);
    for _ in 0..cycles.div_ceil(10).max(6) {
        cut.making(&mut bout)?;
    }
    let mut server = cut.start(&bout)?;
    for _ in 0..cycles {
        server = cut.under_load(&mut bout, server)?;
        bout.judge()?;
    }
    drop(server);
    let note = format!("{} flushes failed before the power went", cut.failed);
    bout.row.notes.push(note);
    bout.finish()
}

pub(super) fn normal(plan: &Plan) -> Result<Row, String> {
    let (mut bout, shim) = begin("power-normal", plan)?;
    shim.flush_as_normal()?;
    let mut cut = Cut {
        base: Files::new(),
        failed: 0,
        shim: &shim,
    };
    let mut server = cut.start(&bout)?;
    for _ in 0..plan.cycles(20, 20) {
        server = cut.under_load(&mut bout, server)?;
        bout.judge()?;
        if !bout.row.violations.is_empty() {
            break;
        }
    }
    drop(server);
    let mut row = bout.counted()?;
    let lost = std::mem::take(&mut row.violations);
    if let Some(first) = lost.first() {
        let cycles = row.cycles;
        row.notes.push(format!(
            "as it must, cut {cycles} lost {} promises, such as {first}",
            lost.len()
        ));
    } else {
        let what = "nothing was lost: this test could not find a loss";
        row.violations.insert(crate::torture::judge::Violation {
            rule: "proof",
            what: what.to_owned(),
        });
    }
    Ok(row)
}

fn begin(name: &'static str, plan: &Plan) -> Result<(Bout, Shim), String> {
    let setup = Setup::new(&plan.binary, &Wishes::local(name))?;
    let shim = Shim::new(&setup.work, &setup.store())?;
    Ok((Bout::new(name, setup, plan.seed)?, shim))
}

/// The disk under the server.
struct Cut<'a> {
    /// The files at the last start.
    base: Files,
    /// Flushes that failed.
    failed: u64,
    shim: &'a Shim,
}

impl Cut<'_> {
    fn start(&self, bout: &Bout) -> Result<Server, String> {
        bout.setup.start_with(0, &self.shim.environment(true))
    }

    /// Lets the server work, cuts the power, and starts on what is left.
    fn under_load(&mut self, bout: &mut Bout, mut server: Server) -> Result<Server, String> {
        let length = Duration::from_millis(bout.dice.between(LOAD_MS));
        let flush = bout.dice.one_in(4).then(|| Failure {
            call: Call::Sync,
            first: bout.dice.between(1..6),
            times: 1,
            error: EIO,
            half: false,
        });
        bout.load(|_| {
            thread::sleep(length / 2);
            if let Some(failure) = flush {
                self.shim.fail(failure)?;
            }
            thread::sleep(length / 2);
            server.kill().map_err(|error| error.to_string())
        })?;
        self.failed += self.shim.heal()?;
        self.forget(bout)?;
        let since = Instant::now();
        let server = self.start(bout)?;
        bout.back(since)?;
        Ok(server)
    }

    /// Cuts the power while a new store is made; the next start must work.
    fn making(&mut self, bout: &mut Bout) -> Result<(), String> {
        self.base = Files::new();
        disk::write_folder(&bout.setup.store(), &self.base)?;
        let wait = Duration::from_millis(bout.dice.between(MAKING_MS));
        let mut server = bout.setup.spawn(0, &self.shim.environment(true))?;
        thread::sleep(wait);
        server.kill().map_err(|error| error.to_string())?;
        self.forget(bout)?;
        match self.start(bout) {
            Ok(mut server) => {
                server.kill().map_err(|error| error.to_string())?;
                self.forget(bout)?;
            }
            Err(message) => {
                let ms = wait.as_millis();
                bout.broken(
                    "K1",
                    format!("no start after a cut {ms} ms into the first: {message}"),
                );
                self.base = Files::new();
                disk::write_folder(&bout.setup.store(), &self.base)?;
                self.shim.take_log()?;
            }
        }
        Ok(())
    }

    /// The files become what a disk may hold.
    fn forget(&mut self, bout: &mut Bout) -> Result<(), String> {
        let mut disk = Disk::of(std::mem::take(&mut self.base));
        let log = disk::read_log(&self.shim.take_log()?)?;
        disk.replay(log, &mut bout.dice)?;
        self.base = disk.cut(&mut bout.dice);
        disk::write_folder(&bout.setup.store(), &self.base)
    }
}
