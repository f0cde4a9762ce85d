//! How a tenant signs a call: a code over the time and the body, keyed by the tenant's secret.
//!
//! 1. The field says `t=<ms>, v1=<hex>`: when, and the code over `<t>.` and the canonical text of the body.
//! 2. A time further off than [`WINDOW`] is refused, ahead as well as behind, so that what has to be remembered ends.
//! 3. A code that came before is refused, at whichever node it came: the store decides ([`Signature::once`]). Each node
//!    remembers what it took itself, at most [`REMEMBERED`] of a tenant, so that neither a code that comes again there nor a
//!    tenant that signs without end costs a write.
//!
//! Spec: RFC 2104, RFC 8785; Rafiki's `signature` field

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use placet_core::{
    client::OnceProof,
    id::Id,
    secret::SecretHash,
    tenant::Tenant,
    time::{Lifetime, Timestamp},
};

/// How far the time of a signature may be off.
pub(super) const WINDOW: Lifetime = Lifetime::from_secs(30);
/// How many signatures of one tenant are remembered. More at once are refused until some are too old to come again.
pub(super) const REMEMBERED: usize = 10_000;
/// The most digits of a time in milliseconds: until the year 33658.
const TIME_DIGITS: usize = 15;

/// A signature as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// When it was made, as it is written.
    written: String,
    at: Timestamp,
    code: [u8; 32],
}

impl Signature {
    /// Reads the field.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (time, code) = text.split_once(", ")?;
        let written = time.strip_prefix("t=")?;
        let digits = written.bytes().all(|byte| byte.is_ascii_digit());
        if written.is_empty() || written.len() > TIME_DIGITS || !digits {
            return None;
        }
        let code = HEXLOWER.decode(code.strip_prefix("v1=")?.as_bytes()).ok()?;
        Some(Self {
            at: Timestamp::from_millis(written.parse().ok()?),
            written: written.to_owned(),
            code: code.try_into().ok()?,
        })
    }

    /// Whether its time is near enough.
    pub(super) fn is_timely(&self, now: Timestamp) -> bool {
        now < self.at.plus(WINDOW) && self.at < now.plus(WINDOW)
    }

    /// What the store keeps of it, so that it counts once: for as long as it is timely by any node's clock.
    pub(super) fn once(&self, tenant: Id<Tenant>) -> OnceProof {
        let code = HEXLOWER.encode(&self.code);
        let text = format!("tenant signature\n{tenant}\n{}\n{code}", self.written);
        OnceProof {
            value: SecretHash::of(&text),
            keep_until: self.at.plus(WINDOW).plus(WINDOW),
            peer: None,
        }
    }

    /// Whether it is one of `secrets` over this canonical body. Every secret is tried, each in constant time.
    pub(super) fn is_by(&self, secrets: &[impl AsRef<[u8]>], canonical: &str) -> bool {
        let signed = format!("{}.{canonical}", self.written);
        secrets.iter().fold(false, |known, secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref());
            known | hmac::verify(&key, signed.as_bytes(), &self.code).is_ok()
        })
    }
}

/// Why a right signature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It came before.
    Again,
    /// The tenant signed too much at once.
    TooMany,
}

/// The codes of one tenant and their times, the oldest first.
type Codes = BTreeSet<(Timestamp, [u8; 32])>;

/// The right signatures that could come again.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<Id<Tenant>, Codes>>);

impl Remembered {
    /// Takes a timely signature, once.
    pub(super) fn take(
        &self,
        tenant: Id<Tenant>,
        signature: &Signature,
        now: Timestamp,
    ) -> Result<(), NotTaken> {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tenants.entry(tenant).or_default();
        while known.first().is_some_and(|(at, _)| now >= at.plus(WINDOW)) {
            known.pop_first();
        }
        let one = (signature.at, signature.code);
        if known.contains(&one) {
            return Err(NotTaken::Again);
        }
        if known.len() >= REMEMBERED {
            return Err(NotTaken::TooMany);
        }
        known.insert(one);
        Ok(())
    }

    /// Forgets one that was taken and then not used.
    pub(super) fn forget(&self, tenant: Id<Tenant>, signature: &Signature) {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get_mut(&tenant) {
            known.remove(&(signature.at, signature.code));
        }
    }
}

#[cfg(test)]
mod tests {
    use placet_gnap::canonical_json;

    use super::*;

    const SECRET: &str = "iyIgCprjb9uL8wFckR+pLEkJWMB7FJhgkvqhTQR/964=";
    const BODY: &str = r#"{"variables":{"id":"1ee48d97-8fa1-4ab4-b89d-95284b665517"},"query":"query G($id: ID!) { grant(id: $id) { id state } }"}"#;
    const FIELD: &str =
        "t=1733420000000, v1=a8b7bc12a551cd717365593f7a394287db355cb0de1a15a10de85481f29c8433";

