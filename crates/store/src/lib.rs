//! Where Placet keeps its records: SQLite, PostgreSQL, the conformance suite both must pass, and whole stores on their
//! way into archives and to each other.

pub mod archive;
#[cfg(feature = "conformance")]
pub mod conformance;
mod insist;
mod location;
mod open;
pub mod postgres;
pub mod sqlite;
mod waiters;

pub use self::{
    location::{Location, LocationError},
    open::{OpenError, OpenStore, Place, SchemaChange, migrate},
    postgres::{PostgresStore, PostgresUrl},
    sqlite::SqliteStore,
};
