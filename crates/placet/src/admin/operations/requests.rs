//! Requests that wait for a person: list, show and cancel.

use std::collections::HashMap;

use placet_core::{
    Id,
    client::Client,
    engine,
    pending::{Delivery, EndKind, PendingRequest, State},
    refusal::Refusal,
    store::{Record, Table},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listing, Moment, OperationError, Operator, Wish};

/// What a request is called in messages.
const REQUEST: &str = "request";
/// The list of requests, as cursors name it.
const LIST: &str = "requests";

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Nobody has looked at it.
    Pending,
    /// A person looks at it.
    Interacting,
    /// A person asked the client something.
    Clarifying,
    /// A person said yes; the client has not collected.
    Approved,
    /// The client has its tokens.
    Collected,
    /// A person said no.
    Denied,
    /// The client or an operator took it back.
    Cancelled,
    /// The person went away.
    Abandoned,
    /// What it would have given was revoked.
    Revoked,
    /// It could not be completed.
    Failed,
    /// Nobody answered or collected in time.
    Expired,
}

/// A request as operators see it: no code, no secret, nothing of what only its protocol reads.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RequestView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: RequestState,
    /// Who asks: the `client_id`. Absent when the client is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The scopes asked for.
    pub scopes: Vec<String>,
    /// The resources asked for. Empty: the issuer's own.
    pub resources: Vec<String>,
    /// The person who looks at it or answered it, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// How the answer travels: `redirect` or `poll`.
    pub delivery: &'static str,
    /// Through which protocol.
    pub face: String,
    /// The address the client asked from.
    pub peer: String,
    /// When it was opened.
    pub created_at: Moment,
    /// When it is too late to answer it, or, once approved, to collect it.
    pub expires_at: Moment,
}

impl Operator {
    /// One page of the requests that wait for an answer or to be collected.
    ///
    /// # Errors
    /// [`OperationError::BadCursor`]; [`OperationError::Engine`].
    pub async fn requests(&self, wish: &Wish) -> Result<Listing<RequestView>, OperationError> {
        let now = self.store().now();
        let page = self
            .page(LIST, Table::Pending, wish, |record| match record.value {
                Record::Pending(request) if is_open(&request, now) => Some(*request),
                _ => None,
            })
            .await?;
        let mut names = HashMap::new();
        let mut items = Vec::new();
        for request in page.items {
            let client = self.client_name(request.asker.client, &mut names).await?;
            items.push(view(request, client, now));
        }
        Ok(Listing {
            items,
            next: page.next,
        })
    }

    /// One request, open or not, as long as it is kept.
    ///
    /// # Errors
    /// [`OperationError::NotFound`].
    pub async fn request(&self, id: &str) -> Result<RequestView, OperationError> {
        let found = self
            .store()
            .pending(self.engine.issuer_id(), parse(id)?)
            .await?
            .ok_or_else(|| unknown(id))?;
        let client = self
            .client_name(found.value.asker.client, &mut HashMap::new())
            .await?;
        Ok(view(*found.value, client, self.store().now()))
    }

    /// Ends a request without tokens.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Settled`] when it has ended or was collected.
    pub async fn cancel_request(&self, id: &str) -> Result<RequestView, OperationError> {
        let cancelled = self
            .engine
            .cancel(parse(id)?, EndKind::Cancelled, &self.caller)
            .await;
        match cancelled {
            Ok(_) => self.request(id).await,
            Err(engine::Error::Refused(Refusal::NotFound)) => Err(unknown(id)),
            Err(engine::Error::Refused(_)) => Err(OperationError::Settled),
            Err(error) => Err(error.into()),
        }
    }

    /// The `client_id` of a client, asked for once.
    pub(super) async fn client_name(
        &self,
        id: Id<Client>,
        names: &mut HashMap<Id<Client>, Option<String>>,
    ) -> Result<Option<String>, OperationError> {
        if let Some(name) = names.get(&id) {
            return Ok(name.clone());
        }
        let client = self.engine.client(id).await?;
        let name = client.map(|client| client.client_id.clone());
        names.insert(id, name.clone());
        Ok(name)
    }
}

fn parse(id: &str) -> Result<Id<PendingRequest>, OperationError> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> OperationError {
    OperationError::NotFound {
        what: REQUEST,
        name: id.to_owned(),
    }
}

fn is_open(request: &PendingRequest, now: Timestamp) -> bool {
    match request.state {
        State::Pending
        | State::Interacting { .. }
        | State::Clarifying { .. }
        | State::Approved(_) => request.in_time(now).is_ok(),
        State::Collected { .. } | State::Ended(_) => false,
    }
}

fn state(request: &PendingRequest, now: Timestamp) -> RequestState {
    if request.in_time(now).is_err() {
        return RequestState::Expired;
    }
    match &request.state {
        State::Pending => RequestState::Pending,
        State::Interacting { .. } => RequestState::Interacting,
        State::Clarifying { .. } => RequestState::Clarifying,
        State::Approved(_) => RequestState::Approved,
        State::Collected { .. } => RequestState::Collected,
        State::Ended(ending) => match ending.kind {
            EndKind::Denied => RequestState::Denied,
            EndKind::Cancelled => RequestState::Cancelled,
            EndKind::Abandoned => RequestState::Abandoned,
            EndKind::Revoked => RequestState::Revoked,
            EndKind::Failed => RequestState::Failed,
            EndKind::Expired => RequestState::Expired,
        },
    }
}

fn view(request: PendingRequest, client_id: Option<String>, now: Timestamp) -> RequestView {
    let person = match &request.state {
        State::Interacting { by, .. } | State::Clarifying { by, .. } => Some(by.person),
        State::Approved(approval) => approval.person,
        State::Pending | State::Collected { .. } | State::Ended(_) => None,
    };
    RequestView {
        state: state(&request, now),
        id: request.id.to_string(),
        client_id,
        scopes: request
            .asked
            .scopes
            .iter()
            .map(ToString::to_string)
            .collect(),
        resources: request
            .asked
            .resources
            .iter()
            .map(ToString::to_string)
            .collect(),
        person: person.map(|id| id.to_string()),
        delivery: match request.delivery {
            Delivery::Redirect { .. } => "redirect",
            Delivery::Poll { .. } => "poll",
        },
        face: request.face.0.into_owned(),
        peer: request.asker.peer,
        created_at: request.created_at.into(),
        expires_at: request.expires_at.into(),
    }
}
