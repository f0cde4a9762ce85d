//! A person at a browser, and the identity provider that asks: both over plain HTTP.

use std::error::Error;

use reqwest::{
    Client, Response, Url,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

use crate::server::{IDP_SECRET, Server};

/// Opens the start address, decides, and comes back. Answers where the browser was sent in the end.
pub async fn decide(server: &Server, start: &str, choice: &str) -> Result<Url, Box<dyn Error>> {
    let browser = Client::builder().redirect(Policy::none()).build()?;
    let begun = browser.get(start).send().await?;
    let cookies: Vec<_> = begun
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .collect();
    let cookies = cookies.join("; ");
    let consent = target(&begun)?;
    let said = |name: &str| {
        let mut pairs = consent.query_pairs();
        pairs.find_map(|(given, value)| (given == name).then(|| value.into_owned()))
    };
    let id = said("interactId").ok_or("no interactId")?;
    let nonce = said("nonce").ok_or("no nonce")?;
    let decision = format!("{}/grant/{id}/{nonce}/{choice}", server.origin);
    let decided = browser
        .post(decision)
        .header("x-idp-secret", IDP_SECRET)
        .send()
        .await?;
    if decided.status() != 202 {
        return Err(format!("the decision was answered {}", decided.status()).into());
    }
    let finish = format!("{}/interact/{id}/{nonce}/finish", server.origin);
    target(&browser.get(finish).header(COOKIE, cookies).send().await?)
}

fn target(reply: &Response) -> Result<Url, Box<dyn Error>> {
    let location = reply
        .headers()
        .get(LOCATION)
        .ok_or_else(|| format!("no redirect but {}", reply.status()))?;
    Ok(reply.url().join(location.to_str()?)?)
}
