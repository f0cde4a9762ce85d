//! Where the store is, and how it is reached.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use placet_store::{Location, LocationError, Place, postgres};
use zeroize::Zeroizing;

use super::confidential::Confidential;
use super::problem::Fault;
use super::reader::{Found, Reader, unreadable};
use super::source::{Disk, Files as _};

/// Where the store is, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Where it is, and how it is reached.
    pub place: Place,
    /// How long a start waits for a database that does not answer yet.
    pub start_timeout: Duration,
    /// Where the master key is kept that development makes by itself.
    pub development_key: PathBuf,
}

/// Reads the store's URL and what belongs to it. `settings_file` is where the settings come from.
pub(crate) fn database(top: &Reader<'_>, settings_file: Option<&Path>) -> Option<Database> {
    let section = top.section("database");
    let (location, postgres) = (location(top), postgres(&section));
    let start_timeout = seconds(&section, "start_timeout_s");
    let location = location?;
    if let Location::Sqlite(_) = location {
        for setting in ["connections", "extra_ca"]
            .iter()
            .filter(|name| section.has(name))
        {
            let fault = Fault::new("does nothing for SQLite");
            section.warning(&section.place_of(setting), setting, fault);
        }
    }
    let development_key = development_key(&location, settings_file);
    Some(Database {
        place: Place { location, postgres },
        start_timeout,
        development_key,
    })
}

fn postgres(section: &Reader<'_>) -> postgres::Settings {
    postgres::Settings {
        connections: section.count("connections"),
        acquire_timeout: seconds(section, "acquire_timeout_s"),
        connect_timeout: seconds(section, "connect_timeout_s"),
        statement_timeout: seconds(section, "statement_timeout_s"),
        extra_ca: section.existing_file("extra_ca").map(|found| found.value),
    }
}

fn seconds(section: &Reader<'_>, name: &str) -> Duration {
    Duration::from_millis(section.seconds(name).as_millis())
}

fn location(top: &Reader<'_>) -> Option<Location> {
    let (url, file) = (
        top.secret("database_url"),
        top.secret_file("database_url_file"),
    );
    if top.has("database_url") && top.has("database_url_file") {
        let fault = Fault::new("stands beside database_url; one of them is enough");
        top.error(
            &top.place_of("database_url_file"),
            "database_url_file",
            fault,
        );
        return None;
    }
    let (name, url) = match (url, file) {
        (Some(url), _) => ("database_url", url),
        (None, Some(url)) => ("database_url_file", url),
        (None, None) if top.has("database_url") || top.has("database_url_file") => return None,
        (None, None) => {
            let fault = Fault::new("is missing");
            let hint = "for example database_url = \"sqlite:./placet.db\"";
            top.error(top.place(), "database_url", fault.hint(hint));
            return None;
        }
    };
    match parse(top, &url) {
        Ok(location) => Some(location),
        Err(fault) => {
            top.error(&url.place, name, fault);
            None
        }
    }
}

/// Another store than the settings name, reached in the same way: by its URL, or by a private file that holds it.
///
/// # Errors
/// What is wrong, in one line that repeats no password.
pub fn another_place(
    database: &Database,
    url: Option<String>,
    file: Option<PathBuf>,
) -> Result<Place, String> {
    let url = match (url, file) {
        (Some(url), _) => Zeroizing::new(url),
        (None, Some(file)) => private_text(&file)?,
        (None, None) => return Err("name the other store".to_owned()),
    };
    let location: Location = url
        .trim()
        .parse()
        .map_err(|error: LocationError| error.to_string())?;
    Ok(Place {
        location,
        ..database.place.clone()
    })
}

fn private_text(file: &Path) -> Result<Zeroizing<String>, String> {
    let shown = file.display();
    let failed = |error| format!("{shown} {}", unreadable(&error));
    if Disk.facts(file).map_err(failed)?.world_readable() {
        return Err(format!("{shown} can be read by everybody; chmod 600 it"));
    }
    Disk.read(file).map(Zeroizing::new).map_err(failed)
}

/// Reads the URL; a relative path of a file starts where the setting says it does.
fn parse(top: &Reader<'_>, url: &Found<Confidential>) -> Result<Location, Fault> {
    let location: Location = url.value.reveal().trim().parse().map_err(fault)?;
    Ok(match location {
        Location::Sqlite(path) => Location::Sqlite(top.resolve(&Found {
            value: path.to_string_lossy().into_owned(),
            place: url.place.clone(),
        })),
        Location::Postgres(url) => Location::Postgres(url),
    })
}

fn fault(error: LocationError) -> Fault {
    let postgres = "write \"postgres://USER:PASSWORD@HOST/DATABASE\"";
    let sqlite = "write \"sqlite:\" and a path, as in \"sqlite:./placet.db\"";
    match error {
        LocationError::NoScheme | LocationError::UnknownScheme { .. } => {
            Fault::new("must begin with sqlite: or postgres:").hint(sqlite)
        }
        LocationError::NoPath => Fault::new("names no file").hint(sqlite),
        LocationError::InMemory | LocationError::Options => {
            Fault::new("must name a file and nothing else").hint(sqlite)
        }
        LocationError::Postgres(error) => Fault::new(format!("is {error}")).hint(postgres),
    }
}

/// Beside the database where it is a file, else beside the settings: whoever tries things out finds it there, and a
/// second node of the same store is told that it has another one.
fn development_key(location: &Location, settings_file: Option<&Path>) -> PathBuf {
    let database = match location {
        Location::Sqlite(path) => Some(path.as_path()),
        Location::Postgres(_) => None,
    };
    let beside = database
        .or(settings_file)
        .unwrap_or_else(|| Path::new("placet"));
    let mut name = beside
        .file_name()
        .map_or_else(|| OsString::from("placet"), ToOwned::to_owned);
    name.push(".development-key");
    beside.with_file_name(name)
}
