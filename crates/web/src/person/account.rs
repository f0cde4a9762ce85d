//! The person's own pages: what waits for me, what I have allowed, where I am signed in, sign-out.
//!
//! Spec: OpenID Connect RP-Initiated Logout §6 (ask first); threats H6 and H9

use placet_core::{
    client::Client, engine, event::Actor, grant::Grant, id::Id, person::Session, refusal::Refusal,
    token::Family,
};

use super::{
    ask::asks,
    browser::SignedIn,
    posted::Posted,
    render::{Extras, go, link, locale_of, moment, render, shown},
    sign_in::leave,
    trouble::Trouble,
    view, waiting,
};
use crate::{
    context::Call,
    face::Prompt,
    page::{
        GrantLine, GrantedClient, Grants, GrantsNotice, Page, PostForm, SessionLine, SignOut,
        SignedOut,
    },
    reply::Reply,
    site::Site,
};

/// What a person has allowed, as stored.
struct Allowed {
    grant: Grant,
    /// The families of tokens that rest on it.
    families: Vec<Family>,
}

/// `GET /account`.
pub(super) async fn show(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let allowed = allowed(site, &signed).await?;
    let sessions = sessions(site, &signed, &allowed).await?;
    let form = |path| PostForm {
        action: link(&site.settings, path),
        csrf: signed.csrf(site),
        fields: Vec::new(),
    };
    let clients = clients(site, call, &signed, &allowed).await?;
    let (some, others) = (
        !clients.is_empty(),
        sessions.iter().any(|session| !session.current),
    );
    let page = Grants {
        person: view::person(&signed.person),
        waiting: waiting::lines(site, call, &signed).await?,
        clients,
        notice: notice(site, call, &signed, (some, others)).await?,
        revoke_all: some.then(|| form("/account/grants/revoke-all")),
        end_sessions: others.then(|| form("/account/sessions/end")),
        sessions,
        sign_out: link(&site.settings, "/sign-out"),
    };
    let extras = Extras {
        person: Some(&signed.person),
        ..Extras::default()
    };
    Ok(render(site, call, &Page::Grants(page), &extras))
}

