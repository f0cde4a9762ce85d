//! What waits for a person who was named and not brought: they find it on their own page, and go from there to the one page
//! on which every request is decided.
//!
//! Only the person a request was laid before may see it. For everybody else it is as unknown as an id that is nobody's
//! (threat C8), and looking at it claims nothing.
//!
//! Spec: RFC 9635 §2.5.1; threats C8 and C10

use placet_core::{id::Id, pending::PendingRequest};

use super::{
    browser::{SignedIn, Ticket},
    render::{go, link, locale_of, moment},
    trouble::Trouble,
    view,
    visit::path,
};
use crate::{context::Call, page::WaitingLine, reply::Reply, site::Site};

/// What waits for the signed-in person, newest first.
pub(super) async fn lines(
    site: &Site,
    call: &Call,
    signed: &SignedIn,
) -> Result<Vec<WaitingLine>, Trouble> {
    let locale = locale_of(&site.settings, call);
    let mut lines = Vec::new();
    for shown in site.engine.list_waiting(signed.person.id).await? {
        let request = &shown.request;
        // What a face asked that is not spoken any more cannot be shown, and so not be answered.
        let Some(face) = site.face(&request.face) else {
            continue;
        };
        let prompt = face.describe(site, &shown);
        lines.push(WaitingLine {
            asker: view::asker_of(site, request, &shown.client, locale, &prompt),
            modifies: prompt.modifies,
            since: moment(request.created_at),
            expires_at: moment(request.expires_at),
            open: link(&site.settings, &format!("/account/requests/{}", request.id)),
        });
    }
    Ok(lines)
}

/// `GET /account/requests/{id}`: this browser may take part, and goes to the request's page.
pub(super) async fn open(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let Some(signed) = SignedIn::of_call(site, call).await? else {
        return Ok(go(site, "/sign-in"));
    };
    let id: Id<PendingRequest> = call.path_value(0).parse().map_err(|_| Trouble::NotFound)?;
    let shown = site.engine.laid_before(signed.person.id, id).await?;
    let request = &shown.request;
    // A tab that is open already keeps its forms.
    if let Some(ticket) = Ticket::of_call(site, call, id) {
        return Ok(go(site, &path(&ticket, "")));
    }
    let ticket = Ticket::new(site, id, None);
    let reply = go(site, &path(&ticket, ""));
    Ok(ticket.give(site, call, reply, request.keep_until))
}

/// Whether a browser in which `signed` is signed in may look at the request: all may that was laid before nobody, and a
/// browser without a sign-in is asked for one.
pub(super) fn may_look(request: &PendingRequest, signed: Option<&SignedIn>) -> bool {
    match (request.addressed_to, signed) {
        (None, _) | (_, None) => true,
        (Some(person), Some(signed)) => person == signed.person.id,
    }
}
