//! GNAP requests made by hand or by a signer, to be changed one piece at a time.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use placet_proof::gnap::{
    CertificateDigest, GnapKey, GnapRequest, GnapSigner, Policy, ProofMethod, ProofOf,
    SignedRequest, Stamp, verify_request,
};
use placet_proof::httpsig::{RequestParts, read_signatures};
use placet_proof::{Algorithm, Ed25519Name, ProofError, SigningKey};
use serde_json::json;

pub(crate) const NOW: i64 = 1_767_225_600;
pub(crate) const GRANT: &str = "https://as.placet.example/gnap";
pub(crate) const TOKEN: &str = "80UPRY5NM33OMUKMKSKU";
/// Test 1 and test 2 of RFC 8032 §7.1.
const SEEDS: [&str; 2] = [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
];

/// The first or second key of the examples, known as `k1` and `k2`.
pub(crate) fn ed25519(number: usize) -> Arc<SigningKey> {
    let pkcs8 = format!("302e020100300506032b657004220420{}", SEEDS[number - 1]);
    let pkcs8 = HEXLOWER.decode(pkcs8.as_bytes()).unwrap();
    Arc::new(SigningKey::from_pkcs8(Algorithm::EdDsa, &pkcs8).unwrap())
}

/// The public half of a key under a `kid`.
pub(crate) fn bound(key: &SigningKey, kid: &str, proof: ProofMethod) -> GnapKey {
    let mut jwk = key.public_jwk().to_json(Ed25519Name::EdDsa);
    jwk["kid"] = json!(kid);
    GnapKey::from_jwk(&jwk, proof).unwrap()
}

pub(crate) fn k1(proof: ProofMethod) -> GnapKey {
    bound(&ed25519(1), "k1", proof)
}

pub(crate) fn k2(proof: ProofMethod) -> GnapKey {
    bound(&ed25519(2), "k2", proof)
}

pub(crate) fn signer(number: usize, proof: ProofMethod) -> GnapSigner {
    GnapSigner::new(ed25519(number), &format!("k{number}"), proof)
}

pub(crate) fn stamp(created: i64) -> Stamp<'static> {
    Stamp {
        created,
        nonce: None,
    }
}

/// A request that can be changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) method: &'static str,
    pub(crate) target_uri: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) token: Option<&'static str>,
    pub(crate) certificate: Option<CertificateDigest>,
}

impl Message {
    pub(crate) fn post(target_uri: &str, body: &str) -> Self {
        Self {
            method: "POST",
            target_uri: target_uri.to_owned(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            token: None,
            certificate: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn with_token(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut all = self.headers.iter();
        &all.find(|(other, _)| other == name).unwrap().1
    }

    /// Gives the request out as the crate reads it.
    pub(crate) fn read<T>(&self, reader: impl FnOnce(&GnapRequest<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        reader(&GnapRequest {
            method: self.method,
            target_uri: &self.target_uri,
            headers: &headers,
            body: &self.body,
            token: self.token,
            certificate: self.certificate,
        })
    }

    fn parts<T>(&self, reader: impl FnOnce(&RequestParts<'_>) -> T) -> T {
        self.read(|request| {
            reader(&RequestParts {
                method: request.method,
                target_uri: request.target_uri,
                headers: request.headers,
            })
        })
    }

    pub(crate) fn apply(mut self, signed: SignedRequest) -> Self {
        for (name, value) in signed.headers {
            self = self.set(name, &value);
        }
        self.body = signed.body;
        self
    }

    pub(crate) fn signed(self, signer: &GnapSigner, stamp: &Stamp<'_>) -> Self {
        let added = self.read(|request| signer.sign(request, stamp)).unwrap();
        self.apply(added)
    }

    pub(crate) fn rotated(
        self,
        old: &GnapSigner,
        new: &GnapSigner,
        stamps: [&Stamp<'_>; 2],
    ) -> Self {
        let signed = self
            .read(|request| old.sign_rotation(new, request, stamps))
            .unwrap();
        self.apply(signed)
    }

    /// The signature base of the only signature.
    pub(crate) fn base(&self) -> String {
        self.parts(|parts| read_signatures(parts).unwrap()[0].base(parts))
            .unwrap()
    }

    /// Adds a signature under exactly this text, which may break any rule.
    pub(crate) fn hand_signed(self, key: &SigningKey, label: &str, text: &str) -> Self {
        let input = format!("{label}={text}");
        let draft = self
            .clone()
            .with("signature-input", &input)
            .with("signature", &format!("{label}=:AAAA:"));
        let base = draft
            .parts(|parts| {
                let all = read_signatures(parts).unwrap();
                let ours = all.iter().find(|one| one.label() == label).unwrap();
                ours.base(parts)
            })
            .unwrap();
        let signature = BASE64.encode(&key.sign(base.as_bytes()).unwrap());
        self.with("signature-input", &input)
            .with("signature", &format!("{label}=:{signature}:"))
    }

    pub(crate) fn verify_at(&self, key: &GnapKey, now: i64) -> Result<ProofOf, ProofError> {
        self.verify_by(key, now, &Policy::rfc9635())
    }

    pub(crate) fn verify_by(
        &self,
        key: &GnapKey,
        now: i64,
        policy: &Policy,
    ) -> Result<ProofOf, ProofError> {
        self.read(|request| verify_request(key, request, now, policy))
    }
}
