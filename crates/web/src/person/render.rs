//! Pages as replies: the headers every page carries, error pages, and the way back to the client.
//!
//! Spec: RFC 9700 §4.12 (303), §4.16 (framing); OAuth 2.0 Form Post Response Mode §2; threats A10, A20, C15 and H9

use http::{HeaderName, HeaderValue, StatusCode, header};
use placet_core::{
    person::Person,
    time::{Lifetime, Timestamp},
};

use crate::{
    context::Call,
    face::Next,
    page::{
        Account, AnswerKind, ErrorPage, FormPost, Link, Locale, Outcome, PAGE_HEADERS, Page, Shell,
        Shown, WhatNext, content_security_policy,
    },
    reply::Reply,
    site::{Site, SiteSettings},
};

/// What no page needs, so that nothing in it may ask for it.
const PERMISSIONS_POLICY: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// How a page is sent, beyond its content.
#[derive(Debug, Clone)]
pub struct Extras<'a> {
    /// The status.
    pub status: StatusCode,
    /// The language. Absent: as the query and the browser ask.
    pub locale: Option<Locale>,
    /// The signed-in person, for the page's footer.
    pub person: Option<&'a Person>,
    /// The origins or schemes a form of the page may lead to.
    pub form_targets: Vec<String>,
}

impl Default for Extras<'_> {
    fn default() -> Self {
        Self {
            status: StatusCode::OK,
            locale: None,
            person: None,
            form_targets: Vec::new(),
        }
    }
}

/// The page as a reply, with all headers a page of a person carries.
pub fn render(site: &Site, call: &Call, page: &Page, extras: &Extras<'_>) -> Reply {
    let settings = &site.settings;
    let locale = extras.locale.unwrap_or_else(|| locale_of(settings, call));
    let shell = Shell {
        base_path: settings.base_path.clone(),
        now: moment(call.context.now),
        account: extras.person.map(|person| Account {
            name: display_name(person).into(),
            grants: link(settings, "/account"),
            sign_out: link(settings, "/sign-out"),
        }),
        request_id: Some(call.context.request_id.clone()),
    };
    let html = match site.pages.render(page, locale, &shell) {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(request_id = %call.context.request_id, %error, "a page could not be rendered");
            return Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "server_error\n");
        }
    };
    let mut reply = Reply::empty(extras.status).with_body("text/html; charset=utf-8", html.into());
    for (name, value) in PAGE_HEADERS {
        reply = reply.with_header(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let targets: Vec<&str> = extras.form_targets.iter().map(String::as_str).collect();
    if let Ok(policy) = HeaderValue::try_from(content_security_policy(&targets)) {
        reply = reply.with_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    // No `Cross-Origin-Opener-Policy`: it would cut a window that an app opened for its sign-in off from the app, for good,
    // and the app would wait for an answer that cannot reach it.
    reply
        .with_header(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static(PERMISSIONS_POLICY),
        )
        .with_header(
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(locale.tag()),
        )
}

/// An error page that says `code`, in the person's language, and after how long another try makes sense.
pub fn error_page(
    site: &Site,
    call: &Call,
    (status, code): (StatusCode, &str),
    retry_after: Option<Lifetime>,
) -> Reply {
    let error = ErrorPage {
        code: code.to_owned(),
        detail: None,
        retry_after_s: retry_after.map(wait_s),
        restart: None,
    };
    error_reply(site, call, status, error, None)
}

/// An error page with all it can say.
pub(super) fn error_reply(
    site: &Site,
    call: &Call,
    status: StatusCode,
    error: ErrorPage,
    locale: Option<Locale>,
) -> Reply {
    let retry_after_s = error.retry_after_s;
    let extras = Extras {
        status,
        locale,
        ..Extras::default()
    };
    let reply = render(site, call, &Page::Error(error), &extras);
    match retry_after_s {
        Some(seconds) => reply.with_header(header::RETRY_AFTER, HeaderValue::from(seconds)),
        None => reply,
    }
}

/// Sends the browser on after an answer: by a redirect, or by a form that posts itself.
pub fn deliver(site: &Site, call: &Call, next: Next) -> Reply {
    match next {
        Next::Redirect(url) => leave(&url),
        Next::FormPost { action, fields } => {
            let extras = Extras {
                form_targets: origin_or_scheme(&action).into_iter().collect(),
                ..Extras::default()
            };
            let page = FormPost {
                action: Link::from(action),
                fields,
                client: None,
            };
            render(site, call, &Page::FormPost(page), &extras)
        }
        Next::Stay => {
            let page = Outcome {
                answer: AnswerKind::Answered,
                client: None,
                next: WhatNext::Nothing,
            };
            render(site, call, &Page::Outcome(page), &Extras::default())
        }
    }
}

/// A redirect away from here that tells the other side nothing of this address.
pub(super) fn leave(url: &str) -> Reply {
    Reply::see_other(url).with_header(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    )
}

/// A redirect to a page of this issuer.
pub(super) fn go(site: &Site, path: &str) -> Reply {
    leave(&below(&site.settings, path))
}

/// A path below the issuer's base, as browsers see it.
pub(super) fn below(settings: &SiteSettings, path: &str) -> String {
    format!("{}{path}", settings.base_path)
}

/// The same as a link of a page.
pub(super) fn link(settings: &SiteSettings, path: &str) -> Link {
    Link::from(below(settings, path))
}

/// The language the query or the form, and the browser, ask for.
pub(super) fn locale_of(settings: &SiteSettings, call: &Call) -> Locale {
    let asked = asked_locales(call.query.as_bytes()).or_else(|| asked_locales(&call.body));
    Locale::negotiate(
        asked.as_deref(),
        call.header("accept-language"),
        settings.default_locale,
    )
}

/// The language `ui_locales` of the query or the form asks for, if the pages speak it.
pub(super) fn wished_locale(call: &Call) -> Option<Locale> {
    let asked = asked_locales(call.query.as_bytes()).or_else(|| asked_locales(&call.body))?;
    asked.split_ascii_whitespace().find_map(Locale::of_tag)
}

fn asked_locales(form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(name, _)| name == "ui_locales")
        .map(|(_, value)| value.into_owned())
}

/// What a policy must allow for a form to lead to `url`: its origin, or the scheme of an app.
fn origin_or_scheme(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    Some(match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    })
}

/// The name a person goes by.
pub(super) fn display_name(person: &Person) -> &str {
    person
        .claims
        .get("name")
        .and_then(serde_json::Value::as_str)
        .filter(|name| !name.trim().is_empty())
        .unwrap_or(&person.username)
}

/// The same point in time as pages take it.
pub(super) fn moment(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Whole seconds to tell somebody who must wait.
pub(super) fn wait_s(span: Lifetime) -> u64 {
    span.as_secs_ceil().max(1)
}

/// A text from outside, made safe to look at.
pub(super) fn shown(text: &str) -> Shown {
    Shown::from(text)
}
