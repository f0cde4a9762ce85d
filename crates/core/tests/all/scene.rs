//! One issuer over a store in memory, with clients and people, a clock that is told the time and seeded randomness.

use std::{
    borrow::Cow,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64URL_NOPAD;
use placet_core::{
    Id,
    callback::{Callback, Message},
    client::{AuthenticatedClient, Client, ClientMetadata, OnceProof},
    engine::{
        Answer, Ask, Caller, Collect, CollectBy, Decider, Decision, Engine, Error, Handover,
        Limits, NewClient, NewPerson, NewTenant, Opened, RefreshRequest, SignIn, View,
    },
    event::EventKind,
    issuer::Issuer,
    pending::{
        COLLECT_AFTER_ANSWER, Delivery, FaceName, Payload, PendingRequest, SignInNeed, State,
    },
    person::{Person, SeatedPerson, Session},
    right::Rights,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record, Store},
    tenant::IdentityProvider,
    testing::{FixedClock, MemoryStore, SeededRandom},
    time::{Clock as _, Lifetime, Timestamp},
    token::{AccessFormat, Basis, SignError, Signer, TokenSet, TokenSpec},
    vault::{MasterKey, Vault},
};
use serde_json::{Map, Value};

/// The issuer's identifier.
pub(crate) const URL: &str = "https://id.example";
/// How long a request waits.
pub(crate) const WAIT: Lifetime = Lifetime::from_secs(600);
/// How long a code may be exchanged.
pub(crate) const CODE: Lifetime = Lifetime::from_secs(60);
/// How often a device may poll.
pub(crate) const INTERVAL: Lifetime = Lifetime::from_secs(5);
/// How long a device may still collect after a late approval.
pub(crate) const COLLECT_GRACE: Lifetime = COLLECT_AFTER_ANSWER.plus(INTERVAL);
/// How long an access token lives.
pub(crate) const ACCESS: Lifetime = Lifetime::from_secs(900);
/// How long a refresh token may lie unused.
pub(crate) const IDLE: Lifetime = Lifetime::from_secs(3_600);
/// How long a family lives.
pub(crate) const ABSOLUTE: Lifetime = Lifetime::from_secs(7_200);
/// Caps nobody reaches by accident.
pub(crate) const WIDE: Limits = Limits {
    per_client: 10_000,
    per_source: 10_000,
    total: 10_000,
};

/// A key that signs with Ed25519; its signatures are the same every time.
pub(crate) struct Keys(Ed25519KeyPair);

impl Signer for Keys {
    fn sign(
        &self,
        alg: &str,
        typ: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<String, SignError> {
        if alg != "EdDSA" {
            return Err(SignError::NoKey(alg.to_owned()));
        }
        let mut header = serde_json::json!({ "alg": alg });
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let claims = Value::Object(claims.clone()).to_string();
        let part = |text: String| BASE64URL_NOPAD.encode(text.as_bytes());
        let input = format!("{}.{}", part(header.to_string()), part(claims));
        let signature = self.0.sign(input.as_bytes());
        Ok(format!(
            "{input}.{}",
            BASE64URL_NOPAD.encode(signature.as_ref())
        ))
    }
}

/// What every node of one installation shares.
pub(crate) struct Setting {
    pub(crate) clock: FixedClock,
    pub(crate) memory: MemoryStore,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) issuer: Id<Issuer>,
    vault: Vault,
    signer: Arc<Keys>,
}

impl Setting {
    pub(crate) fn new(seed: u64) -> Self {
        let clock = FixedClock::default();
        let random = SeededRandom::new(seed);
        let master = MasterKey::from_bytes([1; 32]);
        let data_key = master.new_data_key(clock.now(), &random);
        Self {
            memory: MemoryStore::new(clock.clone()),
            issuer: Issuer::new(URL, clock.now()).id,
            vault: master.unwrap(&data_key).unwrap(),
            signer: Arc::new(Keys(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())),
            random: Arc::new(random),
            clock,
        }
    }

    /// An engine over `store`, which stands on this setting's memory.
    pub(crate) fn node(&self, store: Arc<dyn Store>, limits: Limits) -> Engine {
        let random = Arc::clone(&self.random) as Arc<dyn placet_core::random::Random>;
        let signer = Arc::clone(&self.signer) as Arc<dyn Signer>;
        Engine::new(
            self.issuer,
            store,
            random,
            self.vault.clone(),
            signer,
            limits,
        )
    }

