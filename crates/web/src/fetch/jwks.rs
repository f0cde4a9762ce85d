//! Key sets of others, kept for a while: one request at a time for each URL, however many ask.
//!
//! Spec: RFC 7517 §5, RFC 9111 §5.2.2, OpenID Connect Core §10.1.1

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use placet_core::time::{Lifetime, Timestamp};
use placet_proof::Jwks;

use super::{Answer, Fetch, FetchError, MAX_BODY_BYTES};

/// The shortest time a key set is kept, whatever its server says.
pub const JWKS_MIN_AGE: Lifetime = Lifetime::from_secs(60);
/// The longest time, which bounds how long a key its owner withdrew is still believed.
pub const JWKS_MAX_AGE: Lifetime = Lifetime::from_secs(86_400);
/// How long it is kept when its server says nothing.
const DEFAULT_AGE: Lifetime = Lifetime::from_secs(300);
/// How often an unknown `kid` may cause a request: anybody can make one up.
const ANEW_EVERY: Lifetime = Lifetime::from_secs(30);
/// How long a URL is left alone after it failed.
const REST_AFTER_FAILURE: Lifetime = Lifetime::from_secs(1);
/// Key sets kept at most; the one that was fetched longest ago makes room.
const CAP: usize = 1_024;

/// All key sets that are kept.
#[derive(Default)]
pub(super) struct KeySets(Mutex<HashMap<String, Arc<Slot>>>);

/// The place of one URL. Who holds the lock of `flight` fetches; the others wait for what comes of it.
#[derive(Default)]
struct Slot {
    flight: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

/// What is known of one URL.
#[derive(Default, Clone)]
struct Known {
    keys: Option<Bytes>,
    good_until: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    /// What the last request failed with.
    failure: Option<FetchError>,
    /// How many requests there were.
    flights: u64,
}

impl Known {
    fn fresh(&self, now: Timestamp) -> Option<Bytes> {
        let good = self.good_until.is_some_and(|until| now < until);
        self.keys.clone().filter(|_| good)
    }

    fn asked_within(&self, span: Lifetime, now: Timestamp) -> bool {
        self.asked_at.is_some_and(|at| now.since(at) < span)
    }
}

impl Slot {
    fn known(&self) -> Known {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn learn(&self, outcome: Result<(Bytes, Lifetime), FetchError>, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.flights += 1;
        known.asked_at = Some(now);
        match outcome {
            Ok((keys, age)) => {
                known.keys = Some(keys);
                known.good_until = Some(now.plus(age));
                known.failure = None;
            }
            // What is known stays good for its time; a failure takes nothing away and is not kept instead of it.
            Err(error) => known.failure = Some(error),
        }
    }
}

impl KeySets {
    fn slot(&self, url: &str) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(url) && slots.len() >= CAP {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.known().asked_at);
            let oldest = oldest.map(|(url, _)| url.clone());
            oldest.and_then(|url| slots.remove(&url));
        }
        Arc::clone(slots.entry(url.to_owned()).or_default())
    }
}

impl Fetch {
    /// The key set at a URL, as its server printed it, kept as long as the server says but at least a minute and at
    /// most a day. It reads as a set of public keys.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub async fn jwks(&self, url: &str, now: Timestamp) -> Result<Bytes, FetchError> {
        let slot = self.key_sets.slot(url);
        let seen = slot.known();
        if let Some(keys) = seen.fresh(now) {
            return Ok(keys);
        }
        self.fly(url, &slot, &seen, now).await
    }

    /// The same after a `kid` was met that is not in the set: asks again, at most once in thirty seconds; in between
    /// it answers with what is known.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub async fn jwks_anew(&self, url: &str, now: Timestamp) -> Result<Bytes, FetchError> {
        let slot = self.key_sets.slot(url);
        let seen = slot.known();
        match seen.fresh(now) {
            Some(keys) if seen.asked_within(ANEW_EVERY, now) => Ok(keys),
            Some(_) | None => self.fly(url, &slot, &seen, now).await,
        }
    }

    /// Fetches, unless somebody else did since `seen` was read.
    async fn fly(
        &self,
        url: &str,
        slot: &Slot,
        seen: &Known,
        now: Timestamp,
    ) -> Result<Bytes, FetchError> {
        let flight = slot.flight.lock().await;
        let known = slot.known();
        if let Some(failure) = &known.failure {
            // Whoever waited for a request shares its failure; else each would wait for one of its own in turn.
            if known.flights != seen.flights || known.asked_within(REST_AFTER_FAILURE, now) {
                return Err(failure.clone());
            }
        } else if known.flights != seen.flights
            && let Some(keys) = known.fresh(now)
        {
            return Ok(keys);
        }
        let outcome = self.get(url, MAX_BODY_BYTES).await.and_then(read);
        let keys = outcome.as_ref().map(|(keys, _)| keys.clone());
        let keys = keys.map_err(Clone::clone);
        slot.learn(outcome, now);
        drop(flight);
        keys
    }
}

/// A set that does not read is not kept: it would hide a good one for its time.
fn read(answer: Answer) -> Result<(Bytes, Lifetime), FetchError> {
    Jwks::parse(&answer.body).map_err(|_| FetchError::Malformed)?;
    let age = answer.cache_control.as_deref().map_or(DEFAULT_AGE, age);
    Ok((Bytes::from(answer.body), age))
}

/// How long an answer with this `Cache-Control` is kept.
fn age(cache_control: &str) -> Lifetime {
    let mut age = DEFAULT_AGE;
    for directive in cache_control.split(',').map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return JWKS_MIN_AGE;
        }
        if name.eq_ignore_ascii_case("max-age")
            && let Ok(seconds) = value.trim_matches('"').parse()
        {
            age = Lifetime::from_secs(seconds);
        }
    }
    age.clamp(JWKS_MIN_AGE, JWKS_MAX_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9111_5_2_2_how_long_a_key_set_is_kept() {
        for (cache_control, want_s) in [
            ("max-age=600", 600),
            ("public, Max-Age=\"600\", must-revalidate", 600),
            ("max-age=0", 60),
            ("max-age=999999999", 86_400),
            ("max-age=18446744073709551615", 86_400),
            ("max-age=many", 300),
            ("public", 300),
            ("no-store", 60),
            ("max-age=600, no-cache", 60),
        ] {
            assert_eq!(age(cache_control).as_secs(), want_s, "{cache_control}");
        }
    }
}
