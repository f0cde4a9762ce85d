//! The client library, tested as its users see it.

mod challenge;
mod gnap;
mod lost;
mod properties;
mod rs_first;
mod scripted;
