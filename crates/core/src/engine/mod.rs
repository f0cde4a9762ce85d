//! The engine: one verb per file, each load, decide, commit.
