//! Every transition of a request out of every state.

use placet_core::{
    Id, Refusal,
    grant::Grant,
    pending::{Approval, CLARIFY_ROUNDS, DecidedBy, EndKind, Ending, SEAT_IDLE, Seat, State},
    person::Person,
    right::Rights,
    secret::{Digest, SecretHash},
    time::{Lifetime, Timestamp},
    token::Family,
};

const NOW: Timestamp = Timestamp::from_secs(1_000);
const KINDS: [EndKind; 6] = [
    EndKind::Denied,
    EndKind::Cancelled,
    EndKind::Abandoned,
    EndKind::Revoked,
    EndKind::Failed,
    EndKind::Expired,
];

fn person(number: u8) -> Id<Person> {
    Id::from_bytes([number; 16])
}

fn seat(number: u8, used_at: Timestamp) -> Seat {
    Seat {
        person: person(number),
        browser: SecretHash::of("browser"),
        used_at,
    }
}

fn shown() -> Digest {
    SecretHash::of("page")
}

fn approval(by: DecidedBy) -> Approval {
    Approval {
        granted: Rights::default(),
        person: Some(person(1)),
        subject: None,
        authentication: None,
        session: None,
        sid: None,
        by,
        at: NOW,
        under: None,
        handover: None,
    }
}

fn by_seat(number: u8) -> DecidedBy {
    DecidedBy::Seat {
        person: person(number),
        session: SecretHash::of("session"),
    }
}

fn by_operator() -> DecidedBy {
    DecidedBy::Operator {
        credential: "ops".to_owned(),
    }
}

fn by_policy() -> DecidedBy {
    DecidedBy::Policy {
        rule: "first party".to_owned(),
    }
}

fn interacting() -> State {
    State::Interacting {
        by: seat(1, NOW),
        shown: shown(),
    }
}

fn clarifying() -> State {
    State::Clarifying {
        by: seat(1, NOW),
        question: "Why?".to_owned(),
        round: 1,
    }
}

fn approved() -> State {
    State::Approved(Box::new(approval(by_seat(1))))
}

fn collected() -> State {
    State::Collected {
        at: NOW,
        grant: Id::from_bytes([1; 16]),
        family: Id::from_bytes([2; 16]),
    }
}

fn ended(kind: EndKind) -> State {
    State::Ended(Ending { kind, at: NOW })
}

