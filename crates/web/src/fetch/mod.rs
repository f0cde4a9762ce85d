//! The way out to other servers: the one outbound client, for every URL that somebody else chose.
//!
//! 1. The URL is https, or one of those the operator listed; it names no user.
//! 2. The host is resolved once, every address is judged, and the connection goes to one of exactly those.
//! 3. No redirect is followed, no proxy of the environment is used, nothing of credentials is sent.
//! 4. Connection, answer and body have deadlines and a size; requests to one host are few at a time.
//!
//! Spec: RFC 9110 §4.2.2, RFC 9700 §4.11, RFC 9635 §11.34

mod address;
mod jwks;
mod turn;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use placet_core::callback::Message;
use reqwest::{
    Certificate, Client, Method, Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use url::{Host, Url};

pub use self::jwks::{JWKS_MAX_AGE, JWKS_MIN_AGE};
use self::{jwks::KeySets, turn::Turns};

/// The largest answer read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long resolving, connecting and the TLS handshake may take together.
const CONNECT: Duration = Duration::from_secs(2);
/// How long everything may take, waiting for a turn included.
const WHOLE: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(10);

/// How far out the server may reach.
#[derive(Debug, Clone, Default)]
pub struct FetchSettings {
    /// A PEM file's content: authorities trusted besides the system's.
    pub extra_ca: Option<Vec<u8>>,
    /// `host:port` that may be a private address.
    pub allow_private: Vec<String>,
    /// Whether those may also be reached by http.
    pub development: bool,
}

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL cannot be read, is not https, or names a user.
    #[error("the URL is not one the server fetches")]
    BadUrl,
    /// The host is, or resolves to, an address inside.
    #[error("the address is not a public one")]
    PrivateAddress,
    /// No connection, or a broken one.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// A deadline passed.
    #[error("the answer took too long")]
    TooSlow,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer is not 200. Redirects are not followed.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer is not what was asked for.
    #[error("the answer is malformed")]
    Malformed,
    /// Too many requests are under way.
    #[error("too many requests are under way")]
    Busy,
    /// The authorities to trust cannot be read.
    #[error("the certificate authorities cannot be read: {0}")]
    BadAuthorities(String),
}

/// The one outbound client.
pub struct Fetch {
    settings: FetchSettings,
    allowed: BTreeSet<String>,
    authorities: Vec<Certificate>,
    /// Made at first use, since reading the system's authorities takes a while.
    guarded: OnceLock<Client>,
    /// The same for the hosts in `allow_private`, whose addresses are not judged.
    trusting: OnceLock<Client>,
    turns: Turns,
    key_sets: KeySets,
    /// [`WHOLE`]; tests do not wait that long.
    deadline: Duration,
}

/// An answer whose head has been judged.
struct Answer {
    body: Vec<u8>,
    cache_control: Option<String>,
}

