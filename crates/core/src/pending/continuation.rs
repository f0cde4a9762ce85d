//! The way back: a client returns to its request by a token of its own, again and again.
//!
//! 1. Opening gives the first token. Each answer that lets the client come again gives the next one.
//! 2. The old token ends when the new one is first used, so that a lost reply locks nobody out; until then the old one gets
//!    the same new one again.
//! 3. Where a finish method was agreed, a reference that the person's browser (or a push) carries is a second key to the
//!    same door. It is used once, also when the person said no; three wrong ones end the request.
//! 4. What was handed over is repeated for [`REPEAT_FOR`] to whoever comes with the same token and needs no reference.
//!
//! Spec: RFC 9635 §3.1, §4.2, §5, §11.25, §11.33; threats G2 to G4 and G11

use serde::{Deserialize, Serialize};

use crate::{
    random::Random,
    receipt::Receipt,
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    time::{Lifetime, Timestamp},
};

/// How long what was handed over is repeated after a lost reply.
pub const REPEAT_FOR: Lifetime = Lifetime::from_secs(30);
/// The wrong references after which a request ends.
pub const WRONG_REFERENCES: u8 = 3;

/// How a client comes back to its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    /// The token that counts.
    pub token: SecretHash<kind::Continue>,
    /// The token that the last answer gave in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Successor>,
    /// Whether each answer gives a new token.
    pub rotates: bool,
    /// What must come with the token, when a finish method was agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// What was handed over, sealed under the token it was handed over for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Receipt>,
}

/// A token that was given and not used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// Its hash.
    pub token: SecretHash<kind::Continue>,
    /// The token itself, sealed under the one it replaces.
    pub receipt: Receipt,
}

/// The second key, carried by whoever sat in front of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finish {
    /// Its hash.
    pub reference: SecretHash<kind::Reference>,
    /// How many wrong ones came.
    #[serde(default)]
    pub wrong: u8,
    /// When the right one came. Absent: not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
}

/// What a presented reference is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// None was agreed and none came.
    NotNeeded,
    /// The right one, for the first time.
    Right,
    /// A wrong one.
    Wrong,
}

impl Continuation {
    /// A way back that begins with `token`.
    pub fn new(token: &Secret<kind::Continue>, rotates: bool) -> Self {
        Self {
            token: token.hash(),
            next: None,
            rotates,
            finish: None,
            given: None,
        }
    }

    /// The same, with a reference that must come with the token.
    #[must_use]
    pub fn with_finish(mut self, reference: Option<&Secret<kind::Reference>>) -> Self {
        self.finish = reference.map(|reference| Finish {
            reference: reference.hash(),
            wrong: 0,
            used_at: None,
        });
        self
    }

    /// Whether a token with this hash opens it.
    pub fn admits(&self, token: SecretHash<kind::Continue>) -> bool {
        self.token == token || self.is_next(token)
    }

    /// The way back after an answer to `presented`, and the token which that answer gives. `until` is when it stops
    /// mattering.
    pub fn turned(
        &self,
        presented: &Secret<kind::Continue>,
        (now, until): (Timestamp, Timestamp),
        random: &dyn Random,
    ) -> (Self, Secret<kind::Continue>) {
        let mut turned = self.clone();
        if !self.rotates {
            return (turned, presented.clone());
        }
        if self.is_next(presented.hash()) {
            turned.token = presented.hash();
        } else if let Some(again) = self.given_before(presented, now) {
            return (turned, again);
        }
        let fresh = Secret::generate(random);
        turned.next = Some(Successor {
            token: fresh.hash(),
            receipt: Receipt::new(presented, &fresh.reveal(), until, random),
        });
        (turned, fresh)
    }

    /// What came with the token, judged.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] for a poll where a reference is due; [`Refusal::Reused`] for one that was used.
    pub fn judge(&self, reference: Option<&str>) -> Result<Presented, Refusal> {
        let Some(finish) = &self.finish else {
            return Ok(match reference {
                None => Presented::NotNeeded,
                Some(_) => Presented::Wrong,
            });
        };
        let reference = reference.ok_or(Refusal::NotAllowed)?;
        if SecretHash::of(reference) != finish.reference {
            return Ok(Presented::Wrong);
        }
        match finish.used_at {
            None => Ok(Presented::Right),
            Some(_) => Err(Refusal::Reused),
        }
    }

    fn is_next(&self, token: SecretHash<kind::Continue>) -> bool {
        self.next.as_ref().is_some_and(|next| next.token == token)
    }

    fn given_before(
        &self,
        presented: &Secret<kind::Continue>,
        now: Timestamp,
    ) -> Option<Secret<kind::Continue>> {
        let text: String = self.next.as_ref()?.receipt.open(presented, now)?;
        Secret::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const NOW: Timestamp = Timestamp::from_secs(100);
    const LATER: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn g3_the_old_token_ends_when_the_new_one_is_first_used() {
        let first = Secret::generate(&SystemRandom);
        let way = Continuation::new(&first, true);
        let (way, second) = way.turned(&first, (NOW, LATER), &SystemRandom);
        assert!(way.admits(first.hash()) && way.admits(second.hash()));
        let (again, same) = way.turned(&first, (NOW, LATER), &SystemRandom);
        assert_eq!((same.hash(), &again), (second.hash(), &way), "a lost reply");
        let (way, third) = way.turned(&second, (NOW, LATER), &SystemRandom);
        assert!(!way.admits(first.hash()));
        assert!(way.admits(second.hash()) && way.admits(third.hash()));
    }

    #[test]
    fn one_that_does_not_rotate_stays() {
        let token = Secret::generate(&SystemRandom);
        let way = Continuation::new(&token, false);
        let (turned, same) = way.turned(&token, (NOW, LATER), &SystemRandom);
        assert_eq!((turned, same.hash()), (way, token.hash()));
    }

    #[test]
    fn g4_g11_the_reference_is_due_right_and_used_once() {
        let token = Secret::generate(&SystemRandom);
        let reference = Secret::generate(&SystemRandom);
        let mut way = Continuation::new(&token, true).with_finish(Some(&reference));
        assert_eq!(way.judge(None), Err(Refusal::NotAllowed));
        assert_eq!(way.judge(Some("x")), Ok(Presented::Wrong));
        assert_eq!(way.judge(Some(&reference.reveal())), Ok(Presented::Right));
        if let Some(finish) = &mut way.finish {
            finish.used_at = Some(NOW);
        }
        assert_eq!(way.judge(Some(&reference.reveal())), Err(Refusal::Reused));
        let open = Continuation::new(&token, true);
        assert_eq!(open.judge(None), Ok(Presented::NotNeeded));
        assert_eq!(open.judge(Some("x")), Ok(Presented::Wrong));
    }
}
