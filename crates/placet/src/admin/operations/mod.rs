//! What an operator may do, once: the commands and the admin API both call these and nothing below them.
//!
//! Every operation checks its input completely, changes things through the engine alone, and answers with a view
//! that holds no secret, no hash and no sealed value. The only secret that leaves is one made a moment ago.

mod clients;
mod clock;
mod document;
mod error;
mod events;
mod gnap_grants;
mod gnap_paging;
mod grants;
mod keys;
mod listing;
mod moment;
mod people;
mod requests;
mod sessions;
mod tenant_document;
mod tenants;
mod verification;

use std::sync::Arc;

use placet_core::{
    client::OnceProof,
    engine::{self, Caller, Engine},
    store::Store,
};
use placet_web::{keys::KeyRing, person::Passwords};

use crate::app::Tenancy;

pub use self::{
    clients::{ClientChange, ClientSecret, ClientView, NewClientDocument, RegisteredClient},
    clock::AcceptedClock,
    document::Metadata,
    error::{Flaw, OperationError},
    events::{EventFilter, EventView, FOLLOW_LAG, event_kind},
    gnap_grants::{Finalization, GnapGrantFilter, GnapGrantState, GnapGrantView, Holder},
    gnap_paging::{GRANT_PAGE_LIMIT, GnapGrants, GrantPaging},
    grants::GrantView,
    keys::{KeyState, KeyView, Rewrapped},
    listing::{Listing, PAGE_LIMIT, Wish},
    moment::{Moment, NotATime},
    people::{Claims, NewPassword, NewPersonDocument, PersonChange, PersonView},
    requests::{RequestState, RequestView},
    sessions::SessionView,
    tenant_document::{
        NewTenantDocument, RegisteredTenant, Said, TenantChange, TenantSecret, TenantView,
    },
};

/// One operator at work, with all they act through.
#[derive(Clone)]
pub struct Operator {
    engine: Arc<Engine>,
    keys: Arc<KeyRing>,
    passwords: Arc<Passwords>,
    tenancy: Arc<dyn Tenancy>,
    development: bool,
    caller: Caller,
}

impl Operator {
    /// An operator of this engine. `development` allows what the settings of that name allow.
    pub fn new(
        engine: Arc<Engine>,
        keys: Arc<KeyRing>,
        passwords: Arc<Passwords>,
        tenancy: Arc<dyn Tenancy>,
        development: bool,
        caller: Caller,
    ) -> Self {
        Self {
            engine,
            keys,
            passwords,
            tenancy,
            development,
            caller,
        }
    }

    /// The same operator, calling from elsewhere.
    #[must_use]
    pub fn called_by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// Spends what the caller proved itself by, once on all nodes.
    ///
    /// # Errors
    /// [`engine::Error::Refused`] when it came before; [`engine::Error::Store`].
    pub async fn spend_once(&self, proof: &OnceProof) -> Result<(), engine::Error> {
        self.engine.spend_once(proof, &self.caller).await
    }

    /// The engine below.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    fn store(&self) -> &dyn Store {
        self.engine.store().as_ref()
    }
}
