//! May a request be answered without asking the person?
//!
//! 1. Somebody is signed in, as the request needs it and as freshly as its scopes need it.
//! 2. The client is the operator's own, or the person agreed to at least this much before and has not taken it back.
//! 3. The redirect proves who gets the answer.
//!
//! Spec: OpenID Connect Core §3.1.2.1 (`prompt=none`), §3.1.2.6; RFC 8252 §8.6; threats A14 and H5

use std::sync::Arc;

use placet_core::{
    client::Client,
    engine,
    grant::{Grant, may_skip_person},
    id::Id,
    pending::{DecidedBy, SignInNeed},
    person::{Authentication, Person, Session},
    right::Rights,
    time::Timestamp,
};

use super::browser::SignedIn;
use crate::{
    context::Call,
    site::{Site, SiteSettings},
};

/// What a client wishes to be answered at once.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// Where the answer would go.
    pub redirect_uri: &'a str,
    /// For what.
    pub asked: &'a Rights,
    /// What the sign-in must be like.
    pub need: &'a SignInNeed,
    /// Whether the person must be asked even if they agreed before.
    pub always_ask: bool,
}

/// Whether it may be.
#[derive(Debug, Clone)]
pub enum Silent {
    /// It may, like this.
    Decided(Box<Ready>),
    /// Somebody must sign in first, or again.
    LoginRequired,
    /// The person must be asked.
    ConsentRequired,
    /// The person agreed, but must be asked all the same: the redirect does not prove the client.
    InteractionRequired,
}

/// An answer that a rule gives.
#[derive(Debug, Clone)]
pub struct Ready {
    pub(super) person: Arc<Person>,
    pub(super) session: Arc<Session>,
    pub(super) granted: Rights,
    pub(super) rule: &'static str,
    pub(super) under: Option<(Id<Grant>, u64)>,
}

impl Ready {
    /// For whom.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// In which sign-in.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

/// Whether the browser's person has answered this already, in effect.
///
/// # Errors
/// [`engine::Error::Store`] when it cannot be read.
pub async fn silently(site: &Site, call: &Call, wish: &Wish<'_>) -> Result<Silent, engine::Error> {
    match SignedIn::of_call(site, call).await? {
        Some(signed) => judge(site, &signed, wish, call.context.now).await,
        None => Ok(Silent::LoginRequired),
    }
}

/// The same for a person who is known to be signed in.
pub(super) async fn judge(
    site: &Site,
    signed: &SignedIn,
    wish: &Wish<'_>,
    now: Timestamp,
) -> Result<Silent, engine::Error> {
    if !may_answer(&site.settings, signed, wish.need, wish.asked, now) {
        return Ok(Silent::LoginRequired);
    }
    if wish.always_ask {
        return Ok(Silent::ConsentRequired);
    }
    let first_party = wish.client.metadata.first_party;
    let remembered = remembered(site, signed, wish, now).await?;
    if !first_party && remembered.is_none() {
        return Ok(Silent::ConsentRequired);
    }
    if !may_skip_person(wish.client, wish.redirect_uri) {
        return Ok(Silent::InteractionRequired);
    }
    Ok(Silent::Decided(Box::new(Ready {
        person: Arc::clone(&signed.person),
        session: Arc::clone(&signed.session),
        granted: wish.asked.clone(),
        rule: if first_party {
            "first_party"
        } else {
            "remembered"
        },
        under: remembered,
    })))
}

/// Whether this sign-in is the one the request needs, and fresh enough for all it asks (threat H5).
pub(super) fn may_answer(
    settings: &SiteSettings,
    signed: &SignedIn,
    need: &SignInNeed,
    asked: &Rights,
    now: Timestamp,
) -> bool {
    let authentication = &signed.session.authentication;
    need.is_met_by(authentication, &signed.person.subject)
        && is_fresh_for(settings, authentication, asked, now)
}

fn is_fresh_for(
    settings: &SiteSettings,
    authentication: &Authentication,
    asked: &Rights,
    now: Timestamp,
) -> bool {
    asked
        .scopes
        .iter()
        .filter_map(|scope| settings.scope(scope.as_str())?.step_up)
        .all(|span| now < authentication.at.plus(span))
}

/// The grant of this person to this client that covers what is asked. What a rule gave counts only for the operator's own
/// clients: nobody agreed to it.
async fn remembered(
    site: &Site,
    signed: &SignedIn,
    wish: &Wish<'_>,
    now: Timestamp,
) -> Result<Option<(Id<Grant>, u64)>, engine::Error> {
    let span = site.settings.lifetimes.remembered_consent;
    let first_party = wish.client.metadata.first_party;
    let counts = |grant: &Grant| {
        let by_person = match grant.by {
            DecidedBy::Seat { .. } | DecidedBy::Operator { .. } => true,
            DecidedBy::Policy { .. } => false,
        };
        grant.client == wish.client.id
            && grant.covers(wish.asked)
            && (first_party || (by_person && now < grant.created_at.plus(span)))
    };
    let grants = site.engine.list_grants(signed.person.id).await?;
    let found = grants.into_iter().find(|grant| counts(&grant.value));
    Ok(found.map(|grant| (grant.value.id, grant.version)))
}
