//! Expiry, retention, digests, and what may be answered without a person.

use std::borrow::Cow;

use placet_core::{
    Id, Refusal,
    client::{ApplicationType, AuthMethod, Client, ClientMetadata},
    grant::may_skip_person,
    pending::{
        Approval, Asker, COLLECT_AFTER_ANSWER, DecidedBy, Delivery, EndKind, Ending, FaceName,
        INTERVAL_LIMIT, Pace, PaceTable, Payload, PendingRequest, RETENTION, SLOW_DOWN_BY, Seat,
        SignInNeed, State,
    },
    person::Authentication,
    right::Rights,
    secret::SecretHash,
    time::{Lifetime, Timestamp},
};

use crate::scene::rights;

const OPENED: Timestamp = Timestamp::from_secs(1_000);
const ENDS: Timestamp = Timestamp::from_secs(1_600);
const MILLISECOND: Lifetime = Lifetime::from_millis(1);
const FIVE: Lifetime = Lifetime::from_secs(5);

fn request(state: State) -> PendingRequest {
    PendingRequest {
        id: Id::from_bytes([1; 16]),
        face: FaceName(Cow::Borrowed("oauth")),
        asker: Asker {
            client: Id::from_bytes([2; 16]),
            peer: "192.0.2.1".to_owned(),
            proven: true,
            introduced: None,
        },
        asked: rights("read"),
        need: SignInNeed::default(),
        addressed_to: None,
        delivery: Delivery::Poll { interval: FIVE },
        browser: None,
        always_ask: false,
        parent: None,
        continuation: None,
        on_answer: None,
        shown_at: None,
        user_code: None,
        payload: Payload {
            version: 1,
            open: serde_json::Value::Null,
            sealed: None,
        },
        created_at: OPENED,
        expires_at: ENDS,
        keep_until: ENDS,
        state,
    }
}

fn client(metadata: ClientMetadata) -> Client {
    Client {
        id: Id::from_bytes([2; 16]),
        number: 1,
        client_id: "tv".to_owned(),
        secrets: Vec::new(),
        metadata,
        disabled: false,
        not_before: None,
        declared: None,
        key: None,
        resource_sets: std::collections::BTreeMap::new(),
        created_at: OPENED,
        keep_until: None,
    }
}

fn approved() -> State {
    State::Approved(Box::new(Approval {
        granted: Rights::default(),
        person: None,
        subject: None,
        authentication: None,
        session: None,
        sid: None,
        by: DecidedBy::Policy {
            rule: "any".to_owned(),
        },
        at: OPENED,
        under: None,
        handover: None,
    }))
}

#[test]
fn c2_a_request_is_in_time_until_its_end_exclusive() {
    let by = Seat {
        person: Id::from_bytes([3; 16]),
        browser: SecretHash::of("b"),
        used_at: OPENED,
    };
    let collected = State::Collected {
        at: OPENED,
        grant: Id::from_bytes([4; 16]),
        family: Id::from_bytes([5; 16]),
    };
    for (name, state, late) in [
        ("pending", State::Pending, Err(Refusal::Expired)),
        (
            "interacting",
            State::Interacting {
                by: by.clone(),
                shown: SecretHash::of("page"),
            },
            Err(Refusal::Expired),
        ),
        (
            "clarifying",
            State::Clarifying {
                by,
                question: String::new(),
                round: 1,
            },
            Err(Refusal::Expired),
        ),
        ("approved, uncollected", approved(), Err(Refusal::Revoked)),
        ("collected", collected, Ok(())),
        (
            "ended",
            State::Ended(Ending {
                kind: EndKind::Denied,
                at: OPENED,
            }),
            Ok(()),
        ),
    ] {
        let request = request(state);
        assert_eq!(
            request.in_time(ENDS.minus(MILLISECOND)),
            Ok(()),
            "{name}: before"
        );
        assert_eq!(request.in_time(ENDS), late, "{name}: at the end");
        assert_eq!(
            request.in_time(ENDS.plus(MILLISECOND)),
            late,
            "{name}: after"
        );
    }
}

