//! A grant as GraphQL tells it, in the words of Rafiki's schema.
//!
//! The schema has three words for an end: what was taken back or failed reads `REVOKED`, what a person refused or left reads
//! `REJECTED`, and what nobody answered in time is `FINALIZED` without a reason, which the schema allows.
//!
//! Spec: Rafiki's `Grant`; Open Payments 1.3

use async_graphql::{Enum, ID, Interface, SimpleObject};
use serde_json::Value as Json;

use super::scalar::{UInt8, UInt64};
use crate::admin::operations::{Finalization, GnapGrantState, GnapGrantView, GnapGrants};

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum GrantState {
    /// It is being looked at.
    Processing,
    /// A person has to be asked.
    Pending,
    /// It was approved, and its tokens were not collected.
    Approved,
    /// It is over: nothing more is given and nobody is asked.
    Finalized,
}

/// How a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum GrantFinalization {
    /// The client has its tokens.
    Issued,
    /// It was taken back, by whomever, or could not be completed.
    Revoked,
    /// The person said no.
    Rejected,
}

/// A thing with an id and a beginning.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "&ID", desc = "Its id."),
    field(name = "created_at", ty = "&String", desc = "When it was made.")
)]
pub(super) enum Model {
    /// A grant.
    Grant(Grant),
    /// A right of a grant.
    Access(Access),
    /// A person a grant asks about.
    SubjectItem(SubjectItem),
}

/// A grant.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Grant {
    /// Its id.
    id: ID,
    /// The wallet address of the client. Null when it proved a key alone.
    client: Option<String>,
    /// The rights asked for.
    access: Vec<Access>,
    /// Whom it asks about. Null in lists.
    subject: Option<Subject>,
    /// Where it stands.
    state: GrantState,
    /// How it ended. Null before, and when nobody answered in time.
    finalization_reason: Option<GrantFinalization>,
    /// When it was asked for.
    created_at: String,
    /// The tenant it belongs to.
    tenant_id: ID,
}

/// A right of a grant.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Access {
    /// Its id within all grants.
    id: ID,
    /// The wallet address it is about. Null: any.
    identifier: Option<String>,
    /// What it is about: incoming payments, outgoing payments or quotes.
    #[graphql(name = "type")]
    kind: String,
    /// What may be done.
    actions: Vec<Option<String>>,
    /// The bounds of outgoing payments. Null: none.
    limits: Option<LimitData>,
    /// When it was asked for.
    created_at: String,
}

/// Whom a grant asks about.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Subject {
    /// The names asked about.
    #[graphql(name = "sub_ids")]
    sub_ids: Vec<SubjectItem>,
}

/// A person a grant asks about.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct SubjectItem {
    /// Its id within all grants.
    id: ID,
    /// The name.
    sub_id: String,
    /// The format of the name.
    sub_id_format: String,
    /// When it was asked for.
    created_at: String,
}

/// The bounds of outgoing payments.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct LimitData {
    /// The incoming payment that may be paid. Null: any.
    receiver: Option<String>,
    /// The most that may leave the payer's account.
    debit_amount: Option<PaymentAmount>,
    /// The most that may reach the receiver's account.
    receive_amount: Option<PaymentAmount>,
    /// How often the amount is there again.
    interval: Option<String>,
}

/// An amount of one asset.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PaymentAmount {
    /// How many of the smallest unit.
    value: UInt64,
    /// The asset, an ISO 4217 code where there is one.
    asset_code: String,
    /// How many decimal places the smallest unit has.
    asset_scale: UInt8,
}

/// One page of grants.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct GrantsConnection {
    /// Where the page lies.
    page_info: PageInfo,
    /// The grants.
    edges: Vec<GrantEdge>,
}

/// A grant in a list.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct GrantEdge {
    /// The grant.
    node: Grant,
    /// What names its place in the list: its id.
    cursor: String,
}

/// Where a page lies.
#[derive(Debug, Clone, Default, SimpleObject)]
pub(super) struct PageInfo {
    /// The cursor of its last item.
    pub(super) end_cursor: Option<String>,
    /// Whether there are more behind it.
    pub(super) has_next_page: bool,
    /// Whether there are more before it.
    pub(super) has_previous_page: bool,
    /// The cursor of its first item.
    pub(super) start_cursor: Option<String>,
}

impl From<GnapGrantState> for GrantState {
    fn from(state: GnapGrantState) -> Self {
        match state {
            GnapGrantState::Processing => Self::Processing,
            GnapGrantState::Pending => Self::Pending,
            GnapGrantState::Approved => Self::Approved,
            GnapGrantState::Finalized => Self::Finalized,
        }
    }
}

