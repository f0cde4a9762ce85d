//! The browser comes back, and carries to the client what became of its request.
//!
//! Only a browser that began may finish (threat G7). It may do so again and again: the reference is the same each time,
//! nothing that is over begins anew, and nothing is written.
//!
//! Spec: Open Payments 1.3; RFC 9635 §4.2.1, §4.2.3, §11.24; threats G4, G5, G7 and G8

use std::sync::Arc;

use placet_web::{context::Call, person, reply::Reply};

use super::{
    Payments, edge,
    standing::{Interaction, Standing},
};
use crate::{
    Problem,
    finish::{Unfinished, open_payments_redirect},
    open_payments::problem,
};

/// Answers a GET of the address a provider sends the browser back to.
pub(super) async fn finish(payments: Arc<Payments>, call: Call) -> Reply {
    finished(&payments, &call)
        .await
        .unwrap_or_else(|problem| problem.reply())
}

async fn finished(payments: &Payments, call: &Call) -> Result<Reply, Problem> {
    edge::accepts_json(call)?;
    let found = Interaction::find(payments, call).await?;
    let found = found.ok_or(problem::UNKNOWN_INTERACTION)?;
    if found.standing == Standing::Expired {
        return Ok(found.unfinished(Unfinished::Expired, &problem::FINISH_EXPIRED));
    }
    if !person::is_marked(&found.realm.site, call, found.request.id) {
        return Err(problem::FINISH_SESSION);
    }
    match found.standing {
        Standing::Revoked => {
            Ok(found.unfinished(Unfinished::Unknown, &problem::UNKNOWN_INTERACTION))
        }
        Standing::Approved => approved(&found),
        Standing::Denied if found.payload.finish.is_none() => Ok(edge::accepted()),
        Standing::Denied => Ok(found.unfinished(Unfinished::Rejected, &Problem::broken())),
        Standing::Open | Standing::Expired => {
            Ok(found.unfinished(Unfinished::Unanswered, &problem::FINISH_UNANSWERED))
        }
    }
}

/// Where the browser takes the reference of a request that was approved.
fn approved(found: &Interaction) -> Result<Reply, Problem> {
    let Some(finish) = &found.payload.finish else {
        return Ok(edge::accepted());
    };
    let (hash, reference) = found
        .payload
        .finish_hash(&found.hidden)
        .ok_or_else(Problem::broken)?;
    let url = open_payments_redirect(&finish.uri, &hash, &reference);
    Ok(edge::found(&url.ok_or_else(Problem::broken)?))
}
