//! A client that proves itself by a key: every request is signed, and nothing else says who sent it.
//!
//! 1. The face knows which key the request must be signed with: the one it carries by value, or the one of the client it
//!    continues for.
//! 2. [`prove`] checks the proof over the bytes as they came. The address that counts is the configured one, never `Host`.
//! 3. [`admit`] makes the witness, with the single-use part of the proof for the verb to spend.
//!
//! Spec: RFC 9635 §7.3, §11.2; threats G1, G2 and G15

use std::sync::Arc;

use placet_core::{
    client::{AuthenticatedClient, Client, OnceProof},
    secret::SecretHash,
    time::Timestamp,
};
use placet_proof::{
    ProofError,
    gnap::{self, GnapKey, GnapRequest, Policy, ProofOf, RotationProof},
};

use super::{ClientAuthError, Why, log, too_many};
use crate::{context::Call, site::Site};

/// What a request must prove.
#[derive(Debug, Clone, Copy)]
pub struct KeyProof<'a> {
    /// The key.
    pub key: &'a GnapKey,
    /// The origin that clients are told: scheme, host and port, without a slash at the end.
    pub origin: &'a str,
    /// The access token that must be covered. Absent when none is due.
    pub token: Option<&'a str>,
    /// Which dialect.
    pub policy: &'a Policy,
}

/// Checks that the holder of the key sent this request.
///
/// # Errors
/// [`ClientAuthError::Refused`] with what failed, for the log; [`ClientAuthError::TooMany`] when this source failed too
/// often.
pub fn prove(site: &Site, call: &Call, ask: &KeyProof<'_>) -> Result<ProofOf, ClientAuthError> {
    judged(site, call, ask, |request, now| {
        gnap::verify_request(ask.key, request, now, ask.policy)
    })
}

/// Checks that the holder of the key, and of the new key too, sent this request (RFC 9635 §6.1.1).
///
/// # Errors
/// As [`prove`].
pub fn prove_rotation(
    site: &Site,
    call: &Call,
    ask: &KeyProof<'_>,
    new: &GnapKey,
) -> Result<RotationProof, ClientAuthError> {
    judged(site, call, ask, |request, now| {
        gnap::verify_rotation(ask.key, new, request, now, ask.policy)
    })
}

fn judged<T>(
    site: &Site,
    call: &Call,
    ask: &KeyProof<'_>,
    check: impl FnOnce(&GnapRequest<'_>, i64) -> Result<T, ProofError>,
) -> Result<T, ClientAuthError> {
    let (source, now) = (call.context.source(), call.context.now);
    let name = ask.key.thumbprint();
    let limiter = &site.limiter;
    limiter
        .may_authenticate_client(&name, &source, now)
        .map_err(too_many)?;
    let headers: Vec<(&str, &str)> = call
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let asked_for = call.uri.path_and_query().map_or("/", |path| path.as_str());
    let request = GnapRequest {
        method: call.method.as_str(),
        target_uri: &format!("{}{asked_for}", ask.origin),
        headers: &headers,
        body: &call.body,
        token: ask.token,
        certificate: call.context.certificate,
    };
    match check(&request, now.as_secs()) {
        Ok(proven) => {
            limiter
                .client_accepted(&name, &source, now)
                .map_err(too_many)?;
            Ok(proven)
        }
        Err(error) => {
            let why = Why::WrongAssertion(error);
            log(&why, &name, call);
            match limiter.client_refused(&name, &source, now) {
                Ok(()) => Err(ClientAuthError::Refused {
                    why,
                    used_header: false,
                }),
                Err(wait) => Err(too_many(wait)),
            }
        }
    }
}

/// What of a proof is remembered, so that it works once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// Every proof.
    Every,
    /// Only one that carries a nonce: without one, two honest requests within a second are the same bytes.
    WithNonce,
}

/// The client whose key was proven, with the part of the proof that its verb must spend.
pub fn admit(
    call: &Call,
    client: Arc<Client>,
    proof: &ProofOf,
    remember: Remember,
) -> AuthenticatedClient {
    let once = proof
        .replay()
        .filter(|_| remember == Remember::Every || proof.nonce().is_some())
        .map(|replay| OnceProof {
            value: SecretHash::of(&format!("key proof\n{}", replay.name)),
            keep_until: replay
                .until
                .map_or(call.context.now, Timestamp::from_secs)
                .max(call.context.now),
            peer: Some(call.context.peer.to_string()),
        });
    #[expect(
        clippy::disallowed_methods,
        reason = "only a request that the client's key signed has a `ProofOf`"
    )]
    AuthenticatedClient::vouch(client, once)
}
