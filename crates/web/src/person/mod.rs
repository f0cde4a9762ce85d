//! The person's side of the edge, one for all faces: sign-in, consent, code entry, what I have allowed, sign-out.
//!
//! 1. A face calls [`silently`] to learn whether a rule may answer, and [`begin()`] to open its request in this browser.
//! 2. The browser gets a cookie for this one request, so that two tabs work and only this browser may answer.
//! 3. `GET /interaction/{id}` shows what is next and changes nothing; every `POST` is checked for where it comes from.
//! 4. The answer is committed, and only then [`deliver`] sends the browser on.
//!
//! Spec: RFC 6749 §3.1, RFC 8628 §3.3, OpenID Connect Core §3.1.2.3–3.1.2.4; threats A10, A15–A20, D1–D6 and H1–H9

mod account;
mod ask;
mod asset;
mod begin;
mod browser;
mod cookie;
mod decision;
mod device;
mod interaction;
mod mark;
mod password;
mod policy;
mod posted;
mod render;
mod seen;
mod sign_in;
mod trouble;
mod view;
mod visit;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::visit::settle;
pub use self::{
    begin::{Attendance, begin, enter},
    browser::sign_in_was_kept_back,
    mark::{is_marked, mark},
    password::{PASSWORD_LIMIT_BYTES, PasswordError, Passwords},
    policy::{Ready, Silent, Wish, silently},
    render::{Extras, deliver, error_page, render},
    trouble::PAGE_CODES,
};
use crate::{
    context::Call,
    face::{Audience, Route, Routes},
    site::Site,
};

/// The route of a handler that answers with a page, or with the reason why there is none.
macro_rules! page_route {
    ($site:expr, $method:ident $path:literal, $spec:literal, $handler:path) => {{
        let site = Arc::clone($site);
        Route::$method($path, Audience::Person, $spec, move |call: Call| {
            let site = Arc::clone(&site);
            async move {
                let result = $handler(&site, &call).await;
                settle(&site, &call, result)
            }
        })
    }};
}

/// The routes of the person's side.
pub fn routes(site: &Arc<Site>) -> Routes {
    let assets = {
        let site = Arc::clone(site);
        Route::get(
            "/assets/{name}",
            Audience::Public,
            "RFC 9111 §5.2",
            move |call: Call| {
                let reply = settle(&site, &call, asset::show(&site, &call));
                std::future::ready(reply)
            },
        )
    };
    let mut routes = vec![assets];
    routes.extend(request_routes(site));
    routes.extend(own_routes(site));
    routes
}

/// The pages of one request.
fn request_routes(site: &Arc<Site>) -> Routes {
    vec![
        page_route!(site, get "/interaction/{id}", "OpenID Connect Core §3.1.2.4", interaction::show),
        page_route!(site, get "/interaction/{id}/status", "RFC 8628 §3.3", interaction::status),
        page_route!(site, get "/interaction/{id}/resume", "RFC 6749 §4.1.2", interaction::resume),
        page_route!(site, post "/interaction/{id}/sign-in", "OpenID Connect Core §3.1.2.3", sign_in::for_request),
        page_route!(site, post "/interaction/{id}/switch", "OpenID Connect Core §3.1.2.3", sign_in::switch),
        page_route!(site, post "/interaction/{id}/decision", "OpenID Connect Core §3.1.2.4", decision::submit),
        page_route!(site, get "/device", "RFC 8628 §3.3", device::show_form),
        page_route!(site, post "/device", "RFC 8628 §3.3", device::submit),
    ]
}

/// The pages of a person without a request.
fn own_routes(site: &Arc<Site>) -> Routes {
    let start = {
        let site = Arc::clone(site);
        Route::get("/", Audience::Person, "", move |_| {
            std::future::ready(render::go(&site, "/account"))
        })
    };
    vec![
        start,
        page_route!(site, get "/sign-in", "OpenID Connect Core §3.1.2.3", sign_in::show),
        page_route!(site, post "/sign-in", "OpenID Connect Core §3.1.2.3", sign_in::submit),
        page_route!(site, get "/sign-out", "OpenID Connect RP-Initiated Logout §6", account::ask_sign_out),
        page_route!(site, post "/sign-out", "OpenID Connect RP-Initiated Logout §6", account::sign_out),
        page_route!(site, get "/account", "RFC 7009 §1", account::show),
        page_route!(site, get "/account/requests/{id}", "RFC 9635 §2.5.1", waiting::open),
        page_route!(site, post "/account/grants/{id}/revoke", "RFC 7009 §1", account::revoke),
        page_route!(site, post "/account/grants/revoke-all", "RFC 7009 §1", account::revoke_all),
        page_route!(site, post "/account/sessions/{id}/end", "RFC 7009 §1", account::end_session),
        page_route!(site, post "/account/sessions/end", "RFC 7009 §1", account::end_sessions),
    ]
}
