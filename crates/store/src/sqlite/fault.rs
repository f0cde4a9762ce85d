//! Faults on purpose, for tests: what the next transactions of the writer shall come to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use placet_core::testing::Fault;

/// The faults to come, first one first.
pub(super) type Faults = Arc<Mutex<VecDeque<Fault>>>;

pub(super) fn next(faults: &Faults) -> Option<Fault> {
    faults
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

pub(super) fn push(faults: &Faults, fault: Fault) {
    faults
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push_back(fault);
}
