//! Resource servers: what they may ask about tokens, the names they may give to rights, and tokens they may derive.
//!
//! A resource server signs like a client. One that an operator registered as such may ask about every token. One that is known
//! by its key alone sees of a token what its client asked for by a name which this server gave: anybody may name rights, so
//! that the rights are alike says nothing of whom a token is for. Everybody else is told that nothing is active.
//!
//! Spec: RFC 9767 §3.1–3.4, §4; threat C8

use std::sync::Arc;

use placet_core::{
    Refusal,
    client::Client,
    engine::{self, Ask, AtOnce},
    event::Actor,
    grant::Grant,
    pending::{Continuation, Delivery, SignInNeed},
    right::Detail,
    secret::{Digest, Secret},
    time::{Lifetime, Timestamp},
    token::{AccessToken, Standing, TokenSpec},
};
use placet_web::{context::Call, reply::Reply, site::Site};
use serde_json::Value;

use crate::{
    GnapError, Place, Problem,
    access::AccessRight,
    answer,
    client::{self, Proven},
    discovery::RsDiscovery,
    edge, grant,
    hash::HashEncoding,
    payload::{AskedToken, Hidden, Payload, fresh},
    realm::Realm,
    request::{
        ClientAsk, GrantRequest,
        resource_server::{IntrospectionRequest, RegistrationRequest, ResourceServerAsk},
    },
    response::{
        GrantResponse,
        resource_server::{ActiveToken, Introspection, Registration},
    },
    token::profile_of,
};

/// The most sets of rights one resource server may name.
const SETS_LIMIT: usize = 100;
/// The formats of tokens that resource servers are given.
const TOKEN_FORMATS: [&str; 1] = ["reference"];

/// Answers a GET of the discovery document for resource servers (RFC 9767 §3.1).
pub(crate) fn discovery(realm: &Realm) -> Reply {
    let document = RsDiscovery {
        grant_request_endpoint: realm.grant_endpoint.clone(),
        introspection_endpoint: Some(format!("{}/introspect", realm.base)),
        token_formats: TOKEN_FORMATS.to_vec(),
        resource_registration_endpoint: Some(format!("{}/resource", realm.base)),
        key_proofs: crate::face::KEY_PROOFS.to_vec(),
    };
    document.reply()
}

/// A resource server as clients are asked for.
fn as_client(ask: &ResourceServerAsk) -> ClientAsk {
    match ask {
        ResourceServerAsk::Reference(name) => ClientAsk::Reference(name.clone()),
        ResourceServerAsk::ByValue { key } => ClientAsk::ByValue {
            key: key.clone(),
            class_id: None,
            display: None,
        },
    }
}

/// The same refusal in the words of RFC 9767 §3.5.
fn of_server(problem: Problem) -> Problem {
    match problem.code {
        Some(GnapError::InvalidClient) => GnapError::InvalidResourceServer.into(),
        _ => problem,
    }
}

/// Answers a POST of a question about a token (RFC 9767 §3.3).
pub(crate) async fn introspect(site: Arc<Site>, call: Call) -> Reply {
    let realm = Realm::rfc9635(&site);
    match introspected(&realm, &call).await {
        Ok(told) => told.reply(),
        Err(problem) => problem.reply(),
    }
}

