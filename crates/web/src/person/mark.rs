//! A browser that was sent to another system, which asks the person and sends the browser back: it carries a cookie of its
//! own for each such request, so that two tabs work and only a browser that began may come back (threat G7).
//!
//! The cookie says when it was given and holds a keyed hash of that and of the request's id. Only this server can make one,
//! and nothing is stored to know it again.
//!
//! Spec: RFC 9635 §11.24, RFC 6265bis §4.1.3.2

use placet_core::{id::Id, pending::PendingRequest, time::Timestamp};

use super::{
    browser::{keyed, same},
    cookie::{self, Purpose},
};
use crate::{context::Call, reply::Reply, site::Site};

/// Lets the browser carry that it began `request`, until `keep_until`; takes back the oldest mark when there are too many.
pub fn mark(
    site: &Site,
    call: &Call,
    reply: Reply,
    request: Id<PendingRequest>,
    keep_until: Timestamp,
) -> Reply {
    let now = call.context.now;
    let made = now.as_secs();
    let own = cookie::name_for(&site.settings, Purpose::Elsewhere, request);
    let value = format!("{made}.{}", seal(site, made, request));
    let reply = cookie::without_surplus(&site.settings, call, reply, (Purpose::Elsewhere, &own));
    let lifetime = keep_until.since(now);
    reply.with_cookie(&cookie::set(&site.settings, &own, &value, Some(lifetime)))
}

/// Whether this browser began `request`.
pub fn is_marked(site: &Site, call: &Call, request: Id<PendingRequest>) -> bool {
    let name = cookie::name_for(&site.settings, Purpose::Elsewhere, request);
    let parts = cookie::value(call, &name).and_then(|value| value.split_once('.'));
    parts.is_some_and(|(made, sealed)| {
        made.parse()
            .is_ok_and(|made| same(&seal(site, made, request), sealed))
    })
}

fn seal(site: &Site, made: i64, request: Id<PendingRequest>) -> String {
    keyed(site, "elsewhere cookie", &format!("{made} {request}"))
}
