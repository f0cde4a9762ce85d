//! A client of the payments profile and all it does, and the browser and the identity provider that go with it.

use std::sync::Arc;

use http::{Method, StatusCode};
use placet_proof::{
    Algorithm, Ed25519Name, SigningKey,
    gnap::{GnapRequest, GnapSigner, Stamp},
};
use serde_json::{Value, json};

use crate::world::{BLUE, IDP_SECRET, PAY, Response, Sent, World, text};

pub(crate) const CALLBACK: &str = "https://client.example/cb?s=1";
pub(crate) const CLIENT_NONCE: &str = "c1-9fQe7ZtYwLrUa3Kp";

/// A client: a key, and the wallet that publishes it.
pub(crate) struct Payer {
    pub(crate) key: Arc<SigningKey>,
    signer: GnapSigner,
    pub(crate) wallet: String,
}

impl Payer {
    /// A wallet of this name with a fresh key.
    pub(crate) fn new(world: &World, name: &str) -> Self {
        let payer = Self::unpublished(world, name);
        world.wallets.publish(name, |_| {});
        world.wallets.publish_keys(name, &[payer.jwk()]);
        payer
    }

    /// The same, of which nothing is published.
    pub(crate) fn unpublished(world: &World, name: &str) -> Self {
        let key = Arc::new(SigningKey::generate(Algorithm::EdDsa).unwrap());
        Self::keyed(world, name, key)
    }

    /// The same with this key.
    pub(crate) fn keyed(world: &World, name: &str, key: Arc<SigningKey>) -> Self {
        Self::holding(key, &world.wallets.address(name))
    }

    /// One that signs with this key.
    pub(crate) fn holding(key: Arc<SigningKey>, wallet: &str) -> Self {
        Self {
            signer: GnapSigner::open_payments(Arc::clone(&key), key.kid()),
            key,
            wallet: wallet.to_owned(),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        self.key.public_jwk().to_json(Ed25519Name::EdDsa)
    }

    /// The same key under another name in the signature.
    pub(crate) fn called(&self, kid: &str) -> Self {
        Self {
            key: Arc::clone(&self.key),
            signer: GnapSigner::open_payments(Arc::clone(&self.key), kid),
            wallet: self.wallet.clone(),
        }
    }

    /// Signs a call, with the token it presents.
    pub(crate) fn sign(&self, world: &World, sent: Sent, token: Option<&str>) -> Sent {
        self.sign_at(world.now_s(), sent, token)
    }

    pub(crate) fn sign_at(&self, created: i64, sent: Sent, token: Option<&str>) -> Sent {
        let mut sent = sent;
        if !sent.body.is_empty() {
            let length = sent.body.len().to_string();
            sent = sent.with("content-length", &length);
        }
        let headers: Vec<(&str, &str)> = sent
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = GnapRequest {
            method: sent.method.as_str(),
            target_uri: &sent.url,
            headers: &headers,
            body: &sent.body,
            token,
            certificate: None,
        };
        let stamp = Stamp {
            created,
            nonce: None,
        };
        let signed = self.signer.sign(&request, &stamp).unwrap();
        for (name, value) in signed.headers {
            sent = sent.with(name, &value);
        }
        sent
    }

    /// Asks a tenant for a grant.
    pub(crate) async fn ask(&self, world: &World, tenant: &str, body: &Value) -> Response {
        let sent = Sent::new(Method::POST, &format!("{PAY}/{tenant}")).json(body);
        let sent = self.sign(world, sent, None);
        world.send(&world.payments, sent).await
    }

    /// Asks for something a person decides about, and is told to wait.
    pub(crate) async fn wait_for(&self, world: &World, body: &Value) -> Begun {
        let told = self.ask(world, BLUE, body).await.ok();
        Begun::of(&told)
    }

    /// Comes back, with a reference or without.
    pub(crate) async fn come_back(
        &self,
        world: &World,
        begun: &Begun,
        reference: Option<&str>,
    ) -> Response {
        let body = reference.map(|reference| json!({ "interact_ref": reference }));
        self.continue_with(world, begun, body.as_ref()).await
    }

    pub(crate) async fn continue_with(
        &self,
        world: &World,
        begun: &Begun,
        body: Option<&Value>,
    ) -> Response {
        let mut sent = Sent::new(Method::POST, &begun.continue_uri);
        if let Some(body) = body {
            sent = sent.json(body);
        }
        let sent = self.sign(world, sent, Some(&begun.continue_token));
        world.send(&world.payments, sent).await
    }

    pub(crate) async fn cancel(&self, world: &World, begun: &Begun) -> Response {
        let sent = Sent::new(Method::DELETE, &begun.continue_uri);
        let sent = self.sign(world, sent, Some(&begun.continue_token));
        world.send(&world.payments, sent).await
    }

    /// Rotates (POST) or revokes (DELETE) a token it was given.
    pub(crate) async fn manage(&self, world: &World, method: Method, token: &Value) -> Response {
        let sent = Sent::new(method, text(&token["manage"]));
        let sent = self.sign(world, sent, Some(text(&token["value"])));
        world.send(&world.payments, sent).await
    }

    /// Tokens of the whole way through the browser.
    pub(crate) async fn paid(&self, world: &World, body: &Value) -> (Begun, Value) {
        let begun = self.wait_for(world, body).await;
        let cookie = start(world, &begun).await.cookie();
        decide(world, &begun, "accept").await;
        let (_, carried) = finish(world, &begun, &cookie).await.redirected();
        world.wait(crate::world::INTERVAL_S);
        let told = self
            .come_back(world, &begun, Some(&carried["interact_ref"]))
            .await;
        (begun, told.ok())
    }
}

/// What a client was told of a request that waits.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) continue_uri: String,
    pub(crate) continue_token: String,
    pub(crate) redirect: String,
    pub(crate) nonce: String,
    /// Its name in addresses.
    pub(crate) id: String,
}

