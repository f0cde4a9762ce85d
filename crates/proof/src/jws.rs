//! Signed bytes in the compact form: one way to write them, one strict way to read them.
//!
//! Spec: RFC 7515 §3.1, §4.1, §5.1–5.2, §7.1, RFC 7797 §6, RFC 8725 §3.1

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::ProofError;
use crate::jwk::PublicJwk;
use crate::key::{Algorithm, Ed25519Name, SigningKey};
use crate::unique_json::parse_object;
use crate::verified::Verified;

/// Longest compact serialization read, in bytes.
pub const MAX_JWS_BYTES: usize = 16 * 1024;

/// The members of a JOSE header that decide anything.
///
/// `jwk`, `jku`, `x5u` and `x5c` are not among them: a key from the header proves nothing (RFC 8725 §3.1, RFC 7515 §10.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    algorithm: Option<Algorithm>,
    kid: Option<String>,
    typ: Option<String>,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        const MALFORMED: ProofError = ProofError::Malformed("header");
        let members = parse_object(bytes).ok_or(MALFORMED)?;
        // RFC 7515 §4.1.11: an extension we do not understand must be refused, and we understand none.
        // RFC 7797 §6: `b64` changes what is signed, so it is refused even where `crit` fails to list it.
        if members.contains_key("crit") || members.get("b64").is_some_and(|b64| b64 != true) {
            return Err(ProofError::UnsupportedExtension);
        }
        let algorithm = text(&members, "alg")?.ok_or(MALFORMED)?;
        Ok(Self {
            algorithm: Algorithm::from_name(&algorithm),
            kid: text(&members, "kid")?,
            typ: text(&members, "typ")?.map(|typ| normal_media_type(&typ)),
        })
    }

    /// Returns the algorithm, or `None` if it is one that is never accepted (`none`, `HS256`, …).
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Returns the `kid`, if there is one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns `typ` in lower case and without a leading `application/`, if there is one (RFC 7515 §4.1.9).
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, ProofError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(ProofError::Malformed("header")),
    }
}

fn normal_media_type(typ: &str) -> String {
    let lower = typ.to_ascii_lowercase();
    lower
        .strip_prefix("application/")
        .map_or_else(|| lower.clone(), str::to_owned)
}

/// A parsed compact serialization whose signature nobody has checked.
#[derive(Debug)]
pub struct Jws<'a> {
    header: Header,
    payload: Vec<u8>,
    signing_input: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads `BASE64URL(header).BASE64URL(payload).BASE64URL(signature)`.
    ///
    /// # Errors
    /// [`ProofError::TooLarge`] above [`MAX_JWS_BYTES`]; [`ProofError::Malformed`] unless there are exactly three parts of strict
    /// base64url (no padding, no loose trailing bits) and the header is a JSON object without duplicates;
    /// [`ProofError::UnsupportedExtension`] for `crit` or `b64`.
    pub fn parse(compact: &'a str) -> Result<Self, ProofError> {
        if compact.len() > MAX_JWS_BYTES {
            return Err(ProofError::TooLarge);
        }
        let (signing_input, signature) = compact
            .rsplit_once('.')
            .ok_or(ProofError::Malformed("parts"))?;
        let (header, payload) = signing_input
            .split_once('.')
            .ok_or(ProofError::Malformed("parts"))?;
        // A fourth part would leave a dot in the payload, which is not base64url.
        Ok(Self {
            header: Header::parse(&decode(header, "header")?)?,
            payload: decode(payload, "payload")?,
            signing_input: signing_input.as_bytes(),
            signature: decode(signature, "signature")?,
        })
    }

    /// Returns the header, which is only what the sender says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Checks the signature with a key the caller chose and gives the payload out.
    ///
    /// # Errors
    /// [`ProofError::WrongAlgorithm`] if the header does not name the key's algorithm, [`ProofError::BadSignature`].
    pub fn verify(self, key: &PublicJwk) -> Result<Verified<Vec<u8>>, ProofError> {
        if self.header.algorithm != Some(key.algorithm()) {
            return Err(ProofError::WrongAlgorithm);
        }
        key.verify(self.signing_input, &self.signature)?;
        Ok(Verified::new(self.payload))
    }

    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns all members of the header, for protocols that put claims there.
    pub(crate) fn header_members(&self) -> Option<Map<String, Value>> {
        let header = self.signing_input.split(|byte| *byte == b'.').next()?;
        parse_object(&BASE64URL_NOPAD.decode(header).ok()?)
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

fn decode(part: &str, name: &'static str) -> Result<Vec<u8>, ProofError> {
    BASE64URL_NOPAD
        .decode(part.as_bytes())
        .map_err(|_| ProofError::Malformed(name))
}

/// Signs a payload under a header of any form.
pub(crate) fn sign_compact(
    key: &SigningKey,
    header: &[u8],
    payload: &[u8],
) -> Result<String, ProofError> {
    let mut compact = BASE64URL_NOPAD.encode(header);
    compact.push('.');
    BASE64URL_NOPAD.encode_append(payload, &mut compact);
    let signature = key.sign(compact.as_bytes())?;
    compact.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut compact);
    Ok(compact)
}

