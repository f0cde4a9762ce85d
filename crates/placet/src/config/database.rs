//! Where the store is, and how it is reached.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use placet_store::{Location, LocationError};

use super::confidential::Confidential;
use super::problem::Fault;
use super::reader::{Found, Reader};

/// Where the store is, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The engine, and where it is.
    pub location: Location,
    /// Where the master key is kept that development makes by itself.
    pub development_key: PathBuf,
}

/// Reads the store's URL and what belongs to it. `settings_file` is where the settings come from.
pub(crate) fn database(top: &Reader<'_>, settings_file: Option<&Path>) -> Option<Database> {
    let location = location(top);
    let location = location?;
    let development_key = development_key(&location, settings_file);
    Some(Database {
        location,
        development_key,
    })
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

/// Reads the URL; a relative path of a file starts where the setting says it does.
fn parse(top: &Reader<'_>, url: &Found<Confidential>) -> Result<Location, Fault> {
    let location: Location = url.value.reveal().trim().parse().map_err(fault)?;
    Ok(match location {
        Location::Sqlite(path) => Location::Sqlite(top.resolve(&Found {
            value: path.to_string_lossy().into_owned(),
            place: url.place.clone(),
        })),
    })
}

fn fault(error: LocationError) -> Fault {
    let sqlite = "write \"sqlite:\" and a path, as in \"sqlite:./placet.db\"";
    match error {
        LocationError::NoScheme | LocationError::UnknownScheme { .. } => {
            Fault::new("must begin with sqlite: or postgres:").hint(sqlite)
        }
        LocationError::NoPath => Fault::new("names no file").hint(sqlite),
        LocationError::InMemory | LocationError::Options => {
            Fault::new("must name a file and nothing else").hint(sqlite)
        }
    }
}

/// Beside the database where it is a file, else beside the settings: whoever tries things out finds it there, and a
/// second node of the same store is told that it has another one.
fn development_key(location: &Location, settings_file: Option<&Path>) -> PathBuf {
    let database = match location {
        Location::Sqlite(path) => Some(path.as_path()),
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
