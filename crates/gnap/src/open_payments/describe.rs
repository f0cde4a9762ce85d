//! What a person is told about a right of the payments profile.
//!
//! Spec: Open Payments 1.3 (`access-item`, `limits-outgoing`)

use super::{Action, AmountLimit, PaymentAccess, PaymentKind, RepeatingInterval};
use crate::access::AccessRight;

/// A right as it is shown: nothing that bounds it or widens it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// What it is about.
    pub kind: PaymentKind,
    /// What may be done.
    pub actions: Vec<Action>,
    /// The person's own wallet address. Absent: any.
    pub wallet: Option<String>,
    /// Whom money may go to, as the address of an incoming payment. Absent: anybody.
    pub receiver: Option<String>,
    /// The most that may be paid. Absent: no bound.
    pub amount: Option<AmountLimit>,
    /// How often that amount is there again. Absent: once.
    pub repeats: Option<RepeatingInterval>,
}

/// What a right says, if it is one of the payments profile.
pub fn describe(right: &AccessRight) -> Option<Payment> {
    let access = PaymentAccess::from_right(right).ok()?;
    let limits = access.limits.unwrap_or_default();
    Some(Payment {
        kind: access.kind,
        actions: access.actions,
        wallet: access.identifier,
        receiver: limits.receiver,
        amount: limits.amount,
        repeats: limits.interval,
    })
}
