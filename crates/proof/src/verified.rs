//! `Verified<T>`: the witness that a value passed every check of its profile.

use std::ops::Deref;

/// A value that passed every check of its profile.
///
/// Only this crate can build one, so a function that takes `Verified<Claims>` cannot be given claims that nobody checked.
///
/// ```compile_fail,E0624
/// let forged = placet_proof::Verified::new("anything");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Gives the value up, and with it the proof that it was checked.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
