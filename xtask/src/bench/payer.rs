//! A client of Open Payments: it signs whatever it sends, as its kind does.
//!
//! A signature and its digest cost the cores that server and load share some tens of microseconds; the server's own CPU time is
//! counted without them.
//!
//! Spec: Open Payments 1.3; RFC 9421 §3.1; RFC 9530 §2; RFC 9635 §2, §5.2

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use placet_proof::gnap::{GnapRequest, GnapSigner, Stamp};
use serde_json::{Value, json};

use super::{actor::sent, contestant::Payments};
use crate::http::{Connection, Request};

/// The tenant that is the server itself, as the configuration names it.
const TENANT: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";

/// A client that is known by its wallet.
#[derive(Clone, Debug)]
pub(crate) struct Payer {
    signer: GnapSigner,
    /// The address of its wallet.
    wallet: String,
    /// The origin it signs for.
    origin: String,
}

/// A grant that nobody has answered: where it is continued, and with which token.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    path: String,
    token: String,
}

impl Payer {
    /// The client of this wallet at the server that goes by this address.
    pub(crate) fn new(payments: &Payments, address: &str) -> Self {
        let key = Arc::clone(&payments.wallet.key);
        let kid = key.kid().to_owned();
        Self {
            signer: GnapSigner::open_payments(key, &kid),
            wallet: payments.wallet.address(),
            origin: format!("http://{address}"),
        }
    }

    /// Is granted incoming payments, which nobody has to be asked about: the value of the token.
    pub(crate) fn be_granted(&self, connection: &mut Connection) -> Result<String, String> {
        let told = self.ask(
            connection,
            &json!({ "access_token": { "access": [self.incoming()] }, "client": self.wallet }),
        )?;
        text(&told, "/access_token/value")
    }

    /// Asks for outgoing payments, which a person has to decide about.
    pub(crate) fn begin(&self, connection: &mut Connection) -> Result<Pending, String> {
        let access = json!({ "type": "outgoing-payment", "actions": ["create", "read"], "identifier": self.wallet });
        let told = self.ask(
            connection,
            &json!({
                "access_token": { "access": [access] },
                "client": self.wallet,
                "interact": { "start": ["redirect"] },
            }),
        )?;
        let uri = text(&told, "/continue/uri")?;
        let path = uri.strip_prefix(&self.origin);
        Ok(Pending {
            path: path
                .ok_or_else(|| format!("continued elsewhere: {uri}"))?
                .to_owned(),
            token: text(&told, "/continue/access_token/value")?,
        })
    }

    /// Asks about a grant, and has to hear that nobody has answered.
    pub(crate) fn poll(&self, connection: &mut Connection, on: &Pending) -> Result<(), String> {
        let told = self.send(connection, &on.path, "", Some(&on.token))?;
        if is_pending(&told) {
            Ok(())
        } else {
            Err(format!("not pending: {told}"))
        }
    }

    /// The question of a resource server whether a token is enough for an incoming payment.
    pub(crate) fn question(&self, token: &str) -> String {
        json!({ "access_token": token, "access": [self.incoming()] }).to_string()
    }

    fn incoming(&self) -> Value {
        json!({ "type": "incoming-payment", "actions": ["create", "read"], "identifier": self.wallet })
    }

    fn ask(&self, connection: &mut Connection, body: &Value) -> Result<Value, String> {
        self.send(
            connection,
            &format!("/op/{TENANT}"),
            &body.to_string(),
            None,
        )
    }

    fn send(
        &self,
        connection: &mut Connection,
        path: &str,
        body: &str,
        token: Option<&str>,
    ) -> Result<Value, String> {
        let signed = self.signed(path, body, token)?;
        Ok(sent(connection, &signed, 200)?.json())
    }

    fn signed(&self, path: &str, body: &str, token: Option<&str>) -> Result<Request, String> {
        let length = body.len().to_string();
        let content = [
            ("content-type", "application/json"),
            ("content-length", length.as_str()),
        ];
        let asked = GnapRequest {
            method: "POST",
            target_uri: &format!("{}{path}", self.origin),
            headers: if body.is_empty() { &[] } else { &content },
            body: body.as_bytes(),
            token,
            certificate: None,
        };
        let stamp = Stamp {
            created: now_s(),
            nonce: None,
        };
        let signed = self.signer.sign(&asked, &stamp);
        let signed = signed.map_err(|error| error.to_string())?;
        let added = signed.headers.iter();
        Ok(
            added.fold(Request::json(path, body), |request, (name, value)| {
                request.header(name, value)
            }),
        )
    }
}

/// Whether an answer says to come again, and hands nothing over (RFC 9635 §3.1).
fn is_pending(told: &Value) -> bool {
    told.pointer("/continue/wait").is_some() && told.get("access_token").is_none()
}

fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().try_into().unwrap_or(i64::MAX))
}

fn text(told: &Value, pointer: &str) -> Result<String, String> {
    let value = told.pointer(pointer).and_then(Value::as_str);
    let value = value.ok_or_else(|| format!("no {pointer}: {told}"))?;
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::wallet::Wallet;

    #[test]
    fn rfc9635_3_1_only_an_answer_that_says_to_come_again_and_gives_nothing_is_pending() {
        let way =
            json!({ "uri": "http://as/continue/1", "wait": 5, "access_token": { "value": "t" } });
        for (told, want) in [
            (json!({ "continue": way }), true),
            (
                json!({ "continue": way, "access_token": { "value": "u" } }),
                false,
            ),
            (json!({ "error": { "code": "too_fast" } }), false),
            (Value::Null, false),
        ] {
            assert_eq!(is_pending(&told), want, "{told}");
        }
    }

    #[test]
    fn rfc9421_3_1_content_and_token_are_signed() {
        let payments = Payments {
            wallet: Wallet::open().unwrap(),
            introspection: Vec::new(),
        };
        let payer = Payer::new(&payments, "127.0.0.1:3200");
        let asked = format!("{:?}", payer.signed("/op/x", "{}", None).unwrap());
        assert!(
            asked.contains("content-digest") && asked.contains("@target-uri"),
            "{asked}"
        );
        let polled = format!(
            "{:?}",
            payer.signed("/op/continue/x", "", Some("t")).unwrap()
        );
        assert!(
            !polled.contains("content-digest") && polled.contains("GNAP t"),
            "{polled}"
        );
    }
}
