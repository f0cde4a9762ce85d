//! A whole site in memory, a protocol that only redirects, and browsers that keep cookies.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock},
};

use argon2::{Argon2, Params, PasswordHasher as _};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use placet_core::{
    client::{AuthenticatedClient, Client, ClientMetadata},
    engine::{
        Ask, Caller, Collect, CollectBy, Committed, Engine, Handover, Limits, NewClient, NewPerson,
        Opened, Shown,
    },
    event::EventKind,
    grant::Grant,
    issuer::Issuer,
    pending::{Delivery, FaceName, Payload, PendingRequest, SignInNeed, State},
    right::Rights,
    secret::{Secret, kind},
    store::{Change, Commit, Record, Store as _},
    testing::{FixedClock, MemoryStore, SeededRandom},
    time::{Clock as _, Lifetime},
    token::{Basis, TokenSet, TokenSpec},
    vault::MasterKey,
};

use crate::{
    context::{Call, Context},
    face::{AskLine, Face, Next, Prompt, Routes},
    fetch::{Fetch, FetchSettings},
    hold::{HoldSettings, Holds},
    keys::KeyRing,
    limit::{Limiter, LimiterSettings},
    page::{Locale, Pages, Theme},
    person::{Attendance, Passwords, Silent, Wish, begin, enter, routes, silently},
    reply::Reply,
    site::{Lifetimes, ScopeEntry, Site, SiteSettings},
};

pub(super) const ORIGIN: &str = "https://login.example";

/// A protocol with nothing of its own but what a test lets it say. An ask is the scope its key names.
struct PlainFace {
    says: Arc<Mutex<Prompt>>,
}

impl Face for PlainFace {
    fn name(&self) -> FaceName {
        FaceName("plain".into())
    }
    fn routes(&self, _site: &Arc<Site>) -> Routes {
        Routes::new()
    }
    fn describe(&self, _site: &Site, shown: &Shown) -> Prompt {
        let origin = shown.request.payload.open["origin"].as_str();
        Prompt {
            answer_host: origin
                .and_then(|o| o.strip_prefix("https://"))
                .map(str::to_owned),
            answer_origin: origin.map(str::to_owned),
            from_device: shown.user_code.is_some(),
            start_again: origin.map(str::to_owned),
            ..self.says.lock().unwrap().clone()
        }
    }
    fn narrowed(&self, _site: &Site, shown: &Shown, kept: &BTreeSet<&str>) -> Rights {
        let mut rights = shown.request.asked.clone();
        let says = self.says.lock().unwrap();
        let left_out = |key: &str| {
            let mut lines = says.asks.iter();
            lines.any(|line| line.key == key && line.optional) && !kept.contains(key)
        };
        rights.scopes.retain(|scope| !left_out(scope.as_str()));
        rights
    }
    fn describe_grant(&self, _site: &Site, _grant: &Grant) -> Option<Vec<AskLine>> {
        Some(self.says.lock().unwrap().asks.clone())
    }
    fn tokens(&self, _site: &Site, _: &PendingRequest, _: &Basis<'_>) -> Vec<TokenSpec> {
        Vec::new()
    }
    fn after_answer(&self, _site: &Site, handover: &Committed<Handover>) -> Next {
        let handover = handover.get();
        let payload = &handover.request.payload.open;
        let Some(origin) = payload["origin"].as_str() else {
            return Next::Stay;
        };
        let (name, value) = match &handover.code {
            Some(code) => ("code", code.clone()),
            None => ("error", "access_denied".to_owned()),
        };
        if payload["form_post"] == true {
            return Next::FormPost {
                action: format!("{origin}/back"),
                fields: vec![(name.to_owned(), value)],
            };
        }
        Next::Redirect(format!("{origin}/back?{name}={value}"))
    }
}

/// One server with its clock in hand.
pub(super) struct World {
    pub(super) site: Arc<Site>,
    pub(super) clock: FixedClock,
    pub(super) store: MemoryStore,
    /// What the face says of every request and grant.
    pub(super) says: Arc<Mutex<Prompt>>,
    routes: Routes,
}

