//! The person's own pages: what I have allowed, where I am signed in, sign-out.
//!
//! Spec: OpenID Connect RP-Initiated Logout §6 (ask first); threats H6 and H9

use placet_core::{
    client::Client,
    engine,
    event::Actor,
    grant::Grant,
    id::Id,
    person::Session,
    refusal::Refusal,
    store::{Record, Table},
    time::Timestamp,
};

use super::{
    browser::SignedIn,
    posted::Posted,
    render::{Extras, go, link, locale_of, moment, render, shown},
    sign_in::leave,
    trouble::Trouble,
    view,
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

/// Token families of one grant that are looked at for its last use.
const FAMILIES_LIMIT: usize = 100;

/// `GET /account`.
pub(super) async fn show(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let page = Grants {
        person: view::person(&signed.person),
        clients: clients(site, call, &signed).await?,
        sessions: sessions(site, &signed).await?,
        notice: notice(site, call, &signed).await?,
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
    let posted = Posted::of_call(site, call)?;
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    posted.check(&signed.csrf(site))?;
    let id: Id<Grant> = call.path_value(0).parse().map_err(|_| Trouble::NotFound)?;
    let caller = call.context.caller(Actor::Person);
    site.engine
        .revoke_grant(id, Some(signed.person.id), &caller)
        .await?;
    Ok(go(site, &format!("/account?revoked={id}")))
}

/// `POST /account/sessions/{id}/end`.
pub(super) async fn end_session(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let posted = Posted::of_call(site, call)?;
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    posted.check(&signed.csrf(site))?;
    let sid: Id<Session> = call.path_value(0).parse().map_err(|_| Trouble::NotFound)?;
    let sessions = site.engine.list_sessions(signed.person.id).await?;
    // One that is over already is what the person wanted.
    if let Some(session) = sessions.into_iter().find(|session| session.sid == sid) {
        let caller = call.context.caller(Actor::Person);
        site.engine.sign_out(session.hash, &caller).await?;
    }
    Ok(go(site, "/account?ended=yes"))
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

async fn clients(
    site: &Site,
    call: &Call,
    signed: &SignedIn,
) -> Result<Vec<GrantedClient>, engine::Error> {
    let locale = locale_of(&site.settings, call);
    let mut listed: Vec<(Id<Client>, GrantedClient)> = Vec::new();
    for grant in site.engine.list_grants(signed.person.id).await? {
        let grant = grant.value;
        // What its client cannot use any more is nothing to take back.
        let Some(client) = site.engine.client(grant.client).await? else {
            continue;
        };
        let line = GrantLine {
            scopes: view::scope_lines(&site.settings, &grant.rights, locale),
            resources: view::resource_lines(&site.settings, &grant.rights),
            since: moment(grant.created_at),
            last_used: last_used(site, &grant).await?.map(moment),
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

/// When tokens of a grant were last handed over.
async fn last_used(site: &Site, grant: &Grant) -> Result<Option<Timestamp>, engine::Error> {
    let engine = &site.engine;
    let owner = *grant.id.as_bytes();
    let families = engine
        .store()
        .owned(engine.issuer_id(), Table::Family, owner, FAMILIES_LIMIT)
        .await?;
    let used = families.into_iter().filter_map(|found| match found.value {
        Record::Family(family) => Some(family.used_at),
        _ => None,
    });
    Ok(used.max())
}

async fn sessions(site: &Site, signed: &SignedIn) -> Result<Vec<SessionLine>, engine::Error> {
    let mut sessions = site.engine.list_sessions(signed.person.id).await?;
    sessions.sort_by_key(|session| std::cmp::Reverse(session.created_at));
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
            current,
            end: (!current).then(end),
        }
    };
    Ok(sessions.into_iter().map(line).collect())
}

/// What has just been done, for a grant that is the person's own.
async fn notice(
    site: &Site,
    call: &Call,
    signed: &SignedIn,
) -> Result<Option<GrantsNotice>, engine::Error> {
    let mut revoked = None;
    for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
        match &*name {
            "ended" => return Ok(Some(GrantsNotice::SessionEnded)),
            "revoked" => revoked = value.parse::<Id<Grant>>().ok(),
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
