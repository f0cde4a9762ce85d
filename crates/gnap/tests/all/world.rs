//! Three tenants and an issuer in memory: stores, a clock that stands still, wallets that publish keys, and the routes of
//! both dialects.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use placet_core::{
    callback::Message,
    engine::{self, Caller, Engine, Limits, NewPerson},
    event::EventKind,
    id::Id,
    issuer::Issuer,
    secret::SecretHash,
    store::{Boxed, Change, Commit, Record, Store},
    tenant::{IdentityProvider, Tenant},
    testing::{FixedClock, MemoryStore, SeededRandom},
    time::{Clock as _, Lifetime},
    vault::MasterKey,
};
use placet_gnap::{
    hash::HashEncoding,
    introspection_routes,
    open_payments::{ClientPolicies, InteractionSettings},
    payments_routes,
    realm::{TenantSite, Tenants},
    settings::{GnapSettings, Mount, PaymentsSettings},
};
use placet_proof::gnap::CertificateDigest;
use placet_web::{
    context::{Call, Context},
    face::Routes,
    fetch::{Fetch, FetchSettings},
    hold::{HoldSettings, Holds},
    keys::KeyRing,
    limit::{Limiter, LimiterSettings},
    page::{Locale, Pages, Theme},
    person::Passwords,
    site::{Lifetimes, Site, SiteSettings},
};
use serde_json::{Value, json};

use crate::wallets::Wallets;

/// The issuer, and the operator tenant's.
pub(crate) const ROOT: &str = "https://as.example";
/// The origin the payments listener is known by.
pub(crate) const PAY: &str = "https://pay.example";
/// The tenant of the root issuer.
pub(crate) const OPERATOR: &str = "438fa74a-fa7d-4317-9ced-dde32ece1787";
/// A tenant with an identity provider.
pub(crate) const BLUE: &str = "0b1e0b1e-0b1e-4b1e-8b1e-0b1e0b1e0b1e";
/// A tenant without.
pub(crate) const BARE: &str = "ba4eba4e-ba4e-4a4e-8a4e-ba4eba4eba4e";
/// No tenant.
pub(crate) const NOBODY: &str = "11111111-2222-4333-8444-555555555555";
/// What the providers of [`OPERATOR`] and [`BLUE`] name themselves by.
pub(crate) const IDP_SECRET: &str = "provider-secret-0123456789";
pub(crate) const CONSENT: &str = "https://idp.example/consent?theme=dark";
/// Seconds between two polls.
pub(crate) const INTERVAL_S: u64 = 5;
/// Seconds a person has.
pub(crate) const INTERACTION_S: u64 = 600;

pub(crate) struct World {
    pub(crate) clock: FixedClock,
    pub(crate) store: MemoryStore,
    pub(crate) root: Arc<Site>,
    pub(crate) wallets: Wallets,
    pub(crate) payments: Routes,
    pub(crate) introspection: Routes,
    /// Everything below the root issuer.
    pub(crate) faces: Routes,
    nonces: AtomicU64,
}

/// What a test may change about the world.
pub(crate) struct Shape {
    pub(crate) operator_idp: bool,
    pub(crate) encoding: HashEncoding,
    pub(crate) check_created: bool,
    pub(crate) interaction: InteractionSettings,
    /// Rules for some clients, made once the wallets have addresses.
    pub(crate) clients: Box<dyn Fn(&Wallets) -> ClientPolicies>,
    pub(crate) durable_tokens: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            operator_idp: true,
            encoding: HashEncoding::Base64,
            check_created: true,
            interaction: InteractionSettings::default(),
            clients: Box::new(|_| ClientPolicies::default()),
            durable_tokens: false,
        }
    }
}

struct Directory(BTreeMap<Id<Tenant>, TenantSite>);

impl Tenants for Directory {
    fn find(&self, id: Id<Tenant>) -> Boxed<'_, Result<Option<TenantSite>, engine::Error>> {
        let found = self.0.get(&id).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }
}

