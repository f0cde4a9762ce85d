//! `placet serve`: listeners, background work, and an orderly end.
//!
//! 1. Everything is opened ([`App::open`]), then the listeners, then work in the background begins.
//! 2. One line says that the server listens.
//! 3. SIGTERM or Ctrl-C: no connection is accepted any more, held polls are let go, what is in flight gets
//!    `limits.drain_s` to finish, the time is marked and the store is closed.

mod background;
mod greeting;
mod listener;
mod patience;
mod tls;

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use placet_core::random::{Random as _, SystemRandom};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use self::{listener::Listener, tls::TlsFiles};
use crate::{
    admin,
    app::{App, StartError},
    cli::{SettingsArgs, Status},
    config::Settings,
    health, log,
    router::{BodyLimits, Guard, Router, RouterParts, origin::Authority, table::Table},
    terminal::Terminal,
};

/// Runs the command until it is told to stop.
pub(crate) async fn command(args: SettingsArgs, terminal: Terminal) -> Status {
    let settings = match args.load_or_tell(terminal) {
        Ok(settings) => settings,
        Err(status) => return status,
    };
    let _logging = log::begin(&settings.log);
    let stop = match StopSignals::take() {
        Ok(stop) => stop,
        Err(error) => {
            terminal.problem(&format!("cannot take signals: {error}"));
            return Status::Failed;
        }
    };
    let server = match Server::start(settings).await {
        Ok(server) => server,
        Err(error) => {
            terminal.problem(&error.to_string());
            return Status::Failed;
        }
    };
    announce(&server, terminal);
    server.run_until(stop.first()).await;
    Status::Done
}

fn announce(server: &Server, terminal: Terminal) {
    let origin = server.app.settings.public_origin.as_str();
    terminal.line(&format!("listening on {} as {origin}", server.address));
    if let Some(address) = server.admin_address {
        terminal.line(&format!("listening on {address} for operators"));
    }
    if server.app.settings.development {
        terminal.line("development settings: this server is for this machine only");
    }
    terminal.value(&json!({
        "listening": server.address,
        "admin": server.admin_address,
        "public_origin": origin,
    }));
}

/// What asks the process to end: SIGTERM, or Ctrl-C.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Takes the signals over. Before this they end the process at once, so it comes first.
    pub(crate) fn take() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Resolves at the first one.
    pub(crate) async fn first(mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}

/// A server that listens.
pub struct Server {
    /// What answers.
    pub app: Arc<App>,
    /// Where the public listener is; the port is known also when the settings say 0.
    pub address: SocketAddr,
    /// Where the operators' listener is.
    pub admin_address: Option<SocketAddr>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Opens everything and begins to accept.
    ///
    /// # Errors
    /// [`StartError`] names the part that cannot be used.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let socket = bind(settings.listen).await?;
        Self::start_on(socket, settings).await
    }

    /// The same on a socket that listens already; `settings.listen` is not used.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_on(socket: TcpListener, settings: Settings) -> Result<Self, StartError> {
        let address = local_address(&socket, settings.listen)?;
        let admin_socket = match &settings.admin {
            Some(admin) => Some(bind(admin.listen).await?),
            None => None,
        };
        let payments = payments_sockets(&settings).await?;
        let tls = settings.tls.clone().map(TlsFiles::load).transpose()?;
        let app = App::open(settings).await?;
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();

        let connection = &app.settings.limits.connection;
        let public = Listener {
            router: Arc::new(public_router(&app)?),
            tls: tls.clone(),
            limits: public_limits(&app),
            trusted: app.settings.trusted_proxies.clone(),
            metrics: Arc::clone(&app.metrics),
        };
        spawn(&mut tasks, public.run(socket, stopping.clone()));

        let mut admin_address = None;
        if let (Some(admin), Some(socket)) = (&app.settings.admin, admin_socket) {
            admin_address = Some(local_address(&socket, admin.listen)?);
            let listener = Listener {
                router: Arc::new(admin_router(&app, admin.token.clone())?),
                tls: None,
                limits: listener::Limits {
                    connections: connection.admin_connections,
                    per_source: None,
                    header_bytes: connection.header_bytes,
                    header_read: span(connection.header_read),
                    response_write: span(connection.response_write),
                    drain: span(connection.drain),
                },
                trusted: Vec::new(),
                metrics: Arc::clone(&app.metrics),
            };
            spawn(&mut tasks, listener.run(socket, stopping.clone()));
        }
        for (socket, router) in payments {
            let listener = Listener {
                router: Arc::new(router(&app)?),
                tls: tls.clone(),
                limits: public_limits(&app),
                trusted: app.settings.trusted_proxies.clone(),
                metrics: Arc::clone(&app.metrics),
            };
            spawn(&mut tasks, listener.run(socket, stopping.clone()));
        }
        for work in background::all(&app, tls, &stopping) {
            spawn(&mut tasks, work);
        }
        Ok(Self {
            app,
            address,
            admin_address,
            tasks,
            stop,
        })
    }

    /// Serves until `end` resolves, then finishes what is in flight.
    pub async fn run_until(mut self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                () = &mut end => break,
                // Work that ended before its time has told why in the log.
                ended = self.tasks.join_next() => if ended.is_none() { break },
            }
        }
        self.shut_down().await;
    }

    async fn shut_down(mut self) {
        tracing::info!("stopping");
        self.app.health.stop();
        self.stop.send_replace(true);
        // No connection is accepted any more, so whoever is let go comes back elsewhere, or later.
        self.app.site.holds.release();
        while self.tasks.join_next().await.is_some() {}
        if let Err(error) = self.app.foundation.mark_time().await {
            tracing::warn!(%error, "the time reached could not be kept");
        }
        self.app.foundation.store.close().await;
        tracing::info!("stopped");
    }
}