/// `POST /account/grants/{id}/revoke`.
pub(super) async fn revoke(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some((_, signed)) = own_form(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let id: Id<Grant> = call.path_value(0).parse().map_err(|_| Trouble::NotFound)?;
    let caller = call.context.caller(Actor::Person);
    site.engine
        .revoke_grant(id, Some(signed.person.id), &caller)
        .await?;
    Ok(go(site, &format!("/account?revoked={id}")))
}

/// `POST /account/grants/revoke-all`: everything that stands at this moment, each grant in a commit of its own. Pressed
/// again after a failure, it goes on where it stopped.
pub(super) async fn revoke_all(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some((_, signed)) = own_form(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let (person, caller) = (signed.person.id, call.context.caller(Actor::Person));
    for grant in site.engine.list_grants(person).await? {
        let id = grant.value.id;
        site.engine.revoke_grant(id, Some(person), &caller).await?;
    }
    Ok(go(site, "/account?revoked=all"))
}

/// `POST /account/sessions/{id}/end`.
pub(super) async fn end_session(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some((_, signed)) = own_form(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let sid: Id<Session> = call.path_value(0).parse().map_err(|_| Trouble::NotFound)?;
    let sessions = site.engine.list_sessions(signed.person.id).await?;
    // One that is over already is what the person wanted.
    if let Some(session) = sessions.into_iter().find(|session| session.sid == sid) {
        let caller = call.context.caller(Actor::Person);
        site.engine.sign_out(session.hash, &caller).await?;
    }
    Ok(go(site, "/account?ended=yes"))
}

/// `POST /account/sessions/end`: every sign-in of the person but this one, or with `which=all` this one too.
pub(super) async fn end_sessions(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some((posted, signed)) = own_form(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let here_too = match posted.get("which") {
        Some("others") => false,
        Some("all") => true,
        Some(_) | None => return Err(Trouble::Malformed),
    };
    let caller = call.context.caller(Actor::Person);
    for session in site.engine.list_sessions(signed.person.id).await? {
        // The one at hand goes last, so that the person can press again after a failure.
        if session.hash != signed.session.hash {
            site.engine.sign_out(session.hash, &caller).await?;
        }
    }
    if here_too {
        return leave(site, call, Some(&signed), go(site, "/sign-out")).await;
    }
    Ok(go(site, "/account?ended=others"))
}

/// A form of one of these pages and who sent it. `None`: nobody is signed in any more.
async fn own_form(site: &Site, call: &Call) -> Result<Option<(Posted, SignedIn)>, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        return Ok(None);
    };
    posted.check(&signed.csrf(site))?;
    Ok(Some((posted, signed)))
}

/// `GET /sign-out`: asks; signed out, it says so.
pub(super) async fn ask_sign_out(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        let page = SignedOut {
            client: None,
            next: None,
            sign_in: Some(link(&site.settings, "/sign-in")),
        };
        return Ok(render(
            site,
            call,
            &Page::SignedOut(page),
            &Extras::default(),
        ));
    };
    let page = SignOut {
        form: PostForm {
            action: link(&site.settings, "/sign-out"),
            csrf: signed.csrf(site),
            fields: Vec::new(),
        },
        person: view::person(&signed.person),
        client: None,
        stay: Some(link(&site.settings, "/account")),
    };
    let extras = Extras {
        person: Some(&signed.person),
        ..Extras::default()
    };
    Ok(render(site, call, &Page::SignOut(page), &extras))
}

/// `POST /sign-out`.
pub(super) async fn sign_out(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let signed = SignedIn::of_call(site, call).await?;
    if let Some(signed) = &signed {
        posted.check(&signed.csrf(site))?;
    }
    leave(site, call, signed.as_ref(), go(site, "/sign-out")).await
}

/// What stands of what the person has allowed, newest first.
async fn allowed(site: &Site, signed: &SignedIn) -> Result<Vec<Allowed>, engine::Error> {
    let mut allowed = Vec::new();
    for grant in site.engine.list_grants(signed.person.id).await? {
        let families = site.engine.list_families(grant.value.id).await?;
        let grant = grant.value;
        allowed.push(Allowed { grant, families });
    }
    Ok(allowed)
}

async fn clients(
    site: &Site,
    call: &Call,
    signed: &SignedIn,
    allowed: &[Allowed],
) -> Result<Vec<GrantedClient>, engine::Error> {
    let locale = locale_of(&site.settings, call);
    let mut listed: Vec<(Id<Client>, GrantedClient)> = Vec::new();
    for Allowed { grant, families } in allowed {
        // What its client cannot use any more is nothing to take back.
        let Some(client) = site.engine.client(grant.client).await? else {
            continue;
        };
        let face = site.face(&grant.face);
        let described = face.and_then(|face| face.describe_grant(site, grant));
        let line = GrantLine {
            asks: asks(&site.settings, &described.unwrap_or_default(), locale, None),
            scopes: view::scope_lines(&site.settings, &grant.rights, locale),
            resources: view::resource_lines(&site.settings, &grant.rights),
            since: moment(grant.created_at),
            // When its client last came for tokens.
            last_used: families
                .iter()
                .map(|family| family.used_at)
                .max()
                .map(moment),
            revoke: PostForm {
                action: link(
                    &site.settings,
                    &format!("/account/grants/{}/revoke", grant.id),
                ),
                csrf: signed.csrf(site),
                fields: Vec::new(),
            },
        };
        if let Some((_, entry)) = listed.iter_mut().find(|(id, _)| *id == grant.client) {
            entry.grants.push(line);
            continue;
        }
        let prompt = Prompt::default();
        let proven = !client.is_public();
        let entry = GrantedClient {
            asker: view::asker(site, &client, locale, proven, &prompt),
            grants: vec![line],
        };
        listed.push((grant.client, entry));
    }
    Ok(listed.into_iter().map(|(_, entry)| entry).collect())
}

/// The person's sign-ins, newest first. A sign-in is used when it lets a client in, which leaves a family that names it:
/// so the last use is known without a write for each page.
async fn sessions(
    site: &Site,
    signed: &SignedIn,
    allowed: &[Allowed],
) -> Result<Vec<SessionLine>, engine::Error> {
    let mut sessions = site.engine.list_sessions(signed.person.id).await?;
    sessions.sort_by_key(|session| std::cmp::Reverse(session.created_at));
    let last_used = |sid: Id<Session>| {
        let families = allowed.iter().flat_map(|allowed| &allowed.families);
        let let_in = families.filter(|family| family.sid == Some(sid));
        let_in.map(|family| family.created_at).max()
    };
    let line = |session: Session| {
        let current = session.hash == signed.session.hash;
        let end = || PostForm {
            action: link(
                &site.settings,
                &format!("/account/sessions/{}/end", session.sid),
            ),
            csrf: signed.csrf(site),
            fields: Vec::new(),
        };
        SessionLine {
            browser: shown(browser_name(&session.agent)),
            address: (!session.peer.is_empty()).then(|| shown(&session.peer)),
            since: moment(session.created_at),
            last_used: last_used(session.sid).map(moment),
            current,
            end: (!current).then(end),
        }
    };
    Ok(sessions.into_iter().map(line).collect())
}

/// What has just been done, as far as it is so: a link that says more says nothing.
async fn notice(
    site: &Site,
    call: &Call,
    signed: &SignedIn,
    (some_allowed, others): (bool, bool),
) -> Result<Option<GrantsNotice>, engine::Error> {
    let mut revoked = None;
    for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
        match (&*name, &*value) {
            ("ended", "others") => return Ok((!others).then_some(GrantsNotice::OthersEnded)),
            ("ended", _) => return Ok(Some(GrantsNotice::SessionEnded)),
            ("revoked", "all") => {
                return Ok((!some_allowed).then_some(GrantsNotice::AllRevoked));
            }
            ("revoked", _) => revoked = value.parse::<Id<Grant>>().ok(),
            _ => {}
        }
    }
    let Some(id) = revoked else { return Ok(None) };
    let engine = &site.engine;
    let grant = engine.store().grant(engine.issuer_id(), id).await?;
    let own = |grant: &Grant| grant.person == Some(signed.person.id) && !grant.is_live();
    let Some(grant) = grant.map(|grant| grant.value).filter(own) else {
        return Ok(None);
    };
    let client = match engine.client(grant.client).await {
        Ok(Some(client)) => client,
        Ok(None) | Err(engine::Error::Refused(Refusal::NotFound)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let language = locale_of(&site.settings, call);
    Ok(Some(GrantsNotice::Revoked {
        client: shown(client.display_name(language.tag())),
    }))
}

/// A browser in a person's words, from how it names itself: every browser names its ancestors too, so the order counts.
fn browser_name(agent: &str) -> &str {
    const KNOWN: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    KNOWN
        .iter()
        .find(|(mark, _)| agent.contains(mark))
        .map_or(if agent.is_empty() { "?" } else { agent }, |(_, name)| name)
}
