//! The face: its routes, what a person is asked, and where the browser goes.
//!
//! Spec: RFC 9635 §2, §4.2.1, §5, §6, §9; RFC 9767 §3

use std::{borrow::Cow, collections::BTreeSet, pin::Pin, sync::Arc};

use http::{Method, StatusCode};
use placet_core::{
    engine::{Committed, Handover, Shown},
    grant::Grant,
    pending::{EndKind, FaceName, PendingRequest, State},
    right::Rights,
    token::{Basis, TokenSpec},
};
use placet_proof::gnap::Policy;
use placet_web::{
    context::Call,
    face::{AskLine, Audience, BodyLimit, Face, Next, Prompt, Route, Routes},
    reply::Reply,
    site::Site,
};

use crate::{
    Profile, answer, continuation,
    discovery::AsDiscovery,
    finish, grant, interact, modification,
    payload::Payload,
    prompt,
    realm::{Realm, Tenants},
    request::FinishMethod,
    resource_server,
    settings::GnapSettings,
    token,
};

/// The name stored with each request of this face.
pub const FACE: FaceName = FaceName(Cow::Borrowed("gnap"));
/// The ways in which a key may be proven.
pub const KEY_PROOFS: [&str; 4] = ["httpsig", "jwsd", "jws", "mtls"];

/// GNAP and Open Payments, to be put into [`Site::faces`].
pub fn face(settings: GnapSettings, tenants: Arc<dyn Tenants>) -> Arc<dyn Face> {
    Arc::new(GnapFace { settings, tenants })
}

struct GnapFace {
    settings: GnapSettings,
    tenants: Arc<dyn Tenants>,
}

impl Face for GnapFace {
    fn name(&self) -> FaceName {
        FACE
    }

    fn routes(&self, site: &Arc<Site>) -> Routes {
        let mut routes = Routes::new();
        if self.settings.rfc9635 {
            routes.extend(rfc9635(site, self.settings.durable_tokens));
        }
        if let Some(payments) = &self.settings.open_payments
            && payments.mount == crate::settings::Mount::Below
        {
            routes.extend(crate::rafiki::payments_routes(payments, &self.tenants));
        }
        routes
    }

    fn describe(&self, _site: &Site, shown: &Shown) -> Prompt {
        prompt::prompt(shown)
    }

    fn narrowed(&self, _site: &Site, shown: &Shown, kept: &BTreeSet<&str>) -> Rights {
        prompt::narrowed(shown, kept)
    }

    fn describe_grant(&self, _site: &Site, grant: &Grant) -> Option<Vec<AskLine>> {
        prompt::of_grant(grant)
    }

    fn tokens(&self, site: &Site, request: &PendingRequest, basis: &Basis<'_>) -> Vec<TokenSpec> {
        Payload::of(request)
            .map(|payload| answer::specs(&payload, &site.settings.lifetimes, basis))
            .unwrap_or_default()
    }

    fn after_answer(&self, site: &Site, handover: &Committed<Handover>) -> Next {
        let Handover { request, code, .. } = handover.get();
        let answered = match &request.state {
            // Only the browser that decided carries the reference (threat G7).
            State::Approved(_) => code.is_some(),
            State::Ended(ending) => match ending.kind {
                EndKind::Denied | EndKind::Abandoned => true,
                EndKind::Cancelled | EndKind::Revoked | EndKind::Failed | EndKind::Expired => false,
            },
            State::Pending
            | State::Interacting { .. }
            | State::Clarifying { .. }
            | State::Collected { .. } => false,
        };
        let Some(payload) = Payload::of(request).filter(|_| answered) else {
            return Next::Stay;
        };
        finished(site, request, &payload)
    }
}

