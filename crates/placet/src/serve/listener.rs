//! One listener: accepts, caps, and carries connections.
//!
//! A connection that sends no request head in time, or takes nothing of its answer, is closed; beyond the cap new ones are closed unheard, and one
//! source may hold only half of them, so that a slow crowd leaves room for the others (threat E13).
//!
//! Spec: RFC 9112 §9, RFC 9113 §3

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use placet_proof::gnap::CertificateDigest;
use placet_web::context::source_of;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_rustls::server::TlsStream;

use super::{
    greeting::{Greeted, Version},
    patience::Patient,
    tls::TlsFiles,
};
use crate::{
    config::Network,
    metrics::Metrics,
    router::{Router, origin::Caller},
};

/// How long a TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait when the process has no more files to open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Requests one HTTP/2 connection may have in flight.
const STREAMS: u32 = 128;
/// How often an HTTP/2 connection is asked whether it lives.
const PING_EVERY: Duration = Duration::from_secs(30);

/// What a listener's connections may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many there may be.
    pub(super) connections: usize,
    /// How many one source may hold; trusted proxies may hold all. Absent: all.
    pub(super) per_source: Option<usize>,
    /// The largest request head.
    pub(super) header_bytes: usize,
    /// How long a request head may take.
    pub(super) header_read: Duration,
    /// How long a connection may take nothing of an answer.
    pub(super) response_write: Duration,
    /// How long a stop waits.
    pub(super) drain: Duration,
}

/// A listener before it runs.
pub(super) struct Listener {
    pub(super) router: Arc<Router>,
    pub(super) tls: Option<TlsFiles>,
    pub(super) limits: Limits,
    pub(super) trusted: Vec<Network>,
    pub(super) metrics: Arc<Metrics>,
}

impl Listener {
    /// Accepts until told to stop, then lets what is in flight finish.
    pub(super) async fn run(self, socket: TcpListener, mut stopping: watch::Receiver<bool>) {
        let carrier = Arc::new(self.carrier());
        let places = Arc::new(Places::default());
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause(&error).await;
                    continue;
                }
            };
            let Some(place) = self.place(&places, peer) else {
                self.metrics.connection_refused();
                continue;
            };
            let connection = Connection {
                carrier: Arc::clone(&carrier),
                tls: self.tls.clone(),
                line: Line {
                    peer: peer.ip(),
                    certificate: None,
                    watcher: graceful.watcher(),
                    deadline: Instant::now() + self.limits.header_read,
                },
                stopping: stopping.clone(),
                place,
            };
            connection.carry(stream);
        }
        drop(socket);
        if timeout(self.limits.drain, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("connections were cut: they did not finish in time");
        }
    }

    fn carrier(&self) -> Carrier {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_read)
            .max_buf_size(self.limits.header_bytes)
            .half_close(false);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.limits.header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(self.limits.header_read);
        Carrier {
            http1,
            http2,
            router: Arc::clone(&self.router),
            response_write: self.limits.response_write,
        }
    }

    /// A place for one more connection, or nothing when there is none.
    fn place(&self, places: &Arc<Places>, peer: SocketAddr) -> Option<Place> {
        let is_proxy = self
            .trusted
            .iter()
            .any(|network| network.contains(peer.ip()));
        let per_source = self.limits.per_source.filter(|_| !is_proxy);
        let source = source_of(peer.ip());
        let mut held = places.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = held.by_source.get(&source).copied().unwrap_or(0);
        if held.all >= self.limits.connections || per_source.is_some_and(|cap| of_source >= cap) {
            return None;
        }
        held.all += 1;
        *held.by_source.entry(source.clone()).or_default() += 1;
        drop(held);
        self.metrics.connections().inc();
        Some(Place {
            places: Arc::clone(places),
            gauge: self.metrics.connections().clone(),
            source,
        })
    }
}

/// Who holds how many connections.
#[derive(Default)]
struct Places {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by_source: HashMap<String, usize>,
}

/// A place that one connection holds.
struct Place {
    places: Arc<Places>,
    gauge: prometheus_client::metrics::gauge::Gauge,
    source: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.dec();
        let mut held = self
            .places
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(1);
        if let Some(count) = held.by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                held.by_source.remove(&self.source);
            }
        }
    }
}

/// What all connections of a listener share.
struct Carrier {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    router: Arc<Router>,
    response_write: Duration,
}

struct Connection {
    carrier: Arc<Carrier>,
    tls: Option<TlsFiles>,
    line: Line,
    stopping: watch::Receiver<bool>,
    place: Place,
}

