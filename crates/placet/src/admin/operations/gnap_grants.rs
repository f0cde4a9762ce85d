//! Grants of GNAP and of Open Payments: where they stand, and taking them back. Each is one request and what came of it.
//!
//! A tenant's grants are those kept under its issuer, so no condition of a filter can reach another's.
//!
//! Spec: RFC 9635 §1.5, §5.4; threats E1, G16

use std::sync::Arc;

use placet_core::{
    engine::{self, Engine},
    grant::Grant,
    id::Id,
    pending::{EndKind, PendingRequest, State},
    refusal::Refusal,
    tenant::Tenant,
    time::Timestamp,
};
use placet_gnap::{AskedGrant, Profile, access::AccessRight, subject::SubjectIdentifier};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::{Moment, OperationError, Operator, tenants};

/// What a grant is called in messages.
const GRANT: &str = "grant";
/// Tenants read at once.
const TENANTS_STEP: usize = 500;
/// How often a grant that moves while it is revoked is looked at again.
const TRIES: usize = 8;

/// Where a grant stands (RFC 9635 §1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GnapGrantState {
    /// It is being looked at. What is stored was looked at: nothing is ever seen so.
    Processing,
    /// A person has to be asked, or is.
    Pending,
    /// Somebody said yes; the client has not collected.
    Approved,
    /// It is over.
    Finalized,
}

/// How a grant was finalized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finalization {
    /// The client has its tokens.
    Issued,
    /// It was taken back by an operator or a person, or nobody collected it in time.
    Revoked,
    /// The person said no.
    Rejected,
    /// The client took it back.
    Cancelled,
    /// The person went away.
    Abandoned,
    /// It could not be completed, for instance because a reference was wrong too often.
    Failed,
    /// Nobody answered in time.
    Expired,
}

impl Finalization {
    /// Every way.
    pub const ALL: [Self; 7] = [
        Self::Issued,
        Self::Revoked,
        Self::Rejected,
        Self::Cancelled,
        Self::Abandoned,
        Self::Failed,
        Self::Expired,
    ];
}

/// A grant as operators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GnapGrantView {
    /// Its id, that of its request.
    pub id: String,
    /// The same id as Open Payments writes it.
    pub uuid: String,
    /// The tenant it belongs to. Absent: it is the server's own, by GNAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The dialect: `rfc9635` or `open-payments`.
    pub profile: &'static str,
    /// The wallet address of its client. Absent: the client proved a key alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The rights asked for, each a name or an object.
    pub access: Vec<Json>,
    /// Whom it asks about, in the forms of RFC 9493.
    pub subject: Vec<Json>,
    /// Where it stands.
    pub state: GnapGrantState,
    /// How it was finalized. Absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalization: Option<Finalization>,
    /// When it was asked for.
    pub created_at: Moment,
    /// When it is too late to answer it, or, once approved, to collect it.
    pub expires_at: Moment,
}

/// Which grants are wanted. A list that is empty does not restrict.
#[derive(Debug, Clone, Default)]
pub struct GnapGrantFilter {
    /// Only those with a right to one of these resources.
    pub identifiers: Vec<String>,
    /// Only those in one of these states.
    pub states: Vec<GnapGrantState>,
    /// None in these states.
    pub other_states: Vec<GnapGrantState>,
    /// Only those that were finalized in one of these ways.
    pub finalizations: Vec<Finalization>,
    /// None that were finalized in these ways.
    pub other_finalizations: Vec<Finalization>,
    /// Only those of this dialect.
    pub profile: Option<Profile>,
}

/// Where grants are kept: a tenant's issuer, or the root's.
#[derive(Clone)]
pub struct Holder {
    pub(super) engine: Arc<Engine>,
    tenant: Option<Arc<Tenant>>,
    /// Whether those of GNAP itself are meant too, which belong to no tenant.
    with_rfc9635: bool,
}

/// A request and what it asks for.
pub(super) struct Held {
    pub(super) request: PendingRequest,
    pub(super) asked: AskedGrant,
}

/// Where a request stands, as far as it says itself.
#[derive(Clone, Copy)]
enum Seen {
    Known(GnapGrantState, Option<Finalization>),
    /// It was collected; what it gave may have been revoked since.
    Collected(Id<Grant>),
}

