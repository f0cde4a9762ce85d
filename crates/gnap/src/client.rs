//! Who asks: the client behind a signed request.
//!
//! 1. The request names a key, a client this server knows, or (Open Payments) a wallet that publishes keys.
//! 2. The proof is checked with that key, over the bytes as they came.
//! 3. Only then is anything stored: a client that nobody registered is known by its key, or by its wallet's address.
//!
//! Later calls come with a token. The key that must sign them is the one the request was begun with; a wallet has to publish
//! it still.
//!
//! Spec: RFC 9635 §2.3, §7.3, §11.15; Open Payments (wallet address keys); threats G1, G2 and G15

use std::sync::Arc;

use http::StatusCode;
use placet_core::{
    client::{AuthenticatedClient, Client, ClientMetadata},
    engine::KeyClient,
    id::Id,
    pending::Introduced,
    secret::{SecretHash, kind},
    time::Lifetime,
};
use placet_proof::{
    Jwks, ProofError,
    gnap::{self, GnapKey, GnapRequest, Policy, ProofMethod, ProofOf},
};
use placet_web::{
    client_auth::{
        ClientAuthError,
        key_proof::{self, KeyProof, Remember},
    },
    context::Call,
};
use serde_json::Value;

use crate::{
    GnapError, Place, Problem, Profile,
    realm::Realm,
    request::{ClientAsk, KeyAsk},
};

/// A client that was proven, and by what.
pub(crate) struct Proven {
    /// The client, with what of its proof is to be spent.
    pub(crate) client: AuthenticatedClient,
    /// The key.
    pub(crate) key: GnapKey,
    /// What the client says of itself. Absent where a registration says it.
    pub(crate) introduced: Option<Introduced>,
}

/// The policy of a profile.
pub(crate) fn policy(realm: &Realm, check_created: bool) -> Policy {
    match (realm.profile, check_created) {
        (Profile::Rfc9635, _) => Policy::rfc9635(),
        (Profile::OpenPayments, true) => Policy::open_payments(),
        (Profile::OpenPayments, false) => Policy::open_payments().created_at_any_time(),
    }
}

/// Checks that the holder of `key` sent the request.
///
/// # Errors
/// `invalid_client`; 429 for a source that failed too often.
pub(crate) fn prove(
    realm: &Realm,
    call: &Call,
    key: &GnapKey,
    token: Option<&str>,
    policy: &Policy,
) -> Result<ProofOf, Problem> {
    let ask = KeyProof {
        key,
        origin: &realm.origin,
        token,
        policy,
    };
    key_proof::prove(&realm.site, call, &ask).map_err(|error| refused(error, realm.profile))
}

/// What a failed proof is called.
pub(crate) fn refused(error: ClientAuthError, profile: Profile) -> Problem {
    match error {
        ClientAuthError::TooMany { retry_after } => Problem::too_many(retry_after),
        ClientAuthError::KeysUnavailable => Problem::trouble(),
        ClientAuthError::Engine(error) => Problem::failed(error, Place::Grant, profile),
        ClientAuthError::TwoMethods | ClientAuthError::Refused { .. } => unproven(),
    }
}

/// The answer to a request whose proof does not hold.
pub(crate) const fn unproven() -> Problem {
    Problem::at(
        StatusCode::UNAUTHORIZED,
        GnapError::InvalidClient,
        "invalid signature",
    )
}

/// The answer to a request whose client cannot be found.
pub(crate) const fn unknown() -> Problem {
    Problem::at(
        StatusCode::BAD_REQUEST,
        GnapError::InvalidClient,
        "could not determine client",
    )
}

/// Which proofs are spent: those of RFC 9635 all, those of Open Payments only with a nonce, since its clients send the same
/// bytes twice within a second.
pub(crate) const fn remember(profile: Profile) -> Remember {
    match profile {
        Profile::Rfc9635 => Remember::Every,
        Profile::OpenPayments => Remember::WithNonce,
    }
}

/// The client of a first request of RFC 9635.
///
/// # Errors
/// `invalid_client` when the client is not known or its proof does not hold.
pub(crate) async fn identify(
    realm: &Realm,
    call: &Call,
    ask: &ClientAsk,
) -> Result<Proven, Problem> {
    let signer = signer(realm, call, ask).await?;
    let client = match &signer.client {
        Some(client) => Arc::clone(client),
        None => by_key(realm, call, &signer.key).await?,
    };
    signer.admitted(realm, call, client)
}

