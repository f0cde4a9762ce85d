//! What the machine itself can do, measured in the same run: no server is faster than its disk and its arithmetic.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::process;

/// How long writes are flushed one after the other.
const FLUSHING: Duration = Duration::from_secs(2);
/// What one write appends.
const BLOCK_BYTES: usize = 4096;

/// Prints the limits: flushed writes of 4 KiB, and signatures of one core where `openssl` is installed.
pub(crate) fn print(work: &Path) -> Result<(), String> {
    let mut took = flushes(work).map_err(|error| error.to_string())?;
    took.sort();
    let at = |part: usize| {
        let one = took.get(took.len() * part / 100).copied();
        one.unwrap_or_default().as_micros()
    };
    println!("\nthe machine");
    println!(
        "  cores {}",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    println!(
        "  fdatasync of 4 KiB appended: p50 {} µs, p99 {} µs",
        at(50),
        at(99)
    );
    let mut speed = Command::new("openssl");
    speed.args(["speed", "-seconds", "1", "ecdsap256", "ed25519", "rsa2048"]);
    let finished = process::capture(&mut speed);
    for line in finished.text.lines().filter(|line| is_result(line)) {
        println!("  {}", line.trim());
    }
    Ok(())
}

/// The table `openssl speed` ends with: a line per algorithm, and the line above that names the columns.
fn is_result(line: &str) -> bool {
    let kinds = ["sign/s", "ecdsa (", "EdDSA (", "rsa "];
    kinds.iter().any(|kind| line.contains(kind)) && !line.starts_with("Doing")
}

fn flushes(work: &Path) -> std::io::Result<Vec<Duration>> {
    let mut file = File::create(work.join("flushed"))?;
    let block = [0x5a; BLOCK_BYTES];
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < FLUSHING {
        let before = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        took.push(before.elapsed());
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_of_the_signatures_is_shown() {
        let shown = "                  sign    verify    sign/s verify/s
Doing 2048 bits private rsa's for 1s: 1 2048 bits private RSA's in 1.00s
rsa 2048 bits 0.000492s 0.000014s   2033.0  70361.0
 256 bits ecdsa (nistp256)   0.0000s   0.0001s  40000.0  13000.0
 253 bits EdDSA (Ed25519)   0.0000s   0.0001s  20000.0   9000.0
version: 3.0";
        assert_eq!(shown.lines().filter(|line| is_result(line)).count(), 4);
    }
}
