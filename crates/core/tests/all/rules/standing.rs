//! What a token rests on, and what a refresh token is worth.

use placet_core::{
    Id, Refusal,
    client::{Client, ClientMetadata},
    grant::Grant,
    issuer::Issuer,
    pending::{DecidedBy, FaceName},
    person::{Authentication, Person, Session},
    receipt::Receipt,
    right::Rights,
    secret::{Secret, SecretHash, kind},
    testing::SeededRandom,
    time::{Lifetime, Timestamp},
    token::{AccessToken, Family, REFRESH_GRACE, RefreshToken, RefreshUse, Rotation, Standing},
};

const ISSUED: Timestamp = Timestamp::from_secs(1_000);
const NOW: Timestamp = Timestamp::from_secs(1_100);
const ENDS: Timestamp = Timestamp::from_secs(1_600);
const MILLISECOND: Lifetime = Lifetime::from_millis(1);

struct World {
    issuer: Issuer,
    client: Client,
    standing: Standing<AccessToken>,
}

fn world() -> World {
    let client = Client {
        id: Id::from_bytes([2; 16]),
        number: 1,
        client_id: "tv".to_owned(),
        secrets: Vec::new(),
        metadata: ClientMetadata::default(),
        disabled: false,
        not_before: None,
        declared: None,
        key: None,
        resource_sets: std::collections::BTreeMap::new(),
        created_at: ISSUED,
        keep_until: None,
    };
    let family = family();
    let token = AccessToken {
        hash: SecretHash::of("token"),
        jti: Id::from_bytes([6; 16]),
        client: client.id,
        person: family.person,
        subject: "s".to_owned(),
        grant: family.grant,
        family: Some(family.id),
        session: family.session,
        rights: Rights::default(),
        authentication: None,
        issued_at: ISSUED,
        expires_at: ENDS,
        revoked_at: None,
        binding: None,
    };
    let session = Session {
        hash: SecretHash::of("session"),
        sid: Id::from_bytes([7; 16]),
        person: Id::from_bytes([3; 16]),
        authentication: Authentication {
            at: ISSUED,
            acr: None,
            amr: Vec::new(),
        },
        created_at: ISSUED,
        expires_at: ENDS,
        peer: String::new(),
        agent: String::new(),
        replaced_at: None,
        replaces: None,
        replaced_by: None,
        ended_at: None,
    };
    let standing = Standing {
        token,
        version: 1,
        family: Some((family, 1)),
        grant: Some((grant(), 1)),
        session: Some((session, 1)),
        person: Some((person(), 1)),
    };
    World {
        issuer: Issuer::new("https://id.example", ISSUED),
        client,
        standing,
    }
}

fn family() -> Family {
    Family {
        id: Id::from_bytes([5; 16]),
        client: Id::from_bytes([2; 16]),
        grant: Some(Id::from_bytes([4; 16])),
        person: Some(Id::from_bytes([3; 16])),
        subject: "s".to_owned(),
        session: Some(SecretHash::of("session")),
        sid: None,
        rights: Rights::default(),
        authentication: None,
        generation: 1,
        created_at: ISSUED,
        expires_at: ENDS,
        used_at: ISSUED,
        ended_at: None,
    }
}

fn grant() -> Grant {
    Grant {
        id: Id::from_bytes([4; 16]),
        face: FaceName("oauth".into()),
        client: Id::from_bytes([2; 16]),
        person: None,
        subject: None,
        rights: Rights::default(),
        by: DecidedBy::Policy {
            rule: "any".to_owned(),
        },
        session: None,
        sid: None,
        created_at: ISSUED,
        revoked_at: None,
        keep_until: None,
        renewable: false,
    }
}

fn person() -> Person {
    Person {
        id: Id::from_bytes([3; 16]),
        subject: "s".to_owned(),
        username: "ada".to_owned(),
        password_hash: None,
        claims: serde_json::Map::new(),
        disabled: false,
        not_before: None,
        declared: None,
        created_at: ISSUED,
        erased: false,
    }
}

fn is_active(world: &World, now: Timestamp) -> bool {
    world.standing.is_active(&world.client, &world.issuer, now)
}

