//! One request, one function: from the bytes of a head to the bytes of an answer.
//!
//! 1. Who speaks to whom: name (421), source, rate of the source (429).
//! 2. Which route: exact path (404), method (405), preflight of a page of another origin.
//! 3. Whether the caller may: the operators' token; whether time stands (503).
//! 4. The body, within the route's limit (413, 408).
//! 5. The handler; a panic becomes a 500 that names the request.
//! 6. What every answer carries, one log line, one count.
//!
//! Spec: RFC 9110 §15.5, RFC 6585 §4 (429), Fetch §3.3 (CORS)

pub mod body;
pub mod list;
pub mod origin;
mod refused;
pub mod table;

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
    request::Parts,
};
use http_body_util::Full;
use hyper::body::Incoming;
use placet_core::{store::Store, time::Lifetime};
use placet_web::{
    context::{Call, Context},
    face::{Audience, BodyLimit},
    limit::RetryAfter,
    reply::Reply,
    site::Site,
};
use tokio::time::Instant;

pub use self::refused::{EdgeError, edge_errors};
use self::{
    origin::{Authority, Caller},
    refused::{Asked, Refused},
    table::{Place, Table},
};
use crate::{
    config::{Confidential, Network},
    health::Health,
    metrics::Metrics,
};

/// What pages of other origins may send to routes that allow them.
const CROSS_ORIGIN_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, dpop, prefer, content-digest, signature, signature-input, detached-jws",
);
/// How long a browser may remember a preflight.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("3600");

/// Names a request in its answer and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long to stay away while an operator looks after the clock.
const CLOCK_RETRY: Lifetime = Lifetime::from_secs(30);

/// How large bodies may be.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// A form.
    pub form_bytes: usize,
    /// An operator's document.
    pub admin_bytes: usize,
}

/// What guards a listener.
pub enum Guard {
    /// The name it answers to, and how fast one source may ask.
    Public {
        /// The public name.
        authority: Authority,
        /// Counts requests of sources, and has the pages that tell people what went wrong.
        site: Arc<Site>,
        /// Proxies whose word counts.
        trusted: Vec<Network>,
    },
    /// Nothing but the network it stands in.
    Private,
    /// The token that routes for operators ask for.
    Admin {
        /// The token.
        token: Confidential,
    },
}

/// One listener's routes and rules.
pub struct Router {
    table: Table,
    guard: Guard,
    limits: BodyLimits,
    store: Arc<dyn Store>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    /// What the request ids of this process begin with.
    run: String,
    count: AtomicU64,
}

/// Everything a router needs besides its routes.
pub struct RouterParts {
    /// What guards it.
    pub guard: Guard,
    /// How large bodies may be.
    pub limits: BodyLimits,
    /// Whose time is read.
    pub store: Arc<dyn Store>,
    /// Whether requests may be answered.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What its request ids begin with; random, so that they differ between processes.
    pub run: String,
}

impl Router {
    /// A router for these routes.
    pub fn new(table: Table, parts: RouterParts) -> Self {
        let RouterParts {
            guard,
            limits,
            store,
            health,
            metrics,
            run,
        } = parts;
        Self {
            table,
            guard,
            limits,
            store,
            health,
            metrics,
            run,
            count: AtomicU64::new(0),
        }
    }

