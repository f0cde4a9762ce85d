//! The judge must be able to fail: every rule with a planted violation, and the honest histories next to it.

use super::*;
use crate::torture::events::Events;

/// Builds a history step by step; each answer follows its request at once.
#[derive(Default)]
struct History {
    steps: Vec<Step>,
    line: usize,
    now_ms: u64,
}

impl History {
    fn step(mut self, action: Action, reply: Option<Reply>) -> Self {
        let begun = self.line;
        self.line += 2;
        self.steps.push(Step {
            action,
            begun,
            begun_ms: self.now_ms,
            reply: reply.map(|reply| (begun + 1, reply)),
        });
        self
    }

    fn later(mut self, ms: u64) -> Self {
        self.now_ms += ms;
        self
    }

    fn answer(self, approve: bool, outcome: Option<&str>) -> Self {
        let action = Action::Answer {
            device_code: "code".to_owned(),
            approve,
        };
        self.step(
            action,
            outcome.map(|outcome| Reply::Outcome(outcome.to_owned())),
        )
    }

    fn poll(self, reply: Option<Reply>) -> Self {
        self.step(
            Action::Poll {
                device_code: "code".to_owned(),
            },
            reply,
        )
    }

    fn refresh(self, token: &str, reply: Option<Reply>) -> Self {
        self.step(
            Action::Refresh {
                token: token.to_owned(),
            },
            reply,
        )
    }

    fn look(self, token: &str, active: bool) -> Self {
        let reply = Reply::Activity {
            active,
            jti: Some(format!("jti-{token}")),
        };
        self.step(
            Action::Introspect {
                token: token.to_owned(),
            },
            Some(reply),
        )
    }

    fn revoke(self, token: &str, reply: Option<Reply>) -> Self {
        self.step(
            Action::Revoke {
                token: token.to_owned(),
            },
            reply,
        )
    }

    fn mint(self, access: &str) -> Self {
        self.step(Action::Mint, tokens(access, None))
    }

    /// A device flow that went well: access `a1`, refresh `r1`.
    fn collected() -> Self {
        Self::default()
            .answer(true, Some("approved"))
            .poll(tokens("a1", Some("r1")))
    }

