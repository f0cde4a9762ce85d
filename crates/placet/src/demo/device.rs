//! The device of the demo: a client of RFC 8628 that knows nothing but the issuer's address.
//!
//! Spec: RFC 8628 §3.1, §3.4–3.5, RFC 8414 §3

use std::time::Duration;

use placet_core::client::DEVICE_CODE;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::http::{HttpError, Outgoing};

/// What `slow_down` adds to the interval (RFC 8628 §3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The interval when the server names none (RFC 8628 §3.2).
const DEFAULT_INTERVAL_S: u64 = 5;

/// What the server says about itself, as far as a device needs it.
pub(super) struct Endpoints {
    pub(super) device_authorization: String,
    pub(super) token: String,
    pub(super) jwks_uri: String,
}

/// What the device shows to whoever stands before it.
pub(super) struct Asked {
    device_code: String,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: String,
    pub(super) expires_in: Duration,
    interval: Duration,
    since: Instant,
}

impl Asked {
    /// How much of the time is left.
    pub(super) fn left(&self) -> Duration {
        self.expires_in.saturating_sub(self.since.elapsed())
    }
}

/// How the waiting ended.
pub(super) enum Outcome {
    /// The person approved: the token answer.
    Token(Value),
    /// The person said no.
    Denied,
    /// Nobody answered.
    Expired,
}

/// Reads the server's metadata.
pub(super) async fn discover(issuer: &str) -> Result<Endpoints, HttpError> {
    let url = format!("{issuer}/.well-known/oauth-authorization-server");
    let answer = Outgoing::get(&url)?.send().await?;
    let metadata = answer.json();
    let endpoint = |name: &str| {
        let found = metadata.get(name).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| answer.unexpected())
    };
    Ok(Endpoints {
        device_authorization: endpoint("device_authorization_endpoint")?,
        token: endpoint("token_endpoint")?,
        jwks_uri: endpoint("jwks_uri")?,
    })
}

/// Begins a request (RFC 8628 §3.1).
pub(super) async fn ask(
    endpoints: &Endpoints,
    client_id: &str,
    scope: &str,
    resource: &str,
) -> Result<Asked, HttpError> {
    let fields = pairs(&[
        ("client_id", client_id),
        ("scope", scope),
        ("resource", resource),
    ]);
    let answer = Outgoing::post(&endpoints.device_authorization, &fields)?
        .send()
        .await?;
    let body = answer.json();
    let text = |name: &str| {
        let found = body.get(name).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| answer.unexpected())
    };
    let seconds = |name: &str| body.get(name).and_then(Value::as_u64);
    Ok(Asked {
        device_code: text("device_code")?,
        user_code: text("user_code")?,
        verification_uri: text("verification_uri")?,
        verification_uri_complete: text("verification_uri_complete")?,
        expires_in: seconds("expires_in")
            .map(Duration::from_secs)
            .ok_or_else(|| answer.unexpected())?,
        interval: Duration::from_secs(seconds("interval").unwrap_or(DEFAULT_INTERVAL_S)),
        since: Instant::now(),
    })
}

/// Polls until there is an answer (RFC 8628 §3.4–3.5).
pub(super) async fn wait(
    endpoints: &Endpoints,
    client_id: &str,
    asked: &Asked,
) -> Result<Outcome, HttpError> {
    let mut interval = asked.interval;
    let fields = pairs(&[
        ("grant_type", DEVICE_CODE),
        ("client_id", client_id),
        ("device_code", &asked.device_code),
    ]);
    loop {
        sleep(interval).await;
        let answer = Outgoing::post(&endpoints.token, &fields)?.send().await?;
        let body = answer.json();
        if answer.status.is_success() {
            return Ok(Outcome::Token(body));
        }
        match body.get("error").and_then(Value::as_str) {
            Some("authorization_pending") => {}
            Some("slow_down") => interval += SLOW_DOWN,
            Some("access_denied") => return Ok(Outcome::Denied),
            Some("expired_token") => return Ok(Outcome::Expired),
            Some(_) | None => return Err(answer.unexpected()),
        }
    }
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(own).collect()
}
