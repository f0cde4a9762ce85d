//! A grant as its client sees it: waiting for the person, or given.
//!
//! Spec: RFC 9635 §3, §4.2.3, §5

use std::time::Duration;

use placet_proof::gnap::{HashEncoding, HashMethod, Interaction};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    call::Call,
    client::Client,
    error::Error,
    token::{Token, token},
};

/// How long to wait between two calls when the server does not say (RFC 9635 §3.1).
const WAIT: Duration = Duration::from_secs(5);

/// What the server answered.
#[derive(Debug)]
pub enum Answer {
    /// A person is to be asked.
    Pending(Box<Pending>),
    /// It was granted.
    Granted(Box<Granted>),
}

/// Where the client comes back (RFC 9635 §3.1).
#[derive(Debug, Clone)]
struct Continue {
    uri: String,
    token: String,
    wait: Duration,
}

/// A grant that waits for a person.
#[derive(Debug)]
pub struct Pending {
    client: Client,
    next: Continue,
    client_nonce: Option<String>,
    server_nonce: Option<String>,
    /// Where to send the person's browser, exactly as it stands.
    pub redirect: Option<String>,
    /// The code to show the person.
    pub user_code: Option<String>,
    /// The page to type it at. Absent: the one people know.
    pub user_code_uri: Option<String>,
}

/// What the person's browser, or a push, brought: checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractRef(String);

/// A grant that was given.
#[derive(Debug)]
pub struct Granted {
    client: Client,
    next: Option<Continue>,
    /// The token. Absent when only the person was asked about.
    pub token: Option<Token>,
    /// Who the person is, as RFC 9635 §3.4 prints it. Absent when it was not asked.
    pub subject: Option<Value>,
}

impl Pending {
    /// How long to wait before the next call.
    pub fn wait(&self) -> Duration {
        self.next.wait
    }

    /// Checks what came back with the person: only the server that was asked, about this very request, can have made the
    /// hash (RFC 9635 §4.2.3).
    ///
    /// # Errors
    /// [`Error::WrongHash`].
    pub fn check(&self, hash: &str, interact_ref: &str) -> Result<InteractRef, Error> {
        let (Some(client_nonce), Some(server_nonce)) = (&self.client_nonce, &self.server_nonce)
        else {
            return Err(Error::WrongHash);
        };
        let expected = Interaction {
            client_nonce,
            server_nonce,
            interact_ref,
            grant_endpoint: &self.client.grant_endpoint,
        };
        let expected = expected.hash(HashMethod::Sha256, HashEncoding::Base64Url);
        let same =
            aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), hash.as_bytes());
        same.map_err(|_| Error::WrongHash)?;
        Ok(InteractRef(interact_ref.to_owned()))
    }

    /// Continues with what the person brought.
    ///
    /// # Errors
    /// [`Error::Refused`], with the code `user_denied` when the person said no.
    pub async fn finish(self, reference: &InteractRef) -> Result<Answer, Error> {
        let body = json!({ "interact_ref": reference.0 });
        self.proceed(Some(body), None).await
    }

    /// Asks how it stands; the server may hold the answer back for as long as `hold`, until somebody has decided.
    ///
    /// # Errors
    /// [`Error::Refused`], with the code `too_fast` when [`Pending::wait`] was not kept.
    pub async fn poll(self, hold: Option<Duration>) -> Result<Answer, Error> {
        self.proceed(None, hold).await
    }

    async fn proceed(self, body: Option<Value>, wait: Option<Duration>) -> Result<Answer, Error> {
        let sent = self
            .client
            .caller
            .send(&Call {
                token: Some(&self.next.token),
                body: body.as_ref(),
                wait,
                ..Call::new(Method::POST, &self.next.uri)
            })
            .await?;
        let mut told = answer(&self.client, &sent, self.client_nonce)?;
        if let Answer::Pending(pending) = &mut told {
            // What was told before still counts.
            pending.server_nonce = pending.server_nonce.take().or(self.server_nonce);
            pending.redirect = pending.redirect.take().or(self.redirect);
            pending.user_code = pending.user_code.take().or(self.user_code);
            pending.user_code_uri = pending.user_code_uri.take().or(self.user_code_uri);
        }
        Ok(told)
    }

    /// Takes the request back (RFC 9635 §5.4).
    ///
    /// # Errors
    /// [`Error::Refused`] when there is nothing to take back.
    pub async fn cancel(self) -> Result<(), Error> {
        cancel(&self.client, &self.next).await
    }
}

impl Granted {
    /// Asks for other rights under the same grant. The person is asked where they are more (RFC 9635 §5.3).
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Malformed`] when the grant cannot be continued.
    pub async fn modify(self, access: &[Value], interact: Option<&Value>) -> Result<Answer, Error> {
        let next = self.next.ok_or(Error::Malformed("continue"))?;
        let mut body = json!({ "access_token": { "access": access } });
        if let (Some(members), Some(interact)) = (body.as_object_mut(), interact) {
            members.insert("interact".to_owned(), interact.clone());
        }
        let sent = self
            .client
            .caller
            .send(&Call {
                token: Some(&next.token),
                body: Some(&body),
                ..Call::new(Method::PATCH, &next.uri)
            })
            .await?;
        let nonce = interact
            .and_then(|interact| interact.pointer("/finish/nonce"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        answer(&self.client, &sent, nonce)
    }

    /// Ends the grant and all its tokens (RFC 9635 §5.4).
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Malformed`] when the grant cannot be continued.
    pub async fn revoke(self) -> Result<(), Error> {
        let next = self.next.ok_or(Error::Malformed("continue"))?;
        cancel(&self.client, &next).await
    }
}

async fn cancel(client: &Client, next: &Continue) -> Result<(), Error> {
    let call = Call {
        token: Some(&next.token),
        ..Call::new(Method::DELETE, &next.uri)
    };
    client.caller.send(&call).await.map(drop)
}

/// Reads an answer to a request or its continuation.
pub(crate) fn answer(
    client: &Client,
    sent: &Value,
    client_nonce: Option<String>,
) -> Result<Answer, Error> {
    let text = |pointer: &str| {
        let value = sent.pointer(pointer)?;
        value.as_str().map(str::to_owned)
    };
    let next = match (text("/continue/uri"), text("/continue/access_token/value")) {
        (Some(uri), Some(token)) => {
            let wait = sent.pointer("/continue/wait").and_then(Value::as_u64);
            Some(Continue {
                uri,
                token,
                wait: wait.map_or(WAIT, Duration::from_secs),
            })
        }
        (None, None) => None,
        _ => return Err(Error::Malformed("continue")),
    };
    let given = sent.get("access_token").or_else(|| sent.get("subject"));
    if given.is_some() {
        let token = match sent.get("access_token") {
            None => None,
            Some(value) => Some(token(&client.caller, value)?),
        };
        return Ok(Answer::Granted(Box::new(Granted {
            client: client.clone(),
            next,
            token,
            subject: sent.get("subject").cloned(),
        })));
    }
    Ok(Answer::Pending(Box::new(Pending {
        client: client.clone(),
        next: next.ok_or(Error::Malformed("continue"))?,
        client_nonce,
        server_nonce: text("/interact/finish"),
        redirect: text("/interact/redirect"),
        user_code: text("/interact/user_code").or_else(|| text("/interact/user_code_uri/code")),
        user_code_uri: text("/interact/user_code_uri/uri"),
    })))
}
