//! The grant that an approval's tokens hang from: a remembered one, an earlier one that the new agreement takes in, or
//! a new one.
//!
//! Spec: OpenID Connect Core §3.1.2.4

use super::{Engine, Error};
use crate::{
    client::Client,
    grant::Grant,
    id::Id,
    pending::{Approval, DecidedBy, Delivery, PendingRequest, RETENTION},
    refusal::Refusal,
    store::{Change, Key, Record, Versioned},
    time::{Lifetime, Timestamp},
    token::Family,
};

/// How far ahead a grant's end is set, so that it is not written at every collection.
const AHEAD: Lifetime = Lifetime::from_secs(24 * 3600);

/// A grant as it will be, and what is stored of it.
pub(super) struct Agreement {
    grant: Grant,
    /// Absent when nothing is stored yet.
    version: Option<u64>,
    /// Whether what is stored says something else.
    changed: bool,
}

impl Agreement {
    /// The grant's id.
    pub(super) fn id(&self) -> Id<Grant> {
        self.grant.id
    }

    /// The change that keeps it until nothing can come of it any more: no token of `family`, and no later request that
    /// it answers for `remembered` from when it was given.
    pub(super) fn keeping(mut self, family: &Family, remembered: Lifetime) -> Change {
        let mut needed = family.expires_at;
        if self.grant.renewable {
            needed = needed.max(self.grant.created_at.plus(remembered));
        }
        needed = needed.plus(RETENTION);
        let kept_long_enough = self.grant.keep_until.is_some_and(|until| until >= needed);
        if !kept_long_enough {
            self.grant.keep_until = Some(needed.plus(AHEAD));
        }
        match self.version {
            None => Change::insert(Record::Grant(self.grant)),
            Some(version) if self.changed || !kept_long_enough => {
                Change::update(version, Record::Grant(self.grant))
            }
            Some(version) => Change::Require {
                key: Key::grant(self.grant.id),
                version,
            },
        }
    }
}

impl Engine {
    /// The agreement behind an approval.
    pub(super) async fn agreement(
        &self,
        request: &PendingRequest,
        approval: &Approval,
        client: &Client,
        now: Timestamp,
    ) -> Result<Agreement, Error> {
        if let Some(id) = approval.under {
            let grant = self.store.as_ref().grant(self.issuer, id).await?;
            let grant = grant
                .filter(|g| g.value.is_live())
                .ok_or(Refusal::Revoked)?;
            return Ok(Agreement {
                grant: grant.value,
                version: Some(grant.version),
                changed: false,
            });
        }
        if let Some(parent) = request.parent {
            return self.widened(parent, approval, client).await;
        }
        let renewable = matches!(request.delivery, Delivery::Redirect { .. });
        let mut grant = Grant {
            id: self.grant_id(request, now),
            face: request.face.clone(),
            client: client.id,
            person: approval.person,
            subject: approval.subject.clone(),
            rights: approval.granted.clone(),
            by: approval.by.clone(),
            session: approval.session,
            sid: approval.sid,
            created_at: now,
            revoked_at: None,
            keep_until: None,
            renewable,
        };
        let earlier = if renewable {
            self.taken_in(&grant).await?
        } else {
            None
        };
        let version = earlier.map(|earlier| {
            grant.id = earlier.value.id;
            grant.keep_until = earlier.value.keep_until;
            earlier.version
        });
        Ok(Agreement {
            grant,
            version,
            changed: version.is_some(),
        })
    }

    /// Where a client comes back to its request, request and grant are one thing to everybody outside, so they are called by
    /// one name (RFC 9635 §5; the `grant` of Open Payments).
    fn grant_id(&self, request: &PendingRequest, now: Timestamp) -> Id<Grant> {
        match &request.continuation {
            Some(_) => Id::from_bytes(*request.id.as_bytes()),
            None => self.row_id(now),
        }
    }

    /// The agreement a modification is made under (RFC 9635 §5.3): what it gave before stays given.
    async fn widened(
        &self,
        parent: Id<Grant>,
        approval: &Approval,
        client: &Client,
    ) -> Result<Agreement, Error> {
        let grant = self.store.as_ref().grant(self.issuer, parent).await?;
        let Versioned { value, version } = grant
            .filter(|g| g.value.is_live() && g.value.client == client.id)
            .ok_or(Refusal::Revoked)?;
        let mut rights = value.rights.clone();
        rights.take_in(&approval.granted);
        let grant = Grant {
            person: approval.person.or(value.person),
            subject: approval.subject.clone().or(value.subject.clone()),
            rights,
            by: approval.by.clone(),
            ..value
        };
        Ok(Agreement {
            grant,
            version: Some(version),
            changed: true,
        })
    }

    /// An earlier agreement of the same person with the same client that `new` says again, so that it is renewed and
    /// the person does not meet one more line for each sign-in. One that goes further stays beside it: renewing it would
    /// prolong what nobody said again.
    async fn taken_in(&self, new: &Grant) -> Result<Option<Versioned<Grant>>, Error> {
        let Some(person) = new.person else {
            return Ok(None);
        };
        let grants = self.list_grants(person).await?;
        Ok(grants.into_iter().find(|earlier| {
            let earlier = &earlier.value;
            earlier.renewable
                && earlier.client == new.client
                && earlier.face == new.face
                && earlier.rights.is_within(&new.rights)
                && (is_rule(&earlier.by) || !is_rule(&new.by))
        }))
    }
}

/// What a rule gave, nobody agreed to.
fn is_rule(by: &DecidedBy) -> bool {
    match by {
        DecidedBy::Policy { .. } => true,
        DecidedBy::Seat { .. } | DecidedBy::Operator { .. } => false,
    }
}
