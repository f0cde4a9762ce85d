//! Signatures over chosen parts of an HTTP request.
//!
//! 1. [`read_signatures`] pairs the labels of `Signature-Input` and `Signature`: the candidates of the message.
//! 2. A profile picks the candidate it wants by [`Candidate::params`] and [`Candidate::covers`]; this module does not decide what
//!    has to be covered.
//! 3. [`Candidate::verify`] rebuilds the signature base from the request and checks it with a key that the profile chose. The
//!    algorithm is that of the key, never one from the message.
//! 4. [`sign()`] is the other direction.
//!
//! Signatures of responses, trailers and symmetric keys are not supported: a component with `req` or `tr`, and `@status`, cannot be
//! derived here.
//!
//! ```
//! use placet_proof::httpsig::{Component, Parameter, Plan, RequestParts, read_signatures, sign};
//! use placet_proof::{Algorithm, SigningKey};
//!
//! let key = SigningKey::generate(Algorithm::EdDsa)?;
//! let request = RequestParts { method: "GET", target_uri: "https://as.example/x?y=1", headers: &[] };
//! let plan = Plan {
//!     label: "sig1",
//!     components: &[Component::new("@method")?, Component::new("@target-uri")?],
//!     params: &[Parameter::Created(1_800_000_000), Parameter::KeyId("k1")],
//! };
//! let signed = sign(&key, &request, &plan)?;
//!
//! let headers = [("signature-input", signed.input.as_str()), ("signature", signed.signature.as_str())];
//! let received = RequestParts { headers: &headers, ..request };
//! let candidates = read_signatures(&received)?;
//! assert_eq!(candidates[0].params().keyid(), Some("k1"));
//! assert!(candidates[0].covers("@method"));
//! candidates[0].verify(&received, key.public_jwk())?;
//! # Ok::<(), placet_proof::ProofError>(())
//! ```
//!
//! Spec: RFC 9421 §2–4

mod base;
mod component;
mod field;
mod params;
mod request;
mod sign;
mod target;
mod verify;

pub use component::Component;
pub use params::{Parameter, SignatureParams};
pub use request::RequestParts;
pub use sign::{Plan, SignatureFields, sign};
pub use verify::{Candidate, MAX_SIGNATURES, read_signatures};
