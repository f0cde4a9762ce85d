//! How many requests an engine carries from `open` over `answer` to `collect` in a second, without HTTP: three durable
//! commits each. On a SQLite file of its own, or on the empty PostgreSQL database of a URL:
//! `cargo run --release -p placet-store --example cycles -- [SECONDS] [CALLERS] [URL]`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program: it prints, reads real time, and is its own edge"
)]

use std::{
    borrow::Cow,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use placet_core::{
    client::{AuthenticatedClient, ClientMetadata},
    engine::{
        Answer, Ask, Caller, Collect, CollectBy, Decider, Decision, Engine, Limits, NewClient,
        NewPerson,
    },
    event::EventKind,
    issuer::Issuer,
    pending::{Delivery, FaceName, Payload, SignInNeed},
    person::Person,
    random::SystemRandom,
    right::Rights,
    store::{Change, Commit, Record, Store},
    time::{Clock, Lifetime, SystemClock},
    token::{AccessFormat, SignError, Signer, TokenSpec},
    vault::MasterKey,
};
use placet_store::{Location, OpenStore};
use serde_json::{Map, Value};

const NO_LIMIT: Limits = Limits {
    per_client: u32::MAX,
    per_source: u32::MAX,
    total: u32::MAX,
};

/// Signs nothing: the tokens of this measurement are opaque.
struct NoKeys;

impl Signer for NoKeys {
    fn sign(
        &self,
        alg: &str,
        _typ: Option<&str>,
        _claims: &Map<String, Value>,
    ) -> Result<String, SignError> {
        Err(SignError::NoKey(alg.to_owned()))
    }
}

struct Scene {
    engine: Engine,
    client: AuthenticatedClient,
    person: Person,
    rights: Rights,
}

type Failed = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut words = std::env::args().skip(1);
    let mut number = |otherwise| {
        words
            .next()
            .map_or(Ok(otherwise), |word| word.parse::<u64>())
    };
    let (seconds, callers) = (number(5)?, number(64)?);
    let folder = std::env::temp_dir().join(format!("placet-cycles-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let location = match words.next() {
        Some(url) => Location::Postgres(url.parse()?),
        None => Location::Sqlite(folder.join("cycles.db")),
    };
    let store = OpenStore::open(&location.into(), |clock| clock).await?;
    let scene = Arc::new(furnished(store.records()).await?);
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for _ in 0..callers {
        let (scene, done) = (Arc::clone(&scene), Arc::clone(&done));
        tasks.push(tokio::spawn(async move {
            while Instant::now() < end {
                cycle(&scene).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failed>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let count = done.load(Ordering::Relaxed);
    let took_us = u64::try_from(begun.elapsed().as_micros())?;
    println!("{callers} callers, {count} cycles in {took_us} µs");
    println!("{} cycles/s", count * 1_000_000 / took_us.max(1));
    println!("{} µs of CPU time per cycle", cpu_us()? / count.max(1));
    store.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

async fn furnished(store: Arc<dyn Store>) -> Result<Scene, Failed> {
    let now = SystemClock.now();
    let issuer = Issuer::new("https://id.example", now);
    let master = MasterKey::from_bytes([1; 32]);
    let vault = master.unwrap(&master.new_data_key(now, &SystemRandom))?;
    let engine = Engine::new(
        issuer.id,
        store,
        Arc::new(SystemRandom),
        vault,
        Arc::new(NoKeys),
        NO_LIMIT,
    );
    let operator = Caller::default();
    let event = engine.note(EventKind::IssuerChanged, &operator);
    let commit = Commit::new(issuer.id, event).with(Change::insert(Record::Issuer(issuer)));
    engine.put(commit).await?;
    let client = NewClient {
        client_id: "tv".to_owned(),
        secrets: Vec::new(),
        metadata: ClientMetadata::default(),
        disabled: false,
        declared: None,
    };
    engine.add_client(client, &operator).await?;
    let person = NewPerson {
        username: "ada".to_owned(),
        subject: None,
        password_hash: None,
        claims: Map::new(),
        disabled: false,
        declared: None,
    };
    engine.add_person(person, &operator).await?;
    let client = engine.client_named("tv").await?.ok_or("no client")?;
    let person = engine
        .store()
        .person_named(engine.issuer_id(), "ada")
        .await?
        .ok_or("no person")?
        .value;
    Ok(Scene {
        engine,
        client: AuthenticatedClient::vouch(client, None),
        person,
        rights: Rights::parse("read", [])?,
    })
}

/// A device asks, an operator's system approves for the person, the device collects an opaque token.
async fn cycle(scene: &Scene) -> Result<(), Failed> {
    let engine = &scene.engine;
    let ask = Ask {
        face: FaceName(Cow::Borrowed("oauth")),
        client: scene.client.client(),
        proven: true,
        proof: None,
        peer: "192.0.2.1".to_owned(),
        rights: scene.rights.clone(),
        need: SignInNeed::default(),
        addressed_to: None,
        delivery: Delivery::Poll {
            interval: Lifetime::from_secs(5),
        },
        browser: None,
        every_time: true,
        parent: None,
        continuation: None,
        on_answer: None,
        introduced: None,
        payload: Payload {
            version: 1,
            open: Value::Null,
            sealed: None,
        },
        lifetime: Lifetime::from_secs(600),
        with_user_code: true,
    };
    let opened = engine.open(ask, engine.store().now()).await?.into_inner();
    let answer = Answer {
        request: opened.request.id,
        by: Decider::Operator {
            credential: "bench",
            person: Some(&scene.person),
            subject: None,
        },
        shown: None,
        decision: Decision::Approve(scene.rights.clone()),
        cookie: None,
    };
    engine.answer(&answer, &Caller::default()).await?;
    let secret = opened.poll.ok_or("no handle to poll with")?;
    let collect = Collect {
        by: CollectBy::Poll,
        secret: &secret,
        client: &scene.client,
        check: &|_| Ok(()),
        specs: &|_, basis| {
            vec![TokenSpec::Access {
                format: AccessFormat::Opaque,
                alg: "none",
                rights: basis.rights.clone(),
                lifetime: Lifetime::from_secs(3_600),
                bound_to_session: false,
                claims: Map::new(),
                binding: None,
            }]
        },
    };
    engine.collect(&collect, &Caller::default()).await?;
    Ok(())
}

/// Microseconds of CPU time this process has used.
fn cpu_us() -> Result<u64, Failed> {
    let mut spent_ns = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let first = text.split_whitespace().next().ok_or("schedstat is empty")?;
        spent_ns += first.parse::<u64>()?;
    }
    Ok(spent_ns / 1_000)
}