async fn introspected(realm: &Realm, call: &Call) -> Result<Introspection, Problem> {
    let asked = IntrospectionRequest::parse(&edge::claimed(call)?)?;
    let server = client::recognise(realm, call, &as_client(&asked.resource_server)).await;
    let Some(server) = server.map_err(of_server)? else {
        return Ok(Introspection::Inactive);
    };
    let engine = &realm.site.engine;
    let failed = |error| Problem::failed(error, Place::ResourceServer, realm.profile);
    engine.spend_proof(&server.client).await.map_err(failed)?;
    let Some(token) = &asked.access_token else {
        return Ok(Introspection::Inactive);
    };
    let (standing, holder) = match engine.present(token.reveal()).await {
        Ok(found) => found,
        Err(engine::Error::Refused(Refusal::NotFound)) => return Ok(Introspection::Inactive),
        Err(error) => return Err(failed(error)),
    };
    let found = &standing.token;
    if profile_of(found) != realm.profile {
        return Ok(Introspection::Inactive);
    }
    let key = found
        .binding
        .as_ref()
        .and_then(|binding| binding.key.clone());
    let method = key.as_ref().and_then(proof_of);
    // A token that was proven in another way than it is bound is not active (RFC 9767 §3.3).
    if asked.proof.is_some() && asked.proof != method {
        return Ok(Introspection::Inactive);
    }
    let rights = fitting(server.client.client(), found);
    let needed = expanded(realm, asked.access.unwrap_or_default()).await?;
    let granted = needed
        .iter()
        .all(|right| rights.iter().any(|held| right.is_within(held)));
    if rights.is_empty() || !granted || found.binding.is_none() {
        return Ok(Introspection::Inactive);
    }
    let access = if needed.is_empty() { rights } else { needed };
    Ok(Introspection::Active(Box::new(ActiveToken {
        access,
        flags: flags(found),
        key,
        expires_at: Some(found.expires_at),
        issued_at: Some(found.issued_at),
        audience: Vec::new(),
        subject: found.person.map(|_| found.subject.clone()),
        issuer: realm.grant_endpoint.clone(),
        instance_id: client::instance_id(realm, &holder),
        grant: found.grant.map(|grant| grant.to_string()),
        client: None,
    })))
}

/// The flags of a token, as its client was told them (RFC 9635 §3.2.1).
fn flags(token: &AccessToken) -> Vec<&'static str> {
    let binding = token.binding.as_ref();
    let is_bearer = binding.is_none_or(|binding| binding.key.is_none());
    let is_durable = binding.is_some_and(|binding| binding.durable);
    let told = [("bearer", is_bearer), ("durable", is_durable)];
    let told = told.into_iter().filter(|(_, is_so)| *is_so);
    told.map(|(flag, _)| flag).collect()
}

/// How a key is proven, as a key object says it.
fn proof_of(key: &Value) -> Option<String> {
    let proof = key.get("proof")?;
    let method = proof.as_str().or_else(|| proof.get("method")?.as_str());
    method.map(str::to_owned)
}

/// What of a token concerns this resource server.
fn fitting(asker: &Client, token: &AccessToken) -> Vec<AccessRight> {
    let held = token.rights.details.iter().filter_map(read);
    if asker.metadata.resource_server {
        return held.collect();
    }
    let named_for_it = token.binding.iter().flat_map(|binding| &binding.references);
    let own: Vec<_> = named_for_it
        .filter_map(|name| asker.resource_sets.get(name))
        .flatten()
        .filter_map(read)
        .collect();
    held.filter(|right| own.iter().any(|registered| right.is_within(registered)))
        .collect()
}

fn read(detail: &Detail) -> Option<AccessRight> {
    AccessRight::parse(detail.as_str()).ok()
}

/// The same rights, with what a name stands for in its place.
async fn expanded(realm: &Realm, rights: Vec<AccessRight>) -> Result<Vec<AccessRight>, Problem> {
    let mut all = Vec::new();
    for right in rights {
        let named = match &right {
            AccessRight::Reference(name) => named_rights(realm, name).await?,
            AccessRight::Object(_) => None,
        };
        match named {
            Some(texts) => all.extend(
                texts
                    .iter()
                    .filter_map(|text| AccessRight::parse(text).ok()),
            ),
            None => all.push(right),
        }
    }
    Ok(all)
}

/// Answers a POST of rights that shall have a name (RFC 9767 §3.4). The same rights get the same name.
pub(crate) async fn register(site: Arc<Site>, call: Call) -> Reply {
    let realm = Realm::rfc9635(&site);
    match registered(&realm, &call).await {
        Ok(told) => told.reply(),
        Err(problem) => problem.reply(),
    }
}

