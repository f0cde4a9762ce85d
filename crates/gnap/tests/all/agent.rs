//! A client of RFC 9635 and all it does, and the person with a browser who answers it.

use std::sync::Arc;

use http::{Method, StatusCode};
use placet_core::{
    Refusal,
    engine::{Answer, Caller, Decider, Decision, Error, SignIn, View},
    id::Id,
    pending::{PendingRequest, UserCode},
    person::{Person, Session},
    secret::{Digest, Secret, kind},
    store::Store,
    time::Lifetime,
};
use placet_proof::{
    Algorithm, Ed25519Name, SigningKey,
    gnap::{GnapRequest, GnapSigner, ProofMethod, SignedRequest, Stamp},
};
use placet_web::face::{Next, Routes};
use serde_json::{Value, json};

use crate::world::{ROOT, Response, Sent, World, text};

pub(crate) const RETURN: &str = "https://client.example/return?s=1";
pub(crate) const CLIENT_NONCE: &str = "VJLO6A4CATR0KRO";

/// A client that is known by its key.
pub(crate) struct Agent {
    pub(crate) key: Arc<SigningKey>,
    proof: ProofMethod,
    signer: GnapSigner,
}

/// A request the agent waits for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) uri: String,
    pub(crate) token: String,
    pub(crate) interact: Value,
}

impl Asked {
    pub(crate) fn of(told: &Value) -> Self {
        Self {
            uri: text(&told["continue"]["uri"]).to_owned(),
            token: text(&told["continue"]["access_token"]["value"]).to_owned(),
            interact: told["interact"].clone(),
        }
    }
}

impl Agent {
    pub(crate) fn new() -> Self {
        Self::proving(Algorithm::EdDsa, ProofMethod::HTTPSIG)
    }

    pub(crate) fn proving(algorithm: Algorithm, proof: ProofMethod) -> Self {
        let key = Arc::new(SigningKey::generate(algorithm).unwrap());
        Self::holding(key, proof)
    }

    /// One that signs with this key.
    pub(crate) fn holding(key: Arc<SigningKey>, proof: ProofMethod) -> Self {
        Self {
            signer: GnapSigner::new(Arc::clone(&key), key.kid(), proof),
            proof,
            key,
        }
    }

    pub(crate) fn key(&self) -> Value {
        let jwk = self.key.public_jwk().to_json(Ed25519Name::EdDsa);
        json!({ "proof": self.proof.name(), "jwk": jwk })
    }

    /// A request for one right, by redirect there and back.
    pub(crate) fn request(&self) -> Value {
        json!({
            "access_token": { "access": ["dolphin-metadata"] },
            "client": { "key": self.key(), "display": { "name": "My App", "uri": "https://app.example" } },
            "interact": {
                "start": ["redirect"],
                "finish": { "method": "redirect", "uri": RETURN, "nonce": CLIENT_NONCE },
            },
        })
    }

    /// The same, which the client polls for.
    pub(crate) fn polling(&self) -> Value {
        crate::payer::with(self.request(), "/interact/finish", Value::Null)
    }

    pub(crate) fn sign(&self, world: &World, sent: Sent, token: Option<&str>) -> Sent {
        let nonce = world.nonce();
        let stamp = Stamp {
            created: world.now_s(),
            nonce: Some(&nonce),
        };
        self.sign_with(&stamp, sent, token)
    }

    pub(crate) fn sign_with(&self, stamp: &Stamp<'_>, sent: Sent, token: Option<&str>) -> Sent {
        signed(sent, token, |request| {
            self.signer.sign(request, stamp).unwrap()
        })
    }

    /// Sends a signed call, with a body where there is one.
    pub(crate) async fn send(
        &self,
        world: &World,
        (method, url): (Method, &str),
        body: Option<&Value>,
        token: Option<&str>,
    ) -> Response {
        let mut sent = Sent::new(method, url);
        if let Some(body) = body {
            sent = sent.json(body);
        }
        let sent = self.sign(world, sent, token);
        world.send(&world.faces, sent).await
    }

    pub(crate) async fn ask(&self, world: &World, body: &Value) -> Response {
        let url = format!("{ROOT}/gnap");
        self.send(world, (Method::POST, &url), Some(body), None)
            .await
    }

    pub(crate) async fn wait_for(&self, world: &World, body: &Value) -> Asked {
        Asked::of(&self.ask(world, body).await.ok())
    }