/// How a client asks through the browser.
#[derive(Clone)]
pub(super) struct Asks {
    pub(super) client: &'static str,
    pub(super) scope: &'static str,
    pub(super) origin: &'static str,
    pub(super) need: SignInNeed,
    pub(super) always_ask: bool,
    pub(super) form_post: bool,
    pub(super) query: &'static str,
}

impl Default for Asks {
    fn default() -> Self {
        Self {
            client: "photos",
            scope: "read",
            origin: "https://photos.example",
            need: SignInNeed::default(),
            always_ask: false,
            form_post: false,
            query: "",
        }
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut SiteSettings)) -> Self {
        let clock = FixedClock::default();
        let store = MemoryStore::new(clock.clone());
        let random = Arc::new(SeededRandom::new(7));
        let master = MasterKey::from_bytes([9; 32]);
        let vault = master
            .unwrap(&master.new_data_key(clock.now(), random.as_ref()))
            .unwrap();
        let issuer = Issuer::new(ORIGIN, clock.now());
        let shared: Arc<dyn placet_core::store::Store> = Arc::new(store.clone());
        let keys = KeyRing::open(
            Arc::clone(&shared),
            issuer.id,
            vault.clone(),
            Arc::<SeededRandom>::clone(&random),
        )
        .await
        .unwrap();
        let limits = Limits {
            per_client: 1000,
            per_source: 1000,
            total: 1000,
        };
        let signer: Arc<dyn placet_core::token::Signer> = Arc::<KeyRing>::clone(&keys);
        let engine = Engine::new(issuer.id, shared, random, vault, signer, limits);
        let event = engine.note(EventKind::IssuerChanged, &Caller::default());
        let commit = Commit::new(issuer.id, event).with(Change::insert(Record::Issuer(issuer)));
        engine.put(commit).await.unwrap();
        let mut settings = settings();
        change(&mut settings);
        let site = Arc::new(Site {
            engine: Arc::new(engine),
            keys,
            pages: Arc::new(Pages::new(Theme::default(), None).unwrap()),
            passwords: Arc::new(Passwords::new(2, 8)),
            limiter: Arc::new(Limiter::new(LimiterSettings::default())),
            holds: Arc::new(Holds::new(HoldSettings::default())),
            fetch: Arc::new(Fetch::new(FetchSettings::default()).unwrap()),
            settings,
            faces: OnceLock::new(),
        });
        let says = Arc::<Mutex<Prompt>>::default();
        let face = PlainFace {
            says: Arc::clone(&says),
        };
        assert!(site.faces.set(vec![Arc::new(face)]).is_ok());
        let routes = routes(&site);
        let world = Self {
            site,
            clock,
            store,
            says,
            routes,
        };
        world.person("ada", "u-1").await;
        world.person("bob", "u-2").await;
        world.client("photos", ClientMetadata::default()).await;
        let own = ClientMetadata {
            first_party: true,
            ..ClientMetadata::default()
        };
        world.client("own", own).await;
        world.client("tv", ClientMetadata::default()).await;
        world
    }

    async fn person(&self, name: &str, subject: &str) {
        let new = NewPerson {
            username: name.to_owned(),
            subject: Some(subject.to_owned()),
            password_hash: Some(cheap_hash(&format!("{name}-secret"))),
            claims: serde_json::Map::new(),
            disabled: false,
            declared: None,
        };
        let engine = &self.site.engine;
        engine.add_person(new, &Caller::default()).await.unwrap();
    }

    pub(super) async fn client(&self, client_id: &str, metadata: ClientMetadata) {
        let new = NewClient {
            client_id: client_id.to_owned(),
            secrets: Vec::new(),
            metadata,
            disabled: false,
            declared: None,
        };
        let engine = &self.site.engine;
        engine.add_client(new, &Caller::default()).await.unwrap();
    }

    pub(super) async fn named(&self, client_id: &str) -> Arc<Client> {
        let engine = &self.site.engine;
        engine.client_named(client_id).await.unwrap().unwrap()
    }

    /// What the authorization endpoint of a face does: answer silently if a rule may, else ask.
    pub(super) async fn authorize(&self, browser: &mut Browser, asks: &Asks) -> Answer {
        let path = format!("/authorize?{}", asks.query);
        let call = browser.call(self, Method::GET, &path, "");
        let (client, rights) = (self.named(asks.client).await, rights(asks.scope));
        let ready = match self.silent(browser, asks).await {
            Silent::Decided(ready) => Some(ready),
            Silent::LoginRequired | Silent::ConsentRequired | Silent::InteractionRequired => None,
        };
        let delivery = Delivery::Redirect {
            code_lifetime: Lifetime::from_secs(60),
        };
        let open = serde_json::json!({ "origin": asks.origin, "form_post": asks.form_post });
        let mut ask = ask(&client, rights, delivery, open);
        ask.need = asks.need.clone();
        ask.every_time = asks.always_ask;
        let reply = begin(&self.site, &call, ask, ready, Attendance::Ask)
            .await
            .unwrap();
        browser.take(reply)
    }

    pub(super) async fn silent(&self, browser: &Browser, asks: &Asks) -> Silent {
        let call = browser.call(self, Method::GET, "/authorize", "");
        let (client, rights) = (self.named(asks.client).await, rights(asks.scope));
        let wish = Wish {
            client: &client,
            redirect_uri: asks.origin,
            asked: &rights,
            need: &asks.need,
            always_ask: asks.always_ask,
        };
        silently(&self.site, &call, &wish).await.unwrap()
    }

    /// A device asks; its code comes back.
    pub(super) async fn device_asks(&self, client_id: &str, scope: &str) -> Opened {
        let client = self.named(client_id).await;
        let delivery = Delivery::Poll {
            interval: Lifetime::from_secs(5),
        };
        let mut ask = ask(&client, rights(scope), delivery, serde_json::json!({}));
        ask.with_user_code = true;
        let opened = self.site.engine.open(ask, self.clock.now()).await;
        opened.unwrap().into_inner()
    }

    /// A client that polls sends a browser. Answers the page and what it polls with.
    pub(super) async fn polled(
        &self,
        browser: &mut Browser,
        client_id: &str,
        scope: &str,
    ) -> (String, String) {
        let client = self.named(client_id).await;
        let delivery = Delivery::Poll {
            interval: Lifetime::from_secs(5),
        };
        let ask = ask(&client, rights(scope), delivery, serde_json::json!({}));
        let opened = self.site.engine.open(ask, self.clock.now()).await;
        let opened = opened.unwrap().into_inner();
        let call = browser.call(self, Method::GET, "/start", "");
        let reply = enter(&self.site, &call, &opened.request, None);
        let page = browser.take(reply).location.replace(ORIGIN, "");
        (page, opened.poll.unwrap().reveal())
    }

    /// A client lays a request before a person. Answers the path under which that person finds it.
    pub(super) async fn lays_before(&self, client_id: &str, username: &str) -> String {
        let (client, engine) = (self.named(client_id).await, &self.site.engine);
        let store: &dyn placet_core::store::Store = &self.store;
        let person = store.person_named(engine.issuer_id(), username).await;
        let person = person.unwrap().unwrap().value;
        let delivery = Delivery::Poll {
            interval: Lifetime::from_secs(5),
        };
        let mut ask = ask(&client, rights("read"), delivery, serde_json::json!({}));
        ask.need.subject = Some(person.subject);
        ask.addressed_to = Some(person.id);
        ask.every_time = true;
        let opened = engine.open(ask, self.clock.now()).await;
        let opened = opened.unwrap().into_inner();
        format!("/account/requests/{}", opened.request.id)
    }

    /// The client takes the result, so that there is a grant.
    pub(super) async fn collect(&self, client_id: &str, by: CollectBy, secret: &str) -> TokenSet {
        let client = vouched(self.named(client_id).await);
        let secret = Secret::<kind::Collect>::parse(secret).unwrap();
        let ask = Collect {
            by,
            secret: &secret,
            client: &client,
            check: &|_| Ok(()),
            specs: &|_, _| Vec::new(),
        };
        let tokens = self.site.engine.collect(&ask, &Caller::default()).await;
        tokens.unwrap().into_inner()
    }

    pub(super) async fn state_of(&self, page: &str) -> State {
        let id = page.split('/').nth(2).unwrap().parse().unwrap();
        let store: &dyn placet_core::store::Store = &self.store;
        let found = store.pending(self.site.engine.issuer_id(), id).await;
        found.unwrap().unwrap().value.state
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test plays client authentication"
)]
fn vouched(client: Arc<Client>) -> AuthenticatedClient {
    AuthenticatedClient::vouch(client, None)
}

