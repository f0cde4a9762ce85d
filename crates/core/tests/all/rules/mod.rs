//! The rules alone: values in, a value or a refusal out.

mod lifetime;
mod standing;
mod transitions;
