//! What can be asked: the operations of Rafiki's schema, each one operation of an operator.
//!
//! A tenant sees its own grants alone; an operator sees all, and names the tenant it means where it means one. Tenants
//! themselves are managed by operators alone, by the operations of the admin API.
//!
//! Spec: Rafiki's `Query` and `Mutation`; threats E1, E7

use async_graphql::{
    Context, EmptySubscription, Enum, Error, ErrorExtensions as _, ID, InputObject, Object, Result,
    Schema, SchemaBuilder, SimpleObject,
};
use placet_gnap::Profile;

use super::{
    grant::{Grant, GrantFinalization, GrantState, GrantsConnection, Model},
    tenant::{
        CreateTenantInput, DeleteTenantMutationResponse, Tenant, TenantMutationResponse,
        TenantsConnection, UpdateTenantInput,
    },
};
use crate::admin::operations::{
    GnapGrantFilter, GrantPaging, Holder, OperationError, Operator, Wish,
};

/// What a list costs, beside its fields: it reads every request that is kept.
const LIST_COST: usize = 500;
/// What one grant costs, beside its fields.
const ONE_COST: usize = 10;
/// What a page of tenants costs, beside its fields: it reads no more of them than it holds.
const PAGE_COST: usize = 100;
/// The most tenants of one page, and how many it holds when nobody says.
const TENANT_PAGE: (usize, usize) = (100, 20);
/// The most a query may cost.
const COST_LIMIT: usize = 5_000;

/// The schema.
pub(super) type Graph = Schema<Query, Mutation, EmptySubscription>;

pub(super) fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation, EmptySubscription)
        .register_output_type::<Model>()
        .limit_complexity(COST_LIMIT)
        .disable_suggestions()
}

/// Who asks.
pub(super) struct Asker {
    pub(super) operator: Operator,
    /// The tenant that asks, by UUID. `None`: an operator.
    pub(super) tenant: Option<String>,
}

impl Asker {
    /// Whoever asks as an operator.
    fn as_operator(&self) -> Result<&Operator> {
        if self.tenant.is_some() {
            return Err(coded("tenants are an operator's business", "FORBIDDEN"));
        }
        Ok(&self.operator)
    }

    /// Whose grants are meant by whoever asks and perhaps names a tenant.
    async fn holders(&self, named: Option<&str>) -> Result<Vec<Holder>, OperationError> {
        self.operator
            .holders(self.tenant.as_deref().or(named))
            .await
    }
}

/// What can be read.
pub(super) struct Query;