    /// Writes the issuer, the clients `tv`, `web` and `other`, and the people `ada` and `bob`.
    pub(crate) async fn furnish(&self, engine: &Engine) {
        let issuer = Record::Issuer(Issuer::new(URL, self.clock.now()));
        let event = engine.note(EventKind::IssuerChanged, &Caller::default());
        let commit = Commit::new(self.issuer, event).with(Change::insert(issuer));
        engine.put(commit).await.unwrap();
        for name in ["tv", "web", "other"] {
            engine
                .add_client(client(name), &Caller::default())
                .await
                .unwrap();
        }
        for name in ["ada", "bob"] {
            engine
                .add_person(person(name), &Caller::default())
                .await
                .unwrap();
        }
    }
}

/// A client that may ask for `read` and `write`.
pub(crate) fn client(name: &str) -> NewClient {
    let secret = Secret::<kind::Client>::parse(&"A".repeat(43)).unwrap();
    NewClient {
        client_id: name.to_owned(),
        secrets: vec![secret.hash()],
        metadata: ClientMetadata {
            scope: Some("read write".to_owned()),
            ..ClientMetadata::default()
        },
        disabled: false,
        declared: None,
    }
}

/// A person who signs in as `name`.
pub(crate) fn person(name: &str) -> NewPerson {
    NewPerson {
        username: name.to_owned(),
        subject: Some(format!("s-{name}")),
        password_hash: None,
        claims: Map::new(),
        disabled: false,
        declared: None,
    }
}

/// The client, its credentials checked by nobody.
#[expect(clippy::disallowed_methods, reason = "there is no edge in these tests")]
pub(crate) fn vouched(client: Arc<Client>, proof: Option<OnceProof>) -> AuthenticatedClient {
    AuthenticatedClient::vouch(client, proof)
}

/// The person, their cookies checked by nobody.
#[expect(clippy::disallowed_methods, reason = "there is no edge in these tests")]
pub(crate) fn seated(
    person: Arc<Person>,
    session: Arc<Session>,
    browser: SecretHash<kind::Interaction>,
) -> SeatedPerson {
    SeatedPerson::vouch(person, session, browser)
}

/// What `client` asks for: `read` and `write`.
pub(crate) fn ask(client: &Client, delivery: Delivery) -> Ask<'_> {
    Ask {
        face: FaceName(Cow::Borrowed("oauth")),
        client,
        proven: true,
        proof: None,
        peer: "192.0.2.1".to_owned(),
        rights: rights("read write"),
        need: SignInNeed::default(),
        addressed_to: None,
        delivery,
        browser: None,
        every_time: false,
        parent: None,
        continuation: None,
        on_answer: None,
        introduced: None,
        payload: Payload {
            version: 1,
            open: Value::Null,
            sealed: None,
        },
        lifetime: WAIT,
        with_user_code: false,
    }
}

/// Scopes without resources.
pub(crate) fn rights(scope: &str) -> Rights {
    Rights::parse(scope, []).unwrap()
}

/// An opaque access token for all that was granted.
pub(crate) fn access(basis: &Basis<'_>, bound_to_session: bool) -> TokenSpec {
    TokenSpec::Access {
        format: AccessFormat::Opaque,
        alg: "EdDSA",
        rights: basis.rights.clone(),
        lifetime: ACCESS,
        bound_to_session,
        claims: Map::new(),
        binding: None,
    }
}

/// A refresh token beside it.
pub(crate) fn refresh(bound_to_session: bool) -> TokenSpec {
    TokenSpec::Refresh {
        idle: IDLE,
        absolute: ABSOLUTE,
        bound_to_session,
    }
}

/// Both, offline.
pub(crate) fn specs(basis: &Basis<'_>) -> Vec<TokenSpec> {
    vec![access(basis, false), refresh(false)]
}

/// What a callback carries.
pub(crate) fn message() -> Message {
    Message {
        method: "POST".to_owned(),
        url: "https://client.example/finish".to_owned(),
        headers: Vec::new(),
        body: Some("{}".to_owned()),
    }
}

