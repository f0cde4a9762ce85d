//! Open Payments: the rights, clients, subjects and errors of the payments profile.
//!
//! 1. [`PaymentsRequest`] is a grant request of the profile; [`PaymentAccess`] what it asks for.
//! 2. [`can_skip_interaction`] says whether anybody has to be asked.
//! 3. [`WalletAddress`] names a client; its [`WalletDocument`] and [`WalletKeys`] say who it is.
//! 4. [`mod@describe`] is what a person is told.
//! 5. [`problem`] holds every error as its clients know it.
//!
//! Spec: Open Payments 1.3; RFC 9635 §2

mod access;
mod amount;
mod describe;
mod identity;
mod interaction;
mod interval;
mod introspection;
mod limits;
pub mod problem;
mod request;

pub use self::{
    access::{Action, MAX_ACCESS_ITEMS, PaymentAccess, PaymentKind},
    amount::Amount,
    describe::{Payment, describe},
    identity::{PaymentClient, PaymentJwk, WalletAddress, WalletDocument, WalletFault, WalletKeys},
    interaction::{ClientPolicies, InteractionSettings, PolicyClient, can_skip_interaction},
    interval::{Bounds, RepeatingInterval},
    introspection::PaymentsIntrospection,
    limits::{AmountLimit, Limits},
    request::{PaymentsRequest, continue_request},
};
use crate::{
    error::Problem,
    json::{Fault, Object},
};

/// Why a message of the profile is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refused {
    /// It breaks the schema: 400 without a code.
    Schema(Fault),
    /// Both amounts are limited, which has an error of its own.
    TwoAmounts,
    /// The subject is not named by a URL, which has an error of its own.
    SubjectId,
}

type Checked<T> = Result<T, Refused>;

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Schema(fault)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Schema(fault) => problem::schema(fault.description),
            Refused::TwoAmounts => problem::TWO_AMOUNTS,
            Refused::SubjectId => problem::SUBJECT_ID,
        }
    }
}

/// Refuses an object with members beside `known`.
fn only(object: Object<'_, '_>, known: &[&str]) -> Result<(), Fault> {
    let all_known = object
        .members()
        .keys()
        .all(|name| known.contains(&name.as_str()));
    if all_known {
        Ok(())
    } else {
        Err(object.stranger())
    }
}
