//! What an operator sets for this face.
//!
//! Spec: RFC 9635 §3.2.1, §9.

use placet_core::{id::Id, tenant::Tenant};

use crate::{
    hash::HashEncoding,
    open_payments::{ClientPolicies, InteractionSettings},
};

/// Which dialects are spoken, and how.
#[derive(Debug, Clone, Default)]
pub struct GnapSettings {
    /// Whether RFC 9635 is spoken under `/gnap`.
    pub rfc9635: bool,
    /// Whether its tokens outlive their own rotation. Never those of Open Payments.
    pub durable_tokens: bool,
    /// Open Payments. Absent: not spoken.
    pub open_payments: Option<PaymentsSettings>,
}

/// Open Payments, as Rafiki's authorization server speaks it.
#[derive(Debug, Clone)]
pub struct PaymentsSettings {
    /// The origin its clients sign for: scheme, host and port.
    pub origin: String,
    /// What the addresses its clients are told begin with, without a slash at the end.
    pub base: String,
    /// Where it is mounted.
    pub mount: Mount,
    /// The tenant whose records are the root issuer's own.
    pub operator_tenant: Id<Tenant>,
    /// How the interaction hash is written.
    pub hash_encoding: HashEncoding,
    /// What a person is asked about.
    pub interaction: InteractionSettings,
    /// What a person is asked about by clients with a rule of their own.
    pub clients: ClientPolicies,
    /// Whether a signature's `created` has to be near the time.
    pub check_created: bool,
}

/// Where a dialect is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// Under `/op`, beside everything else.
    Below,
    /// At the root of a listener of its own.
    Root,
}
