//! OAuth 2.0 and OpenID Connect as a face of Placet.
//!
//! 1. [`face()`] lists the routes. A handler parses the form, authenticates the client, calls one verb and prints.
//! 2. Between wire and verb each endpoint is a function from typed input to an [`Outcome`]; HTTP is one way to print it.
//! 3. [`error`] knows every code of the protocol, and which one each refusal from below becomes.
//!
//! | Endpoint | Module |
//! |---|---|
//! | `/authorize` | [`authorize`] |
//! | `/token` | [`token`] |
//! | `/device_authorization` | [`device`] |
//! | `/introspect`, `/revoke` | [`introspect`], [`revoke`] |
//! | `/userinfo` | [`oidc::userinfo`] |
//! | `/jwks.json`, `/.well-known/…` | [`metadata`] |

pub mod authorize;
pub mod device;
pub mod error;
mod face;
pub mod introspect;
pub mod metadata;
pub mod oidc;
mod outcome;
mod resource;
pub mod revoke;
pub mod token;

pub use self::{
    error::{OAuthError, Problem},
    face::{FACE, face},
    outcome::{BearerProblem, Outcome},
};