/// The same for a question of which nothing stays: whoever is known by a key alone is not remembered for it. `None` for one who
/// was never remembered.
///
/// # Errors
/// As [`identify`].
pub(crate) async fn recognise(
    realm: &Realm,
    call: &Call,
    ask: &ClientAsk,
) -> Result<Option<Proven>, Problem> {
    let signer = signer(realm, call, ask).await?;
    let client = if let Some(client) = &signer.client {
        Some(Arc::clone(client))
    } else {
        let known = realm.site.engine.known_by_key(&identity(&signer.key)).await;
        known.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))?
    };
    client
        .map(|client| signer.admitted(realm, call, client))
        .transpose()
}

/// Whoever signed a first request.
struct Signer {
    /// Absent for one that is known by its key alone.
    client: Option<Arc<Client>>,
    key: GnapKey,
    introduced: Option<Introduced>,
    proof: ProofOf,
}

impl Signer {
    fn admitted(self, realm: &Realm, call: &Call, client: Arc<Client>) -> Result<Proven, Problem> {
        if client.disabled {
            return Err(unknown());
        }
        Ok(Proven {
            client: key_proof::admit(call, client, &self.proof, remember(realm.profile)),
            key: self.key,
            introduced: self.introduced,
        })
    }
}

async fn signer(realm: &Realm, call: &Call, ask: &ClientAsk) -> Result<Signer, Problem> {
    let policy = policy(realm, true);
    let (client, key, introduced) = match ask {
        ClientAsk::Reference(name) => {
            let client = named(realm, name).await?;
            let key = key_of(realm, call, &client).await?;
            (Some(client), key, None)
        }
        ClientAsk::ByValue { key, display, .. } => {
            let key = by_value(key)?;
            let display = display.clone().unwrap_or_default();
            let introduced = Introduced {
                name: display.name,
                uri: display.uri,
                proven: false,
            };
            (None, key, Some(introduced))
        }
    };
    let proof = prove(realm, call, &key, None, &policy)?;
    Ok(Signer {
        client,
        key,
        introduced,
        proof,
    })
}

/// What identifies a client known by its key alone: the same key is the same client (RFC 9635 §2.3.1).
fn identity(key: &GnapKey) -> String {
    format!("key:{}", key.thumbprint())
}

/// The key a request carries.
///
/// # Errors
/// `invalid_client` for one that is none, or that is only named: this server names no keys.
pub(crate) fn by_value(ask: &KeyAsk) -> Result<GnapKey, Problem> {
    match ask {
        KeyAsk::Reference(_) => Err(unknown()),
        KeyAsk::ByValue { key, .. } => {
            GnapKey::from_json(&Value::Object(key.clone())).map_err(|error| bad_key(&error))
        }
    }
}

fn bad_key(error: &ProofError) -> Problem {
    tracing::info!(%error, "a key by value is refused");
    Problem::new(
        GnapError::InvalidClient,
        "The key is of a kind that is not accepted here.",
    )
}

/// The record of a client known by its key alone.
pub(crate) async fn by_key(
    realm: &Realm,
    call: &Call,
    key: &GnapKey,
) -> Result<Arc<Client>, Problem> {
    let known = KeyClient {
        identity: identity(key),
        key: Some(key.to_json()),
        metadata: ClientMetadata::default(),
        needed_for: needed_for(realm),
        peer: call.context.source(),
    };
    let made = realm.site.engine.client_by_key(&known).await;
    made.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))
}

/// The record of a client known by an address that publishes its keys.
///
/// # Errors
/// As the engine fails.
pub(crate) async fn by_address(
    realm: &Realm,
    call: &Call,
    address: &str,
    name: Option<&str>,
) -> Result<Arc<Client>, Problem> {
    let known = KeyClient {
        identity: address.to_owned(),
        key: None,
        metadata: ClientMetadata {
            client_name: name.map(str::to_owned),
            client_uri: Some(address.to_owned()),
            ..ClientMetadata::default()
        },
        needed_for: needed_for(realm),
        peer: call.context.source(),
    };
    let made = realm.site.engine.client_by_key(&known).await;
    made.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))
}

/// How long anything that a client may be given lives: its request, and what may be renewed of it.
fn needed_for(realm: &Realm) -> Lifetime {
    let lifetimes = &realm.site.settings.lifetimes;
    lifetimes
        .refresh_token_absolute
        .plus(lifetimes.interaction)
        .plus(lifetimes.access_token)
}

