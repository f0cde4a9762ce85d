//! Who is the client that sent this request?
//!
//! 1. Exactly one method is presented: header, form, assertion, or the bare `client_id` of a public client.
//! 2. The limits say whether this source may try.
//! 3. The client is looked up; an unknown one costs what a known one costs.
//! 4. The method is the registered one, and what it carries is right.
//!
//! Every refusal looks the same outside. The log tells them apart.
//!
//! Spec: RFC 6749 §2.3, RFC 7521 §4.2, RFC 7523 §2.2–3

mod assertion;
mod basic;
pub mod key_proof;
mod presented;

use std::sync::Arc;

use placet_core::{
    client::{AuthMethod, AuthenticatedClient, Client, OnceProof},
    engine,
    secret::{SecretHash, kind},
    time::Lifetime,
};
use placet_proof::ProofError;

use self::presented::{Credential, Presented};
use crate::{context::Call, limit::RetryAfter, params::Form, site::Site};

/// The longest part of a presented `client_id` that is logged.
const LOGGED_CHARS: usize = 64;

/// Why a client was not authenticated: for the log. Outside, all of it is `invalid_client`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The request names no client.
    #[error("no client is named")]
    Missing,
    /// The header, the assertion or its type cannot be read.
    #[error("the credentials are malformed")]
    Malformed,
    /// The `client_id` of the form is not the one of the credentials.
    #[error("two clients are named")]
    OtherClient,
    /// No client has this `client_id`.
    #[error("the client is not known")]
    Unknown,
    /// The client is shut out.
    #[error("the client is disabled")]
    Disabled,
    /// The client is registered for another method (RFC 7591 §2).
    #[error("the method is not the registered one")]
    WrongMethod,
    /// The secret is none of the client's.
    #[error("the secret is wrong")]
    WrongSecret,
    /// The assertion fails a check.
    #[error("the assertion is refused: {0}")]
    WrongAssertion(#[from] ProofError),
    /// The client's keys could not be read.
    #[error("the client's keys are not available")]
    NoKeys,
}

/// Why there is no authenticated client.
#[derive(Debug, thiserror::Error)]
pub enum ClientAuthError {
    /// The request uses more than one method (RFC 6749 §2.3): `invalid_request`, 400.
    #[error("more than one method of client authentication")]
    TwoMethods,
    /// The credentials do not hold: `invalid_client`, 401.
    #[error("{why}")]
    Refused {
        /// Which check failed; never sent.
        why: Why,
        /// Whether the `Authorization` header was used, so that the answer names its scheme (RFC 6749 §5.2).
        used_header: bool,
    },
    /// This source failed too often: 429.
    #[error("too many failed attempts")]
    TooMany {
        /// How long it should wait.
        retry_after: Lifetime,
    },
    /// The server with the client's keys gives none at the moment, so nothing can be said about the client: 503.
    #[error("the client's keys cannot be fetched")]
    KeysUnavailable,
    /// The client could not be read.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl ClientAuthError {
    /// Whether the client used the `Authorization` header, so that `WWW-Authenticate` is due (RFC 6749 §5.2).
    pub fn used_header(&self) -> bool {
        match self {
            Self::Refused { used_header, .. } => *used_header,
            Self::TwoMethods | Self::TooMany { .. } | Self::KeysUnavailable | Self::Engine(_) => {
                false
            }
        }
    }
}

/// Authenticates the client of a request to an endpoint for clients, and reads what else the request says.
///
/// `read` judges all that needs no verb of the engine. Where it refuses, no verb will spend a single-use proof, so
/// that is done here: an assertion must not come again, whatever was wrong beside it (threat T9, RFC 7523 §3). There
/// is no other way to an [`AuthenticatedClient`], so no endpoint can forget it.
///
/// # Errors
/// Any [`ClientAuthError`], or what `read` says.
pub async fn admit<T, E: From<ClientAuthError>>(
    site: &Site,
    call: &Call,
    form: &Form,
    read: impl FnOnce(&Client) -> Result<T, E>,
) -> Result<(AuthenticatedClient, T), E> {
    let client = authenticate(site, call, form).await?;
    match read(client.client()) {
        Ok(asked) => Ok((client, asked)),
        Err(refused) => {
            let spent = site.engine.spend_proof(&client).await;
            spent.map_err(ClientAuthError::Engine)?;
            Err(refused)
        }
    }
}