impl From<GrantState> for GnapGrantState {
    fn from(state: GrantState) -> Self {
        match state {
            GrantState::Processing => Self::Processing,
            GrantState::Pending => Self::Pending,
            GrantState::Approved => Self::Approved,
            GrantState::Finalized => Self::Finalized,
        }
    }
}

impl GrantFinalization {
    /// The word for an end. `None` where no word says what happened.
    const fn of(end: Finalization) -> Option<Self> {
        match end {
            Finalization::Issued => Some(Self::Issued),
            Finalization::Revoked | Finalization::Cancelled | Finalization::Failed => {
                Some(Self::Revoked)
            }
            Finalization::Rejected | Finalization::Abandoned => Some(Self::Rejected),
            Finalization::Expired => None,
        }
    }

    /// Every end that reads so.
    pub(super) fn ends(self) -> impl Iterator<Item = Finalization> {
        Finalization::ALL
            .into_iter()
            .filter(move |end| Self::of(*end) == Some(self))
    }
}

impl Grant {
    /// A grant of Open Payments, without what only its own query tells.
    fn listed(view: &GnapGrantView) -> Self {
        let made = view.created_at.to_string();
        let access = view.access.iter().enumerate();
        Self {
            id: ID(view.uuid.clone()),
            client: view.client.clone(),
            access: access
                .map(|(n, right)| Access::of(right, (&view.uuid, n), &made))
                .collect(),
            subject: None,
            state: view.state.into(),
            finalization_reason: view.finalization.and_then(GrantFinalization::of),
            created_at: made,
            tenant_id: ID(view.tenant.clone().unwrap_or_default()),
        }
    }

    /// The same with the person it asks about.
    pub(super) fn whole(view: &GnapGrantView) -> Self {
        let made = view.created_at.to_string();
        let named = view.subject.iter().enumerate();
        let sub_ids = named.map(|(n, id)| SubjectItem {
            id: ID(format!("{}.subject.{n}", view.uuid)),
            sub_id: name_in(id),
            sub_id_format: text(id, "format").unwrap_or_default(),
            created_at: made.clone(),
        });
        Self {
            subject: Some(Subject {
                sub_ids: sub_ids.collect(),
            }),
            ..Self::listed(view)
        }
    }
}

impl Access {
    fn of(right: &Json, (grant, n): (&str, usize), made: &str) -> Self {
        let actions = right.get("actions").and_then(Json::as_array);
        let actions = actions.into_iter().flatten();
        Self {
            id: ID(format!("{grant}.access.{n}")),
            identifier: text(right, "identifier"),
            kind: text(right, "type").unwrap_or_default(),
            actions: actions
                .map(|action| action.as_str().map(str::to_owned))
                .collect(),
            limits: right.get("limits").map(LimitData::of),
            created_at: made.to_owned(),
        }
    }
}

impl LimitData {
    fn of(limits: &Json) -> Self {
        Self {
            receiver: text(limits, "receiver"),
            debit_amount: limits.get("debitAmount").and_then(PaymentAmount::of),
            receive_amount: limits.get("receiveAmount").and_then(PaymentAmount::of),
            interval: text(limits, "interval"),
        }
    }
}

impl PaymentAmount {
    fn of(amount: &Json) -> Option<Self> {
        let scale = amount.get("assetScale")?.as_u64()?;
        Some(Self {
            value: UInt64(text(amount, "value")?.parse().ok()?),
            asset_code: text(amount, "assetCode")?,
            asset_scale: UInt8(u8::try_from(scale).ok()?),
        })
    }
}

impl From<GnapGrants> for GrantsConnection {
    fn from(page: GnapGrants) -> Self {
        let cursor = |view: Option<&GnapGrantView>| view.map(|view| view.uuid.clone());
        Self {
            page_info: PageInfo {
                end_cursor: cursor(page.items.last()),
                has_next_page: page.has_next_page,
                has_previous_page: page.has_previous_page,
                start_cursor: cursor(page.items.first()),
            },
            edges: page
                .items
                .iter()
                .map(|view| GrantEdge {
                    node: Grant::listed(view),
                    cursor: view.uuid.clone(),
                })
                .collect(),
        }
    }
}

fn text(object: &Json, member: &str) -> Option<String> {
    object.get(member)?.as_str().map(str::to_owned)
}

/// What names the person: the member of its format, or all of it where there are several.
fn name_in(id: &Json) -> String {
    let members = id.as_object().into_iter().flatten();
    let mut names = members.filter(|(member, _)| *member != "format");
    match (names.next(), names.next()) {
        (Some((_, Json::String(name))), None) => name.clone(),
        _ => id.to_string(),
    }
}