/// The client a request names: by the identifier it is registered under, or by one it was given (RFC 9635 §2.3, §3.5).
async fn named(realm: &Realm, name: &str) -> Result<Arc<Client>, Problem> {
    let engine = &realm.site.engine;
    let failed = |error| Problem::failed(error, Place::Grant, realm.profile);
    if let Some(id) = instance(realm, name) {
        let client = engine.client(id).await.map_err(failed)?;
        return client.ok_or_else(unknown);
    }
    let client = engine.client_named(name).await.map_err(failed)?;
    client.ok_or_else(unknown)
}

/// An identifier for a client that was known by its key: nobody can guess it, and nothing has to be stored for it
/// (RFC 9635 §3.5).
pub(crate) fn instance_id(realm: &Realm, client: &Client) -> Option<String> {
    client.key.as_ref()?;
    let name = data_encoding::BASE64URL_NOPAD.encode(client.id.as_bytes());
    Some(format!("{name}.{}", seal(realm, client.id)))
}

fn instance(realm: &Realm, name: &str) -> Option<Id<Client>> {
    let (id, sealed) = name.split_once('.')?;
    let id = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    let id = Id::from_bytes(id.try_into().ok()?);
    let presented = SecretHash::<kind::Content>::of(sealed);
    (presented == SecretHash::of(&seal(realm, id))).then_some(id)
}

fn seal(realm: &Realm, id: Id<Client>) -> String {
    let vault = realm.site.engine.vault();
    vault
        .keyed_hash::<kind::Content>("gnap instance", &id.to_string())
        .to_string()
}

/// The key of a known client that this request names as its signer.
pub(crate) async fn key_of(
    realm: &Realm,
    call: &Call,
    client: &Client,
) -> Result<GnapKey, Problem> {
    if let Some(key) = &client.key {
        return GnapKey::from_json(key).map_err(|error| bad_key(&error));
    }
    let keys = registered_keys(realm, call, client).await?;
    let signed_by = keyid(call, &Policy::rfc9635()).ok_or_else(unproven)?;
    let jwk = keys
        .iter()
        .find(|key| key.get("kid") == Some(&Value::from(signed_by.as_str())))
        .ok_or_else(unproven)?;
    GnapKey::from_jwk(jwk, ProofMethod::HTTPSIG).map_err(|error| bad_key(&error))
}

/// The keys of a registered client as they stand now.
async fn registered_keys(
    realm: &Realm,
    call: &Call,
    client: &Client,
) -> Result<Vec<Value>, Problem> {
    let keys = match (&client.metadata.jwks, &client.metadata.jwks_uri) {
        (Some(keys), _) => keys.to_string().into_bytes(),
        (None, Some(uri)) => {
            let fetched = realm.site.fetch.jwks(uri, call.context.now).await;
            fetched.map_err(|_| Problem::trouble())?.to_vec()
        }
        (None, None) => return Err(unknown()),
    };
    Jwks::parse(&keys).map_err(|error| bad_key(&error))?;
    let mut document: Value = serde_json::from_slice(&keys).map_err(|_| unknown())?;
    match document.get_mut("keys").map(Value::take) {
        Some(Value::Array(keys)) => Ok(keys),
        _ => Err(unknown()),
    }
}

/// Whether a client that is known by its registration is known by this key still. Whoever takes a key out of the
/// registration wants nothing of it to count any longer.
///
/// # Errors
/// `invalid_client` when it is not; 503 while its keys are not to be had.
pub(crate) async fn still_registered(
    realm: &Realm,
    call: &Call,
    client: &Client,
    key: &GnapKey,
) -> Result<(), Problem> {
    if client.key.is_some() {
        return Ok(());
    }
    let keys = registered_keys(realm, call, client).await?;
    let mut known = keys
        .iter()
        .filter_map(|jwk| GnapKey::from_jwk(jwk, ProofMethod::HTTPSIG).ok());
    if known.any(|known| known.thumbprint() == key.thumbprint()) {
        Ok(())
    } else {
        Err(unproven())
    }
}

/// The `keyid` of the signature a request carries. It proves nothing; it says which key to try.
pub(crate) fn keyid(call: &Call, policy: &Policy) -> Option<String> {
    let headers: Vec<(&str, &str)> = call
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let request = GnapRequest {
        method: call.method.as_str(),
        target_uri: "",
        headers: &headers,
        body: &call.body,
        token: None,
        certificate: None,
    };
    gnap::claimed_keyid(&request, policy)
}

/// The token of `Authorization: GNAP`. `None` when there is none, or more than one header.
pub(crate) fn presented_token(call: &Call) -> Option<&str> {
    let (scheme, token) = call.header("authorization")?.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("GNAP")
        .then(|| token.trim_start_matches(' '))
        .filter(|token| !token.is_empty())
}