impl GnapGrantFilter {
    /// Whether `held` is wanted, as far as that can be said without its grant: the last judgement is in
    /// [`Holder::wanted`].
    fn admits(&self, asked: &AskedGrant, state: GnapGrantState, by: Option<Finalization>) -> bool {
        let any = |list: &[GnapGrantState]| list.contains(&state);
        let ended = |list: &[Finalization]| by.is_some_and(|by| list.contains(&by));
        let named = || {
            asked
                .access
                .iter()
                .any(|right| self.names(&right.to_value()))
        };
        self.profile.is_none_or(|profile| profile == asked.profile)
            && (self.identifiers.is_empty() || named())
            && (self.states.is_empty() || any(&self.states))
            && !any(&self.other_states)
            && (self.finalizations.is_empty() || ended(&self.finalizations))
            && !ended(&self.other_finalizations)
    }

    fn names(&self, right: &Json) -> bool {
        let identifier = right.get("identifier").and_then(Json::as_str);
        identifier.is_some_and(|one| self.identifiers.iter().any(|wanted| wanted == one))
    }

    /// Whether it matters if what was issued was revoked since.
    fn asks_for_grants(&self) -> bool {
        [&self.finalizations, &self.other_finalizations]
            .into_iter()
            .any(|list| {
                list.contains(&Finalization::Issued) != list.contains(&Finalization::Revoked)
            })
    }
}

impl Holder {
    /// The request as one of this holder's grants. `None` for another's, and for those of other faces.
    pub(super) fn held(&self, request: PendingRequest) -> Option<Held> {
        let asked = AskedGrant::of(&request)?;
        let mine = match asked.profile {
            Profile::OpenPayments => true,
            Profile::Rfc9635 => self.with_rfc9635,
        };
        mine.then_some(Held { request, asked })
    }

    /// Whether a grant is wanted.
    pub(super) async fn wanted(
        &self,
        held: &Held,
        filter: &GnapGrantFilter,
        now: Timestamp,
    ) -> Result<bool, OperationError> {
        let (state, by) = match seen(&held.request, now) {
            Seen::Known(state, by) => (state, by),
            // One read less for each grant where it cannot matter.
            Seen::Collected(_) if !filter.asks_for_grants() => {
                (GnapGrantState::Finalized, Some(Finalization::Issued))
            }
            Seen::Collected(grant) => self.of_grant(grant).await?,
        };
        Ok(filter.admits(&held.asked, state, by))
    }

    pub(super) async fn view(&self, held: &Held) -> Result<GnapGrantView, OperationError> {
        let Held { request, asked } = held;
        let (state, finalization) = match seen(request, self.engine.store().now()) {
            Seen::Known(state, by) => (state, by),
            Seen::Collected(grant) => self.of_grant(grant).await?,
        };
        let tenant = self.tenant.as_ref();
        let tenant = tenant.filter(|_| asked.profile == Profile::OpenPayments);
        Ok(GnapGrantView {
            id: request.id.to_string(),
            uuid: request.id.hyphenated(),
            tenant: tenant.map(|tenant| tenant.uuid()),
            profile: asked.profile.name(),
            client: asked.client.clone(),
            access: asked.access.iter().map(AccessRight::to_value).collect(),
            subject: asked
                .subject
                .iter()
                .map(SubjectIdentifier::to_value)
                .collect(),
            state,
            finalization,
            created_at: request.created_at.into(),
            expires_at: request.expires_at.into(),
        })
    }

    /// A grant that is gone was not revoked: nothing could come of it any more.
    async fn of_grant(
        &self,
        id: Id<Grant>,
    ) -> Result<(GnapGrantState, Option<Finalization>), OperationError> {
        let store = self.engine.store().as_ref();
        let grant = store.grant(self.engine.issuer_id(), id).await?;
        let stands = grant.is_none_or(|grant| grant.value.is_live());
        let by = if stands {
            Finalization::Issued
        } else {
            Finalization::Revoked
        };
        Ok((GnapGrantState::Finalized, Some(by)))
    }

    /// The grant of this id, if it is one of this holder's.
    pub(super) async fn find(
        &self,
        id: Id<PendingRequest>,
    ) -> Result<Option<Held>, OperationError> {
        let store = self.engine.store().as_ref();
        let found = store.pending(self.engine.issuer_id(), id).await?;
        Ok(found.and_then(|found| self.held(*found.value)))
    }
}

impl Operator {
    /// Where the grants of one tenant are kept, or all there are. Those of GNAP itself are among all.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] for an unknown or deleted tenant; [`OperationError::Engine`].
    pub async fn holders(&self, tenant: Option<&str>) -> Result<Vec<Holder>, OperationError> {
        let root = |with_rfc9635| Holder {
            engine: Arc::clone(&self.engine),
            tenant: self.tenancy.own().cloned(),
            with_rfc9635,
        };
        let Some(name) = tenant else {
            let mut holders = vec![root(true)];
            let mut after = None;
            loop {
                let page = self.engine.list_tenants(after, TENANTS_STEP).await?;
                after = page.last().map(|tenant| tenant.id);
                let full = page.len() == TENANTS_STEP;
                for tenant in page.into_iter().filter(Tenant::is_live) {
                    holders.push(self.holder(Arc::new(tenant)).await?);
                }
                if !full {
                    return Ok(holders);
                }
            }
        };
        let id = tenants::parse(name)?;
        if self.own(id).is_some() {
            return Ok(vec![root(false)]);
        }
        let found = self.engine.tenant(id).await?;
        let found = found.ok_or_else(|| tenants::unknown(name))?;
        Ok(vec![self.holder(found).await?])
    }

