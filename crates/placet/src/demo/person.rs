//! Plays the person: a browser without a screen, on the same pages, with cookies and forms.
//!
//! It knows the pages by the element ids that are their public contract, and by nothing else.

use clap::ValueEnum;
use http::{StatusCode, header};
use url::Url;

use super::{
    html::{self, Form},
    http::{Answer, HttpError, Outgoing},
};

/// How many pages may lie between the link and the outcome.
const STEPS: usize = 12;

/// What the played person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlayedAnswer {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// Who signs in.
pub(super) struct Credentials<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
}

/// Why the person did not get to an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PersonError {
    /// A page could not be had.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A page says that something is wrong.
    #[error("the page at {url} shows the error {code}")]
    ErrorPage {
        /// Where.
        url: String,
        /// The code it shows.
        code: String,
    },
    /// No page known to the person.
    #[error("the page at {0} is none that a person knows")]
    Lost(String),
}

/// A browser.
#[derive(Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

/// Opens the link, signs in and answers. Gives what the last page says the outcome is.
pub(super) async fn play(
    link: &str,
    who: &Credentials<'_>,
    answer: PlayedAnswer,
) -> Result<String, PersonError> {
    let mut browser = Browser::default();
    let (mut url, mut page) = browser.open(Outgoing::get(link)?, link).await?;
    for _ in 0..STEPS {
        let text = page.text();
        if let Some(outcome) = outcome(&text) {
            return Ok(outcome);
        }
        let Some((form, fields)) = next(&text, who, answer) else {
            return Err(trouble(&page, &text));
        };
        let target = url
            .join(&form.action)
            .map_err(|_| PersonError::Lost(page.url.clone()))?;
        let post = Outgoing::post(target.as_str(), &fields)?
            .with("origin", &url.origin().ascii_serialization())
            .with("sec-fetch-site", "same-origin")
            .with("sec-fetch-mode", "navigate");
        (url, page) = browser.open(post, target.as_str()).await?;
    }
    Err(PersonError::Lost(page.url))
}

/// The outcome a page shows.
fn outcome(page: &str) -> Option<String> {
    let elements = html::elements(page);
    let element = elements.iter().find(|element| element.has_id("outcome"))?;
    element.attribute("data-outcome").map(str::to_owned)
}

/// The form to send next, and what to send.
fn next(
    page: &str,
    who: &Credentials<'_>,
    answer: PlayedAnswer,
) -> Option<(Form, Vec<(String, String)>)> {
    let forms = html::forms(page);
    let with = |id: &str| forms.iter().find(|form| form.holds(id)).cloned();
    if let Some(form) = with("submit-login") {
        let filled = [("login", who.username), ("password", who.password)];
        let fields = form.submit("submit-login", &filled);
        return Some((form, fields));
    }
    if let Some(form) = with("approve") {
        let fields = match answer {
            PlayedAnswer::Approve => form.submit("approve", &[("confirm_device", "yes")]),
            PlayedAnswer::Deny => form.submit("deny", &[]),
        };
        return Some((form, fields));
    }
    // The link brought the code; the person only confirms it.
    let form = with("submit-code")?;
    let fields = form.submit("submit-code", &[]);
    Some((form, fields))
}

fn trouble(page: &Answer, text: &str) -> PersonError {
    let after = text
        .split_once("id=\"error-code\"")
        .and_then(|(_, after)| after.split_once('>'));
    match after.and_then(|(_, content)| content.split_once('<')) {
        Some((code, _)) => PersonError::ErrorPage {
            url: page.url.clone(),
            code: code.trim().to_owned(),
        },
        None if page.status.is_success() => PersonError::Lost(page.url.clone()),
        None => page.unexpected().into(),
    }
}

impl Browser {
    /// Sends a request and follows where it leads, keeping cookies.
    async fn open(&mut self, first: Outgoing, url: &str) -> Result<(Url, Answer), PersonError> {
        let mut url = Url::parse(url).map_err(|_| PersonError::Lost(url.to_owned()))?;
        let mut outgoing = first;
        for _ in 0..STEPS {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let mut request = outgoing
                .with("accept", "text/html")
                .with("accept-language", "en")
                .with("user-agent", "placet demo");
            if !cookies.is_empty() {
                request = request.with("cookie", &cookies.join("; "));
            }
            let answer = request.send().await?;
            self.keep(&answer);
            let location = answer.headers.get(header::LOCATION);
            let Some(location) = location.filter(|_| answer.status == StatusCode::SEE_OTHER) else {
                return Ok((url, answer));
            };
            url = location
                .to_str()
                .ok()
                .and_then(|location| url.join(location).ok())
                .ok_or_else(|| PersonError::Lost(answer.url.clone()))?;
            outgoing = Outgoing::get(url.as_str())?;
        }
        Err(PersonError::Lost(url.to_string()))
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap_or_default().split(';').next();
            let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            self.cookies.retain(|(known, _)| known != name);
            // A server forgets a cookie by emptying it.
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}
