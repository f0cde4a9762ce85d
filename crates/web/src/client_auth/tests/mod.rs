//! Client authentication through whole requests: an engine over a store in memory, real keys, real limits.

mod assertions;
mod secrets;

use std::sync::OnceLock;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue, Method, header};
use placet_core::{
    client::ClientMetadata,
    engine::{Engine, Limits},
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    random::{Random, SystemRandom},
    store::{Change, Commit, Name, Record, Store, StoreError},
    testing::{FixedClock, MemoryStore},
    time::{Clock as _, Timestamp},
    vault::MasterKey,
};
use serde_json::Value;

use super::*;
use crate::{
    context::Context,
    fetch::{Fetch, FetchSettings},
    hold::{HoldSettings, Holds},
    keys::KeyRing,
    limit::{Limiter, LimiterSettings},
    page::{Locale, Pages, Theme},
    person::Passwords,
    site::{Lifetimes, SiteSettings},
};

const ISSUER: &str = "https://as.example/tenant";
const SECRET: &str = "correct horse: +%/=";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const HERE: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";

/// A site with its store.
struct World {
    clock: FixedClock,
    store: MemoryStore,
    issuer: Id<Issuer>,
    site: Site,
}

impl World {
    async fn new() -> Self {
        Self::with(FetchSettings::default()).await
    }

    async fn with(fetch: FetchSettings) -> Self {
        let clock = FixedClock::default();
        let now = clock.now();
        let memory = MemoryStore::new(clock.clone());
        let store: Arc<dyn Store> = Arc::new(memory.clone());
        let issuer = Issuer::new(ISSUER, now).id;
        let master = MasterKey::from_bytes([1; 32]);
        let vault = master
            .unwrap(&master.new_data_key(now, &SystemRandom))
            .unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let keys = KeyRing::open(
            Arc::clone(&store),
            issuer,
            vault.clone(),
            Arc::clone(&random),
        );
        let keys = keys.await.unwrap();
        let signer = Arc::clone(&keys);
        let limits = Limits {
            per_client: 10,
            per_source: 10,
            total: 10,
        };
        let engine = Engine::new(issuer, store, random, vault, signer, limits);
        let site = Site {
            engine: Arc::new(engine),
            keys,
            pages: Arc::new(Pages::new(Theme::default(), None).unwrap()),
            passwords: Arc::new(Passwords::new(1, 1)),
            limiter: Arc::new(Limiter::new(LimiterSettings::default())),
            holds: Arc::new(Holds::new(HoldSettings::default())),
            fetch: Arc::new(Fetch::new(fetch).unwrap()),
            settings: settings(),
            faces: OnceLock::new(),
        };
        Self {
            clock,
            store: memory,
            issuer,
            site,
        }
    }

    /// Registers a client.
    async fn client(&self, client_id: &str, secrets: &[&str], metadata: Value) {
        let metadata: ClientMetadata = serde_json::from_value(metadata).unwrap();
        let client = Client {
            id: Id::random(&SystemRandom),
            number: 1,
            client_id: client_id.to_owned(),
            secrets: secrets
                .iter()
                .map(|secret| SecretHash::of(secret))
                .collect(),
            metadata,
            disabled: client_id == "disabled",
            not_before: None,
            declared: None,
            key: None,
            resource_sets: std::collections::BTreeMap::new(),
            created_at: self.clock.now(),
            keep_until: None,
        };
        let name = Name::client(client_id).standing_for(client.id);
        let changes = vec![
            Change::insert(Record::Client(client)),
            Change::insert(Record::Name(name)),
        ];
        self.commit(changes).await.unwrap();
    }

    /// Spends a proof as a verb does, in a commit.
    async fn spend(&self, proof: &OnceProof) -> Result<(), StoreError> {
        let change = Change::Spend {
            value: proof.value,
            keep_until: proof.keep_until,
        };
        self.commit(vec![change]).await
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let id = Id::random(&SystemRandom);
        let event = Event::new(id, EventKind::ClientChanged, self.clock.now());
        let mut commit = Commit::new(self.issuer, event);
        commit.changes = changes;
        self.store.commit(commit).await
    }

    async fn send(&self, request: &Request<'_>) -> Result<AuthenticatedClient, ClientAuthError> {
        let call = request.call(self.clock.now());
        let form = Form::of_call(&call).unwrap();
        authenticate(&self.site, &call, &form).await
    }

    /// What a request comes to, in one word.
    async fn judge(&self, request: &Request<'_>) -> String {
        match self.send(request).await {
            Ok(client) => client.client().client_id.clone(),
            Err(ClientAuthError::TwoMethods) => "two methods".to_owned(),
            Err(ClientAuthError::TooMany { .. }) => "too many".to_owned(),
            Err(ClientAuthError::Refused { why, used_header }) => {
                assert_eq!(used_header, request.basic.is_some(), "{why}");
                format!("{why:?}")
            }
            Err(ClientAuthError::KeysUnavailable) => "keys unavailable".to_owned(),
            Err(ClientAuthError::Engine(error)) => format!("{error}"),
        }
    }
}

fn settings() -> SiteSettings {
    let any = Lifetime::from_secs(60);
    SiteSettings {
        issuer_url: ISSUER.to_owned(),
        origin: "https://as.example".to_owned(),
        base_path: "/tenant".to_owned(),
        secure: true,
        default_locale: Locale::English,
        lifetimes: Lifetimes {
            authorization_code: any,
            device_code: any,
            interaction: any,
            access_token: any,
            id_token: any,
            refresh_token_idle: any,
            refresh_token_absolute: any,
            session: any,
            remembered_consent: any,
            poll_interval: any,
        },
        scopes: Vec::new(),
        resources: Vec::new(),
        interactions_per_browser: 20,
    }
}

/// A request to an endpoint for clients.
#[derive(Default, Clone)]
struct Request<'a> {
    basic: Option<String>,
    form: Vec<(&'a str, &'a str)>,
    peer: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn basic(client_id: &str, secret: &str) -> Self {
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(client_id), encode(secret));
        Self {
            basic: Some(format!("Basic {}", BASE64.encode(pair.as_bytes()))),
            ..Self::default()
        }
    }

    fn post(form: &[(&'a str, &'a str)]) -> Self {
        Self {
            form: form.to_vec(),
            ..Self::default()
        }
    }

    fn assertion(assertion: &'a str) -> Self {
        Self::post(&[
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion),
        ])
    }

    fn and(mut self, name: &'a str, value: &'a str) -> Self {
        self.form.push((name, value));
        self
    }

    fn from(mut self, peer: &'a str) -> Self {
        self.peer = Some(peer);
        self
    }

    fn call(&self, now: Timestamp) -> Call {
        let mut headers = HeaderMap::new();
        if let Some(basic) = &self.basic {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(basic).unwrap());
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&self.form);
        Call {
            context: Context {
                now,
                request_id: "request".to_owned(),
                peer: self.peer.unwrap_or(HERE).parse().unwrap(),
                certificate: None,
            },
            method: Method::POST,
            path_values: Vec::new(),
            uri: http::Uri::default(),
            query: "client_id=cli&client_secret=secret".to_owned(),
            headers,
            body: body.finish().into(),
        }
    }
}