fn span(lifetime: placet_core::time::Lifetime) -> Duration {
    Duration::from_millis(lifetime.as_millis())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

fn local_address(socket: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    socket
        .local_addr()
        .map_err(|source| StartError::Listen { address, source })
}

/// Limits of a listener that anybody may reach.
fn public_limits(app: &App) -> listener::Limits {
    let connection = &app.settings.limits.connection;
    listener::Limits {
        connections: connection.connections,
        per_source: Some(connection.connections / 2),
        header_bytes: connection.header_bytes,
        header_read: span(connection.header_read),
        response_write: span(connection.response_write),
        drain: span(connection.drain),
    }
}

/// A socket, and what makes the router behind it.
type Mounted = (TcpListener, fn(&Arc<App>) -> Result<Router, StartError>);

/// The listeners of Open Payments: of its own, and for resource servers.
async fn payments_sockets(settings: &Settings) -> Result<Vec<Mounted>, StartError> {
    let mut sockets: Vec<Mounted> = Vec::new();
    let Some(payments) = &settings.open_payments else {
        return Ok(sockets);
    };
    if let Some((address, _)) = &payments.own {
        sockets.push((bind(*address).await?, payments_router));
    }
    if let Some(address) = payments.introspection_listen {
        sockets.push((bind(address).await?, introspection_router));
    }
    Ok(sockets)
}

/// Open Payments at the root of a listener of its own.
///
/// # Errors
/// [`StartError::Clash`] when two parts claim the same path.
pub fn payments_router(app: &Arc<App>) -> Result<Router, StartError> {
    let own = app
        .settings
        .open_payments
        .as_ref()
        .and_then(|payments| payments.own.as_ref());
    let origin = own.map_or(&app.settings.public_origin, |(_, origin)| origin);
    let default_port = if origin.is_https() { 443 } else { 80 };
    let guard = Guard::Public {
        authority: Authority::new(&origin.authority(), default_port),
        site: Arc::clone(&app.site),
        trusted: app.settings.trusted_proxies.clone(),
    };
    let table = Table::new("", app.payments_routes())?;
    Ok(Router::new(table, parts(app, guard)))
}

/// What resource servers of Open Payments ask, on a listener that nobody else reaches.
///
/// # Errors
/// [`StartError::Clash`] when two parts claim the same path.
pub fn introspection_router(app: &Arc<App>) -> Result<Router, StartError> {
    let table = Table::new("", app.introspection_routes())?;
    Ok(Router::new(table, parts(app, Guard::Private)))
}

/// The routes people and clients reach.
///
/// # Errors
/// [`StartError::Clash`] when two parts claim the same path.
pub fn public_router(app: &Arc<App>) -> Result<Router, StartError> {
    let origin = &app.settings.public_origin;
    let default_port = if origin.is_https() { 443 } else { 80 };
    let guard = Guard::Public {
        authority: Authority::new(&origin.authority(), default_port),
        site: Arc::clone(&app.site),
        trusted: app.settings.trusted_proxies.clone(),
    };
    let table = Table::new(origin.path(), app.public_routes())?;
    Ok(Router::new(table, parts(app, guard)))
}

/// The routes operators reach.
///
/// # Errors
/// [`StartError::Clash`] when two parts claim the same path.
pub fn admin_router(
    app: &Arc<App>,
    token: crate::config::Confidential,
) -> Result<Router, StartError> {
    let mut routes = health::routes(&app.health, &app.metrics);
    routes.extend(admin::routes(app));
    let table = Table::new("", routes)?;
    Ok(Router::new(table, parts(app, Guard::Admin { token })))
}

fn parts(app: &Arc<App>, guard: Guard) -> RouterParts {
    let mut run = [0; 5];
    SystemRandom.fill(&mut run);
    let connection = &app.settings.limits.connection;
    RouterParts {
        guard,
        limits: BodyLimits {
            form_bytes: connection.form_body_bytes,
            admin_bytes: connection.admin_body_bytes,
        },
        store: app.foundation.store.records(),
        health: Arc::clone(&app.health),
        metrics: Arc::clone(&app.metrics),
        run: data_encoding::HEXLOWER.encode(&run),
    }
}

fn spawn(tasks: &mut JoinSet<()>, work: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(work);
}
