//! A person's browser: keeps cookies, follows redirects, presses buttons.

use std::{collections::BTreeMap, io};

use super::{
    lines::Lines,
    page::{Page, Submission},
    setup::CALLBACK,
};
use crate::http::{Reply, Request};

const MOST_REDIRECTS: u32 = 10;

/// Cookies by name.
pub(crate) type Cookies = BTreeMap<String, String>;

/// One browser of one person.
#[derive(Debug)]
pub(crate) struct Browser<'a> {
    lines: Lines<'a>,
    cookies: Cookies,
    /// The path of the page shown.
    at: String,
}

/// A page as it arrived.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) page: Page,
    /// The address of a client the browser was sent back to.
    pub(crate) sent_to: Option<String>,
}

/// What an answer means to a browser.
enum Seen {
    Shown(Shown),
    Further(Request),
}

impl<'a> Browser<'a> {
    pub(crate) fn new(lines: Lines<'a>) -> Self {
        Self {
            lines,
            cookies: BTreeMap::new(),
            at: "/".to_owned(),
        }
    }

    /// The cookies it has: another browser with the same ones is a tab beside it.
    pub(crate) fn cookies(&self) -> Cookies {
        self.cookies.clone()
    }

    /// Takes over cookies.
    pub(crate) fn with_cookies(mut self, cookies: Cookies) -> Self {
        self.cookies = cookies;
        self
    }

    /// Opens an address of the server.
    pub(crate) fn visit(&mut self, url: &str) -> io::Result<Shown> {
        self.at = path_of(url, &self.at);
        let request = Request::get(&self.at);
        self.go(request)
    }

    /// Sends a form.
    pub(crate) fn submit(&mut self, form: &Submission) -> io::Result<Shown> {
        let request = self.request_of(form);
        self.go(request)
    }

    /// What is sent with a form, cookies and all.
    pub(crate) fn dressed_form(&mut self, form: &Submission) -> Request {
        let request = self.request_of(form);
        self.dressed(request)
    }

    /// Goes on from an answer that came by another way.
    pub(crate) fn follow(&mut self, reply: &Reply) -> io::Result<Shown> {
        match self.seen(reply) {
            Seen::Shown(shown) => Ok(shown),
            Seen::Further(request) => self.go(request),
        }
    }

    fn request_of(&mut self, form: &Submission) -> Request {
        let action = form.action.clone().unwrap_or_else(|| self.at.clone());
        self.at = path_of(&action, &self.at);
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if form.post {
            return Request::post(&self.at, &fields);
        }
        let path = self.at.split('?').next().unwrap_or_default().to_owned();
        Request::get(&format!("{path}?{}", crate::http::form(&fields)))
    }

    fn go(&mut self, mut request: Request) -> io::Result<Shown> {
        for _ in 0..MOST_REDIRECTS {
            let reply = self.lines.send(&self.dressed(request))?;
            match self.seen(&reply) {
                Seen::Shown(shown) => return Ok(shown),
                Seen::Further(next) => request = next,
            }
        }
        Err(io::Error::other("too many redirects"))
    }

    fn seen(&mut self, reply: &Reply) -> Seen {
        self.keep_cookies(reply);
        let target = reply
            .header("location")
            .filter(|_| (300..400).contains(&reply.status));
        let sent_to = target
            .filter(|target| target.starts_with(CALLBACK))
            .map(str::to_owned);
        match target {
            Some(target) if sent_to.is_none() => {
                self.at = path_of(target, &self.at);
                Seen::Further(Request::get(&self.at))
            }
            _ => Seen::Shown(Shown {
                status: reply.status,
                page: Page::parse(&reply.body),
                sent_to,
            }),
        }
    }

    /// Adds what a browser adds: cookies, and where a form comes from.
    fn dressed(&self, request: Request) -> Request {
        let request = request
            .header("origin", &format!("http://{}", self.lines.host()))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html");
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() {
            request
        } else {
            request.header("cookie", &pairs.join("; "))
        }
    }

    fn keep_cookies(&mut self, reply: &Reply) {
        for line in reply.headers_named("set-cookie") {
            let Some((name, value)) = line.split(';').next().unwrap_or_default().split_once('=')
            else {
                continue;
            };
            if line.to_ascii_lowercase().contains("max-age=0") || value.is_empty() {
                self.cookies.remove(name.trim());
            } else {
                self.cookies
                    .insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

/// The path and query of an address, seen from the page at `base`.
fn path_of(url: &str, base: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let path = url.split_once("://").map_or(url, |(_, rest)| {
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
    });
    if path.starts_with('/') {
        return path.to_owned();
    }
    let here = base.split('?').next().unwrap_or_default();
    if path.is_empty() {
        return base.to_owned();
    }
    if path.starts_with('?') {
        return format!("{here}{path}");
    }
    let folder = here.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torture::lines::Tally;

    #[test]
    fn addresses_are_read_as_a_browser_reads_them() {
        let cases = [
            ("http://127.0.0.1:1/device?x=1#y", "/", "/device?x=1"),
            ("http://127.0.0.1:1", "/a", "/"),
            ("/answer", "/device?code=1", "/answer"),
            ("", "/device?code=1", "/device?code=1"),
            ("?a=1", "/device?code=1", "/device?a=1"),
            ("done", "/device/code?x", "/device/done"),
        ];
        for (url, base, want) in cases {
            assert_eq!(path_of(url, base), want, "{url} at {base}");
        }
    }

    #[test]
    fn cookies_are_kept_replaced_and_dropped() {
        let tally = Tally::default();
        let mut browser = Browser::new(Lines::new("127.0.0.1:1", &["127.0.0.1:1"], &tally));
        let set = |line: &str| Reply {
            headers: vec![("set-cookie".to_owned(), line.to_owned())],
            ..Reply::default()
        };
        browser.keep_cookies(&set("a=1; HttpOnly; Max-Age=600"));
        browser.keep_cookies(&set("b=2"));
        browser.keep_cookies(&set("a=3"));
        browser.keep_cookies(&set("b=; Max-Age=0"));
        assert_eq!(
            browser.cookies.into_iter().collect::<Vec<_>>(),
            vec![("a".to_owned(), "3".to_owned())]
        );
    }
}
