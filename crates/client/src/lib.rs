//! GNAP for those who ask and for those who serve: a client that requests, continues and manages, and a resource server that
//! asks whether a token holds.
//!
//! 1. [`Client`] signs every request with its key and says how to reach the person.
//! 2. [`Pending`] is a grant that waits: send the person there, check what comes back, continue.
//! 3. [`Granted`] holds tokens; each can be presented, rotated and revoked.
//! 4. [`ResourceServer`] sends a caller without a token to the right server, and asks that server about tokens.
//!
//! Nothing is kept between calls; whoever uses this stores what has to survive.
//!
//! Spec: RFC 9635 §2–9, RFC 9767 §3

mod call;
pub mod challenge;
mod client;
mod error;
mod grant;
mod resource_server;
mod token;

pub use self::{
    client::{Client, Finish, Start},
    error::Error,
    grant::{Answer, Granted, InteractRef, Pending},
    resource_server::{Introspected, ResourceServer},
    token::Token,
};
