//! A resource server asks whether a token is enough for a call.
//!
//! It proves nothing, and knows no tenant: the token says whose it is. A token that is not of this profile, has ended, or
//! belongs to a grant that has, is one answer.
//!
//! Spec: Open Payments 1.3; RFC 9767 §2.1, §3.3

use std::sync::Arc;

use placet_core::{
    Refusal,
    client::Client,
    engine,
    token::{AccessToken, Standing},
};
use placet_web::{context::Call, reply::Reply};
use serde_json::{Value, json};

use super::{Payments, edge};
use crate::{
    Place, Problem,
    access::AccessRight,
    open_payments::PaymentsIntrospection,
    realm::{Realm, split_tenant},
    response::{
        TokenValue,
        resource_server::{ActiveToken, Introspection},
    },
    token::profile_of,
};

/// Answers a POST of a question about a token.
pub(super) async fn handle(payments: Arc<Payments>, call: Call) -> Reply {
    match introspected(&payments, &call).await {
        Ok(told) => told.reply(),
        Err(problem) => problem.reply(),
    }
}

async fn introspected(payments: &Payments, call: &Call) -> Result<Introspection, Problem> {
    edge::sends_json(call)?;
    let asked = PaymentsIntrospection::parse(&call.body)?;
    let Some(text) = asked.access_token.as_ref().map(TokenValue::reveal) else {
        return Ok(Introspection::Inactive);
    };
    let Some(realm) = payments.realm(text, Place::ResourceServer).await? else {
        return Ok(Introspection::Inactive);
    };
    let secret = split_tenant(text).map_or("", |(_, secret)| secret);
    let (standing, holder) = match realm.site.engine.present(secret).await {
        Ok(found) => found,
        Err(engine::Error::Refused(Refusal::NotFound)) => return Ok(Introspection::Inactive),
        Err(error) => {
            return Err(Problem::failed(error, Place::ResourceServer, realm.profile));
        }
    };
    Ok(
        told(&realm, &asked, &standing, &holder).map_or(Introspection::Inactive, |active| {
            Introspection::Active(Box::new(active))
        }),
    )
}

/// What is told of a token of this profile. `None` for one of another.
fn told(
    realm: &Realm,
    asked: &PaymentsIntrospection,
    standing: &Standing<AccessToken>,
    holder: &Client,
) -> Option<ActiveToken> {
    let token = &standing.token;
    let binding = token.binding.as_ref()?;
    let key = binding.key.clone()?;
    if profile_of(token) != realm.profile {
        return None;
    }
    let granted: Vec<AccessRight> = token
        .rights
        .details
        .iter()
        .filter_map(|detail| AccessRight::parse(detail.as_str()).ok())
        .collect();
    Some(ActiveToken {
        access: asked.answered_by(&granted),
        client: Some(client_of(holder, &key)?),
        key: Some(key),
        flags: Vec::new(),
        expires_at: Some(token.expires_at),
        issued_at: Some(token.issued_at),
        audience: Vec::new(),
        subject: token.person.map(|_| token.subject.clone()),
        issuer: realm.grant_endpoint.clone(),
        instance_id: None,
        grant: token.grant.map(|grant| grant.hyphenated()),
    })
}

/// The client as this profile names it: by its wallet, or by the key that is all it has.
fn client_of(holder: &Client, key: &Value) -> Option<Value> {
    Some(match &holder.key {
        None => json!({ "walletAddress": holder.client_id }),
        Some(_) => json!({ "jwk": key.get("jwk")? }),
    })
}
