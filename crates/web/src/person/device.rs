//! The person types the code of a device.
//!
//! 1. `GET /device` shows the field; a code in the link is filled in and still has to be sent (threat D5).
//! 2. `POST /device` counts the guess, finds the request, gives this browser a cookie for it, and lets a signed-in person
//!    take it. Unknown, expired and used codes get one answer (threat C8).
//!
//! Spec: RFC 8628 §3.3, §3.3.1, §5.1 and §5.4; threats D1, D2, D4 and D6

use http::{StatusCode, header};
use placet_core::{
    engine::{self, Shown, View},
    event::Actor,
    pending::{EndKind, State, UserCode},
    refusal::Refusal,
    time::Lifetime,
};

use super::{
    browser::{FormBrowser, SignedIn, Ticket},
    policy::may_answer,
    posted::Posted,
    render::{Extras, go, link, render, shown, wait_s, wished_locale},
    trouble::Trouble,
    visit::as_it_stands,
};
use crate::{
    context::{Call, source_of},
    page::{CodeEntry, CodeProblem, Page},
    reply::Reply,
    site::Site,
};

/// Keeps the anti-forgery value of this form apart from others.
const FORM: &str = "code form";

/// `GET /device`.
pub(super) async fn show_form(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let typed = form_urlencoded::parse(call.query.as_bytes())
        .find(|(name, _)| name == "user_code")
        .map(|(_, value)| value.into_owned());
    let signed = SignedIn::of_call(site, call).await?;
    Ok(page(site, call, typed.as_deref(), None, signed.as_ref()))
}

/// `POST /device`.
pub(super) async fn submit(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let browser = FormBrowser::of_call(site, call);
    posted.check(&browser.csrf(site, FORM))?;
    let signed = SignedIn::of_call(site, call).await?;
    let typed = posted.get("user_code").unwrap_or_default();
    let again = |problem| page(site, call, Some(typed), Some(problem), signed.as_ref());
    // What is no code at all says nothing about the codes there are, so it is no guess.
    let Some(code) = UserCode::parse(typed) else {
        return Ok(again(CodeProblem::Unknown));
    };
    let name = browser.known_as().unwrap_or_default();
    let (source, now) = (call.context.source(), call.context.now);
    if let Err(wait) = site.limiter.guess_user_code(&name, &source, now) {
        return Ok(again(wait_problem(wait.0)));
    }
    let found = match site.engine.show(View::UserCode(&code)).await {
        Ok(found) => as_it_stands(site, call, found).await?,
        Err(engine::Error::Refused(Refusal::NotFound)) => {
            return Ok(again(CodeProblem::Unknown));
        }
        Err(error) => return Err(error.into()),
    };
    let request = &found.request;
    let known = Ticket::of_call(site, call, request.id);
    if request.addressed_to.is_some() {
        // Its client went over to naming the person, who finds it without a code.
        return Ok(again(CodeProblem::Unknown));
    }
    if request.state.is_settled() {
        let expired =
            matches!(&request.state, State::Ended(ending) if ending.kind == EndKind::Expired);
        return Ok(again(if known.is_some() && expired {
            CodeProblem::Expired
        } else {
            CodeProblem::Unknown
        }));
    }
    site.limiter.user_code_found(&name, &source, now);
    if !is_same_network(&found, call) {
        return Err(Trouble::OtherNetwork);
    }
    // A tab that is open already keeps its forms.
    let ticket = known.unwrap_or_else(|| Ticket::new(site, request.id, wished_locale(call)));
    if let Some(signed) = &signed
        && is_taken(site, call, &found, &ticket, signed).await?
    {
        return Ok(again(CodeProblem::InUse));
    }
    let reply = go(site, &super::visit::path(&ticket, ""));
    Ok(ticket.give(site, call, reply, request.keep_until))
}

/// Whether the device's network is the person's, where the client asks for that.
pub(super) fn is_same_network(found: &Shown, call: &Call) -> bool {
    if !found.client.metadata.device_same_network {
        return true;
    }
    let asker = &found.request.asker.peer;
    let source = asker.parse().map_or_else(|_| asker.clone(), source_of);
    source == call.context.source()
}

/// A signed-in person takes the request, unless somebody else has it.
async fn is_taken(
    site: &Site,
    call: &Call,
    found: &Shown,
    ticket: &Ticket,
    signed: &SignedIn,
) -> Result<bool, Trouble> {
    let (request, now) = (&found.request, call.context.now);
    if request.state.open_to(signed.person.id, now) == Err(Refusal::Taken) {
        return Ok(true);
    }
    if !may_answer(&site.settings, signed, &request.need, &request.asked, now) {
        return Ok(false);
    }
    let caller = call.context.caller(Actor::Person);
    let claimed = site
        .engine
        .claim(request.id, &ticket.seat(signed), &caller)
        .await;
    match claimed {
        Ok(_) => Ok(false),
        Err(engine::Error::Refused(refusal)) => Ok(refusal == Refusal::Taken),
        Err(error) => Err(error.into()),
    }
}

fn page(
    site: &Site,
    call: &Call,
    typed: Option<&str>,
    problem: Option<CodeProblem>,
    signed: Option<&SignedIn>,
) -> Reply {
    let browser = FormBrowser::of_call(site, call);
    // A code is shown as the device shows it; anything else as it was typed.
    let typed = typed.filter(|typed| !typed.is_empty()).map(|typed| {
        UserCode::parse(typed).map_or_else(|| typed.to_owned(), |code| code.to_string())
    });
    let view = CodeEntry {
        action: link(&site.settings, "/device"),
        csrf: browser.csrf(site, FORM),
        user_code: typed.as_deref().map(shown),
        problem,
    };
    let extras = Extras {
        status: match problem {
            None => StatusCode::OK,
            Some(CodeProblem::Unknown | CodeProblem::Expired) => StatusCode::NOT_FOUND,
            Some(CodeProblem::InUse) => StatusCode::CONFLICT,
            Some(CodeProblem::Wait { .. }) => StatusCode::TOO_MANY_REQUESTS,
        },
        person: signed.map(|signed| &*signed.person),
        ..Extras::default()
    };
    let reply = render(site, call, &Page::CodeEntry(view), &extras);
    let reply = match problem {
        Some(CodeProblem::Wait { seconds }) => {
            reply.with_header(header::RETRY_AFTER, seconds.into())
        }
        Some(CodeProblem::Unknown | CodeProblem::Expired | CodeProblem::InUse) | None => reply,
    };
    browser.remember(site, reply)
}

fn wait_problem(wait: Lifetime) -> CodeProblem {
    CodeProblem::Wait {
        seconds: wait_s(wait),
    }
}