#[test]
fn k10_a_settled_request_is_kept_for_its_lifetime_and_ten_minutes_at_least() {
    for (name, lived_s, settled_s, want_s) in [
        ("short, early", 60, 10, 60 + 600),
        ("short, late", 60, 100, 100 + 600),
        ("long, early", 1_800, 10, 1_800 + 1_800),
        ("long, late", 1_800, 2_000, 2_000 + 1_800),
    ] {
        let mut request = request(State::Pending);
        request.expires_at = OPENED.plus(Lifetime::from_secs(lived_s));
        let kept = request.retention(OPENED.plus(Lifetime::from_secs(settled_s)));
        assert_eq!(kept, OPENED.plus(Lifetime::from_secs(want_s)), "{name}");
    }
    assert_eq!(RETENTION, Lifetime::from_secs(600));
}

#[test]
fn c5_the_digest_changes_with_what_is_shown_and_with_nothing_else() {
    let person = Id::from_bytes([9; 16]);
    let shown = request(State::Pending);
    let named = client(ClientMetadata::default());
    let digest = shown.digest(&named, Some(person));

    let mut same = shown.clone();
    same.state = approved();
    same.delivery = Delivery::Poll {
        interval: Lifetime::from_secs(10),
    };
    same.expires_at = ENDS.plus(FIVE);
    assert_eq!(same.digest(&named, Some(person)), digest);

    let mut more = shown.clone();
    more.asked = rights("read write");
    let mut elsewhere = shown.clone();
    elsewhere.asked = Rights::parse("read", ["urn:x:y"]).unwrap();
    let mut another = shown.clone();
    another.id = Id::from_bytes([8; 16]);
    let renamed = client(ClientMetadata {
        client_name: Some("Bank".to_owned()),
        ..ClientMetadata::default()
    });
    let moved = client(ClientMetadata {
        client_uri: Some("https://bank.example".to_owned()),
        ..ClientMetadata::default()
    });
    let other_policy = client(ClientMetadata {
        policy_uri: Some("https://bank.example/privacy".to_owned()),
        ..ClientMetadata::default()
    });
    let other_terms = client(ClientMetadata {
        tos_uri: Some("https://bank.example/terms".to_owned()),
        ..ClientMetadata::default()
    });
    for (name, other) in [
        ("more scopes", more.digest(&named, Some(person))),
        ("another resource", elsewhere.digest(&named, Some(person))),
        ("another request", another.digest(&named, Some(person))),
        ("another name", shown.digest(&renamed, Some(person))),
        ("another home", shown.digest(&moved, Some(person))),
        ("another policy", shown.digest(&other_policy, Some(person))),
        ("other terms", shown.digest(&other_terms, Some(person))),
        (
            "another person",
            shown.digest(&named, Some(Id::from_bytes([7; 16]))),
        ),
    ] {
        assert_ne!(other, digest, "{name}");
    }
}

#[test]
fn an_approval_can_be_collected_long_enough() {
    let redirect = Delivery::Redirect {
        code_lifetime: Lifetime::from_secs(60),
    };
    let poll = Delivery::Poll { interval: FIVE };
    let grace = COLLECT_AFTER_ANSWER.plus(FIVE);
    let last = ENDS.minus(MILLISECOND);
    for (name, delivery, now, want) in [
        (
            "code, early",
            &redirect,
            OPENED,
            OPENED.plus(Lifetime::from_secs(60)),
        ),
        (
            "code, late",
            &redirect,
            last,
            last.plus(Lifetime::from_secs(60)),
        ),
        ("poll, early", &poll, OPENED, ENDS),
        ("poll, late", &poll, last, last.plus(grace)),
    ] {
        assert_eq!(delivery.collect_until(now, ENDS), want, "{name}");
    }
    assert_eq!(redirect.interval(), None);
    assert_eq!(poll.interval(), Some(FIVE));
}

