//! Sends what clients are owed: messages that were written with the change they tell of, each at least once.
//!
//! 1. [`deliver_due`] looks for what is due, takes it for [`LEASE`], and sends it through the one outbound client.
//! 2. A receiver that answers 2xx has it. Any other answer, and none, is tried again later, until the message's time is over.
//! 3. A node that stops between sending and writing that down lets the lease run out; the receiver then gets it twice.
//!
//! Spec: RFC 9635 §4.2.2, §11.34; threats C13, C14 and G16

use placet_core::{
    engine::{self, Engine},
    time::Lifetime,
};

use crate::fetch::Fetch;

/// How long one sender has a message to itself: longer than any exchange may take.
const LEASE: Lifetime = Lifetime::from_secs(30);
/// Messages taken at once, so that a slow receiver holds up few others.
const AT_ONCE: usize = 16;

/// Sends what is due. Returns how many messages it took, so that its caller knows whether to look again at once.
///
/// # Errors
/// [`engine::Error`] when the store cannot be read; what was not written down is sent again.
pub async fn deliver_due(engine: &Engine, fetch: &Fetch) -> Result<usize, engine::Error> {
    let due = engine.due_callbacks(AT_ONCE).await?;
    let taken = due.len();
    for seen in due {
        let claimed = match engine.claim_callback(seen, LEASE).await {
            Ok(claimed) => claimed.into_inner(),
            // Another sender has it, or its time is over.
            Err(engine::Error::Refused(_)) => continue,
            Err(error) => return Err(error),
        };
        let id = claimed.value.id;
        let message = match claimed.value.message(engine.vault()) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%id, %error, "a message does not open");
                engine.fail_callback(claimed).await?;
                continue;
            }
        };
        match fetch.post(&message).await {
            Ok(()) => {
                engine.settle_callback(claimed).await?;
            }
            Err(error) => {
                tracing::warn!(%id, %error, "a message was not delivered");
                engine.fail_callback(claimed).await?;
            }
        }
    }
    Ok(taken)
}
