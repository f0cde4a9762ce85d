//! `/device_authorization`: a device without a browser begins a request, and a person carries a code to theirs.
//!
//! Spec: RFC 8628 §3.1–3.3

use std::sync::Arc;

use placet_core::{
    client::{AuthenticatedClient, Client, DEVICE_CODE},
    engine::Ask,
    pending::{Delivery, Payload, SignInNeed},
    right::Rights,
};
use placet_web::{
    client_auth,
    context::{Call, Context},
    params::Form,
    reply::Reply,
    site::Site,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    error::{OAuthError, Problem},
    face::FACE,
    outcome::Outcome,
    resource,
};

/// The version of the payload a device request carries.
const PAYLOAD_VERSION: u16 = 1;

/// A device's request.
#[derive(Debug)]
pub struct DeviceRequest {
    /// Which client.
    pub client: AuthenticatedClient,
    /// What it asks for: already cut to what it is registered for.
    pub rights: Rights,
}

/// What the device is told (RFC 8628 §3.2). It has no `Debug`: both codes are in it.
#[derive(Serialize)]
pub struct DeviceAuthorization {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

/// Answers a POST.
pub(crate) async fn handle(site: Arc<Site>, call: Call) -> Reply {
    let outcome = match request(&site, &call).await {
        Ok(request) => device_authorization(&site, &request, &call.context).await,
        Err(problem) => Err(problem),
    };
    outcome.unwrap_or_else(Outcome::Refused).print()
}

async fn request(site: &Site, call: &Call) -> Result<DeviceRequest, Problem> {
    let form = Form::of_call(call)?;
    let read = |client: &Client| asked(site, client, &form);
    let (client, rights) = client_auth::admit(site, call, &form, read).await?;
    Ok(DeviceRequest { client, rights })
}

fn asked(site: &Site, client: &Client, form: &Form) -> Result<Rights, Problem> {
    if !client.may_use(DEVICE_CODE) {
        return Err(OAuthError::UnauthorizedClient.into());
    }
    resource::asked_of_a_person(&site.settings, client, form)
}

/// Opens a request whose person sits elsewhere. They are always asked: whoever began it may not be them (threat D4).
///
/// # Errors
/// `temporarily_unavailable` when too many requests wait; what [`Problem`] makes of the engine's errors.
pub async fn device_authorization(
    site: &Site,
    request: &DeviceRequest,
    context: &Context,
) -> Result<Outcome, Problem> {
    let lifetimes = &site.settings.lifetimes;
    let client = request.client.client();
    let ask = Ask {
        face: FACE,
        client,
        proven: !client.is_public(),
        proof: request.client.proof().cloned(),
        peer: context.source(),
        rights: request.rights.clone(),
        need: SignInNeed::default(),
        addressed_to: None,
        delivery: Delivery::Poll {
            interval: lifetimes.poll_interval,
        },
        browser: None,
        every_time: true,
        parent: None,
        continuation: None,
        on_answer: None,
        introduced: None,
        payload: Payload {
            version: PAYLOAD_VERSION,
            open: json!({ "flow": "device" }),
            sealed: None,
        },
        lifetime: lifetimes.device_code,
        with_user_code: true,
    };
    let opened = site.engine.open(ask, context.now).await?.into_inner();
    let (Some(poll), Some(user_code)) = (opened.poll, opened.user_code) else {
        return Err(OAuthError::ServerError.into());
    };
    let user_code = user_code.to_string();
    let verification_uri = site.settings.url("/device");
    Ok(Outcome::Device(Box::new(DeviceAuthorization {
        device_code: poll.reveal(),
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        user_code,
        verification_uri,
        expires_in: lifetimes.device_code.as_secs(),
        interval: lifetimes.poll_interval.as_secs_ceil(),
    })))
}
