//! A person's browser: keeps cookies, follows redirects, presses buttons.

use std::{collections::BTreeMap, io};

use super::{
    lines::Lines,
    page::{Page, Submission},
};
use crate::http::{Reply, Request};

const MOST_REDIRECTS: u32 = 10;

/// One browser of one person.
#[derive(Debug)]
pub(crate) struct Browser<'a> {
    lines: Lines<'a>,
    cookies: BTreeMap<String, String>,
    /// The path of the page shown.
    at: String,
}

/// A page as it arrived.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) page: Page,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(lines: Lines<'a>) -> Self {
        Self {
            lines,
            cookies: BTreeMap::new(),
            at: "/".to_owned(),
        }
    }

    /// Opens an address of the server.
    pub(crate) fn visit(&mut self, url: &str) -> io::Result<Shown> {
        self.at = path_of(url, &self.at);
        let request = Request::get(&self.at);
        self.go(request)
    }

    /// Sends a form.
    pub(crate) fn submit(&mut self, form: &Submission) -> io::Result<Shown> {
        let action = form.action.clone().unwrap_or_else(|| self.at.clone());
        self.at = path_of(&action, &self.at);
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = if form.post {
            Request::post(&self.at, &fields)
        } else {
            let path = self.at.split('?').next().unwrap_or_default().to_owned();
            Request::get(&format!("{path}?{}", crate::http::form(&fields)))
        };
        self.go(request)
    }

    fn go(&mut self, mut request: Request) -> io::Result<Shown> {
        for _ in 0..MOST_REDIRECTS {
            let reply = self.lines.send(&self.dressed(request))?;
            self.keep_cookies(&reply);
            let Some(target) = reply
                .header("location")
                .filter(|_| (300..400).contains(&reply.status))
            else {
                return Ok(Shown {
                    status: reply.status,
                    page: Page::parse(&reply.body),
                });
            };
            self.at = path_of(target, &self.at);
            request = Request::get(&self.at);
        }
        Err(io::Error::other("too many redirects"))
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
