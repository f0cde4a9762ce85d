//! One issuer in memory: a store, a clock that stands still, clients, a person, and the face's routes.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use placet_core::{
    engine::{
        Answer, Caller, Committed, Decider, Decision, Engine, Handover, Limits, NewClient, SignIn,
        View,
    },
    id::Id,
    issuer::Issuer,
    key::StoredKey,
    pending::PendingRequest,
    person::{Person, Session},
    right::{ResourceId, Rights},
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record, Store, Versioned},
    testing::{FixedClock, MemoryStore, SeededRandom},
    time::{Clock as _, Lifetime},
    token::AccessFormat,
    vault::MasterKey,
};
use placet_proof::Algorithm;
use placet_web::{
    context::{Call, Context},
    face::{Next, Prompt, Routes},
    fetch::{Fetch, FetchSettings},
    hold::{HoldSettings, Holds},
    keys::KeyRing,
    limit::{Limiter, LimiterSettings},
    page::{Locale, Pages, Theme},
    person::Passwords,
    site::{Lifetimes, ResourceEntry, ScopeEntry, Site, SiteSettings},
};
use serde_json::Value;

use crate::cast;
pub(crate) use crate::cast::{
    DEVICE, FILES_RS, FIRST, LEGACY, NATIVE, OTHER, PHOTOS_RS, SPA, TV, WEB,
};

pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CALLBACK: &str = "https://client.example/cb";
pub(crate) const PHOTOS: &str = "urn:photos";
pub(crate) const FILES: &str = "urn:files";
/// Knows the scope `write` alone.
pub(crate) const DROPBOX: &str = "urn:dropbox";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Seconds between two polls.
pub(crate) const INTERVAL_S: u64 = 5;

pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

pub(crate) struct World {
    pub(crate) clock: FixedClock,
    pub(crate) store: MemoryStore,
    pub(crate) site: Arc<Site>,
    /// Who did it, where nobody looks.
    pub(crate) caller: Caller,
    routes: Routes,
}

/// A signed-in browser.
pub(crate) struct Browser {
    pub(crate) person: Person,
    pub(crate) session: Session,
    cookie: String,
}

/// A request that waits for its person.
pub(crate) struct Waiting {
    pub(crate) id: Id<PendingRequest>,
    cookie: Option<Secret<kind::Interaction>>,
}

impl Waiting {
    /// The secret of the browser it began in.
    pub(crate) fn cookie(&self) -> Option<&Secret<kind::Interaction>> {
        self.cookie.as_ref()
    }
}

pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(ISSUER).await
    }

    pub(crate) async fn at(issuer_url: &str) -> Self {
        Self::with(
            issuer_url,
            Limits {
                per_client: 1_000,
                per_source: 1_000,
                total: 1_000,
            },
        )
        .await
    }

    pub(crate) async fn with(issuer_url: &str, limits: Limits) -> Self {
        Self::holding(issuer_url, limits, HoldSettings::default()).await
    }

    /// The same with these limits for polls that wait.
    pub(crate) async fn holding(issuer_url: &str, limits: Limits, holds: HoldSettings) -> Self {
        let clock = FixedClock::default();
        let store = MemoryStore::new(clock.clone());
        let random = Arc::new(SeededRandom::new(7));
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        let issuer = Issuer::new(issuer_url, clock.now());
        let master = MasterKey::from_bytes([7; 32]);
        let vault = master
            .unwrap(&master.new_data_key(clock.now(), random.as_ref()))
            .unwrap();
        let keys = KeyRing::open(
            Arc::clone(&shared),
            issuer.id,
            vault.clone(),
            Arc::clone(&random) as _,
        );
        let keys = keys.await.unwrap();
        let signer = Arc::clone(&keys) as _;
        let engine = Engine::new(issuer.id, shared, random, vault, signer, limits);
        let event = engine.note(
            placet_core::event::EventKind::ClientChanged,
            &Caller::default(),
        );
        let first = Commit::new(issuer.id, event).with(Change::insert(Record::Issuer(issuer)));
        engine.put(first).await.unwrap();
        keys.ensure(Algorithm::Es256).await.unwrap();
        let site = Arc::new(Site {
            engine: Arc::new(engine),
            keys,
            pages: Arc::new(Pages::new(Theme::default(), None).unwrap()),
            passwords: Arc::new(Passwords::new(1, 1)),
            limiter: Arc::new(Limiter::new(limiter())),
            holds: Arc::new(Holds::new(holds)),
            fetch: Arc::new(Fetch::new(FetchSettings::default()).unwrap()),
            settings: settings(issuer_url),
            faces: OnceLock::new(),
        });
        let face = placet_oauth::face();
        let routes = face.routes(&site);
        assert!(site.faces.set(vec![face]).is_ok());
        let world = Self {
            clock,
            store,
            site,
            caller: Caller::default(),
            routes,
        };
        world.register().await;
        world
    }

    async fn register(&self) {
        for (credentials, metadata) in cast::confidential_clients() {
            let (client_id, secret) = credentials.rsplit_once(':').unwrap();
            self.add_client(client_id, Some(secret), metadata).await;
        }
        for (client_id, metadata) in cast::public_clients() {
            self.add_client(client_id, None, metadata).await;
        }
        for person in cast::people() {
            let added = self.site.engine.add_person(person, &self.caller);
            added.await.unwrap();
        }
    }

    pub(crate) async fn add_client(&self, client_id: &str, secret: Option<&str>, metadata: Value) {
        let new = NewClient {
            client_id: client_id.to_owned(),
            secrets: secret.into_iter().map(SecretHash::of).collect(),
            metadata: serde_json::from_value(metadata).unwrap(),
            disabled: false,
            declared: None,
        };
        let added = self.site.engine.add_client(new, &self.caller);
        added.await.unwrap();
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Lifetime::from_secs(seconds));
    }

    /// Sends a call to the route of this method and path.
    pub(crate) async fn send(&self, call: Call, path: &str) -> Response {
        let route = self
            .routes
            .iter()
            .find(|route| route.method == call.method && route.path == path)
            .unwrap();
        let reply = (route.handler)(call).await;
        Response {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        }
    }

    pub(crate) fn call(&self, method: Method) -> Call {
        Call {
            context: Context {
                now: self.store.now(),
                request_id: "r-1".to_owned(),
                peer: [192, 0, 2, 7].into(),
                certificate: None,
            },
            method,
            path_values: Vec::new(),
            uri: http::Uri::default(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Posts a form as `client`, with its secret in the header or its name in the form.
    pub(crate) async fn post(&self, path: &str, client: &str, pairs: Pairs<'_>) -> Response {
        self.send(self.form(client, pairs), path).await
    }

    /// A call that posts a form.
    pub(crate) fn form(&self, client: &str, pairs: Pairs<'_>) -> Call {
        let mut call = self.call(Method::POST);
        let mut pairs = pairs.to_vec();
        match client.rsplit_once(':') {
            Some((client_id, secret)) => {
                let client_id: String =
                    url::form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
                let both = BASE64.encode(format!("{client_id}:{secret}").as_bytes());
                set(&mut call, "authorization", &format!("Basic {both}"));
            }
            None if client.is_empty() => {}
            None => pairs.push(("client_id", client)),
        }
        set(
            &mut call,
            "content-type",
            "application/x-www-form-urlencoded",
        );
        call.body = encode(&pairs).into();
        call
    }

    pub(crate) async fn token(&self, client: &str, pairs: Pairs<'_>) -> Response {
        self.post("/token", client, pairs).await
    }

    pub(crate) async fn introspect(&self, client: &str, token: &str) -> Value {
        let told = self.post("/introspect", client, &[("token", token)]).await;
        assert_eq!(told.status, StatusCode::OK, "{told:?}");
        told.json()
    }

    pub(crate) async fn is_active(&self, client: &str, token: &str) -> bool {
        self.introspect(client, token).await["active"] == true
    }

    pub(crate) async fn userinfo(&self, token: &str) -> Response {
        let mut call = self.call(Method::GET);
        set(&mut call, "authorization", &format!("Bearer {token}"));
        self.send(call, "/userinfo").await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(self.call(Method::GET), path).await
    }

    /// Visits `/authorize` with exactly these parameters.
    pub(crate) async fn visit(&self, browser: Option<&Browser>, pairs: Pairs<'_>) -> Response {
        let mut call = self.call(Method::GET);
        call.query = encode(pairs);
        if let Some(browser) = browser {
            set(&mut call, "cookie", &browser.cookie);
        }
        self.send(call, "/authorize").await
    }

    /// Begins an authorization and returns the request that waits.
    pub(crate) async fn begin(&self, pairs: Pairs<'_>) -> Waiting {
        self.visit(None, pairs).await.waiting()
    }

    pub(crate) async fn sign_in(&self, subject: &str) -> Browser {
        let store: &dyn Store = &self.store;
        let issuer = self.site.engine.issuer_id();
        let person: Versioned<Person> = store
            .person_of_subject(issuer, subject)
            .await
            .unwrap()
            .unwrap();
        let ask = SignIn {
            person: &person,
            amr: vec!["pwd".to_owned()],
            agent: "test",
            lifetime: Lifetime::from_secs(12 * 3600),
            replaces: None,
        };
        let signed = self.site.engine.sign_in(ask, &Caller::default()).await;
        let (session, secret) = signed.unwrap().into_inner();
        let tag = SecretHash::<kind::Content>::of(&self.site.settings.issuer_url);
        let tag = HEXLOWER.encode(&tag.as_bytes()[..4]);
        Browser {
            person: person.value,
            session,
            cookie: format!("__Host-placet-session-{tag}={}", secret.reveal()),
        }
    }

    /// The person decides; where the browser goes then.
    pub(crate) async fn answer(
        &self,
        waiting: &Waiting,
        browser: &Browser,
        decision: Decision,
    ) -> Next {
        let answer = Answer {
            request: waiting.id,
            by: Decider::Policy {
                rule: "test",
                person: &browser.person,
                session: &browser.session,
                under: None,
            },
            shown: None,
            decision,
            cookie: waiting.cookie.as_ref(),
        };
        let handover: Committed<Handover> = self
            .site
            .engine
            .answer(&answer, &Caller::default())
            .await
            .unwrap();
        let request = &handover.get().request;
        let face = self.site.face(&request.face).unwrap();
        face.after_answer(&self.site, &handover)
    }

    pub(crate) async fn asked(&self, waiting: &Waiting) -> Rights {
        let store: &dyn Store = &self.store;
        let issuer = self.site.engine.issuer_id();
        store
            .pending(issuer, waiting.id)
            .await
            .unwrap()
            .unwrap()
            .value
            .asked
    }

    /// What the person's page is told about a request.
    pub(crate) async fn describe(&self, waiting: &Waiting) -> Prompt {
        let shown = self.site.engine.show(View::Id(waiting.id)).await.unwrap();
        let face = self.site.face(&shown.request.face).unwrap();
        face.describe(&self.site, &shown)
    }

    /// Where the browser goes when it asks again after the answer.
    pub(crate) async fn resume(&self, waiting: &Waiting) -> Next {
        let cookie = waiting.cookie.as_ref().unwrap();
        let handover = self.site.engine.resume(waiting.id, cookie).await.unwrap();
        let face = self.site.face(&handover.get().request.face).unwrap();
        face.after_answer(&self.site, &handover)
    }

    /// Approves all that was asked.
    pub(crate) async fn approve(&self, waiting: &Waiting, browser: &Browser) -> Next {
        let asked = self.asked(waiting).await;
        self.answer(waiting, browser, Decision::Approve(asked))
            .await
    }

    /// A code for `client`, approved by ada, with these parameters added or replaced.
    pub(crate) async fn code(&self, client: &str, extra: Pairs<'_>) -> String {
        let browser = self.sign_in("u-1").await;
        let waiting = self.begin(&request(client, extra)).await;
        let next = self.approve(&waiting, &browser).await;
        answered(&next)["code"].clone()
    }

    /// Tokens of the whole code flow.
    pub(crate) async fn tokens(&self, client: &str, extra: Pairs<'_>) -> Value {
        let code = self.code(client, extra).await;
        let given = self.exchange(client, &code, &[]).await;
        assert_eq!(given.status, StatusCode::OK, "{given:?}");
        given.json()
    }

    /// Exchanges a code with the proofs [`request`] promised; an empty value takes one away.
    pub(crate) async fn exchange(&self, client: &str, code: &str, extra: Pairs<'_>) -> Response {
        let base = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback_of(client)),
            ("code_verifier", VERIFIER),
        ];
        let pairs = merged(&base, extra);
        self.token(client, &pairs).await
    }

    pub(crate) async fn refresh(&self, client: &str, token: &str, extra: Pairs<'_>) -> Response {
        let base = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let pairs = merged(&base, extra);
        self.token(client, &pairs).await
    }

    /// Opens a device request and returns what the device was told.
    pub(crate) async fn device(&self, client: &str, extra: Pairs<'_>) -> Value {
        let told = self.post("/device_authorization", client, extra).await;
        assert_eq!(told.status, StatusCode::OK, "{told:?}");
        told.json()
    }

    pub(crate) async fn poll(&self, client: &str, device: &Value) -> Response {
        let code = device["device_code"].as_str().unwrap();
        self.token(client, &[("grant_type", DEVICE), ("device_code", code)])
            .await
    }

    /// The waiting request of a device, as the page finds it.
    pub(crate) async fn carried(&self, device: &Value) -> Waiting {
        let typed = device["user_code"].as_str().unwrap();
        let code = placet_core::pending::UserCode::parse(typed).unwrap();
        let view = View::UserCode(&code);
        let shown = self.site.engine.show(view).await.unwrap();
        Waiting {
            id: shown.request.id,
            cookie: None,
        }
    }

    /// How many changes were written.
    pub(crate) async fn events(&self) -> usize {
        let issuer = self.site.engine.issuer_id();
        self.store.events(issuer, None, 10_000).await.unwrap().len()
    }

    pub(crate) async fn key_of(&self, alg: Algorithm) -> StoredKey {
        self.site.keys.ensure(alg).await.unwrap();
        let name = alg.name(placet_proof::Ed25519Name::EdDsa);
        let mut held = self.site.keys.list().into_iter();
        let entry = held.find(|entry| entry.stored.alg == name).unwrap();
        entry.stored.as_ref().clone()
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {:?} {body}", self.status, self.headers)
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and `error` of a JSON answer.
    pub(crate) fn error(&self) -> (u16, String) {
        let error = self.json()["error"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), error)
    }

    /// The parameters of a redirect to the client. Anything else is a failure.
    pub(crate) fn redirected(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        answered(&Next::Redirect(self.header("location").to_owned()))
    }

    /// The request this browser was sent to the page of.
    pub(crate) fn waiting(&self) -> Waiting {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        let location = self.header("location");
        let id = location
            .rsplit_once("/interaction/")
            .unwrap_or_else(|| panic!("{self:?}"))
            .1;
        let cookie = self.header("set-cookie").split(';').next().unwrap();
        let value = cookie.split_once('=').unwrap().1;
        Waiting {
            id: id.parse().unwrap(),
            cookie: Secret::parse(value.split('.').nth(1).unwrap()),
        }
    }
}

