//! The server's public address: the issuer identifier.
//!
//! Spec: RFC 8414 §2, OpenID Connect Discovery §3

use std::fmt;

use url::{Host, Url};

use super::problem::Fault;

/// An http or https address with host, optional port and optional path; no query, fragment, account or final slash.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    url: Url,
}

impl Origin {
    /// Reads the address, which must be written in its normal form because clients compare it byte for byte.
    ///
    /// # Errors
    /// Says what is wrong with it, and its normal form where there is one.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let url = Url::parse(text).map_err(|error| {
            Fault::new(format!("is not a URL: {error}"))
                .hint("for example \"https://login.example\"")
        })?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Fault::new("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Fault::new("must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Fault::new("must not hold a query or fragment"));
        }
        let normal = url.as_str().trim_end_matches('/');
        if text.ends_with('/') {
            return Err(Fault::new("must not end with a slash").hint(format!("write {normal:?}")));
        }
        if normal != text {
            return Err(Fault::new("is not in normal form").hint(format!("write {normal:?}")));
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }

    /// The address as written; this is the issuer identifier.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Host and port as they stand in a `Host` header; a default port is left out.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path without a final slash; empty when there is none.
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Whether the host can only be this machine.
    pub fn is_loopback(&self) -> bool {
        host_is_loopback(self.url.host().as_ref())
    }
}

/// Whether a host names this machine and nothing else (RFC 6761 §6.3 for `localhost`).
pub(crate) fn host_is_loopback(host: Option<&Host<&str>>) -> bool {
    match host {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => *name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
