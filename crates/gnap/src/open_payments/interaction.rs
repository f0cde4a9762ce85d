//! Whether anybody has to be asked.
//!
//! Spec: Open Payments 1.3 (`interact-request`); RFC 9635 §1.5

use std::collections::{HashMap, hash_map::Entry};

use super::{Action, PaymentAccess, PaymentKind, PaymentsRequest, WalletAddress, problem};
use crate::error::Problem;

/// What is decided without a person. The defaults are those of the reference server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InteractionSettings {
    /// Whether a person is asked about incoming payments.
    pub incoming_payment: bool,
    /// Whether a person is asked about quotes.
    pub quote: bool,
    /// Whether a person is asked before a client lists what others made.
    pub list_all: bool,
}

impl Default for InteractionSettings {
    fn default() -> Self {
        Self {
            incoming_payment: false,
            quote: false,
            list_all: true,
        }
    }
}

impl InteractionSettings {
    fn allow_without_person(self, access: &PaymentAccess) -> bool {
        let asked_about = match access.kind {
            PaymentKind::IncomingPayment => self.incoming_payment,
            PaymentKind::Quote => self.quote,
            PaymentKind::OutgoingPayment => true,
        };
        let lists_all = self.list_all && access.actions.contains(&Action::ListAll);
        !asked_about && !lists_all
    }
}

/// What a person is asked about by clients that have a rule of their own, beside that of all.
///
/// It is looked at once the client has proven its key, so a name alone gets nobody another rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientPolicies {
    by_wallet: HashMap<String, InteractionSettings>,
    by_key: HashMap<String, InteractionSettings>,
}

/// Whom a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyClient {
    /// Whoever proves a key that this wallet publishes.
    Wallet(WalletAddress),
    /// Whoever proves the key with this RFC 7638 thumbprint, named by itself or by a wallet.
    Key(String),
}

impl ClientPolicies {
    /// Adds a rule. `false` when there is one for this client; that one stays.
    pub fn add(&mut self, client: &PolicyClient, settings: InteractionSettings) -> bool {
        let (rules, name) = match client {
            PolicyClient::Wallet(address) => (&mut self.by_wallet, address.plain()),
            PolicyClient::Key(thumbprint) => (&mut self.by_key, thumbprint.clone()),
        };
        match rules.entry(name) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(settings);
                true
            }
        }
    }

    /// The rule for a client that proved itself: that of its key, else that of its wallet. `None`: that of all.
    pub fn of(
        &self,
        thumbprint: &str,
        wallet: Option<&WalletAddress>,
    ) -> Option<InteractionSettings> {
        let of_wallet = || self.by_wallet.get(&wallet?.plain()).copied();
        self.by_key.get(thumbprint).copied().or_else(of_wallet)
    }
}

/// Whether the request can be granted without a person: only rights to receive or to ask for prices, of kinds nobody is
/// asked about, and no question who the person is.
///
/// # Errors
/// Nothing is asked for; or a right a person decides about names no wallet address, so that nobody knows whom to ask.
pub fn can_skip_interaction(
    request: &PaymentsRequest,
    settings: InteractionSettings,
) -> Result<bool, Problem> {
    if request.access.is_empty() && request.subject.is_none() {
        return Err(problem::NOTHING_ASKED);
    }
    let asks_person = |access: &&PaymentAccess| !settings.allow_without_person(access);
    let mut for_person = request.access.iter().filter(asks_person).peekable();
    let none = for_person.peek().is_none();
    if for_person.any(|access| access.identifier.is_none()) {
        return Err(problem::MISSING_IDENTIFIER);
    }
    Ok(none && request.subject.is_none())
}
