//! The browser begins: it is marked as the one that did, and sent to the tenant's identity provider.
//!
//! What stands in the query of the address is required, since clients open it as it was given, and otherwise ignored: the
//! provider is told the stored name and address of the client (threat G6).
//!
//! Spec: Open Payments 1.3; RFC 9635 §4.1.1, §11.24; threats G6 to G8

use std::sync::Arc;

use placet_core::{Refusal, engine, event::Actor};
use placet_web::{context::Call, person, reply::Reply};
use url::form_urlencoded;

use super::{
    Payments, edge,
    standing::{Interaction, Standing},
};
use crate::{
    Place, Problem,
    finish::{self, Unfinished},
    open_payments::problem,
};

/// Answers a GET of a start address.
pub(super) async fn start(payments: Arc<Payments>, call: Call) -> Reply {
    begun(&payments, &call)
        .await
        .unwrap_or_else(|problem| problem.reply())
}

async fn begun(payments: &Payments, call: &Call) -> Result<Reply, Problem> {
    edge::accepts_json(call)?;
    let names = ["clientName", "clientUri"];
    let asked: Vec<_> = form_urlencoded::parse(call.query.as_bytes()).collect();
    if !names
        .iter()
        .all(|name| asked.iter().any(|(other, _)| other == name))
    {
        return Err(problem::schema(
            "The query lacks clientName or clientUri.".into(),
        ));
    }
    let found = Interaction::find(payments, call).await?;
    let found = found.ok_or(problem::START_UNKNOWN)?;
    if let Some(over) = over(&found) {
        return Ok(over);
    }
    let realm = &found.realm;
    let tenant = realm.tenant.as_ref().ok_or_else(Problem::broken)?;
    let Some(idp) = &tenant.idp else {
        if payments.is_operator(tenant) {
            return Ok(person::enter(&realm.site, call, &found.request, None));
        }
        return Ok(found.unfinished(Unfinished::Unattended, &problem::START_UNATTENDED));
    };
    let caller = call.context.caller(Actor::Person);
    let shown = realm
        .site
        .engine
        .mark_shown(found.request.id, &caller)
        .await;
    let request = match shown {
        Ok(shown) => shown.into_inner(),
        Err(engine::Error::Refused(Refusal::Expired)) => {
            return Ok(found.unfinished(Unfinished::Expired, &problem::START_ENDED));
        }
        Err(engine::Error::Refused(_)) => {
            return Ok(found.unfinished(Unfinished::Ended, &problem::START_ENDED));
        }
        Err(error) => return Err(Problem::failed(error, Place::Grant, realm.profile)),
    };
    let introduced = request.asker.introduced.clone().unwrap_or_default();
    let url = finish::with_parameters(
        &idp.consent_url,
        &[
            ("interactId", &found.name),
            ("nonce", &found.hidden.server_nonce),
            ("clientName", introduced.name.as_deref().unwrap_or_default()),
            ("clientUri", introduced.uri.as_deref().unwrap_or_default()),
        ],
    );
    let url = url.ok_or_else(Problem::broken)?;
    let reply = edge::found(&url);
    let until = request.expires_at;
    Ok(person::mark(&realm.site, call, reply, request.id, until))
}

/// What a browser is told of an interaction that cannot begin any more.
fn over(found: &Interaction) -> Option<Reply> {
    let why = match found.standing {
        Standing::Open => return None,
        Standing::Expired => Unfinished::Expired,
        Standing::Approved | Standing::Denied | Standing::Revoked => Unfinished::Ended,
    };
    Some(found.unfinished(why, &problem::START_ENDED))
}
