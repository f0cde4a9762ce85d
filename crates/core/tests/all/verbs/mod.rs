//! The verbs, one file each: what they do, what they refuse, and what a fault leaves behind.

mod addressed;
mod answer;
mod collect;
mod faults;
mod open;
mod outbox;
mod refresh;
mod registry;
mod retention;
mod revoke;
mod show;
mod sign_in;
mod tenants;
mod verify;