    pub(crate) async fn come_back(
        &self,
        world: &World,
        asked: &Asked,
        reference: Option<&str>,
    ) -> Response {
        let body = reference.map(|reference| json!({ "interact_ref": reference }));
        let place = (Method::POST, asked.uri.as_str());
        self.send(world, place, body.as_ref(), Some(&asked.token))
            .await
    }

    pub(crate) async fn change(&self, world: &World, asked: &Asked, body: &Value) -> Response {
        let place = (Method::PATCH, asked.uri.as_str());
        self.send(world, place, Some(body), Some(&asked.token))
            .await
    }

    pub(crate) async fn cancel(&self, world: &World, asked: &Asked) -> Response {
        let place = (Method::DELETE, asked.uri.as_str());
        self.send(world, place, None, Some(&asked.token)).await
    }

    /// Manages a token: POST rotates it, DELETE ends it.
    pub(crate) async fn manage(
        &self,
        world: &World,
        method: Method,
        token: &Value,
        body: Option<&Value>,
    ) -> Response {
        let manage = &token["manage"];
        let value = text(&manage["access_token"]["value"]);
        self.send(world, (method, text(&manage["uri"])), body, Some(value))
            .await
    }

    /// Asks for another key, which signs too.
    pub(crate) async fn hand_over(&self, world: &World, token: &Value, new: &Self) -> Response {
        let manage = &token["manage"];
        let body = json!({ "key": new.key() });
        let sent = Sent::new(Method::POST, text(&manage["uri"])).json(&body);
        let (a, b) = (world.nonce(), world.nonce());
        let stamp = |nonce| Stamp {
            created: world.now_s(),
            nonce: Some(nonce),
        };
        let right = text(&manage["access_token"]["value"]);
        let sent = signed(sent, Some(right), |request| {
            let stamps = [&stamp(a.as_str()), &stamp(b.as_str())];
            self.signer
                .sign_rotation(&new.signer, request, stamps)
                .unwrap()
        });
        world.send(&world.faces, sent).await
    }

    /// What a person who says yes gives, asked for by redirect there and back.
    pub(crate) async fn granted(&self, world: &World, body: &Value) -> (Asked, Value) {
        let asked = self.wait_for(world, body).await;
        let ada = Browser::of(world, "u-1").await;
        let carried = ada.approve(world, &asked).await;
        let reference = carried.get("interact_ref").cloned();
        world.wait(crate::world::INTERVAL_S);
        let told = self
            .come_back(world, &asked, reference.as_deref())
            .await
            .ok();
        (Asked::of(&told), told)
    }
}