impl Begun {
    pub(crate) fn of(told: &Value) -> Self {
        let (uri, redirect) = (
            text(&told["continue"]["uri"]).to_owned(),
            text(&told["interact"]["redirect"]).to_owned(),
        );
        let path = redirect.split('?').next().unwrap();
        let mut parts = path.rsplit('/');
        let (nonce, id) = (parts.next().unwrap(), parts.next().unwrap());
        Self {
            continue_token: text(&told["continue"]["access_token"]["value"]).to_owned(),
            nonce: nonce.to_owned(),
            id: id.to_owned(),
            continue_uri: uri,
            redirect,
        }
    }

    /// The address an identity provider asks at.
    pub(crate) fn grant_url(&self) -> String {
        format!("{PAY}/grant/{}/{}", self.id, self.nonce)
    }

    pub(crate) fn finish_url(&self) -> String {
        format!("{PAY}/interact/{}/{}/finish", self.id, self.nonce)
    }
}

/// A browser opens the address the client was given.
pub(crate) async fn start(world: &World, begun: &Begun) -> Response {
    world
        .send(&world.payments, Sent::get(&begun.redirect))
        .await
}

/// A browser comes back from the identity provider. `cookie`: what it carries; empty for nothing.
pub(crate) async fn finish(world: &World, begun: &Begun, cookie: &str) -> Response {
    let mut sent = Sent::get(&begun.finish_url());
    if !cookie.is_empty() {
        sent = sent.with("cookie", cookie);
    }
    world.send(&world.payments, sent).await
}

/// The identity provider reads what is asked.
pub(crate) async fn details(world: &World, begun: &Begun, secret: Option<&str>) -> Response {
    let mut sent = Sent::get(&begun.grant_url());
    if let Some(secret) = secret {
        sent = sent.with("x-idp-secret", secret);
    }
    world.send(&world.payments, sent).await
}

/// The identity provider says how the person decided.
pub(crate) async fn choose(
    world: &World,
    begun: &Begun,
    choice: &str,
    secret: Option<&str>,
) -> Response {
    let url = format!("{}/{choice}", begun.grant_url());
    let mut sent = Sent::new(Method::POST, &url);
    if let Some(secret) = secret {
        sent = sent.with("x-idp-secret", secret);
    }
    world.send(&world.payments, sent).await
}

/// The same, which is accepted.
pub(crate) async fn decide(world: &World, begun: &Begun, choice: &str) {
    let told = choose(world, begun, choice, Some(IDP_SECRET)).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{told:?}");
}

/// A resource server asks about a token.
pub(crate) async fn introspect(world: &World, body: &Value) -> Value {
    let sent = Sent::new(Method::POST, "http://127.0.0.1:3007/").json(body);
    world.send(&world.introspection, sent).await.ok()
}

pub(crate) fn incoming(wallet: &str) -> Value {
    json!({ "type": "incoming-payment", "actions": ["create", "read"], "identifier": wallet })
}

pub(crate) fn outgoing(wallet: &str) -> Value {
    json!({
        "type": "outgoing-payment", "actions": ["create", "read"], "identifier": wallet,
        "limits": { "debitAmount": { "value": "500", "assetCode": "EUR", "assetScale": 2 } },
    })
}

/// A request for these rights by a wallet, finishing in the browser.
pub(crate) fn request(payer: &Payer, access: &[Value]) -> Value {
    json!({
        "access_token": { "access": access },
        "client": payer.wallet,
        "interact": interact(),
    })
}

pub(crate) fn interact() -> Value {
    json!({
        "start": ["redirect"],
        "finish": { "method": "redirect", "uri": CALLBACK, "nonce": CLIENT_NONCE },
    })
}

/// `value` with one member of it changed or, by null, taken away.
pub(crate) fn with(mut value: Value, pointer: &str, member: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match member {
        Value::Null => object.remove(name),
        other => object.insert(name.to_owned(), other),
    };
    value
}
