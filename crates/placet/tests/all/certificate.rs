//! A certificate of its own issuer for 127.0.0.1, written byte by byte: tests need one, the server makes none.
//!
//! Spec: RFC 5280 §4.1, §4.2.1.6, RFC 5480 §2, RFC 5758 §3.2

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const TEXT: u8 = 0x0c;
const TIME: u8 = 0x18;
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// A certificate and its key.
pub(crate) struct Certificate {
    der: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    pub(crate) fn new(name: &str) -> Self {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = document.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key).unwrap();
        let algorithm = der(SEQUENCE, &[&der(OBJECT, &[ECDSA_WITH_SHA256])]);
        let attribute = [der(OBJECT, &[COMMON_NAME]), der(TEXT, &[name.as_bytes()])];
        let attribute = der(SEQUENCE, &[&attribute[0], &attribute[1]]);
        let name = der(SEQUENCE, &[&der(SET, &[&attribute])]);
        let begin = der(TIME, &[b"20200101000000Z"]);
        let end = der(TIME, &[b"20991231235959Z"]);
        let of_key = [der(OBJECT, &[EC_PUBLIC_KEY]), der(OBJECT, &[P256])];
        let public = der(BIT_STRING, &[&[0], pair.public_key().as_ref()]);
        let public = der(
            SEQUENCE,
            &[&der(SEQUENCE, &[&of_key[0], &of_key[1]]), &public],
        );
        let address = der(0x87, &[&[127, 0, 0, 1]]);
        let names = der(OCTET_STRING, &[&der(SEQUENCE, &[&address])]);
        let extension = der(SEQUENCE, &[&der(OBJECT, &[ALTERNATIVE_NAMES]), &names]);
        let body = der(
            SEQUENCE,
            &[
                &der(0xa0, &[&der(INTEGER, &[&[2]])]),
                &der(INTEGER, &[&[1]]),
                &algorithm,
                &name,
                &der(SEQUENCE, &[&begin, &end]),
                &name,
                &public,
                &der(0xa3, &[&der(SEQUENCE, &[&extension])]),
            ],
        );
        let signature = pair.sign(&random, &body).unwrap();
        let signature = der(BIT_STRING, &[&[0], signature.as_ref()]);
        Self {
            der: der(SEQUENCE, &[&body, &algorithm, &signature]),
            key,
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.der.clone()
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    pub(crate) fn key_der(&self) -> Vec<u8> {
        self.key.clone()
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

/// One element: tag, length, content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap();
    let mut bytes = vec![tag];
    match length {
        0..=127 => bytes.extend(length.to_be_bytes().get(1)),
        128..=255 => bytes.extend([0x81, length.to_be_bytes()[1]]),
        256.. => {
            bytes.push(0x82);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
