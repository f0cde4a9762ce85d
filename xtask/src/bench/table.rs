//! Medians and ratios, as lines for people and as JSON.

use serde_json::{Value, json};

use super::{contestant::Contestant, load::Load, meter::Measured};

/// The middle of some numbers.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The middle of the runs, each figure for itself.
fn middle(runs: &[Measured]) -> Measured {
    let by = |figure: fn(&Measured) -> f64| median(runs.iter().map(figure).collect());
    Measured {
        requests_per_s: by(|run| run.requests_per_s),
        cpu_us: by(|run| run.cpu_us),
        database_us: by(|run| run.database_us),
        p50_ms: by(|run| run.p50_ms),
        p99_ms: by(|run| run.p99_ms),
        rss_kib: runs.iter().map(|run| run.rss_kib).max().unwrap_or(0),
    }
}

/// What the one of ours did that a peer is compared with.
fn beside(
    contestant: &Contestant,
    contestants: &[Contestant],
    measured: &[Vec<Measured>],
) -> Option<Measured> {
    if contestant.beside == contestant.name {
        return None;
    }
    let mut pairs = contestants.iter().zip(measured);
    let (_, runs) = pairs.find(|(one, _)| one.name == contestant.beside)?;
    Some(middle(runs))
}

/// Prints one load: a line per server; for the peers also by how much ours is better on the same kind of store.
pub(crate) fn print(load: Load, contestants: &[Contestant], measured: &[Vec<Measured>]) {
    println!("\n{}", load.name());
    println!(
        "  {:<13} {:>9} {:>8} {:>9} {:>9} {:>8} {:>9} {:>9} {:>9}",
        "", "req/s", "ratio", "cpu µs", "db µs", "ratio", "p50 ms", "p99 ms", "RSS MiB"
    );
    let there = contestants.iter().zip(measured);
    for (contestant, runs) in there.filter(|(_, runs)| !runs.is_empty()) {
        let one = middle(runs);
        let (speed, cost) = match beside(contestant, contestants, measured) {
            Some(ours) => (
                format!("{:.2}×", ours.requests_per_s / one.requests_per_s),
                format!("{:.2}×", one.cost_us() / ours.cost_us()),
            ),
            None => (String::new(), String::new()),
        };
        println!(
            "  {:<13} {:>9.0} {speed:>8} {:>9.1} {:>9.1} {cost:>8} {:>9.2} {:>9.2} {:>9.1}",
            contestant.name,
            one.requests_per_s,
            one.cpu_us,
            one.database_us,
            one.p50_ms,
            one.p99_ms,
            mib(one.rss_kib),
        );
    }
}

/// Prints start, idle memory and the size of the binary.
pub(crate) fn print_sizes(contestants: &[Contestant], binary_bytes: u64) {
    println!(
        "\nstart and size\n  {:<13} {:>9} {:>9} {:>9}",
        "", "start ms", "idle MiB", "peak MiB"
    );
    for contestant in contestants {
        let peak = mib(contestant.memory_kib("VmHWM:"));
        println!(
            "  {:<13} {:>9.1} {:>9.1} {peak:>9.1}",
            contestant.name,
            contestant.start_ms,
            mib(contestant.idle_kib)
        );
    }
    println!("  binary {:.1} MiB", mib(binary_bytes / 1024));
}

/// One load as JSON: every run, the median, and Placet's ratios to each peer.
pub(crate) fn row(load: Load, contestants: &[Contestant], measured: &[Vec<Measured>]) -> Value {
    let servers: Vec<Value> = contestants
        .iter()
        .zip(measured)
        .filter(|(_, runs)| !runs.is_empty())
        .map(|(contestant, runs)| {
            let one = middle(runs);
            let ours = beside(contestant, contestants, measured);
            json!({
                "name": contestant.name,
                "requests_per_s": one.requests_per_s,
                "cpu_us": one.cpu_us,
                "database_us": one.database_us,
                "p50_ms": one.p50_ms,
                "p99_ms": one.p99_ms,
                "rss_kib": one.rss_kib,
                "runs_requests_per_s": runs.iter().map(|run| run.requests_per_s).collect::<Vec<_>>(),
                "runs_cpu_us": runs.iter().map(|run| run.cpu_us).collect::<Vec<_>>(),
                "placet_times_faster": ours.map(|ours| ours.requests_per_s / one.requests_per_s),
                "placet_times_cheaper": ours.map(|ours| one.cost_us() / ours.cost_us()),
            })
        })
        .collect();
    json!({ "load": load.name(), "servers": servers })
}

#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_taken_figure_by_figure() {
        let run = |requests_per_s: f64, cpu_us: f64| Measured {
            requests_per_s,
            cpu_us,
            database_us: 0.5,
            p50_ms: 1.0,
            p99_ms: 2.0,
            rss_kib: 7,
        };
        let one = middle(&[run(10.0, 3.0), run(30.0, 1.0), run(20.0, 2.0)]);
        assert!((one.requests_per_s - 20.0).abs() < f64::EPSILON);
        assert!((one.cpu_us - 2.0).abs() < f64::EPSILON);
        assert_eq!(one.rss_kib, 7);
    }
}
