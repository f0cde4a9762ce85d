//! What is asked for beside scopes: payments, rights with parts, references and identity, and what a change changes.
//!
//! Spec: RFC 9635 §8 and §11.16; threats C5 and C12.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{NameMark, Shown};
use super::{ScopeChoice, epoch_ms};
use crate::ask::{PaymentKind, Period};

/// One thing that is asked for. A template marks where it stands by `data-ask` with its key.
#[derive(Debug, Clone, Serialize)]
pub struct Ask {
    /// The value of its checkbox, sent as `ask`.
    pub key: String,
    /// What it does to an earlier agreement.
    pub change: Change,
    /// Whether the person may leave it out.
    pub choice: ScopeChoice,
    /// What it is.
    pub item: Item,
    /// What stood until this request; absent unless it is [`Change::Changed`].
    pub before: Option<Item>,
}

/// What a line does to an earlier agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing.
    Same,
    /// It is new.
    Added,
    /// It takes the place of another.
    Changed,
    /// It is no longer asked for.
    Removed,
}

/// What is asked for.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// To deal with payments.
    Payment(Box<PaymentItem>),
    /// A right with a type and parts.
    Right(RightItem),
    /// A right that is only a name.
    Reference {
        /// The name.
        name: Shown,
        /// What it means, in the language of the page; absent when nobody described it.
        description: Option<Shown>,
    },
    /// To know who the person is.
    Identity {
        /// The formats asked for.
        formats: Vec<Shown>,
    },
}

/// A right to deal with payments.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentItem {
    /// `incoming`, `outgoing` or `quote`.
    pub payment: PaymentKind,
    /// What may be done, the weightiest first.
    pub powers: Vec<Power>,
    /// Actions this server has no words for.
    pub others: Vec<Shown>,
    /// The person's wallet; absent for any of theirs.
    pub account: Option<Address>,
    /// Who gets the money; absent for anybody.
    pub receiver: Option<Address>,
    /// The most that leaves the account, in each interval.
    pub debit: Option<Amount>,
    /// The most that arrives, in each interval.
    pub receive: Option<Amount>,
    /// How often the amount is there anew; absent when it is there once.
    pub interval: Option<Repeat>,
    /// The most of all intervals together; absent when there is no end, no amount or one interval only.
    pub total: Option<Amount>,
}

/// What may be done with payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// To make them.
    Create,
    /// To bring them to an end.
    Complete,
    /// To see those the client made.
    See,
    /// To see all.
    SeeAll,
}

/// An amount in the smallest unit of its asset; `money(amount)` writes it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many of the smallest unit.
    pub value: u64,
    /// The code of the asset.
    pub asset: Shown,
    /// How many decimals one unit of the asset has.
    pub scale: u8,
    /// What to warn about in the code, as in a client's name.
    pub marks: Vec<NameMark>,
}

/// How often, from when.
#[derive(Debug, Clone, Serialize)]
pub struct Repeat {
    /// How many times; absent: without end.
    pub times: Option<u32>,
    /// How long each is; absent when that is not said. `every(period)` says it in words.
    pub every: Option<Period>,
    /// When it begins.
    #[serde(serialize_with = "epoch_ms")]
    pub start: Timestamp,
    /// Whether the time of day counts, as with intervals shorter than a day.
    pub clock: bool,
}

/// An address of a stranger: where it is, and the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    /// The host, with what is unusual about how it is reached; absent when the address does not read as one.
    pub host: Option<Shown>,
    /// What stands behind the host; the whole address when there is no host.
    pub path: Shown,
}

/// A right with a type and parts.
#[derive(Debug, Clone, Serialize)]
pub struct RightItem {
    /// Its type.
    pub right: Shown,
    /// What may be done.
    pub actions: Vec<Shown>,
    /// Where, by the names the operator gave.
    pub locations: Vec<Shown>,
    /// With which kinds of data.
    pub datatypes: Vec<Shown>,
    /// With which one thing.
    pub identifier: Option<Shown>,
    /// With which privileges.
    pub privileges: Vec<Shown>,
    /// What else stands in it.
    pub other: Vec<(Shown, Shown)>,
}
