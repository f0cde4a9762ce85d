//! A request begins in this browser: it gets a cookie of its own, and goes to its page or straight back.

use std::sync::Arc;

use placet_core::{
    Refusal,
    engine::{self, Answer, Ask, Committed, Decider, Decision, Handover},
    event::Actor,
    id::Id,
    pending::{EndKind, PendingRequest},
    secret::{Secret, kind},
};

use super::{
    browser::Ticket,
    policy::Ready,
    render::{deliver, go, leave, wished_locale},
    trouble::Trouble,
};
use crate::{context::Call, page::Locale, reply::Reply, site::Site};

/// What a client wants when its request cannot be answered by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attendance {
    /// The person is asked.
    Ask,
    /// Nobody is shown anything (`prompt=none`, OpenID Connect Core §3.1.2.1).
    Never,
}

/// Opens a request that is bound to this browser, and answers it by rule when it is `ready`; else the browser goes to
/// the request's page, if the client lets the person be asked.
///
/// # Errors
/// What [`engine::Engine::open`] says; [`Refusal::SignInNeeded`] when a rule stopped holding and nobody may be asked;
/// [`engine::Error::Store`] when nothing is certain.
pub async fn begin(
    site: &Arc<Site>,
    call: &Call,
    mut ask: Ask<'_>,
    ready: Option<Box<Ready>>,
    attendance: Attendance,
) -> Result<Reply, engine::Error> {
    let secret = Secret::generate(site.engine.random());
    ask.browser = Some(secret.hash());
    let opened = site.engine.open(ask, call.context.now).await?.into_inner();
    let request = opened.request;
    if let Some(ready) = ready
        && let Some(handover) = by_rule(site, call, request.id, &ready, &secret).await?
    {
        return Ok(match site.face(&handover.get().request.face) {
            Some(face) => deliver(site, call, face.after_answer(site, &handover)),
            None => Trouble::NoFace.reply(site, call, None),
        });
    }
    if attendance == Attendance::Never {
        let caller = call.context.caller(Actor::Server);
        site.engine
            .cancel(request.id, EndKind::Abandoned, &caller)
            .await?;
        return Err(Refusal::SignInNeeded.into());
    }
    let ticket = Ticket {
        request: request.id,
        secret,
        locale: wished_locale(call),
    };
    let reply = go(site, &format!("/interaction/{}", request.id));
    Ok(ticket.give(site, call, reply, request.keep_until))
}

/// Lets this browser take part in a request that began elsewhere and whose address it was given: it gets a ticket and goes
/// to the request's page at the issuer, which may stand on another listener. Nothing is stored: looking claims nothing
/// (RFC 9635 §4.1.1).
pub fn enter(site: &Site, call: &Call, request: &PendingRequest, locale: Option<Locale>) -> Reply {
    let page = format!("/interaction/{}", request.id);
    let reply = leave(&site.settings.url(&page));
    if Ticket::of_call(site, call, request.id).is_some() {
        return reply;
    }
    let ticket = Ticket::new(site, request.id, locale);
    ticket.give(site, call, reply, request.keep_until)
}

/// Lets a rule answer. `None` when the rule does not hold any more: the person is asked.
pub(super) async fn by_rule(
    site: &Site,
    call: &Call,
    request: Id<PendingRequest>,
    ready: &Ready,
    cookie: &Secret<kind::Interaction>,
) -> Result<Option<Committed<Handover>>, engine::Error> {
    let answer = Answer {
        request,
        by: Decider::Policy {
            rule: ready.rule,
            person: &ready.person,
            session: &ready.session,
            under: ready.under,
        },
        shown: None,
        decision: Decision::Approve(ready.granted.clone()),
        cookie: Some(cookie),
    };
    let caller = call.context.caller(Actor::Person);
    match site.engine.answer(&answer, &caller).await {
        Ok(handover) => Ok(Some(handover)),
        Err(engine::Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
