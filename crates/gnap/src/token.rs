//! A client manages one of its tokens: another value, another key, or the end. One road for both dialects.
//!
//! In RFC 9635 a token has a management token of its own; in Open Payments the token itself has to be presented, which its
//! reference server does not compare and this one does.
//!
//! Spec: RFC 9635 §6, §6.1, §6.1.1, §6.2; threat G13

use std::sync::Arc;

use http::StatusCode;
use placet_core::{
    Refusal,
    client::Client,
    engine::{Manage, Revoked, Rotate},
    event::Actor,
    secret::{Secret, SecretHash, kind},
    time::Lifetime,
    token::{AccessFormat, AccessToken, TokenSpec},
};
use placet_proof::gnap::{GnapKey, Policy, ProofMethod};
use placet_web::{
    client_auth::key_proof::{self, KeyProof},
    context::Call,
    reply::Reply,
};
use serde_json::Map;

use crate::{
    GnapError, Place, Problem, Profile, answer, client, edge,
    realm::{Named, Realm, split_tenant},
    request::RotateRequest,
    response,
};

/// A token that is managed, and what gives the right to.
struct Presented {
    token: SecretHash<kind::Access>,
    right: Secret<kind::Manage>,
    /// The header's text, which the proof covers.
    text: String,
}

fn presented(realm: &Realm, call: &Call, place: Place) -> Result<Presented, Problem> {
    let absent = || Problem::refused(&Refusal::NotFound, place, realm.profile);
    let named = Named::<32>::parse(call.path_value(0)).ok_or_else(absent)?;
    let text = client::presented_token(call).ok_or_else(client::unproven)?;
    let (_, secret) = split_tenant(text).ok_or_else(absent)?;
    Ok(Presented {
        token: SecretHash::from_bytes(named.bytes),
        right: Secret::parse(secret).ok_or_else(absent)?,
        text: text.to_owned(),
    })
}

/// The dialect a token was given in: only in Open Payments does one manage itself.
pub(crate) fn profile_of(token: &AccessToken) -> Profile {
    if token.manages_itself() {
        Profile::OpenPayments
    } else {
        Profile::Rfc9635
    }
}

/// The token and its client. One that was given in the other dialect is not managed here.
async fn managed(
    realm: &Realm,
    presented: &Presented,
    place: Place,
) -> Result<(AccessToken, Arc<Client>), Problem> {
    let engine = &realm.site.engine;
    let found = engine
        .managed(presented.token, presented.right.hash())
        .await;
    let (token, known) = found.map_err(|error| Problem::failed(error, place, realm.profile))?;
    if profile_of(&token) == realm.profile {
        Ok((token, known))
    } else {
        Err(Problem::refused(&Refusal::NotFound, place, realm.profile))
    }
}

/// The key that must have signed: the one the token is bound to, or, for a bearer token, the one its client signs with
/// (RFC 9635 §6). Where the client is known by keys that it publishes or registered, it has to be among them still.
async fn key_of(
    realm: &Realm,
    call: &Call,
    token: &AccessToken,
    known: &Client,
) -> Result<GnapKey, Problem> {
    let bound = token
        .binding
        .as_ref()
        .and_then(|binding| binding.key.as_ref());
    let key = match bound {
        Some(key) => GnapKey::from_json(key).map_err(|_| client::unknown())?,
        None => client::key_of(realm, call, known).await?,
    };
    match (realm.profile, &known.key) {
        (_, Some(_)) => {}
        (Profile::OpenPayments, None) => {
            crate::wallet::still_published(realm, call, &known.client_id, &key).await?;
        }
        (Profile::Rfc9635, None) => client::still_registered(realm, call, known, &key).await?,
    }
    Ok(key)
}

/// Answers a POST (RFC 9635 §6.1).
pub(crate) async fn rotate(realm: Realm, call: Call, policy: Policy) -> Reply {
    let done = rotated(&realm, &call, &policy).await;
    done.unwrap_or_else(|problem| problem.reply())
}