/// Checks the credentials. A public client that names itself is vouched for as what it is: named, not proven.
async fn authenticate(
    site: &Site,
    call: &Call,
    form: &Form,
) -> Result<AuthenticatedClient, ClientAuthError> {
    let source = call.context.source();
    let now = call.context.now;
    let refuse = |why: Why, client_id: &str, used_header: bool| {
        log(&why, client_id, call);
        match site.limiter.client_refused(client_id, &source, now) {
            Ok(()) => ClientAuthError::Refused { why, used_header },
            Err(wait) => too_many(wait),
        }
    };
    let presented = match Presented::read(call, form) {
        Ok(presented) => presented,
        Err(presented::Unreadable::TwoMethods) => return Err(ClientAuthError::TwoMethods),
        Err(presented::Unreadable::Refused { why, used_header }) => {
            site.limiter
                .may_authenticate_client("", &source, now)
                .map_err(too_many)?;
            return Err(refuse(why, "", used_header));
        }
    };
    let client_id = presented.client_id.as_str();
    let used_header = presented.used_header();
    site.limiter
        .may_authenticate_client(client_id, &source, now)
        .map_err(too_many)?;
    let client = site.engine.client_named(client_id).await?;
    match judge(site, call, &presented, client).await {
        Ok((client, proof)) => {
            site.limiter
                .client_accepted(client_id, &source, now)
                .map_err(too_many)?;
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one place that checks a client's credentials"
            )]
            Ok(AuthenticatedClient::vouch(client, proof))
        }
        Err(Unproven::Refused(why)) => Err(refuse(why, client_id, used_header)),
        // Nobody guessed anything: the client is right to try again, so no limit counts this.
        Err(Unproven::KeysUnavailable) => Err(ClientAuthError::KeysUnavailable),
    }
}

fn too_many(wait: RetryAfter) -> ClientAuthError {
    ClientAuthError::TooMany {
        retry_after: wait.0,
    }
}

/// Why a client could not be proven.
enum Unproven {
    /// Its credentials do not hold.
    Refused(Why),
    /// They cannot be judged at the moment.
    KeysUnavailable,
}

impl<E: Into<Why>> From<E> for Unproven {
    fn from(why: E) -> Self {
        Self::Refused(why.into())
    }
}

type Proven = (Arc<Client>, Option<OnceProof>);

/// Compares what was presented with what is registered.
async fn judge(
    site: &Site,
    call: &Call,
    presented: &Presented,
    client: Option<Arc<Client>>,
) -> Result<Proven, Unproven> {
    // The secret is hashed and compared before anything else is known, so that each refusal costs the same (C8).
    let fits = match &presented.credential {
        Credential::Basic(secret) | Credential::Post(secret) => {
            is_secret_of(client.as_deref(), secret)
        }
        Credential::Assertion(_) | Credential::Nothing => false,
    };
    let client = client.ok_or(Why::Unknown)?;
    if client.disabled {
        return Err(Why::Disabled.into());
    }
    let method = match &presented.credential {
        Credential::Basic(_) => AuthMethod::ClientSecretBasic,
        Credential::Post(_) => AuthMethod::ClientSecretPost,
        Credential::Assertion(_) => AuthMethod::PrivateKeyJwt,
        Credential::Nothing => AuthMethod::None,
    };
    if !may_use(&client, method) {
        return Err(Why::WrongMethod.into());
    }
    match &presented.credential {
        Credential::Basic(_) | Credential::Post(_) if fits => Ok((client, None)),
        Credential::Basic(_) | Credential::Post(_) => Err(Why::WrongSecret.into()),
        Credential::Assertion(assertion) => {
            let mut proof = assertion::check(site, call.context.now, &client, assertion).await?;
            proof.peer = Some(call.context.peer.to_string());
            Ok((client, Some(proof)))
        }
        Credential::Nothing => Ok((client, None)),
    }
}

/// Whether a client may authenticate this way: by the method it registered, and by no other (RFC 7591 §2). Where it
/// registered none, the default stands, and a secret may come in the header or in the form: many libraries send the
/// form only, and RFC 6749 §2.3.1 allows both. A secret is never left out.
fn may_use(client: &Client, method: AuthMethod) -> bool {
    let usual = client.auth_method();
    let unsaid = client.metadata.token_endpoint_auth_method.is_none();
    usual == method
        || (unsaid
            && usual == AuthMethod::ClientSecretBasic
            && method == AuthMethod::ClientSecretPost)
}

/// Whether `secret` is one of the client's. Without a client the same work is done for nothing.
fn is_secret_of(client: Option<&Client>, secret: &str) -> bool {
    let nobody = [SecretHash::<kind::Client>::from_bytes([0; 32])];
    let presented = SecretHash::of(secret);
    let registered = client
        .map(|client| client.secrets.as_slice())
        .filter(|secrets| !secrets.is_empty());
    // No early end: the time shall not tell which of several secrets fits.
    let compared = registered.unwrap_or(&nobody).iter();
    let fitting = compared.filter(|hash| **hash == presented).count();
    registered.is_some() && fitting > 0
}

fn log(why: &Why, client_id: &str, call: &Call) {
    let client_id: String = client_id.chars().take(LOGGED_CHARS).collect();
    tracing::info!(
        request_id = %call.context.request_id,
        peer = %call.context.peer,
        ?client_id,
        %why,
        "client authentication failed"
    );
}

#[cfg(test)]
mod tests;
