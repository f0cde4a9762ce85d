//! Placet.

pub mod page;