/// An authorization request of `client` with these parameters added or, by an empty value, taken away.
pub(crate) fn request<'a>(client: &'a str, extra: Pairs<'a>) -> Vec<(&'a str, &'a str)> {
    let client_id = client.rsplit_once(':').map_or(client, |(id, _)| id);
    let base = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", callback_of(client)),
        ("scope", "openid read"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    merged(&base, extra)
}

pub(crate) fn callback_of(client: &str) -> &'static str {
    match client {
        SPA => "https://spa.example/cb",
        NATIVE => "http://127.0.0.1/cb",
        _ => CALLBACK,
    }
}

/// `base` with the parameters of `extra` in place of its own; empty ones are left out.
fn merged<'a>(base: &[(&'a str, &'a str)], extra: Pairs<'a>) -> Vec<(&'a str, &'a str)> {
    let replaced = |name: &str| extra.iter().any(|(other, _)| *other == name);
    base.iter()
        .filter(|(name, _)| !replaced(name))
        .chain(extra)
        .filter(|(_, value)| !value.is_empty())
        .copied()
        .collect()
}

/// The parameters an answer carries to the client.
pub(crate) fn answered(next: &Next) -> BTreeMap<String, String> {
    match next {
        Next::Redirect(location) => {
            let query = location.split_once('?').unwrap().1;
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect()
        }
        Next::FormPost { fields, .. } => fields.iter().cloned().collect(),
        Next::Stay => panic!("the browser stays"),
    }
}

