//! What was measured, as lines for people, with the model and its error beside it.

use super::{
    Point,
    carry::Need,
    counters::Counters,
    flow::Cost,
    load::{Figures, Kind},
    model::{self, error_percent},
    size::Size,
};

const MIB: f64 = 1024.0 * 1024.0;

/// What each run of a flow costs.
pub(super) fn costs(costs: &[Cost]) {
    println!(
        "\n{:<26} {:>8} {:>8} {:>8} {:>10} {:>9}   rows by table",
        "flow, each", "commits", "reads", "rows", "log bytes", "log syncs"
    );
    for cost in costs {
        let rows = cost.each.iter().filter(|(name, _)| name.contains('.'));
        let rows: Vec<String> = rows
            .filter(|(name, count)| !name.ends_with("_in_page") && count.abs() >= 0.01)
            .map(|(name, count)| format!("{name} {count:.2}"))
            .collect();
        println!(
            "{:<26} {:>8.2} {:>8.2} {:>8.2} {:>10.0} {:>9.2}   {}",
            cost.flow.name(),
            cost.commits(),
            cost.reads(),
            cost.rows(),
            cost.each.get("record_bytes"),
            cost.each.get("log_syncs"),
            rows.join(", ")
        );
    }
}

/// A store's size beside the model.
pub(super) fn size(size: &Size) {
    println!(
        "\n{:.0} rows{:<6} {:>10} {:>8} {:>10} {:>10} {:>7} {:>10} {:>10} {:>7}",
        size.rows, "", "rows", "row B", "heap MiB", "model", "error", "index MiB", "model", "error"
    );
    for one in size.tables.iter().filter(|one| one.shape.count > 0.0) {
        println!(
            "  {:<12} {:>10.0} {:>8.0} {:>10.2} {:>10.2} {:>6.1}% {:>10.2} {:>10.2} {:>6.1}%",
            one.table,
            one.shape.count,
            one.shape.row_bytes,
            one.heap / MIB,
            one.model_heap() / MIB,
            error_percent(one.model_heap(), one.heap),
            one.indexes / MIB,
            one.model_indexes() / MIB,
            error_percent(one.model_indexes(), one.indexes)
        );
    }
    let (bytes, model) = size.bytes();
    println!(
        "  all {:.1} MiB, model {:.1} MiB, {:+.1} %; a look by key: {} pages, model {}",
        bytes / MIB,
        model / MIB,
        error_percent(model, bytes),
        size.look_pages,
        size.model_look()
    );
}

/// The load at a point; the page images of client credentials beside the model.
pub(super) fn point(point: &Point, size: &Size) {
    println!(
        "\n{:.0} rows, {} nodes; the machine's load average {:.1}\n  {:<21} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
        point.rows,
        point.nodes,
        point.load_average,
        "",
        "req/s",
        "p50 ms",
        "p99 ms",
        "node µs",
        "db µs",
        "log B",
        "images B",
        "model",
        "error"
    );
    for one in &point.figures {
        let (model, error) = images(size, one).map_or_else(Default::default, |model| {
            let error = error_percent(model, one.image_bytes);
            (format!("{model:.0}"), format!("{error:+.0}%"))
        });
        println!(
            "  {:<21} {:>8.0} {:>8.2} {:>8.2} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {model:>9} {error:>7}",
            one.kind.name(),
            one.per_s,
            one.p50_ms,
            one.p99_ms,
            one.server_us,
            one.database_us,
            one.record_bytes,
            one.image_bytes
        );
    }
}

/// The page images of a request that makes one access token, by the model.
fn images(size: &Size, one: &Figures) -> Option<f64> {
    if one.kind != Kind::ClientCredentials {
        return None;
    }
    let access = size.table("access")?;
    Some(model::image_bytes(&access.shape, one.requests) / one.requests)
}

/// What nodes do by themselves.
pub(super) fn idle(idle: &[Counters]) {
    println!("\nby themselves, in one reading (11.5 s)");
    for (number, counted) in idle.iter().enumerate() {
        println!(
            "  {} nodes: {:.0} transactions, {:.0} log bytes",
            number + 1,
            counted.get("transactions"),
            counted.get("log_bytes")
        );
    }
}

/// For how long rows are kept.
pub(super) fn kept_s(kept: &Counters) {
    println!("\nrows are kept for, in hours");
    for (table, seconds) in kept.iter() {
        println!("  {table:<12} {:>10.2}", seconds / 3600.0);
    }
}

/// What numbers of people need.
pub(super) fn needs(needs: &[Need]) {
    for need in needs {
        println!(
            "\n{:.0e} people: at the busiest time {:.0} commits/s, {:.0} reads/s, {:.0} rows written/s, log {:.1} MiB/s \
             ({:.1} with page images), {:.0} told/s; on average {:.0} deletes/s; {:.2e} rows, {:.2} TiB",
            need.people,
            need.commits,
            need.reads,
            need.row_writes,
            need.log_bytes / MIB,
            need.log_bytes_with_images / MIB,
            need.told,
            need.deletes,
            need.rows(),
            need.bytes() / MIB / MIB
        );
        for (table, rows, bytes) in &need.kept {
            println!(
                "  {table:<12} {rows:>10.2e} rows {:>10.3} TiB",
                bytes / MIB / MIB
            );
        }
    }
}
