//! Forms and queries.
