//! The three rights of the payments profile: to receive, to pay, to ask for a price.
//!
//! Spec: Open Payments 1.3 (`access-incoming`, `access-outgoing`, `access-quote`); RFC 9635 §8

use serde_json::{Map, Value};

use super::{Checked, Limits, only};
use crate::{
    access::{AccessObject, AccessRight},
    error::Problem,
    json::{At, Fault, Object, text},
    uri,
};

/// The most rights of one token.
pub const MAX_ACCESS_ITEMS: usize = 3;

/// What a right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentKind {
    /// Payments that come in.
    IncomingPayment,
    /// Payments that go out.
    OutgoingPayment,
    /// Prices of payments.
    Quote,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// To make one.
    Create,
    /// To say that no more is expected.
    Complete,
    /// To look at those the client made.
    Read,
    /// To look at all.
    ReadAll,
    /// To list those the client made.
    List,
    /// To list all.
    ListAll,
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAccess {
    /// What it is about.
    pub kind: PaymentKind,
    /// What may be done: at least one thing, each once, in the order asked.
    pub actions: Vec<Action>,
    /// The wallet address it is about. Always there for outgoing payments. Absent: any.
    pub identifier: Option<String>,
    /// The bounds of payments that go out. Absent: none.
    pub limits: Option<Limits>,
}

impl PaymentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::IncomingPayment, Self::OutgoingPayment, Self::Quote];

    /// The `type` on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncomingPayment => "incoming-payment",
            Self::OutgoingPayment => "outgoing-payment",
            Self::Quote => "quote",
        }
    }

    /// The actions it has.
    const fn actions(self) -> &'static [Action] {
        match self {
            Self::IncomingPayment => &Action::ALL,
            Self::OutgoingPayment => &[
                Action::Create,
                Action::Read,
                Action::ReadAll,
                Action::List,
                Action::ListAll,
            ],
            Self::Quote => &[Action::Create, Action::Read, Action::ReadAll],
        }
    }
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::Complete,
        Self::Read,
        Self::ReadAll,
        Self::List,
        Self::ListAll,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Complete => "complete",
            Self::Read => "read",
            Self::ReadAll => "read-all",
            Self::List => "list",
            Self::ListAll => "list-all",
        }
    }

    /// Whether who may do this may do `other`: itself, or the same with what the client made alone.
    pub fn includes(self, other: Self) -> bool {
        self == other
            || matches!(
                (self, other),
                (Self::ReadAll, Self::Read) | (Self::ListAll, Self::List)
            )
    }
}

impl PaymentAccess {
    /// Reads one item that is asked for. Who pays is always named.
    fn read(value: &Value, at: &At<'_>) -> Checked<Self> {
        let access = Self::read_needed(value, at)?;
        if access.kind == PaymentKind::OutgoingPayment && access.identifier.is_none() {
            return Err(At::Member(at, "identifier").fault("is missing").into());
        }
        Ok(access)
    }

