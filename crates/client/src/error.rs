//! Why a call gave nothing.

use std::time::Duration;

use crate::challenge::Challenge;

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server said no. `code` is one of RFC 9635 §3.6; absent when it gave none.
    #[error("the server answered {status}: {}", code.as_deref().unwrap_or("no code"))]
    Refused {
        /// The status.
        status: u16,
        /// The code.
        code: Option<String>,
        /// Words for a developer; never show them to a person as they are.
        description: Option<String>,
        /// How long to stay away, when the server says so.
        retry_after: Option<Duration>,
        /// What a resource server says of the way to a token ([`crate::Client::request_for`]). Absent: nothing.
        challenge: Option<Box<Challenge>>,
    },
    /// The answer is not what RFC 9635 says; the text names the part.
    #[error("the answer is malformed: {0}")]
    Malformed(&'static str),
    /// What the browser brought does not belong to this request: somebody mixed two of them up, or tried to (RFC 9635 §11.25).
    #[error("the interaction hash does not fit")]
    WrongHash,
    /// The challenge names another resource server than the one that was called, which could have a client ask in a name
    /// that is not its own (RFC 9635 §9.1).
    #[error("the challenge speaks for another resource server")]
    WrongReferrer,
    /// The challenge leads to an authorization server that this client is none of. Whoever trusts that one as well makes a
    /// client of it.
    #[error("the challenge leads to another authorization server")]
    OtherServer,
    /// The request could not be signed.
    #[error(transparent)]
    Proof(#[from] placet_proof::ProofError),
    /// The request could not be sent, or its answer not be read.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The system has no randomness to give.
    #[error("no randomness")]
    Random,
}
