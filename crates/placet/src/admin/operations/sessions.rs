//! Sign-ins of one person: list and end.

use placet_core::person::Session;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, OperationError, Operator};

/// One sign-in of a person that lives.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    /// Its public name (`sid`).
    pub sid: String,
    /// When it began.
    pub created_at: Moment,
    /// When it is over by itself.
    pub expires_at: Moment,
    /// When the person proved who they are (`auth_time`).
    pub auth_time: Moment,
    /// By which methods (RFC 8176).
    pub amr: Vec<String>,
    /// The address it began from.
    pub peer: String,
    /// The browser as it named itself.
    pub agent: String,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            sid: session.sid.to_string(),
            created_at: session.created_at.into(),
            expires_at: session.expires_at.into(),
            auth_time: session.authentication.at.into(),
            amr: session.authentication.amr,
            peer: session.peer,
            agent: session.agent,
        }
    }
}

impl Operator {
    /// The live sign-ins of a person, newest first.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] for an unknown person.
    pub async fn sessions(&self, person: &str) -> Result<Vec<SessionView>, OperationError> {
        let sessions = self.live_sessions(person).await?;
        Ok(sessions.into_iter().map(SessionView::from).collect())
    }

    /// Ends one sign-in of a person.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] for an unknown person, and for a session that is not a live one of theirs.
    pub async fn end_session(&self, person: &str, sid: &str) -> Result<(), OperationError> {
        let sessions = self.live_sessions(person).await?;
        let session = sessions
            .iter()
            .find(|session| session.sid.to_string() == sid)
            .ok_or_else(|| OperationError::NotFound {
                what: "session",
                name: sid.to_owned(),
            })?;
        self.engine.sign_out(session.hash, &self.caller).await?;
        Ok(())
    }

    /// Ends every sign-in of a person. Returns how many there were.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] for an unknown person.
    pub async fn end_sessions(&self, person: &str) -> Result<usize, OperationError> {
        let sessions = self.live_sessions(person).await?;
        for session in &sessions {
            self.engine.sign_out(session.hash, &self.caller).await?;
        }
        Ok(sessions.len())
    }

    async fn live_sessions(&self, person: &str) -> Result<Vec<Session>, OperationError> {
        let person = self.read_person(person).await?.value;
        let mut sessions = self.engine.list_sessions(person.id).await?;
        sessions.retain(|session| person.honours(session.created_at));
        sessions.sort_by_key(|session| std::cmp::Reverse(session.created_at));
        Ok(sessions)
    }
}
