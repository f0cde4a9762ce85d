//! The events of the store, as `placet events --json` prints them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// How often what happened, and which tokens it issued.
#[derive(Debug, Default)]
pub(crate) struct Events {
    counts: BTreeMap<String, u64>,
    issued: BTreeSet<String>,
}

impl Events {
    /// Reads a JSON array, or one JSON object per line.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let whole: Option<Vec<Value>> = serde_json::from_str(text).ok();
        let list = if let Some(list) = whole {
            list
        } else {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines
                .map(|line| serde_json::from_str(line).map_err(|error| format!("events: {error}")))
                .collect::<Result<_, _>>()?
        };
        let mut events = Self::default();
        for event in list {
            let kind = event
                .get("kind")
                .and_then(Value::as_str)
                .ok_or_else(|| format!("an event without kind: {event}"))?;
            *events.counts.entry(kind.to_owned()).or_default() += 1;
            let tokens = event
                .get("tokens")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            events
                .issued
                .extend(tokens.filter_map(Value::as_str).map(str::to_owned));
        }
        Ok(events)
    }

    pub(crate) fn count(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// Whether some event issued the token of this `jti`.
    pub(crate) fn issued(&self, jti: &str) -> bool {
        self.issued.contains(jti)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_lines_are_read_alike() {
        let (one, two) = (
            r#"{"kind":"token_issued","tokens":["t1"]}"#,
            r#"{"kind":"token_issued"}"#,
        );
        for text in [format!("[{one},{two}]"), format!("{one}\n{two}\n")] {
            let events = Events::read(&text).unwrap();
            assert_eq!(events.count("token_issued"), 2);
            assert!(events.issued("t1") && !events.issued("t2"));
        }
        assert!(Events::read("[{}]").is_err());
        assert!(Events::read("no JSON").is_err());
    }
}
