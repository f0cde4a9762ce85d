//! The life of a request: its states and every transition between them.
//!
//! ```text
//!              claim                approve               collect
//!   Pending ──────────► Interacting ────────► Approved ────────────► Collected
//!      │  ▲   release, or    │  ▲                 │
//!      │  │   asked anew     │  │                 │
//!      │  └──────────────────┤  │ clarified       │
//!      │                     ▼  │                 │
//!      │                 Clarifying               │
//!      └───────────┬─────────┴────────────────────┘
//!                  ▼  deny, cancel, expire, revoke, fail
//!                Ended
//! ```
//!
//! A transition takes the state and gives the next one or a [`Refusal`]; the old one is gone.

use serde::{Deserialize, Serialize};

use crate::{
    grant::Grant,
    id::Id,
    person::{Authentication, Person, Session},
    receipt::Receipt,
    refusal::Refusal,
    right::Rights,
    secret::{Digest, SecretHash, kind},
    time::{Lifetime, Timestamp},
    token::Family,
};

/// How long a seat may be idle before somebody else may take it.
pub const SEAT_IDLE: Lifetime = Lifetime::from_secs(300);
/// The most questions a person may ask about one request.
pub const CLARIFY_ROUNDS: u8 = 5;

/// One browser in front of one request, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Who sits there.
    pub person: Id<Person>,
    /// The browser, by the hash of its interaction cookie.
    pub browser: SecretHash<kind::Interaction>,
    /// When it was last used.
    pub used_at: Timestamp,
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DecidedBy {
    /// The person, in a browser.
    Seat {
        /// Who.
        person: Id<Person>,
        /// Their sign-in.
        session: SecretHash<kind::Session>,
    },
    /// Another system that this issuer trusts with decisions.
    Operator {
        /// The name of the credential it used.
        credential: String,
    },
    /// A rule, without asking anybody.
    Policy {
        /// Which rule.
        rule: String,
    },
}

/// A yes, with all that tokens are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What was granted.
    pub granted: Rights,
    /// For whom. Absent when no person is involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Id<Person>>,
    /// The `sub` clients see. Absent when no person is involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How and when they signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// The sign-in it was given in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SecretHash<kind::Session>>,
    /// That sign-in's public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id<Session>>,
    /// Who said yes.
    pub by: DecidedBy,
    /// When.
    pub at: Timestamp,
    /// The remembered grant it rests on. Absent: collecting makes a new grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<Id<Grant>>,
    /// The fresh code, sealed under the browser's interaction cookie, so that a reload repeats the redirect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Receipt>,
}

/// How a request ended without tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndKind {
    /// The person said no.
    Denied,
    /// The client took it back.
    Cancelled,
    /// The person went away in a way the protocol can tell.
    Abandoned,
    /// What it would have given was revoked before it was collected.
    Revoked,
    /// It could not be completed, for instance because a proof was wrong.
    Failed,
    /// Nobody answered, or nobody collected, in time.
    Expired,
}

/// An ending and when it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub kind: EndKind,
    /// When.
    pub at: Timestamp,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum State {
    /// Nobody has claimed it.
    Pending,
    /// One person in one browser looks at it.
    Interacting {
        /// Who.
        by: Seat,
        /// The digest of what was displayed to them.
        shown: Digest,
    },
    /// The person asked the client something and waits. They can still deny.
    Clarifying {
        /// Who.
        by: Seat,
        /// The question.
        question: String,
        /// How many questions there were, this one included.
        round: u8,
    },
    /// Agreed; the client has not collected.
    Approved(Box<Approval>),
    /// Handed over; kept so that a replay is recognised.
    Collected {
        /// When.
        at: Timestamp,
        /// Under which grant.
        grant: Id<Grant>,
        /// The family of the tokens handed over.
        family: Id<Family>,
    },
    /// Over without a result.
    Ended(Ending),
}

impl State {
    /// A signed-in person takes the request, or takes it again: from any browser if they held it before.
    ///
    /// # Errors
    /// [`Refusal::Taken`] while another person's seat is in use; what [`State::open_to`] says once it is answered.
    pub fn claim(self, by: Seat, shown: Digest) -> Result<Self, Refusal> {
        self.open_to(by.person, by.used_at)?;
        Ok(Self::Interacting { by, shown })
    }

    /// Whoever holds it in this browser gives it back, so that another person may take it at once.
    ///
    /// # Errors
    /// [`Refusal::Taken`] when it is not held from there, else as [`State::unanswered`].
    pub fn release(
        self,
        person: Id<Person>,
        browser: SecretHash<kind::Interaction>,
    ) -> Result<Self, Refusal> {
        match &self {
            Self::Interacting { by, .. } if by.person == person && by.browser == browser => {
                Ok(Self::Pending)
            }
            Self::Pending | Self::Interacting { .. } | Self::Clarifying { .. } => {
                Err(Refusal::Taken)
            }
            Self::Approved(_) | Self::Collected { .. } | Self::Ended(_) => Err(self.settled()),
        }
    }

    /// The client changes what it asks: whoever looked at it, or agreed to it, is asked anew.
    ///
    /// # Errors
    /// [`Refusal::AlreadyCollected`] once handed over, or what the ending says.
    pub fn reopen(self) -> Result<Self, Refusal> {
        match &self {
            Self::Pending
            | Self::Interacting { .. }
            | Self::Clarifying { .. }
            | Self::Approved(_) => Ok(Self::Pending),
            Self::Collected { .. } | Self::Ended(_) => Err(self.settled()),
        }
    }