/// One answer.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::shaped(Shape::default()).await
    }

    pub(crate) async fn shaped(shape: Shape) -> Self {
        let clock = FixedClock::default();
        let store = MemoryStore::new(clock.clone());
        let wallets = Wallets::open();
        let fetch = Fetch::new(FetchSettings {
            allow_private: vec![format!("127.0.0.1:{}", wallets.port)],
            development: true,
            ..FetchSettings::default()
        });
        let fetch = Arc::new(fetch.unwrap());
        let root = site(ROOT, &store, &clock, &fetch).await;
        let mut directory = BTreeMap::new();
        for (uuid, with_idp) in [(OPERATOR, shape.operator_idp), (BLUE, true), (BARE, false)] {
            let url = format!("{PAY}/{uuid}");
            let site = match uuid {
                OPERATOR => Arc::clone(&root),
                _ => site(&url, &store, &clock, &fetch).await,
            };
            let tenant = tenant(uuid, &url, with_idp, &clock);
            let found = TenantSite {
                tenant: Arc::new(tenant),
                site,
            };
            directory.insert(id(uuid), found);
        }
        let tenants: Arc<dyn Tenants> = Arc::new(Directory(directory));
        let settings = |mount| PaymentsSettings {
            origin: PAY.to_owned(),
            base: PAY.to_owned(),
            mount,
            operator_tenant: id(OPERATOR),
            hash_encoding: shape.encoding,
            interaction: shape.interaction,
            clients: (shape.clients)(&wallets),
            check_created: shape.check_created,
        };
        let payments = payments_routes(&settings(Mount::Root), &tenants);
        let introspection = introspection_routes(&settings(Mount::Root), &tenants);
        let both = GnapSettings {
            rfc9635: true,
            durable_tokens: shape.durable_tokens,
            open_payments: Some(PaymentsSettings {
                origin: ROOT.to_owned(),
                base: format!("{ROOT}/op"),
                ..settings(Mount::Below)
            }),
        };
        let face = placet_gnap::face(both, Arc::clone(&tenants));
        let faces = face.routes(&root);
        assert!(root.faces.set(vec![face]).is_ok());
        let world = Self {
            clock,
            store,
            root,
            wallets,
            payments,
            introspection,
            faces,
            nonces: AtomicU64::new(0),
        };
        world.add_people().await;
        world
    }

    async fn add_people(&self) {
        for (username, subject) in [("ada", "u-1"), ("eve", "u-2")] {
            let claims = json!({ "email": format!("{username}@example.org") });
            let Value::Object(claims) = claims else {
                unreachable!()
            };
            let person = NewPerson {
                username: username.to_owned(),
                subject: Some(subject.to_owned()),
                password_hash: None,
                claims,
                disabled: false,
                declared: None,
            };
            let caller = Caller::default();
            self.root.engine.add_person(person, &caller).await.unwrap();
        }
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Lifetime::from_secs(seconds));
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.store.now().as_secs()
    }

    /// A value that no other call of this test has.
    pub(crate) fn nonce(&self) -> String {
        let n = self.nonces.fetch_add(1, Ordering::Relaxed);
        format!("nonce-{n:032}")
    }

    /// Calls a URL or a path of the routes given.
    pub(crate) async fn send(&self, routes: &Routes, sent: Sent) -> Response {
        let after_scheme = sent.url.split_once("://").map(|(_, rest)| rest);
        let target = match after_scheme {
            None => sent.url.clone(),
            Some(rest) => format!("/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        };
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (route, values) = routes
            .iter()
            .filter(|route| route.method == sent.method)
            .filter_map(|route| Some((route, matched(route.path, path)?)))
            .min_by_key(|(_, values)| values.len())
            .unwrap_or_else(|| panic!("{} {path} is no route", sent.method));
        let mut headers = HeaderMap::new();
        for (name, value) in &sent.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let call = Call {
            context: Context {
                now: self.store.now(),
                request_id: "r-1".to_owned(),
                peer: [192, 0, 2, 7].into(),
                certificate: sent.certificate,
            },
            method: sent.method,
            uri: target.parse().unwrap(),
            path_values: values,
            query: query.to_owned(),
            headers,
            body: sent.body.into(),
        };
        let reply = (route.handler)(call).await;
        Response {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        }
    }

    /// The one message that waits to be sent, which it is with this.
    pub(crate) async fn pushed(&self) -> Message {
        let engine = &self.root.engine;
        let mut due = engine.due_callbacks(10).await.unwrap();
        assert_eq!(due.len(), 1);
        let callback = due.remove(0);
        let message = callback.value.message(engine.vault()).unwrap();
        engine.settle_callback(callback).await.unwrap();
        message
    }

    /// How many changes the root issuer wrote.
    pub(crate) async fn events(&self) -> usize {
        let issuer = self.root.engine.issuer_id();
        self.store.events(issuer, None, 10_000).await.unwrap().len()
    }
}

/// A call as it is sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The certificate the connection was opened with.
    pub(crate) certificate: Option<CertificateDigest>,
}

