//! A poll that may be kept waiting: what it found, how to wait for more, and how to look again.
//!
//! 1. [`Engine::poll`] collects. When nobody has answered and the poll came in time, it says what to wait for, in a few
//!    words: the request, and the version it was seen at.
//! 2. [`Engine::changed`] resolves when the request is newer than that, or at a time. It holds nothing but its place.
//! 3. [`Engine::poll_again`] decides anew, by what the store says then: about the request, the person, and the client
//!    too. The pace is not judged again, since it is still the same poll.
//!
//! Whoever holds polls decides how many and how long; nothing here counts them.
//!
//! Spec: RFC 8628 §3.5, RFC 7240 §4.3

use super::{Caller, Collect, Committed, Engine, Error, proof::Proof};
use crate::{
    client::AuthenticatedClient,
    id::Id,
    pending::PendingRequest,
    refusal::Refusal,
    store::Version,
    time::{Lifetime, Timestamp},
    token::TokenSet,
};

/// What a poll found.
pub enum Polled {
    /// The result, handed over.
    Given(Committed<TokenSet>),
    /// No answer yet; the poll kept its pace.
    Waiting(Waiting),
}

/// A request nobody has answered, as one poll found it.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub(super) request: Id<PendingRequest>,
    pub(super) version: Version,
    pub(super) expires_at: Timestamp,
    pub(super) interval: Lifetime,
    pub(super) handle: [u8; 32],
}

/// Whether a poll that finds nothing is measured by its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pacing {
    /// It just came.
    Judged,
    /// It was judged when it came.
    Known,
}

impl Waiting {
    /// What a poll is told that does not wait.
    pub fn refusal(&self) -> Refusal {
        Refusal::Waiting {
            interval: self.interval,
        }
    }

    /// A number that differs from request to request, to spread over time what would come at once.
    pub fn spread(&self) -> u64 {
        let [.., low] = *self.request.as_bytes();
        low.into()
    }
}

impl Engine {
    /// Hands over what was approved, or says what to wait for.
    ///
    /// # Errors
    /// As [`Engine::collect`], except that nobody having answered is none.
    pub async fn poll(&self, ask: &Collect<'_>, caller: &Caller) -> Result<Polled, Error> {
        let proof = Proof::of(ask.client);
        let taken = self.take(ask, &proof, caller, Pacing::Judged).await;
        if let Ok(Polled::Waiting(_)) = &taken {
            // Spent before the wait, so that the same proof cannot begin a second one.
            proof.settle(self).await?;
        }
        proof.told(self, taken).await
    }

    /// Resolves when the request may have an answer, when it expires, or at `until`.
    pub async fn changed(&self, waiting: &Waiting, until: Timestamp) {
        let until = until.min(waiting.expires_at);
        let (request, seen) = (waiting.request, waiting.version);
        self.store.changed(self.issuer, request, seen, until).await;
    }

    /// Decides again about a poll that waited, for the same client as its record stands now.
    ///
    /// # Errors
    /// As [`Engine::poll`], without [`Refusal::TooSoon`].
    pub async fn poll_again(&self, ask: &Collect<'_>, caller: &Caller) -> Result<Polled, Error> {
        let client = self.client(ask.client.client().id).await?;
        let client = AuthenticatedClient::renewed(client.ok_or(Refusal::ClientInactive)?);
        let ask = Collect {
            client: &client,
            ..*ask
        };
        let proof = Proof::of(&client);
        self.take(&ask, &proof, caller, Pacing::Known).await
    }

    /// The poll waited as long as its client had asked for: it may be repeated at once.
    pub fn waited_out(&self, waiting: &Waiting) {
        self.pace.waited(&waiting.handle);
    }
}
