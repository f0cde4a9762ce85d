//! One browser in front of one request: what it may see, and what is next.

use std::sync::Arc;

use placet_core::{
    engine::{self, Shown, View},
    pending::{EndKind, State},
    time::Timestamp,
};

use super::{
    browser::{SignedIn, Ticket},
    policy::{Wish, may_answer},
    render::{Extras, locale_of},
    trouble::Trouble,
    waiting::may_look,
};
use crate::{
    context::Call,
    face::{Face, Prompt},
    page::{AnswerKind, Live, Locale},
    reply::Reply,
    site::Site,
};

/// A browser that holds the request's cookie, and all a page says about the request.
pub(super) struct Visit {
    pub(super) ticket: Ticket,
    pub(super) shown: Shown,
    pub(super) face: Arc<dyn Face>,
    pub(super) prompt: Prompt,
    pub(super) signed: Option<SignedIn>,
}

/// What is next.
pub(super) enum Stage<'a> {
    /// Somebody signs in, or signs in again.
    SignIn,
    /// The signed-in person decides.
    Consent(&'a SignedIn),
    /// Another person is at it.
    InUse,
    /// Nothing: this is how it ended.
    Over(AnswerKind),
}

impl Visit {
    /// Reads the request the path names, for the browser that takes part in it.
    pub(super) async fn load(site: &Site, call: &Call) -> Result<Self, Trouble> {
        let ticket = ticket_of_path(site, call).ok_or(Trouble::OtherBrowser)?;
        let shown = site.engine.show(View::Id(ticket.request)).await?;
        if shown
            .request
            .browser
            .is_some_and(|began_in| began_in != ticket.secret.hash())
        {
            return Err(Trouble::OtherBrowser);
        }
        let signed = SignedIn::of_call(site, call).await?;
        if !may_look(&shown.request, signed.as_ref()) {
            return Err(Trouble::OtherBrowser);
        }
        let shown = as_it_stands(site, call, shown).await?;
        let face = Arc::clone(site.face(&shown.request.face).ok_or(Trouble::NoFace)?);
        let prompt = face.describe(site, &shown);
        Ok(Self {
            ticket,
            shown,
            face,
            prompt,
            signed,
        })
    }

