//! The limits of outgoing payments: to whom, how much, how often.
//!
//! Spec: Open Payments 1.3 (`limits-outgoing`, `receiver`)

use serde_json::{Map, Value};

use super::{Amount, Checked, Refused, RepeatingInterval, only};
use crate::{
    json::{At, Fault, Object, text},
    uri,
};

/// What stands between the wallet and the payment in a receiver's address.
const INCOMING: &str = "/incoming-payments/";

/// What bounds the payments of a grant. What is absent does not bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The one incoming payment that may be paid.
    pub receiver: Option<String>,
    /// The most that may be paid: in all, or in each interval.
    pub amount: Option<AmountLimit>,
    /// How often the amount is there again.
    pub interval: Option<RepeatingInterval>,
}

/// The most that may be paid. Both at once is never accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmountLimit {
    /// What leaves the payer's account.
    Debit(Amount),
    /// What reaches the receiver's account.
    Receive(Amount),
}

impl AmountLimit {
    /// The amount, whichever it is.
    pub const fn amount(&self) -> &Amount {
        match self {
            Self::Debit(amount) | Self::Receive(amount) => amount,
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Debit(mine), Self::Debit(theirs))
            | (Self::Receive(mine), Self::Receive(theirs)) => mine.is_within(theirs),
            (Self::Debit(_), Self::Receive(_)) | (Self::Receive(_), Self::Debit(_)) => false,
        }
    }
}

impl Limits {
    /// A member that is not known is refused: a limit nobody reads is none, and nobody should believe that it is one.
    pub(super) fn read(value: &Value, at: &At<'_>) -> Checked<Self> {
        let object = Object::of(value, at)?;
        only(
            object,
            &["receiver", "debitAmount", "receiveAmount", "interval"],
        )?;
        let debit = object.get("debitAmount");
        let receive = object.get("receiveAmount");
        let amount = match (debit, receive) {
            (Some(_), Some(_)) => return Err(Refused::TwoAmounts),
            (Some(value), None) => {
                let at = At::Member(at, "debitAmount");
                Some(AmountLimit::Debit(Amount::read(value, &at)?))
            }
            (None, Some(value)) => {
                let at = At::Member(at, "receiveAmount");
                Some(AmountLimit::Receive(Amount::read(value, &at)?))
            }
            (None, None) => None,
        };
        Ok(Self {
            receiver: object.read("receiver", receiver)?,
            amount,
            interval: object.read("interval", interval)?,
        })
    }

    pub(super) fn to_value(&self) -> Value {
        let mut members = Map::new();
        if let Some(receiver) = &self.receiver {
            members.insert("receiver".to_owned(), receiver.clone().into());
        }
        match &self.amount {
            None => None,
            Some(AmountLimit::Debit(amount)) => {
                members.insert("debitAmount".to_owned(), amount.to_value())
            }
            Some(AmountLimit::Receive(amount)) => {
                members.insert("receiveAmount".to_owned(), amount.to_value())
            }
        };
        if let Some(interval) = &self.interval {
            members.insert("interval".to_owned(), interval.as_str().into());
        }
        Value::Object(members)
    }

    /// Whether whatever may be paid under these limits may be paid under `other` (threat G14).
    ///
    /// An amount is counted anew in each interval, so another interval gives more or less, and nothing is compared there:
    /// it has to be the same.
    pub fn is_within(&self, other: &Self) -> bool {
        let receiver = other.receiver.is_none() || self.receiver == other.receiver;
        let amount = other.amount.as_ref().is_none_or(|theirs| {
            let mine = self.amount.as_ref();
            mine.is_some_and(|mine| mine.is_within(theirs))
        });
        let unbounded = other.amount.is_none() && other.interval.is_none();
        receiver && amount && (unbounded || self.interval == other.interval)
    }
}

/// The address of an incoming payment: `http` or `https`, something, `/incoming-payments/`, something.
fn receiver(value: &Value, at: &At<'_>) -> Result<String, Fault> {
    let text = text(value, at)?;
    let after_scheme = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let parts = after_scheme.and_then(|rest| rest.rsplit_once(INCOMING));
    let shaped = parts.is_some_and(|(wallet, id)| !wallet.is_empty() && !id.is_empty());
    if shaped && uri::is_web(text) && !text.contains('#') {
        Ok(text.to_owned())
    } else {
        Err(at.fault("is not the address of an incoming payment"))
    }
}

fn interval(value: &Value, at: &At<'_>) -> Result<RepeatingInterval, Fault> {
    RepeatingInterval::parse(text(value, at)?)
        .ok_or_else(|| at.fault("is not a repeating interval as ISO 8601 writes it"))
}
