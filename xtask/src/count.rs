//! How many checks passed, failed and were left out, read from what programs print.

use std::{fmt, ops::Add};

/// Passed, failed and skipped checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Count {
    /// One check that passed or failed.
    pub(crate) fn one(ok: bool) -> Self {
        Self {
            passed: u64::from(ok),
            failed: u64::from(!ok),
            skipped: 0,
        }
    }

    /// The sum of Cargo's `test result:` lines. A run that failed without a failed test (it did not compile,
    /// it crashed) counts as one failure.
    pub(crate) fn of_cargo_test(text: &str, ok: bool) -> Self {
        let sum = text
            .lines()
            .filter_map(result_line)
            .fold(Self::default(), |sum, count| sum + count);
        sum.judged_by(ok)
    }

    /// What an outside test says in its last line, if it says so; otherwise it counts as one check.
    pub(crate) fn of_outside(text: &str, ok: bool) -> Self {
        match text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .and_then(Self::parse)
        {
            Some(count) => count.judged_by(ok),
            None => Self::one(ok),
        }
    }

    /// Reads `3 passed, 0 failed` with an optional `, 1 skipped`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim().split(", ");
        let mut next = |word: &str| -> Option<u64> {
            parts.next()?.strip_suffix(word)?.trim_end().parse().ok()
        };
        let passed = next("passed")?;
        let failed = next("failed")?;
        let skipped = next("skipped").unwrap_or(0);
        Some(Self {
            passed,
            failed,
            skipped,
        })
    }

    /// Two or three words for the summary.
    pub(crate) fn short(self) -> String {
        match (self.passed, self.failed, self.skipped) {
            (1, 0, 0) => String::new(),
            (0, 1, 0) => "failed".to_owned(),
            _ => self.to_string(),
        }
    }

    /// A bad exit code is never outvoted by good numbers.
    fn judged_by(self, ok: bool) -> Self {
        if ok || self.failed > 0 {
            self
        } else {
            Self { failed: 1, ..self }
        }
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn result_line(line: &str) -> Option<Count> {
    let numbers = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?
        .1;
    let number = |word: &str| -> u64 {
        numbers
            .split("; ")
            .find_map(|part| part.strip_suffix(word))
            .and_then(|digits| digits.trim().parse().ok())
            .unwrap_or(0)
    };
    Some(Count {
        passed: number("passed"),
        failed: number("failed"),
        skipped: number("ignored"),
    })
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn count(passed: u64, failed: u64, skipped: u64) -> Count {
        Count {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargo_output_is_summed_over_binaries() {
        let text = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
                    noise\ntest result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.5s\n";
        assert_eq!(Count::of_cargo_test(text, false), count(7, 2, 1));
    }

    #[test]
    fn a_run_that_did_not_compile_is_a_failure() {
        assert_eq!(
            Count::of_cargo_test("error[E0425]: cannot find value", false),
            count(0, 1, 0)
        );
        let crashed = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Count::of_cargo_test(crashed, false), count(3, 1, 0));
    }

    #[test]
    fn outside_tests_are_counted_by_their_last_line_or_as_one() {
        let cases = [
            ("ok one\n12 passed, 0 failed\n\n", true, count(12, 0, 0)),
            ("12 passed, 1 failed, 2 skipped", false, count(12, 1, 2)),
            (
                "12 passed, 0 failed",
                false,
                count(12, 0, 0).judged_by(false),
            ),
            ("all good", true, count(1, 0, 0)),
            ("", false, count(0, 1, 0)),
        ];
        for (text, ok, want) in cases {
            assert_eq!(Count::of_outside(text, ok), want, "{text:?}");
        }
    }

    #[test]
    fn the_closing_line_is_read_back() {
        for want in [count(3, 0, 0), count(0, 2, 0), count(5, 1, 4)] {
            assert_eq!(Count::parse(&want.to_string()), Some(want));
        }
        assert_eq!(Count::parse("3 passed"), None);
    }
}
