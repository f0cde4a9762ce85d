//! The name of a key that follows from the key itself.
//!
//! Spec: RFC 7638 §3, RFC 8037 §2

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;

use crate::key_material::KeyMaterial;

/// Returns the base64url SHA-256 thumbprint of a public key: 43 characters.
pub(crate) fn thumbprint(material: &KeyMaterial) -> String {
    // RFC 7638 §3.2–3.3: only the required members, in lexicographic order, without whitespace.
    let canonical = match material {
        KeyMaterial::Ed25519 { x } => {
            let x = BASE64URL_NOPAD.encode(x);
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
        }
        KeyMaterial::P256 { x, y } => {
            let (x, y) = (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y));
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        KeyMaterial::Rsa { n, e } => {
            let (n, e) = (BASE64URL_NOPAD.encode(n), BASE64URL_NOPAD.encode(e));
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
    };
    BASE64URL_NOPAD.encode(digest(&SHA256, canonical.as_bytes()).as_ref())
}
