//! What a face asks a person for, as values: payments, rights of any type, references and identity.
//!
//! Nothing here has been made safe to look at; the page does that with all of it (threat C12).
//!
//! Spec: RFC 9635 §2.1, §2.2, §2.3.2 and §8, RFC 9493 §3

use jiff::Timestamp;
use serde::Serialize;

/// Who asks, when the record of the client does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromptAsker {
    /// The public name of the wallet when [`proven`](Self::proven), else the name the client gave itself.
    pub name: Option<String>,
    /// The address the client names as its own.
    pub uri: Option<String>,
    /// The host that stands for it. Absent: that of the wallet or of `uri`.
    pub host: Option<String>,
    /// The address of the wallet the client speaks for.
    pub wallet: Option<String>,
    /// Whether the key of the request stands in the wallet's own key set. Otherwise all of this is only said.
    pub proven: bool,
}

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskLine {
    /// The value of its checkbox, unique in the prompt. A person reads it nowhere.
    pub key: String,
    /// What it does to an earlier agreement; [`AskChange::Same`] where there is none.
    pub change: AskChange,
    /// Whether the person may leave it out. What is no longer asked for cannot be.
    pub optional: bool,
    /// What it is.
    pub what: What,
}

/// What a line does to an earlier agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskChange {
    /// Nothing: it stands already, or there is no earlier agreement.
    Same,
    /// It is new.
    Added,
    /// It takes the place of another.
    Changed {
        /// What was agreed to.
        before: Box<What>,
    },
    /// It was agreed to and is no longer asked for.
    Removed,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// To deal with payments (Open Payments).
    Payment(Payment),
    /// A right with a type and parts (RFC 9635 §8).
    Right(StructuredRight),
    /// A right that is only a name (RFC 9635 §8.1).
    Reference(String),
    /// To know who the person is (RFC 9635 §2.2).
    Identity {
        /// The formats of the identifiers and assertions asked for, such as `iss_sub` or `id_token`.
        formats: Vec<String>,
    },
}

/// The kinds of thing a payment right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// Money that comes in.
    Incoming,
    /// Money that goes out.
    Outgoing,
    /// What a payment would cost.
    Quote,
}

/// A right to deal with payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Of which kind.
    pub kind: PaymentKind,
    /// What may be done: `create`, `complete`, `read`, `read-all`, `list`, `list-all`.
    pub actions: Vec<String>,
    /// The address of the person's wallet. Absent: any of theirs.
    pub account: Option<String>,
    /// The address the money goes to. Absent: anybody.
    pub receiver: Option<String>,
    /// The most that leaves the account, in each interval. Absent: see `receive`; without both, no limit.
    pub debit: Option<Money>,
    /// The most that arrives, in each interval. Absent: see `debit`.
    pub receive: Option<Money>,
    /// How often the amount is there anew. Absent: it is there once.
    pub interval: Option<Interval>,
}

/// An amount in the smallest unit of its asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// How many of the smallest unit.
    pub value: u64,
    /// The asset, such as `EUR`.
    pub asset_code: String,
    /// How many decimals one unit of the asset has.
    pub asset_scale: u8,
}

/// A repeating interval (ISO 8601-1 §5.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// How many times it comes. Absent: without end.
    pub repetitions: Option<u32>,
    /// When the first one starts.
    pub start: Timestamp,
    /// When the first one ends, for an interval that is given by its two ends.
    pub end: Option<Timestamp>,
    /// How long each is. Absent: as long as from `start` to `end`.
    pub every: Option<Period>,
}

/// A length of time as a calendar counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Years.
    pub years: u32,
    /// Months.
    pub months: u32,
    /// Weeks.
    pub weeks: u32,
    /// Days.
    pub days: u32,
    /// Hours.
    pub hours: u32,
    /// Minutes.
    pub minutes: u32,
    /// Seconds.
    pub seconds: u32,
}

impl Period {
    /// Whole days, hours, minutes and seconds. `None` when there is nothing to count.
    pub fn of_seconds(seconds: i64) -> Option<Self> {
        let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
        let part = |count: u64| u32::try_from(count).ok();
        Some(Self {
            days: part(seconds / 86_400)?,
            hours: part(seconds / 3600 % 24)?,
            minutes: part(seconds / 60 % 60)?,
            seconds: part(seconds % 60)?,
            ..Self::default()
        })
    }

    /// Whether it has no length.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it is a number of whole days, counted as a calendar does.
    pub fn is_of_days(&self) -> bool {
        (self.hours, self.minutes, self.seconds) == (0, 0, 0)
    }
}

/// A right with a type and parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StructuredRight {
    /// Its type.
    pub kind: String,
    /// What may be done.
    pub actions: Vec<String>,
    /// Where.
    pub locations: Vec<String>,
    /// With which kinds of data.
    pub datatypes: Vec<String>,
    /// With which one thing. Absent: with all the client can reach.
    pub identifier: Option<String>,
    /// With which privileges.
    pub privileges: Vec<String>,
    /// What else stands in it, by name.
    pub other: Vec<(String, String)>,
}
