//! The store and what opens it: master key, data key, signing keys, engine.
//!
//! The master key only wraps the data key; the data key seals what is stored. Both the issuer's record and its data
//! key are made by a conditional insert under an id that every node knows, so that the first node wins.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use data_encoding::BASE64;
use placet_core::{
    engine::{Engine, FOR_EVER, Limits, Retention},
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    random::{Random, SystemRandom},
    store::{Change, Commit, Key, Record, Store, StoreError},
    time::{Clock as _, Lifetime, Timestamp},
    vault::{DataKey, MasterKey, SealError, Vault},
};
use placet_store::{Location, OpenStore};
use placet_web::keys::KeyRing;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::{ServerClock, StartError};
use crate::config::{Settings, parse_master_key};

/// What an operator's commands and the server stand on.
pub struct Foundation {
    /// The server's time.
    pub clock: Arc<ServerClock>,
    /// The store.
    pub store: OpenStore,
    /// The issuer.
    pub issuer: Id<Issuer>,
    /// The opened data key.
    pub vault: Vault,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// The verbs.
    pub engine: Arc<Engine>,
    /// Makes the same for further issuers.
    pub(super) maker: IssuerMaker,
}

impl Foundation {
    /// Opens the store the settings name, making it when it is not there yet.
    ///
    /// # Errors
    /// [`StartError`]: the store, the master key or the signing keys cannot be used.
    pub async fn open(settings: &Settings) -> Result<Self, StartError> {
        let (store, clock) = open_store(settings).await?;
        Self::on(store, clock, settings).await
    }

