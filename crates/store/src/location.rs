//! The `database_url` setting: which engine, and where.

use std::{path::PathBuf, str::FromStr};

use crate::postgres::{NotAUrl, PostgresUrl};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file, from `sqlite:PATH`.
    Sqlite(PathBuf),
    /// A PostgreSQL database, from `postgres://…`.
    Postgres(PostgresUrl),
}

/// A `database_url` that names no store. The URL is not repeated, since it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// It does not begin with a scheme.
    #[error("a database URL begins with its engine, as in sqlite:./placet.db")]
    NoScheme,
    /// Its scheme is that of no engine this release has.
    #[error(
        "there is no engine '{scheme}:'; use sqlite:PATH, as in sqlite:./placet.db, or \
         postgres://USER@HOST/DATABASE"
    )]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// It names no file.
    #[error("sqlite: needs the path of a file, as in sqlite:./placet.db")]
    NoPath,
    /// It asks for a database in memory, which would forget everything it acknowledged.
    #[error(
        "a database in memory forgets what it acknowledged; use a file, as in sqlite:./placet.db, \
         in a temporary directory if it need not last"
    )]
    InMemory,
    /// It carries options.
    #[error("sqlite: takes a path and no options; remove what follows the question mark")]
    Options,
    /// It is no URL of a PostgreSQL database.
    #[error(transparent)]
    Postgres(#[from] NotAUrl),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(url: &str) -> Result<Self, LocationError> {
        let (scheme, rest) = url.split_once(':').ok_or(LocationError::NoScheme)?;
        if ["postgres", "postgresql"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Ok(Self::Postgres(url.parse()?));
        }
        if !scheme.eq_ignore_ascii_case("sqlite") {
            return Err(LocationError::UnknownScheme {
                scheme: scheme.to_owned(),
            });
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        match path {
            "" => Err(LocationError::NoPath),
            ":memory:" => Err(LocationError::InMemory),
            _ if path.contains('?') => Err(LocationError::Options),
            _ => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_urls() {
        let file = |path: &str| Ok(Location::Sqlite(PathBuf::from(path)));
        for (url, want) in [
            ("sqlite:./placet.db", file("./placet.db")),
            ("sqlite:placet.db", file("placet.db")),
            ("sqlite:/var/lib/placet.db", file("/var/lib/placet.db")),
            ("sqlite:///var/lib/placet.db", file("/var/lib/placet.db")),
            ("SQLite:placet.db", file("placet.db")),
            ("sqlite:", Err(LocationError::NoPath)),
            ("sqlite::memory:", Err(LocationError::InMemory)),
            ("sqlite:a.db?mode=ro", Err(LocationError::Options)),
            ("placet.db", Err(LocationError::NoScheme)),
            (
                "mysql://u:secret@h/d",
                Err(LocationError::UnknownScheme {
                    scheme: "mysql".to_owned(),
                }),
            ),
        ] {
            assert_eq!(url.parse(), want, "{url}");
        }
    }

    #[test]
    fn c15_a_database_url_is_printed_without_its_password() {
        for url in ["postgres://u:secret@h/d", "postgresql://u:secret@h:6000/d"] {
            let location: Location = url.parse().unwrap();
            assert!(matches!(location, Location::Postgres(_)), "{url}");
            assert!(!format!("{location:?}").contains("secret"));
        }
        let error = "postgres:secret".parse::<Location>().unwrap_err();
        assert!(matches!(error, LocationError::Postgres(_)), "{error:?}");
    }

    #[test]
    fn c15_an_error_does_not_repeat_a_password() {
        let error = "mysql://u:secret@h/d".parse::<Location>().unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