impl Fetch {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`FetchError::BadAuthorities`] when `extra_ca` holds no readable certificate.
    pub fn new(settings: FetchSettings) -> Result<Self, FetchError> {
        let authorities = match &settings.extra_ca {
            None => Vec::new(),
            Some(pem) => authorities(pem)?,
        };
        let lower = |host: &String| host.to_ascii_lowercase();
        Ok(Self {
            allowed: settings.allow_private.iter().map(lower).collect(),
            settings,
            authorities,
            guarded: OnceLock::new(),
            trusting: OnceLock::new(),
            turns: Turns::default(),
            key_sets: KeySets::default(),
            deadline: WHOLE,
        })
    }

    /// Gets a document of at most `limit` bytes that is asked for each time: neither it nor a failure is kept.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub async fn document(&self, url: &str, limit: usize) -> Result<Bytes, FetchError> {
        let answer = self.get(url, limit).await?;
        Ok(answer.body.into())
    }

    /// Gets a document of at most `limit` bytes, all rules applied.
    async fn get(&self, url: &str, limit: usize) -> Result<Answer, FetchError> {
        let (url, place, trusted) = self.judge(url)?;
        let outcome = tokio::time::timeout(self.deadline, async {
            let turn = self.turns.take(&place).await?;
            let answer = self.send(url, trusted, limit.min(MAX_BODY_BYTES)).await;
            drop(turn);
            answer
        });
        let outcome = outcome.await.unwrap_or(Err(FetchError::TooSlow));
        match &outcome {
            Ok(answer) => tracing::debug!(place, bytes = answer.body.len(), "fetched"),
            Err(error) => tracing::warn!(place, %error, "a fetch failed"),
        }
        outcome
    }

    /// Sends a message. Only 2xx is an answer that says it arrived.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub async fn post(&self, message: &Message) -> Result<(), FetchError> {
        let (url, place, trusted) = self.judge(&message.url)?;
        let method =
            Method::from_bytes(message.method.as_bytes()).map_err(|_| FetchError::BadUrl)?;
        let outcome = tokio::time::timeout(self.deadline, async {
            let turn = self.turns.take(&place).await?;
            let mut request = self.client(trusted)?.request(method, url);
            for (name, value) in &message.headers {
                request = request.header(name, value);
            }
            if let Some(body) = &message.body {
                request = request.body(body.clone());
            }
            let response = request.send().await.map_err(|error| told(&error))?;
            drop(turn);
            if response.status().is_success() {
                Ok(())
            } else {
                Err(FetchError::Status(response.status().as_u16()))
            }
        });
        let outcome = outcome.await.unwrap_or(Err(FetchError::TooSlow));
        match &outcome {
            Ok(()) => tracing::debug!(place, "sent"),
            Err(error) => tracing::warn!(place, %error, "a message could not be sent"),
        }
        outcome
    }

    /// Reads a URL and says where it leads and whether the operator listed that place.
    fn judge(&self, url: &str) -> Result<(Url, String, bool), FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::BadUrl)?;
        let port = url.port_or_known_default().ok_or(FetchError::BadUrl)?;
        let host = url.host().ok_or(FetchError::BadUrl)?;
        let place = format!("{host}:{port}");
        let trusted = self.allowed.contains(&place);
        // The parser has turned decimal, octal and hexadecimal spellings of an address into the address.
        let address: Option<IpAddr> = match host {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        };
        let scheme = url.scheme() == "https"
            || (url.scheme() == "http" && trusted && self.settings.development);
        if !scheme || !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::BadUrl);
        }
        if !trusted && address.is_some_and(|address| !address::is_public(address)) {
            return Err(FetchError::PrivateAddress);
        }
        Ok((url, place, trusted))
    }

    async fn send(&self, url: Url, trusted: bool, limit: usize) -> Result<Answer, FetchError> {
        let client = self.client(trusted)?;
        let ask = || {
            let request = client.get(url.clone());
            request.header(header::ACCEPT, "application/json").send()
        };
        let response = match ask().await {
            // RFC 9110 §9.2.2, RFC 9112 §9.3.1: the other side may end a kept connection just as it is used again, and a GET
            // may be asked again. Whoever ends a new one as well gives no answer.
            Err(error) if is_broken(&error) => ask().await,
            answered => answered,
        };
        let response = response.map_err(|error| told(&error))?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let cache_control = response
            .headers()
            .get(header::CACHE_CONTROL)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = body(response, limit).await?;
        Ok(Answer {
            body,
            cache_control,
        })
    }

    fn client(&self, trusted: bool) -> Result<&Client, FetchError> {
        let slot = if trusted {
            &self.trusting
        } else {
            &self.guarded
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.build(trusted)?;
        Ok(slot.get_or_init(|| client))
    }

    fn build(&self, trusted: bool) -> Result<Client, FetchError> {
        let builder = || {
            Client::builder()
                .dns_resolver(Arc::new(Resolver { trusted }))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .https_only(!(trusted && self.settings.development))
                .connect_timeout(CONNECT)
                .timeout(WHOLE)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(1)
                .user_agent(concat!("placet/", env!("CARGO_PKG_VERSION")))
        };
        let merged = builder().tls_certs_merge(self.authorities.iter().cloned());
        merged.build().or_else(|error| {
            // A machine without any authority of its own still reaches servers of the listed ones.
            tracing::warn!(%error, "the system's certificate authorities cannot be read");
            let only = builder().tls_certs_only(self.authorities.iter().cloned());
            only.build()
                .map_err(|error| FetchError::BadAuthorities(error.to_string()))
        })
    }
}

/// Reads the certificates of a PEM file, each of which must be able to vouch for others.
fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, FetchError> {
    let bad = |what: String| FetchError::BadAuthorities(what);
    let mut checked = RootCertStore::empty();
    let mut authorities = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        let read = Certificate::from_der(&certificate).map_err(|error| bad(error.to_string()))?;
        checked
            .add(certificate)
            .map_err(|error| bad(error.to_string()))?;
        authorities.push(read);
    }
    if authorities.is_empty() {
        return Err(bad("the file holds no certificate".to_owned()));
    }
    Ok(authorities)
}

/// Reads a body up to `limit` bytes, whatever length it was announced with.
async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > limit) {
        return Err(FetchError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether a connection broke after it had been made, before there was an answer.
fn is_broken(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

/// Our own word for a failure of the client below.
fn told(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TooSlow;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(link) = cause {
        if link.is::<NotPublic>() {
            return FetchError::PrivateAddress;
        }
        last = link.to_string();
        cause = link.source();
    }
    FetchError::Unreachable(last)
}

/// Resolves names and lets only judged addresses through, so that what is connected to is what was checked, however
/// a name changes between two questions.
struct Resolver {
    trusted: bool,
}

/// A name that resolves to an address inside.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not public")]
struct NotPublic;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.trusted;
        Box::pin(async move {
            // The connector puts the URL's port in place of 0.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            // One address inside among public ones is as suspicious as all of them.
            let public = addresses.iter().all(|found| address::is_public(found.ip()));
            if !trusted && !public {
                return Err(NotPublic.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
