//! The issuer: one origin with an optional path under which clients and people belong together.
//!
//! Everything stored belongs to one issuer; no read crosses from one to another.
//!
//! Spec: RFC 8414 §2, RFC 9207 §2

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::{
    id::{Id, Kind},
    time::Timestamp,
};

/// What is stored about an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Its id, made from its URL, so that every node knows it without asking.
    pub id: Id<Self>,
    /// A number below 2^53 for interfaces that cannot hold an id.
    pub number: u64,
    /// The issuer identifier, byte for byte as clients compare it: no trailing slash, query or fragment.
    pub url: String,
    /// Tokens issued before this time are not active. Absent when none were ever revoked at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The highest time the store has seen and kept, against a clock that runs backwards.
    pub clock_mark: Timestamp,
}

impl Kind for Issuer {
    const PREFIX: &'static str = "iss";
}

impl Issuer {
    /// The issuer for `url` as it is before anything was stored about it.
    pub fn new(url: &str, now: Timestamp) -> Self {
        let digest = digest::digest(&digest::SHA256, url.as_bytes());
        let mut id = [0; 16];
        let mut number = [0; 8];
        for (to, from) in id.iter_mut().chain(&mut number).zip(digest.as_ref()) {
            *to = *from;
        }
        Self {
            id: Id::from_bytes(id),
            number: u64::from_be_bytes(number) >> 11,
            url: url.to_owned(),
            not_before: None,
            clock_mark: now,
        }
    }
}
