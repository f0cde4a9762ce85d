//! A resource server: it sends callers to the right server, names rights there, and asks about tokens.
//!
//! Spec: RFC 9635 §9.1, RFC 9767 §3.2–3.4

use std::sync::Arc;

use placet_proof::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    call::{Call, Caller},
    challenge::Challenge,
    client::Client,
    error::Error,
};

/// A resource server that trusts one authorization server.
#[derive(Debug, Clone)]
pub struct ResourceServer {
    caller: Caller,
    grant_endpoint: String,
    name: Value,
}

/// What the authorization server says of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Introspected {
    /// What it gives, as far as it concerns this resource server.
    pub access: Vec<Value>,
    /// The key whose holder must have signed the call (RFC 9635 §7.1). Absent for a bearer token.
    pub key: Option<Value>,
    /// For whom it speaks. Absent: not told.
    pub subject: Option<String>,
    /// The grant behind it, the same after a rotation. Absent: not told.
    pub grant: Option<String>,
}

impl ResourceServer {
    /// A resource server with this key. `name` is the identifier it is registered under; without one its key is its name.
    pub fn new(
        http: reqwest::Client,
        grant_endpoint: &str,
        key: Arc<SigningKey>,
        name: Option<&str>,
    ) -> Self {
        let client = Client::new(http, grant_endpoint, key);
        Self {
            name: name.map_or_else(|| json!({ "key": client.key() }), Value::from),
            caller: client.caller,
            grant_endpoint: client.grant_endpoint,
        }
    }

    /// What to say, as `WWW-Authenticate` with status 401, to a call without a token (RFC 9635 §9.1).
    pub fn challenge(&self, access: Option<&str>, referrer: Option<&str>) -> Challenge {
        Challenge {
            as_uri: Some(self.grant_endpoint.clone()),
            access: access.map(str::to_owned),
            referrer: referrer.map(str::to_owned),
        }
    }

    /// Names a set of rights, which clients may then ask for by the name (RFC 9767 §3.4). `endpoint` stands in the server's
    /// discovery document.
    ///
    /// # Errors
    /// [`Error::Refused`] with what the server says.
    pub async fn register(&self, endpoint: &str, access: &[Value]) -> Result<String, Error> {
        let body = json!({ "access": access, "resource_server": self.name });
        let sent = self.post(endpoint, &body).await?;
        sent.get("resource_reference")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or(Error::Malformed("resource_reference"))
    }

    /// Asks about a token that somebody presented, and whether it gives at least `needed` (RFC 9767 §3.3). `None`: it does not
    /// hold, or not for this.
    ///
    /// # Errors
    /// [`Error::Refused`] when the server does not answer this resource server.
    pub async fn introspect(
        &self,
        endpoint: &str,
        token: &str,
        needed: &[Value],
    ) -> Result<Option<Introspected>, Error> {
        let mut body = json!({ "access_token": token, "resource_server": self.name });
        if let (Some(members), false) = (body.as_object_mut(), needed.is_empty()) {
            members.insert("access".to_owned(), needed.into());
        }
        let sent = self.post(endpoint, &body).await?;
        if sent.get("active") != Some(&Value::Bool(true)) {
            return Ok(None);
        }
        let text = |name| sent.get(name).and_then(Value::as_str).map(str::to_owned);
        // RFC 9767 §3.3: an answer of another server is none.
        if text("iss").is_some_and(|issuer| issuer != self.grant_endpoint) {
            return Ok(None);
        }
        Ok(Some(Introspected {
            access: sent
                .get("access")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
            key: sent.get("key").cloned(),
            subject: text("sub"),
            grant: text("grant"),
        }))
    }

    async fn post(&self, endpoint: &str, body: &Value) -> Result<Value, Error> {
        let call = Call {
            body: Some(body),
            ..Call::new(Method::POST, endpoint)
        };
        self.caller.send(&call).await
    }
}
