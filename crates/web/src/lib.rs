//! The HTTP edge all faces share, and the person's side.

mod ask;
pub mod client_auth;
pub mod codes;
pub mod context;
pub mod face;
pub mod fetch;
pub mod hint;
pub mod hold;
pub mod keys;
pub mod limit;
pub mod outbox;
pub mod page;
pub mod params;
pub mod person;
pub mod prefer;
pub mod reply;
pub mod site;