    /// What is next at `now`.
    pub(super) async fn stage(&self, site: &Site, now: Timestamp) -> Result<Stage<'_>, Trouble> {
        if let Some(answer) = self.outcome(site).await? {
            return Ok(Stage::Over(answer));
        }
        let request = &self.shown.request;
        let Some(signed) = self.who_may_answer(site, now) else {
            return Ok(Stage::SignIn);
        };
        Ok(match request.state.open_to(signed.person.id, now) {
            Ok(()) => Stage::Consent(signed),
            Err(_) => Stage::InUse,
        })
    }

    /// The signed-in person, if their sign-in is good enough for this request.
    pub(super) fn who_may_answer(&self, site: &Site, now: Timestamp) -> Option<&SignedIn> {
        let request = &self.shown.request;
        self.signed
            .as_ref()
            .filter(|signed| may_answer(&site.settings, signed, &request.need, &request.asked, now))
    }

    /// What became of the request. `None` while it can be answered: one that is too late had ended when this was read.
    ///
    /// What another person approved from another browser is only said to be answered.
    pub(super) async fn outcome(&self, site: &Site) -> Result<Option<AnswerKind>, engine::Error> {
        let request = &self.shown.request;
        let by_us = |person| {
            request.browser.is_some() || person == self.signed.as_ref().map(|s| s.person.id)
        };
        let told = |ours| {
            if ours {
                AnswerKind::Approved
            } else {
                AnswerKind::Answered
            }
        };
        Ok(match &request.state {
            State::Pending | State::Interacting { .. } | State::Clarifying { .. } => None,
            State::Approved(approval) => Some(told(by_us(approval.person))),
            State::Collected { grant, .. } if self.ends_here() => {
                let engine = &site.engine;
                let grant = engine.store().grant(engine.issuer_id(), *grant).await?;
                let person = grant.and_then(|grant| grant.value.person);
                Some(told(person.is_some() && by_us(person)))
            }
            State::Collected { .. } => Some(AnswerKind::Answered),
            State::Ended(ending) => Some(match ending.kind {
                EndKind::Denied | EndKind::Abandoned => AnswerKind::Denied,
                EndKind::Expired | EndKind::Cancelled => AnswerKind::Expired,
                EndKind::Revoked | EndKind::Failed => AnswerKind::Answered,
            }),
        })
    }

    /// Whether the client waits somewhere else, such as on another device.
    pub(super) fn waits_elsewhere(&self) -> bool {
        self.prompt.from_device
    }

    /// Whether it was laid before a person, who alone may decide: no browser it came with may give it up.
    pub(super) fn is_addressed(&self) -> bool {
        self.shown.request.addressed_to.is_some()
    }

    /// Whether the way of this browser ends at our page: its client polls or is called, and may be quicker than the page.
    fn ends_here(&self) -> bool {
        self.waits_elsewhere() || self.prompt.answer_origin.is_none()
    }

    /// What a rule would have to answer.
    pub(super) fn wish(&self) -> Wish<'_> {
        let request = &self.shown.request;
        Wish {
            client: &self.shown.client,
            redirect_uri: self.prompt.answer_origin.as_deref().unwrap_or_default(),
            asked: &request.asked,
            need: &request.need,
            always_ask: request.always_ask,
        }
    }

    /// The path of one of the request's own pages.
    pub(super) fn path(&self, below: &str) -> String {
        path(&self.ticket, below)
    }

    /// The language of its pages.
    pub(super) fn locale(&self, site: &Site, call: &Call) -> Locale {
        locale(site, call, Some(&self.ticket))
    }

    /// How its pages are sent.
    pub(super) fn extras(&self, site: &Site, call: &Call) -> Extras<'_> {
        Extras {
            locale: Some(self.locale(site, call)),
            person: self.signed.as_ref().map(|signed| &*signed.person),
            form_targets: self.prompt.answer_origin.iter().cloned().collect(),
            ..Extras::default()
        }
    }

    /// How its pages follow it.
    pub(super) fn live(&self, site: &Site) -> Live {
        Live {
            status: super::render::link(&site.settings, &self.path("/status")),
            expires_at: super::render::moment(self.shown.request.expires_at),
        }
    }
}

/// The request as a person may be told of it: one that nobody answered in time ends for everybody before a page says that
/// it has expired (threat C2).
pub(super) async fn as_it_stands(
    site: &Site,
    call: &Call,
    shown: Shown,
) -> Result<Shown, engine::Error> {
    let request = &shown.request;
    if request.state.is_settled() || request.in_time(call.context.now).is_ok() {
        return Ok(shown);
    }
    Ok(site.engine.expire(request.id).await?.into_inner())
}

/// The path of a page of the ticket's request.
pub(super) fn path(ticket: &Ticket, below: &str) -> String {
    format!("/interaction/{}{below}", ticket.request)
}

/// The ticket this browser holds for the request in the path.
pub(super) fn ticket_of_path(site: &Site, call: &Call) -> Option<Ticket> {
    let request = call.path_value(0).parse().ok()?;
    Ticket::of_call(site, call, request)
}

/// A reply, or the page that says why there is none, in the language of the request.
pub(super) fn settle(site: &Site, call: &Call, result: Result<Reply, Trouble>) -> Reply {
    result.unwrap_or_else(|trouble| {
        let ticket = ticket_of_path(site, call);
        trouble.reply(site, call, Some(locale(site, call, ticket.as_ref())))
    })
}

fn locale(site: &Site, call: &Call, ticket: Option<&Ticket>) -> Locale {
    ticket
        .and_then(|ticket| ticket.locale)
        .unwrap_or_else(|| locale_of(&site.settings, call))
}
