//! `/token`: a proof becomes tokens.
//!
//! 1. Read the form, authenticate the client, read the grant.
//! 2. The client must be registered for the grant (threat T16).
//! 3. One verb of the engine per grant decides and commits.
//! 4. A device's poll that finds no answer and asks to wait is held; everything else of its request is let go first.
//!
//! Spec: RFC 6749 §3.2, §4–6, RFC 8628 §3.4, RFC 8707 §2.2, RFC 7240 §4.3

mod authorization_code;
mod client_credentials;
mod device_code;
mod refresh_token;
mod specs;

use std::sync::Arc;

use placet_core::{
    Refusal,
    client::{
        AUTHORIZATION_CODE, AuthenticatedClient, CLIENT_CREDENTIALS, Client, DEVICE_CODE,
        REFRESH_TOKEN,
    },
    engine::{Caller, Committed, Polled},
    event::Actor,
    pending::PendingRequest,
    token::TokenSet,
};
use placet_web::{client_auth, context::Call, params::Form, prefer, reply::Reply, site::Site};

use self::device_code::{HeldPoll, Look};
pub(crate) use self::specs::specs;
pub use self::{
    authorization_code::CodeGrant, client_credentials::ClientGrant, device_code::DeviceGrant,
    refresh_token::RefreshGrant,
};
use crate::{
    error::{OAuthError, Problem},
    face::FACE,
    outcome::Outcome,
};

/// A request for tokens by an authenticated client.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who asks.
    pub client: AuthenticatedClient,
    /// With what.
    pub grant: GrantRequest,
    /// From where, for the audit.
    pub caller: Caller,
}

/// The grants, each with its own parameters.
#[derive(Debug)]
pub enum GrantRequest {
    /// RFC 6749 §4.1.3.
    AuthorizationCode(CodeGrant),
    /// RFC 6749 §6.
    RefreshToken(RefreshGrant),
    /// RFC 6749 §4.4.
    ClientCredentials(ClientGrant),
    /// RFC 8628 §3.4.
    DeviceCode(DeviceGrant),
}

/// What a request comes to.
enum Answer {
    Now(Reply),
    Later(Box<HeldPoll>),
}

/// Answers a POST.
pub(crate) fn handle(site: Arc<Site>, call: Call) -> impl Future<Output = Reply> {
    // On the heap and gone before anything waits: a held poll keeps neither its request nor the room to answer one.
    let answer = Box::pin(answer(Arc::clone(&site), call));
    async move {
        match answer.await {
            Answer::Now(reply) => reply,
            Answer::Later(poll) => poll.answer(&site).await,
        }
    }
}

async fn answer(site: Arc<Site>, call: Call) -> Answer {
    let site = site.as_ref();
    let request = match request(site, &call).await {
        Ok(request) => request,
        Err(problem) => return Answer::Now(problem.reply()),
    };
    match (request, prefer::wait(&call.headers)) {
        (
            TokenRequest {
                client,
                grant: GrantRequest::DeviceCode(grant),
                caller,
            },
            Some(wish),
        ) => {
            let waiting = match grant.look(Look::First, site, &client, &caller).await {
                Ok(Polled::Given(set)) => return Answer::Now(tokens(set).print()),
                Ok(Polled::Waiting(waiting)) => waiting,
                Err(problem) => return Answer::Now(problem.reply()),
            };
            let (source, now) = (call.context.source(), call.context.now);
            match site.holds.place(wish, client.client().id, &source, now) {
                Some(place) => Answer::Later(Box::new(HeldPoll {
                    grant,
                    client,
                    caller,
                    waiting,
                    place,
                })),
                None => Answer::Now(Problem::from(waiting.refusal()).reply()),
            }
        }
        (request, _) => Answer::Now(token(site, &request).await.print()),
    }
}

fn tokens(set: Committed<TokenSet>) -> Outcome {
    Outcome::Tokens(Box::new(set.into_inner()))
}

async fn request(site: &Site, call: &Call) -> Result<TokenRequest, Problem> {
    let form = Form::of_call(call)?;
    let read = |client: &Client| GrantRequest::parse(site, client, &form);
    let (client, grant) = client_auth::admit(site, call, &form, read).await?;
    Ok(TokenRequest {
        client,
        grant,
        caller: call.context.caller(Actor::Client),
    })
}

/// Issues tokens for a grant.
pub async fn token(site: &Site, request: &TokenRequest) -> Outcome {
    let TokenRequest {
        client,
        grant,
        caller,
    } = request;
    let given: Result<Committed<TokenSet>, Problem> = match grant {
        GrantRequest::AuthorizationCode(grant) => grant.exchange(site, client, caller).await,
        GrantRequest::RefreshToken(grant) => grant.exchange(site, client, caller).await,
        GrantRequest::ClientCredentials(grant) => grant.exchange(site, client, caller).await,
        GrantRequest::DeviceCode(grant) => grant.exchange(site, client, caller).await,
    };
    match given {
        Ok(set) => tokens(set),
        Err(problem) => problem.into(),
    }
}

impl GrantRequest {
    /// Reads `grant_type` and what belongs to it, if the client may use it (threat T16).
    fn parse(site: &Site, client: &Client, form: &Form) -> Result<Self, Problem> {
        let grant_type = form.get("grant_type").ok_or(OAuthError::InvalidRequest)?;
        let read: fn(&Site, &Client, &Form) -> Result<Self, Problem> = match grant_type {
            AUTHORIZATION_CODE => |_, _, form| CodeGrant::parse(form).map(Self::AuthorizationCode),
            REFRESH_TOKEN => |_, _, form| RefreshGrant::parse(form).map(Self::RefreshToken),
            CLIENT_CREDENTIALS => |site, client, form| {
                ClientGrant::parse(&site.settings, client, form).map(Self::ClientCredentials)
            },
            DEVICE_CODE => |_, _, form| DeviceGrant::parse(form).map(Self::DeviceCode),
            _ => return Err(OAuthError::UnsupportedGrantType.into()),
        };
        if client.may_use(grant_type) {
            read(site, client, form)
        } else {
            Err(OAuthError::UnauthorizedClient.into())
        }
    }
}

/// Whether a request was opened by this face; a handle of another protocol's request is unknown here.
fn of_this_face(request: &PendingRequest) -> Result<(), Refusal> {
    if request.face == FACE {
        Ok(())
    } else {
        Err(Refusal::NotFound)
    }
}
