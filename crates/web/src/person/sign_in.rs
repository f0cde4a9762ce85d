//! Sign-in by name and password: in front of a request, or for the person's own pages.
//!
//! 1. Limits per account and source refuse before anything is hashed.
//! 2. The password is checked, or a dummy for a name nobody has: same time, same answer (threat H4).
//! 3. A new session begins and the one this browser had ends, so the cookie changes at every sign-in (threat A17).
//!
//! Where the browser goes afterwards comes from a closed list or from the request, never from a URL (threat A19).
//!
//! Spec: OpenID Connect Core §3.1.2.3; RFC 8176 (`pwd`)

use std::sync::Arc;

use http::StatusCode;
use placet_core::{
    engine::{self, SignIn},
    event::Actor,
    person::Person,
    store::Versioned,
    time::Lifetime,
};

use super::{
    begin::by_rule,
    browser::{FormBrowser, SignedIn},
    cookie::{self, Purpose},
    interaction::{send_on, sign_in_page},
    password::PasswordError,
    policy::{Silent, judge},
    posted::Posted,
    render::{Extras, go, link, render, wait_s},
    trouble::Trouble,
    visit::{Stage, Visit},
};
use crate::{
    context::Call,
    page::{self, Page, SignInProblem},
    reply::Reply,
    site::Site,
};

/// The method of a password (RFC 8176 §2).
const BY_PASSWORD: &str = "pwd";
/// Keeps the anti-forgery value of the sign-in form apart from others.
const FORM: &str = "sign-in form";

/// What a name and a password came to.
enum Checked {
    Right(Box<Versioned<Person>>),
    Wrong,
    Wait(Lifetime),
}

/// `POST /interaction/{id}/sign-in`.
pub(super) async fn for_request(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let visit = Visit::load(site, call).await?;
    posted.check(&visit.ticket.csrf(site))?;
    let page = visit.path("");
    if let Stage::Over(_) = visit.stage(site, call.context.now).await? {
        return Ok(go(site, &page));
    }
    let named = visit.shown.request.need.subject.as_deref();
    let (problem, status) = match check(site, call, &posted, named).await? {
        Checked::Right(person) => {
            let (signed, cookie) = enter(site, call, &person).await?;
            let reply = go_on(site, call, &visit, &signed).await?;
            return Ok(reply.with_cookie(&cookie));
        }
        Checked::Wrong => (SignInProblem::Refused, StatusCode::FORBIDDEN),
        Checked::Wait(wait) => (wait_problem(wait), StatusCode::TOO_MANY_REQUESTS),
    };
    let typed = posted.get("login");
    let reply = sign_in_page(site, call, &visit, status, Some(problem), typed);
    Ok(with_retry(reply, problem))
}

