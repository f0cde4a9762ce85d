//! The judge: reads the journal and the events and names every broken promise.
//!
//! | Rule | Promise |
//! |---|---|
//! | J1 | acknowledged decisions stand |
//! | J2 | acknowledged tokens are active |
//! | J3 | acknowledged revocations hold |
//! | J4 | every single-use value had at most one distinct result |
//! | J5 | no request is both denied or expired to one side and approved to the other |
//! | J6 | every change has its event |
//! | J7 | no token that nothing explains |
//!
//! A request noted later than another's answer happened after it. A request without an answer may have happened or not,
//! so it excuses both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    events::Events,
    journal::{Action, Reply, Step},
};

/// A token older than this may have ended by itself.
const LIFETIME_MS: u64 = 8 * 60 * 1000;
/// A used refresh token that comes again later than this ends its family, as it should.
const REPEAT_MS: u64 = 25 * 1000;

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// J1 to J5, and J7 as far as the journal alone can tell.
pub(crate) fn of_journal(steps: &[Step]) -> Vec<Violation> {
    let book = Book::new(steps);
    let mut found = Vec::new();
    for (code, request) in &book.requests {
        request.decisions_stand(code, &mut found);
        request.one_side(code, &mut found);
    }
    book.tokens_live(&mut found);
    book.revocations_hold(&mut found);
    book.single_use(&mut found);
    found
}

/// J6 and J7: the events of the store against what the journal knows.
pub(crate) fn of_events(steps: &[Step], events: &Events) -> Vec<Violation> {
    let book = Book::new(steps);
    let mut found = Vec::new();
    for (kinds, done, tried) in book.expected() {
        let count: u64 = kinds.iter().map(|kind| events.count(kind)).sum();
        if count < done {
            found.push(Violation {
                rule: "J6",
                what: format!(
                    "{done} acknowledged, {count} events: {}",
                    kinds.join(" or ")
                ),
            });
        }
        if count > tried {
            found.push(Violation {
                rule: "J7",
                what: format!("{tried} asked for, {count} events: {}", kinds.join(" or ")),
            });
        }
    }
    for step in steps {
        if let Some((
            _,
            Reply::Activity {
                active: true,
                jti: Some(jti),
            },
        )) = &step.reply
            && !events.issued(jti)
        {
            found.push(Violation {
                rule: "J7",
                what: format!("the active token {jti} is in no event"),
            });
        }
    }
    found
}

/// How many decisions were acknowledged.
pub(crate) fn decisions(steps: &[Step]) -> usize {
    Book::new(steps)
        .requests
        .values()
        .filter(|request| !request.verdicts().is_empty())
        .count()
}

/// The journal, sorted by what its requests were about.
#[derive(Debug, Default)]
struct Book<'a> {
    opened: u64,
    open_tried: u64,
    mint_tried: u64,
    requests: BTreeMap<&'a str, Request<'a>>,
    refreshes: BTreeMap<&'a str, Vec<&'a Step>>,
    introspections: BTreeMap<&'a str, Vec<&'a Step>>,
    revocations: BTreeMap<&'a str, Vec<&'a Step>>,
    /// Each token that was handed out, with its origin and the step that brought it.
    tokens: BTreeMap<&'a str, (Origin<'a>, &'a Step)>,
    /// The tokens of each family.
    families: BTreeMap<Origin<'a>, Vec<&'a str>>,
    /// The first line from which on a family may have ended; without a family, where that of a token is not known.
    ended: BTreeMap<Option<Origin<'a>>, usize>,
    minted: u64,
}

