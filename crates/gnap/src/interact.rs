//! The browser begins: an address that only this client was given leads to the one consent page.
//!
//! Looking changes nothing, so a scanner of links claims nothing. Whatever stands in the query is ignored: the page says what
//! the stored request says (threat G6).
//!
//! Spec: RFC 9635 §4.1.1, §4.1.2, §11.24; threats G6 to G8

use std::sync::Arc;

use http::StatusCode;
use placet_core::{
    Refusal,
    engine::{self, View},
    id::Id,
    time::Lifetime,
};
use placet_web::{context::Call, page::Locale, person, reply::Reply, site::Site};

use crate::{Profile, grant, payload::Payload, realm::Named};

/// Answers a GET of a start address. An unknown one, and one whose request is over, gets a page and no redirect.
pub(crate) async fn start(site: Arc<Site>, call: Call) -> Reply {
    let gone = || person::error_page(&site, &call, (StatusCode::NOT_FOUND, "not_found"), None);
    let Some(named) = Named::<16>::parse(call.path_value(0)) else {
        return gone();
    };
    let shown = match site
        .engine
        .show(View::Id(Id::from_bytes(named.bytes)))
        .await
    {
        Ok(shown) => shown,
        Err(engine::Error::Refused(Refusal::NotFound)) => return gone(),
        Err(error) => {
            tracing::error!(%error, "a request could not be read");
            return person::error_page(
                &site,
                &call,
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
                Some(Lifetime::from_secs(1)),
            );
        }
    };
    let request = &shown.request;
    let payload = Payload::of(request)
        .filter(|payload| payload.profile == Profile::Rfc9635)
        .filter(|payload| grant::starts(payload, call.path_value(1)));
    let Some(payload) = payload else {
        return gone();
    };
    let locale = payload.locales.iter().find_map(|tag| Locale::of_tag(tag));
    person::enter(&site, &call, request, locale)
}