impl Sent {
    pub(crate) fn new(method: Method, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            certificate: None,
        }
    }

    pub(crate) fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.with("content-type", "application/json")
    }
}

/// The values of a pattern's parameters, if the path is one of it.
fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    let fits = pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(want, got)| want.starts_with('{') && !got.is_empty() || want == got);
    fits.then(|| {
        let pairs = pattern.iter().zip(&path);
        pairs
            .filter(|(want, _)| want.starts_with('{'))
            .map(|(_, got)| (*got).to_owned())
            .collect()
    })
}

pub(crate) fn id(uuid: &str) -> Id<Tenant> {
    Tenant::parse_uuid(uuid).unwrap()
}

fn tenant(uuid: &str, url: &str, with_idp: bool, clock: &FixedClock) -> Tenant {
    let now = clock.now();
    Tenant {
        id: id(uuid),
        issuer: Issuer::new(url, now).id,
        issuer_url: url.to_owned(),
        idp: with_idp.then(|| IdentityProvider {
            consent_url: CONSENT.to_owned(),
            secrets: vec![
                SecretHash::of(IDP_SECRET),
                SecretHash::of("the secret before"),
            ],
        }),
        api_secret: None,
        former_api_secret: None,
        declared: None,
        created_at: now,
        changed_at: now,
        deleted_at: None,
    }
}

async fn site(url: &str, store: &MemoryStore, clock: &FixedClock, fetch: &Arc<Fetch>) -> Arc<Site> {
    let random = Arc::new(SeededRandom::new(url.bytes().map(u64::from).sum()));
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let issuer = Issuer::new(url, clock.now());
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
    let limits = Limits {
        per_client: 1_000,
        per_source: 1_000,
        total: 1_000,
    };
    let signer = Arc::clone(&keys) as _;
    let engine = Engine::new(issuer.id, shared, random, vault, signer, limits);
    let event = engine.note(EventKind::ClientChanged, &Caller::default());
    let first = Commit::new(issuer.id, event).with(Change::insert(Record::Issuer(issuer)));
    engine.put(first).await.unwrap();
    Arc::new(Site {
        engine: Arc::new(engine),
        keys,
        pages: Arc::new(Pages::new(Theme::default(), None).unwrap()),
        passwords: Arc::new(Passwords::new(1, 1)),
        limiter: Arc::new(Limiter::new(LimiterSettings {
            requests_per_source_s: None,
            client_auth_failures_per_source: 1_000,
            ..LimiterSettings::default()
        })),
        holds: Arc::new(Holds::new(HoldSettings::default())),
        fetch: Arc::clone(fetch),
        settings: settings(url),
        faces: OnceLock::new(),
    })
}

fn settings(url: &str) -> SiteSettings {
    let secs = Lifetime::from_secs;
    let parsed = url::Url::parse(url).unwrap();
    SiteSettings {
        issuer_url: url.to_owned(),
        origin: parsed.origin().ascii_serialization(),
        base_path: parsed.path().trim_end_matches('/').to_owned(),
        secure: true,
        default_locale: Locale::English,
        lifetimes: Lifetimes {
            authorization_code: secs(60),
            device_code: secs(600),
            interaction: secs(INTERACTION_S),
            access_token: secs(600),
            id_token: secs(300),
            refresh_token_idle: secs(86_400),
            refresh_token_absolute: secs(30 * 86_400),
            session: secs(12 * 3600),
            remembered_consent: secs(90 * 86_400),
            poll_interval: secs(INTERVAL_S),
        },
        scopes: Vec::new(),
        resources: Vec::new(),
        interactions_per_browser: 20,
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
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Status, `error.code` (empty without one) and `error.description`.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), text("code"), text("description"))
    }

    /// Status and code alone.
    pub(crate) fn code(&self) -> (u16, String) {
        let (status, code, _) = self.error();
        (status, code)
    }

    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.json()
    }

    /// The parameters a redirect adds, and where it goes.
    pub(crate) fn redirected(&self) -> (String, BTreeMap<String, String>) {
        assert_eq!(self.status, StatusCode::FOUND, "{self:?}");
        let url = url::Url::parse(self.header("location")).unwrap();
        let query = url.query_pairs().into_owned().collect();
        let (place, _) = self
            .header("location")
            .split_once('?')
            .unwrap_or((self.header("location"), ""));
        (place.to_owned(), query)
    }

    /// The cookie a browser was given, as it sends it back.
    pub(crate) fn cookie(&self) -> String {
        let set = self.header("set-cookie");
        set.split(';').next().unwrap_or_default().to_owned()
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}