/// Where a token comes from: the first token of its family decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin<'a> {
    Device(&'a str),
    Client(usize),
    Unknown(&'a str),
}

/// What happened to one device code.
#[derive(Debug, Default)]
struct Request<'a> {
    answers: Vec<(bool, &'a Step)>,
    polls: Vec<&'a Step>,
}

impl<'a> Book<'a> {
    fn new(steps: &'a [Step]) -> Self {
        let mut book = Self::default();
        for step in steps {
            book.sort_in(step);
        }
        // Steps stand in the order of their beginning, so a refresh follows what brought its token.
        for step in steps {
            let Some((access, refresh)) = step.tokens() else {
                continue;
            };
            let origin = book.origin(step);
            for token in [Some(access), refresh].into_iter().flatten() {
                book.tokens.entry(token).or_insert((origin, step));
                book.families.entry(origin).or_default().push(token);
            }
        }
        book.sort_ends();
        book
    }

    /// Families end when somebody asks for it, and when a used refresh token comes again too late.
    fn sort_ends(&mut self) {
        let asked = self.revocations.iter().filter_map(|(token, steps)| {
            Some((*token, steps.iter().map(|step| step.begun).min()?))
        });
        let reused = self.refreshes.iter().filter_map(|(token, steps)| {
            let mut span: Option<(u64, u64)> = None;
            let late = steps.iter().find(|step| {
                let at = step.begun_ms;
                let (first, last) = span.map_or((at, at), |(a, b)| (a.min(at), b.max(at)));
                span = Some((first, last));
                last - first > REPEAT_MS
            });
            Some((*token, late?.begun))
        });
        for (token, begun) in asked.chain(reused) {
            let family = self.tokens.get(token).map(|(origin, _)| *origin);
            let first = self.ended.entry(family).or_insert(begun);
            *first = begun.min(*first);
        }
    }

    fn sort_in(&mut self, step: &'a Step) {
        let done = step.reply.is_some();
        match &step.action {
            Action::Open => {
                self.open_tried += 1;
                self.opened += u64::from(matches!(step.reply, Some((_, Reply::Opened { .. }))));
            }
            Action::Answer {
                device_code,
                approve,
            } => {
                self.requests
                    .entry(device_code)
                    .or_default()
                    .answers
                    .push((*approve, step));
            }
            Action::Poll { device_code } => self
                .requests
                .entry(device_code)
                .or_default()
                .polls
                .push(step),
            Action::Refresh { token } => self.refreshes.entry(token).or_default().push(step),
            Action::Introspect { token } if done => {
                self.introspections.entry(token).or_default().push(step);
            }
            Action::Introspect { .. } => {}
            Action::Revoke { token } => self.revocations.entry(token).or_default().push(step),
            Action::Mint => {
                self.mint_tried += 1;
                self.minted += u64::from(step.tokens().is_some());
            }
        }
    }

    fn origin(&self, step: &'a Step) -> Origin<'a> {
        match &step.action {
            Action::Poll { device_code } => Origin::Device(device_code),
            Action::Refresh { token } => self
                .tokens
                .get(token.as_str())
                .map_or(Origin::Unknown(token), |(origin, _)| *origin),
            _ => Origin::Client(step.begun),
        }
    }

    /// J2.
    fn tokens_live(&self, found: &mut Vec<Violation>) {
        for (token, looks) in &self.introspections {
            let Some((origin, bringer)) = self.tokens.get(token) else {
                continue;
            };
            for look in looks {
                let Some((seen, Reply::Activity { active: false, .. })) = &look.reply else {
                    continue;
                };
                let known = bringer
                    .reply
                    .as_ref()
                    .is_some_and(|(at, _)| *at < look.begun);
                let young = look.begun_ms.saturating_sub(bringer.begun_ms) < LIFETIME_MS;
                if known && young && !self.may_have_ended(*origin, *seen) {
                    found.push(Violation {
                        rule: "J2",
                        what: format!("an acknowledged token is not active: {}", short(token)),
                    });
                }
            }
        }
    }

    /// Whether somebody asked for the end of this family before the line `until`, or did what must end it.
    fn may_have_ended(&self, origin: Origin<'_>, until: usize) -> bool {
        [Some(origin), None]
            .iter()
            .any(|family| self.ended.get(family).is_some_and(|begun| *begun < until))
    }

    /// J3: the token itself, and everything of its family when it was a refresh token.
    fn revocations_hold(&self, found: &mut Vec<Violation>) {
        for (revoked, steps) in &self.revocations {
            let Some(since) = steps
                .iter()
                .filter_map(|step| step.reply.as_ref().map(|(at, _)| *at))
                .min()
            else {
                continue;
            };
            let family = self.tokens.get(revoked).filter(|(_, step)| {
                step.tokens()
                    .is_some_and(|(_, refresh)| refresh == Some(revoked))
            });
            let members = family.and_then(|(origin, _)| self.families.get(origin));
            let ended: BTreeSet<&str> = members
                .into_iter()
                .flatten()
                .chain([revoked])
                .copied()
                .collect();
            for token in ended {
                let looks = self.introspections.get(token).into_iter().flatten();
                for _ in looks.filter(|look| {
                    look.begun > since
                        && matches!(look.reply, Some((_, Reply::Activity { active: true, .. })))
                }) {
                    found.push(Violation {
                        rule: "J3",
                        what: format!("a revoked token is active: {}", short(token)),
                    });
                }
            }
            for step in self.refreshes.get(revoked).into_iter().flatten() {
                if step.begun > since && step.tokens().is_some() {
                    found.push(Violation {
                        rule: "J3",
                        what: format!("a revoked token was refreshed: {}", short(revoked)),
                    });
                }
            }
        }
    }

    /// J4.
    fn single_use(&self, found: &mut Vec<Violation>) {
        let polls = self
            .requests
            .iter()
            .map(|(code, request)| ("device code", *code, &request.polls));
        let refreshes = self
            .refreshes
            .iter()
            .map(|(token, steps)| ("refresh token", *token, steps));
        for (what, value, steps) in polls.chain(refreshes) {
            let results: BTreeSet<_> = steps.iter().filter_map(|step| step.tokens()).collect();
            if results.len() > 1 {
                let count = results.len();
                found.push(Violation {
                    rule: "J4",
                    what: format!("{count} results of one {what}: {}", short(value)),
                });
            }
        }
    }

    /// For each kind of event: how many there must be, and how many there may be.
    fn expected(&self) -> Vec<(&'static [&'static str], u64, u64)> {
        let requests = || self.requests.values();
        let verdict =
            |word: &str| count(requests().filter(|request| request.verdicts().contains(word)));
        let tried = |approve: bool| {
            count(
                requests()
                    .filter(|request| request.answers.iter().any(|(choice, _)| *choice == approve)),
            )
        };
        let collected = count(
            requests().filter(|request| request.polls.iter().any(|step| step.tokens().is_some())),
        );
        let refreshed = count(
            self.refreshes
                .values()
                .filter(|steps| steps.iter().any(|step| step.tokens().is_some())),
        );
        let revoked = self.revocations.iter().filter(|(token, steps)| {
            let ended = steps
                .iter()
                .any(|step| matches!(step.reply, Some((_, Reply::Revoked))));
            ended && self.tokens.contains_key(*token)
        });
        vec![
            (&["request_opened"], self.opened, self.open_tried),
            (&["request_approved"], verdict("approved"), tried(true)),
            (&["request_denied"], verdict("denied"), tried(false)),
            (&["tokens_collected"], collected, tried(true)),
            (&["token_issued"], self.minted, self.mint_tried),
            (
                &["token_refreshed"],
                refreshed,
                count(self.refreshes.values()),
            ),
            (
                &["token_revoked", "grant_revoked"],
                count(revoked),
                count(self.revocations.values()),
            ),
        ]
    }
}

impl Request<'_> {
    /// What persons were told.
    fn verdicts(&self) -> BTreeSet<&str> {
        self.answers
            .iter()
            .filter_map(|(_, step)| match &step.reply {
                Some((_, Reply::Outcome(outcome))) => Some(outcome.as_str()),
                _ => None,
            })
            .collect()
    }

    /// J1, and J7 for tokens of a request that nobody tried to approve.
    fn decisions_stand(&self, code: &str, found: &mut Vec<Violation>) {
        let told = |word: &str| {
            let at = self
                .answers
                .iter()
                .filter_map(|(_, step)| match &step.reply {
                    Some((at, Reply::Outcome(outcome))) if outcome == word => Some(*at),
                    _ => None,
                });
            at.min()
        };
        for (number, poll) in self.polls.iter().enumerate() {
            let Some((_, reply)) = &poll.reply else {
                continue;
            };
            let after = |at: Option<usize>| at.is_some_and(|at| at < poll.begun);
            let refusal = if let Reply::Refused(code) = reply {
                Some(code.as_str())
            } else {
                None
            };
            let gone = matches!(
                refusal,
                Some("authorization_pending" | "access_denied" | "expired_token")
            );
            let handed_over = self.polls.iter().enumerate().any(|(other, step)| {
                other != number && (step.reply.is_none() || step.tokens().is_some())
            });
            if after(told("approved"))
                && (gone || (refusal == Some("invalid_grant") && !handed_over))
            {
                let what = format!(
                    "approved, then told {}: {}",
                    refusal.unwrap_or_default(),
                    short(code)
                );
                found.push(Violation { rule: "J1", what });
            }
            let undone = poll.tokens().is_some() || refusal == Some("authorization_pending");
            if after(told("denied")) && undone {
                found.push(Violation {
                    rule: "J1",
                    what: format!("denied, and then not: {}", short(code)),
                });
            }
            let tried = self.answers.iter().any(|(approve, step)| {
                *approve && poll.reply.as_ref().is_some_and(|(at, _)| step.begun < *at)
            });
            if poll.tokens().is_some() && !tried {
                found.push(Violation {
                    rule: "J7",
                    what: format!("tokens without an approval: {}", short(code)),
                });
            }
        }
    }

    /// J5.
    fn one_side(&self, code: &str, found: &mut Vec<Violation>) {
        let verdicts = self.verdicts();
        let refused = |word: &str| {
            self.polls
                .iter()
                .any(|step| matches!(&step.reply, Some((_, Reply::Refused(code))) if code == word))
        };
        let yes =
            verdicts.contains("approved") || self.polls.iter().any(|step| step.tokens().is_some());
        let no = verdicts.contains("denied")
            || verdicts.contains("expired")
            || refused("access_denied")
            || refused("expired_token");
        if yes && no {
            found.push(Violation {
                rule: "J5",
                what: format!("approved to one side and not to the other: {}", short(code)),
            });
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |sum, _| sum + 1)
}

/// Enough of a value to find it in the journal.
fn short(value: &str) -> String {
    value.chars().take(12).collect()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
