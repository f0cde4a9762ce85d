//! Deterministic parts for tests.
