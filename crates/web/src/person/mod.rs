//! The person's side.

/// Password hashing, bounded.
pub struct Passwords;
