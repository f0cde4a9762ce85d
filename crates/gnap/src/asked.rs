//! A stored request as whoever administers it sees it: who asks, for what, about whom. Nothing sealed, no key.
//!
//! Spec: RFC 9635 §2.1, §2.2, §2.3; Open Payments 1.3

use placet_core::pending::PendingRequest;

use crate::{Profile, access::AccessRight, payload::Payload, subject::SubjectIdentifier};

/// What a request of this face asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedGrant {
    /// The dialect it speaks.
    pub profile: Profile,
    /// The wallet address its client is known by. Absent: it proved a key alone.
    pub client: Option<String>,
    /// The rights of all its tokens, in the order asked.
    pub access: Vec<AccessRight>,
    /// The person it asks about, by name.
    pub subject: Vec<SubjectIdentifier>,
}

impl AskedGrant {
    /// What `request` asks for. `None` for another face's, and for what a later release wrote.
    pub fn of(request: &PendingRequest) -> Option<Self> {
        let payload = Payload::of(request)?;
        let named = payload.subject.iter().flat_map(|subject| &subject.ids);
        Some(Self {
            profile: payload.profile,
            access: payload.tokens.iter().flat_map(Payload::rights_of).collect(),
            subject: named.filter_map(SubjectIdentifier::parse).collect(),
            client: payload.wallet,
        })
    }
}
