//! Key rings of several nodes over one store, through rotations, restarts and faults.

use placet_core::{
    random::SystemRandom,
    testing::{Fault, FixedClock, MemoryStore},
    vault::MasterKey,
};
use placet_proof::{Jws, UnverifiedJwt};
use serde_json::json;

use super::*;

const ES256: Algorithm = Algorithm::Es256;

/// One database, and what several nodes need to share it.
struct World {
    clock: FixedClock,
    store: MemoryStore,
    issuer: Id<Issuer>,
    vault: Vault,
}

impl World {
    fn new() -> Self {
        let clock = FixedClock::default();
        let now = placet_core::time::Clock::now(&clock);
        let master = MasterKey::from_bytes([7; 32]);
        let data_key = master.new_data_key(now, &SystemRandom);
        Self {
            store: MemoryStore::new(clock.clone()),
            clock,
            issuer: Issuer::new("https://as.example", now).id,
            vault: master.unwrap(&data_key).unwrap(),
        }
    }

    async fn node(&self) -> Arc<KeyRing> {
        self.open(self.vault.clone()).await.unwrap()
    }

    async fn open(&self, vault: Vault) -> Result<Arc<KeyRing>, KeyError> {
        let store: Arc<dyn Store> = Arc::new(self.store.clone());
        KeyRing::open(store, self.issuer, vault, Arc::new(SystemRandom)).await
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Lifetime::from_secs(seconds));
    }
}

fn claims() -> Map<String, Value> {
    let claims = json!({ "iss": "https://as.example", "sub": "u-1" });
    claims.as_object().cloned().unwrap()
}

fn sign(node: &KeyRing) -> String {
    node.sign("ES256", Some("at+jwt"), &claims()).unwrap()
}

fn kid_of(token: &str) -> String {
    UnverifiedJwt::parse(token)
        .unwrap()
        .header()
        .kid()
        .unwrap()
        .to_owned()
}

/// What a client that has this printed set makes of a token.
fn verifies(token: &str, printed: &[u8]) -> bool {
    let jws = Jws::parse(token).unwrap();
    let algorithm = jws.header().algorithm().unwrap();
    let set = Jwks::parse(printed).unwrap();
    let Ok(key) = set.find(jws.header().kid(), algorithm) else {
        return false;
    };
    jws.verify(key).is_ok()
}

fn uses(node: &KeyRing) -> Vec<KeyUse> {
    node.list().iter().map(|entry| entry.usage).collect()
}

#[tokio::test]
async fn a_ring_without_keys_says_so() {
    let node = World::new().node().await;
    assert_eq!(node.jwks(), r#"{"keys":[]}"#);
    for alg in ["ES256", "HS256", "none", ""] {
        let outcome = node.sign(alg, None, &claims());
        assert_eq!(outcome, Err(SignError::NoKey(alg.to_owned())), "{alg}");
    }
}

#[tokio::test]
async fn each_algorithm_signs_from_its_first_key_on() {
    let node = World::new().node().await;
    for algorithm in Algorithm::ALL {
        node.ensure(algorithm).await.unwrap();
        let alg = stored_name(algorithm);
        for typ in [None, Some("at+jwt"), Some("logout+jwt"), Some("else+jwt")] {
            let token = node.sign(alg, typ, &claims()).unwrap();
            assert!(verifies(&token, &node.jwks()), "{alg} {typ:?}");
            let header = UnverifiedJwt::parse(&token).unwrap().header().clone();
            assert_eq!(header.typ(), typ, "{alg}");
        }
        assert!(node.algorithms().contains(&algorithm));
    }
    let printed: Value = serde_json::from_slice(&node.jwks()).unwrap();
    let algs: Vec<_> = printed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["alg"].clone())
        .collect();
    // The OAuth face prints the name of RFC 8037.
    assert_eq!(algs.iter().filter(|alg| *alg == "EdDSA").count(), 1);
    assert_eq!(algs.len(), 4);
}

