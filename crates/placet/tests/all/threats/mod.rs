//! The attacks of `docs/threats.md`, played from outside against a running server: one test each, named by its id.

mod authorize;
mod backup;
mod bindings;
mod browser;
#[cfg(feature = "postgres-tests")]
mod cluster;
mod device;
mod gnap;
mod gnap_agent;
#[cfg(feature = "postgres-tests")]
mod gnap_nodes;
mod guesses;
#[path = "../../../src/demo/html.rs"]
mod html;
#[cfg(feature = "postgres-tests")]
pub(crate) mod nodes;
mod page;
mod pending;
mod person;
mod secrets;
mod stage;
mod store;
mod tokens;
#[cfg(feature = "postgres-tests")]
mod wallet;
