//! The request behind an address of an interaction, and where it stands: one reading for browsers and identity providers.
//!
//! Spec: Open Payments 1.3; RFC 9635 §1.5; threats C8 and G8

use placet_core::{
    Refusal,
    engine::{self, Shown, View},
    id::Id,
    pending::{EndKind, PendingRequest, State},
    secret::{SecretHash, kind},
};
use placet_web::{context::Call, reply::Reply};

use super::{Payments, edge};
use crate::{
    Place, Problem, Profile,
    finish::{Unfinished, open_payments_unfinished},
    payload::{Hidden, Payload},
    realm::{Named, Realm},
};

/// An interaction that somebody named by its id and its nonce.
pub(super) struct Interaction {
    pub(super) realm: Realm,
    /// Its name, as it stands in the address.
    pub(super) name: String,
    pub(super) request: PendingRequest,
    pub(super) payload: Payload,
    pub(super) hidden: Hidden,
    pub(super) standing: Standing,
}

/// Where an interaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has answered.
    Open,
    /// The person said yes.
    Approved,
    /// The person said no.
    Denied,
    /// Nobody answered in time, or nobody collected.
    Expired,
    /// Its client took it back, or what it gave was revoked.
    Revoked,
}

impl Interaction {
    /// Finds the interaction a path names. `None` for anything that is not there; whoever does not know the nonce is told
    /// nothing else.
    ///
    /// # Errors
    /// When nothing can be read at the moment.
    pub(super) async fn find(payments: &Payments, call: &Call) -> Result<Option<Self>, Problem> {
        let name = call.path_value(0);
        let Some(named) = Named::<16>::parse(name) else {
            return Ok(None);
        };
        let Some(realm) = payments.realm(name, Place::Grant).await? else {
            return Ok(None);
        };
        let id = Id::from_bytes(named.bytes);
        let engine = &realm.site.engine;
        let Some(shown) = absent_is_none(engine.show(View::Id(id)).await)? else {
            return Ok(None);
        };
        let Some(payload) =
            Payload::of(&shown.request).filter(|payload| payload.profile == Profile::OpenPayments)
        else {
            return Ok(None);
        };
        let Some(hidden) = payload.hidden(&shown.request, engine.vault()) else {
            return Ok(None);
        };
        let presented = SecretHash::<kind::Content>::of(call.path_value(1));
        if presented != SecretHash::of(&hidden.server_nonce) {
            return Ok(None);
        }
        let shown = if shown.request.is_open(call.context.now) {
            Some(shown)
        } else {
            absent_is_none(engine.expire(id).await.map(engine::Committed::into_inner))?
        };
        let Some(Shown { request, .. }) = shown else {
            return Ok(None);
        };
        let standing = standing(&realm, &request, call).await?;
        Ok(Some(Self {
            name: name.to_owned(),
            realm,
            request,
            payload,
            hidden,
            standing,
        }))
    }

    /// Sends the browser to the client without a hash, or says `otherwise` where the client left no address.
    pub(super) fn unfinished(&self, why: Unfinished, otherwise: &Problem) -> Reply {
        let uri = self.payload.finish.as_ref().map(|finish| &finish.uri);
        match uri.and_then(|uri| open_payments_unfinished(uri, why)) {
            Some(url) => edge::found(&url),
            None => otherwise.reply(),
        }
    }
}

fn absent_is_none<T>(read: Result<T, engine::Error>) -> Result<Option<T>, Problem> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(engine::Error::Refused(Refusal::NotFound)) => Ok(None),
        Err(error) => Err(Problem::failed(error, Place::Grant, Profile::OpenPayments)),
    }
}

async fn standing(
    realm: &Realm,
    request: &PendingRequest,
    call: &Call,
) -> Result<Standing, Problem> {
    Ok(match &request.state {
        State::Pending | State::Interacting { .. } | State::Clarifying { .. } => Standing::Open,
        State::Approved(_) if request.in_time(call.context.now).is_err() => Standing::Expired,
        State::Approved(_) => Standing::Approved,
        State::Collected { grant, .. } => {
            let engine = &realm.site.engine;
            let store = engine.store().as_ref();
            let grant = store.grant(engine.issuer_id(), *grant).await;
            let grant = grant
                .map_err(|error| Problem::failed(error.into(), Place::Grant, realm.profile))?;
            match grant {
                Some(grant) if grant.value.is_live() => Standing::Approved,
                Some(_) | None => Standing::Revoked,
            }
        }
        State::Ended(ending) => match ending.kind {
            EndKind::Denied | EndKind::Abandoned => Standing::Denied,
            EndKind::Expired => Standing::Expired,
            EndKind::Cancelled | EndKind::Revoked | EndKind::Failed => Standing::Revoked,
        },
    })
}