    /// Reads one item a resource server needs, which may not know who pays. A member that is not known is refused, since
    /// nobody would tell the person of it.
    fn read_needed(value: &Value, at: &At<'_>) -> Checked<Self> {
        let object = Object::of(value, at)?;
        let name = object.required_text("type")?;
        let kind = PaymentKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| object.fault("type", "is none of the three"))?;
        let known: &[&str] = match kind {
            PaymentKind::OutgoingPayment => &["type", "actions", "identifier", "limits"],
            PaymentKind::IncomingPayment | PaymentKind::Quote => &["type", "actions", "identifier"],
        };
        only(object, known)?;
        let limits = object.get("limits");
        let limits = limits.map(|value| Limits::read(value, &At::Member(at, "limits")));
        Ok(Self {
            kind,
            actions: object.required_read("actions", |value, at| actions(kind, value, at))?,
            identifier: object.read("identifier", identifier)?,
            limits: limits.transpose()?,
        })
    }

    /// Reads a right that came through [`AccessRight`], such as one that is stored.
    ///
    /// # Errors
    /// What is wrong with it, as the answer to a request.
    pub fn from_right(right: &AccessRight) -> Result<Self, Problem> {
        Self::read(&right.to_value(), &At::Member(&At::Root, "access")).map_err(Problem::from)
    }

    /// The right as a right of any protocol.
    pub fn to_right(&self) -> AccessRight {
        let actions = self.actions.iter().map(|action| action.name().to_owned());
        let mut other = Map::new();
        if let Some(limits) = &self.limits {
            other.insert("limits".to_owned(), limits.to_value());
        }
        AccessRight::Object(Box::new(AccessObject {
            kind: self.kind.name().to_owned(),
            actions: Some(actions.collect()),
            locations: None,
            datatypes: None,
            identifier: self.identifier.clone(),
            privileges: None,
            other,
        }))
    }

    /// Whether everything this right gives is given by `other` too: for modifications, and for what a person agreed to
    /// before (threat G14).
    pub fn is_within(&self, other: &Self) -> bool {
        let limits = other.limits.as_ref().is_none_or(|theirs| {
            let mine = self.limits.as_ref();
            mine.is_some_and(|mine| mine.is_within(theirs))
        });
        self.kind == other.kind
            && self.actions_are_within(other)
            && (other.identifier.is_none() || self.identifier == other.identifier)
            && limits
    }

    /// Whether this right is enough for a call that needs `needed`, as a resource server of the payments profile asks: it
    /// names the action, and the wallet address where it knows one; limits it reads from the answer, and names none.
    pub fn suffices_for(&self, needed: &Self) -> bool {
        let same_wallet = match (&self.identifier, &needed.identifier) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, _) | (_, None) => true,
        };
        self.kind == needed.kind
            && needed.actions_are_within(self)
            && same_wallet
            && (needed.limits.is_none() || self.limits == needed.limits)
    }

    fn actions_are_within(&self, other: &Self) -> bool {
        self.actions
            .iter()
            .all(|mine| other.actions.iter().any(|theirs| theirs.includes(*mine)))
    }
}

/// Reads the rights of a token: at most three, no two the same.
pub(super) fn read_list(value: &Value, at: &At<'_>) -> Checked<Vec<PaymentAccess>> {
    list(value, at, PaymentAccess::read)
}

/// Reads what a call needs: at most three, no two the same.
pub(super) fn read_needed(value: &Value, at: &At<'_>) -> Checked<Vec<PaymentAccess>> {
    list(value, at, PaymentAccess::read_needed)
}

fn list(
    value: &Value,
    at: &At<'_>,
    read: fn(&Value, &At<'_>) -> Checked<PaymentAccess>,
) -> Checked<Vec<PaymentAccess>> {
    let Value::Array(items) = value else {
        return Err(at.fault("is not an array").into());
    };
    if items.len() > MAX_ACCESS_ITEMS {
        return Err(at.fault("has more than three elements").into());
    }
    let mut list: Vec<PaymentAccess> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let item = read(item, &At::Item(at, index))?;
        if list.contains(&item) {
            return Err(at.fault("holds the same twice").into());
        }
        list.push(item);
    }
    Ok(list)
}

fn actions(kind: PaymentKind, value: &Value, at: &At<'_>) -> Result<Vec<Action>, Fault> {
    let read = |value: &Value, at: &At<'_>| {
        let name = text(value, at)?;
        let action = kind.actions().iter().find(|action| action.name() == name);
        action
            .copied()
            .ok_or_else(|| at.fault("is no action of this type"))
    };
    let actions = crate::json::items(value, at, read)?;
    if actions.is_empty() {
        return Err(at.fault("is empty"));
    }
    let repeated = |(index, action): (usize, &Action)| {
        actions.iter().take(index).any(|earlier| earlier == action)
    };
    if actions.iter().enumerate().any(repeated) {
        return Err(at.fault("holds the same twice"));
    }
    Ok(actions)
}

/// The address of a wallet: an `http` or `https` URL without user and fragment.
fn identifier(value: &Value, at: &At<'_>) -> Result<String, Fault> {
    let text = text(value, at)?;
    if uri::is_web(text) && !text.contains('#') {
        Ok(text.to_owned())
    } else {
        Err(at.fault("is not an http or https URI"))
    }
}
