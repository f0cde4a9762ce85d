//! A hand that acts for a client and a person, and notes each act in the journal before and after.
//!
//! An answer counts as acknowledged when it arrived whole. A cut connection, and any 5xx, leaves it open what happened.
//!
//! Spec: RFC 8628 §3.1–3.5; RFC 6749 §4.4, §6; RFC 7662 §2; RFC 7009 §2

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value;

use super::{
    browser::{Browser, Cookies, Shown},
    journal::{Action, Pen, Reply},
    lines::Lines,
    setup::{DEVICE, PERSON, SERVICE},
};
use crate::http::{Reply as HttpReply, Request};

pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Pages a person walks through at most: sign-in, code, consent, and each of them once more.
const MOST_PAGES: u32 = 10;

/// A device request as the client got it.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) device_code: String,
    user_code: String,
    verification_uri: String,
}

/// Which client a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    Device,
    Service,
}

/// What became of an act: an answer, or nothing because the server went away.
pub(crate) type Told<T> = Result<Option<T>, String>;

/// One actor with its connections.
#[derive(Debug)]
pub(crate) struct Hand<'a> {
    lines: Lines<'a>,
    browser: Browser<'a>,
    pen: Pen,
    steps: &'a AtomicU64,
    endpoints: Option<Endpoints>,
}

#[derive(Clone, Debug)]
struct Endpoints {
    token: String,
    device_authorization: String,
    introspection: String,
    revocation: String,
}

impl<'a> Hand<'a> {
    /// `lines` lead to the servers; each step takes its number from `steps`.
    pub(crate) fn new(lines: &Lines<'a>, pen: Pen, steps: &'a AtomicU64) -> Self {
        Self {
            lines: lines.fresh(),
            browser: Browser::new(lines.fresh()),
            pen,
            steps,
            endpoints: None,
        }
    }

    /// Signs in once: the cookies of a person who did.
    pub(crate) fn sign_in(&mut self) -> Told<Cookies> {
        let Some(opened) = self.open()? else {
            return Ok(None);
        };
        let answered = self.answer(&opened, true)?;
        Ok(answered.map(|_| self.browser.cookies()))
    }

    /// Goes on as a person who signed in.
    pub(crate) fn signed_in(mut self, cookies: Cookies) -> Self {
        self.browser = self.browser.with_cookies(cookies);
        self
    }

    /// Device authorization.
    pub(crate) fn open(&mut self) -> Told<Opened> {
        let Some(at) = self.endpoints()? else {
            return Ok(None);
        };
        let request = Request::post(
            &at.device_authorization,
            &[("scope", "openid offline_access read")],
        )
        .basic(DEVICE.0, DEVICE.1);
        let mut opened = None;
        self.noted(&Action::Open, &request, |http| {
            let json = http.json();
            let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
            let device_code = text("device_code")?;
            let verification_uri =
                text("verification_uri_complete").or_else(|| text("verification_uri"))?;
            opened = Some(Opened {
                device_code: device_code.clone(),
                user_code: text("user_code")?,
                verification_uri,
            });
            Some(Reply::Opened { device_code })
        })?;
        Ok(opened)
    }

    /// One poll.
    pub(crate) fn poll(&mut self, device_code: &str) -> Told<Reply> {
        self.poll_waiting(device_code, 0)
    }

    /// One poll that is willing to wait, unless `wait_s` is 0.
    pub(crate) fn poll_waiting(&mut self, device_code: &str, wait_s: u32) -> Told<Reply> {
        let Some(at) = self.endpoints()? else {
            return Ok(None);
        };
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", device_code)];
        let mut request = Request::post(&at.token, &fields).basic(DEVICE.0, DEVICE.1);
        if wait_s > 0 {
            request = request.header("prefer", &format!("wait={wait_s}"));
        }
        self.noted(
            &Action::Poll {
                device_code: device_code.to_owned(),
            },
            &request,
            tokens,
        )
    }

    pub(crate) fn refresh(&mut self, token: &str) -> Told<Reply> {
        let Some(at) = self.endpoints()? else {
            return Ok(None);
        };
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let request = Request::post(&at.token, &fields).basic(DEVICE.0, DEVICE.1);
        self.noted(
            &Action::Refresh {
                token: token.to_owned(),
            },
            &request,
            tokens,
        )
    }

    /// Client credentials.
    pub(crate) fn mint(&mut self) -> Told<Reply> {
        let Some(at) = self.endpoints()? else {
            return Ok(None);
        };
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let request = Request::post(&at.token, &fields).basic(SERVICE.0, SERVICE.1);
        self.noted(&Action::Mint, &request, tokens)
    }

    pub(crate) fn introspect(&mut self, token: &str, holder: Holder) -> Told<Reply> {
        let Some(at) = self.endpoints()? else {
            return Ok(None);
        };
        let (id, secret) = holder.credentials();
        let request = Request::post(&at.introspection, &[("token", token)]).basic(id, secret);
        self.noted(
            &Action::Introspect {
                token: token.to_owned(),
            },
            &request,
            |http| {
                let json = http.json();
                let active = json.get("active").and_then(Value::as_bool)?;
                Some(Reply::Activity {
                    active,
                    jti: json.get("jti").and_then(Value::as_str).map(str::to_owned),
                })
            },
        )
    }

