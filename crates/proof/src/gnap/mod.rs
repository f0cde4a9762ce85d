//! Who sent this request: the four ways in which a GNAP client proves its key.
//!
//! | method | what is signed | where |
//! |---|---|---|
//! | `httpsig` | method, URI, digest of the content, token | `Signature`, `Signature-Input` |
//! | `jwsd` | the same, in the header and payload of a signed object | `Detached-JWS` |
//! | `jws` | the same, with the content as payload | the content itself |
//! | `mtls` | the connection | the certificate of the client |
//!
//! 1. The caller finds the key: by the grant or token for which it is bound, or in [`claimed_content`] of a first request.
//! 2. [`verify_request`] checks the proof by the rules of a [`Policy`] and returns a [`ProofOf`], which nothing outside can build.
//! 3. The caller spends [`ProofOf::replay`] in its store, and only then believes the request.
//!
//! [`verify_rotation`] does the same for a request by which one key hands over to another, and [`GnapSigner`] is the other side.
//!
//! Spec: RFC 9635 §7, Open Payments 1.3

mod certificate;
mod http_signature;
mod interaction;
mod key;
mod open_payments;
mod policy;
mod proof_of;
mod request;
mod sign;
mod signed_object;
mod verify;

pub use certificate::CertificateDigest;
pub use interaction::{HashEncoding, HashMethod, Interaction};
pub use key::{GnapKey, ProofMethod};
pub use policy::{CREATED_WINDOW_S, OPEN_PAYMENTS_WINDOW_S, Policy};
pub use proof_of::{ProofOf, Replay};
pub use request::GnapRequest;
pub use sign::{GnapSigner, SignedRequest, Stamp};
pub use verify::{RotationProof, claimed_content, claimed_keyid, verify_request, verify_rotation};
