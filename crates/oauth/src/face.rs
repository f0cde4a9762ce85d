//! The face: its routes, what a person is asked, and where the browser goes.
//!
//! Spec: RFC 6749 §3–4, RFC 8628 §3, RFC 9207 §2

use std::{borrow::Cow, sync::Arc};

use placet_core::{
    engine::{Committed, Handover, Shown},
    pending::{EndKind, FaceName, PendingRequest, State},
    token::{Basis, TokenSpec},
};
use placet_web::{
    context::Call,
    face::{Audience, Face, Next, Prompt, Route, Routes},
    reply::Reply,
    site::Site,
};
use url::Url;

use crate::{
    authorize::{self, AuthorizationPayload},
    device,
    error::OAuthError,
    introspect, metadata,
    oidc::userinfo,
    revoke, token,
};

/// The name stored with each request of this face.
pub const FACE: FaceName = FaceName(Cow::Borrowed("oauth"));

/// OAuth 2.0 and OpenID Connect, to be put into [`Site::faces`].
pub fn face() -> Arc<dyn Face> {
    Arc::new(OAuthFace)
}

struct OAuthFace;

impl Face for OAuthFace {
    fn name(&self) -> FaceName {
        FACE
    }

    fn routes(&self, site: &Arc<Site>) -> Routes {
        let on = |handler| bound(site, handler);
        let mut routes = vec![
            Route::get(
                "/authorize",
                Audience::Redirect,
                "RFC 6749 §3.1",
                on(|site, call| Box::pin(authorize::handle(site, call))),
            ),
            Route::post(
                "/authorize",
                Audience::Redirect,
                "OpenID Connect Core §3.1.2.1",
                on(|site, call| Box::pin(authorize::handle(site, call))),
            ),
            Route::post(
                "/token",
                Audience::Client,
                "RFC 6749 §3.2",
                on(|site, call| Box::pin(token::handle(site, call))),
            )
            .cross_origin(),
            Route::post(
                "/device_authorization",
                Audience::Client,
                "RFC 8628 §3.1",
                on(|site, call| Box::pin(device::handle(site, call))),
            ),
            Route::post(
                "/introspect",
                Audience::Client,
                "RFC 7662 §2",
                on(|site, call| Box::pin(introspect::handle(site, call))),
            ),
            Route::post(
                "/revoke",
                Audience::Client,
                "RFC 7009 §2",
                on(|site, call| Box::pin(revoke::handle(site, call))),
            )
            .cross_origin(),
            Route::get(
                "/userinfo",
                Audience::Token,
                "OpenID Connect Core §5.3",
                on(|site, call| Box::pin(userinfo::handle(site, call))),
            )
            .cross_origin(),
            Route::post(
                "/userinfo",
                Audience::Token,
                "OpenID Connect Core §5.3.1",
                on(|site, call| Box::pin(userinfo::handle(site, call))),
            )
            .cross_origin(),
        ];
        routes.extend(metadata::routes(site));
        routes
    }

    fn describe(&self, _site: &Site, shown: &Shown) -> Prompt {
        let Some(payload) = AuthorizationPayload::of(&shown.request) else {
            return Prompt {
                from_device: shown.request.delivery.interval().is_some(),
                ..Prompt::default()
            };
        };
        let uri = Url::parse(&payload.redirect_uri).ok();
        Prompt {
            answer_host: uri.as_ref().and_then(Url::host_str).map(str::to_owned),
            answer_origin: uri.as_ref().map(origin_or_scheme),
            from_device: false,
            start_again: shown.client.metadata.client_uri.clone(),
            ..Prompt::default()
        }
    }

    fn tokens(&self, site: &Site, request: &PendingRequest, basis: &Basis<'_>) -> Vec<TokenSpec> {
        let payload = AuthorizationPayload::of(request);
        let nonce = payload
            .as_ref()
            .and_then(|payload| payload.nonce.as_deref());
        token::specs(&site.settings, basis, None, nonce)
    }

    fn after_answer(&self, site: &Site, handover: &Committed<Handover>) -> Next {
        let Handover { request, code, .. } = handover.get();
        let Some(payload) = AuthorizationPayload::of(request) else {
            // A device learns it by polling; the page tells the person.
            return Next::Stay;
        };
        match (&request.state, code) {
            (State::Approved(_), Some(code)) => payload.answer(site, &[("code", code)]),
            (State::Ended(ending), _) => match ending.kind {
                EndKind::Denied | EndKind::Abandoned => {
                    payload.refuse(site, OAuthError::AccessDenied.into())
                }
                EndKind::Cancelled | EndKind::Revoked | EndKind::Failed | EndKind::Expired => {
                    Next::Stay
                }
            },
            (
                State::Pending
                | State::Interacting { .. }
                | State::Clarifying { .. }
                | State::Approved(_)
                | State::Collected { .. },
                _,
            ) => Next::Stay,
        }
    }
}

/// What a page's `form-action` must allow: the origin of a web address, the scheme of anything else.
fn origin_or_scheme(uri: &Url) -> String {
    match uri.scheme() {
        "http" | "https" => uri.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    }
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Reply> + Send>>;

/// A handler that has the site at hand.
fn bound(
    site: &Arc<Site>,
    handler: fn(Arc<Site>, Call) -> Answering,
) -> impl Fn(Call) -> Answering + Send + Sync + 'static {
    let site = Arc::clone(site);
    move |call| handler(Arc::clone(&site), call)
}
