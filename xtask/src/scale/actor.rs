//! One client, and one person with a browser, who run whole flows through the public endpoints.
//!
//! Spec: RFC 6749 §4.1, §4.4, §6; RFC 7009 §2.1; RFC 7662 §2.1; RFC 8628 §3.1–3.5

use crate::{
    http::{Reply, Request, form},
    torture::{
        browser::Browser,
        hand::DEVICE_GRANT,
        lines::{Lines, Tally},
        setup::{CALLBACK, DEVICE, PERSON, SERVICE, Setup, WEB},
    },
};

/// Pages a person walks through at most.
const PAGES: u32 = 6;
const SCOPE: &str = "openid offline_access read";

/// An actor with connections of its own.
#[derive(Debug)]
pub(super) struct Actor<'a> {
    lines: Lines<'a>,
    browser: Browser<'a>,
}

impl<'a> Actor<'a> {
    /// An actor that asks the first `nodes` servers in turn.
    pub(super) fn new(setup: &Setup, nodes: usize, tally: &'a Tally) -> Self {
        let addresses: Vec<&str> = setup.addresses().into_iter().take(nodes).collect();
        let lines = Lines::new(&setup.host, &addresses, tally);
        Self {
            browser: Browser::new(lines.fresh()),
            lines,
        }
    }

    /// Forgets the cookies: the next page asks for the password.
    pub(super) fn leave(&mut self) {
        self.browser = Browser::new(self.lines.fresh());
    }

    /// Opens new connections: a server ends those that were silent for long.
    pub(super) fn reconnect(&mut self) {
        self.lines = self.lines.fresh();
        let cookies = self.browser.cookies();
        self.browser = Browser::new(self.lines.fresh()).with_cookies(cookies);
    }

    /// Client credentials; the access token.
    pub(super) fn mint(&mut self) -> Result<String, String> {
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let request = Request::post("/token", &fields).basic(SERVICE.0, SERVICE.1);
        member(&self.send(&request, 200)?, "access_token")
    }

    /// Asks about a token of [`Self::mint`], which must be active.
    pub(super) fn introspect(&mut self, token: &str) -> Result<(), String> {
        let request = Request::post("/introspect", &[("token", token)]);
        let reply = self.send(&request.basic(SERVICE.0, SERVICE.1), 200)?;
        match reply
            .json()
            .get("active")
            .and_then(serde_json::Value::as_bool)
        {
            Some(true) => Ok(()),
            Some(false) | None => Err(format!("not active: {}", reply.body)),
        }
    }

    /// Revokes a refresh token of [`Self::device`].
    pub(super) fn revoke(&mut self, token: &str) -> Result<(), String> {
        let request = Request::post("/revoke", &[("token", token)]);
        self.send(&request.basic(DEVICE.0, DEVICE.1), 200).map(drop)
    }

    /// Device authorization: the device code, and where the person has to go.
    pub(super) fn open(&mut self) -> Result<(String, String), String> {
        let request = Request::post("/device_authorization", &[("scope", SCOPE)]);
        let reply = self.send(&request.basic(DEVICE.0, DEVICE.1), 200)?;
        Ok((
            member(&reply, "device_code")?,
            member(&reply, "verification_uri_complete")?,
        ))
    }

    /// A poll that finds the request undecided.
    pub(super) fn poll(&mut self, device_code: &str) -> Result<(), String> {
        self.collect(device_code, 400).map(drop)
    }

    /// A device flow without a pending poll; the refresh token.
    pub(super) fn device(&mut self) -> Result<String, String> {
        let (device_code, address) = self.open()?;
        if let Some(target) = self.walk(&address)? {
            return Err(format!("a device's request was sent to {target}"));
        }
        member(&self.collect(&device_code, 200)?, "refresh_token")
    }

    /// A code flow of whoever is signed in, or has to; the refresh token.
    pub(super) fn code(&mut self) -> Result<String, String> {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", WEB.0),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPE),
            ("state", "s"),
        ]);
        let target = self.walk(&format!("/authorize?{query}"))?;
        let target = target.ok_or("an authorization request ended at a page")?;
        let code = parameter(&target, "code").ok_or(format!("no code in {target}"))?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        let request = Request::post("/token", &fields).basic(WEB.0, WEB.1);
        member(&self.send(&request, 200)?, "refresh_token")
    }

    /// Refreshes a token of [`Self::code`]; the next one.
    pub(super) fn refresh(&mut self, token: &str) -> Result<String, String> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let request = Request::post("/token", &fields).basic(WEB.0, WEB.1);
        member(&self.send(&request, 200)?, "refresh_token")
    }

    fn collect(&mut self, device_code: &str, status: u16) -> Result<Reply, String> {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", device_code)];
        let request = Request::post("/token", &fields).basic(DEVICE.0, DEVICE.1);
        self.send(&request, status)
    }

    /// Walks through the pages: the address of the client at their end, or nothing where they end at a page.
    fn walk(&mut self, url: &str) -> Result<Option<String>, String> {
        let mut shown = self.browser.visit(url).map_err(|error| error.to_string())?;
        for _ in 0..PAGES {
            if shown.sent_to.is_some() {
                return Ok(shown.sent_to);
            }
            let page = &shown.page;
            if page.by_id("outcome").is_some() && shown.status == 200 {
                return Ok(None);
            }
            let person = [("login", PERSON.0), ("password", PERSON.1)];
            let form = page
                .press("approve", &[("confirm-device", "on")])
                .or_else(|| page.press("submit-login", &person))
                .or_else(|| page.press("submit-code", &[]))
                .ok_or_else(|| format!("a page (status {}) leads nowhere", shown.status))?;
            shown = self
                .browser
                .submit(&form)
                .map_err(|error| error.to_string())?;
        }
        Err("the pages lead in a circle".to_owned())
    }

    fn send(&mut self, request: &Request, status: u16) -> Result<Reply, String> {
        let reply = self
            .lines
            .send(request)
            .map_err(|error| error.to_string())?;
        if reply.status == status {
            Ok(reply)
        } else {
            Err(format!(
                "{} instead of {status}: {}",
                reply.status, reply.body
            ))
        }
    }
}

fn member(reply: &Reply, name: &str) -> Result<String, String> {
    let json = reply.json();
    let value = json.get(name).and_then(serde_json::Value::as_str);
    value
        .map(str::to_owned)
        .ok_or_else(|| format!("no {name}: {}", reply.body))
}

fn parameter<'u>(url: &'u str, name: &str) -> Option<&'u str> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        let url = "http://127.0.0.1:9/callback?scode=1&code=2&state=s";
        assert_eq!(parameter(url, "code"), Some("2"));
        assert_eq!(parameter(url, "cod"), None);
        assert_eq!(parameter("http://127.0.0.1:9/", "code"), None);
    }
}