    /// Its paths.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Answers one request that came over a connection of `caller`.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        caller: Caller,
    ) -> Response<Full<Bytes>> {
        let begun = Instant::now();
        let _open = self.metrics.begin();
        // On the heap and gone before the handler runs: a poll that is held keeps nothing of its request here.
        let asked = Box::pin(self.ask(request, caller)).await;
        let mut reply = match asked.step {
            Step::Told(reply) => reply,
            Step::Run(handler) => run(handler, &asked.request_id).await,
        };
        // Refusals too: else a page of another origin could not tell them from a network that fails.
        if asked.for_any_origin {
            allow_any_origin(&mut reply.headers);
        }
        seal(&mut reply, &asked.request_id);
        let taken = begun.elapsed();
        let (method, pattern) = (&asked.method, asked.pattern);
        self.metrics.answered(method, pattern, reply.status, taken);
        log(method, pattern, reply.status, taken, &asked.request_id);
        respond(reply, asked.method == Method::HEAD)
    }

    /// Everything up to the handler.
    async fn ask(&self, request: Request<Incoming>, caller: Caller) -> InHand<'_> {
        let (head, body) = request.into_parts();
        let context = self.context(&head, caller);
        let request_id = context.request_id.clone();
        let found = self.table.find(head.uri.path());
        let pattern = found.as_ref().map_or("(none)", |(place, _)| &place.pattern);
        let method = head.method.clone();
        let place = found.as_ref().map(|(place, _)| *place);
        let for_any_origin = place.is_some_and(|place| place.is_for_any_origin(&method));
        let step = match (self.refusal(&head, &context), found) {
            (Some(refused), _) => Step::Told(self.refuse(&refused, place, (&head, &context))),
            (None, None) => Step::Told(self.refuse(&Refused::NoPlace, place, (&head, &context))),
            (None, Some((place, values))) => {
                let wanted = Wanted {
                    place,
                    values,
                    context,
                };
                self.serve(head, body, wanted).await
            }
        };
        InHand {
            method,
            pattern,
            request_id,
            for_any_origin,
            step,
        }
    }

    fn context(&self, head: &Parts, caller: Caller) -> Context {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (peer, certificate) = match &self.guard {
            Guard::Public { trusted, .. } => (
                origin::source(caller.peer, &head.headers, trusted),
                origin::certificate(caller, &head.headers, trusted),
            ),
            Guard::Admin { .. } | Guard::Private => (caller.peer.to_canonical(), None),
        };
        Context {
            now: self.store.now(),
            request_id: format!("{}-{number:x}", self.run),
            peer,
            certificate,
        }
    }

    /// What is judged before a route is looked at: the refusal, if there is one.
    fn refusal(&self, head: &Parts, context: &Context) -> Option<Refused> {
        let Guard::Public {
            authority, site, ..
        } = &self.guard
        else {
            return None;
        };
        if !authority.is_meant(&head.uri, &head.headers) {
            return Some(Refused::Misdirected);
        }
        if let Err(RetryAfter(wait)) = site.limiter.request(&context.source(), context.now) {
            return Some(Refused::TooMany(wait));
        }
        let serves = self.health.may_serve();
        (!serves).then_some(Refused::NotNow(CLOCK_RETRY))
    }

    /// Tells a refusal to whoever asked for `place`.
    fn refuse(
        &self,
        refused: &Refused,
        place: Option<&Place>,
        (head, context): (&Parts, &Context),
    ) -> Reply {
        let site = match &self.guard {
            Guard::Public { site, .. } => Some(site.as_ref()),
            Guard::Admin { .. } | Guard::Private => None,
        };
        let audience = place.and_then(|place| place.audience(&head.method));
        let errors = place
            .and_then(|place| place.route_for(&head.method).or(place.routes.first()))
            .map(|route| route.errors)
            .unwrap_or_default();
        refused.reply(&Asked {
            head,
            context,
            audience,
            errors,
            site,
        })
    }

    async fn serve(&self, head: Parts, body: Incoming, wanted: Wanted<'_>) -> Step {
        let Wanted {
            place,
            values,
            context,
        } = wanted;
        // RFC 9635 §9: the same method asks what a grant endpoint can do; a browser's question names the method it is about.
        let asks_first = head
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
            || place.route_for(&head.method).is_none();
        if head.method == Method::OPTIONS
            && asks_first
            && let Some(reply) = preflight(place)
        {
            return Step::Told(reply);
        }
        let Some(route) = place.route_for(&head.method) else {
            let refused = Refused::OtherMethod(place.allow.clone());
            return Step::Told(self.refuse(&refused, Some(place), (&head, &context)));
        };
        if route.audience == Audience::Operator && !self.is_operator(&head.headers) {
            let bearer = HeaderValue::from_static("Bearer");
            let told = Reply::text(StatusCode::UNAUTHORIZED, "An operator's token is needed.\n");
            return Step::Told(told.with_header(header::WWW_AUTHENTICATE, bearer));
        }
        let limit_bytes = match route.body {
            BodyLimit::Empty => 0,
            BodyLimit::Form => self.limits.form_bytes,
            BodyLimit::Admin => self.limits.admin_bytes,
        };
        let body = match body::read(body, limit_bytes).await {
            Ok(body) => body,
            Err(error) => {
                let refused = Refused::Unread(error);
                return Step::Told(self.refuse(&refused, Some(place), (&head, &context)));
            }
        };
        let call = Call {
            context,
            method: head.method,
            path_values: values,
            query: head.uri.query().unwrap_or_default().to_owned(),
            uri: head.uri,
            headers: head.headers,
            body,
        };
        Step::Run((route.handler)(call))
    }

    fn is_operator(&self, headers: &HeaderMap) -> bool {
        match &self.guard {
            Guard::Admin { token } => bears(headers, token),
            Guard::Public { .. } | Guard::Private => false,
        }
    }
}