/// After a sign-in in front of a request: the person takes a device's request; a rule answers a redirect's if it may.
async fn go_on(
    site: &Site,
    call: &Call,
    visit: &Visit,
    signed: &SignedIn,
) -> Result<Reply, Trouble> {
    let page = visit.path("");
    if visit.waits_elsewhere() {
        let caller = call.context.caller(Actor::Person);
        let seat = visit.ticket.seat(signed);
        match site
            .engine
            .claim(visit.ticket.request, &seat, &caller)
            .await
        {
            // The page says what stands in the way.
            Ok(_) | Err(engine::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        return Ok(go(site, &page));
    }
    if let Silent::Decided(ready) = judge(site, signed, &visit.wish(), call.context.now).await? {
        let ticket = &visit.ticket;
        let answered = by_rule(site, call, ticket.request, &ready, &ticket.secret).await?;
        if let Some(handover) = answered {
            return Ok(send_on(site, call, visit.face.as_ref(), &handover));
        }
    }
    Ok(go(site, &page))
}

/// `POST /interaction/{id}/switch`: this is somebody else; the sign-in of this browser ends, and the request is free for
/// the other person.
pub(super) async fn switch(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let visit = Visit::load(site, call).await?;
    posted.check(&visit.ticket.csrf(site))?;
    if let Some(signed) = &visit.signed {
        let caller = call.context.caller(Actor::Person);
        let seat = visit.ticket.seat(signed);
        match site
            .engine
            .release(visit.ticket.request, &seat, &caller)
            .await
        {
            // Nothing was held here, or the request is over: the page says which.
            Ok(_) | Err(engine::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let reply = go(site, &visit.path(""));
    leave(site, call, visit.signed.as_ref(), reply).await
}

/// Ends the sign-in of this browser and takes its cookie back.
///
/// A cookie that does not count any more is taken back and ends nothing: the sign-in that took its place may be in other
/// hands than the old cookie (threat A17).
pub(super) async fn leave(
    site: &Site,
    call: &Call,
    signed: Option<&SignedIn>,
    reply: Reply,
) -> Result<Reply, Trouble> {
    if let Some(signed) = signed {
        let caller = call.context.caller(Actor::Person);
        site.engine.sign_out(signed.session.hash, &caller).await?;
    }
    let name = cookie::name(&site.settings, Purpose::Session);
    Ok(reply.with_cookie(&cookie::clear(&site.settings, &name)))
}

/// `GET /sign-in`: for the person's own pages.
pub(super) async fn show(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    if SignedIn::of_call(site, call).await?.is_some() {
        return Ok(go(site, Destination::of_call(call).path()));
    }
    Ok(own_page(site, call, None, StatusCode::OK, None))
}

/// `POST /sign-in`.
pub(super) async fn submit(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let browser = FormBrowser::of_call(site, call);
    if posted.check(&browser.csrf(site, FORM)).is_err() {
        let problem = Some(SignInProblem::StaleForm);
        return Ok(own_page(site, call, None, StatusCode::FORBIDDEN, problem));
    }
    let (problem, status) = match check(site, call, &posted, None).await? {
        Checked::Right(person) => {
            let (_, cookie) = enter(site, call, &person).await?;
            return Ok(go(site, Destination::of_call(call).path()).with_cookie(&cookie));
        }
        Checked::Wrong => (SignInProblem::Refused, StatusCode::FORBIDDEN),
        Checked::Wait(wait) => (wait_problem(wait), StatusCode::TOO_MANY_REQUESTS),
    };
    let reply = own_page(site, call, posted.get("login"), status, Some(problem));
    Ok(with_retry(reply, problem))
}

/// Where a sign-in of one's own leads.
#[derive(Clone, Copy)]
enum Destination {
    Account,
    Device,
}

impl Destination {
    fn of_call(call: &Call) -> Self {
        let device = form_urlencoded::parse(call.query.as_bytes())
            .any(|(name, value)| name == "to" && value == "device");
        if device { Self::Device } else { Self::Account }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::Device => "/device",
        }
    }

    const fn form(self) -> &'static str {
        match self {
            Self::Account => "/sign-in",
            Self::Device => "/sign-in?to=device",
        }
    }
}

fn own_page(
    site: &Site,
    call: &Call,
    typed: Option<&str>,
    status: StatusCode,
    problem: Option<SignInProblem>,
) -> Reply {
    let browser = FormBrowser::of_call(site, call);
    let page = page::SignIn {
        action: link(&site.settings, Destination::of_call(call).form()),
        csrf: browser.csrf(site, FORM),
        asker: None,
        login: typed.map(str::to_owned),
        again: None,
        problem,
        cancel: None,
        live: None,
    };
    let extras = Extras {
        status,
        ..Extras::default()
    };
    browser.remember(site, render(site, call, &Page::SignIn(page), &extras))
}

/// Checks the name and password of a form; with `named`, only that subject will do.
async fn check(
    site: &Site,
    call: &Call,
    posted: &Posted,
    named: Option<&str>,
) -> Result<Checked, Trouble> {
    let (Some(login), Some(password)) = (posted.get("login"), posted.get("password")) else {
        return Err(Trouble::Malformed);
    };
    let (account, source) = (Person::normalise(login), call.context.source());
    let now = call.context.now;
    if let Err(wait) = site.limiter.try_password(&account, &source, now) {
        return Ok(Checked::Wait(wait.0));
    }
    let engine = &site.engine;
    let found = engine
        .store()
        .person_named(engine.issuer_id(), &account)
        .await;
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            site.limiter.password_unchecked(&account, &source, now);
            return Err(engine::Error::from(error).into());
        }
    };
    let stored = found
        .as_ref()
        .and_then(|person| person.value.password_hash.as_deref());
    let right = match site.passwords.verify(password, stored).await {
        Ok(right) => right,
        Err(error) => {
            site.limiter.password_unchecked(&account, &source, now);
            if error == PasswordError::Failed {
                tracing::error!(person = ?found.map(|p| p.value.id), "a password hash could not be used");
            }
            return Err(error.into());
        }
    };
    // A person who is shut out is told the same as one who mistyped, and after the same work.
    let welcome = found.filter(|person| {
        let person = &person.value;
        right && person.honours(now) && named.is_none_or(|subject| subject == person.subject)
    });
    Ok(if let Some(person) = welcome {
        site.limiter.password_right(&account, &source, now);
        tracing::info!(person = %person.value.id, "signed in");
        Checked::Right(Box::new(person))
    } else {
        site.limiter.password_wrong(&account, &source, now);
        tracing::info!("a sign-in was refused");
        Checked::Wrong
    })
}

/// Begins the session of a person whose password was right, and makes its cookie.
async fn enter(
    site: &Site,
    call: &Call,
    person: &Versioned<Person>,
) -> Result<(SignedIn, String), Trouble> {
    let lifetime = site.settings.lifetimes.session;
    let before = SignedIn::of_call(site, call).await?;
    let ask = SignIn {
        person,
        amr: vec![BY_PASSWORD.to_owned()],
        agent: call.header("user-agent").unwrap_or_default(),
        lifetime,
        // Only a sign-in that counts: an old cookie must end no session it was exchanged for (threat A17).
        replaces: before.map(|signed| signed.session.hash),
    };
    let caller = call.context.caller(Actor::Person);
    let (session, secret) = site.engine.sign_in(ask, &caller).await?.into_inner();
    let name = cookie::name(&site.settings, Purpose::Session);
    let cookie = cookie::set(&site.settings, &name, &secret.reveal(), Some(lifetime));
    let signed = SignedIn {
        person: Arc::new(person.value.clone()),
        session: Arc::new(session),
    };
    Ok((signed, cookie))
}

fn wait_problem(wait: Lifetime) -> SignInProblem {
    SignInProblem::Wait {
        seconds: wait_s(wait),
    }
}

fn with_retry(reply: Reply, problem: SignInProblem) -> Reply {
    match problem {
        SignInProblem::Wait { seconds } => {
            reply.with_header(http::header::RETRY_AFTER, seconds.into())
        }
        SignInProblem::Refused | SignInProblem::StaleForm => reply,
    }
}
