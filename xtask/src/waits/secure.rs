//! Polls that are held over TLS: what they cost in memory. Their clients are a program of Node's.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    WAIT_S,
    crowd::CLIENT,
    print_memory,
    stage::{Ground, Stage},
};
use crate::{install, place, process};

/// What a server and its allocator are given to settle.
const SETTLING: Duration = Duration::from_secs(2);

/// Makes a certificate for loopback that nobody has to trust.
pub(super) fn certificate(work: &Path) -> Result<(), String> {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"]);
    openssl.args(["-pkeyopt", "ec_paramgen_curve:P-256"]);
    openssl.args(["-subj", "/CN=127.0.0.1"]);
    openssl.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"]);
    openssl.arg(work.join("tls.key")).arg("-out");
    if process::quiet(openssl.arg(work.join("tls.pem"))).ok {
        Ok(())
    } else {
        Err("a certificate needs the program openssl".to_owned())
    }
}

/// Reads the memory of the server before the polls are held and while they are.
pub(super) fn measure(binary: &Path, count: usize) -> Result<(), String> {
    let node = install::node(install::is_recent)?;
    let stage = Stage::set(binary, Ground::Tls, count)?.ok_or("SQLite is always there")?;
    let port = stage.origin().rsplit(':').next().unwrap_or_default();
    let mut clients = Command::new(node)
        .arg(place::source().join("bench").join("polls.mjs"))
        .args([port, &count.to_string(), &WAIT_S.to_string(), CLIENT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("node: {error}"))?;
    let (mut tell, hear) = (clients.stdin.take(), clients.stdout.take());
    let streams = hear.into_iter();
    let mut lines = streams.flat_map(|stream| BufReader::new(stream).lines());
    let mut expect = |wanted: &str| match lines.next() {
        Some(Ok(line)) if line == wanted => Ok(()),
        other => Err(format!("the clients said {other:?} instead of {wanted}")),
    };
    let mut go = || {
        let told = tell.as_mut().map(|stream| stream.write_all(b"\n"));
        told.transpose().map_err(|error| error.to_string())
    };
    expect("opened")?;
    thread::sleep(SETTLING);
    let before_kib = stage.memory_kib();
    go()?;
    expect("held")?;
    thread::sleep(SETTLING);
    print_memory(before_kib, stage.memory_kib(), count);
    go()?;
    expect(&count.to_string())?;
    clients.wait().map(drop).map_err(|error| error.to_string())
}
