//! `show`: a browser looks at a request. Looking changes nothing; the first post of a signed-in person claims it.

use std::sync::Arc;

use super::{Attempts, Caller, Committed, Engine, Error, found};
use crate::{
    client::Client,
    event::{Actor, EventKind},
    id::Id,
    pending::{EndKind, HandleKind, PendingRequest, Seat, State, UserCode},
    person::{SeatedPerson, Session},
    refusal::Refusal,
    secret::{Digest, SecretHash, kind},
    store::{Change, Commit, Key, Record, Versioned},
    time::Timestamp,
};

/// How a browser names the request it wants to see.
#[derive(Debug, Clone, Copy)]
pub enum View<'a> {
    /// By the code a person typed.
    UserCode(&'a UserCode),
    /// By its public id, which proves nothing: the caller has checked the browser.
    Id(Id<PendingRequest>),
}

/// A request with what a page says about it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The request.
    pub request: PendingRequest,
    /// Its version when it was read.
    pub version: u64,
    /// Who asks.
    pub client: Arc<Client>,
    /// The code to compare, for a device.
    pub user_code: Option<String>,
}

impl Engine {
    /// Reads a request for a page. An ended one is shown as such; what it still may do is in its state.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown id or code, and for a request whose client is gone.
    pub async fn show(&self, view: View<'_>) -> Result<Shown, Error> {
        let store = self.store.as_ref();
        let request = match view {
            View::Id(id) => store.pending(self.issuer, id).await?.map(|v| Versioned {
                value: *v.value,
                version: v.version,
            }),
            View::UserCode(code) => {
                let hash = code.hash(&self.vault);
                store
                    .pending_by(self.issuer, HandleKind::UserCode, *hash.as_bytes())
                    .await?
            }
        };
        let Versioned {
            value: request,
            version,
        } = found(request)?;
        let client = self
            .client(request.asker.client)
            .await?
            .ok_or(Refusal::NotFound)?;
        let user_code = request.user_code.as_ref().and_then(|sealed| {
            let plain = self.vault.open(&request.id.to_string(), sealed).ok()?;
            String::from_utf8(plain.to_vec()).ok()
        });
        Ok(Shown {
            request,
            version,
            client,
            user_code,
        })
    }

