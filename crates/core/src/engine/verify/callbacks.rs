//! What must be true of a callback: it can be sent, somebody is owed it, and whoever took it said so.

use super::{super::Engine, Error, Pass, Violation, records::Found};
use crate::{callback::Callback, event::EventKind};

impl Engine {
    pub(super) async fn owed_callback(
        &self,
        callback: &Callback,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let id = callback.id;
        if let Some(client) = callback.client {
            self.client_there(&id, client, callback.created_at, pass, found)
                .await?;
        }
        if let Err(error) = callback.message(&self.vault) {
            let rule = "what is sealed opens";
            found.push(Violation::new(rule, &id, error.to_string()));
        }
        if callback.due_at < callback.created_at || callback.keep_until < callback.created_at {
            let what = "it is due, or ends, before it begins";
            found.push(Violation::new("times follow each other", &id, what));
        }
        if callback.leased_until.is_some() && callback.attempts == 0 {
            let what = "somebody holds it and nobody took it";
            found.push(Violation::new("a lease is an attempt", &id, what));
        }
        Ok(())
    }
}

/// What the events must say for `callback` to be as it is.
pub(super) fn explained(callback: &Callback, pass: &Pass, found: &mut Found) {
    let (slice, told, id) = (pass.slice, &pass.told, callback.id);
    if !told.reaches(callback.created_at) {
        return;
    }
    let claimed = || told.of_callback(id, EventKind::CallbackClaimed);
    if slice.has(id) && callback.attempts > 0 && !claimed() {
        let what = "no CallbackClaimed event";
        found.push(Violation::new("a callback has its events", &id, what));
    }
    // It was enqueued with an event of its request, which may have been swept since.
    if let Some(request) = callback.request.filter(|request| slice.has(*request))
        && !told.knows(request)
    {
        let what = "no event speaks of the request it tells of";
        found.push(Violation::new("a callback has its events", &id, what));
    }
}
