//! What OpenID Connect adds: the ID token, the claims, and the endpoint that tells them.
//!
//! Spec: OpenID Connect Core §2, §5

pub mod claims;
pub(crate) mod id_token;
pub mod userinfo;
