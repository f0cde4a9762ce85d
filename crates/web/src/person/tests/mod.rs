//! The person's side as browsers see it: handlers driven with whole calls, in memory, by a clock in hand.

mod asks;
mod device;
mod edge;
mod own;
mod redirect;
mod sign_in;
mod waiting;
mod world;
