//! The core of Placet: values, rules, verbs and the storage contract. No HTTP, no SQL, no clock.
//!
//! ```text
//!   client ── open ──► PendingRequest ◄── show, answer, clarify ── person
//!                           │
//!   client ◄── collect ─────┘        (or cancel)
//!
//!   every verb:  load ──► decide (a pure rule) ──► one Store::commit ──► answer
//! ```
//!
//! `pending/state.rs` draws the life of a request; `engine/` has one verb per file.

pub mod callback;
pub mod client;
pub mod engine;
pub mod event;
pub mod grant;
pub mod id;
pub mod issuer;
pub mod key;
pub mod pending;
pub mod person;
pub mod random;
pub mod receipt;
pub mod refusal;
pub mod right;
pub mod secret;
pub mod store;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod token;
pub mod vault;

pub use self::{id::Id, refusal::Refusal};
