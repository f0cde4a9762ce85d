//! What an operator may do, once: the commands and the admin API both call these and nothing below them.
//!
//! Every operation checks its input completely, changes things through the engine alone, and answers with a view
//! that holds no secret, no hash and no sealed value. The only secret that leaves is one made a moment ago.

mod clients;
mod clock;
mod document;
mod error;
mod events;
mod grants;
mod keys;
mod listing;
mod moment;
mod people;
mod requests;
mod sessions;

use std::sync::Arc;

use placet_core::{
    engine::{Caller, Engine},
    store::Store,
};
use placet_web::{keys::KeyRing, person::Passwords};

pub use self::{
    clients::{ClientChange, ClientSecret, ClientView, NewClientDocument, RegisteredClient},
    clock::AcceptedClock,
    document::Metadata,
    error::{Flaw, OperationError},
    events::{EventFilter, EventView, FOLLOW_LAG, event_kind},
    grants::GrantView,
    keys::{KeyState, KeyView, Rewrapped},
    listing::{Listing, PAGE_LIMIT, Wish},
    moment::{Moment, NotATime},
    people::{Claims, NewPassword, NewPersonDocument, PersonChange, PersonView},
    requests::{RequestState, RequestView},
    sessions::SessionView,
};

/// One operator at work, with all they act through.
#[derive(Clone)]
pub struct Operator {
    engine: Arc<Engine>,
    keys: Arc<KeyRing>,
    passwords: Arc<Passwords>,
    development: bool,
    caller: Caller,
}

impl Operator {
    /// An operator of this engine. `development` allows what the settings of that name allow.
    pub fn new(
        engine: Arc<Engine>,
        keys: Arc<KeyRing>,
        passwords: Arc<Passwords>,
        development: bool,
        caller: Caller,
    ) -> Self {
        Self {
            engine,
            keys,
            passwords,
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

    /// The engine below.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    fn store(&self) -> &dyn Store {
        self.engine.store().as_ref()
    }
}