/// A tenant whose issuer has this name.
pub(crate) fn tenant(name: &str) -> NewTenant {
    NewTenant {
        id: None,
        issuer_url: format!("https://auth.example/{name}"),
        idp: Some(IdentityProvider {
            consent_url: "https://idp.example/consent".to_owned(),
            secrets: vec![SecretHash::of("idp secret")],
        }),
        api_secret: Some("api secret".to_owned().into()),
        declared: None,
    }
}

/// A token set as the client gets it.
pub(crate) fn bytes(set: &TokenSet) -> String {
    serde_json::to_string(set).unwrap()
}

/// One engine and shorthand for its verbs.
pub(crate) struct Scene {
    pub(crate) setting: Setting,
    pub(crate) engine: Engine,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(WIDE).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let setting = Setting::new(1);
        let engine = setting.node(Arc::new(setting.memory.clone()), limits);
        setting.furnish(&engine).await;
        Self { setting, engine }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.store().now()
    }

    pub(crate) fn advance(&self, by: Lifetime) {
        self.setting.clock.advance(by);
    }

    pub(crate) async fn client(&self, name: &str) -> AuthenticatedClient {
        let client = self.engine.client_named(name).await.unwrap().unwrap();
        vouched(client, None)
    }

    /// The client with an assertion whose `jti` is `jti`.
    pub(crate) async fn proven(&self, name: &str, jti: &str) -> AuthenticatedClient {
        let client = self.engine.client_named(name).await.unwrap().unwrap();
        let proof = OnceProof {
            value: SecretHash::of(jti),
            keep_until: self.now().plus(WAIT),
            peer: None,
        };
        vouched(client, Some(proof))
    }

    pub(crate) async fn person(&self, name: &str) -> placet_core::store::Versioned<Person> {
        let store = self.engine.store().as_ref();
        store
            .person_named(self.setting.issuer, name)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn sign_in(&self, name: &str) -> (Session, Secret<kind::Session>) {
        let person = self.person(name).await;
        let ask = SignIn {
            person: &person,
            amr: vec!["pwd".to_owned()],
            agent: "a browser",
            lifetime: Lifetime::from_secs(86_400),
            replaces: None,
        };
        self.engine
            .sign_in(ask, &Caller::default())
            .await
            .unwrap()
            .into_inner()
    }

    /// `name`, signed in and sitting in a browser.
    pub(crate) async fn seat(
        &self,
        name: &str,
        browser: &Secret<kind::Interaction>,
    ) -> SeatedPerson {
        let (session, _) = self.sign_in(name).await;
        self.seat_of(name, session, browser).await
    }

    pub(crate) async fn seat_of(
        &self,
        name: &str,
        session: Session,
        browser: &Secret<kind::Interaction>,
    ) -> SeatedPerson {
        let person = self.person(name).await.value;
        seated(Arc::new(person), Arc::new(session), browser.hash())
    }

    pub(crate) fn browser(&self) -> Secret<kind::Interaction> {
        Secret::generate(self.setting.random.as_ref())
    }

    /// A device asks.
    pub(crate) async fn device(&self, client: &AuthenticatedClient) -> Opened {
        let delivery = Delivery::Poll { interval: INTERVAL };
        let mut ask = ask(client.client(), delivery);
        ask.with_user_code = true;
        self.engine
            .open(ask, self.now())
            .await
            .unwrap()
            .into_inner()
    }

    /// A browser comes with a request that began in it.
    pub(crate) async fn redirect(
        &self,
        client: &AuthenticatedClient,
        browser: &Secret<kind::Interaction>,
    ) -> Opened {
        let delivery = Delivery::Redirect {
            code_lifetime: CODE,
        };
        let mut ask = ask(client.client(), delivery);
        ask.browser = Some(browser.hash());
        self.engine
            .open(ask, self.now())
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn decide(
        &self,
        request: Id<PendingRequest>,
        seat: &SeatedPerson,
        decision: Decision,
        cookie: Option<&Secret<kind::Interaction>>,
    ) -> Result<Handover, Error> {
        let answer = Answer {
            request,
            by: Decider::Seat(seat),
            shown: None,
            decision,
            cookie,
        };
        let told = self.engine.answer(&answer, &Caller::default()).await?;
        Ok(told.into_inner())
    }

    pub(crate) async fn approve(
        &self,
        request: Id<PendingRequest>,
        seat: &SeatedPerson,
    ) -> Result<Handover, Error> {
        self.decide(request, seat, Decision::Approve(rights("read write")), None)
            .await
    }

    pub(crate) async fn collect(
        &self,
        by: CollectBy,
        secret: &Secret<kind::Collect>,
        client: &AuthenticatedClient,
    ) -> Result<TokenSet, Error> {
        let ask = Collect {
            by,
            secret,
            client,
            check: &|_| Ok(()),
            specs: &|_, basis| specs(basis),
        };
        Ok(self
            .engine
            .collect(&ask, &Caller::default())
            .await?
            .into_inner())
    }

    pub(crate) async fn poll(
        &self,
        opened: &Opened,
        client: &AuthenticatedClient,
    ) -> Result<TokenSet, Error> {
        let secret = opened.poll.as_ref().unwrap();
        self.collect(CollectBy::Poll, secret, client).await
    }

    /// A device asks, `ada` agrees, the device collects.
    pub(crate) async fn tokens(&self, client: &AuthenticatedClient) -> TokenSet {
        let opened = self.device(client).await;
        let seat = self.seat("ada", &self.browser()).await;
        self.approve(opened.request.id, &seat).await.unwrap();
        self.poll(&opened, client).await.unwrap()
    }

    /// A code that was approved, and its request.
    pub(crate) async fn code(
        &self,
        client: &AuthenticatedClient,
    ) -> (Secret<kind::Collect>, Opened) {
        let browser = self.browser();
        let opened = self.redirect(client, &browser).await;
        let seat = self.seat("ada", &browser).await;
        let handover = self.approve(opened.request.id, &seat).await.unwrap();
        (Secret::parse(&handover.code.unwrap()).unwrap(), opened)
    }

    /// A browser's request of which `ada` grants these scopes, collected.
    pub(crate) async fn code_tokens(&self, client: &AuthenticatedClient, scope: &str) -> TokenSet {
        let browser = self.browser();
        let opened = self.redirect(client, &browser).await;
        let seat = self.seat("ada", &browser).await;
        let decision = Decision::Approve(rights(scope));
        let decided = self.decide(opened.request.id, &seat, decision, None).await;
        let code = Secret::parse(&decided.unwrap().code.unwrap()).unwrap();
        self.collect(CollectBy::Code, &code, client).await.unwrap()
    }

    pub(crate) async fn refresh(
        &self,
        token: &str,
        client: &AuthenticatedClient,
    ) -> Result<TokenSet, Error> {
        let ask = RefreshRequest {
            secret: &Secret::parse(token).unwrap(),
            client,
            narrow: None,
            specs: &|basis| specs(basis),
        };
        Ok(self
            .engine
            .refresh(&ask, &Caller::default())
            .await?
            .into_inner())
    }

    /// Enqueues a callback with an event of a request of `tv`. It is due at once, and tried for [`WAIT`].
    pub(crate) async fn enqueue(&self) -> Id<Callback> {
        let opened = self.device(&self.client("tv").await).await;
        let (engine, now) = (&self.engine, self.now());
        let id = Id::random(engine.random());
        let callback = Callback {
            id,
            face: FaceName(Cow::Borrowed("gnap")),
            request: Some(opened.request.id),
            client: Some(opened.request.asker.client),
            message: message().seal(id, engine.vault(), engine.random()),
            created_at: now,
            due_at: now,
            attempts: 0,
            leased_until: None,
            keep_until: now.plus(WAIT),
        };
        let mut event = engine.note(EventKind::IntervalGrown, &Caller::default());
        event.request = callback.request;
        let commit = Commit::new(self.setting.issuer, event)
            .with(Change::insert(Record::Callback(callback)));
        engine.put(commit).await.unwrap();
        id
    }

    pub(crate) async fn is_active(&self, set: &TokenSet) -> bool {
        let token = &set.access.first().unwrap().token;
        self.engine.active_access(token).await.unwrap().is_some()
    }

    pub(crate) async fn state(&self, request: Id<PendingRequest>) -> State {
        self.engine
            .show(View::Id(request))
            .await
            .unwrap()
            .request
            .state
    }

    /// Every rule of the store holds.
    pub(crate) async fn verified(&self) {
        let report = self
            .engine
            .verify(placet_core::engine::Retention::default().events)
            .await
            .unwrap();
        assert!(report.records > 0 && report.events > 0);
        assert_eq!(report.violations, []);
    }
}

/// The result of a future that never waits.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// The refusal in a result.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> placet_core::Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
