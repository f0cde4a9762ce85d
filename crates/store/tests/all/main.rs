//! Every store against the conformance suite, and what only a file can do.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod files;
mod full;
mod harness;
#[cfg(feature = "postgres-tests")]
mod postgres_cluster;
mod processes;
mod schema;

mod sqlite {
    placet_store::conformance_tests!(crate::harness::sqlite);
}

mod memory {
    placet_store::conformance_tests!(crate::harness::memory);
}

#[cfg(feature = "postgres-tests")]
mod postgres {
    placet_store::conformance_tests!(crate::postgres_cluster::postgres);
}
