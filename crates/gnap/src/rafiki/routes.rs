//! Every path of the profile, and whose request each call is about.
//!
//! Spec: Open Payments 1.3 (`paths`); RFC 9635 §2, §5, §6

use std::{pin::Pin, sync::Arc};

use http::{Method, StatusCode};
use placet_core::Refusal;
use placet_web::{
    context::Call,
    face::{Audience, BodyLimit, Route, Routes},
    reply::Reply,
};

use super::{Payments, edge, finish, grant, interact, introspect, provider};
use crate::{
    Place, Problem, Profile, client, continuation, discovery,
    realm::{Realm, Tenants},
    settings::{Mount, PaymentsSettings},
    token,
};

/// The section that defines these paths.
const SPEC: &str = "Open Payments 1.3";

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Answer = fn(Arc<Payments>, Call) -> Answering;

/// The routes for resource servers. Nobody proves anything there: they belong on a listener that only the operator's own
/// servers reach.
pub fn introspection_routes(settings: &PaymentsSettings, tenants: &Arc<dyn Tenants>) -> Routes {
    let payments = Arc::new(Payments {
        settings: settings.clone(),
        tenants: Arc::clone(tenants),
    });
    let asked = Arc::clone(&payments);
    vec![
        Route::new(
            (Method::POST, BodyLimit::Form),
            "/",
            Audience::ResourceServer,
            "RFC 9767 §3.3",
            move |call| introspect::handle(Arc::clone(&asked), call),
        )
        .cross_origin()
        .nested_errors(),
        Route::get("/healthz", Audience::Public, SPEC, move |call| {
            health(Arc::clone(&payments), call)
        })
        .cross_origin(),
    ]
}

/// The routes for clients, browsers and identity providers, where the settings mount them: beside everything else, or on a
/// listener of their own.
pub fn payments_routes(settings: &PaymentsSettings, tenants: &Arc<dyn Tenants>) -> Routes {
    let payments = Arc::new(Payments {
        settings: settings.clone(),
        tenants: Arc::clone(tenants),
    });
    let route = |(method, body), below, audience, answer: Answer| {
        mounted(&payments, (method, body), (below, audience), answer)
    };
    let get = |below, audience, answer: Answer| {
        route((Method::GET, BodyLimit::Empty), below, audience, answer)
    };
    let post = |below, audience, answer: Answer| {
        route((Method::POST, BodyLimit::Form), below, audience, answer)
    };
    let delete = |below, answer: Answer| {
        route(
            (Method::DELETE, BodyLimit::Form),
            below,
            Audience::Client,
            answer,
        )
    };
    vec![
        post("/op/{tenant}", Audience::Client, |payments, call| {
            Box::pin(grant::handle(payments, call))
        }),
        post("/op/continue/{id}", Audience::Client, |payments, call| {
            Box::pin(through(payments, call, Verb::Continue))
        }),
        delete("/op/continue/{id}", |payments, call| {
            Box::pin(through(payments, call, Verb::Cancel))
        }),
        post("/op/token/{id}", Audience::Client, |payments, call| {
            Box::pin(through(payments, call, Verb::Rotate))
        }),
        delete("/op/token/{id}", |payments, call| {
            Box::pin(through(payments, call, Verb::Revoke))
        }),
        get(
            "/op/interact/{id}/{nonce}",
            Audience::Person,
            |payments, call| Box::pin(interact::start(payments, call)),
        ),
        get(
            "/op/interact/{id}/{nonce}/finish",
            Audience::Person,
            |payments, call| Box::pin(finish::finish(payments, call)),
        ),
        get(
            "/op/grant/{id}/{nonce}",
            Audience::IdentityProvider,
            |payments, call| Box::pin(provider::details(payments, call)),
        ),
        post(
            "/op/grant/{id}/{nonce}/{choice}",
            Audience::IdentityProvider,
            |payments, call| Box::pin(provider::decide(payments, call)),
        ),
        get("/op/discovery", Audience::Public, |payments, call| {
            Box::pin(std::future::ready(discover(&payments, &call)))
        }),
        get("/op/healthz", Audience::Public, |payments, call| {
            Box::pin(health(payments, call))
        }),
    ]
}

/// A route of the profile where the settings mount it.
fn mounted(
    payments: &Arc<Payments>,
    taken: (Method, BodyLimit),
    (below, audience): (&'static str, Audience),
    answer: Answer,
) -> Route {
    let path = match payments.settings.mount {
        Mount::Below => below,
        Mount::Root => below.strip_prefix("/op").unwrap_or(below),
    };
    let payments = Arc::clone(payments);
    let handler = move |call| answer(Arc::clone(&payments), call);
    let route = Route::new(taken, path, audience, SPEC, handler).cross_origin();
    // A person reads a page.
    if audience == Audience::Person {
        route
    } else {
        route.nested_errors()
    }
}

/// What a client does with what it was given, in either dialect.
#[derive(Clone, Copy)]
enum Verb {
    Continue,
    Cancel,
    Rotate,
    Revoke,
}

impl Verb {
    const fn place(self) -> Place {
        match self {
            Self::Continue => Place::Poll,
            Self::Cancel => Place::Cancel,
            Self::Rotate => Place::Rotate,
            Self::Revoke => Place::Revoke,
        }
    }
}

/// Finds whose a continuation or a token is, and goes the way of both dialects.
async fn through(payments: Arc<Payments>, call: Call, verb: Verb) -> Reply {
    let realm = match owner(&payments, &call, verb).await {
        Ok(realm) => realm,
        Err(problem) => return problem.reply(),
    };
    let policy = client::policy(&realm, payments.settings.check_created);
    match verb {
        Verb::Continue => continuation::handle(realm, call, policy).await,
        Verb::Cancel => continuation::cancel(realm, call, policy).await,
        Verb::Rotate => token::rotate(realm, call, policy).await,
        Verb::Revoke => token::revoke(realm, call, policy).await,
    }
}

async fn owner(payments: &Payments, call: &Call, verb: Verb) -> Result<Realm, Problem> {
    let place = verb.place();
    match verb {
        Verb::Continue => edge::speaks_json(call)?,
        Verb::Cancel | Verb::Rotate | Verb::Revoke => edge::accepts_json(call)?,
    }
    edge::is_signed(call, true)?;
    let realm = payments.realm(call.path_value(0), place).await?;
    realm.ok_or_else(|| Problem::refused(&Refusal::NotFound, place, Profile::OpenPayments))
}

/// What this server can do, in the words of this profile.
fn discover(payments: &Payments, call: &Call) -> Reply {
    if let Err(problem) = edge::accepts_json(call) {
        return problem.reply();
    }
    let PaymentsSettings { origin, base, .. } = &payments.settings;
    let path = base.strip_prefix(origin.as_str()).unwrap_or_default();
    discovery::open_payments(&format!("{path}/"))
}

/// Whether tenants can be read.
async fn health(payments: Arc<Payments>, _call: Call) -> Reply {
    let operator = payments.settings.operator_tenant;
    match payments.tenants.find(operator).await {
        Ok(_) => Reply::text(StatusCode::OK, "OK"),
        Err(error) => {
            tracing::error!(%error, "tenants cannot be read");
            Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}
