//! The wiring: from settings to a site that can answer.
//!
//! 1. [`Foundation`]: the store, the keys that open it, the engine. Commands beside a running server need no more.
//! 2. [`App`]: what the file declares is applied, the pages are compiled, the faces are plugged in.
//!
//! A start on an existing store reads a few rows and compiles pages; nothing is hashed that did not change.

mod clock;
mod declared;
mod foundation;
mod settings;
mod tenancy;
mod tenants;
mod undeclared;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use placet_core::engine::{self, Counted, Engine, OpenCount};
use placet_proof::Algorithm;
use placet_web::{
    face::{Face, Routes},
    fetch::{Fetch, FetchError, FetchSettings},
    hold::Holds,
    keys::KeyError,
    limit::Limiter,
    page::{PageError, Pages},
    person::{self, Passwords},
    site::Site,
};
use tokio::time::Instant;

pub use self::{
    clock::{ServerClock, TOLERANCE},
    foundation::{Foundation, master_key},
    tenancy::{StoredTenancy, Tenancy},
    tenants::{TenantSites, issuer_url},
};
pub(crate) use self::{foundation::MARK_EVERY, undeclared::Undeclared};
use crate::{config::Settings, health::Health, metrics::Metrics, router::table::Clash};

/// The algorithms whose keys are there before the first answer. RS256 costs a new store part of a second, but it signs the
/// ID tokens of every client that asks for nothing else, and clients keep the key set they read first.
const AT_ONCE: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

/// How long a start counts the open requests. Where they are more, it goes on beside the work.
const COUNT_AT_START: Duration = Duration::from_millis(100);

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error("cannot open the store: {0}")]
    Store(#[from] placet_store::OpenError),
    /// There is no store yet, and a command of an operator makes none.
    #[error("there is no store of {issuer} at {place}; `placet serve` makes it")]
    NoStore {
        /// Whose.
        issuer: String,
        /// Where it was looked for.
        place: String,
    },
    /// A file beside the store cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no master key, or not the one this store was made with.
    #[error("{0}")]
    MasterKey(String),
    /// The signing keys cannot be used.
    #[error("signing keys: {0}")]
    Keys(#[from] KeyError),
    /// The store failed while it was read.
    #[error("the store failed: {0}")]
    Engine(#[from] engine::Error),
    /// The pages cannot be made.
    #[error("pages: {0}")]
    Pages(#[from] PageError),
    /// The way out cannot be made.
    #[error("outbound: {0}")]
    Fetch(#[from] FetchError),
    /// A declared password cannot be hashed.
    #[error("the password of {username}: {source}")]
    Password {
        /// Whose.
        username: String,
        /// Why.
        source: person::PasswordError,
    },
    /// Two parts of the server claim the same path.
    #[error(transparent)]
    Clash(#[from] Clash),
    /// A listener cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("tls: {0}")]
    Tls(String),
}

impl From<placet_core::store::StoreError> for StartError {
    fn from(error: placet_core::store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// A server that can answer, without its listeners.
pub struct App {
    /// What it runs on.
    pub settings: Settings,
    /// Store, keys and engine.
    pub foundation: Foundation,
    /// What its handlers share.
    pub site: Arc<Site>,
    /// Its tenants.
    pub tenants: Arc<TenantSites>,
    /// Its condition.
    pub health: Arc<Health>,
    /// Its counters.
    pub metrics: Arc<Metrics>,
    /// Whether the open requests were few enough to be counted before the first answer.
    pub open_counted: bool,
}

impl App {
    /// Opens everything the settings name.
    ///
    /// # Errors
    /// [`StartError`] names the part that cannot be used.
    pub async fn open(settings: Settings) -> Result<Arc<Self>, StartError> {
        let foundation = Foundation::open_patiently(&settings).await?;
        for algorithm in AT_ONCE {
            foundation.keys.ensure(algorithm).await?;
        }
        let passwords = Arc::new(Passwords::new(
            settings::hash_parallel(&settings),
            settings.limits.password.hash_waiting,
        ));
        declared::apply(&foundation.engine, &passwords, &settings).await?;
        let open_counted = count_open(&foundation.engine).await?;
        let pages = Pages::new(
            settings::theme(&settings.theme)?,
            settings.theme.templates.as_deref(),
        )?;
        for advice in pages.theme().advice() {
            tracing::warn!("{advice}");
        }
        let site = Arc::new(Site {
            engine: Arc::clone(&foundation.engine),
            keys: Arc::clone(&foundation.keys),
            pages: Arc::new(pages),
            passwords,
            limiter: Arc::new(Limiter::new(settings::limiter(&settings))),
            holds: Arc::new(Holds::new(settings::holds(&settings))),
            fetch: Arc::new(Fetch::new(FetchSettings {
                extra_ca: settings::extra_ca(&settings)?,
                allow_private: settings.outbound.allow_private.clone(),
                development: settings.development,
            })?),
            settings: settings::site(&settings),
            faces: OnceLock::new(),
        });
        let root = settings.public_origin.as_str();
        let operator = settings
            .open_payments
            .as_ref()
            .map(|payments| Arc::new(tenants::operator(payments, &foundation.engine, root)));
        let tenants = Arc::new(TenantSites::new(root, foundation.maker.clone(), operator));
        let gnap = placet_gnap::face(settings::gnap(&settings), Arc::clone(&tenants) as _);
        let faces: Vec<Arc<dyn Face>> = vec![placet_oauth::face(), gnap];
        drop(site.faces.set(faces));
        tenants.rooted(&site);
        let health = Arc::new(Health::new(Arc::clone(&foundation.clock)));
        let metrics = Arc::new(Metrics::new(Arc::clone(&foundation.engine)));
        Ok(Arc::new(Self {
            settings,
            foundation,
            site,
            tenants,
            health,
            metrics,
            open_counted,
        }))
    }

    /// The routes of Open Payments for a listener of its own.
    pub fn payments_routes(&self) -> Routes {
        settings::gnap(&self.settings)
            .open_payments
            .map(|payments| placet_gnap::payments_routes(&payments, &self.finder()))
            .unwrap_or_default()
    }

    /// What resource servers of Open Payments may ask.
    pub fn introspection_routes(&self) -> Routes {
        settings::gnap(&self.settings)
            .open_payments
            .map(|payments| placet_gnap::introspection_routes(&payments, &self.finder()))
            .unwrap_or_default()
    }

    fn finder(&self) -> Arc<dyn placet_gnap::realm::Tenants> {
        Arc::clone(&self.tenants) as _
    }

    /// Every public route: the faces' and the person's.
    pub fn public_routes(&self) -> Routes {
        let faces = self.site.faces.get().into_iter().flatten();
        let mut routes: Routes = faces.flat_map(|face| face.routes(&self.site)).collect();
        routes.extend(person::routes(&self.site));
        routes
    }
}

/// Counts the open requests for the caps, if that takes no longer than a start may. Whether it did.
async fn count_open(engine: &Engine) -> Result<bool, engine::Error> {
    let end = Instant::now() + COUNT_AT_START;
    let mut count = OpenCount::default();
    while engine.count_open_step(&mut count).await? != Counted::All {
        if Instant::now() >= end {
            return Ok(false);
        }
    }
    Ok(true)
}
