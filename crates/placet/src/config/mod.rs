//! The settings of `placet serve`: one TOML file, overridden by `PLACET_…` variables, overridden by flags.
//!
//! 1. `source` gives the texts, `file` and `env` make one tree of them that remembers where each value stands.
//! 2. `known` finds keys that no setting has; `reader` turns values into types that cannot be wrong.
//! 3. `check` compares settings with each other.
//!
//! Every step reports and goes on, so that all problems are told at once. What each setting is, is said once, in
//! `catalogue`; defaults, variable names, the example and `docs/configuration.md` come from there.

pub mod catalogue;
mod check;
mod colour;
mod confidential;
mod database;
mod declared;
mod docs;
mod env;
mod example;
mod file;
mod known;
mod limits;
mod network;
mod origin;
mod payments;
mod problem;
mod reader;
mod server;
mod source;
#[cfg(test)]
mod tests;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use placet_core::vault::MasterKey;

pub use colour::Colour;
pub use confidential::Confidential;
pub use database::{Database, another_place};
pub use declared::{
    DeclaredClient, DeclaredPerson, DeclaredResource, DeclaredScope, Finding, LocalText, Password,
    TokenFormat, check_client, check_redirect_uri,
};
pub use docs::markdown;
pub use example::example;
pub use limits::{
    ClientAuthLimits, ConnectionLimits, HeldPollLimits, Lifetimes, Limits, PasswordLimits,
    Retention, UserCodeLimits,
};
pub use network::Network;
pub use origin::Origin;
pub(crate) use payments::check_consent_url;
pub use payments::{DeclaredTenant, Gnap, OpenPayments, Provider};
pub use problem::{Fault, Place, Problem, Severity, render};
pub use server::{Admin, Log, LogFormat, Outbound, Theme, Tls, parse_master_key};
pub use source::{Disk, FileFacts, Files, Sources};
pub(crate) use values::{
    check_client_id, check_fetched_url, check_label, check_password_hash, check_resource,
    check_scope, check_subject, check_username, check_web_address,
};

use file::Table;
use problem::Report;
use reader::{Reader, Surroundings};

/// Everything `placet serve` runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public address and issuer identifier.
    pub public_origin: Origin,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Whether http on loopback is allowed and a master key is made by itself.
    pub development: bool,
    /// Where the store is.
    pub database: Database,
    /// The server's own TLS.
    pub tls: Option<Tls>,
    /// The operators' listener.
    pub admin: Option<Admin>,
    /// What may be fetched from elsewhere.
    pub outbound: Outbound,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The key that wraps data keys; absent only in development.
    pub master_key: Option<MasterKey>,
    /// Caps and rates.
    pub limits: Limits,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How long what is over is kept.
    pub retention: Retention,
    /// How the pages look.
    pub theme: Theme,
    /// The language of last resort.
    pub default_locale: String,
    /// What is logged.
    pub log: Log,
    /// GNAP.
    pub gnap: Gnap,
    /// Open Payments. Absent: not spoken.
    pub open_payments: Option<OpenPayments>,
    /// Declared tenants.
    pub tenants: Vec<DeclaredTenant>,
    /// Declared scopes.
    pub scopes: Vec<DeclaredScope>,
    /// Declared resources.
    pub resources: Vec<DeclaredResource>,
    /// Declared people.
    pub people: Vec<DeclaredPerson>,
    /// Declared clients.
    pub clients: Vec<DeclaredClient>,
    /// What an operator should know although the server starts.
    pub warnings: Vec<Problem>,
}

impl Settings {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All problems at once, warnings among them, in the order of the file, then variables, then flags.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Vec<Problem>> {
        let report = Report::default();
        let Some(document) = document(sources, &report) else {
            return Err(report.into_sorted());
        };
        known::check(&document, &report);
        let directory = sources
            .file
            .as_deref()
            .and_then(Path::parent)
            .map_or_else(PathBuf::new, Path::to_owned);
        let surroundings = Surroundings {
            report: &report,
            files: sources.files,
            directory: &directory,
        };
        let settings = Self::read(
            &Reader::new(document, surroundings),
            sources.file.as_deref(),
        );
        let problems = report.into_sorted();
        match settings {
            Some(settings)
                if problems
                    .iter()
                    .all(|problem| problem.severity == Severity::Warning) =>
            {
                Ok(Self {
                    warnings: problems,
                    ..settings
                })
            }
            Some(_) | None => Err(problems),
        }
    }

    fn read(top: &Reader<'_>, settings_file: Option<&Path>) -> Option<Self> {
        let public_origin = top.parsed("public_origin", Origin::parse);
        let listen = server::address(top, "listen");
        let development = top.flag("development");
        let database = database::database(top, settings_file);
        let tls = server::tls(&top.section("tls"));
        let admin = server::admin(&top.section("admin"));
        let keys = top.section("keys");
        let master_key = server::master_key(&keys);
        let trusted_proxies = server::trusted(&top.section("proxy"));
        let outbound = server::outbound(&top.section("outbound"));
        let limits = limits::limits(&top.section("limits"));
        let lifetimes = limits::lifetimes(&top.section("lifetimes"));
        let retention = limits::retention(&top.section("retention"));
        let theme = server::theme(&top.section("theme"));
        let locale = top
            .section("locale")
            .parsed("default", server::language_tag);
        let log = server::log(&top.section("log"));
        let gnap = payments::gnap(&top.section("gnap"));
        let open_payments = payments::open_payments(&top.section("open_payments"));
        let tenants = payments::tenants(top);
        let declared = declared::read(top, development);

        let exposure = check::Exposure {
            public_origin: public_origin.as_ref(),
            listen: listen.as_ref(),
            admin: admin.as_ref(),
            development,
            ends_tls: tls.is_some(),
            trusts_proxies: !trusted_proxies.is_empty(),
        };
        check::exposure(top, &exposure);
        check::master_key(&keys, development);

        Some(Self {
            public_origin: public_origin?.value,
            listen: listen?.value,
            development,
            database: database?,
            tls,
            admin: admin.map(|found| found.value),
            outbound,
            trusted_proxies,
            master_key,
            limits,
            lifetimes,
            retention,
            theme: theme?,
            default_locale: locale?.value,
            log: log?,
            gnap,
            open_payments,
            tenants,
            scopes: declared.scopes,
            resources: declared.resources,
            people: declared.people,
            clients: declared.clients,
            warnings: Vec::new(),
        })
    }
}

/// One tree of file, variables and flags; absent when the file cannot be read, since all else would look missing.
fn document(sources: &Sources<'_>, report: &Report) -> Option<Table> {
    let mut document = match &sources.file {
        None => Table::empty(Place::Nowhere),
        Some(path) => match sources.files.read(path) {
            Ok(text) => file::parse(path, &text, report),
            Err(error) => {
                let place = Place::File {
                    path: path.clone(),
                    line: None,
                };
                report.error(&place, None, Fault::new(reader::unreadable(&error)));
                return None;
            }
        },
    };
    env::overlay(&mut document, sources, report);
    Some(document)
}