    fn at(offset_ms: i64) -> Timestamp {
        Timestamp::from_millis(1_733_420_000_000 + offset_ms)
    }

    #[test]
    fn rafikis_vector_is_right_and_nothing_near_it() {
        let signature = Signature::parse(FIELD).unwrap();
        let canonical = canonical_json(BODY.as_bytes()).unwrap();
        assert!(signature.is_by(&[SECRET], &canonical));
        assert!(signature.is_by(&["another", SECRET], &canonical));
        assert!(!signature.is_by(&["another"], &canonical));
        assert!(!signature.is_by(&[] as &[&str], &canonical));
        assert!(!signature.is_by(&[""], &canonical));
        let other = canonical_json(BODY.replace("17\"", "18\"").as_bytes()).unwrap();
        assert!(!signature.is_by(&[SECRET], &other));
        let later = Signature::parse(&FIELD.replace("000,", "001,")).unwrap();
        assert!(!later.is_by(&[SECRET], &canonical));
    }

    #[test]
    fn only_one_spelling_is_a_signature() {
        for bad in [
            "",
            "t=1733420000000",
            "v1=00",
            &FIELD.replace(", ", ","),
            &FIELD.replace("v1", "v2"),
            &FIELD.replace("t=", "t=-"),
            &FIELD.replace("t=1", "t=+1"),
            &FIELD.replace("t=1733420000000", "t="),
            &FIELD.replace("t=1733420000000", "t=1733420000000000"),
            &FIELD.replace("a8b7", "A8B7"),
            &FIELD.replace("a8b7", ""),
            &format!("{FIELD}00"),
        ] {
            assert_eq!(Signature::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_time_counts_half_a_minute_before_and_after() {
        let signature = Signature::parse(FIELD).unwrap();
        for (offset_ms, want) in [
            (-30_000, false),
            (-29_999, true),
            (0, true),
            (29_999, true),
            (30_000, false),
        ] {
            assert_eq!(signature.is_timely(at(offset_ms)), want, "{offset_ms}");
        }
    }

    #[test]
    fn a_signature_is_taken_once_as_long_as_it_is_timely() {
        let (one, two) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        let signature = Signature::parse(FIELD).unwrap();
        let memory = Remembered::default();
        assert_eq!(memory.take(one, &signature, at(-29_999)), Ok(()));
        assert_eq!(memory.take(two, &signature, at(0)), Ok(()));
        for offset_ms in [-29_999, 0, 29_999] {
            let again = memory.take(one, &signature, at(offset_ms));
            assert_eq!(again, Err(NotTaken::Again), "{offset_ms}");
        }
        memory.forget(two, &signature);
        assert_eq!(memory.take(two, &signature, at(0)), Ok(()));
    }

    #[test]
    fn g9_the_store_keeps_a_signature_of_each_tenant_longer_than_it_is_timely() {
        let (one, two) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        let signature = Signature::parse(FIELD).unwrap();
        let kept = signature.once(one);
        assert_ne!(kept.value, signature.once(two).value);
        let later = Signature::parse(&FIELD.replace("000,", "001,")).unwrap();
        assert_ne!(kept.value, later.once(one).value);
        assert!(!signature.is_timely(kept.keep_until));
        assert_eq!(kept.keep_until, at(60_000));
    }

    #[test]
    fn e13_what_is_remembered_is_bounded_and_ends() {
        let tenant = Id::from_bytes([1; 16]);
        let memory = Remembered::default();
        let signed = |n: usize, at: Timestamp| {
            let mut code = [0; 32];
            code[..8].copy_from_slice(&n.to_le_bytes());
            let written = at.as_millis().to_string();
            Signature { written, at, code }
        };
        for n in 0..REMEMBERED {
            assert_eq!(memory.take(tenant, &signed(n, at(0)), at(0)), Ok(()));
        }
        let more = memory.take(tenant, &signed(REMEMBERED, at(1)), at(1));
        assert_eq!(more, Err(NotTaken::TooMany));
        let elsewhere = memory.take(Id::from_bytes([2; 16]), &signed(0, at(1)), at(1));
        assert_eq!(elsewhere, Ok(()), "another tenant is not held up");
        let later = at(30_000);
        assert_eq!(memory.take(tenant, &signed(0, later), later), Ok(()));
        assert_eq!(memory.0.lock().unwrap()[&tenant].len(), 1);
    }
}
