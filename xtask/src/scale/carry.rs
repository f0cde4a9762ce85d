//! Carries the model to a number of people, under assumptions that stand here and nowhere else.

use serde_json::{Value, json};

use super::{
    counters::Counters,
    flow::{Cost, Flow},
    model::{self, DAY},
    size::Size,
};

/// What each person does, on average.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assumptions {
    pub(super) people: f64,
    /// The busiest hour against the mean.
    pub(super) peak: f64,
    /// How long events are kept: the default of `retention.events`.
    pub(super) events_kept_s: f64,
}

/// Runs of each flow for each person in a day.
pub(super) const A_DAY: [(Flow, f64); 8] = [
    (Flow::CodeWithPassword, 0.2),
    (Flow::Code, 1.0),
    (Flow::Refresh, 4.0),
    (Flow::Device, 0.02),
    (Flow::Poll, 0.2),
    (Flow::ClientCredentials, 0.5),
    (Flow::Introspection, 20.0),
    (Flow::Revocation, 0.02),
];

impl Assumptions {
    /// With the defaults of the configuration.
    pub(super) const fn of(people: f64) -> Self {
        Self {
            people,
            peak: 3.0,
            events_kept_s: 365.0 * DAY,
        }
    }
}

/// What that needs.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) people: f64,
    /// At the busiest time, a second.
    pub(super) commits: f64,
    pub(super) reads: f64,
    pub(super) log_bytes: f64,
    /// The same when each changed page of an index by a random key is written whole once more.
    pub(super) log_bytes_with_images: f64,
    pub(super) row_writes: f64,
    /// The mean, since what is made is deleted some time.
    pub(super) deletes: f64,
    /// Changes of waiting requests that nodes tell one another.
    pub(super) told: f64,
    /// By table: rows kept, and their bytes.
    pub(super) kept: Vec<(&'static str, f64, f64)>,
}

impl Need {
    /// From the cost of each flow, how long rows are kept, and what a row takes.
    pub(super) fn of(on: &Assumptions, costs: &[Cost], kept_s: &Counters, size: &Size) -> Self {
        let at_peak = |each: &dyn Fn(&Cost) -> f64| -> f64 {
            flows(costs)
                .map(|(cost, per_day)| model::rate(on.people, per_day, on.peak) * each(cost))
                .sum()
        };
        let log = |cost: &Cost| cost.each.get("record_bytes").max(0.0);
        // Of a row made, its table's and its index's page; of one changed, one page.
        let pages = |cost: &Cost| {
            let named = |end: &str| -> f64 {
                let rows = cost.each.iter();
                rows.filter(|(name, _)| name.ends_with(end) && !name.starts_with("event"))
                    .map(|(_, count)| count)
                    .sum()
            };
            named(".inserted") + named(".updated")
        };
        let kept: Vec<_> = size
            .tables
            .iter()
            .map(|one| {
                let a_day = model::rate(on.people, 1.0, 1.0);
                let made: f64 = flows(costs)
                    .map(|(cost, per_day)| {
                        a_day * per_day * cost.each.get(&format!("{}.inserted", one.table))
                    })
                    .sum();
                let rows = match one.table {
                    "person" | "name" => on.people,
                    "event" => made * on.events_kept_s,
                    table => made * kept_s.get(table),
                };
                (one.table, rows, rows * one.row_bytes())
            })
            .collect();
        let inserted = |cost: &Cost| -> f64 {
            let rows = cost.each.iter();
            rows.filter(|(name, _)| name.ends_with(".inserted"))
                .map(|(_, count)| count)
                .sum()
        };
        Self {
            people: on.people,
            commits: at_peak(&Cost::commits),
            reads: at_peak(&Cost::reads),
            log_bytes: at_peak(&log),
            log_bytes_with_images: at_peak(&|cost| log(cost) + pages(cost) * model::image()),
            row_writes: at_peak(&Cost::rows),
            deletes: at_peak(&inserted) / on.peak,
            told: at_peak(&|cost| cost.each.get("pending.updated")),
            kept,
        }
    }

    pub(super) fn rows(&self) -> f64 {
        self.kept.iter().map(|(_, rows, _)| rows).sum()
    }

    pub(super) fn bytes(&self) -> f64 {
        self.kept.iter().map(|(_, _, bytes)| bytes).sum()
    }

    pub(super) fn json(&self) -> Value {
        let kept: Vec<Value> = self
            .kept
            .iter()
            .map(|(table, rows, bytes)| json!({ "table": table, "rows": rows, "bytes": bytes }))
            .collect();
        json!({
            "people": self.people, "commits_per_s": self.commits, "reads_per_s": self.reads,
            "log_bytes_per_s": self.log_bytes, "log_bytes_per_s_with_images": self.log_bytes_with_images,
            "row_writes_per_s": self.row_writes, "deletes_per_s": self.deletes, "told_per_s": self.told,
            "rows": self.rows(), "bytes": self.bytes(), "kept": kept,
        })
    }
}

fn flows(costs: &[Cost]) -> impl Iterator<Item = (&Cost, f64)> {
    A_DAY.into_iter().filter_map(|(flow, per_day)| {
        let cost = costs.iter().find(|cost| cost.flow == flow)?;
        Some((cost, per_day))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_people_need_ten_times_as_much() {
        let each: Counters = [("event.inserted".to_owned(), 2.0)].into_iter().collect();
        let costs = [Cost {
            flow: Flow::Refresh,
            runs: 1.0,
            each,
        }];
        let size = Size {
            rows: 0.0,
            tables: Vec::new(),
            look_pages: 0.0,
        };
        let need = |people: f64| {
            Need::of(
                &Assumptions::of(people),
                &costs,
                &Counters::default(),
                &size,
            )
        };
        // Four refreshes a day of two commits each, three times as many at the busiest time.
        assert!((need(86_400.0).commits - 24.0).abs() < 1e-6);
        assert!((need(864_000.0).commits - 240.0).abs() < 1e-6);
    }
}