/// One connection's own.
struct Line {
    peer: IpAddr,
    /// The certificate with which it was opened.
    certificate: Option<CertificateDigest>,
    /// Lets the listener wait for it.
    watcher: Watcher,
    /// When the head of its first request must have come.
    deadline: Instant,
}

impl Connection {
    #[expect(
        clippy::disallowed_methods,
        reason = "each connection is a task of the listener, which waits for it when it stops"
    )]
    fn carry(self, stream: TcpStream) {
        // Answers are small and complete; waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        tokio::spawn(async move {
            let Self {
                carrier,
                tls,
                line,
                stopping,
                place,
            } = self;
            match tls {
                None => {
                    if let Some((stream, version)) = plain(stream, line.deadline, stopping).await {
                        carrier.serve(stream, version, line).await;
                    }
                }
                // On the heap: a plain connection shall not be as large as this one.
                Some(tls) => {
                    let secured = async move {
                        if let Some((stream, version)) = secure(stream, &tls, stopping).await {
                            let certificate = certificate(&stream);
                            let line = Line {
                                certificate,
                                ..line
                            };
                            carrier.serve(stream, version, line).await;
                        }
                    };
                    Box::pin(secured).await;
                }
            }
            drop(place);
        });
    }
}

/// Hears what a plain connection speaks.
async fn plain(
    stream: TcpStream,
    deadline: Instant,
    mut stopping: watch::Receiver<bool>,
) -> Option<(Greeted<TcpStream>, Version)> {
    let mut stream = Greeted::new(stream);
    let heard = tokio::select! {
        biased;
        heard = timeout_at(deadline, stream.listen()) => heard,
        _ = stopping.wait_for(|stop| *stop) => return None,
    };
    match heard {
        Ok(Ok(version)) => return Some((stream, version)),
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection asked for nothing in time"),
    }
    None
}

/// Agrees on TLS and on what is spoken over it (RFC 9113 §3.2).
async fn secure(
    stream: TcpStream,
    tls: &TlsFiles,
    mut stopping: watch::Receiver<bool>,
) -> Option<(TlsStream<TcpStream>, Version)> {
    let agreed = tokio::select! {
        agreed = timeout(HANDSHAKE_LIMIT, tls.acceptor().accept(stream)) => agreed,
        _ = stopping.wait_for(|stop| *stop) => return None,
    };
    match agreed {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Version::Http2,
                Some(_) | None => Version::Http1,
            };
            return Some((stream, version));
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
    None
}

/// The certificate that the client proved to have, if it sent one.
fn certificate(stream: &TlsStream<TcpStream>) -> Option<CertificateDigest> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    let own = certificates.first()?;
    Some(CertificateDigest::of_der(own))
}

impl Carrier {
    /// Carries requests until the connection ends. What it returns is small, whatever the stream is.
    fn serve<I>(
        &self,
        stream: I,
        version: Version,
        line: Line,
    ) -> impl Future<Output = ()> + Send + use<I>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Line {
            peer,
            certificate,
            watcher,
            deadline,
        } = line;
        let spoken = Arc::new(AtomicBool::new(false));
        let (router, heard) = (Arc::clone(&self.router), Arc::clone(&spoken));
        let caller = Caller { peer, certificate };
        let service = service_fn(move |request: Request<Incoming>| {
            heard.store(true, Ordering::Relaxed);
            let router = Arc::clone(&router);
            async move { Ok::<_, Infallible>(router.answer(request, caller).await) }
        });
        let stream = TokioIo::new(Patient::new(stream, self.response_write));
        let connection: Served = match version {
            Version::Http1 => {
                let connection = self.http1.serve_connection(stream, service);
                Box::pin(watcher.watch(connection))
            }
            Version::Http2 => {
                let connection = self.http2.serve_connection(stream, service);
                Box::pin(watcher.watch(connection))
            }
        };
        carried(connection, deadline, spoken)
    }
}

/// A connection of either version, on the heap at its own size.
type Served = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

async fn carried(connection: Served, deadline: Instant, spoken: Arc<AtomicBool>) {
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        },
        // hyper times the head of an HTTP/1 request, but not the first stream of HTTP/2.
        () = silence(deadline, &spoken) => {
            tracing::debug!("a connection asked for nothing in time");
        }
    }
}

/// Resolves when nothing was said in time; never after something was.
async fn silence(deadline: Instant, spoken: &AtomicBool) {
    sleep_until(deadline).await;
    if spoken.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// Without files to open, accepting fails at once and again; anything else concerns one connection.
async fn pause(error: &io::Error) {
    let of_one_connection = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if !of_one_connection {
        tracing::warn!(%error, "a connection could not be accepted");
        sleep(ACCEPT_PAUSE).await;
    }
}
