//! The crate open-payments against a real server: grants, continuations, tokens. Its signatures are no structured fields.
//!
//! Spec: Open Payments 1.3; RFC 9421 §4 (which this client departs from)

#[path = "../../lib/cases.rs"]
mod cases;
mod person;
#[path = "../../lib/server.rs"]
mod process;
mod server;
mod wallet;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use open_payments::{
    AuthenticatedClient, AuthenticatedResources as _, ClientConfig, UnauthenticatedClient,
    UnauthenticatedResources as _,
    types::{
        AccessItem, AccessToken, AccessTokenRequest, Amount, Continue, ContinueResponse,
        GrantRequest, GrantResponse, IncomingPaymentAction, InteractFinish, InteractRequest,
        InteractResponse, Interval, LimitsOutgoing, OutgoingPaymentAction, QuoteAction, Receiver,
    },
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use cases::{Outcome, ensure, never_began, run_cases};
use server::Server;
use wallet::Wallet;

const CALLBACK: &str = "http://127.0.0.1:9/callback";
const NONCE: &str = "4edb2194-dbdf-46bb-9397-d5fd57b7c8a7";
/// A little longer than clients of these tests have to wait.
const WAIT: Duration = Duration::from_millis(1_100);

struct Judge {
    server: Server,
    wallet: Wallet,
}

/// A grant that waits for a person.
struct Pending {
    interact: InteractResponse,
    way: Continue,
}

impl Judge {
    fn start() -> Outcome<Self> {
        let wallet = Wallet::start()?;
        let server = Server::start(&wallet.host)?;
        Ok(Self { server, wallet })
    }

    /// A client with a wallet address whose key the crate made.
    fn shop(&self, name: &str) -> Outcome<AuthenticatedClient> {
        let key: PathBuf = self.server.folder.join(format!("{name}.pem"));
        let address = self
            .wallet
            .open(name, &self.server.grant_endpoint, &json!([]));
        let client = AuthenticatedClient::new(ClientConfig {
            key_id: format!("key-of-{name}"),
            private_key_path: key,
            jwks_path: None,
            wallet_address_url: address,
        })?;
        let keys = json!([serde_json::to_value(client.public_jwk())?]);
        self.wallet.open(name, &self.server.grant_endpoint, &keys);
        Ok(client)
    }

    async fn incoming(&self, shop: &AuthenticatedClient) -> Outcome<(AccessToken, Continue)> {
        let bob = self
            .wallet
            .open("bob", &self.server.grant_endpoint, &json!([]));
        let access = vec![
            AccessItem::IncomingPayment {
                actions: vec![
                    IncomingPaymentAction::Create,
                    IncomingPaymentAction::ReadAll,
                ],
                identifier: Some(bob),
            },
            AccessItem::Quote {
                actions: vec![QuoteAction::Create],
            },
        ];
        let ask = GrantRequest::new(
            AccessTokenRequest {
                access: access.clone(),
            },
            None,
        );
        match shop
            .grant()
            .request(&self.server.grant_endpoint, &ask, None)
            .await?
        {
            GrantResponse::WithToken {
                access_token,
                continue_,
                ..
            } => {
                ensure(
                    access_token.access == Some(access),
                    "what was asked is given",
                )?;
                Ok((access_token, continue_))
            }
            GrantResponse::WithInteraction { .. } => Err("nobody has to be asked".into()),
        }
    }

    async fn outgoing(&self, shop: &AuthenticatedClient) -> Outcome<Pending> {
        let alice = self
            .wallet
            .open("alice", &self.server.grant_endpoint, &json!([]));
        let limits = LimitsOutgoing {
            receiver: Some(Receiver(format!(
                "http://{}/incoming-payments/1",
                self.wallet.host
            ))),
            debit_amount: Some(Amount {
                value: "2500".into(),
                asset_code: "EUR".into(),
                asset_scale: 2,
            }),
            receive_amount: None,
            interval: Some(Interval("R12/2026-01-01T00:00:00Z/P1M".into())),
        };
        let access = vec![AccessItem::OutgoingPayment {
            actions: vec![OutgoingPaymentAction::Create, OutgoingPaymentAction::List],
            identifier: alice,
            limits: Some(limits),
        }];
        let interact = InteractRequest {
            start: vec!["redirect".into()],
            // Without one the crate sends `null`, which the schema of the protocol does not allow.
            finish: Some(InteractFinish {
                method: "redirect".into(),
                uri: CALLBACK.into(),
                nonce: NONCE.into(),
            }),
        };
        let ask = GrantRequest::new(AccessTokenRequest { access }, Some(interact));
        match shop
            .grant()
            .request(&self.server.grant_endpoint, &ask, None)
            .await?
        {
            GrantResponse::WithInteraction {
                interact,
                continue_,
            } => Ok(Pending {
                interact,
                way: continue_,
            }),
            GrantResponse::WithToken { .. } => Err("somebody has to be asked".into()),
        }
    }