fn open_states() -> [(&'static str, State); 3] {
    [
        ("pending", State::Pending),
        ("interacting", interacting()),
        ("clarifying", clarifying()),
    ]
}

/// Every settled state and what it says to whoever would still act on it.
fn settled_states() -> Vec<(&'static str, State, Refusal)> {
    let says = |kind| match kind {
        EndKind::Denied | EndKind::Abandoned => Refusal::Denied,
        EndKind::Cancelled => Refusal::Cancelled,
        EndKind::Revoked | EndKind::Failed => Refusal::Revoked,
        EndKind::Expired => Refusal::Expired,
    };
    let mut states = vec![
        ("approved", approved(), Refusal::AlreadyAnswered),
        ("collected", collected(), Refusal::AlreadyCollected),
    ];
    states.extend(KINDS.map(|kind| ("ended", ended(kind), says(kind))));
    states
}

#[test]
fn d6_a_seat_is_taken_from_pending_and_from_whoever_idles() {
    let idle = NOW.plus(SEAT_IDLE);
    let almost = idle.minus(Lifetime::from_millis(1));
    for (name, state, by, want) in [
        ("free", State::Pending, seat(1, NOW), Ok(())),
        ("same person", interacting(), seat(1, NOW), Ok(())),
        (
            "another person",
            interacting(),
            seat(2, almost),
            Err(Refusal::Taken),
        ),
        ("idle seat", interacting(), seat(2, idle), Ok(())),
        ("asking person", clarifying(), seat(1, NOW), Ok(())),
        (
            "other's question",
            clarifying(),
            seat(2, almost),
            Err(Refusal::Taken),
        ),
        ("idle question", clarifying(), seat(2, idle), Ok(())),
    ] {
        let claimed = state.clone().claim(by.clone(), shown());
        let next = State::Interacting {
            by: by.clone(),
            shown: shown(),
        };
        assert_eq!(claimed, want.clone().map(|()| next), "claim: {name}");
        let asked = state.clone().ask(by.clone(), "Why?".to_owned(), 0);
        let next = State::Clarifying {
            by: by.clone(),
            question: "Why?".to_owned(),
            round: 1,
        };
        assert_eq!(asked, want.clone().map(|()| next), "ask: {name}");
        assert_eq!(
            state.open_to(by.person, by.used_at),
            want,
            "open to: {name}"
        );
    }
    assert_eq!(SEAT_IDLE, Lifetime::from_secs(300));
}

#[test]
fn questions_are_counted() {
    for (before, want) in [(0, Some(1)), (4, Some(5)), (5, None), (u8::MAX, None)] {
        let round = match State::Pending.ask(seat(1, NOW), String::new(), before) {
            Ok(State::Clarifying { round, .. }) => Some(round),
            Err(Refusal::TooMany { .. }) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(round, want, "after {before}");
    }
    assert_eq!(CLARIFY_ROUNDS, 5);
}

#[test]
fn an_open_request_is_approved_by_its_seat_an_operator_or_a_policy() {
    for (name, state) in open_states() {
        assert_eq!(state.unanswered(), Ok(()), "{name}");
        assert!(!state.is_settled(), "{name}");
        for by in [by_seat(1), by_operator(), by_policy()] {
            let given = approval(by);
            let want = State::Approved(Box::new(given.clone()));
            assert_eq!(state.clone().approve(given), Ok(want), "{name}");
        }
        let other = state.clone().approve(approval(by_seat(2)));
        let free = matches!(state, State::Pending);
        assert_eq!(other.is_ok(), free, "{name}: another person");
        assert_eq!(other.err(), (!free).then_some(Refusal::Taken), "{name}");
    }
}

#[test]
fn an_open_request_ends_in_every_way_and_is_not_collected() {
    for (name, state) in open_states() {
        for kind in KINDS {
            assert_eq!(state.clone().end(kind, NOW), Ok(ended(kind)), "{name}");
        }
        let told = state.collect(Id::from_bytes([0; 16]), Id::from_bytes([0; 16]), NOW);
        let want = Refusal::Waiting {
            interval: Lifetime::ZERO,
        };
        assert_eq!(told, Err(want), "{name}");
    }
}

#[test]
fn an_approval_is_collected_once_and_no_longer_denied() {
    let (grant, family): (Id<Grant>, Id<Family>) =
        (Id::from_bytes([3; 16]), Id::from_bytes([4; 16]));
    let (next, given) = approved().collect(grant, family, NOW).unwrap();
    assert_eq!(
        next,
        State::Collected {
            at: NOW,
            grant,
            family
        }
    );
    assert_eq!(given, approval(by_seat(1)));
    assert_eq!(
        next.collect(grant, family, NOW),
        Err(Refusal::AlreadyCollected)
    );
    for kind in KINDS {
        let want = match kind {
            EndKind::Denied | EndKind::Abandoned => Err(Refusal::AlreadyAnswered),
            EndKind::Cancelled | EndKind::Revoked | EndKind::Failed | EndKind::Expired => {
                Ok(ended(kind))
            }
        };
        assert_eq!(approved().end(kind, NOW), want, "{kind:?}");
    }
}

#[test]
fn c1_a_settled_request_refuses_everything_and_says_why() {
    for (name, state, why) in settled_states() {
        let refused = Err(why.clone());
        assert!(state.is_settled(), "{name}");
        assert_eq!(state.unanswered(), refused, "{name}: unanswered");
        assert_eq!(state.open_to(person(1), NOW), refused, "{name}: open to");
        let claimed = state.clone().claim(seat(1, NOW), shown());
        assert_eq!(claimed.map(|_| ()), refused, "{name}: claim");
        let asked = state.clone().ask(seat(1, NOW), String::new(), 0);
        assert_eq!(asked.map(|_| ()), refused, "{name}: ask");
        for by in [by_seat(1), by_operator(), by_policy()] {
            let told = state.clone().approve(approval(by));
            assert_eq!(told.map(|_| ()), refused, "{name}: approve");
        }
        if !matches!(state, State::Approved(_)) {
            for kind in KINDS {
                assert_eq!(
                    state.clone().end(kind, NOW).map(|_| ()),
                    refused,
                    "{name}: end"
                );
            }
            let told = state
                .clone()
                .collect(Id::from_bytes([0; 16]), Id::from_bytes([0; 16]), NOW);
            assert_eq!(told.map(|_| ()), refused, "{name}: collect");
        }
    }
}

#[test]
fn waiters_wake_when_there_is_something_to_learn() {
    for (state, wakes) in [
        (State::Pending, false),
        (interacting(), false),
        (collected(), false),
        (clarifying(), true),
        (approved(), true),
        (ended(EndKind::Denied), true),
        (ended(EndKind::Expired), true),
    ] {
        assert_eq!(state.wakes(), wakes, "{state:?}");
    }
}
