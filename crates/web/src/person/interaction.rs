//! A request's page: what is next, shown and not changed; its state for pages that follow it; and the way back.
//!
//! Only time changes anything here: a request that nobody answered in time ends when the first page would say so.
//!
//! Spec: RFC 9110 §9.2.1 (GET is safe), RFC 8628 §3.3; threats A17, A18, C8 and D5

use std::collections::BTreeSet;

use http::StatusCode;
use placet_core::{
    engine::{self, Committed, Handover, View},
    event::Actor,
    id::Id,
    pending::{EndKind, PendingRequest, State},
    secret::Digest,
};
use serde::Serialize;

use super::{
    ask::asks,
    browser::{SignedIn, holds_tickets},
    posted::Posted,
    render::{deliver, go, link, moment, render, shown},
    seen,
    trouble::Trouble,
    view,
    visit::{Stage, Visit, ticket_of_path},
};
use crate::{
    context::Call,
    face::{Face, Next},
    page::{
        self, AnswerKind, Consent, ConsentProblem, DeviceRequest, Outcome, Page, PostForm,
        ScopeChoice, SignIn, SignInProblem, WhatNext,
    },
    reply::Reply,
    site::Site,
};

/// `GET /interaction/{id}`.
pub(super) async fn show(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let visit = Visit::load(site, call).await?;
    match visit.stage(site, call.context.now).await? {
        Stage::SignIn => Ok(sign_in_page(site, call, &visit, StatusCode::OK, None, None)),
        Stage::Consent(signed) => Ok(consent_page(site, call, &visit, signed, Again::default())),
        Stage::InUse => Err(Trouble::InUse),
        Stage::Over(answer) => Ok(outcome_page(site, call, &visit, answer)),
    }
}

/// What a page that follows the request is told.
#[derive(Serialize)]
struct Status {
    state: &'static str,
    expires_at_ms: i64,
}

/// `GET /interaction/{id}/status`. Unknown and foreign requests look the same.
pub(super) async fn status(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let visit = match Visit::load(site, call).await {
        Ok(visit) => visit,
        Err(Trouble::OtherBrowser | Trouble::Engine(engine::Error::Refused(_))) => {
            let nothing = serde_json::json!({ "error": "not_found" });
            return Ok(Reply::json(StatusCode::NOT_FOUND, &nothing));
        }
        Err(trouble) => return Err(trouble),
    };
    let state = match visit.outcome(site).await? {
        None => "waiting",
        Some(AnswerKind::Approved) => "approved",
        Some(AnswerKind::Denied) => "denied",
        Some(AnswerKind::Expired) => "expired",
        Some(AnswerKind::Answered) => "answered",
    };
    let status = Status {
        state,
        expires_at_ms: visit.shown.request.expires_at.as_millis(),
    };
    Ok(Reply::json(StatusCode::OK, &status))
}

/// `GET /interaction/{id}/resume`: the same redirect again, until the client has collected.
///
/// A browser that takes part in other requests but not in this one has come by the address of an approval that is not
/// its own: the approval ends (threat A18). A browser with no part in anything, such as a scanner of links, changes nothing.
pub(super) async fn resume(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some(ticket) = ticket_of_path(site, call) else {
        if let (true, Ok(request)) = (holds_tickets(site, call), call.path_value(0).parse()) {
            burn(site, call, request).await?;
        }
        return Err(Trouble::OtherBrowser);
    };
    let handover = site.engine.resume(ticket.request, &ticket.secret).await?;
    let request = &handover.get().request;
    let may_leave = match &request.state {
        State::Approved(_) => handover.get().code.is_some(),
        State::Ended(ending) => matches!(
            ending.kind,
            EndKind::Denied | EndKind::Abandoned | EndKind::Cancelled
        ),
        State::Pending
        | State::Interacting { .. }
        | State::Clarifying { .. }
        | State::Collected { .. } => false,
    };
    let face = site.face(&request.face).ok_or(Trouble::NoFace)?;
    let page = super::visit::path(&ticket, "");
    if !may_leave {
        return Ok(go(site, &page));
    }
    Ok(match face.after_answer(site, &handover) {
        Next::Stay => go(site, &page),
        next @ (Next::Redirect(_) | Next::FormPost { .. }) => deliver(site, call, next),
    })
}

/// Sends the browser on after a post that settled the request. A form of its own needs a page of its own.
pub(super) fn send_on(
    site: &Site,
    call: &Call,
    face: &dyn Face,
    handover: &Committed<Handover>,
) -> Reply {
    let id = handover.get().request.id;
    match face.after_answer(site, handover) {
        Next::FormPost { .. } => go(site, &format!("/interaction/{id}/resume")),
        Next::Stay => go(site, &format!("/interaction/{id}")),
        next @ Next::Redirect(_) => deliver(site, call, next),
    }
}