#[tokio::test]
async fn c11_keys_made_before_the_clock_was_set_back_go_on_signing() {
    let world = World::new();
    let ahead = world.node().await;
    ahead.ensure(ES256).await.unwrap();
    let first = kid_of(&sign(&ahead));
    ahead.rotate(ES256).await.unwrap();
    let now = placet_core::time::Clock::now(&world.clock);
    world.clock.set(now.minus(Lifetime::from_secs(3600)));
    let node = world.node().await;
    node.ensure(ES256).await.unwrap();
    assert_eq!(kid_of(&sign(&node)), first);
    assert!(verifies(&sign(&node), &node.jwks()));
    assert_eq!(uses(&node), [KeyUse::Signing, KeyUse::Waiting]);
}

#[tokio::test]
async fn k2_of_several_nodes_the_first_makes_the_key() {
    let world = World::new();
    let (one, two) = (world.node().await, world.node().await);
    let (first, second) = tokio::join!(one.ensure(ES256), two.ensure(ES256));
    first.unwrap();
    second.unwrap();
    assert_eq!(one.list().len(), 1);
    assert_eq!(one.jwks(), two.jwks());
    assert!(verifies(&sign(&one), &two.jwks()));
    // Asking again changes nothing, on a node that never heard of the key neither.
    let three = world.node().await;
    three.ensure(ES256).await.unwrap();
    assert_eq!(three.jwks(), one.jwks());
}

#[tokio::test]
async fn t19_at_every_moment_of_a_rotation_every_live_token_verifies_everywhere() {
    let world = World::new();
    let (one, two) = (world.node().await, world.node().await);
    one.ensure(ES256).await.unwrap();
    world.advance(1);
    two.refresh().await.unwrap();
    let old = kid_of(&sign(&one));
    one.rotate(ES256).await.unwrap();
    // The other node hears of it within a second.
    world.advance(1);

    let max_age_s = u64::from(JWKS_MAX_AGE_S);
    // Key sets by the time they were fetched, and tokens by the time they were signed.
    let mut fetched: Vec<(u64, Bytes)> = Vec::new();
    let mut tokens: Vec<(u64, String)> = Vec::new();
    let mut signed_by = Vec::new();
    for step in 0..2400 {
        let now_s = step * 60;
        one.refresh().await.unwrap();
        two.refresh().await.unwrap();
        assert_eq!(one.jwks(), two.jwks(), "after {now_s} s");
        fetched.push((now_s, two.jwks()));
        let token = sign(if step % 2 == 0 { &one } else { &two });
        signed_by.push(kid_of(&token));
        tokens.push((now_s, token));
        let newest = &tokens.last().unwrap().1;
        for (at, jwks) in fetched
            .iter()
            .rev()
            .take_while(|(at, _)| now_s - at < max_age_s)
        {
            assert!(
                verifies(newest, jwks),
                "signed after {now_s} s, set of {at} s"
            );
        }
        // The oldest that can still be alive.
        let oldest = tokens
            .iter()
            .find(|(at, _)| now_s - at < LONGEST_LIFE.as_secs());
        let (at, token) = oldest.unwrap();
        assert!(verifies(token, &two.jwks()), "of {at} s after {now_s} s");
        world.advance(60);
    }
    let last_of_old = signed_by.iter().rposition(|kid| *kid == old).unwrap();
    // PUBLISH_AHEAD is six minutes: from then on the new key signs, and there is no way back.
    assert_eq!(last_of_old, 5);
    assert!(signed_by[..=5].iter().all(|kid| *kid == old));
    // The old key is gone in the end.
    assert!(!String::from_utf8_lossy(&one.jwks()).contains(&old));
    assert_eq!(uses(&one), [KeyUse::Retired, KeyUse::Signing]);
}

#[tokio::test]
async fn t19_a_key_that_is_over_is_not_published_between_two_reads_of_the_store() {
    let world = World::new();
    let node = world.node().await;
    node.ensure(ES256).await.unwrap();
    let old = kid_of(&sign(&node));
    node.rotate(ES256).await.unwrap();
    assert_eq!(uses(&node), [KeyUse::Signing, KeyUse::Waiting]);
    world.advance(PUBLISH_AHEAD.as_secs());
    assert_eq!(uses(&node), [KeyUse::Retiring, KeyUse::Signing]);
    world.advance(LONGEST_LIFE.as_secs() - 1);
    assert!(node.public_keys().find(Some(&old), ES256).is_ok());
    world.advance(1);
    assert!(node.public_keys().find(Some(&old), ES256).is_err());
    assert!(!String::from_utf8_lossy(&node.jwks()).contains(&old));
}