/// Something taken away from under a token.
type Loss = (&'static str, fn(&mut World));

const LATER: Option<Timestamp> = Some(Timestamp::from_millis(1_000_001));

const LOSSES: [Loss; 19] = [
    ("the token is revoked", |w| {
        w.standing.token.revoked_at = Some(NOW);
    }),
    ("the token is another client's", |w| {
        w.standing.token.client = Id::from_bytes([9; 16]);
    }),
    ("the family is gone", |w| w.standing.family = None),
    ("the family ended", |w| {
        w.standing.family.as_mut().unwrap().0.ended_at = Some(NOW);
    }),
    ("the grant is gone", |w| w.standing.grant = None),
    ("the grant is revoked", |w| {
        w.standing.grant.as_mut().unwrap().0.revoked_at = Some(NOW);
    }),
    ("the session is gone", |w| w.standing.session = None),
    ("the session ended", |w| {
        w.standing.session.as_mut().unwrap().0.ended_at = Some(NOW);
    }),
    ("the session is over", |w| {
        w.standing.session.as_mut().unwrap().0.expires_at = NOW;
    }),
    ("the person is gone", |w| w.standing.person = None),
    ("the person is disabled", |w| {
        w.standing.person.as_mut().unwrap().0.disabled = true;
    }),
    ("the person is erased", |w| {
        w.standing.person.as_mut().unwrap().0.erased = true;
    }),
    ("T6: the person's not-before", |w| {
        w.standing.person.as_mut().unwrap().0.not_before = LATER;
    }),
    ("the client is disabled", |w| w.client.disabled = true),
    ("T6: the client's not-before", |w| {
        w.client.not_before = LATER;
    }),
    ("T6: the issuer's not-before", |w| {
        w.issuer.not_before = LATER;
    }),
    ("T6: an older one of the client", |w| {
        w.client.not_before = Some(Timestamp::from_secs(1));
        w.issuer.not_before = LATER;
    }),
    ("T6: an older one of the issuer", |w| {
        w.issuer.not_before = Some(Timestamp::from_secs(1));
        w.client.not_before = LATER;
    }),
    ("the token is over", |w| w.standing.token.expires_at = NOW),
];

#[test]
fn rfc7662_2_2_each_ground_taken_away_alone_ends_a_token() {
    assert!(is_active(&world(), NOW));
    for (name, take) in LOSSES {
        let mut world = world();
        take(&mut world);
        assert!(!is_active(&world, NOW), "{name}");
    }
}

#[test]
fn a_token_lives_until_its_end_exclusive() {
    for (name, now, want) in [
        ("before", ENDS.minus(MILLISECOND), true),
        ("at", ENDS, false),
        ("after", ENDS.plus(MILLISECOND), false),
    ] {
        assert_eq!(is_active(&world(), now), want, "{name}");
    }
}

#[test]
fn what_a_token_does_not_name_does_not_matter() {
    let mut world = world();
    world.standing.token.family = None;
    world.standing.token.grant = None;
    world.standing.token.session = None;
    world.standing.token.person = None;
    world.standing.family = None;
    world.standing.grant = None;
    world.standing.session = None;
    world.standing.person = None;
    assert!(is_active(&world, NOW));
    world.client.not_before = Some(ISSUED);
    assert!(is_active(&world, NOW), "issued at the not-before itself");
}

#[test]
fn j3_a_refresh_token_stands_on_the_same_grounds() {
    let grounded = |world: &World| {
        let standing = Standing {
            token: token(None),
            version: 1,
            family: world.standing.family.clone(),
            grant: world.standing.grant.clone(),
            session: world.standing.session.clone(),
            person: world.standing.person.clone(),
        };
        standing.is_grounded(&world.client, &world.issuer, NOW)
    };
    assert!(grounded(&world()));
    for (name, take) in LOSSES {
        let of_the_token_itself = name.starts_with("the token");
        let mut world = world();
        take(&mut world);
        assert_eq!(grounded(&world), of_the_token_itself, "{name}");
    }
    let mut foreign = world();
    foreign.client.id = Id::from_bytes([9; 16]);
    assert!(!grounded(&foreign));
}

fn token(used: Option<RefreshUse>) -> RefreshToken {
    RefreshToken {
        hash: SecretHash::of("refresh"),
        family: Id::from_bytes([5; 16]),
        generation: 1,
        issued_at: ISSUED,
        expires_at: ENDS,
        used,
    }
}

#[test]
fn t3_what_a_refresh_token_is_worth() {
    let secret = Secret::<kind::Refresh>::generate(&SeededRandom::new(1));
    let until = NOW.plus(REFRESH_GRACE);
    let receipt = Receipt::new(&secret, &"given", until, &SeededRandom::new(2));
    let used = RefreshUse {
        at: NOW,
        receipt: receipt.clone(),
    };
    let (last, ended) = (until.minus(MILLISECOND), Some(NOW));
    let repeat = || Ok(Rotation::Repeat(receipt.clone()));
    let reused = || Err(Refusal::Reused);
    for (name, is_used, generation, ended_at, now, want) in [
        ("fresh", false, 1, None, NOW, Ok(Rotation::Next)),
        ("over", false, 1, None, ENDS, Err(Refusal::Expired)),
        ("ended", false, 1, ended, NOW, Err(Refusal::Revoked)),
        ("repeat at once", true, 2, None, NOW, repeat()),
        ("repeat, last moment", true, 2, None, last, repeat()),
        ("repeat, too late", true, 2, None, until, reused()),
        ("successor used", true, 3, None, NOW, reused()),
        ("repeat, ended", true, 2, ended, NOW, Err(Refusal::Revoked)),
    ] {
        let token = token(is_used.then(|| used.clone()));
        let mut family = family();
        (family.generation, family.ended_at) = (generation, ended_at);
        assert_eq!(token.judge(&family, now), want, "{name}");
    }
    let mut short = family();
    short.expires_at = NOW;
    let told = token(None).judge(&short, NOW);
    assert_eq!(told, Err(Refusal::Expired), "the family is over");
}

#[test]
fn c9_a_receipt_opens_for_its_secret_and_in_time() {
    let secret = Secret::<kind::Refresh>::generate(&SeededRandom::new(1));
    let receipt = Receipt::new(&secret, &"given", ENDS, &SeededRandom::new(2));
    let last = ENDS.minus(MILLISECOND);
    let open = |secret: &Secret<kind::Refresh>, now| receipt.open::<_, String>(secret, now);
    assert_eq!(open(&secret, last).as_deref(), Some("given"));
    assert_eq!(open(&secret, ENDS), None);
    let other = Secret::generate(&SeededRandom::new(3));
    assert_eq!(open(&other, last), None);
}
