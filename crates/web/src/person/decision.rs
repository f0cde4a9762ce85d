//! The person decides: approve or deny, once, what was shown.
//!
//! A second press gives the same result as the first; a press that lost against another answer is told that there was
//! one. Nobody sees an error for pressing twice.
//!
//! Spec: RFC 6749 §4.1.2, RFC 8628 §3.3 and §5.4; threats C1, C5, D4, H2 and H5

use std::collections::BTreeSet;

use placet_core::{
    engine::{self, Answer, Decider, Decision},
    event::Actor,
    pending::{EndKind, State},
    person::SeatedPerson,
    refusal::Refusal,
    right::Rights,
};

use super::{
    ask::kept,
    browser::SignedIn,
    device::is_same_network,
    interaction::{Again, consent_page, send_on},
    posted::Posted,
    render::go,
    seen,
    trouble::Trouble,
    visit::Visit,
};
use crate::{
    context::Call,
    page::{AnswerKind, ConsentProblem},
    reply::Reply,
    site::Site,
};

/// What the person pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pressed {
    Approve,
    Deny,
}

/// `POST /interaction/{id}/decision`.
pub(super) async fn submit(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let visit = Visit::load(site, call).await?;
    posted.check(&visit.ticket.csrf(site))?;
    let pressed = match posted.get("decision") {
        Some("approve") => Pressed::Approve,
        Some("deny") => Pressed::Deny,
        Some(_) | None => return Err(Trouble::Malformed),
    };
    if let Some(answer) = visit.outcome(site).await? {
        return settled(site, call, &visit, pressed, answer).await;
    }
    let Some(signed) = visit.who_may_answer(site, call.context.now) else {
        return leave_unsigned(site, call, &visit, pressed).await;
    };
    if pressed == Pressed::Approve && visit.waits_elsewhere() {
        if !is_same_network(&visit.shown, call) {
            return Err(Trouble::OtherNetwork);
        }
        if posted.get("confirm_device") != Some("yes") {
            let again = Again {
                problem: Some(ConsentProblem::DeviceNotConfirmed),
                posted: Some(&posted),
            };
            return Ok(consent_page(site, call, &visit, signed, again));
        }
    }
    decide(site, call, &visit, signed, (pressed, &posted)).await
}

async fn decide(
    site: &Site,
    call: &Call,
    visit: &Visit,
    signed: &SignedIn,
    (pressed, posted): (Pressed, &Posted),
) -> Result<Reply, Trouble> {
    let digest = posted.get("digest");
    let shown = digest.and_then(|digest| seen::read(digest, &visit.prompt));
    let decision = match pressed {
        // An approval names what was shown; one that does not read is one of something else.
        Pressed::Approve if shown.is_none() => {
            return Ok(changed(site, call, visit, signed));
        }
        Pressed::Approve => agreed(granted(site, visit, posted), &visit.shown.request.asked),
        Pressed::Deny => Decision::Deny,
    };
    let seat: SeatedPerson = visit.ticket.seat(signed);
    let answer = Answer {
        request: visit.ticket.request,
        by: Decider::Seat(&seat),
        shown,
        decision,
        cookie: Some(&visit.ticket.secret),
    };
    let caller = call.context.caller(Actor::Person);
    let refusal = match site.engine.answer(&answer, &caller).await {
        Ok(handover) => return Ok(send_on(site, call, visit.face.as_ref(), &handover)),
        Err(engine::Error::Refused(refusal)) => refusal,
        Err(error) => return Err(error.into()),
    };
    let again = Visit::load(site, call).await?;
    match refusal {
        Refusal::StaleView => Ok(changed(site, call, &again, signed)),
        Refusal::SignInNeeded | Refusal::PersonInactive | Refusal::Expired => {
            Ok(go(site, &visit.path("")))
        }
        other => match again.outcome(site).await? {
            Some(answer) => settled(site, call, &again, pressed, answer).await,
            None => Err(engine::Error::from(other).into()),
        },
    }
}

/// The request was answered before. Whoever presses the same again gets the same again.
async fn settled(
    site: &Site,
    call: &Call,
    visit: &Visit,
    pressed: Pressed,
    answer: AnswerKind,
) -> Result<Reply, Trouble> {
    let page = visit.path("");
    let approved = match &visit.shown.request.state {
        State::Approved(_) | State::Collected { .. } => true,
        State::Pending | State::Interacting { .. } | State::Clarifying { .. } | State::Ended(_) => {
            false
        }
    };
    let same = match (pressed, answer) {
        (_, AnswerKind::Expired) => return Ok(go(site, &page)),
        (Pressed::Approve, _) => approved,
        (Pressed::Deny, _) => answer == AnswerKind::Denied,
    };
    if !same {
        return Ok(go(site, &format!("{page}?seen=answered")));
    }
    let repeats = matches!(visit.shown.request.state, State::Approved(_)) || !approved;
    if visit.waits_elsewhere() || !repeats {
        return Ok(go(site, &page));
    }
    let ticket = &visit.ticket;
    let handover = site.engine.resume(ticket.request, &ticket.secret).await?;
    if approved && handover.get().code.is_none() {
        return Ok(go(site, &page));
    }
    Ok(send_on(site, call, visit.face.as_ref(), &handover))
}

/// Nobody is signed in as the request needs it. The browser it began in may still give it up; all else needs a sign-in.
async fn leave_unsigned(
    site: &Site,
    call: &Call,
    visit: &Visit,
    pressed: Pressed,
) -> Result<Reply, Trouble> {
    let page = visit.path("");
    if pressed == Pressed::Approve || visit.waits_elsewhere() || visit.is_addressed() {
        return Ok(go(site, &page));
    }
    let ticket = &visit.ticket;
    let caller = call.context.caller(Actor::Person);
    match site
        .engine
        .cancel(ticket.request, EndKind::Abandoned, &caller)
        .await
    {
        Ok(_) => {}
        Err(engine::Error::Refused(_)) => return Ok(go(site, &page)),
        Err(error) => return Err(error.into()),
    }
    let handover = site.engine.resume(ticket.request, &ticket.secret).await?;
    Ok(send_on(site, call, visit.face.as_ref(), &handover))
}

fn changed(site: &Site, call: &Call, visit: &Visit, signed: &SignedIn) -> Reply {
    let again = Again {
        problem: Some(ConsentProblem::Changed),
        posted: None,
    };
    consent_page(site, call, visit, signed, again)
}

/// Who takes everything out has said no: there is no token for nothing.
fn agreed(granted: Rights, asked: &Rights) -> Decision {
    let had_parts = !asked.details.is_empty() && granted.details.is_empty();
    if had_parts && granted.scopes.is_empty() && granted.resources.is_empty() {
        Decision::Deny
    } else {
        Decision::Approve(granted)
    }
}

/// What is granted: all that was asked, without the optional asks and scopes that were not ticked.
fn granted(site: &Site, visit: &Visit, posted: &Posted) -> Rights {
    let ticked_asks: BTreeSet<&str> = posted.all("ask").collect();
    let kept = kept(&visit.prompt.asks, &ticked_asks);
    let mut rights = visit.face.narrowed(site, &visit.shown, &kept);
    let ticked: BTreeSet<&str> = posted.all("scope").collect();
    rights.scopes.retain(|scope| {
        let optional = site
            .settings
            .scope(scope.as_str())
            .is_some_and(|entry| entry.optional);
        !optional || ticked.contains(scope.as_str())
    });
    rights
}