async fn registered(realm: &Realm, call: &Call) -> Result<Registration, Problem> {
    let asked = RegistrationRequest::parse(&edge::claimed(call)?)?;
    let server = client::identify(realm, call, &as_client(&asked.resource_server)).await;
    let server = server.map_err(of_server)?;
    let formats = asked.token_formats_supported.as_deref();
    let readable = formats.is_none_or(|formats| {
        formats
            .iter()
            .any(|format| TOKEN_FORMATS.contains(&format.as_str()))
    });
    if !readable {
        let problem = Problem::new(
            GnapError::InvalidRequest,
            "None of the token formats is one that is issued here.",
        );
        return Err(grant::spent(realm, &server.client, problem).await);
    }
    let details: Result<Vec<_>, _> = asked
        .access
        .iter()
        .map(|right| Detail::parse(&right.canonical()))
        .collect();
    let details = details.map_err(|_| Problem::from(GnapError::InvalidAccess))?;
    let record = server.client.client();
    let name = set_name(record, &details);
    let full = record.resource_sets.len() >= SETS_LIMIT;
    if full && !record.resource_sets.contains_key(&name) {
        let problem = Problem::new(
            GnapError::InvalidAccess,
            "This resource server has named as many sets of rights as it may.",
        );
        return Err(grant::spent(realm, &server.client, problem).await);
    }
    let engine = &realm.site.engine;
    let caller = call.context.caller(Actor::Client);
    let kept = engine
        .name_rights(&server.client, (&name, &details), SETS_LIMIT, &caller)
        .await;
    kept.map_err(|error| Problem::failed(error, Place::ResourceServer, realm.profile))?;
    Ok(Registration {
        resource_reference: name,
        instance_id: answer::instance(realm, record),
        introspection_endpoint: Some(format!("{}/introspect", realm.base)),
    })
}

/// The name of a set of rights of one resource server: it says whose it is and is the same for the same rights.
fn set_name(server: &Client, details: &[Detail]) -> String {
    let texts: std::collections::BTreeSet<_> = details.iter().map(Detail::as_str).collect();
    let joined: Vec<_> = texts.into_iter().collect();
    let server = data_encoding::BASE64URL_NOPAD.encode(server.id.as_bytes());
    format!("{server}.{}", Digest::of(&joined.join("\n")))
}

/// The rights that a reference stands for, where a resource server gave it. `None`: it means something else.
pub(crate) async fn named_rights(
    realm: &Realm,
    reference: &str,
) -> Result<Option<Vec<String>>, Problem> {
    let Some((server, _)) = reference.split_once('.') else {
        return Ok(None);
    };
    let Some(id) = data_encoding::BASE64URL_NOPAD
        .decode(server.as_bytes())
        .ok()
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
    else {
        return Ok(None);
    };
    let engine = &realm.site.engine;
    let found = engine.client(placet_core::Id::from_bytes(id)).await;
    let found = found.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))?;
    let named = found.and_then(|client| client.resource_sets.get(reference).cloned());
    Ok(named.map(|details| details.iter().map(|d| d.as_str().to_owned()).collect()))
}

/// A token that a resource server was shown and may derive others from.
pub(crate) struct Chained {
    rights: Vec<AccessRight>,
    grant: Grant,
    expires_at: Timestamp,
    /// Whether whoever holds it may use it.
    bearer: bool,
}

impl Chained {
    /// Whether all this may be derived from it. What needed a key must not become what needs none.
    fn holds(&self, tokens: &[AskedToken]) -> bool {
        let within = tokens
            .iter()
            .flat_map(Payload::rights_of)
            .all(|right| self.rights.iter().any(|held| right.is_within(held)));
        let unbound = !self.bearer && tokens.iter().any(|token| token.bearer);
        within && !unbound && !tokens.is_empty()
    }
}