#[Object]
impl Query {
    /// One page of grants.
    #[graphql(complexity = "LIST_COST + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "they are those of the schema")]
    async fn grants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The grant before the first of the page, by id.")] after: Option<String>,
        #[graphql(desc = "The grant behind the last of the page, by id.")] before: Option<String>,
        #[graphql(desc = "How many at most, after `after`: 1 to 100, else 20.")] first: Option<i32>,
        #[graphql(desc = "How many at most, before `before`: 1 to 100, else 20.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Which grants.")] filter: Option<GrantFilter>,
        #[graphql(desc = "The order, by the time of making. Absent: newest first.")]
        sort_order: Option<SortOrder>,
        #[graphql(desc = "Whose grants. An operator alone may choose.")] tenant_id: Option<ID>,
    ) -> Result<GrantsConnection> {
        let asker = ctx.data::<Asker>()?;
        let named = tenant_id.as_ref().map(|id| id.as_str());
        let holders = match asker.holders(named).await {
            Ok(holders) => holders,
            // Whoever asks for the grants of nobody gets none.
            Err(OperationError::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(told(&error)),
        };
        let paging = GrantPaging {
            after,
            before,
            first: first.map(i64::from),
            last: last.map(i64::from),
            ascending: sort_order == Some(SortOrder::Asc),
        };
        let filter = filter.unwrap_or_default().read();
        let page = asker.operator.gnap_grants(&holders, &filter, &paging);
        page.await.map(Into::into).map_err(|error| told(&error))
    }

    /// One grant.
    #[graphql(complexity = "ONE_COST + child_complexity")]
    async fn grant(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Result<Grant> {
        let asker = ctx.data::<Asker>()?;
        let holders = asker.holders(None).await.map_err(|error| told(&error))?;
        let view = asker.operator.gnap_grant(&holders, id.as_str()).await;
        match view.map_err(|error| told(&error))? {
            view if view.profile == Profile::OpenPayments.name() => Ok(Grant::whole(&view)),
            _ => Err(coded("there is no such grant", "NOT_FOUND")),
        }
    }

    /// One page of the tenants: the server's own first, then the others in the order of their ids, deleted ones too. For
    /// operators alone.
    #[graphql(complexity = "PAGE_COST + child_complexity")]
    async fn tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant before the first of the page, by cursor.")] after: Option<
            String,
        >,
        #[graphql(desc = "How many at most: 1 to 100, else 20.")] first: Option<i32>,
    ) -> Result<TenantsConnection> {
        let operator = ctx.data::<Asker>()?.as_operator()?;
        let (most, usual) = TENANT_PAGE;
        let limit = match first.map(usize::try_from) {
            None => usual,
            Some(Ok(count)) if (1..=most).contains(&count) => count,
            Some(_) => {
                let told = format!("first must be between 1 and {most}");
                return Err(coded(told, "BAD_USER_INPUT"));
            }
        };
        let is_first = after.is_none();
        let page = operator.tenants(&Wish { after, limit }).await;
        let page = page.map_err(|error| told(&error))?;
        Ok(TenantsConnection::of(page, operator, is_first))
    }

    /// One tenant, living or deleted. For operators alone.
    #[graphql(complexity = "ONE_COST + child_complexity")]
    async fn tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Tenant> {
        let operator = ctx.data::<Asker>()?.as_operator()?;
        let view = operator.tenant(&id).await;
        view.map(Into::into).map_err(|error| told(&error))
    }
}

/// What can be changed.
pub(super) struct Mutation;

