//! One signed request and its answer.
//!
//! Spec: RFC 9635 §7.2, §7.3

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand;
use data_encoding::BASE64URL_NOPAD;
use placet_proof::gnap::{GnapRequest, GnapSigner, SignedRequest, Stamp};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;

use crate::{challenge::Challenge, error::Error};

/// Signs and sends.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    signer: Arc<GnapSigner>,
}

/// What is sent.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) uri: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) body: Option<&'a Value>,
    /// How long the server may hold the answer back (RFC 7240 §4.3). Absent: not at all.
    pub(crate) wait: Option<Duration>,
    /// The resource server that sent the client here (RFC 9635 §9.1). Absent: none did.
    pub(crate) referrer: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, uri: &'a str) -> Self {
        Self {
            method,
            uri,
            token: None,
            body: None,
            wait: None,
            referrer: None,
        }
    }
}

impl Caller {
    pub(crate) fn new(http: reqwest::Client, signer: GnapSigner) -> Self {
        Self {
            http,
            signer: Arc::new(signer),
        }
    }

    /// Sends one request. The answer of a success is its JSON, `Null` where there is none.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Value, Error> {
        self.exchange(call).await?.success()
    }

    /// Sends one request, whose answer may be a refusal that says more than why.
    pub(crate) async fn exchange(&self, call: &Call<'_>) -> Result<Reply, Error> {
        self.deliver(call, |signer, request, nonce| {
            signer.sign(request, &stamp(nonce))
        })
        .await
    }

    /// The same, signed by the key of `new` too (RFC 9635 §6.1.1).
    pub(crate) async fn rotate_key(&self, call: &Call<'_>, new: &Self) -> Result<Value, Error> {
        let second = nonce()?;
        self.deliver(call, |signer, request, nonce| {
            signer.sign_rotation(&new.signer, request, [&stamp(nonce), &stamp(&second)])
        })
        .await?
        .success()
    }

    async fn deliver(
        &self,
        call: &Call<'_>,
        sign: impl FnOnce(
            &GnapSigner,
            &GnapRequest<'_>,
            &str,
        ) -> Result<SignedRequest, placet_proof::ProofError>,
    ) -> Result<Reply, Error> {
        let body = match call.body {
            None => Vec::new(),
            Some(body) => serde_json::to_vec(body).map_err(|_| Error::Malformed("request"))?,
        };
        let authorization = call.token.map(|token| format!("GNAP {token}"));
        let mut headers: Vec<(&str, &str)> = Vec::new();
        if call.body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        if let Some(authorization) = &authorization {
            headers.push(("authorization", authorization));
        }
        let request = GnapRequest {
            method: call.method.as_str(),
            target_uri: call.uri,
            headers: &headers,
            body: &body,
            token: call.token,
            certificate: None,
        };
        let signed = sign(&self.signer, &request, &nonce()?)?;
        let mut sent = self
            .http
            .request(call.method.clone(), call.uri)
            .header(header::ACCEPT, "application/json");
        let added = |name: &str| signed.headers.iter().any(|(other, _)| *other == name);
        for (name, value) in &headers {
            if !added(name) {
                sent = sent.header(*name, *value);
            }
        }
        for (name, value) in &signed.headers {
            sent = sent.header(*name, value);
        }
        if let Some(wait) = call.wait {
            sent = sent.header("prefer", format!("wait={}", wait.as_secs()));
        }
        if let Some(referrer) = call.referrer {
            sent = sent.header(header::REFERER, referrer);
        }
        if !signed.body.is_empty() {
            sent = sent.body(signed.body.clone());
        }
        Reply::read(sent.send().await?).await
    }
}

/// What came back.
pub(crate) struct Reply {
    status: StatusCode,
    retry_after: Option<Duration>,
    challenge: Option<Challenge>,
    /// Whether there was anything to read.
    empty: bool,
    /// What was read. Absent where it was no JSON.
    pub(crate) json: Option<Value>,
}

impl Reply {
    async fn read(response: Response) -> Result<Self, Error> {
        let status = response.status();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let challenge = Challenge::of(&response);
        let body = response.bytes().await?;
        Ok(Self {
            status,
            retry_after,
            challenge,
            empty: body.is_empty(),
            json: serde_json::from_slice(&body).ok(),
        })
    }

    /// The JSON of a success.
    pub(crate) fn success(self) -> Result<Value, Error> {
        if self.status.is_success() {
            return match self.json {
                _ if self.status == StatusCode::NO_CONTENT || self.empty => Ok(Value::Null),
                json => json.ok_or(Error::Malformed("body")),
            };
        }
        // RFC 9635 §3.6: an object, or the code alone.
        let error = self.json.as_ref().and_then(|json| json.get("error"));
        let member = |name| {
            error
                .and_then(|error| error.get(name))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Err(Error::Refused {
            status: self.status.as_u16(),
            code: member("code").or_else(|| error.and_then(Value::as_str).map(str::to_owned)),
            description: member("description"),
            retry_after: self.retry_after,
            challenge: self.challenge.map(Box::new),
        })
    }
}

fn stamp(nonce: &str) -> Stamp<'_> {
    Stamp {
        created: now(),
        nonce: Some(nonce),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a library of clients has no request context to take the time from"
)]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// 128 random bits in characters that are safe everywhere.
pub(crate) fn nonce() -> Result<String, Error> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}