async fn rotated(realm: &Realm, call: &Call, policy: &Policy) -> Result<Reply, Problem> {
    let engine = &realm.site.engine;
    let failed = |error| Problem::failed(error, Place::Rotate, realm.profile);
    let presented = presented(realm, call, Place::Rotate)?;
    let (token, known) = managed(realm, &presented, Place::Rotate).await?;
    let key = key_of(realm, call, &token, &known).await?;
    let asked = match realm.profile {
        Profile::Rfc9635 => RotateRequest::parse(&edge::claimed(call)?)?,
        Profile::OpenPayments => RotateRequest { key: None },
    };
    let ask = KeyProof {
        key: &key,
        origin: &realm.origin,
        token: Some(&presented.text),
        policy,
    };
    let (proof, new_key) = match &asked.key {
        None => (
            client::prove(realm, call, &key, Some(&presented.text), policy)?,
            None,
        ),
        Some(new) => {
            let new = new_key(&token, &key, new)?;
            // A key that nobody registered would count for the client, and no operator could take it away.
            let registered = client::still_registered(realm, call, &known, &new).await;
            registered.map_err(of_rotation)?;
            let proven = key_proof::prove_rotation(&realm.site, call, &ask, &new);
            let proven = proven.map_err(|_| Problem::from(GnapError::InvalidRotation))?;
            (proven.old, Some(new))
        }
    };
    let client_key = new_key.as_ref().unwrap_or(&key).to_json();
    let client = key_proof::admit(call, known, &proof, client::remember(realm.profile));
    let rotate = Rotate {
        manage: Manage {
            token: presented.token,
            right: &presented.right,
            client: &client,
        },
        key: new_key.as_ref().map(GnapKey::to_json),
        spec: &as_before,
    };
    let caller = call.context.caller(Actor::Client);
    let minted = engine
        .rotate_token(&rotate, &caller)
        .await
        .map_err(failed)?;
    let told = answer::token(realm, minted.get(), &client_key).ok_or_else(Problem::broken)?;
    Ok(response::rotated(&told, realm.profile))
}

/// The key a token shall be bound to from here on.
///
/// # Errors
/// `key_rotation_not_supported` for certificates, which one connection shows one of; `invalid_rotation` for a bearer token and
/// for another way of proof (RFC 9635 §6.1.1).
fn new_key(
    token: &AccessToken,
    old: &GnapKey,
    new: &crate::request::KeyAsk,
) -> Result<GnapKey, Problem> {
    if old.proof() == ProofMethod::Mtls {
        return Err(GnapError::KeyRotationNotSupported.into());
    }
    let bound = token
        .binding
        .as_ref()
        .is_some_and(|binding| binding.key.is_some());
    let new = client::by_value(new).map_err(|_| Problem::from(GnapError::InvalidRotation))?;
    if !bound || new.proof() != old.proof() {
        return Err(GnapError::InvalidRotation.into());
    }
    Ok(new)
}

/// The same refusal in the words of RFC 9635 §6.1.1.
fn of_rotation(problem: Problem) -> Problem {
    match problem.code {
        Some(GnapError::InvalidClient) => GnapError::InvalidRotation.into(),
        _ => problem,
    }
}

/// The new value lives as long as the old one was to.
fn as_before(old: &AccessToken) -> TokenSpec {
    TokenSpec::Access {
        format: AccessFormat::Opaque,
        alg: "ES256",
        rights: old.rights.clone(),
        lifetime: old
            .expires_at
            .since(old.issued_at)
            .max(Lifetime::from_secs(1)),
        bound_to_session: false,
        claims: Map::new(),
        binding: None,
    }
}

/// Answers a DELETE (RFC 9635 §6.2): 204 also when it had ended; Open Payments says 401 then.
pub(crate) async fn revoke(realm: Realm, call: Call, policy: Policy) -> Reply {
    let done = revoked(&realm, &call, &policy).await;
    done.unwrap_or_else(|problem| problem.reply())
}

async fn revoked(realm: &Realm, call: &Call, policy: &Policy) -> Result<Reply, Problem> {
    let engine = &realm.site.engine;
    let failed = |error| Problem::failed(error, Place::Revoke, realm.profile);
    let presented = presented(realm, call, Place::Revoke)?;
    let (token, known) = managed(realm, &presented, Place::Revoke).await?;
    let key = key_of(realm, call, &token, &known).await?;
    let proof = client::prove(realm, call, &key, Some(&presented.text), policy)?;
    let client = key_proof::admit(call, known, &proof, client::remember(realm.profile));
    let manage = Manage {
        token: presented.token,
        right: &presented.right,
        client: &client,
    };
    let caller = call.context.caller(Actor::Client);
    let ended = engine.end_token(&manage, &caller).await.map_err(failed)?;
    match (ended.get(), realm.profile) {
        (Revoked::Nothing, Profile::OpenPayments) => Err(Problem::refused(
            &Refusal::NotFound,
            Place::Revoke,
            realm.profile,
        )),
        (Revoked::Done | Revoked::Nothing, _) => Ok(Reply::empty(StatusCode::NO_CONTENT)),
    }
}
