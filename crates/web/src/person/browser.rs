//! What one browser carries: its sign-in, a cookie for each request it takes part in, and one for plain forms.
//!
//! An interaction cookie holds a secret, a keyed hash that ties it to the id of its request, when it was made and the
//! language asked for. Whether it belongs to a request is told without reading the request, so that unknown and foreign
//! ids look the same (threat C8).

use std::sync::Arc;

use aws_lc_rs::constant_time;
use placet_core::{
    engine,
    id::Id,
    pending::PendingRequest,
    person::{Person, SeatedPerson, Session},
    secret::{Secret, kind},
    time::Timestamp,
};

use super::cookie::{self, Purpose};
use crate::{context::Call, page::Locale, reply::Reply, site::Site};

/// A browser's part in one request.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    /// The request.
    pub(super) request: Id<PendingRequest>,
    /// What only this browser has.
    pub(super) secret: Secret<kind::Interaction>,
    /// The language the client asked for.
    pub(super) locale: Option<Locale>,
}

impl Ticket {
    /// The ticket this browser holds for `request`, if this server made it.
    pub(super) fn of_call(site: &Site, call: &Call, request: Id<PendingRequest>) -> Option<Self> {
        let name = name_for(site, request);
        let mut parts = cookie::value(call, &name)?.split('.');
        let (_made, secret, seal) = (parts.next()?, parts.next()?, parts.next()?);
        let locale = parts.next().and_then(Locale::of_tag);
        let ticket = Self {
            request,
            secret: Secret::parse(secret)?,
            locale,
        };
        same(&ticket.seal(site), seal).then_some(ticket)
    }

    /// Makes a ticket for a request this browser begins or enters.
    pub(super) fn new(site: &Site, request: Id<PendingRequest>, locale: Option<Locale>) -> Self {
        Self {
            request,
            secret: Secret::generate(site.engine.random()),
            locale,
        }
    }

    /// Hands the ticket to the browser, until `keep_until`, and takes back the oldest when there are too many.
    pub(super) fn give(
        &self,
        site: &Site,
        call: &Call,
        reply: Reply,
        keep_until: Timestamp,
    ) -> Reply {
        let now = call.context.now;
        let own = name_for(site, self.request);
        let purpose = Purpose::Interaction;
        let reply = cookie::without_surplus(&site.settings, call, reply, (purpose, &own));
        let value = format!(
            "{}.{}.{}.{}",
            now.as_secs(),
            self.secret.reveal(),
            self.seal(site),
            self.locale.map_or("-", Locale::tag),
        );
        let lifetime = keep_until.since(now);
        reply.with_cookie(&cookie::set(&site.settings, &own, &value, Some(lifetime)))
    }

    /// The anti-forgery value of this request's forms in this browser. It outlives sign-ins in other tabs (threat H1).
    pub(super) fn csrf(&self, site: &Site) -> String {
        keyed(site, "interaction form", &self.bound())
    }

    /// The person in front of this request in this browser.
    #[expect(
        clippy::disallowed_methods,
        reason = "this ticket and this sign-in were read from the browser's cookies"
    )]
    pub(super) fn seat(&self, signed: &SignedIn) -> SeatedPerson {
        SeatedPerson::vouch(
            Arc::clone(&signed.person),
            Arc::clone(&signed.session),
            self.secret.hash(),
        )
    }

    fn seal(&self, site: &Site) -> String {
        keyed(site, "interaction cookie", &self.bound())
    }

    fn bound(&self) -> String {
        format!("{} {}", self.request, self.secret.reveal())
    }
}

/// Whether this browser takes part in any request at all.
pub(super) fn holds_tickets(site: &Site, call: &Call) -> bool {
    let begins = format!("{}-", cookie::name(&site.settings, Purpose::Interaction));
    cookie::sent(call).any(|(name, _)| name.starts_with(&begins))
}

/// The signed-in person of a browser.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    /// Who.
    pub(super) person: Arc<Person>,
    /// Their sign-in.
    pub(super) session: Arc<Session>,
}

impl SignedIn {
    /// Reads the sign-in this browser carries, if it still counts.
    pub(super) async fn of_call(site: &Site, call: &Call) -> Result<Option<Self>, engine::Error> {
        let Some(secret) = session_secret(site, call) else {
            return Ok(None);
        };
        let found = site.engine.signed_in(&secret).await?;
        Ok(found.map(|(session, person)| Self {
            person: Arc::new(person),
            session: Arc::new(session),
        }))
    }

    /// The anti-forgery value of forms that act for this sign-in.
    pub(super) fn csrf(&self, site: &Site) -> String {
        keyed(site, "session form", &self.session.hash.to_string())
    }
}

/// The secret of the session cookie, whether or not it still counts.
fn session_secret(site: &Site, call: &Call) -> Option<Secret<kind::Session>> {
    let name = cookie::name(&site.settings, Purpose::Session);
    Secret::parse(cookie::value(call, &name)?)
}

/// Whether a page of another site posted this and no sign-in came along: the cookie is `SameSite=Lax`, so that a browser
/// that has one kept it back, and brings it when it asks again by GET.
pub fn sign_in_was_kept_back(site: &Site, call: &Call) -> bool {
    let elsewhere = match call.header("sec-fetch-site") {
        Some(relation) => relation == "cross-site",
        None => call
            .header("origin")
            .is_some_and(|origin| origin != site.settings.origin),
    };
    call.method == http::Method::POST && elsewhere && session_secret(site, call).is_none()
}

/// A browser in front of a form that belongs to no sign-in and no request.
#[derive(Debug, Clone)]
pub(super) struct FormBrowser {
    secret: Secret<kind::Show>,
    fresh: bool,
}

impl FormBrowser {
    /// The browser as it is known, or as it will be known from this answer on.
    pub(super) fn of_call(site: &Site, call: &Call) -> Self {
        let name = cookie::name(&site.settings, Purpose::Form);
        match cookie::value(call, &name).and_then(Secret::parse) {
            Some(secret) => Self {
                secret,
                fresh: false,
            },
            None => Self {
                secret: Secret::generate(site.engine.random()),
                fresh: true,
            },
        }
    }

    /// The anti-forgery value of the form called `form`.
    pub(super) fn csrf(&self, site: &Site, form: &str) -> String {
        keyed(site, form, &self.secret.reveal())
    }

    /// A name for this browser that proves nothing. `None` for one that was not here before.
    pub(super) fn known_as(&self) -> Option<String> {
        (!self.fresh).then(|| self.secret.hash().to_string())
    }

    /// Lets the browser carry the cookie it was judged by.
    pub(super) fn remember(&self, site: &Site, reply: Reply) -> Reply {
        if !self.fresh {
            return reply;
        }
        let name = cookie::name(&site.settings, Purpose::Form);
        reply.with_cookie(&cookie::set(
            &site.settings,
            &name,
            &self.secret.reveal(),
            None,
        ))
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn same(expected: &str, given: &str) -> bool {
    constant_time::verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).is_ok()
}

/// A hash of `value` that only this server can make, for this purpose.
pub(super) fn keyed(site: &Site, purpose: &str, value: &str) -> String {
    site.engine
        .vault()
        .keyed_hash::<kind::Content>(purpose, value)
        .to_string()
}

fn name_for(site: &Site, request: Id<PendingRequest>) -> String {
    cookie::name_for(&site.settings, Purpose::Interaction, request)
}