fn ask(client: &Client, rights: Rights, delivery: Delivery, open: serde_json::Value) -> Ask<'_> {
    Ask {
        face: FaceName("plain".into()),
        client,
        proven: false,
        proof: None,
        peer: "203.0.113.7".to_owned(),
        rights,
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
            open,
            sealed: None,
        },
        lifetime: Lifetime::from_secs(600),
        with_user_code: false,
    }
}

fn rights(scope: &str) -> Rights {
    Rights::parse(scope, []).unwrap()
}

/// A hash with the least parameters there are, so that tests need not wait.
fn cheap_hash(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.as_bytes(), &[5; 16]);
    hash.unwrap().to_string()
}

fn settings() -> SiteSettings {
    let scope = |name: &str, optional, step_up| ScopeEntry {
        name: name.to_owned(),
        description: vec![
            ("en".to_owned(), format!("May {name}")),
            ("de".to_owned(), format!("Darf {name}")),
        ],
        optional,
        step_up,
    };
    let minutes = |n: u64| Lifetime::from_secs(n * 60);
    SiteSettings {
        issuer_url: ORIGIN.to_owned(),
        origin: ORIGIN.to_owned(),
        base_path: String::new(),
        secure: true,
        default_locale: Locale::English,
        lifetimes: Lifetimes {
            authorization_code: minutes(1),
            device_code: minutes(10),
            interaction: minutes(10),
            access_token: minutes(5),
            id_token: minutes(5),
            refresh_token_idle: minutes(60),
            refresh_token_absolute: minutes(600),
            session: minutes(480),
            remembered_consent: minutes(60 * 24 * 365),
            poll_interval: Lifetime::from_secs(5),
        },
        scopes: vec![
            scope("read", false, None),
            scope("write", true, None),
            scope("pay", false, Some(minutes(5))),
        ],
        resources: Vec::new(),
        interactions_per_browser: 20,
    }
}

