//! Keys that sign, and their public parts.

/// The issuer's signing keys.
pub struct KeyRing;