/// Writes compact serializations with one key and one `typ`; the encoded header is made once.
///
/// ```
/// use std::sync::Arc;
/// use placet_proof::{Algorithm, Ed25519Name, Jws, JwsSigner, SigningKey};
///
/// let key = Arc::new(SigningKey::generate(Algorithm::EdDsa)?);
/// let signer = JwsSigner::new(Arc::clone(&key), Some("at+jwt"), Ed25519Name::EdDsa);
/// let token = signer.sign(b"{}")?;
/// let payload = Jws::parse(&token)?.verify(key.public_jwk())?;
/// assert_eq!(payload.as_slice(), b"{}");
/// # Ok::<(), placet_proof::ProofError>(())
/// ```
#[derive(Debug, Clone)]
pub struct JwsSigner {
    key: Arc<SigningKey>,
    /// The encoded header and the dot after it.
    prefix: String,
}

impl JwsSigner {
    /// Makes a signer; its header holds `alg`, `kid` and, if given, `typ`.
    pub fn new(key: Arc<SigningKey>, typ: Option<&str>, ed25519: Ed25519Name) -> Self {
        let mut header = json!({ "alg": key.algorithm().name(ed25519), "kid": key.kid() });
        if let (Some(typ), Some(members)) = (typ, header.as_object_mut()) {
            members.insert("typ".to_owned(), Value::from(typ));
        }
        let mut prefix = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        prefix.push('.');
        Self { key, prefix }
    }

    /// Signs `claims` as a JSON object.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] if the claims cannot be printed as JSON, [`ProofError::Crypto`] if the library fails.
    pub fn sign_claims<T: Serialize>(&self, claims: &T) -> Result<String, ProofError> {
        let payload = serde_json::to_vec(claims).map_err(|_| ProofError::Malformed("claims"))?;
        self.sign(&payload)
    }

    /// Signs any payload.
    ///
    /// # Errors
    /// [`ProofError::Crypto`] if the library fails.
    pub fn sign(&self, payload: &[u8]) -> Result<String, ProofError> {
        /// Characters of the base64url form of an RSA-2048 signature and the dot before it, so one allocation suffices.
        const SIGNATURE_CHARS: usize = 343;
        let payload_chars = BASE64URL_NOPAD.encode_len(payload.len());
        let mut compact =
            String::with_capacity(self.prefix.len() + payload_chars + SIGNATURE_CHARS);
        compact.push_str(&self.prefix);
        BASE64URL_NOPAD.encode_append(payload, &mut compact);
        let signature = self.key.sign(compact.as_bytes())?;
        compact.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut compact);
        Ok(compact)
    }

    /// Returns the key this signer uses.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}