/// A browser: a cookie jar, an address and what it says about itself.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) peer: IpAddr,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// What a browser got.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) body: String,
    pub(super) headers: HeaderMap,
}

impl Browser {
    pub(super) fn new() -> Self {
        Self {
            cookies: BTreeMap::new(),
            peer: "203.0.113.7".parse().unwrap(),
            headers: Vec::new(),
        }
    }

    pub(super) fn at(peer: &str) -> Self {
        Self {
            peer: peer.parse().unwrap(),
            ..Self::new()
        }
    }

    pub(super) fn call(&self, world: &World, method: Method, path: &str, body: &str) -> Call {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = HeaderMap::new();
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        if !jar.is_empty() {
            headers.insert(
                header::COOKIE,
                HeaderValue::try_from(jar.join("; ")).unwrap(),
            );
        }
        if method == Method::POST {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, form);
        }
        for (name, value) in &self.headers {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::try_from(value).unwrap(),
            );
        }
        Call {
            context: Context {
                now: world.store.now(),
                request_id: "request-1".to_owned(),
                peer: self.peer,
                certificate: None,
            },
            method,
            path_values: path.split('/').map(str::to_owned).collect(),
            uri: http::Uri::default(),
            query: query.to_owned(),
            headers,
            body: Bytes::from(body.to_owned()),
        }
    }

    pub(super) async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Method::GET, path, "").await
    }

    pub(super) async fn post(
        &mut self,
        world: &World,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(world, Method::POST, path, &body).await
    }

    async fn send(&mut self, world: &World, method: Method, path: &str, body: &str) -> Answer {
        let mut call = self.call(world, method, path, body);
        let pieces: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == pieces.len()
                && parts
                    .iter()
                    .zip(&pieces)
                    .all(|(a, b)| a.starts_with('{') || a == b)
        };
        let route = world
            .routes
            .iter()
            .find(|route| route.method == call.method && fits(route.path))
            .unwrap_or_else(|| panic!("no route for {path}"));
        let parts = route.path.split('/').zip(&pieces);
        call.path_values = parts
            .filter(|(part, _)| part.starts_with('{'))
            .map(|(_, value)| (*value).to_owned())
            .collect();
        let reply = (route.handler)(call).await;
        self.take(reply)
    }

    /// Keeps the cookies of a reply.
    fn take(&mut self, reply: Reply) -> Answer {
        for cookie in reply.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = reply.headers.get(header::LOCATION);
        Answer {
            status: reply.status.as_u16(),
            location: location.map_or("", |l| l.to_str().unwrap()).to_owned(),
            body: String::from_utf8(reply.body.to_vec()).unwrap_or_default(),
            headers: reply.headers,
        }
    }

    /// Signs in at a request's page.
    pub(super) async fn sign_in(&mut self, world: &World, page: &str, name: &str) -> Answer {
        let csrf = self.get(world, page).await.field("csrf");
        let password = format!("{name}-secret");
        let fields = [
            ("csrf", csrf.as_str()),
            ("login", name),
            ("password", &password),
        ];
        self.post(world, &format!("{page}/sign-in"), &fields).await
    }

    /// Presses a button of a request's page as it stands.
    pub(super) async fn press(&mut self, world: &World, page: &str, decision: &str) -> Answer {
        let form = self.get(world, page).await;
        self.press_on(world, page, &form, decision).await
    }

    /// Presses a button of a page that was loaded earlier.
    pub(super) async fn press_on(
        &mut self,
        world: &World,
        page: &str,
        form: &Answer,
        decision: &str,
    ) -> Answer {
        let (csrf, digest) = (form.field("csrf"), form.field("digest"));
        let fields = [
            ("csrf", csrf.as_str()),
            ("digest", &digest),
            ("decision", decision),
            ("confirm_device", "yes"),
        ];
        self.post(world, &format!("{page}/decision"), &fields).await
    }

    /// Types a code at `/device`.
    pub(super) async fn enter(&mut self, world: &World, code: &str) -> Answer {
        let csrf = self.get(world, "/device").await.field("csrf");
        self.post(world, "/device", &[("csrf", &csrf), ("user_code", code)])
            .await
    }

    /// Signs in for the person's own pages.
    pub(super) async fn sign_in_alone(&mut self, world: &World, name: &str) -> Answer {
        let csrf = self.get(world, "/sign-in").await.field("csrf");
        let password = format!("{name}-secret");
        let fields = [
            ("csrf", csrf.as_str()),
            ("login", name),
            ("password", &password),
        ];
        self.post(world, "/sign-in", &fields).await
    }

    /// The value of the session cookie.
    pub(super) fn session(&self) -> Option<&String> {
        let named = |(name, value)| -> Option<&String> {
            let name: &String = name;
            name.starts_with("__Host-placet-session").then_some(value)
        };
        self.cookies.iter().find_map(named)
    }
}

impl Answer {
    /// The value of the first hidden field of this name; empty when there is none.
    pub(super) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.body.split_once(&mark).map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The value of `data-outcome` of the page itself, not of what it holds ready for later.
    pub(super) fn outcome(&self) -> &str {
        let page = self.body.split("<template").next().unwrap_or_default();
        let rest = page
            .split_once("data-outcome=\"")
            .map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default()
    }

    /// The stable code of an error page.
    pub(super) fn error_code(&self) -> &str {
        let rest = self.body.split_once("id=\"error-code\">");
        let rest = rest.map_or("", |(_, rest)| rest);
        rest.split('<').next().unwrap_or_default()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}
