//! What one person allowed: list and revoke.

use placet_core::{
    Id,
    grant::Grant,
    pending::DecidedBy,
    store::{Record, Table},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, OperationError, Operator};

/// The most token families of one grant that are looked at for its last use.
const FAMILIES_LIMIT: usize = 200;

/// Something a person allowed, and that stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GrantView {
    /// Its id.
    pub id: String,
    /// To whom: the `client_id`. Absent when the client is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The scopes agreed to.
    pub scopes: Vec<String>,
    /// The resources agreed to. Empty: the issuer's own.
    pub resources: Vec<String>,
    /// Who said yes: `person`, `operator NAME` or `policy RULE`.
    pub by: String,
    /// Through which protocol.
    pub face: String,
    /// The sign-in it was given in. Absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When.
    pub created_at: Moment,
    /// When a token was last fetched under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Moment>,
}

impl Operator {
    /// What a person allowed and what still stands, newest first.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] for an unknown person.
    pub async fn grants(&self, person: &str) -> Result<Vec<GrantView>, OperationError> {
        let person = self.read_person(person).await?.value.id;
        let mut views = Vec::new();
        for grant in self.engine.list_grants(person).await? {
            views.push(self.grant_view(grant.value).await?);
        }
        Ok(views)
    }

    /// Revokes a grant, and with it every token that rests on it. Revoking twice is no error.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] for an unknown one.
    pub async fn revoke_grant(&self, id: &str) -> Result<(), OperationError> {
        let unknown = || OperationError::NotFound {
            what: "grant",
            name: id.to_owned(),
        };
        let grant: Id<Grant> = id.parse().map_err(|_| unknown())?;
        self.engine
            .revoke_grant(grant, None, &self.caller)
            .await
            .map(|_| ())
            .map_err(|error| OperationError::about(error, "grant", id))
    }

    async fn grant_view(&self, grant: Grant) -> Result<GrantView, OperationError> {
        let client = self.engine.client(grant.client).await?;
        let last_used = self.last_use(grant.id).await?;
        Ok(GrantView {
            id: grant.id.to_string(),
            client_id: client.map(|client| client.client_id.clone()),
            scopes: grant
                .rights
                .scopes
                .iter()
                .map(ToString::to_string)
                .collect(),
            resources: grant
                .rights
                .resources
                .iter()
                .map(ToString::to_string)
                .collect(),
            by: match grant.by {
                DecidedBy::Seat { .. } => "person".to_owned(),
                DecidedBy::Operator { credential } => format!("operator {credential}"),
                DecidedBy::Policy { rule } => format!("policy {rule}"),
            },
            face: grant.face.0.into_owned(),
            sid: grant.sid.map(|sid| sid.to_string()),
            created_at: grant.created_at.into(),
            last_used_at: last_used.map(Moment::from),
        })
    }

    async fn last_use(&self, grant: Id<Grant>) -> Result<Option<Timestamp>, OperationError> {
        let families = self
            .store()
            .owned(
                self.engine.issuer_id(),
                Table::Family,
                *grant.as_bytes(),
                FAMILIES_LIMIT,
            )
            .await?;
        let used = families
            .into_iter()
            .filter_map(|record| match record.value {
                Record::Family(family) => Some(family.used_at),
                _ => None,
            });
        Ok(used.max())
    }
}
