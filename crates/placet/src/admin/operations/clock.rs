//! The clock: an operator says that a time which looks like a step backwards is right.

use placet_core::{
    event::EventKind,
    store::{Change, Commit, Record},
    time::Timestamp,
};
use serde::Serialize;

use super::{Moment, OperationError, Operator};

/// What became of the mark that guards against a clock that runs backwards.
#[derive(Debug, Clone, Serialize)]
pub struct AcceptedClock {
    /// The latest time the store had kept.
    pub kept: Moment,
    /// The time that counts from here on.
    pub accepted: Moment,
}

impl Operator {
    /// Takes `accepted` for right, which the clock shows that decides expiry, even if the store has seen a later time.
    ///
    /// # Errors
    /// [`OperationError::Stale`] when a server moved the mark at the same time.
    pub async fn accept_clock(&self, accepted: Timestamp) -> Result<AcceptedClock, OperationError> {
        let issuer = self.engine.issuer_id();
        let mut read =
            self.store()
                .issuer(issuer, issuer)
                .await?
                .ok_or_else(|| OperationError::NotFound {
                    what: "issuer",
                    name: issuer.to_string(),
                })?;
        let kept = read.value.clock_mark;
        read.value.clock_mark = accepted;
        let mut event = self.engine.note(EventKind::IssuerChanged, &self.caller);
        event.note = Some("clock accepted".into());
        // A start believes the newest event's time too, so this one tells the accepted time.
        event.at = accepted;
        let change = Change::update(read.version, Record::Issuer(read.value));
        self.engine
            .put(Commit::new(issuer, event).with(change))
            .await?;
        Ok(AcceptedClock {
            kept: kept.into(),
            accepted: accepted.into(),
        })
    }
}