#[tokio::test]
async fn t19_retired_keys_survive_a_restart_and_go_with_a_later_rotation() {
    let world = World::new();
    let node = world.node().await;
    node.ensure(ES256).await.unwrap();
    let old = kid_of(&sign(&node));
    node.rotate(ES256).await.unwrap();
    world.advance(PUBLISH_AHEAD.as_secs());
    let again = world.node().await;
    assert!(again.public_keys().find(Some(&old), ES256).is_ok());
    assert_ne!(kid_of(&sign(&again)), old);
    world.advance(LONGEST_LIFE.as_secs());
    again.rotate(ES256).await.unwrap();
    assert_eq!(uses(&again), [KeyUse::Signing, KeyUse::Waiting]);
    assert!(again.list().iter().all(|entry| entry.stored.kid != old));
}

#[tokio::test]
async fn t19_two_nodes_that_rotate_at_once_make_one_successor() {
    let world = World::new();
    let (one, two) = (world.node().await, world.node().await);
    one.ensure(ES256).await.unwrap();
    world.store.fail_next(Fault::Conflict);
    let lost = one.rotate(ES256).await;
    assert!(
        matches!(lost, Err(KeyError::Store(StoreError::Conflict))),
        "{lost:?}"
    );
    assert_eq!(one.list().len(), 1);
    two.rotate(ES256).await.unwrap();
    assert_eq!(two.list().len(), 2);
}

#[tokio::test]
async fn k6_an_unknown_outcome_is_found_out() {
    let world = World::new();
    let node = world.node().await;
    world.store.fail_next(Fault::UnknownApplied);
    node.ensure(ES256).await.unwrap();
    assert_eq!(node.list().len(), 1);
    world.store.fail_next(Fault::UnknownLost);
    let lost = node.rotate(ES256).await;
    assert!(
        matches!(lost, Err(KeyError::Store(StoreError::Unavailable { .. }))),
        "{lost:?}"
    );
    assert_eq!(uses(&node), [KeyUse::Signing]);
}

#[tokio::test]
async fn k8_private_parts_are_sealed_to_their_row() {
    let world = World::new();
    let node = world.node().await;
    node.ensure(ES256).await.unwrap();
    let stored = Arc::clone(&node.list()[0].stored);
    let record = String::from_utf8(Record::SigningKey(StoredKey::clone(&stored)).encode()).unwrap();
    let private = world
        .vault
        .open(&stored.id.to_string(), &stored.private)
        .unwrap();
    for form in [
        data_encoding::BASE64URL_NOPAD.encode(&private),
        data_encoding::BASE64.encode(&private),
    ] {
        assert!(!record.contains(&form));
    }
    assert!(!record.contains("\"d\""));
    assert_eq!(
        world.vault.open("key_0", &stored.private),
        Err(SealError::Damaged)
    );
    // Another data key does not open it, and the server does not start without its keys.
    let other = MasterKey::from_bytes([7; 32]);
    let other = other
        .unwrap(&other.new_data_key(world.store.now(), &SystemRandom))
        .unwrap();
    let refused = world.open(other).await;
    assert!(matches!(
        refused,
        Err(KeyError::Sealed {
            source: SealError::UnknownKey,
            ..
        })
    ));
}

#[tokio::test]
async fn k8_a_key_that_is_not_what_its_record_says_is_refused() {
    let world = World::new();
    let node = world.node().await;
    node.ensure(ES256).await.unwrap();
    let stored = StoredKey::clone(&node.list()[0].stored);
    for change in [
        |key: &mut StoredKey| key.kid = "another".to_owned(),
        |key: &mut StoredKey| key.alg = "RS256".to_owned(),
        |key: &mut StoredKey| key.alg = "HS256".to_owned(),
    ] {
        let mut changed = stored.clone();
        change(&mut changed);
        let key = Key::signing_key(changed.id);
        world
            .store
            .write_raw(world.issuer, key, &Record::SigningKey(changed).encode());
        assert!(matches!(
            world.open(world.vault.clone()).await,
            Err(KeyError::Damaged { .. })
        ));
        // A node that runs keeps what it has.
        world.advance(2);
        assert!(node.refresh().await.is_err());
        assert!(verifies(&sign(&node), &node.jwks()));
    }
}