#[test]
fn a14_only_a_proven_redirect_skips_the_person() {
    use ApplicationType::{Native, Web};
    use AuthMethod::{ClientSecretBasic, None};
    let method = |method, application_type| {
        client(ClientMetadata {
            token_endpoint_auth_method: Some(method),
            application_type,
            ..ClientMetadata::default()
        })
    };
    for (name, client, uri, want) in [
        (
            "public web, https",
            method(None, Web),
            "https://app.example/cb",
            true,
        ),
        (
            "public web, loopback",
            method(None, Web),
            "http://127.0.0.1/cb",
            false,
        ),
        (
            "public web, scheme",
            method(None, Web),
            "com.example:/cb",
            false,
        ),
        (
            "public native, https",
            method(None, Native),
            "https://app.example/cb",
            false,
        ),
        (
            "public native, scheme",
            method(None, Native),
            "com.example:/cb",
            false,
        ),
        (
            "confidential",
            method(ClientSecretBasic, Web),
            "http://127.0.0.1/cb",
            true,
        ),
        (
            "confidential native",
            method(ClientSecretBasic, Native),
            "com.example:/cb",
            true,
        ),
    ] {
        assert_eq!(may_skip_person(&client, uri), want, "{name}");
    }
}

#[test]
fn a16_a_need_is_met_by_the_right_and_recent_sign_in() {
    let signed_in = |at| Authentication {
        at,
        acr: None,
        amr: Vec::new(),
    };
    let need = |not_before, subject: Option<&str>| SignInNeed {
        not_before,
        subject: subject.map(str::to_owned),
        login_hint: Some("hints bind nobody".to_owned()),
    };
    for (name, need, at, subject, want) in [
        ("any", need(None, None), OPENED, "s", true),
        ("recent", need(Some(OPENED), None), OPENED, "s", true),
        (
            "old",
            need(Some(OPENED), None),
            OPENED.minus(MILLISECOND),
            "s",
            false,
        ),
        ("them", need(None, Some("s")), OPENED, "s", true),
        ("somebody else", need(None, Some("s")), OPENED, "t", false),
    ] {
        assert_eq!(need.is_met_by(&signed_in(at), subject), want, "{name}");
    }
}

#[test]
fn d7_the_interval_grows_by_five_seconds_and_never_shrinks() {
    for (from_s, want_s) in [(1, 6), (5, 10), (54, 59), (58, 60), (60, 60), (90, 90)] {
        let table = PaceTable::default();
        let interval = Lifetime::from_secs(from_s);
        assert_eq!(table.judge(&[1; 32], interval, OPENED), Pace::Fine);
        let grown = Pace::Grow {
            interval: Lifetime::from_secs(want_s),
        };
        assert_eq!(
            table.judge(&[1; 32], interval, OPENED),
            grown,
            "from {from_s} s"
        );
        assert_eq!(
            table.judge(&[2; 32], interval, OPENED),
            Pace::Fine,
            "another handle"
        );
        table.forget(&[1; 32]);
        assert_eq!(
            table.judge(&[1; 32], interval, OPENED),
            Pace::Fine,
            "forgotten"
        );
    }
    assert_eq!(
        (SLOW_DOWN_BY, INTERVAL_LIMIT),
        (FIVE, Lifetime::from_secs(60))
    );
}

#[test]
fn d7_a_poll_exactly_at_its_interval_is_in_time() {
    let table = PaceTable::default();
    table.judge(&[1; 32], FIVE, OPENED);
    assert_eq!(table.judge(&[1; 32], FIVE, OPENED.plus(FIVE)), Pace::Fine);
    let early = OPENED.plus(FIVE).plus(FIVE).minus(MILLISECOND);
    let told = table.judge(&[1; 32], FIVE, early);
    assert!(matches!(told, Pace::Grow { .. }), "{told:?}");
}