#[Object]
impl Mutation {
    /// Takes a grant back, with every token that was given under it.
    #[graphql(complexity = "ONE_COST + child_complexity")]
    async fn revoke_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: RevokeGrantInput,
    ) -> Result<RevokeGrantMutationResponse> {
        if input.grant_id.is_empty() {
            return Err(coded("say which grant", "FORBIDDEN"));
        }
        let asker = ctx.data::<Asker>()?;
        let holders = asker.holders(None).await.map_err(|error| told(&error))?;
        let id = &input.grant_id;
        let view = asker
            .operator
            .gnap_grant(&holders, id)
            .await
            .map_err(|error| told(&error))?;
        if view.profile != Profile::OpenPayments.name() {
            return Err(coded("there is no such grant", "NOT_FOUND"));
        }
        let revoked = asker.operator.revoke_gnap_grant(&holders, id).await;
        revoked.map_err(|error| told(&error))?;
        Ok(RevokeGrantMutationResponse {
            id: ID(input.grant_id),
        })
    }

    /// Adds a tenant, and tells the secrets that were made, once. For operators alone.
    #[graphql(complexity = "ONE_COST + child_complexity")]
    async fn create_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is.")] input: CreateTenantInput,
    ) -> Result<TenantMutationResponse> {
        let operator = ctx.data::<Asker>()?.as_operator()?;
        let added = operator.add_tenant(input.into()).await;
        added.map(Into::into).map_err(|error| told(&error))
    }

    /// Changes a tenant; secrets that are replaced count until the next change. For operators alone.
    #[graphql(complexity = "ONE_COST + child_complexity")]
    async fn update_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateTenantInput,
    ) -> Result<TenantMutationResponse> {
        let operator = ctx.data::<Asker>()?.as_operator()?;
        let id = input.id.clone();
        let changed = operator.change_tenant(&id, input.into()).await;
        changed.map(Into::into).map_err(|error| told(&error))
    }

    /// Deletes a tenant; its id is never given again. For operators alone.
    #[graphql(complexity = "ONE_COST + child_complexity")]
    async fn delete_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] id: String,
    ) -> Result<DeleteTenantMutationResponse> {
        let operator = ctx.data::<Asker>()?.as_operator()?;
        let deleted = operator.delete_tenant(&id).await;
        deleted.map_err(|error| told(&error))?;
        Ok(DeleteTenantMutationResponse { success: true })
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum SortOrder {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// Which grants are wanted. A list that is absent or empty does not restrict.
#[derive(Debug, Default, InputObject)]
pub(super) struct GrantFilter {
    /// By the resources of their rights.
    identifier: Option<FilterString>,
    /// By where they stand.
    state: Option<FilterGrantState>,
    /// By how they ended.
    finalization_reason: Option<FilterFinalizationReason>,
}

/// By text.
#[derive(Debug, InputObject)]
pub(super) struct FilterString {
    /// Only these.
    #[graphql(name = "in")]
    within: Option<Vec<String>>,
}

/// By where a grant stands.
#[derive(Debug, InputObject)]
pub(super) struct FilterGrantState {
    /// Only these.
    #[graphql(name = "in")]
    within: Option<Vec<GrantState>>,
    /// None of these.
    not_in: Option<Vec<GrantState>>,
}

/// By how a grant ended.
#[derive(Debug, InputObject)]
pub(super) struct FilterFinalizationReason {
    /// Only these.
    #[graphql(name = "in")]
    within: Option<Vec<GrantFinalization>>,
    /// None of these. What has not ended stays.
    not_in: Option<Vec<GrantFinalization>>,
}

/// Which grant to take back.
#[derive(Debug, InputObject)]
pub(super) struct RevokeGrantInput {
    /// Its id.
    grant_id: String,
}

/// What was taken back.
#[derive(Debug, SimpleObject)]
pub(super) struct RevokeGrantMutationResponse {
    /// The grant's id.
    id: ID,
}

impl GrantFilter {
    /// The same for the operation. Grants of GNAP itself do not fit the schema, and belong to no tenant.
    fn read(self) -> GnapGrantFilter {
        let (states, other_states) = match self.state {
            Some(state) => (state.within, state.not_in),
            None => (None, None),
        };
        let (ends, other_ends) = match self.finalization_reason {
            Some(reason) => (reason.within, reason.not_in),
            None => (None, None),
        };
        let words = |states: Option<Vec<GrantState>>| {
            let states = states.into_iter().flatten();
            states.map(Into::into).collect()
        };
        let ends_of = |reasons: Option<Vec<GrantFinalization>>| {
            let reasons = reasons.into_iter().flatten();
            reasons.flat_map(GrantFinalization::ends).collect()
        };
        GnapGrantFilter {
            identifiers: self
                .identifier
                .and_then(|identifier| identifier.within)
                .unwrap_or_default(),
            states: words(states),
            other_states: words(other_states),
            finalizations: ends_of(ends),
            other_finalizations: ends_of(other_ends),
            profile: Some(Profile::OpenPayments),
        }
    }
}

/// An error with its code.
pub(super) fn coded(message: impl Into<String>, code: &'static str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// What an operation's error tells. What the store says is for the log.
fn told(error: &OperationError) -> Error {
    match error {
        OperationError::NotFound { what, .. } => {
            coded(format!("there is no such {what}"), "NOT_FOUND")
        }
        OperationError::Invalid(_) | OperationError::BadCursor => {
            coded(error.to_string(), "BAD_USER_INPUT")
        }
        OperationError::Stale
        | OperationError::Settled
        | OperationError::Taken { .. }
        | OperationError::Busy => coded(error.to_string(), "CONFLICT"),
        OperationError::WrongMasterKey | OperationError::Key(_) | OperationError::Engine(_) => {
            tracing::error!(%error, "the GraphQL endpoint could not reach the store");
            coded("the store did not answer", "INTERNAL_SERVER_ERROR")
        }
    }
}