fn signed(
    sent: Sent,
    token: Option<&str>,
    sign: impl FnOnce(&GnapRequest<'_>) -> SignedRequest,
) -> Sent {
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
    let signed = sign(&request);
    let replaced = |name: &str| signed.headers.iter().any(|(other, _)| *other == name);
    let mut headers: Vec<_> = sent
        .headers
        .iter()
        .filter(|(name, _)| !replaced(name))
        .cloned()
        .collect();
    let added = signed.headers.iter();
    headers.extend(added.map(|(name, value)| ((*name).to_owned(), value.clone())));
    Sent {
        headers,
        body: signed.body.clone(),
        ..sent
    }
}

/// A person who is signed in at the issuer.
pub(crate) struct Browser {
    person: Person,
    session: Session,
}

impl Browser {
    pub(crate) async fn of(world: &World, subject: &str) -> Self {
        let store: &dyn Store = &world.store;
        let engine = &world.root.engine;
        let person = store.person_of_subject(engine.issuer_id(), subject).await;
        let person = person.unwrap().unwrap();
        let ask = SignIn {
            person: &person,
            amr: vec!["pwd".to_owned()],
            agent: "test",
            lifetime: Lifetime::from_secs(12 * 3600),
            replaces: None,
        };
        let signed = engine.sign_in(ask, &Caller::default()).await;
        let (session, _) = signed.unwrap().into_inner();
        Self {
            person: person.value,
            session,
        }
    }

    /// Decides, and says where the browser goes then.
    pub(crate) async fn decide(
        &self,
        world: &World,
        (id, cookie): (Id<PendingRequest>, Option<&Secret<kind::Interaction>>),
        yes: bool,
    ) -> Next {
        let engine = &world.root.engine;
        let shown = engine.show(View::Id(id)).await.unwrap();
        let answer = Answer {
            request: id,
            by: self.decider(),
            shown: None,
            decision: if yes {
                Decision::Approve(shown.request.asked.clone())
            } else {
                Decision::Deny
            },
            cookie,
        };
        let handover = engine.answer(&answer, &Caller::default()).await.unwrap();
        let face = world.root.face(&shown.request.face).unwrap();
        face.after_answer(&world.root, &handover)
    }

    /// What this person finds on their own page, newest first.
    pub(crate) async fn finds(&self, world: &World) -> Vec<Id<PendingRequest>> {
        let waiting = world.root.engine.list_waiting(self.person.id).await;
        let waiting = waiting.unwrap();
        waiting.iter().map(|shown| shown.request.id).collect()
    }

    /// The number of what this person is shown of a request.
    pub(crate) async fn sees(&self, world: &World, id: Id<PendingRequest>) -> Digest {
        let shown = world.root.engine.show(View::Id(id)).await.unwrap();
        shown.request.digest(&shown.client, Some(self.person.id))
    }

    /// Says yes to what was shown.
    pub(crate) async fn decide_seen(
        &self,
        world: &World,
        (id, cookie): (Id<PendingRequest>, &Secret<kind::Interaction>),
        seen: Digest,
    ) -> Result<(), Refusal> {
        let engine = &world.root.engine;
        let shown = engine.show(View::Id(id)).await.unwrap();
        let answer = Answer {
            request: id,
            by: self.decider(),
            shown: Some(seen),
            decision: Decision::Approve(shown.request.asked),
            cookie: Some(cookie),
        };
        match engine.answer(&answer, &Caller::default()).await {
            Ok(_) => Ok(()),
            Err(Error::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    fn decider(&self) -> Decider<'_> {
        Decider::Policy {
            rule: "test",
            person: &self.person,
            session: &self.session,
            under: None,
        }
    }

    /// Opens the address of a request and says yes: what the browser carries to the client.
    pub(crate) async fn approve(
        &self,
        world: &World,
        asked: &Asked,
    ) -> std::collections::BTreeMap<String, String> {
        let entered = enter(world, asked).await;
        carried(
            &self
                .decide(world, (entered.0, Some(&entered.1)), true)
                .await,
        )
    }

    pub(crate) async fn deny(
        &self,
        world: &World,
        asked: &Asked,
    ) -> std::collections::BTreeMap<String, String> {
        let entered = enter(world, asked).await;
        carried(
            &self
                .decide(world, (entered.0, Some(&entered.1)), false)
                .await,
        )
    }

    /// Says yes to what a code leads to.
    pub(crate) async fn approve_code(&self, world: &World, code: &str) -> Next {
        let code = UserCode::parse(code).unwrap();
        let shown = world.root.engine.show(View::UserCode(&code)).await.unwrap();
        let cookie = Secret::generate(world.root.engine.random());
        self.decide(world, (shown.request.id, Some(&cookie)), true)
            .await
    }
}

/// A browser opens the address the client was given: the request, and the secret of its cookie.
pub(crate) async fn enter(
    world: &World,
    asked: &Asked,
) -> (Id<PendingRequest>, Secret<kind::Interaction>) {
    enter_at(world, &world.faces, text(&asked.interact["redirect"])).await
}

/// The same at an address of these routes.
pub(crate) async fn enter_at(
    world: &World,
    routes: &Routes,
    address: &str,
) -> (Id<PendingRequest>, Secret<kind::Interaction>) {
    let told = world.send(routes, Sent::get(address)).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{told:?}");
    let id = told.header("location").rsplit('/').next().unwrap().parse();
    let cookie = told.cookie();
    let secret = cookie.split_once('=').unwrap().1.split('.').nth(1).unwrap();
    (id.unwrap(), Secret::parse(secret).unwrap())
}

/// The parameters a browser carries to the client; none where it stays.
pub(crate) fn carried(next: &Next) -> std::collections::BTreeMap<String, String> {
    match next {
        Next::Redirect(url) => {
            let url = url::Url::parse(url).unwrap();
            url.query_pairs().into_owned().collect()
        }
        Next::FormPost { .. } | Next::Stay => std::collections::BTreeMap::new(),
    }
}