    /// The reference, once the hash was checked as Interledger's documentation does.
    fn reference(&self, pending: &Pending, back: &reqwest::Url) -> Outcome<String> {
        ensure(back.as_str().starts_with(CALLBACK), "back at the client")?;
        let (hash, reference) = (said(back, "hash")?, said(back, "interact_ref")?);
        let lines = [
            NONCE,
            &pending.interact.finish,
            &reference,
            &self.server.grant_endpoint,
        ];
        let own = STANDARD.encode(Sha256::digest(lines.join("\n")));
        ensure(hash == own, "the hash is the documented one")?;
        Ok(reference)
    }

    async fn told(&self, token: &str) -> Outcome<Value> {
        let question = json!({ "access_token": token, "access": [{ "type": "quote", "actions": ["create"] }] });
        let asked = reqwest::Client::new()
            .post(&self.server.introspection)
            .json(&question);
        Ok(asked.send().await?.error_for_status()?.json().await?)
    }

    async fn at_once(&self) -> Outcome {
        let shop = self.shop("kiosk")?;
        let anybody = UnauthenticatedClient::new();
        let address = anybody
            .wallet_address()
            .get(&shop.config.wallet_address_url)
            .await?;
        ensure(
            address.auth_server == self.server.grant_endpoint,
            "the address names this server",
        )?;
        let (token, way) = self.incoming(&shop).await?;
        let told = self.told(&token.value).await?;
        ensure(
            told["active"] == true && told["access"].as_array().map(Vec::len) == Some(1),
            "active",
        )?;
        ensure(
            told["client"]["walletAddress"] == shop.config.wallet_address_url.as_str(),
            "whose it is",
        )?;
        shop.grant()
            .cancel(&way.uri, Some(&way.access_token.value))
            .await?;
        ensure(
            self.told(&token.value).await? == json!({ "active": false }),
            "taken back",
        )
    }

    async fn by_a_bare_key(&self) -> Outcome {
        let shop = self.shop("stall")?;
        let access = vec![AccessItem::Quote {
            actions: vec![QuoteAction::Create],
        }];
        let ask = GrantRequest::new(AccessTokenRequest { access }, None);
        let key = shop.public_jwk();
        let given = shop
            .grant()
            .request(&self.server.grant_endpoint, &ask, Some(&key))
            .await?;
        let GrantResponse::WithToken { access_token, .. } = given else {
            return Err("nobody has to be asked".into());
        };
        let told = self.told(&access_token.value).await?;
        ensure(
            told["client"]["jwk"]["x"] == key.x.as_str(),
            "known by its key",
        )
    }

    async fn by_a_person(&self) -> Outcome {
        let shop = self.shop("baker")?;
        let pending = self.outgoing(&shop).await?;
        let back = person::decide(&self.server, &pending.interact.redirect, "accept").await?;
        let reference = self.reference(&pending, &back)?;
        tokio::time::sleep(WAIT).await;
        let token = Some(pending.way.access_token.value.as_str());
        let given = shop
            .grant()
            .continue_grant(&pending.way.uri, &reference, token)
            .await?;
        let ContinueResponse::WithToken {
            access_token,
            continue_,
            ..
        } = given
        else {
            return Err("the token is there".into());
        };
        ensure(
            self.told(&access_token.value).await?["active"] == true,
            "active",
        )?;
        tokio::time::sleep(WAIT).await;
        let again = shop
            .grant()
            .continue_grant(&pending.way.uri, &reference, token)
            .await;
        ensure(code(again) == Some(401), "a reference is good once")?;
        let way = continue_;
        shop.grant()
            .cancel(&way.uri, Some(&way.access_token.value))
            .await?;
        ensure(
            self.told(&access_token.value).await? == json!({ "active": false }),
            "taken back",
        )
    }

