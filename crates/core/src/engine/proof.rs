//! A client's single-use proof of itself, spent once by the verb it came with (RFC 7523 §3).
//!
//! Where the verb writes, the proof joins its commit. Where it refuses, the proof is spent by itself before the
//! refusal is told, so that the same assertion cannot ask again.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Attempts, Caller, Engine, Error};
use crate::{
    client::{AuthenticatedClient, Client, OnceProof},
    event::{Actor, EventKind},
    id::Id,
    refusal::Refusal,
    store::{Change, Commit},
};

/// The proof of one request, and whether it was spent.
pub(crate) struct Proof<'a> {
    client: &'a AuthenticatedClient,
    spent: AtomicBool,
}

impl<'a> Proof<'a> {
    /// The proof that came with this client's request.
    pub(crate) fn of(client: &'a AuthenticatedClient) -> Self {
        Self {
            client,
            spent: AtomicBool::new(false),
        }
    }

    /// The change that spends it within a verb's commit. `None` when there is none, or it was spent.
    pub(crate) fn change(&self) -> Option<Change> {
        if self.spent.load(Ordering::Relaxed) {
            None
        } else {
            proof_change(self.client)
        }
    }

    /// Spends it by itself, unless that was done.
    pub(crate) async fn settle(&self, engine: &Engine) -> Result<(), Error> {
        if !self.spent.load(Ordering::Relaxed) {
            engine.spend_proof(self.client).await?;
            self.spent.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What a verb that used this proof may tell: a refusal only after the proof is spent.
    pub(crate) async fn told<T>(
        &self,
        engine: &Engine,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(Error::Refused(refusal)) = &result
            && *refusal != Refusal::ReplayedProof
        {
            self.settle(engine).await?;
        }
        result
    }
}

/// The change that spends a proof.
pub(crate) fn spending(proof: &OnceProof) -> Change {
    Change::Spend {
        value: proof.value,
        keep_until: proof.keep_until,
    }
}

/// The change that spends a client's single-use proof, if it has one.
pub(crate) fn proof_change(client: &AuthenticatedClient) -> Option<Change> {
    client.proof().map(spending)
}

impl Engine {
    /// Spends a client's single-use proof where no verb does: for a request that is refused before any verb.
    ///
    /// # Errors
    /// [`Refusal::ReplayedProof`] when it came before.
    pub async fn spend_proof(&self, client: &AuthenticatedClient) -> Result<(), Error> {
        let Some(proof) = client.proof() else {
            return Ok(());
        };
        let caller = Caller {
            actor: Actor::Client,
            peer: proof.peer.clone(),
            ..Caller::default()
        };
        self.spend(proof, &caller, Some(client.client().id)).await
    }

    /// Spends the single-use proof of a caller that is no client, such as a tenant that signs what it sends. On all nodes
    /// it counts once.
    ///
    /// # Errors
    /// [`Refusal::ReplayedProof`] when it came before.
    pub async fn spend_once(&self, proof: &OnceProof, caller: &Caller) -> Result<(), Error> {
        self.spend(proof, caller, None).await
    }

    async fn spend(
        &self,
        proof: &OnceProof,
        caller: &Caller,
        client: Option<Id<Client>>,
    ) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            let mut event = self.event(EventKind::ProofSpent, caller, self.store.now());
            event.client = client;
            let commit = Commit::new(self.issuer, event).with(spending(proof));
            match self.write(commit).await {
                Ok(()) => return Ok(()),
                Err(error) => attempts.again(error)?,
            }
        }
    }
}
