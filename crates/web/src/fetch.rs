//! The way out to other servers.

/// The one outbound client.
pub struct Fetch;