    async fn denied(&self) -> Outcome {
        let shop = self.shop("brewer")?;
        let pending = self.outgoing(&shop).await?;
        let back = person::decide(&self.server, &pending.interact.redirect, "reject").await?;
        ensure(
            said(&back, "result")? == "grant_rejected",
            "the client is told",
        )?;
        tokio::time::sleep(WAIT).await;
        let token = Some(pending.way.access_token.value.as_str());
        let tried = shop
            .grant()
            .continue_grant(&pending.way.uri, "anything", token)
            .await;
        ensure(code(tried) == Some(404), "nothing was granted")
    }

    async fn taken_back(&self) -> Outcome {
        let shop = self.shop("tailor")?;
        let pending = self.outgoing(&shop).await?;
        let token = Some(pending.way.access_token.value.as_str());
        shop.grant().cancel(&pending.way.uri, token).await?;
        let again = shop.grant().cancel(&pending.way.uri, token).await;
        ensure(code(again) == Some(401), "taken back once")
    }

    async fn tokens(&self) -> Outcome {
        let shop = self.shop("florist")?;
        let (first, _) = self.incoming(&shop).await?;
        let second = shop
            .token()
            .rotate(&first.manage, Some(&first.value))
            .await?
            .access_token;
        ensure(
            second.value != first.value && second.access == first.access,
            "another value",
        )?;
        ensure(
            self.told(&first.value).await? == json!({ "active": false }),
            "the old one is dead",
        )?;
        ensure(
            self.told(&second.value).await?["active"] == true,
            "the new one is not",
        )?;
        shop.token()
            .revoke(&second.manage, Some(&second.value))
            .await?;
        ensure(
            self.told(&second.value).await? == json!({ "active": false }),
            "revoked",
        )?;
        let again = shop
            .token()
            .revoke(&second.manage, Some(&second.value))
            .await;
        ensure(code(again) == Some(401), "revoked once")
    }

    async fn forged(&self) -> Outcome {
        let shop = self.shop("mason")?;
        let (token, _) = self.incoming(&shop).await?;
        let mut thief = self.shop("thief")?;
        thief.config.wallet_address_url = shop.config.wallet_address_url.clone();
        thief.config.key_id = shop.config.key_id.clone();
        let ask = GrantRequest::new(
            AccessTokenRequest {
                access: vec![AccessItem::Quote {
                    actions: vec![QuoteAction::Create],
                }],
            },
            None,
        );
        let asked = thief
            .grant()
            .request(&self.server.grant_endpoint, &ask, None)
            .await;
        ensure(code(asked) == Some(401), "another key is not this client")?;
        let rotated = thief
            .token()
            .rotate(&token.manage, Some(&token.value))
            .await;
        ensure(code(rotated) == Some(401), "nor manages its tokens")?;
        ensure(
            self.told(&token.value).await?["active"] == true,
            "nothing happened",
        )
    }
}

/// The status of a refusal.
fn code<T>(result: open_payments::Result<T>) -> Option<u16> {
    result.err().and_then(|error| error.code)
}

fn said(url: &reqwest::Url, name: &str) -> Outcome<String> {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(given, _)| given == name);
    found
        .map(|(_, value)| value.into_owned())
        .ok_or_else(|| format!("no {name} in {url}").into())
}

async fn case(judge: &Judge, name: &str) -> Outcome {
    match name {
        "a grant at once, by an address that publishes the key" => judge.at_once().await,
        "a grant at once, by a bare key" => judge.by_a_bare_key().await,
        "a grant by a person: hash, reference, token" => judge.by_a_person().await,
        "a person who says no" => judge.denied().await,
        "a grant taken back while it is pending" => judge.taken_back().await,
        "tokens: rotated, revoked" => judge.tokens().await,
        "g1 another key" => judge.forged().await,
        other => Err(format!("no case is called {other}").into()),
    }
}

const CASES: [&str; 7] = [
    "a grant at once, by an address that publishes the key",
    "a grant at once, by a bare key",
    "a grant by a person: hash, reference, token",
    "a person who says no",
    "a grant taken back while it is pending",
    "tokens: rotated, revoked",
    "g1 another key",
];

fn begin() -> Outcome<(Runtime, Judge)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok((runtime, Judge::start()?))
}

fn main() -> ExitCode {
    let (runtime, judge) = match begin() {
        Ok(begun) => begun,
        Err(error) => return never_began(&*error),
    };
    run_cases(CASES, |name| runtime.block_on(case(&judge, name)))
}
