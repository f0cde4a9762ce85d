//! A client: its key, its server, and how it asks.
//!
//! Spec: RFC 9635 §2, §2.5, §9.1

use std::sync::Arc;

use placet_proof::{
    Ed25519Name, SigningKey,
    gnap::{GnapSigner, ProofMethod},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    call::{Call, Caller, nonce},
    challenge::Challenge,
    error::Error,
    grant::{Answer, answer},
};

/// How the person can be reached (RFC 9635 §2.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// By a browser that is sent somewhere.
    Redirect,
    /// By a code the person types at a page they know.
    UserCode,
    /// By a code and the address of the page.
    UserCodeUri,
}

impl Start {
    const fn name(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::UserCode => "user_code",
            Self::UserCodeUri => "user_code_uri",
        }
    }
}

/// How the client hears that the person is done (RFC 9635 §2.5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It asks again and again.
    Poll,
    /// The person's browser comes back to this address.
    Redirect(String),
    /// The server calls this address.
    Push(String),
}

/// A client of one authorization server, known there by its key.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) caller: Caller,
    pub(crate) grant_endpoint: String,
    key: Value,
    display: Option<Value>,
}

impl Client {
    /// A client with this key, which proves itself by HTTP message signatures.
    pub fn new(http: reqwest::Client, grant_endpoint: &str, key: Arc<SigningKey>) -> Self {
        let jwk = key.public_jwk().to_json(Ed25519Name::EdDsa);
        let kid = key.kid().to_owned();
        let signer = GnapSigner::new(key, &kid, ProofMethod::HTTPSIG);
        Self {
            caller: Caller::new(http, signer),
            grant_endpoint: grant_endpoint.to_owned(),
            key: json!({ "proof": "httpsig", "jwk": jwk }),
            display: None,
        }
    }

    /// The same client with a name for people. The server shows it as unverified.
    #[must_use]
    pub fn called(mut self, name: &str, uri: Option<&str>) -> Self {
        let mut display = json!({ "name": name });
        if let (Some(members), Some(uri)) = (display.as_object_mut(), uri) {
            members.insert("uri".to_owned(), uri.into());
        }
        self.display = Some(display);
        self
    }

    /// The key as requests carry it (RFC 9635 §7.1).
    pub fn key(&self) -> &Value {
        &self.key
    }

    /// Asks for one token with these rights, each an object with a `type` or a string (RFC 9635 §8).
    ///
    /// # Errors
    /// [`Error::Refused`] with what the server says; [`Error::Http`]; [`Error::Malformed`].
    pub async fn request(
        &self,
        access: &[Value],
        start: &[Start],
        finish: &Finish,
    ) -> Result<Answer, Error> {
        self.ask(access, start, finish, None).await
    }

    /// Asks for one token for what a resource server refused a call: for the right its challenge names, which goes into the
    /// request as it stands, and in the resource server's name, as `Referer`. `resource_server` is its URI as the client knows it;
    /// `more` are rights asked for beside it.
    ///
    /// # Errors
    /// As [`Client::request`]; [`Error::WrongReferrer`] and [`Error::OtherServer`] for a challenge that is not to be followed;
    /// [`Error::Malformed`] when there is nothing to ask for.
    pub async fn request_for(
        &self,
        challenge: &Challenge,
        resource_server: &str,
        more: &[Value],
        (start, finish): (&[Start], &Finish),
    ) -> Result<Answer, Error> {
        let referrer = challenge.referrer.as_deref();
        if referrer.is_some() && !challenge.is_from(resource_server) {
            return Err(Error::WrongReferrer);
        }
        let as_uri = challenge.as_uri.as_deref();
        if as_uri.is_some_and(|uri| uri != self.grant_endpoint) {
            return Err(Error::OtherServer);
        }
        let named = challenge.access.as_deref().map(Value::from);
        let access: Vec<_> = named.into_iter().chain(more.iter().cloned()).collect();
        if access.is_empty() {
            return Err(Error::Malformed("challenge"));
        }
        self.ask(&access, start, finish, referrer).await
    }

    async fn ask(
        &self,
        access: &[Value],
        start: &[Start],
        finish: &Finish,
        referrer: Option<&str>,
    ) -> Result<Answer, Error> {
        let client_nonce = nonce()?;
        let mut interact = json!({
            "start": start.iter().map(|start| start.name()).collect::<Vec<_>>(),
        });
        let method = match finish {
            Finish::Poll => None,
            Finish::Redirect(uri) => Some(("redirect", uri)),
            Finish::Push(uri) => Some(("push", uri)),
        };
        if let (Some(members), Some((method, uri))) = (interact.as_object_mut(), method) {
            let finish = json!({ "method": method, "uri": uri, "nonce": client_nonce });
            members.insert("finish".to_owned(), finish);
        }
        let mut client = json!({ "key": self.key });
        if let (Some(members), Some(display)) = (client.as_object_mut(), &self.display) {
            members.insert("display".to_owned(), display.clone());
        }
        let body = json!({
            "access_token": { "access": access },
            "client": client,
            "interact": interact,
        });
        let sent = self
            .caller
            .send(&Call {
                body: Some(&body),
                referrer,
                ..Call::new(Method::POST, &self.grant_endpoint)
            })
            .await?;
        answer(self, &sent, method.map(|_| client_nonce))
    }
}
