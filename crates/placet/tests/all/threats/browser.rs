//! A person's browser without a screen: cookies, forms, redirects, and a journal of every secret it was given.

use super::{
    html::{self, Form},
    stage::{CALLBACK, FORM, Node, PASSWORD, form},
};
use crate::server::{Reply, ask};

/// Between one page and the one a person ends up on.
const STEPS: usize = 8;

pub(super) struct Browser<'a> {
    node: &'a Node,
    /// Sent with every request, unless a test sets other ones.
    pub(super) headers: Vec<(String, String)>,
    pub(super) cookies: Vec<(String, String)>,
    /// Every page that was opened, as it came.
    pub(super) seen: Vec<Reply>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self {
            node,
            headers: Vec::new(),
            cookies: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// A browser somewhere else; only a server that trusts this machine as a proxy believes it.
    pub(super) fn at(node: &'a Node, source: &str) -> Self {
        let mut browser = Self::new(node);
        browser
            .headers
            .push(("X-Forwarded-For".to_owned(), source.to_owned()));
        browser
    }

    /// A browser in which ada is signed in.
    pub(super) fn of_ada(node: &'a Node) -> Self {
        let mut browser = Self::new(node);
        browser.sign_in("ada");
        browser
    }

    /// The same browser again, to press something else in it at the same time.
    pub(super) fn copy(&self) -> Self {
        Self {
            node: self.node,
            headers: self.headers.clone(),
            cookies: self.cookies.clone(),
            seen: Vec::new(),
        }
    }

    pub(super) fn sign_in(&mut self, username: &str) {
        let page = self.get("/sign-in");
        let form = form_with(&page, "submit-login");
        let fields = form.submit(
            "submit-login",
            &[("login", username), ("password", PASSWORD)],
        );
        let reply = self.post(&form.action, &fields);
        assert_eq!(reply.status, 303, "{reply:?}");
    }

    pub(super) fn get(&mut self, target: &str) -> Reply {
        self.send("GET", target, &[], &[])
    }

    pub(super) fn post(&mut self, target: &str, fields: &[(String, String)]) -> Reply {
        self.send("POST", target, &[], fields)
    }

    /// Sends one request with further headers, keeps the cookies of the answer, and follows nothing.
    pub(super) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        fields: &[(String, String)],
    ) -> Reply {
        let own = format!("http://{}", self.node.address);
        let target = target.strip_prefix(&own).unwrap_or(target);
        let cookies = self.cookie_header();
        let mut all: Vec<(&str, &str)> = vec![("Accept", "text/html"), ("Cookie", &cookies)];
        let kept = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        all.extend(kept);
        all.extend(headers);
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        let body = if method == "POST" {
            all.push(FORM);
            form(&pairs)
        } else {
            String::new()
        };
        let reply = ask(&self.node.address, method, target, &all, &body);
        self.keep(&reply);
        reply
    }

    /// Opens a page and follows redirects as long as they stay here. The last answer may be a redirect to elsewhere.
    pub(super) fn open(&mut self, target: &str) -> Reply {
        let reply = self.get(target);
        self.follow(reply)
    }

    pub(super) fn follow(&mut self, mut reply: Reply) -> Reply {
        let own = format!("http://{}/", self.node.address);
        for _ in 0..STEPS {
            let Some(location) = reply.header("location").map(str::to_owned) else {
                return reply;
            };
            if !location.starts_with('/') && !location.starts_with(&own) {
                return reply;
            }
            reply = self.get(&location);
        }
        panic!("redirects without end: {reply:?}");
    }

    /// Presses a button of a page, with these fields filled in, and follows.
    pub(super) fn press(&mut self, page: &Reply, button: &str, filled: &[(&str, &str)]) -> Reply {
        let form = form_with(page, button);
        let reply = self.post(&form.action, &form.submit(button, filled));
        self.follow(reply)
    }

    /// Enters a device's code; gives the page that asks for the decision.
    pub(super) fn enter_code(&mut self, user_code: &str) -> Reply {
        let page = self.get("/device");
        self.press(&page, "submit-code", &[("user_code", user_code)])
    }

    /// Enters a device's code and approves; gives the last page.
    pub(super) fn approve_device(&mut self, user_code: &str) -> Reply {
        let page = self.enter_code(user_code);
        self.press(&page, "approve", &[("confirm_device", "yes")])
    }

    /// Sends a first-party client's request through this signed-in browser; gives the code.
    pub(super) fn code_of(&mut self, client: &str) -> String {
        let reply = self.open(&authorize(client, &[]));
        code_in(&reply).unwrap_or_else(|| panic!("no code: {reply:?}"))
    }

    fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, reply: &Reply) {
        for line in set_cookies(reply) {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        self.seen.push(Reply {
            status: reply.status,
            head: reply.head.clone(),
            body: reply.body.clone(),
        });
    }
}

/// The `Set-Cookie` lines of an answer.
pub(super) fn set_cookies(reply: &Reply) -> impl Iterator<Item = &str> {
    reply.head.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    })
}

/// The form of a page in which an element of this id stands.
pub(super) fn form_with(page: &Reply, id: &str) -> Form {
    let found = html::forms(&page.body)
        .into_iter()
        .find(|form| form.holds(id));
    found.unwrap_or_else(|| panic!("no {id} on {page:?}"))
}

/// What a page says became of the request.
pub(super) fn outcome(page: &Reply) -> Option<String> {
    let elements = html::elements(&page.body);
    let element = elements.iter().find(|element| element.has_id("outcome"))?;
    element.attribute("data-outcome").map(str::to_owned)
}

/// RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request of a client, in which `more` replaces or adds parameters; an empty value leaves one out.
pub(super) fn authorize(client: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", "openid offline_access read"),
        ("state", "state-8c1f"),
        ("nonce", "nonce-27ab"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    format!("/authorize?{}", form(&fields))
}

/// The code in a redirect to the client.
pub(super) fn code_in(reply: &Reply) -> Option<String> {
    let location = url::Url::parse(reply.header("location")?).ok()?;
    let mut pairs = location.query_pairs();
    let found = pairs.find(|(name, _)| name == "code");
    found.map(|(_, value)| value.into_owned())
}

/// What a client sends for a code.
pub(super) fn exchange(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}
