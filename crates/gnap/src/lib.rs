//! GNAP and Open Payments as a face of Placet: what is read and what is printed.
//!
//! 1. [`request`] reads what clients and resource servers send, strictly: values come out that cannot be wrong.
//! 2. [`access`] holds what is asked for and what was granted in one normal form, and says which lies within which.
//! 3. [`response`] prints what is answered, by the [`Profile`] the grant began with.
//! 4. [`error`] knows every code of the protocol, and which one each refusal from below becomes.
//! 5. [`open_payments`] is all that the payments profile adds or bends: its rights, its clients, its error texts.
//!
//! Nothing here reads a clock, a store or a network.
//!
//! | Section | Module |
//! |---|---|
//! | RFC 9635 §2 | [`request`] |
//! | RFC 9635 §3 | [`response`] |
//! | RFC 9635 §4.2 | [`hash`], [`finish`] |
//! | RFC 9635 §8 | [`access`] |
//! | RFC 9635 §9 | [`discovery`] |
//! | RFC 9493 | [`subject`] |
//! | RFC 9767 | [`request::resource_server`], [`response::resource_server`] |

pub mod access;
mod answer;
mod asked;
mod canonical;
mod client;
mod continuation;
pub mod discovery;
mod edge;
pub mod error;
mod face;
pub mod finish;
mod grant;
mod interact;
mod json;
mod modification;
pub mod open_payments;
mod payload;
mod profile;
mod prompt;
mod rafiki;
pub mod realm;
pub mod request;
mod resource_server;
pub mod response;
pub mod settings;
pub mod subject;
mod token;
mod uri;
mod user;
mod wallet;

/// The interaction hash (RFC 9635 §4.2.3), which clients make too.
pub mod hash {
    pub use placet_proof::gnap::{HashEncoding, HashMethod, Interaction};
}

pub use self::{
    asked::AskedGrant,
    canonical::canonical_json,
    error::{GnapError, Place, Problem},
    face::{FACE, KEY_PROOFS, face},
    json::MAX_BODY_BYTES,
    profile::Profile,
    rafiki::{introspection_routes, payments_routes},
};
