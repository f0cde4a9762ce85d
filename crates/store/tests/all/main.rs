//! Every store against the conformance suite, and what only a file can do.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod archive;
mod files;
mod full;
mod harness;
mod outbox;
#[cfg(feature = "postgres-tests")]
mod postgres_cluster;
#[cfg(feature = "postgres-tests")]
mod postgres_faults;
#[cfg(feature = "postgres-tests")]
mod postgres_locks;
#[cfg(feature = "postgres-tests")]
mod postgres_schema;
#[cfg(feature = "postgres-tests")]
mod postgres_silent;
#[cfg(feature = "postgres-tests")]
mod postgres_speed;
#[cfg(feature = "postgres-tests")]
mod postgres_tls;
#[cfg(feature = "postgres-tests")]
mod postgres_together;
mod processes;
#[expect(
    dead_code,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the scenes of the core, of which these tests need a few"
)]
#[path = "../../../core/tests/all/scene.rs"]
mod scene;
mod schema;
mod upgrade;
mod verify;
mod verify_reads;

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