    pub(crate) fn revoke(&mut self, token: &str, holder: Holder) -> Told<Reply> {
        let Some(at) = self.endpoints()? else {
            return Ok(None);
        };
        let (id, secret) = holder.credentials();
        let request = Request::post(&at.revocation, &[("token", token)]).basic(id, secret);
        self.noted(
            &Action::Revoke {
                token: token.to_owned(),
            },
            &request,
            |http| (http.status == 200).then_some(Reply::Revoked),
        )
    }

    /// The person: follows the link, signs in where asked, and presses a button. Gives the page's outcome.
    pub(crate) fn answer(&mut self, opened: &Opened, approve: bool) -> Told<String> {
        let mut shown = self.browser.visit(&opened.verification_uri);
        for _ in 0..MOST_PAGES {
            let Ok(Shown { status, page, .. }) = &shown else {
                return Ok(None);
            };
            if *status >= 500 {
                return Ok(None);
            }
            if let Some(outcome) = page.by_id("outcome") {
                return Ok(Some(
                    outcome.get("data-outcome").unwrap_or_default().to_owned(),
                ));
            }
            // The code is used up: another browser answered first.
            if *status >= 400 {
                return Ok(Some(format!("page {status}")));
            }
            let next = if page.by_id("approve").is_some() {
                let button = if approve { "approve" } else { "deny" };
                let ticked: &[(&str, &str)] = if approve {
                    &[("confirm-device", "on")]
                } else {
                    &[]
                };
                page.press(button, ticked).map(|form| (form, true))
            } else if page.by_id("password").is_some() {
                page.press(
                    "submit-login",
                    &[("login", PERSON.0), ("password", PERSON.1)],
                )
                .map(|form| (form, false))
            } else {
                page.press("submit-code", &[("user-code", &opened.user_code)])
                    .map(|form| (form, false))
            };
            let Some((form, decides)) = next else {
                return Err(format!(
                    "a page (status {status}) offers nothing to go on with"
                ));
            };
            let step = self.steps.fetch_add(1, Ordering::Relaxed);
            if decides {
                self.pen.intent(
                    step,
                    &Action::Answer {
                        device_code: opened.device_code.clone(),
                        approve,
                    },
                )?;
            }
            shown = self.browser.submit(&form);
            if decides {
                self.note_answer(step, &shown)?;
            }
        }
        Err("the pages lead in a circle".to_owned())
    }

    fn note_answer(&mut self, step: u64, shown: &io::Result<Shown>) -> Result<(), String> {
        match shown {
            Err(error) => self.pen.lost(step, &error.to_string()),
            Ok(Shown { status, .. }) if *status >= 500 => {
                self.pen.lost(step, &format!("status {status}"))
            }
            Ok(Shown { page, status, .. }) => {
                let outcome = page
                    .by_id("outcome")
                    .and_then(|tag| tag.get("data-outcome"))
                    .map(str::to_owned);
                let reply = outcome
                    .map_or_else(|| Reply::Refused(format!("page {status}")), Reply::Outcome);
                self.pen.reply(step, &reply)
            }
        }
    }

    /// Notes the intent, sends, notes the answer. `read` gives nothing for an answer that is not the good one.
    fn noted(
        &mut self,
        action: &Action,
        request: &Request,
        read: impl FnOnce(&HttpReply) -> Option<Reply>,
    ) -> Told<Reply> {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        self.pen.intent(step, action)?;
        match self.lines.send(request) {
            Err(error) => self.pen.lost(step, &error.to_string()).map(|()| None),
            Ok(http) if http.status >= 500 => self
                .pen
                .lost(step, &format!("status {}", http.status))
                .map(|()| None),
            Ok(http) => {
                let code = || {
                    http.json()
                        .get("error")
                        .and_then(Value::as_str)
                        .map_or_else(|| format!("status {}", http.status), str::to_owned)
                };
                let good = if http.status == 200 {
                    read(&http)
                } else {
                    None
                };
                let reply = good.unwrap_or_else(|| Reply::Refused(code()));
                self.pen.reply(step, &reply)?;
                Ok(Some(reply))
            }
        }
    }

    fn endpoints(&mut self) -> Told<Endpoints> {
        if self.endpoints.is_none() {
            let found = self
                .lines
                .send(&Request::get("/.well-known/openid-configuration"));
            let Some(reply) = found.ok().filter(|reply| reply.status == 200) else {
                return Ok(None);
            };
            let json = reply.json();
            let path = |name: &str| -> Result<String, String> {
                let url = json
                    .get(name)
                    .and_then(Value::as_str)
                    .ok_or_else(|| format!("discovery has no {name}"))?;
                let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
                Ok(rest
                    .split_once('/')
                    .map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}")))
            };
            self.endpoints = Some(Endpoints {
                token: path("token_endpoint")?,
                device_authorization: path("device_authorization_endpoint")?,
                introspection: path("introspection_endpoint")?,
                revocation: path("revocation_endpoint")?,
            });
        }
        Ok(self.endpoints.clone())
    }
}

impl Holder {
    /// The client that sends an action, and so gets its tokens.
    pub(crate) fn of(action: &Action) -> Self {
        if matches!(action, Action::Mint) {
            Self::Service
        } else {
            Self::Device
        }
    }

    fn credentials(self) -> (&'static str, &'static str) {
        match self {
            Self::Device => DEVICE,
            Self::Service => SERVICE,
        }
    }
}

fn tokens(http: &HttpReply) -> Option<Reply> {
    let json = http.json();
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Reply::Tokens {
        access: text("access_token")?,
        refresh: text("refresh_token"),
    })
}
