//! The numbers of a public key, checked so that only keys worth trusting are left.
//!
//! Spec: RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2, RFC 8725 §3.4

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::error::ProofError;
use crate::key::Algorithm;

/// Bits of an RSA modulus (RFC 7518 §3.3 sets the lower bound, the cost of verifying the upper).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The DER tag of a sequence.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Longest RSA exponent in bytes: 65537 needs three, and a long one makes every check expensive.
const MAX_RSA_EXPONENT_BYTES: usize = 4;

/// The numbers of a public key, as the JWK members hold them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum KeyMaterial {
    /// `kty` OKP, `crv` Ed25519.
    Ed25519 { x: [u8; 32] },
    /// `kty` EC, `crv` P-256.
    P256 { x: [u8; 32], y: [u8; 32] },
    /// `kty` RSA; both numbers big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl KeyMaterial {
    pub(crate) fn ed25519(x: &[u8]) -> Result<Self, ProofError> {
        let x = x.try_into().map_err(|_| ProofError::BadKey("x"))?;
        if has_low_order(&x) {
            return Err(ProofError::BadKey("x"));
        }
        Ok(Self::Ed25519 { x })
    }

    /// Reads the uncompressed point of SEC 1 §2.3.3: `04 || x || y`.
    pub(crate) fn p256_uncompressed(point: &[u8]) -> Result<Self, ProofError> {
        let coordinates = point.strip_prefix(&[4]).ok_or(ProofError::BadKey("x"))?;
        let (x, y) = coordinates
            .split_at_checked(32)
            .ok_or(ProofError::BadKey("x"))?;
        let x = x.try_into().map_err(|_| ProofError::BadKey("x"))?;
        let y = y.try_into().map_err(|_| ProofError::BadKey("y"))?;
        Ok(Self::P256 { x, y })
    }

    /// Reads the `RSAPublicKey` of RFC 8017 §A.1.1, the only form in which the library prints a public RSA key.
    pub(crate) fn rsa_from_der(der: &[u8]) -> Result<Self, ProofError> {
        const INTEGER: u8 = 0x02;
        let parts = || {
            let (body, rest) = der_element(SEQUENCE, der)?;
            let (n, tail) = der_element(INTEGER, body)?;
            let (e, end) = der_element(INTEGER, tail)?;
            (rest.is_empty() && end.is_empty()).then_some((n, e))
        };
        let (n, e) = parts().ok_or(ProofError::BadKey("der"))?;
        // A DER integer starts with a zero byte where its first bit would otherwise read as a sign.
        Self::rsa(
            n.strip_prefix(&[0]).unwrap_or(n).to_vec(),
            e.strip_prefix(&[0]).unwrap_or(e).to_vec(),
        )
    }

    fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Self, ProofError> {
        // RFC 7518 §6.3.1.1, §2: the minimum number of octets, so one key has one thumbprint.
        let first = match n.first() {
            Some(&first) if first != 0 => first,
            _ => return Err(ProofError::BadKey("n")),
        };
        let bits = n.len() * 8 - first.leading_zeros() as usize;
        if !RSA_BITS.contains(&bits) || is_even(&n) {
            return Err(ProofError::BadKey("n"));
        }
        // With an exponent of 1 every signature is its own message; an even one belongs to no key.
        let impossible = matches!(e.as_slice(), [] | [0, ..] | [1]) || is_even(&e);
        if impossible || e.len() > MAX_RSA_EXPONENT_BYTES {
            return Err(ProofError::BadKey("e"));
        }
        Ok(Self::Rsa { n, e })
    }

    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, ProofError> {
        let crv = || text(members, "crv");
        match text(members, "kty")? {
            Some("OKP") if crv()? == Some("Ed25519") => Self::ed25519(&bytes(members, "x")?),
            Some("EC") if crv()? == Some("P-256") => Ok(Self::P256 {
                x: fixed(members, "x")?,
                y: fixed(members, "y")?,
            }),
            Some("RSA") => Self::rsa(bytes(members, "n")?, bytes(members, "e")?),
            Some("oct") => Err(ProofError::PrivateKeyMaterial),
            Some(_) => Err(ProofError::UnsupportedKey),
            None => Err(ProofError::BadKey("kty")),
        }
    }

    /// The algorithm of a key that names none.
    pub(crate) fn only_algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Ed25519 { .. } => Some(Algorithm::EdDsa),
            Self::P256 { .. } => Some(Algorithm::Es256),
            Self::Rsa { .. } => None,
        }
    }

    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match self.only_algorithm() {
            Some(only) => only == algorithm,
            None => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
        }
    }

    pub(crate) fn parsed(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, ProofError> {
        let parsed = match self {
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
            Self::P256 { x, y } => {
                // The library checks that the point is on the curve.
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Self::Rsa { n, e } => {
                let parameters: &'static RsaParameters = if algorithm == Algorithm::Ps256 {
                    &RSA_PSS_2048_8192_SHA256
                } else {
                    &RSA_PKCS1_2048_8192_SHA256
                };
                PublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
        };
        parsed.map_err(|_| ProofError::BadKey("point"))
    }
}

/// Reads a member that is a string or absent.
pub(crate) fn text<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, ProofError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(ProofError::BadKey(name)),
    }
}

fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, ProofError> {
    let value = text(members, name)?.ok_or(ProofError::BadKey(name))?;
    BASE64URL_NOPAD
        .decode(value.as_bytes())
        .map_err(|_| ProofError::BadKey(name))
}

/// RFC 7518 §6.2.1.2, RFC 8037 §2: coordinates have the full length of the field, leading zeros included.
fn fixed(members: &Map<String, Value>, name: &'static str) -> Result<[u8; 32], ProofError> {
    let value = bytes(members, name)?;
    value.try_into().map_err(|_| ProofError::BadKey(name))
}

/// Says whether an Ed25519 key is one of the points of low order, for which one signature fits many messages or all.
///
/// RFC 8032 §5.1.7 lets a verifier accept them, and the library does. RFC 8725 §3.4 asks for keys to be checked.
fn has_low_order(x: &[u8; 32]) -> bool {
    /// The two y coordinates of the points of order 8, little-endian.
    const ORDER_8: [[u8; 32]; 2] = [
        *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\
           \xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
        *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\
           \x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
    ];
    let mut y = *x;
    let [first, middle @ .., last] = &mut y;
    // The top bit is the sign of the other coordinate, and both signs have the same order.
    *last &= 0x7f;
    // y = 0, 1 and, with p = 2^255 - 19, y = p - 1, p and p + 1.
    let zero_or_one = *first <= 1 && *last == 0 && middle.iter().all(|byte| *byte == 0);
    let around_p =
        (0xec..=0xee).contains(first) && *last == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    zero_or_one || around_p || ORDER_8.contains(&y)
}

fn is_even(big_endian: &[u8]) -> bool {
    big_endian.last().is_none_or(|byte| byte % 2 == 0)
}

/// Splits one DER element of type `tag` off the front of `input`: (content, rest).
pub(crate) fn der_element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = input.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    if length < 0x80 {
        return rest.split_at_checked(usize::from(length));
    }
    let (length_bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
    let length = length_bytes.iter().try_fold(0_usize, |sum, byte| {
        Some(sum.checked_mul(256)? + usize::from(*byte))
    })?;
    rest.split_at_checked(length)
}