    /// The same for a command beside a server: a name that was mistyped makes no store.
    ///
    /// # Errors
    /// [`StartError::NoStore`] when it is not there; [`StartError`], as [`Self::open`].
    pub async fn open_existing(settings: &Settings) -> Result<Self, StartError> {
        let place = &settings.database.place;
        let none = || StartError::NoStore {
            issuer: settings.public_origin.as_str().to_owned(),
            place: place.to_string(),
        };
        if let Location::Sqlite(path) = &place.location
            && !path.exists()
        {
            return Err(none());
        }
        let (store, clock) = open_store(settings).await?;
        let id = Issuer::new(settings.public_origin.as_str(), clock.now()).id;
        match store.records().issuer(id, id).await {
            Ok(Some(_)) => Self::on(store, clock, settings).await,
            Ok(None) => {
                store.close().await;
                Err(none())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn on(
        store: OpenStore,
        clock: Arc<ServerClock>,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let records = store.records();
        let master = master_key(settings)?;
        let random: Arc<dyn Random> = Arc::new(SystemRandom);

        let maker = IssuerMaker {
            records: Arc::clone(&records),
            master: master.clone(),
            caps: caps(settings),
            retention: retention(settings),
        };
        let issuer = issuer_record(records.as_ref(), settings.public_origin.as_str()).await?;
        // The mark is kept every few minutes; the newest event says what was reached since.
        let newest = store.newest_event_at().await?.unwrap_or(issuer.clock_mark);
        clock.believe(issuer.clock_mark.max(newest).max(clock.now()));
        let vault = vault(records.as_ref(), issuer.id, &master).await?;
        let keys = KeyRing::open(
            Arc::clone(&records),
            issuer.id,
            vault.clone(),
            Arc::clone(&random),
        )
        .await?;
        let engine = Engine::new(
            issuer.id,
            records,
            random,
            vault.clone(),
            Arc::clone(&keys) as _,
            caps(settings),
        )
        .keeping(retention(settings));
        Ok(Self {
            clock,
            store,
            issuer: issuer.id,
            vault,
            keys,
            engine: Arc::new(engine),
            maker,
        })
    }

    /// The same for a server: waits a while for a database that does not answer yet, since both may just be starting.
    ///
    /// # Errors
    /// [`StartError`], as [`Self::open`]; a database that stays away is one after `database.start_timeout_s`.
    pub async fn open_patiently(settings: &Settings) -> Result<Self, StartError> {
        let end = Instant::now() + settings.database.start_timeout;
        loop {
            match Self::open(settings).await {
                Err(StartError::Store(error)) if error.may_pass() && Instant::now() < end => {
                    let left_s = end.saturating_duration_since(Instant::now()).as_secs();
                    tracing::warn!(%error, left_s, "the store does not answer yet; trying again");
                    sleep(ASK_AGAIN).await;
                }
                opened => return opened,
            }
        }
    }

    /// Keeps the time that was reached, so that a later start notices a clock that was set back.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be written; trying later loses nothing.
    pub async fn mark_time(&self) -> Result<(), StoreError> {
        let store = self.store.records();
        let Some(found) = store.issuer(self.issuer, self.issuer).await? else {
            return Ok(());
        };
        let now = store.now();
        let mut issuer = found.value;
        if self.clock.behind().is_some() || issuer.clock_mark >= now {
            return Ok(());
        }
        issuer.clock_mark = now;
        let event = event(EventKind::IssuerChanged, "clock mark", now);
        let commit = Commit::new(self.issuer, event)
            .with(Change::update(found.version, Record::Issuer(issuer)));
        match store.commit(commit).await {
            // Another node marked the same moment.
            Ok(()) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Makes engine and keys of an issuer beside the root's.
#[derive(Clone)]
pub(super) struct IssuerMaker {
    records: Arc<dyn Store>,
    master: MasterKey,
    caps: Limits,
    retention: Retention,
}

impl IssuerMaker {
    /// The verbs and the signing keys of the issuer with this URL; its records are made when they are not there.
    pub(super) async fn make(&self, url: &str) -> Result<(Arc<Engine>, Arc<KeyRing>), StartError> {
        let issuer = issuer_record(self.records.as_ref(), url).await?.id;
        let vault = vault(self.records.as_ref(), issuer, &self.master).await?;
        self.on(issuer, vault).await
    }

    /// The same for an issuer whose records are there. `None` when it has no data key: nothing can be kept under it.
    pub(super) async fn find(&self, url: &str) -> Result<Option<Arc<Engine>>, StartError> {
        let issuer = Issuer::new(url, self.records.now()).id;
        let id: Id<DataKey> = Id::from_bytes(*issuer.as_bytes());
        let Some(stored) = data_key(self.records.as_ref(), issuer, id).await? else {
            return Ok(None);
        };
        let vault = unwrapped(&self.master, &stored)?;
        let (engine, _) = self.on(issuer, vault).await?;
        Ok(Some(engine))
    }

    async fn on(
        &self,
        issuer: Id<Issuer>,
        vault: Vault,
    ) -> Result<(Arc<Engine>, Arc<KeyRing>), StartError> {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let keys = KeyRing::open(
            Arc::clone(&self.records),
            issuer,
            vault.clone(),
            Arc::clone(&random),
        )
        .await?;
        let engine = Engine::new(
            issuer,
            Arc::clone(&self.records),
            random,
            vault,
            Arc::clone(&keys) as _,
            self.caps,
        )
        .keeping(self.retention);
        Ok((Arc::new(engine), keys))
    }
}

/// Opens the store under the server's clock, which watches over the time that decides expiry there.
async fn open_store(settings: &Settings) -> Result<(OpenStore, Arc<ServerClock>), StartError> {
    let mut clock = None;
    let store = OpenStore::open(&settings.database.place, |time| {
        let server = Arc::new(ServerClock::new(time));
        clock = Some(Arc::clone(&server));
        server
    })
    .await?;
    let clock = clock.expect("a store that opened asked for its clock");
    Ok((store, clock))
}

fn caps(settings: &Settings) -> Limits {
    let cap = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Limits {
        per_client: cap(settings.limits.pending_per_client),
        per_source: cap(settings.limits.pending_per_source),
        total: cap(settings.limits.pending_total),
    }
}

fn retention(settings: &Settings) -> Retention {
    Retention {
        events: settings.retention.events.unwrap_or(FOR_EVER),
        agreements: settings
            .lifetimes
            .remembered_consent
            .unwrap_or(Lifetime::ZERO),
    }
}

/// The master key the settings name; in development one is made when they name none.
///
/// # Errors
/// [`StartError::MasterKey`] when there is none or it cannot be read, [`StartError::File`] when it cannot be kept.
pub fn master_key(settings: &Settings) -> Result<MasterKey, StartError> {
    if let Some(key) = &settings.master_key {
        return Ok(key.clone());
    }
    if !settings.development {
        return Err(StartError::MasterKey(
            "keys.master_key_file is required unless development = true".to_owned(),
        ));
    }
    let path = settings.database.development_key.clone();
    let text = match fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_key(&path).map_err(|source| StartError::File {
                path: path.clone(),
                source,
            })?
        }
        Err(source) => return Err(StartError::File { path, source }),
    };
    parse_master_key(&text)
        .map_err(|fault| StartError::MasterKey(format!("{}: {fault}", path.display())))
}

/// Writes a new key that only this account can read. When another process was first, its key counts.
///
/// The file appears under its name when it is whole and on disk, and before anything is sealed under it: a power cut
/// leaves either no key, or this one.
fn make_key(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom.fill(bytes.as_mut());
    let text = Zeroizing::new(BASE64.encode(bytes.as_ref()));
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    match linked {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map(Zeroizing::new)
        }
        Err(error) => Err(error),
    }
}

async fn issuer_record(store: &dyn Store, url: &str) -> Result<Issuer, StartError> {
    let now = store.now();
    let new = Issuer::new(url, now);
    let id = new.id;
    if store.issuer(id, id).await?.is_none() {
        let made = event(EventKind::IssuerChanged, "made", now);
        insert(store, Commit::new(id, made), Record::Issuer(new.clone())).await?;
    }
    let found = store.issuer(id, id).await?;
    Ok(found.map_or(new, |found| found.value))
}

async fn vault(
    store: &dyn Store,
    issuer: Id<Issuer>,
    master: &MasterKey,
) -> Result<Vault, StartError> {
    // One id that every node knows, so that only one first data key can be inserted.
    let id: Id<DataKey> = Id::from_bytes(*issuer.as_bytes());
    let stored = if let Some(stored) = data_key(store, issuer, id).await? {
        stored
    } else {
        let now = store.now();
        let new = first_data_key(master, id, now)?;
        let made = event(EventKind::KeyChanged, "data key made", now);
        insert(
            store,
            Commit::new(issuer, made),
            Record::DataKey(new.clone()),
        )
        .await?;
        data_key(store, issuer, id).await?.unwrap_or(new)
    };
    unwrapped(master, &stored)
}

fn unwrapped(master: &MasterKey, stored: &DataKey) -> Result<Vault, StartError> {
    master.unwrap(stored).map_err(|error| {
        StartError::MasterKey(match error {
            SealError::WrongMaster => format!(
                "{error}: it is {}, the store was made with {}",
                master.name(),
                stored.master
            ),
            SealError::UnknownKey | SealError::Damaged => format!("the data key: {error}"),
        })
    })
}

/// A new data key under an id that was agreed on, not drawn.
fn first_data_key(
    master: &MasterKey,
    id: Id<DataKey>,
    now: Timestamp,
) -> Result<DataKey, StartError> {
    let drawn = master.new_data_key(now, &SystemRandom);
    let vault = master
        .unwrap(&drawn)
        .map_err(|error| StartError::MasterKey(error.to_string()))?;
    Ok(master.rewrap(&vault, &DataKey { id, ..drawn }, &SystemRandom))
}

async fn data_key(
    store: &dyn Store,
    issuer: Id<Issuer>,
    id: Id<DataKey>,
) -> Result<Option<DataKey>, StoreError> {
    match store.get(issuer, Key::data_key(id)).await? {
        None => Ok(None),
        Some(found) => match found.value {
            Record::DataKey(key) => Ok(Some(key)),
            other => Err(other.misplaced()),
        },
    }
}

/// Inserts a record unless another node was first.
async fn insert(store: &dyn Store, commit: Commit, record: Record) -> Result<(), StartError> {
    match store.commit(commit.with(Change::insert(record))).await {
        Ok(()) | Err(StoreError::Conflict | StoreError::Duplicate) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn event(kind: EventKind, note: &'static str, now: Timestamp) -> Event {
    let mut event = Event::new(Id::ordered(now, &SystemRandom), kind, now);
    event.note = Some(note.into());
    event
}

/// How soon a start asks again for a database that does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How often the time reached is kept.
pub(crate) const MARK_EVERY: Lifetime = Lifetime::from_secs(300);
