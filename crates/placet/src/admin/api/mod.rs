//! The admin API: every endpoint is one value, from which both its route and its description in `OpenAPI` are made, so
//! that neither can say what the other does not do.
//!
//! Spec: RFC 9110 §8.8.3 and §13.1.1 (versions), RFC 9457 (problems), `OpenAPI` 3.1

mod clients;
mod document;
mod endpoint;
mod events;
mod gnap_grants;
mod grants;
mod input;
mod keys;
mod people;
mod problem;
mod requests;
mod sessions;
mod tenant_service;
mod tenants;

use http::{Method, StatusCode};
use placet_web::{
    face::{Audience, BodyLimit, Route, Routes},
    reply::Reply,
};

use self::endpoint::Endpoint;
pub use self::{document::openapi, problem::CODES};
use super::Desk;

/// Every endpoint, in the order of the documentation.
fn endpoints() -> Vec<Endpoint> {
    [
        clients::endpoints(),
        people::endpoints(),
        sessions::endpoints(),
        grants::endpoints(),
        requests::endpoints(),
        events::endpoints(),
        keys::endpoints(),
        tenants::endpoints(),
        gnap_grants::endpoints(),
        tenant_service::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn routes(desk: &Desk) -> Routes {
    let described = serde_json::to_value(openapi()).unwrap_or_default();
    let mut routes: Routes = endpoints()
        .into_iter()
        .map(|endpoint| endpoint.into_route(desk.clone()))
        .collect();
    routes.push(Route::new(
        (Method::GET, BodyLimit::Empty),
        "/openapi.json",
        Audience::Operator,
        "OpenAPI 3.1",
        move |_| {
            let reply = Reply::json(StatusCode::OK, &described);
            async move { reply }
        },
    ));
    routes
}
