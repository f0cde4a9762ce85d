//! A GNAP client of a running server.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use placet_proof::{
    Algorithm, Ed25519Name, SigningKey,
    gnap::{GnapRequest, GnapSigner, ProofMethod, SignedRequest, Stamp},
};
use serde_json::{Value, json};

use crate::server::{Reply, ask};

/// What switches the protocol on.
pub(super) const GNAP: &str = "[gnap]\nenabled = true\n";

/// A client that is known by its key.
pub(super) struct Agent {
    signer: GnapSigner,
    pub(super) key: Value,
}

impl Agent {
    pub(super) fn new() -> Self {
        let key = Arc::new(SigningKey::generate(Algorithm::EdDsa).unwrap());
        let jwk = key.public_jwk().to_json(Ed25519Name::EdDsa);
        let kid = key.kid().to_owned();
        Self {
            signer: GnapSigner::new(key, &kid, ProofMethod::HTTPSIG),
            key: json!({ "proof": "httpsig", "jwk": jwk }),
        }
    }

    pub(super) fn sign(
        &self,
        uri: &str,
        token: Option<&str>,
        body: &str,
        nonce: &str,
    ) -> SignedRequest {
        let authorization = token.map(|token| format!("GNAP {token}"));
        let mut headers = Vec::new();
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        if let Some(authorization) = &authorization {
            headers.push(("authorization", authorization));
        }
        let request = GnapRequest {
            method: "POST",
            target_uri: uri,
            headers: &headers,
            body: body.as_bytes(),
            token,
            certificate: None,
        };
        let stamp = Stamp {
            created: now(),
            nonce: Some(nonce),
        };
        self.signer.sign(&request, &stamp).unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client of a running server lives in real time"
)]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

/// Sends what was signed for the public address to one of the nodes.
pub(super) fn send(
    (node, host): (&str, &str),
    uri: &str,
    (signed, body): (&SignedRequest, &str),
) -> Reply {
    let target = uri.split_once(host).unwrap().1;
    let mut headers = vec![("Host", host)];
    let added = |name: &str| signed.headers.iter().any(|(other, _)| *other == name);
    if !body.is_empty() && !added("content-type") {
        headers.push(("content-type", "application/json"));
    }
    let signed_headers = signed.headers.iter();
    headers.extend(
        signed_headers
            .filter(|(name, _)| *name != "content-length")
            .map(|(name, value)| (*name, value.as_str())),
    );
    ask(node, "POST", target, &headers, body)
}