/// What a resource server may derive from a token it was shown (RFC 9767 §4).
///
/// # Errors
/// `invalid_request` for a token that is not active, or none of its business.
pub(crate) async fn chained(
    realm: &Realm,
    asker: &Proven,
    token: &str,
) -> Result<Chained, Problem> {
    let refused = Problem::new(
        GnapError::InvalidRequest,
        "existing_access_token is not active for this resource server.",
    );
    let engine = &realm.site.engine;
    let found = match engine.present(token).await {
        Ok((standing, _)) => standing,
        Err(engine::Error::Refused(Refusal::NotFound)) => {
            return Err(grant::spent(realm, &asker.client, refused).await);
        }
        Err(error) => return Err(Problem::failed(error, Place::Grant, realm.profile)),
    };
    let Standing { token, grant, .. } = found;
    let rights = fitting(asker.client.client(), &token);
    match grant {
        Some((grant, _)) if !rights.is_empty() && profile_of(&token) == realm.profile => {
            Ok(Chained {
                rights,
                grant,
                expires_at: token.expires_at,
                bearer: token
                    .binding
                    .as_ref()
                    .is_none_or(|binding| binding.key.is_none()),
            })
        }
        Some(_) | None => Err(grant::spent(realm, &asker.client, refused).await),
    }
}

/// A token for the resource server itself, within the one it was shown: it ends no later, and with the same grant.
pub(crate) async fn derive(
    realm: &Realm,
    call: &Call,
    asker: &Proven,
    request: &GrantRequest,
    chained: Chained,
) -> Result<GrantResponse, Problem> {
    let (mut tokens, several) = AskedToken::all(request.tokens.as_ref());
    grant::expand(realm, &mut tokens).await?;
    if request.subject.is_some() || !chained.holds(&tokens) {
        let problem = Problem::from(GnapError::RequestDenied);
        return Err(grant::spent(realm, &asker.client, problem).await);
    }
    let engine = &realm.site.engine;
    let lifetimes = realm.site.settings.lifetimes;
    let left = chained.expires_at.since(call.context.now);
    let hidden = Hidden {
        client_nonce: None,
        server_nonce: fresh(engine.random()),
        interact_ref: fresh(engine.random()),
    };
    let payload = Payload {
        profile: realm.profile,
        grant_endpoint: realm.grant_endpoint.clone(),
        encoding: HashEncoding::Base64Url,
        tokens,
        several,
        subject: None,
        key: asker.key.to_json(),
        wallet: None,
        start: None,
        modes: Vec::new(),
        finish: None,
        locales: Vec::new(),
        durable: realm.durable_tokens,
        before: None,
        subject_before: None,
        seal: fresh(engine.random()),
    };
    let token = Secret::generate(engine.random());
    let give = AtOnce {
        ask: Ask {
            face: crate::face::FACE,
            client: asker.client.client(),
            proven: true,
            proof: asker.client.proof().cloned(),
            peer: call.context.source(),
            rights: grant::rights(&payload.tokens)?,
            need: SignInNeed::default(),
            addressed_to: None,
            delivery: Delivery::Poll {
                interval: lifetimes.poll_interval,
            },
            browser: None,
            every_time: true,
            parent: None,
            continuation: Some(Continuation::new(&token, true)),
            on_answer: None,
            introduced: None,
            payload: payload.store(&hidden, engine.vault(), engine.random()),
            lifetime: lifetimes.interaction,
            with_user_code: false,
        },
        rule: "derived from a token",
        specs: &|_, basis| bounded(answer::specs(&payload, &lifetimes, basis), left),
        under: Some(chained.grant),
    };
    let issued = engine.grant_at_once(&give, call.context.now).await;
    let issued = issued.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))?;
    Ok(GrantResponse {
        tokens: answer::tokens(realm, &payload, &issued.get().tokens, &payload.key),
        ..GrantResponse::default()
    })
}

/// The same tokens, none of which lives longer than `left`, nor is renewed.
fn bounded(specs: Vec<TokenSpec>, left: Lifetime) -> Vec<TokenSpec> {
    let bound = |spec| match spec {
        TokenSpec::Access {
            format,
            alg,
            rights,
            lifetime,
            bound_to_session,
            claims,
            binding,
        } => TokenSpec::Access {
            lifetime: lifetime.min(left),
            format,
            alg,
            rights,
            bound_to_session,
            claims,
            binding,
        },
        TokenSpec::Renewable { absolute } => TokenSpec::Renewable {
            absolute: absolute.min(left),
        },
        other @ (TokenSpec::Refresh { .. } | TokenSpec::Statement { .. }) => other,
    };
    specs.into_iter().map(bound).collect()
}
