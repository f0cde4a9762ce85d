//! Where a PostgreSQL database is, as its URL says it.

use std::{fmt, path::PathBuf, str::FromStr};

use tokio_postgres::{
    Config,
    config::{Host, TargetSessionAttrs},
};

/// The URL of a database. It may hold a password, so it is printed without.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(super) config: Box<Config>,
    /// A file of certificate authorities to trust, from `sslrootcert`.
    pub(super) authorities: Option<PathBuf>,
}

/// A text that is no PostgreSQL URL. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a PostgreSQL URL ({0}); write postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct NotAUrl(String);

impl FromStr for PostgresUrl {
    type Err = NotAUrl;

    fn from_str(url: &str) -> Result<Self, NotAUrl> {
        let (url, authorities) = without_verification(url);
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            NotAUrl(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(NotAUrl("it names no host".to_owned()));
        }
        let (hosts, addresses) = (config.get_hosts().len(), config.get_hostaddrs().len());
        let ports = config.get_ports().len();
        if hosts.min(addresses) > 0 && hosts != addresses {
            return Err(NotAUrl(
                "it names as many hosts as addresses, or one of the two".to_owned(),
            ));
        }
        if ports > 1 && ports != hosts.max(addresses) {
            return Err(NotAUrl(
                "it names one port, or one for each host".to_owned(),
            ));
        }
        // K7: a server that was the primary and is a standby by now must not be written to.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("placet");
        }
        Ok(Self {
            config: Box::new(config),
            authorities,
        })
    }
}

/// Takes the two settings of libpq out of a URL that ask for what is always done here: a certificate is verified, with
/// its name, whenever TLS is used.
fn without_verification(url: &str) -> (String, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let mut authorities = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            Some(("sslrootcert", path)) => authorities = Some(PathBuf::from(path)),
            _ => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { "" } else { "?" };
    (format!("{base}{query}{}", kept.join("&")), authorities)
}

impl fmt::Display for PostgresUrl {
    /// Names the hosts, their ports and the database, and nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        f.write_str("postgres://")?;
        for (n, host) in self.config.get_hosts().iter().enumerate() {
            let port = ports.get(n).or_else(|| ports.first()).unwrap_or(&5432);
            let comma = if n == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                Host::Unix(path) => write!(f, "{comma}{}:{port}", path.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn urls_are_read_and_printed_without_their_password() {
        for (url, printed) in [
            ("postgres://u:secret@db/placet", "postgres://db:5432/placet"),
            (
                "postgresql://u:secret@a:1,b:2/placet?target_session_attrs=any",
                "postgres://a:1,b:2/placet",
            ),
            (
                "postgres://u@%2Frun%2Fpg/placet",
                "postgres:///run/pg:5432/placet",
            ),
        ] {
            let url: PostgresUrl = url.parse().unwrap();
            assert_eq!(format!("{url:?}"), printed);
            let wants = url.config.get_target_session_attrs();
            assert_eq!(wants, TargetSessionAttrs::ReadWrite);
        }
    }

    #[test]
    fn c15_a_url_that_is_none_is_not_repeated() {
        for url in ["postgres://u:secret@h/d?sslmode=secret", "postgres:secret"] {
            let error = url.parse::<PostgresUrl>().unwrap_err().to_string();
            assert!(!error.contains("secret@"), "{error}");
        }
    }

    #[test]
    fn what_libpq_calls_verification_is_understood() {
        let url = "postgres://h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem";
        let url: PostgresUrl = url.parse().unwrap();
        assert_eq!(url.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(url.authorities, Some(PathBuf::from("/etc/ca.pem")));
    }
}