/// Whether a request carries this token, and no other beside it.
pub(crate) fn bears(headers: &HeaderMap, token: &Confidential) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let presented = value.as_bytes().split_at_checked("bearer ".len());
    presented.is_some_and(|(scheme, presented)| {
        scheme.eq_ignore_ascii_case(b"bearer ")
            && aws_lc_rs::constant_time::verify_slices_are_equal(
                presented,
                token.reveal().as_bytes(),
            )
            .is_ok()
    })
}

/// A request whose place is known.
struct Wanted<'a> {
    place: &'a Place,
    values: Vec<String>,
    context: Context,
}

/// A request that was read, and what is still needed when it is answered.
struct InHand<'a> {
    method: Method,
    pattern: &'a str,
    request_id: String,
    for_any_origin: bool,
    step: Step,
}

/// What comes of a request before its handler runs.
enum Step {
    Told(Reply),
    Run(Running),
}

/// A handler at work.
type Running = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// The handler's answer, or a 500 when it panicked. What it held is gone with it, so nothing broken is reused.
async fn run(mut future: Running, request_id: &str) -> Reply {
    let polled = std::future::poll_fn(move |cx| {
        let poll = || future.as_mut().poll(cx);
        match std::panic::catch_unwind(AssertUnwindSafe(poll)) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    if let Some(reply) = polled.await {
        return reply;
    }
    tracing::error!(request_id, "a handler panicked");
    Reply::text(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("Something went wrong here. It is written down as {request_id}.\n"),
    )
}

/// Answers the question a browser asks before a page of another origin may call.
fn preflight(place: &Place) -> Option<Reply> {
    if !place.routes.iter().any(|route| route.cross_origin) {
        return None;
    }
    let mut reply = Reply::empty(StatusCode::NO_CONTENT);
    let methods = HeaderValue::from_str(&place.allow).ok()?;
    reply
        .headers
        .insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    reply
        .headers
        .insert(header::ACCESS_CONTROL_ALLOW_HEADERS, CROSS_ORIGIN_HEADERS);
    reply
        .headers
        .insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    Some(reply)
}

/// Any origin may read, none with cookies: `*` excludes credentials.
fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("www-authenticate, retry-after, preference-applied, x-request-id"),
    );
}

/// Adds what every answer carries.
fn seal(reply: &mut Reply, request_id: &str) {
    reply.headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(value) = HeaderValue::from_str(request_id) {
        reply.headers.insert(REQUEST_ID, value);
    }
}

/// One line per request. Never a query, a body or a path value: they hold codes.
fn log(method: &Method, route: &str, status: StatusCode, taken: Duration, request_id: &str) {
    let took_us = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        target: "placet::access",
        method = method.as_str(),
        route,
        status = status.as_u16(),
        took_us,
        request_id,
        "answered"
    );
}

fn respond(reply: Reply, is_head: bool) -> Response<Full<Bytes>> {
    let mut headers = reply.headers;
    let body = if is_head {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
        Bytes::new()
    } else {
        reply.body
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}
