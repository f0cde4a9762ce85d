//! The tenant's identity provider reads what is asked and says how the person decided.
//!
//! It names itself by a secret of its tenant; secrets of any length that are not one of it get the same answer (threat G9).
//! Nothing is decided that no browser was shown (threat G10), and a decision counts when it is made: whoever waits for it
//! hears of it at once, whether or not the browser comes back.
//!
//! Spec: Open Payments 1.3; RFC 9635 §4.1, §11.36; threats C1, G8 to G10

use std::sync::Arc;

use http::StatusCode;
use placet_core::{
    Refusal,
    engine::{self, Answer, Decider, Decision},
    event::Actor,
    tenant::IdentityProvider,
};
use placet_web::{context::Call, reply::Reply};
use serde_json::{Map, Value, json};

use super::{
    Payments, edge,
    standing::{Interaction, Standing},
};
use crate::{
    Place, Problem,
    open_payments::problem,
    payload::{AskedSubject, Payload},
    subject::SubjectIdentifier,
};

/// The field that holds the provider's secret.
const SECRET: &str = "x-idp-secret";

fn names_itself(idp: &IdentityProvider, call: &Call) -> bool {
    call.header(SECRET)
        .is_some_and(|presented| idp.accepts(presented))
}

/// Answers a GET of what is asked.
pub(super) async fn details(payments: Arc<Payments>, call: Call) -> Reply {
    detailed(&payments, &call)
        .await
        .unwrap_or_else(|problem| problem.reply())
}

async fn detailed(payments: &Payments, call: &Call) -> Result<Reply, Problem> {
    edge::accepts_json(call)?;
    let found = Interaction::find(payments, call).await?;
    let found = found.ok_or(problem::UNKNOWN_INTERACTION)?;
    let idp = provider(&found).ok_or(problem::DETAILS_UNATTENDED)?;
    if !names_itself(idp, call) {
        return Err(problem::DETAILS_SECRET);
    }
    let state = match found.standing {
        Standing::Open => "PENDING",
        Standing::Approved => "APPROVED",
        Standing::Denied => "DENIED",
        Standing::Expired | Standing::Revoked => return Err(problem::UNKNOWN_INTERACTION),
    };
    let rights = found.payload.tokens.iter().flat_map(Payload::rights_of);
    let access: Vec<Value> = rights.map(|right| right.to_value()).collect();
    let mut told = Map::new();
    told.insert("grantId".to_owned(), found.request.id.hyphenated().into());
    told.insert("access".to_owned(), access.into());
    if let Some(subject) = &found.payload.subject {
        told.insert("subject".to_owned(), asked_about(subject));
    }
    told.insert("state".to_owned(), state.into());
    Ok(Reply::json(StatusCode::OK, &told))
}

/// What is asked about the person, as this profile spells it.
fn asked_about(subject: &AskedSubject) -> Value {
    let ids = subject.ids.iter().filter_map(SubjectIdentifier::parse);
    let told: Vec<Value> = ids.filter_map(|id| id.to_open_payments()).collect();
    json!({ "sub_ids": told })
}

fn provider(found: &Interaction) -> Option<&IdentityProvider> {
    found.realm.tenant.as_ref()?.idp.as_ref()
}

/// Answers a POST of a decision.
pub(super) async fn decide(payments: Arc<Payments>, call: Call) -> Reply {
    match decided(&payments, &call).await {
        Ok(()) => edge::accepted(),
        Err(problem) => problem.reply(),
    }
}

async fn decided(payments: &Payments, call: &Call) -> Result<(), Problem> {
    edge::accepts_json(call)?;
    let approves = match call.path_value(2) {
        "accept" => true,
        "reject" => false,
        _ => {
            return Err(problem::schema(
                "The choice is neither accept nor reject.".into(),
            ));
        }
    };
    let found = Interaction::find(payments, call).await?;
    let found = found.ok_or(problem::UNKNOWN_INTERACTION)?;
    let idp = provider(&found).ok_or(problem::UNKNOWN_INTERACTION)?;
    if !names_itself(idp, call) {
        return Err(problem::DECISION_SECRET);
    }
    match found.standing {
        Standing::Denied | Standing::Revoked => return Err(problem::DECISION_DENIED),
        Standing::Approved | Standing::Expired => return Err(problem::DECISION_LATE),
        Standing::Open if found.request.shown_at.is_none() => return Err(problem::DECISION_LATE),
        Standing::Open => {}
    }
    let realm = &found.realm;
    let tenant = realm.tenant.as_ref().map(|tenant| tenant.uuid());
    let subject = found.payload.subject.as_ref().and_then(wallet_of);
    let answer = Answer {
        request: found.request.id,
        by: Decider::Operator {
            credential: tenant.as_deref().unwrap_or_default(),
            person: None,
            subject: subject.as_deref(),
        },
        shown: None,
        decision: if approves {
            Decision::Approve(found.request.asked.clone())
        } else {
            Decision::Deny
        },
        cookie: None,
    };
    let caller = call.context.caller(Actor::Operator);
    match realm.site.engine.answer(&answer, &caller).await {
        Ok(_) => Ok(()),
        Err(engine::Error::Refused(refusal)) => Err(undecided(&refusal)),
        Err(error) => Err(Problem::failed(error, Place::Grant, realm.profile)),
    }
}

/// The wallet that the person confirms to be theirs by saying yes.
fn wallet_of(subject: &AskedSubject) -> Option<String> {
    let id = SubjectIdentifier::parse(subject.ids.first()?)?;
    id.as_uri().map(str::to_owned)
}

/// What a decision is called that came second, or too late.
const fn undecided(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::NotFound => problem::UNKNOWN_INTERACTION,
        Refusal::Denied | Refusal::Cancelled | Refusal::Revoked => problem::DECISION_DENIED,
        _ => problem::DECISION_LATE,
    }
}
