//! The protected resource of the demo: a small API with photos that believes a token only after checking it itself.
//!
//! It knows the issuer's address and its own, fetches the public keys, and asks nobody anything else.
//!
//! Spec: RFC 9068 §4, RFC 6750 §2.1, §3

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use placet_core::time::{Clock as _, SystemClock};
use placet_proof::{Audience, Claims, Jwks, Profile, UnverifiedJwt, Verified};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::http::{HttpError, Outgoing};

/// The scope it asks for.
pub(super) const SCOPE: &str = "photos.read";

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotBelieved {
    /// The public keys could not be had.
    #[error(transparent)]
    Keys(#[from] HttpError),
    /// It is not a token of this issuer for this resource.
    #[error("the token was refused: {0}")]
    Token(#[from] placet_proof::ProofError),
}

/// Whom the resource trusts, and by which name.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    /// The issuer identifier.
    pub(super) issuer: String,
    /// Where its public keys are.
    pub(super) jwks_uri: String,
    /// The resource's own identifier, the `aud` it wants.
    pub(super) resource: String,
}

impl Trust {
    /// Checks a token as RFC 9068 §4 asks: signature, issuer, audience, time.
    pub(super) async fn check(&self, token: &str) -> Result<Verified<Claims>, NotBelieved> {
        let answer = Outgoing::get(&self.jwks_uri)?.send().await?;
        let keys = Jwks::parse(&answer.body)?;
        let profile = Profile::access_token(&self.issuer, Audience::Contains(&self.resource));
        let now = SystemClock.now().as_secs();
        Ok(UnverifiedJwt::parse(token)?.verify(&profile, &keys, now)?)
    }

    /// Serves `GET /photos`, one connection after the other.
    pub(super) async fn serve(&self, socket: &TcpListener) -> Infallible {
        loop {
            let Ok((stream, _)) = socket.accept().await else {
                continue;
            };
            let service = service_fn(|request: Request<Incoming>| async move {
                Ok::<_, Infallible>(self.answer(&request).await)
            });
            let connection = http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // A caller that went away concerns nobody.
            drop(connection.await);
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/photos" {
            return reply(
                StatusCode::NOT_FOUND,
                &json!({ "error": "not_found" }),
                None,
            );
        }
        let credentials = request.headers().get(header::AUTHORIZATION);
        let token = credentials
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = token else {
            return reply(
                StatusCode::UNAUTHORIZED,
                &json!({ "error": "no token" }),
                Some("Bearer"),
            );
        };
        match self.check(token).await {
            Err(_) => reply(
                StatusCode::UNAUTHORIZED,
                &json!({ "error": "invalid_token" }),
                Some("Bearer error=\"invalid_token\""),
            ),
            Ok(claims) if !allows(&claims) => reply(
                StatusCode::FORBIDDEN,
                &json!({ "error": "insufficient_scope" }),
                Some("Bearer error=\"insufficient_scope\", scope=\"photos.read\""),
            ),
            Ok(claims) => reply(StatusCode::OK, &photos(&claims), None),
        }
    }
}

fn allows(claims: &Claims) -> bool {
    let scopes = claims.text("scope").unwrap_or_default();
    scopes.split(' ').any(|scope| scope == SCOPE)
}

fn photos(claims: &Claims) -> Value {
    json!({
        "owner": claims.subject(),
        "photos": [
            { "title": "The harbour before sunrise", "taken": "2026-06-21" },
            { "title": "Grandmother's apple tree", "taken": "2026-09-12" },
        ],
    })
}

fn reply(status: StatusCode, body: &Value, challenge: Option<&str>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
