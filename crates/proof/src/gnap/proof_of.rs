//! The witness that a request was sent by the holder of a key.
//!
//! Spec: RFC 9635 §7.3.1, §11.2

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::BASE64URL_NOPAD;

use crate::gnap::key::{GnapKey, ProofMethod};
use crate::jwk::PublicJwk;
use crate::key::Algorithm;

/// A proof that passed every check. Only this crate can build one.
#[derive(Clone, PartialEq, Eq)]
pub struct ProofOf {
    method: ProofMethod,
    thumbprint: String,
    keyid: Option<String>,
    label: Option<String>,
    created: Option<i64>,
    nonce: Option<String>,
    replay: Option<Replay>,
    content: Option<Vec<u8>>,
}

/// What has to be remembered so that a proof works once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The name to remember: 43 characters, different for different keys.
    pub name: String,
    /// The first second at which it may be forgotten; `None` if the policy checks no time, and nothing may ever be forgotten.
    pub until: Option<i64>,
}

/// What a signature said of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement {
    pub(crate) label: Option<String>,
    pub(crate) created: i64,
    pub(crate) nonce: Option<String>,
    pub(crate) until: Option<i64>,
    pub(crate) content: Option<Vec<u8>>,
}

impl ProofOf {
    pub(crate) fn signed(key: &GnapKey, signature: &[u8], statement: Statement) -> Self {
        let name = replay_name(key, statement.nonce.as_deref(), signature);
        Self {
            method: key.proof(),
            thumbprint: key.thumbprint(),
            keyid: key.kid().map(str::to_owned),
            label: statement.label,
            created: Some(statement.created),
            nonce: statement.nonce,
            replay: Some(Replay {
                name,
                until: statement.until,
            }),
            content: statement.content,
        }
    }

    /// A proof by the connection itself, which nobody can replay.
    pub(crate) fn connected(key: &GnapKey) -> Self {
        Self {
            method: key.proof(),
            thumbprint: key.thumbprint(),
            keyid: None,
            label: None,
            created: None,
            nonce: None,
            replay: None,
            content: None,
        }
    }

    /// Returns the method by which the key was proven.
    pub fn method(&self) -> ProofMethod {
        self.method
    }

    /// Returns what the key is known by; see [`GnapKey::thumbprint`].
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Returns the `kid` of the key; `None` for mutual TLS.
    pub fn keyid(&self) -> Option<&str> {
        self.keyid.as_deref()
    }

    /// Returns the label of the signature; `None` except for `httpsig`.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Returns when the proof was made, in seconds since 1970; `None` for mutual TLS.
    pub fn created(&self) -> Option<i64> {
        self.created
    }

    /// Returns the nonce of the signature, if it had one. [`ProofOf::replay`] already includes it.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Returns what to remember so that the proof works once; `None` for mutual TLS. The check itself is the caller's, in one
    /// statement of its store.
    pub fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// Returns the content that was inside a `jws`; `None` where the content is the body of the request as it came.
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }
}

impl fmt::Debug for ProofOf {
    /// Does not show the content.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProofOf")
            .field("method", &self.method)
            .field("thumbprint", &self.thumbprint)
            .field("created", &self.created)
            .field("replay", &self.replay)
            .finish_non_exhaustive()
    }
}

/// Names a proof by its nonce or else by its signature, together with the key: another client may use the same nonce.
fn replay_name(key: &GnapKey, nonce: Option<&str>, signature: &[u8]) -> String {
    let algorithm = key.jwk().map(PublicJwk::algorithm);
    let (kind, value): (&[u8], &[u8]) = match (nonce, algorithm) {
        (Some(nonce), _) => (b"nonce\0", nonce.as_bytes()),
        // Whoever sees an ECDSA signature (r, s) can make another one, (r, n - s), of the same bytes without the key. The first
        // half is the same in both.
        (None, Some(Algorithm::Es256)) => (
            b"signature\0",
            signature.first_chunk::<32>().map_or(signature, |r| r),
        ),
        (None, _) => (b"signature\0", signature),
    };
    let mut context = Context::new(&SHA256);
    context.update(key.thumbprint().as_bytes());
    context.update(kind);
    context.update(value);
    BASE64URL_NOPAD.encode(context.finish().as_ref())
}