/// Where the browser takes the reference: a 'no' travels like a 'yes' (RFC 9635 §4.2).
fn finished(site: &Site, request: &PendingRequest, payload: &Payload) -> Next {
    let Some(to) = payload.finish.as_ref().filter(|finish| !finish.push) else {
        return Next::Stay;
    };
    let hidden = payload.hidden(request, site.engine.vault());
    let Some((hash, reference)) = hidden.and_then(|hidden| payload.finish_hash(&hidden)) else {
        tracing::error!("what a request keeps sealed does not open");
        return Next::Stay;
    };
    match payload.profile {
        Profile::Rfc9635 => Next::Redirect(finish::redirect(&to.uri, &hash, &reference)),
        Profile::OpenPayments => {
            let denied = matches!(request.state, State::Ended(_));
            let url = if denied {
                finish::open_payments_unfinished(&to.uri, finish::Unfinished::Rejected)
            } else {
                finish::open_payments_redirect(&to.uri, &hash, &reference)
            };
            url.map_or(Next::Stay, Next::Redirect)
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// A handler that has the site at hand.
fn bound(
    site: &Arc<Site>,
    handler: impl Fn(Arc<Site>, Call) -> Answering + Send + Sync + 'static,
) -> impl Fn(Call) -> Answering + Send + Sync + 'static {
    let site = Arc::clone(site);
    move |call| handler(Arc::clone(&site), call)
}

/// The routes of RFC 9635 and RFC 9767.
fn rfc9635(site: &Arc<Site>, durable_tokens: bool) -> Routes {
    let mut routes = vec![for_new_grants(site, durable_tokens)];
    routes.extend(for_clients(site));
    routes.extend(for_others(site));
    routes
}

/// The route of new grants, which decides once for each what its tokens are like.
fn for_new_grants(site: &Arc<Site>, durable_tokens: bool) -> Route {
    let handler = move |site, call| -> Answering {
        let realm = Realm {
            durable_tokens,
            ..Realm::rfc9635(&site)
        };
        Box::pin(grant::handle(realm, call))
    };
    Route::new(
        (Method::POST, BodyLimit::Form),
        "/gnap",
        Audience::Client,
        "RFC 9635 §2",
        bound(site, handler),
    )
    .cross_origin()
    .nested_errors()
}

/// The routes that clients call about what there is.
fn for_clients(site: &Arc<Site>) -> Routes {
    const POLICY: Policy = Policy::rfc9635();
    let client = |method, path, spec, handler: fn(Arc<Site>, Call) -> Answering| {
        Route::new(
            (method, BodyLimit::Form),
            path,
            Audience::Client,
            spec,
            bound(site, handler),
        )
        .cross_origin()
        .nested_errors()
    };
    vec![
        client(Method::OPTIONS, "/gnap", "RFC 9635 §9", |site, _| {
            Box::pin(std::future::ready(discovery(&Realm::rfc9635(&site))))
        }),
        client(
            Method::POST,
            "/gnap/continue/{id}",
            "RFC 9635 §5",
            |site, call| Box::pin(continuation::handle(Realm::rfc9635(&site), call, POLICY)),
        ),
        client(
            Method::PATCH,
            "/gnap/continue/{id}",
            "RFC 9635 §5.3",
            |site, call| Box::pin(modification::modify(Realm::rfc9635(&site), call, POLICY)),
        ),
        client(
            Method::DELETE,
            "/gnap/continue/{id}",
            "RFC 9635 §5.4",
            |site, call| Box::pin(continuation::cancel(Realm::rfc9635(&site), call, POLICY)),
        ),
        client(
            Method::POST,
            "/gnap/token/{id}",
            "RFC 9635 §6.1",
            |site, call| Box::pin(token::rotate(Realm::rfc9635(&site), call, POLICY)),
        ),
        client(
            Method::DELETE,
            "/gnap/token/{id}",
            "RFC 9635 §6.2",
            |site, call| Box::pin(token::revoke(Realm::rfc9635(&site), call, POLICY)),
        ),
    ]
}

/// The routes of browsers and of resource servers.
fn for_others(site: &Arc<Site>) -> Routes {
    let server = |path, spec, handler: fn(Arc<Site>, Call) -> Answering| {
        Route::new(
            (Method::POST, BodyLimit::Form),
            path,
            Audience::ResourceServer,
            spec,
            bound(site, handler),
        )
        .nested_errors()
    };
    let mut routes = discoveries(site);
    routes.extend([
        Route::get(
            "/gnap/interact/{id}/{secret}",
            Audience::Person,
            "RFC 9635 §4.1.1",
            bound(site, |site, call| Box::pin(interact::start(site, call))),
        ),
        server("/gnap/introspect", "RFC 9767 §3.3", |site, call| {
            Box::pin(resource_server::introspect(site, call))
        }),
        server("/gnap/resource", "RFC 9767 §3.4", |site, call| {
            Box::pin(resource_server::register(site, call))
        }),
    ]);
    routes
}

/// What resource servers read first. It stands at the origin's root, whatever the path of the grant endpoint; where an issuer
/// has a path, also with that behind it, so that several can be told apart on one origin.
fn discoveries(site: &Arc<Site>) -> Routes {
    let route = || {
        Route::get(
            "/.well-known/gnap-as-rs",
            Audience::Public,
            "RFC 9767 §3.1",
            bound(site, |site, _| {
                let reply = resource_server::discovery(&Realm::rfc9635(&site));
                Box::pin(std::future::ready(reply))
            }),
        )
    };
    let mut routes = vec![route().at_origin()];
    if !site.settings.base_path.is_empty() {
        routes.push(route().at_root());
    }
    routes
}

/// What this server can do (RFC 9635 §9).
fn discovery(realm: &Realm) -> Reply {
    let document = AsDiscovery {
        grant_request_endpoint: realm.grant_endpoint.clone(),
        start_modes: grant::START_MODES.to_vec(),
        finish_methods: FinishMethod::ALL.to_vec(),
        key_proofs: KEY_PROOFS.to_vec(),
        sub_id_formats: grant::SUB_ID_FORMATS.to_vec(),
        assertion_formats: grant::ASSERTION_FORMATS.to_vec(),
        key_rotation: true,
    };
    let reply = document.reply();
    debug_assert_eq!(reply.status, StatusCode::OK);
    reply
}
