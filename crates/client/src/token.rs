//! A token as its client holds it: presented, rotated, revoked.
//!
//! Spec: RFC 9635 §3.2.1, §6, §7.2

use std::{fmt, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    call::{Call, Caller},
    client::Client,
    error::Error,
};

/// An access token. It does not print itself.
#[derive(Clone)]
pub struct Token {
    caller: Caller,
    value: String,
    manage: Option<(String, String)>,
    bearer: bool,
    /// What it gives.
    pub access: Vec<Value>,
    /// How long it lives from when it was told. Absent: the server does not say.
    pub expires_in: Option<Duration>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Token {
    /// The value, for a caller that presents it in its own way.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether whoever has it may use it.
    pub fn is_bearer(&self) -> bool {
        self.bearer
    }

    /// Calls a resource server with it, signed by the key it is bound to (RFC 9635 §7.2).
    ///
    /// # Errors
    /// [`Error::Refused`] with what the resource server says.
    pub async fn call(
        &self,
        method: Method,
        uri: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let call = Call {
            token: Some(&self.value),
            body,
            ..Call::new(method, uri)
        };
        self.caller.send(&call).await
    }

    /// Takes a new value; the old one is dead from then on (RFC 9635 §6.1).
    ///
    /// # Errors
    /// [`Error::Refused`], with the code `invalid_rotation`; [`Error::Malformed`] for a token that cannot be managed.
    pub async fn rotate(&self) -> Result<Self, Error> {
        let (uri, right) = self.manage()?;
        let call = Call {
            token: Some(right),
            ..Call::new(Method::POST, uri)
        };
        let sent = self.caller.send(&call).await?;
        rotated(&self.caller, &sent)
    }

    /// Binds a new value to the key of `to`, which signs too (RFC 9635 §6.1.1).
    ///
    /// # Errors
    /// As [`Token::rotate`].
    pub async fn rotate_key(&self, to: &Client) -> Result<Self, Error> {
        let (uri, right) = self.manage()?;
        let body = json!({ "key": to.key() });
        let call = Call {
            token: Some(right),
            body: Some(&body),
            ..Call::new(Method::POST, uri)
        };
        let sent = self.caller.rotate_key(&call, &to.caller).await?;
        rotated(&to.caller, &sent)
    }

    /// Ends it. Ending it twice is no error (RFC 9635 §6.2).
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Malformed`] for a token that cannot be managed.
    pub async fn revoke(&self) -> Result<(), Error> {
        let (uri, right) = self.manage()?;
        let call = Call {
            token: Some(right),
            ..Call::new(Method::DELETE, uri)
        };
        self.caller.send(&call).await.map(drop)
    }

    fn manage(&self) -> Result<(&str, &str), Error> {
        let (uri, right) = self.manage.as_ref().ok_or(Error::Malformed("manage"))?;
        Ok((uri, right))
    }
}

fn rotated(caller: &Caller, sent: &Value) -> Result<Token, Error> {
    token(
        caller,
        sent.get("access_token")
            .ok_or(Error::Malformed("access_token"))?,
    )
}

/// Reads one token.
pub(crate) fn token(caller: &Caller, sent: &Value) -> Result<Token, Error> {
    const MALFORMED: Error = Error::Malformed("access_token");
    let text = |pointer: &str| sent.pointer(pointer).and_then(Value::as_str);
    let flagged = |flag: &str| {
        let flags = sent.get("flags").and_then(Value::as_array);
        flags.is_some_and(|flags| flags.iter().any(|one| one == flag))
    };
    let bearer = flagged("bearer");
    // RFC 9635 §3.2.1: a token cannot be bound to a key and to nobody.
    if bearer && sent.get("key").is_some() {
        return Err(MALFORMED);
    }
    Ok(Token {
        caller: caller.clone(),
        value: text("/value").ok_or(MALFORMED)?.to_owned(),
        manage: text("/manage/uri")
            .zip(text("/manage/access_token/value"))
            .map(|(uri, token)| (uri.to_owned(), token.to_owned())),
        bearer,
        access: sent
            .get("access")
            .and_then(Value::as_array)
            .ok_or(MALFORMED)?
            .clone(),
        expires_in: sent
            .get("expires_in")
            .and_then(Value::as_u64)
            .map(Duration::from_secs),
    })
}
