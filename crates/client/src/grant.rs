//! A grant as its client sees it: waiting for the person, or given.
//!
//! Spec: RFC 9635 §3, §3.6, §4.2.3, §5

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

    /// Continues with what the person brought. `None`: the server still waits for something, and this goes on.
    ///
    /// # Errors
    /// [`Error::Refused`], with the code `user_denied` when the person said no. Whatever the error is, the grant is still
    /// held: where an answer was lost, ask again. A reference that the server took is good no second time there.
    pub async fn finish(&mut self, reference: &InteractRef) -> Result<Option<Granted>, Error> {
        let body = json!({ "interact_ref": reference.0 });
        self.proceed(Some(body), None).await
    }

    /// Asks how it stands; the server may hold the answer back for as long as `hold`, until somebody has decided. `None`:
    /// nobody has, and [`Pending::wait`] says when to ask again.
    ///
    /// # Errors
    /// [`Error::Refused`], with the code `too_fast` when [`Pending::wait`] was not kept, which is longer from then on. Whatever
    /// the error is, the grant is still held: where an answer was lost, ask again.
    pub async fn poll(&mut self, hold: Option<Duration>) -> Result<Option<Granted>, Error> {
        self.proceed(None, hold).await
    }

    async fn proceed(
        &mut self,
        body: Option<Value>,
        wait: Option<Duration>,
    ) -> Result<Option<Granted>, Error> {
        let call = Call {
            body: body.as_ref(),
            wait,
            ..self.next.call(Method::POST)
        };
        let reply = self.client.caller.exchange(&call).await?;
        self.next.follow(reply.json.as_ref());
        let mut told = match answer(&self.client, &reply.success()?, self.client_nonce.clone())? {
            Answer::Granted(granted) => return Ok(Some(*granted)),
            Answer::Pending(pending) => *pending,
        };
        // What was told before still counts.
        told.server_nonce = told.server_nonce.or(self.server_nonce.take());
        told.redirect = told.redirect.or(self.redirect.take());
        told.user_code = told.user_code.or(self.user_code.take());
        told.user_code_uri = told.user_code_uri.or(self.user_code_uri.take());
        *self = told;
        Ok(None)
    }

    /// Takes the request back (RFC 9635 §5.4).
    ///
    /// # Errors
    /// [`Error::Refused`] when there is nothing to take back.
    pub async fn cancel(&self) -> Result<(), Error> {
        cancel(&self.client, &self.next).await
    }
}

impl Granted {
    /// Asks for other rights under the same grant. The person is asked where they are more (RFC 9635 §5.3). The answer takes
    /// the place of this grant.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Malformed`] when the grant cannot be continued. Whatever the error is, the grant and its
    /// token are still held: where an answer was lost, ask again.
    pub async fn modify(
        &mut self,
        access: &[Value],
        interact: Option<&Value>,
    ) -> Result<Answer, Error> {
        let next = self.next.as_mut().ok_or(Error::Malformed("continue"))?;
        let mut body = json!({ "access_token": { "access": access } });
        if let (Some(members), Some(interact)) = (body.as_object_mut(), interact) {
            members.insert("interact".to_owned(), interact.clone());
        }
        let call = Call {
            body: Some(&body),
            ..next.call(Method::PATCH)
        };
        let reply = self.client.caller.exchange(&call).await?;
        next.follow(reply.json.as_ref());
        let nonce = interact
            .and_then(|interact| interact.pointer("/finish/nonce"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        answer(&self.client, &reply.success()?, nonce)
    }

    /// Ends the grant and all its tokens (RFC 9635 §5.4).
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Malformed`] when the grant cannot be continued.
    pub async fn revoke(&self) -> Result<(), Error> {
        let next = self.next.as_ref().ok_or(Error::Malformed("continue"))?;
        cancel(&self.client, next).await
    }
}

impl Continue {
    /// What an answer says of the way back. `None`: nothing.
    fn read(sent: &Value) -> Result<Option<Self>, Error> {
        let text = |pointer| sent.pointer(pointer).and_then(Value::as_str);
        match (text("/continue/uri"), text("/continue/access_token/value")) {
            (Some(uri), Some(token)) => {
                let wait = sent.pointer("/continue/wait").and_then(Value::as_u64);
                Ok(Some(Self {
                    uri: uri.to_owned(),
                    token: token.to_owned(),
                    wait: wait.map_or(WAIT, Duration::from_secs),
                }))
            }
            (None, None) => Ok(None),
            _ => Err(Error::Malformed("continue")),
        }
    }

    /// Goes on where an answer says, be it a success or an error (RFC 9635 §3.6, §5): the server may have ended the way that
    /// led to it. Where it says nothing that can be read, the way stays.
    fn follow(&mut self, sent: Option<&Value>) {
        if let Some(Ok(Some(next))) = sent.map(Self::read) {
            *self = next;
        }
    }

    fn call(&self, method: Method) -> Call<'_> {
        Call {
            token: Some(&self.token),
            ..Call::new(method, &self.uri)
        }
    }
}

async fn cancel(client: &Client, next: &Continue) -> Result<(), Error> {
    let call = next.call(Method::DELETE);
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
    let next = Continue::read(sent)?;
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
