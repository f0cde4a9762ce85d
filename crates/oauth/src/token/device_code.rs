//! A device polls until its person has answered, and may have its poll held meanwhile.
//!
//! A poll that finds no answer is told `authorization_pending` at once. With `Prefer: wait=N` it is held until there is
//! one, or for N seconds, and then told the same; what was done by that time is told as always.
//!
//! Spec: RFC 8628 §3.4–3.5, RFC 7240 §3, §4.3

use placet_core::{
    Refusal,
    client::{AuthenticatedClient, DEVICE_CODE},
    engine::{Caller, Collect, CollectBy, Committed, Error, Polled, Waiting},
    pending::{PendingRequest, State},
    right::ResourceId,
    secret::{Secret, kind},
    token::TokenSet,
};
use placet_web::{
    hold::{Place, Unanswered},
    params::Form,
    prefer,
    reply::Reply,
    site::{Site, SiteSettings},
};

use super::{of_this_face, specs, tokens};
use crate::{
    error::{OAuthError, Problem},
    resource,
};

/// A device code.
#[derive(Debug)]
pub struct DeviceGrant {
    code: Secret<kind::Collect>,
    target: Option<ResourceId>,
}

impl DeviceGrant {
    pub(super) fn parse(form: &Form) -> Result<Self, Problem> {
        let code = form.get("device_code").ok_or(OAuthError::InvalidRequest)?;
        Ok(Self {
            code: Secret::parse(code).ok_or(OAuthError::InvalidGrant)?,
            target: resource::target(form)?,
        })
    }

    pub(super) async fn exchange(
        &self,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Problem> {
        match self.look(Look::First, site, client, caller).await? {
            Polled::Given(tokens) => Ok(tokens),
            Polled::Waiting(waiting) => Err(waiting.refusal().into()),
        }
    }

    /// The same, but says what to wait for where nobody has answered.
    pub(super) async fn look(
        &self,
        which: Look,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Polled, Problem> {
        let collect = Collect {
            by: CollectBy::Poll,
            secret: &self.code,
            client,
            check: &|request| self.check(&site.settings, request),
            specs: &|_, basis| specs(&site.settings, basis, self.target.as_ref(), None),
        };
        let polled = match which {
            Look::First => site.engine.poll(&collect, caller).await,
            Look::Again => site.engine.poll_again(&collect, caller).await,
        };
        match polled {
            Ok(polled) => Ok(polled),
            // RFC 8628 §3.5 has a word of its own for it; everywhere else it is `invalid_grant`.
            Err(Error::Refused(Refusal::Expired)) => Err(OAuthError::ExpiredToken.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn check(&self, settings: &SiteSettings, request: &PendingRequest) -> Result<(), Refusal> {
        of_this_face(request)?;
        match &request.state {
            State::Approved(approval) => {
                resource::reachable(settings, &approval.granted, self.target.as_ref())
            }
            State::Pending
            | State::Interacting { .. }
            | State::Clarifying { .. }
            | State::Collected { .. }
            | State::Ended(_) => Ok(()),
        }
    }
}

/// Which look at its request a poll takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// When it comes.
    First,
    /// After it waited.
    Again,
}

/// A poll that is held: what it takes to look again, and nothing else of its request.
pub(super) struct HeldPoll {
    pub(super) grant: DeviceGrant,
    pub(super) client: AuthenticatedClient,
    pub(super) caller: Caller,
    pub(super) waiting: Waiting,
    pub(super) place: Place,
}

impl HeldPoll {
    /// Waits, and says what came of it.
    pub(super) async fn answer(self, site: &Site) -> Reply {
        let Self {
            grant,
            client,
            caller,
            waiting,
            place,
        } = self;
        let look = || async {
            // What was true of the client when it asked may not be any more (threat T16). Whether it may act at all is
            // asked by the engine.
            let known = site.engine.client(client.client().id).await?;
            if known.is_some_and(|known| !known.may_use(DEVICE_CODE)) {
                return Err(OAuthError::UnauthorizedClient.into());
            }
            grant.look(Look::Again, site, &client, &caller).await
        };
        let pending = Problem::from(OAuthError::AuthorizationPending);
        let outcome = match place.until_answered(&site.engine, waiting, look).await {
            Ok(set) => tokens(set),
            Err(Unanswered::TimeUp) => pending.into(),
            // RFC 8628 §3.5: a device ends its flow at an error it does not know, and `temporarily_unavailable` is none
            // of those it knows. `authorization_pending` is true, and `Retry-After` says when it pays to ask again.
            Err(Unanswered::Released(retry_after)) => {
                let told = Problem {
                    retry_after: Some(retry_after),
                    ..pending
                };
                return told.reply();
            }
            Err(Unanswered::Refused(problem)) => problem.into(),
        };
        let applied = prefer::applied_wait(place.granted());
        outcome
            .print()
            .with_header(prefer::PREFERENCE_APPLIED, applied)
    }
}
