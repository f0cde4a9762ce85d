//! `/authorize`: a client sends a person here with their browser.
//!
//! 1. Find the client and its redirect URI. Until both are known nothing is ever redirected (threat A3).
//! 2. Run the checks of `checks`; from here on an error goes to the client.
//! 3. Answer without asking where that is allowed, or open a request and send the browser to its page.
//!
//! Spec: RFC 6749 §4.1.1–4.1.2, OpenID Connect Core §3.1.2, RFC 9700 §2.1, §4.11

mod checks;
mod params;
mod redirect;
mod respond;

use std::sync::Arc;

use http::{Method, StatusCode};
use placet_core::{client::Client, engine::Ask, pending::Delivery};
use placet_web::{
    context::Call,
    params::Form,
    person::{self, Attendance, Silent, Wish},
    reply::Reply,
    site::Site,
};
use url::form_urlencoded;

pub use self::redirect::ANSWER_PARAMETERS;
pub(crate) use self::respond::AuthorizationPayload;
use self::{checks::Demand, params::Params};
use crate::{
    error::{OAuthError, Problem},
    face::FACE,
};

/// The longest query a post is turned into, in bytes: what common servers and proxies take.
const QUERY_LIMIT_BYTES: usize = 8 * 1024;

/// Who asks, and the address at which they may be answered: both known to belong together.
pub(crate) struct Asker {
    client: Arc<Client>,
    redirect_uri: String,
    /// Whether the request named it, or the only registered one stands in (RFC 6749 §3.1.2.3).
    redirect_uri_sent: bool,
}

/// Answers GET and POST.
pub(crate) async fn handle(site: Arc<Site>, call: Call) -> Reply {
    if let Some(address) = asked_again(&site, &call) {
        return Reply::see_other(&address);
    }
    let (form, asker) = match begin(&site, &call).await {
        Ok(begun) => begun,
        Err(problem) => {
            // A 401 would promise a browser that it can authenticate (RFC 9110 §15.5.2).
            let status = match problem.status {
                StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
                other => other,
            };
            let told = (status, problem.error.code());
            return person::error_page(&site, &call, told, problem.retry_after);
        }
    };
    let params = Params::of(&form);
    let answer = params.answer_to(&asker);
    match authorize(&site, &call, &asker, &params, &form).await {
        Ok(reply) => reply,
        Err(problem) => person::deliver(&site, &call, answer.refuse(&site, problem)),
    }
}

/// Where to ask again by GET, when the post of another site kept the person's sign-in back. A request that is too long for
/// an address is answered as it came: the person then signs in once more.
fn asked_again(site: &Site, call: &Call) -> Option<String> {
    if !person::sign_in_was_kept_back(site, call) {
        return None;
    }
    Form::of_call(call).ok()?;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form_urlencoded::parse(&call.body))
        .finish();
    (query.len() <= QUERY_LIMIT_BYTES).then(|| site.settings.url(&format!("/authorize?{query}")))
}

/// The client and its redirect URI. Whatever is wrong here is told to the person, never to an address that nobody
/// vouched for (RFC 6749 §4.1.2.1, RFC 9700 §4.11.2).
async fn begin(site: &Site, call: &Call) -> Result<(Form, Asker), Problem> {
    let form = match call.method {
        Method::POST => Form::of_call(call)?,
        _ => Form::of_query(&call.query)?,
    };
    let client_id = form.get("client_id").ok_or(OAuthError::InvalidRequest)?;
    let client = site.engine.client_named(client_id).await?;
    let client = client
        .filter(|client| !client.disabled)
        .ok_or(OAuthError::InvalidClient)?;
    let (redirect_uri, redirect_uri_sent) = redirect::resolve(&client, &form)?;
    let asker = Asker {
        client,
        redirect_uri,
        redirect_uri_sent,
    };
    Ok((form, asker))
}

async fn authorize(
    site: &Arc<Site>,
    call: &Call,
    asker: &Asker,
    params: &Params<'_>,
    form: &Form,
) -> Result<Reply, Problem> {
    let demand = checks::demand(site, &asker.client, (params, form), call.context.now)?;
    let wish = Wish {
        client: &asker.client,
        redirect_uri: &asker.redirect_uri,
        asked: &demand.rights,
        need: &demand.need,
        always_ask: demand.always_ask,
    };
    let ready = match (
        person::silently(site, call, &wish).await?,
        demand.silent_only,
    ) {
        (Silent::Decided(ready), _) => Some(ready),
        (Silent::LoginRequired, true) => return Err(OAuthError::LoginRequired.into()),
        (Silent::ConsentRequired, true) => return Err(OAuthError::ConsentRequired.into()),
        (Silent::InteractionRequired, true) => return Err(OAuthError::InteractionRequired.into()),
        (Silent::LoginRequired | Silent::ConsentRequired | Silent::InteractionRequired, false) => {
            None
        }
    };
    let attendance = if demand.silent_only {
        Attendance::Never
    } else {
        Attendance::Ask
    };
    let ask = ask(site, call, asker, demand, params.answer_to(asker));
    Ok(person::begin(site, call, ask, ready, attendance).await?)
}

fn ask<'a>(
    site: &Site,
    call: &Call,
    asker: &'a Asker,
    demand: Demand,
    mut payload: AuthorizationPayload,
) -> Ask<'a> {
    payload.code_challenge = demand.code_challenge;
    Ask {
        face: FACE,
        client: &asker.client,
        // A browser brings the request, so nothing proves that the client sent it.
        proven: false,
        proof: None,
        peer: call.context.source(),
        rights: demand.rights,
        need: demand.need,
        addressed_to: None,
        delivery: Delivery::Redirect {
            code_lifetime: site.settings.lifetimes.authorization_code,
        },
        browser: None,
        every_time: demand.always_ask,
        parent: None,
        continuation: None,
        on_answer: None,
        introduced: None,
        payload: payload.stored(),
        lifetime: site.settings.lifetimes.interaction,
        with_user_code: false,
    }
}
