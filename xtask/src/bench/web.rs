//! A web site's refresh tokens: one person signs in, agrees, and is sent back with codes, at Placet's pages or the peer's.
//!
//! Spec: RFC 6749 §4.1

use serde_json::Value;

use super::contestant::Contestant;
use crate::{
    http::{Connection, Request, form},
    torture::{
        browser::{Browser, Cookies, Shown},
        lines::{Lines, Tally},
        page::Submission,
        setup::CALLBACK,
    },
};

/// The web site, a client of all servers.
pub(crate) const CLIENT: (&str, &str) = ("web", "web-secret-0123456789");
/// Pages a person walks through at most.
const PAGES: u32 = 6;

/// Walks through the pages once and redeems the code: the cookies of a person whose agreement stands.
pub(crate) fn sign_in(on: &Contestant, person: (&str, &str)) -> Result<Cookies, String> {
    let tally = Tally::default();
    let mut browser = browser(on, &tally);
    let mut shown = visit(on, &mut browser)?;
    for _ in 0..PAGES {
        if let Some(target) = &shown.sent_to {
            redeem(on, &mut Connection::lazy(on.address()), target)?;
            return Ok(browser.cookies());
        }
        let typed = [("login", person.0), ("password", person.1)];
        let page = &shown.page;
        let form = page
            .press("approve", &[])
            .or_else(|| page.press("submit-login", &typed))
            .or_else(|| of_the_peer(&shown, person))
            .ok_or_else(|| format!("{}: a page leads nowhere ({})", on.name, shown.status))?;
        let next = browser.submit(&form);
        shown = next.map_err(|error| format!("{}: {error}", on.name))?;
    }
    Err(format!("{}: the pages lead in a circle", on.name))
}

/// Refresh tokens of as many families, for a person who signed in and agreed.
pub(crate) fn refresh_tokens(
    on: &Contestant,
    signed_in: &Cookies,
    count: usize,
) -> Result<Vec<String>, String> {
    let tally = Tally::default();
    let mut browser = browser(on, &tally).with_cookies(signed_in.clone());
    let mut connection = Connection::lazy(on.address());
    let mut tokens = Vec::with_capacity(count);
    for _ in 0..count {
        let shown = visit(on, &mut browser)?;
        let target = shown.sent_to.unwrap_or_default();
        tokens.push(redeem(on, &mut connection, &target)?);
    }
    Ok(tokens)
}

/// The refresh token for the code that a browser was sent back with.
fn redeem(on: &Contestant, connection: &mut Connection, target: &str) -> Result<String, String> {
    let mut parts = target.split(['?', '&']);
    let code = parts.find_map(|part| part.strip_prefix("code="));
    let code = code.ok_or_else(|| format!("{}: no code: {target}", on.name))?;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    let request = Request::post(&on.endpoints.token, &fields).basic(CLIENT.0, CLIENT.1);
    let reply = connection.send(&request);
    let reply = reply.map_err(|error| format!("{}: {error}", on.name))?;
    let token = reply.json().get("refresh_token").cloned();
    let token = token.as_ref().and_then(Value::as_str);
    let token = token.ok_or_else(|| format!("{}: {}", on.name, reply.body))?;
    Ok(token.to_owned())
}

fn browser<'a>(on: &Contestant, tally: &'a Tally) -> Browser<'a> {
    Browser::new(Lines::new(on.address(), &[on.address()], tally))
}

fn visit(on: &Contestant, browser: &mut Browser<'_>) -> Result<Shown, String> {
    // Without `openid` no ID token is signed: what is measured is the rotation.
    let query = form(&[
        ("response_type", "code"),
        ("client_id", CLIENT.0),
        ("redirect_uri", CALLBACK),
        ("scope", "offline_access read"),
    ]);
    let shown = browser.visit(&format!("{}?{query}", on.endpoints.authorization));
    shown.map_err(|error| format!("{}: {error}", on.name))
}

/// The peer's pages have one form each, whose fields have names and no ids. It takes any password.
fn of_the_peer(shown: &Shown, (login, password): (&str, &str)) -> Option<Submission> {
    let (action, prompt) = shown.page.named("prompt")?;
    let fields = [("prompt", prompt), ("login", login), ("password", password)];
    Some(Submission {
        action: Some(action.to_owned()),
        post: true,
        fields: fields.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
    })
}