    async fn holder(&self, tenant: Arc<Tenant>) -> Result<Holder, OperationError> {
        let engine = self.tenancy.engine(&tenant).await?;
        Ok(Holder {
            engine,
            tenant: Some(tenant),
            with_rfc9635: false,
        })
    }

    /// One grant, as long as its request is kept.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], for one that is kept elsewhere too.
    pub async fn gnap_grant(
        &self,
        holders: &[Holder],
        id: &str,
    ) -> Result<GnapGrantView, OperationError> {
        let (holder, held) = find(holders, id).await?;
        holder.view(&held).await
    }

    /// Takes a grant back: a request ends without tokens, and every token that was given ends with its grant. What had
    /// ended before stays as it ended; revoking twice is no error.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], for one that is kept elsewhere too.
    pub async fn revoke_gnap_grant(
        &self,
        holders: &[Holder],
        id: &str,
    ) -> Result<GnapGrantView, OperationError> {
        for _ in 0..TRIES {
            let (holder, held) = find(holders, id).await?;
            let engine = &holder.engine;
            let revoked = match seen(&held.request, engine.store().now()) {
                Seen::Collected(grant) => engine.revoke_grant(grant, None, &self.caller).await,
                Seen::Known(GnapGrantState::Finalized, _) => return holder.view(&held).await,
                Seen::Known(
                    GnapGrantState::Processing | GnapGrantState::Pending | GnapGrantState::Approved,
                    _,
                ) => {
                    let id = held.request.id;
                    engine.cancel(id, EndKind::Revoked, &self.caller).await
                }
            };
            match revoked {
                Ok(_) => return self.gnap_grant(holders, id).await,
                // Gone with its retention, or its client is.
                Err(engine::Error::Refused(Refusal::NotFound)) => return Err(unknown(id)),
                // It moved in between: it is judged as it stands.
                Err(engine::Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(OperationError::Stale)
    }
}

/// The grant among those that are meant.
async fn find<'a>(holders: &'a [Holder], id: &str) -> Result<(&'a Holder, Held), OperationError> {
    let parsed = parse(id).ok_or_else(|| unknown(id))?;
    for holder in holders {
        if let Some(held) = holder.find(parsed).await? {
            return Ok((holder, held));
        }
    }
    Err(unknown(id))
}

/// Reads an id in any of its forms: as a request, as a UUID, or as the grant that resource servers are told.
pub(super) fn parse(id: &str) -> Option<Id<PendingRequest>> {
    let as_uuid = || {
        let uuid = Tenant::parse_uuid(id).ok()?;
        Some(Id::from_bytes(*uuid.as_bytes()))
    };
    let as_grant = || {
        let grant: Id<Grant> = id.parse().ok()?;
        Some(Id::from_bytes(*grant.as_bytes()))
    };
    id.parse().ok().or_else(as_uuid).or_else(as_grant)
}

fn unknown(id: &str) -> OperationError {
    OperationError::NotFound {
        what: GRANT,
        name: id.to_owned(),
    }
}

fn seen(request: &PendingRequest, now: Timestamp) -> Seen {
    let over = |by| Seen::Known(GnapGrantState::Finalized, Some(by));
    match request.in_time(now) {
        Ok(()) => {}
        Err(Refusal::Expired) => return over(Finalization::Expired),
        // Somebody was told of the approval, so it did not just expire.
        Err(_) => return over(Finalization::Revoked),
    }
    match &request.state {
        State::Pending | State::Interacting { .. } | State::Clarifying { .. } => {
            Seen::Known(GnapGrantState::Pending, None)
        }
        State::Approved(_) => Seen::Known(GnapGrantState::Approved, None),
        State::Collected { grant, .. } => Seen::Collected(*grant),
        State::Ended(ending) => over(match ending.kind {
            EndKind::Denied => Finalization::Rejected,
            EndKind::Cancelled => Finalization::Cancelled,
            EndKind::Abandoned => Finalization::Abandoned,
            EndKind::Revoked => Finalization::Revoked,
            EndKind::Failed => Finalization::Failed,
            EndKind::Expired => Finalization::Expired,
        }),
    }
}
