//! Who sent these bytes: keys, JSON Web Keys, signed tokens, PKCE, and signed requests.
//!
//! A token travels one road here, and every step can refuse it:
//!
//! 1. [`UnverifiedJwt::parse`] reads three strict base64url parts and a header without duplicates.
//! 2. [`UnverifiedJwt::verify`] compares `typ` with the [`Kind`] the caller expects, before anything else.
//! 3. The key comes from the [`Jwks`] the caller registered, by `kid` and `alg`; never from the header.
//! 4. The signature is checked, then each claim of the [`Profile`], at the time the caller names.
//! 5. What is left is a [`Verified`] value, which nothing outside this crate can build.
//!
//! A signed request travels another: [`httpsig`] reads and checks signatures over any parts of a request, [`verify_content_digest`]
//! ties the content to them, and [`gnap`] says which parts a GNAP client has to sign and returns the witness that it did.
//!
//! There is no clock, no network and no storage here: time is a parameter, keys are values.
//!
//! Spec: RFC 7515, RFC 7517, RFC 7518, RFC 7519, RFC 7636, RFC 7638, RFC 8037, RFC 8725, RFC 9068, RFC 9421,
//! RFC 9530, RFC 9635, RFC 9864

mod digest;
mod error;
pub mod gnap;
mod half_hash;
pub mod httpsig;
mod jwk;
mod jwks;
mod jws;
mod jwt;
mod key;
mod key_material;
mod pkce;
mod profile;
mod structured;
mod thumbprint;
mod unique_json;
mod verified;

pub use digest::{DigestAlgorithm, content_digest, verify_content_digest};
pub use error::ProofError;
pub use half_hash::half_hash;
pub use jwk::PublicJwk;
pub use jwks::{Jwks, MAX_KEYS};
pub use jws::{Header, Jws, JwsSigner, MAX_JWS_BYTES};
pub use jwt::{Claims, UnverifiedJwt};
pub use key::{Algorithm, Ed25519Name, SigningKey};
pub use pkce::{CodeChallenge, CodeVerifier};
pub use profile::{
    Audience, CLIENT_ASSERTION_LIFETIME_S, Expiry, Kind, LOGOUT_TOKEN_LIFETIME_S, MAX_AHEAD_S,
    Profile, TOKEN_ENDPOINT_ASSERTION_LIFETIME_S,
};
pub use unique_json::unique_json;
pub use verified::Verified;