    fn broken(&self) -> BTreeSet<&'static str> {
        of_journal(&self.steps)
            .into_iter()
            .map(|violation| violation.rule)
            .collect()
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "stands where a lost answer is `None`"
)]
fn tokens(access: &str, refresh: Option<&str>) -> Option<Reply> {
    Some(Reply::Tokens {
        access: access.to_owned(),
        refresh: refresh.map(str::to_owned),
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "stands where a lost answer is `None`"
)]
fn refused(code: &str) -> Option<Reply> {
    Some(Reply::Refused(code.to_owned()))
}

/// Judges each history and compares the rules found broken.
fn judge(cases: Vec<(&str, History, &[&str])>) {
    for (name, history, want) in cases {
        assert_eq!(history.broken(), want.iter().copied().collect(), "{name}");
    }
}

#[test]
fn j1_decisions() {
    let waits = || refused("authorization_pending");
    let yes = || History::default().answer(true, Some("approved"));
    let no = || History::default().answer(false, Some("denied"));
    let turned = History::default()
        .answer(true, None)
        .answer(false, Some("denied"));
    judge(vec![
        (
            "pending before",
            History::default()
                .poll(waits())
                .answer(true, Some("approved")),
            &[],
        ),
        ("slow_down after", yes().poll(refused("slow_down")), &[]),
        (
            "collected, answer lost",
            yes().poll(None).poll(refused("invalid_grant")),
            &[],
        ),
        ("pending again", yes().poll(waits()), &["J1"]),
        (
            "approved and gone",
            yes().poll(refused("invalid_grant")),
            &["J1"],
        ),
        ("denied", no().poll(refused("access_denied")), &[]),
        ("denial forgotten", no().poll(waits()), &["J1"]),
        (
            "denial turned",
            turned.poll(tokens("a1", None)),
            &["J1", "J5"],
        ),
    ]);
}

#[test]
fn j2_tokens() {
    let repeated = History::collected()
        .refresh("r1", tokens("a2", Some("r2")))
        .later(REPEAT_MS + 1);
    let reused = repeated.refresh("r1", refused("invalid_grant"));
    let other = History::collected()
        .mint("m1")
        .revoke("m1", Some(Reply::Revoked));
    judge(vec![
        ("active", History::collected().look("a1", true), &[]),
        (
            "not active",
            History::collected().look("a1", false),
            &["J2"],
        ),
        ("another was revoked", other.look("a1", false), &["J2"]),
        (
            "revoked, answer lost",
            History::collected().revoke("a1", None).look("a1", false),
            &[],
        ),
        (
            "too old",
            History::collected().later(LIFETIME_MS).look("a1", false),
            &[],
        ),
        ("reuse ends the family", reused.look("a2", false), &[]),
    ]);
}

#[test]
fn j3_revocations() {
    let revoked = |token: &str| History::collected().revoke(token, Some(Reply::Revoked));
    let rotated = History::collected().refresh("r1", tokens("a2", Some("r2")));
    judge(vec![
        ("holds", revoked("a1").look("a1", false), &[]),
        ("does not hold", revoked("a1").look("a1", true), &["J3"]),
        ("the family lives", revoked("r1").look("a1", true), &["J3"]),
        (
            "refreshed",
            revoked("r1").refresh("r1", tokens("a2", Some("r2"))),
            &["J3"],
        ),
        (
            "one access token",
            rotated.revoke("a1", Some(Reply::Revoked)).look("a2", true),
            &[],
        ),
    ]);
}

#[test]
fn j4_single_use() {
    let rotated = || History::collected().refresh("r1", tokens("a2", Some("r2")));
    judge(vec![
        (
            "collected again",
            History::collected().poll(refused("invalid_grant")),
            &[],
        ),
        (
            "two results of a code",
            History::collected().poll(tokens("a2", Some("r2"))),
            &["J4"],
        ),
        (
            "the same successor",
            rotated().refresh("r1", tokens("a2", Some("r2"))),
            &[],
        ),
        (
            "two successors",
            rotated().refresh("r1", tokens("a3", Some("r3"))),
            &["J4"],
        ),
    ]);
}

#[test]
fn j5_two_sides_and_j7_nobody_approved() {
    let begin = History::default;
    let yes = || begin().answer(true, Some("approved"));
    judge(vec![
        (
            "expired, then approved",
            begin()
                .poll(refused("expired_token"))
                .answer(true, Some("approved")),
            &["J5"],
        ),
        (
            "approved, then expired",
            yes().poll(refused("expired_token")),
            &["J1", "J5"],
        ),
        (
            "expired to the person, tokens to the client",
            begin()
                .answer(true, Some("expired"))
                .poll(tokens("a1", None)),
            &["J5"],
        ),
        (
            "expired to both",
            begin()
                .poll(refused("expired_token"))
                .answer(true, Some("expired")),
            &[],
        ),
        ("two persons", yes().answer(false, Some("denied")), &["J5"]),
        (
            "a second answer",
            yes().answer(false, Some("answered")),
            &[],
        ),
        (
            "no approval at all",
            begin().poll(tokens("a1", None)),
            &["J7"],
        ),
        (
            "approval, answer lost",
            begin().answer(true, None).poll(tokens("a1", None)),
            &[],
        ),
    ]);
}

/// The events an honest store has after [`History::collected`].
fn honest() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("request_approved", vec![]),
        ("tokens_collected", vec!["jti-a1"]),
    ]
}

fn judged(history: &History, list: &[(&str, Vec<&str>)]) -> BTreeSet<&'static str> {
    let list = list
        .iter()
        .map(|(kind, tokens)| serde_json::json!({ "kind": kind, "tokens": tokens }));
    let events = Events::read(&serde_json::Value::Array(list.collect()).to_string()).unwrap();
    of_events(&history.steps, &events)
        .into_iter()
        .map(|violation| violation.rule)
        .collect()
}

#[test]
fn j6_a_change_without_its_event_is_found() {
    let history = History::collected().look("a1", true);
    assert_eq!(judged(&history, &honest()), BTreeSet::new());
    assert_eq!(
        judged(&history, &[("tokens_collected", vec!["jti-a1"])]),
        BTreeSet::from(["J6"])
    );
    let revoked = History::collected().revoke("a1", Some(Reply::Revoked));
    assert_eq!(judged(&revoked, &honest()), BTreeSet::from(["J6"]));
}

#[test]
fn j7_events_and_tokens_that_nobody_asked_for_are_found() {
    let history = History::collected().look("a1", true);
    let mut more = honest();
    more.push(("token_issued", vec!["jti-x"]));
    assert_eq!(judged(&history, &more), BTreeSet::from(["J7"]));
    let unexplained = [
        ("request_approved", vec![]),
        ("tokens_collected", vec!["jti-other"]),
    ];
    assert_eq!(judged(&history, &unexplained), BTreeSet::from(["J7"]));
}
