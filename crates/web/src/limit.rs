//! Who may try how often.

/// All counters of tries.
pub struct Limiter;