async fn burn(site: &Site, call: &Call, id: Id<PendingRequest>) -> Result<(), Trouble> {
    let request = match site.engine.show(View::Id(id)).await {
        Ok(shown) => shown.request,
        Err(engine::Error::Refused(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if let (State::Approved(_), Some(_)) = (&request.state, request.browser) {
        let caller = call.context.caller(Actor::Server);
        match site.engine.cancel(id, EndKind::Failed, &caller).await {
            // Settled meanwhile: there is nothing left to end.
            Ok(_) | Err(engine::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The sign-in page of a request.
pub(super) fn sign_in_page(
    site: &Site,
    call: &Call,
    visit: &Visit,
    status: StatusCode,
    problem: Option<SignInProblem>,
    typed: Option<&str>,
) -> Reply {
    let request = &visit.shown.request;
    let need = &request.need;
    let again = visit.signed.as_ref().filter(|signed| {
        let named = need.subject.as_deref();
        named.is_none_or(|subject| subject == signed.person.subject)
    });
    let known = || again.map(|signed| signed.person.username.as_str());
    let may_give_up = !visit.waits_elsewhere() && !visit.is_addressed();
    let cancel = may_give_up.then(|| PostForm {
        action: link(&site.settings, &visit.path("/decision")),
        csrf: visit.ticket.csrf(site),
        fields: vec![("decision".to_owned(), "deny".to_owned())],
    });
    let locale = visit.locale(site, call);
    let page = SignIn {
        action: link(&site.settings, &visit.path("/sign-in")),
        csrf: visit.ticket.csrf(site),
        asker: Some(view::asker_of(
            site,
            request,
            &visit.shown.client,
            locale,
            &visit.prompt,
        )),
        login: typed
            .or_else(known)
            .or(need.login_hint.as_deref())
            .map(str::to_owned),
        again: again.map(|signed| view::person(&signed.person)),
        problem,
        cancel,
        live: Some(visit.live(site)),
    };
    let mut extras = visit.extras(site, call);
    extras.status = status;
    render(site, call, &Page::SignIn(page), &extras)
}

/// Why a consent page is shown once more, and what of its choice was ticked. The choice of a page that is no longer true
/// does not count.
#[derive(Default)]
pub(super) struct Again<'a> {
    pub(super) problem: Option<ConsentProblem>,
    pub(super) posted: Option<&'a Posted>,
}

/// The page on which the signed-in person decides.
pub(super) fn consent_page(
    site: &Site,
    call: &Call,
    visit: &Visit,
    signed: &SignedIn,
    Again { problem, posted }: Again<'_>,
) -> Reply {
    let (request, client) = (&visit.shown.request, &visit.shown.client);
    let locale = visit.locale(site, call);
    let digest: Digest = request.digest(client, Some(signed.person.id));
    let device = visit.shown.user_code.as_deref().map(|code| DeviceRequest {
        user_code: shown(code),
        requested_at: moment(request.created_at),
        address: Some(shown(&request.asker.peer)),
        place: None,
    });
    let switch = (!visit.is_addressed()).then(|| PostForm {
        action: link(&site.settings, &visit.path("/switch")),
        csrf: visit.ticket.csrf(site),
        fields: Vec::new(),
    });
    let prompt = &visit.prompt;
    let ticked = |name| posted.map(|posted| posted.all(name).collect::<BTreeSet<&str>>());
    let mut scopes = view::scope_lines(&site.settings, &request.asked, locale);
    if let Some(ticked) = ticked("scope") {
        let offered = scopes
            .iter_mut()
            .filter(|line| line.choice == ScopeChoice::Offered);
        for line in offered.filter(|line| !ticked.contains(line.name.as_str())) {
            line.choice = ScopeChoice::LeftOut;
        }
    }
    let page = Consent {
        action: link(&site.settings, &visit.path("/decision")),
        csrf: visit.ticket.csrf(site),
        digest: seen::written(&digest, prompt),
        asker: view::asker_of(site, request, client, locale, prompt),
        modifies: prompt.modifies,
        keeps: request.parent.is_some(),
        asks: asks(&site.settings, &prompt.asks, locale, ticked("ask").as_ref()),
        scopes,
        resources: view::resource_lines(&site.settings, &request.asked),
        person: view::person(&signed.person),
        switch,
        unseen: device.is_none() && prompt.answer_origin.is_none(),
        device,
        message: None,
        privacy: view::paper(client.metadata.policy_uri.as_deref()),
        terms: view::paper(client.metadata.tos_uri.as_deref()),
        problem,
        live: Some(visit.live(site)),
    };
    let mut extras = visit.extras(site, call);
    extras.status = match problem {
        None => StatusCode::OK,
        Some(ConsentProblem::DeviceNotConfirmed) => StatusCode::BAD_REQUEST,
        Some(ConsentProblem::Changed) => StatusCode::CONFLICT,
        Some(ConsentProblem::StaleForm) => StatusCode::FORBIDDEN,
    };
    render(site, call, &Page::Consent(page), &extras)
}

fn outcome_page(site: &Site, call: &Call, visit: &Visit, answer: AnswerKind) -> Reply {
    // A tab that lost against another answer is told no more than that there was one.
    let lost = form_urlencoded::parse(call.query.as_bytes())
        .any(|(name, value)| name == "seen" && value == "answered");
    let answer = if lost { AnswerKind::Answered } else { answer };
    let settings = &site.settings;
    let request = &visit.shown.request;
    let next = if visit.waits_elsewhere() {
        WhatNext::Device {
            code_entry: Some(link(settings, "/device")),
        }
    } else if visit.is_addressed() {
        WhatNext::Account {
            link: link(settings, "/account"),
        }
    } else {
        let again = || visit.prompt.start_again.clone().map(page::Link::from);
        let back = || Some(link(settings, &visit.path("/resume")));
        let way = match answer {
            AnswerKind::Expired => again(),
            AnswerKind::Approved if request.in_time(call.context.now).is_ok() => back(),
            AnswerKind::Denied => back(),
            AnswerKind::Approved | AnswerKind::Answered => None,
        };
        way.map_or(WhatNext::Nothing, |link| WhatNext::Client { link })
    };
    let page = Outcome {
        answer,
        client: Some(view::client_name(
            site,
            &visit.shown.client,
            visit.locale(site, call),
            &visit.prompt,
        )),
        next,
    };
    render(site, call, &Page::Outcome(page), &visit.extras(site, call))
}