    /// Reads a request for a page that tells what became of it. One that nobody answered in time ends first, so that it
    /// has expired for everybody before a person reads so; an answer that came just in time stands, and is what is read.
    ///
    /// # Errors
    /// As [`Engine::show`]; [`Error::Store`] when the end could not be written, so that nobody may be told of it.
    pub async fn expire(&self, id: Id<PendingRequest>) -> Result<Committed<Shown>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(View::Id(id)).await?;
            if shown.request.state.is_settled() {
                return Ok(Committed(shown));
            }
            match self.in_time(&shown.request, shown.version, now).await {
                Ok(()) => return Ok(Committed(shown)),
                // It has ended; how it stands is read anew.
                Err(Error::Refused(_)) => {}
                Err(error) => attempts.reload(error)?,
            }
        }
    }

    /// A signed-in person takes the request; from now on another person is told it is in use.
    ///
    /// # Errors
    /// [`Refusal::Taken`], [`Refusal::WrongBrowser`], [`Refusal::Expired`], or what a settled request says.
    pub async fn claim(
        &self,
        id: Id<PendingRequest>,
        seat: &SeatedPerson,
        caller: &Caller,
    ) -> Result<Committed<Digest>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let shown = self.show(View::Id(id)).await?;
            if let Err(error) = self.in_time(&shown.request, shown.version, now).await {
                attempts.reload(error)?;
                continue;
            }
            may_sit(&shown.request, seat)?;
            let digest = shown.request.digest(&shown.client, Some(seat.person().id));
            let by = Seat {
                person: seat.person().id,
                browser: seat.browser(),
                used_at: now,
            };
            let mut request = shown.request;
            request.state = request.state.claim(by, digest)?;
            let before = request.expires_at;

            let mut event = self.event(EventKind::RequestClaimed, caller, now);
            event.actor = Actor::Person;
            event.client = Some(request.asker.client);
            event.person = Some(seat.person().id);
            event.request = Some(id);
            let commit = Commit::new(self.issuer, event)
                .with(Change::update(
                    shown.version,
                    Record::Pending(Box::new(request)),
                ))
                .with(self.require_session(seat.session()).await?)
                .before(before);
            match self.write(commit).await {
                Ok(()) => return Ok(Committed(digest)),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// The person who holds the request in this browser gives it back, for instance to sign in as somebody else.
    ///
    /// # Errors
    /// [`Refusal::Taken`] when it is not held from there, or what a settled request says.
    pub async fn release(
        &self,
        id: Id<PendingRequest>,
        seat: &SeatedPerson,
        caller: &Caller,
    ) -> Result<Committed<()>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let Shown {
                mut request,
                version,
                ..
            } = self.show(View::Id(id)).await?;
            let person = seat.person().id;
            request.state = request.state.release(person, seat.browser())?;

            let mut event = self.event(EventKind::RequestReleased, caller, self.store.now());
            event.actor = Actor::Person;
            event.client = Some(request.asker.client);
            event.person = Some(person);
            event.request = Some(id);
            let given_back = Change::update(version, Record::Pending(Box::new(request)));
            match self
                .write(Commit::new(self.issuer, event).with(given_back))
                .await
            {
                Ok(()) => return Ok(Committed(())),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    /// A change that holds only while a person's session is as it was.
    pub(crate) async fn require_session(&self, session: &Session) -> Result<Change, Error> {
        let hash = session.hash;
        let session = self.store.as_ref().session(self.issuer, hash).await?;
        let session = session
            .filter(|s| s.value.opens(self.store.now()))
            .ok_or(Refusal::SignInNeeded)?;
        Ok(Change::Require {
            key: Key::session(hash),
            version: session.version,
        })
    }

    /// Says 'expired' for a request that is too late, and first makes that so for everybody: the request ends in
    /// a commit of its own, once. A conflict there is told as it is and must be decided again: an answer may have been
    /// committed just in time while this was read.
    pub(crate) async fn in_time(
        &self,
        request: &PendingRequest,
        version: u64,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Err(late) = request.in_time(now) else {
            return Ok(());
        };
        let (end, kind) = match late {
            Refusal::Expired => (EndKind::Expired, EventKind::RequestExpired),
            _ => (EndKind::Revoked, EventKind::RequestCancelled),
        };
        let mut ended = request.clone();
        ended.state = ended.state.end(end, now)?;
        ended.keep_until = request.retention(now);
        let mut event = self.event(kind, &Caller::default(), now);
        event.client = Some(request.asker.client);
        event.request = Some(request.id);
        event.note = Some("too late".into());
        let commit = Commit::new(self.issuer, event)
            .with(Change::update(version, Record::Pending(Box::new(ended))));
        match self.write(commit).await {
            Ok(()) => Err(late.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether this person, in this browser, may act on the request at all.
pub(crate) fn may_sit(request: &PendingRequest, seat: &SeatedPerson) -> Result<(), Refusal> {
    if let Some(began_in) = request.browser
        && began_in != seat.browser()
    {
        return Err(Refusal::WrongBrowser);
    }
    if !seat.person().honours(seat.session().created_at) {
        return Err(Refusal::PersonInactive);
    }
    if !request
        .need
        .is_met_by(&seat.session().authentication, &seat.person().subject)
    {
        return Err(Refusal::SignInNeeded);
    }
    Ok(())
}

/// Whether the browser with this interaction cookie may see what became of the request.
pub fn belongs_to(request: &PendingRequest, browser: SecretHash<kind::Interaction>) -> bool {
    match (&request.browser, &request.state) {
        (Some(began_in), _) => *began_in == browser,
        (None, State::Interacting { by, .. } | State::Clarifying { by, .. }) => {
            by.browser == browser
        }
        (None, State::Pending | State::Approved(_) | State::Collected { .. } | State::Ended(_)) => {
            true
        }
    }
}
