//! Deterministic parts for tests: a clock that is told the time, randomness from a seed, a store in memory.

mod clock;
mod memory;
mod random;

pub use self::{
    clock::{Alarm, FixedClock},
    memory::{Fault, MemoryStore},
    random::SeededRandom,
};
