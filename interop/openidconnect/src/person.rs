//! A person who uses the pages over HTTP: finds forms by the stable element ids, fills them in, and sends them.

use std::error::Error;

use openidconnect::url::Url;
use reqwest::blocking::{Client, Response};

const LONGEST_WAY: usize = 12;

pub struct Person {
    browser: Client,
    username: &'static str,
    password: &'static str,
}

/// Where a walk through the pages ended.
pub enum End {
    /// The browser was sent back to the client.
    Client(Url),
    /// A page says how it ended.
    Outcome(String),
}

impl Person {
    pub fn new(username: &'static str, password: &'static str) -> Result<Self, reqwest::Error> {
        let browser = Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            browser,
            username,
            password,
        })
    }

    /// Walks through whatever is asked, until the browser leaves to `callback` or a page tells the outcome.
    pub fn go_through(
        &self,
        url: &Url,
        callback: &str,
        decision: &str,
    ) -> Result<End, Box<dyn Error>> {
        let mut reply = self.browser.get(url.clone()).send()?;
        for _ in 0..LONGEST_WAY {
            if let Some(target) = redirect(&reply)? {
                if target.as_str().starts_with(callback) {
                    return Ok(End::Client(target));
                }
                reply = self.browser.get(target).send()?;
                continue;
            }
            let at = reply.url().clone();
            let page = without_templates(&reply.text()?);
            if let Some(tag) = tag_with_id(&page, "outcome") {
                return Ok(End::Outcome(
                    attribute(tag, "data-outcome").ok_or("no data-outcome")?,
                ));
            }
            reply = self.answer(&at, &page, decision)?;
        }
        Err("no end".into())
    }

    fn answer(&self, at: &Url, page: &str, decision: &str) -> Result<Response, Box<dyn Error>> {
        let buttons = ["submit-login", "submit-code", decision];
        let form = page.split("<form").skip(1).find_map(|rest| {
            let form = rest.split("</form>").next()?;
            buttons
                .iter()
                .any(|id| tag_with_id(form, id).is_some())
                .then_some(form)
        });
        let form = form.ok_or_else(|| format!("nothing known at {at}: {page}"))?;
        let mut fields = Vec::new();
        for tag in form
            .split('<')
            .filter(|tag| tag.starts_with("input ") || tag.starts_with("button "))
        {
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let id = attribute(tag, "id").unwrap_or_default();
            let kind = attribute(tag, "type").unwrap_or_default();
            let value = match id.as_str() {
                "login" => self.username.to_owned(),
                "password" => self.password.to_owned(),
                _ => attribute(tag, "value").unwrap_or_default(),
            };
            if kind != "submit" || buttons.contains(&id.as_str()) {
                fields.push((name, value));
            }
        }
        let action = attribute(form, "action").ok_or("a form without action")?;
        Ok(self.browser.post(at.join(&action)?).form(&fields).send()?)
    }
}

fn redirect(reply: &Response) -> Result<Option<Url>, Box<dyn Error>> {
    let Some(location) = reply.headers().get("location") else {
        return Ok(None);
    };
    Ok(Some(reply.url().join(location.to_str()?)?))
}

/// What stands in a template is not on the page.
fn without_templates(page: &str) -> String {
    let mut pieces = page.split("<template");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + piece
            .split_once("</template>")
            .map_or("", |(_, after)| after)
    })
}

fn tag_with_id<'a>(html: &'a str, id: &str) -> Option<&'a str> {
    html.split('<')
        .find(|tag| attribute(tag, "id").as_deref() == Some(id))
}

/// The value of an attribute of the tag at the beginning of `html`.
fn attribute(html: &str, name: &str) -> Option<String> {
    let tag = html.split('>').next()?;
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    let unescaped = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    Some(
        unescaped
            .iter()
            .fold(value.to_owned(), |text, (from, to)| text.replace(from, to)),
    )
}