    /// The person asks the client.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] after [`CLARIFY_ROUNDS`] questions, else as [`State::open_to`].
    pub fn ask(self, by: Seat, question: String, asked_before: u8) -> Result<Self, Refusal> {
        self.open_to(by.person, by.used_at)?;
        let round = asked_before.saturating_add(1);
        if round > CLARIFY_ROUNDS {
            return Err(Refusal::TooMany {
                retry_after: Lifetime::ZERO,
            });
        }
        Ok(Self::Clarifying {
            by,
            question,
            round,
        })
    }

    /// Somebody with the right to decide says yes.
    ///
    /// # Errors
    /// [`Refusal::Taken`] when a person decides what another holds, else as [`State::unanswered`].
    pub fn approve(self, approval: Approval) -> Result<Self, Refusal> {
        match &approval.by {
            DecidedBy::Seat { person, .. } => self.open_to(*person, approval.at)?,
            DecidedBy::Operator { .. } | DecidedBy::Policy { .. } => self.unanswered()?,
        }
        Ok(Self::Approved(Box::new(approval)))
    }

    /// The request ends without tokens.
    ///
    /// # Errors
    /// [`Refusal::AlreadyCollected`] once handed over; as [`State::unanswered`] once ended.
    pub fn end(self, kind: EndKind, at: Timestamp) -> Result<Self, Refusal> {
        match (&self, kind) {
            (Self::Approved(_), EndKind::Denied | EndKind::Abandoned) => {
                Err(Refusal::AlreadyAnswered)
            }
            (
                Self::Approved(_),
                EndKind::Cancelled | EndKind::Revoked | EndKind::Failed | EndKind::Expired,
            )
            | (Self::Pending | Self::Interacting { .. } | Self::Clarifying { .. }, _) => {
                Ok(Self::Ended(Ending { kind, at }))
            }
            (Self::Collected { .. } | Self::Ended(_), _) => Err(self.settled()),
        }
    }

    /// The client takes the result.
    ///
    /// # Errors
    /// [`Refusal::Waiting`] with a zero interval while nobody has answered, else why there is nothing to take.
    pub fn collect(
        self,
        grant: Id<Grant>,
        family: Id<Family>,
        at: Timestamp,
    ) -> Result<(Self, Approval), Refusal> {
        match self {
            Self::Approved(approval) => Ok((Self::Collected { at, grant, family }, *approval)),
            Self::Pending | Self::Interacting { .. } | Self::Clarifying { .. } => {
                Err(Refusal::Waiting {
                    interval: Lifetime::ZERO,
                })
            }
            Self::Collected { .. } | Self::Ended(_) => Err(self.settled()),
        }
    }

    /// Whether nobody has answered yet.
    ///
    /// # Errors
    /// Why not: [`Refusal::AlreadyAnswered`], [`Refusal::AlreadyCollected`] or what the ending says.
    pub fn unanswered(&self) -> Result<(), Refusal> {
        match self {
            Self::Pending | Self::Interacting { .. } | Self::Clarifying { .. } => Ok(()),
            Self::Approved(_) | Self::Collected { .. } | Self::Ended(_) => Err(self.settled()),
        }
    }

    /// Whether `person` may act on it at `now`.
    ///
    /// # Errors
    /// [`Refusal::Taken`] while another person's seat is in use, else as [`State::unanswered`].
    pub fn open_to(&self, person: Id<Person>, now: Timestamp) -> Result<(), Refusal> {
        self.unanswered()?;
        match self {
            Self::Interacting { by, .. } | Self::Clarifying { by, .. }
                if by.person != person && now < by.used_at.plus(SEAT_IDLE) =>
            {
                Err(Refusal::Taken)
            }
            Self::Pending | Self::Interacting { .. } | Self::Clarifying { .. } => Ok(()),
            Self::Approved(_) | Self::Collected { .. } | Self::Ended(_) => Err(self.settled()),
        }
    }

    /// Whether it reached a state from which it cannot be answered.
    pub fn is_settled(&self) -> bool {
        self.unanswered().is_err()
    }

    /// Whether a waiting client has something new to learn from it.
    pub fn wakes(&self) -> bool {
        match self {
            Self::Pending | Self::Interacting { .. } | Self::Collected { .. } => false,
            Self::Clarifying { .. } | Self::Approved(_) | Self::Ended(_) => true,
        }
    }

    /// What a settled request answers to whoever would still act on it.
    fn settled(&self) -> Refusal {
        match self {
            Self::Pending
            | Self::Interacting { .. }
            | Self::Clarifying { .. }
            | Self::Approved(_) => Refusal::AlreadyAnswered,
            Self::Collected { .. } => Refusal::AlreadyCollected,
            Self::Ended(ending) => match ending.kind {
                EndKind::Denied | EndKind::Abandoned => Refusal::Denied,
                EndKind::Cancelled => Refusal::Cancelled,
                EndKind::Revoked | EndKind::Failed => Refusal::Revoked,
                EndKind::Expired => Refusal::Expired,
            },
        }
    }
}