/// The claims of a JWT, read without checking it.
pub(crate) fn claims(jwt: &Value) -> Value {
    part(jwt, 1)
}

/// The header of a JWT.
pub(crate) fn header(jwt: &Value) -> Value {
    part(jwt, 0)
}

fn part(jwt: &Value, n: usize) -> Value {
    let encoded = jwt.as_str().unwrap().split('.').nth(n).unwrap();
    let decoded = BASE64URL_NOPAD.decode(encoded.as_bytes()).unwrap();
    serde_json::from_slice(&decoded).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn encode(pairs: Pairs<'_>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn set(call: &mut Call, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    call.headers.append(HeaderName::from_static(name), value);
}

fn settings(issuer_url: &str) -> SiteSettings {
    let secs = Lifetime::from_secs;
    let url = url::Url::parse(issuer_url).unwrap();
    let scope = |name: &str| ScopeEntry {
        name: name.to_owned(),
        description: Vec::new(),
        optional: false,
        step_up: None,
    };
    let resource = |id: &str, format, lifetime| ResourceEntry {
        id: ResourceId::parse(id).unwrap(),
        name: None,
        format,
        lifetime,
        scopes: Vec::new(),
    };
    SiteSettings {
        issuer_url: issuer_url.to_owned(),
        origin: url.origin().ascii_serialization(),
        base_path: url.path().trim_end_matches('/').to_owned(),
        secure: true,
        default_locale: Locale::English,
        lifetimes: Lifetimes {
            authorization_code: secs(60),
            device_code: secs(600),
            interaction: secs(600),
            access_token: secs(3600),
            id_token: secs(300),
            refresh_token_idle: secs(86_400),
            refresh_token_absolute: secs(30 * 86_400),
            session: secs(12 * 3600),
            remembered_consent: secs(90 * 86_400),
            poll_interval: secs(INTERVAL_S),
        },
        scopes: vec![scope("read"), scope("write")],
        resources: vec![
            resource(PHOTOS, AccessFormat::Jwt, Some(secs(600))),
            resource(FILES, AccessFormat::Opaque, None),
            ResourceEntry {
                scopes: vec!["write".to_owned()],
                ..resource(DROPBOX, AccessFormat::Opaque, None)
            },
        ],
        interactions_per_browser: 20,
    }
}

fn limiter() -> LimiterSettings {
    let window = Lifetime::from_secs(600);
    LimiterSettings {
        requests_per_source_s: None,
        user_code_guesses_per_browser: 5,
        user_code_guesses_per_source: 20,
        user_code_guesses_total: 1_000,
        user_code_window: window,
        password_tries_per_account: 10,
        password_tries_per_source: 100,
        password_window: window,
        client_auth_failures_per_source: 1_000,
        client_auth_window: window,
    }
}
