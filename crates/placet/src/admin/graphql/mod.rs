//! `POST /graphql` on the operators' listener: what tenants of Open Payments manage themselves, as clients of Rafiki ask it.
//!
//! 1. A tenant names itself and signs the body ([`signature`]); an operator brings the listener's token, or signs with it
//!    as the server's own tenant.
//! 2. The query is weighed before it is walked through ([`weight`]).
//! 3. Each field is an operation of an operator, for one tenant ([`schema`]).
//!
//! Spec: GraphQL (October 2021), GraphQL over HTTP §6; docs/adr/0020; threats E1, E13, G9

mod grant;
mod scalar;
mod schema;
mod signature;
mod tenant;
mod weight;

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError, Value};
use http::{HeaderValue, Method, StatusCode, header};
use placet_core::{engine, id::Id, tenant::Tenant, time::Timestamp};
use placet_gnap::canonical_json;
use placet_web::{
    context::Call,
    face::{Audience, BodyLimit, Route},
    reply::Reply,
};

use self::{
    schema::{Asker, Graph},
    signature::{NotTaken, Remembered, Signature},
    weight::{DEPTH_LIMIT, FIELDS_LIMIT, SCHEMA_DEPTH_LIMIT},
};
use super::{Desk, operations::Operator};
use crate::{app::App, config::Confidential, router};

/// The field that names the tenant.
const TENANT_ID: &str = "tenant-id";
/// The field that holds the signature.
const SIGNATURE: &str = "signature";

/// Everything the endpoint stands on.
struct Endpoint {
    desk: Desk,
    /// The operators' token. Absent: nobody is an operator here.
    token: Option<Confidential>,
    remembered: Remembered,
    graph: Graph,
    /// Answers questions about the schema, where they are allowed.
    about_schema: Option<Graph>,
}

/// Why a call is not let in.
enum Refused {
    Unknown,
    TooMany,
    Store(engine::Error),
}

impl From<engine::Error> for Refused {
    fn from(error: engine::Error) -> Self {
        Self::Store(error)
    }
}

/// The route.
pub(super) fn route(app: &Arc<App>, desk: Desk) -> Route {
    let development = app.settings.development;
    let about_schema = || {
        schema::builder()
            .limit_depth(SCHEMA_DEPTH_LIMIT)
            .introspection_only()
            .finish()
    };
    let endpoint = Arc::new(Endpoint {
        desk,
        token: app.settings.admin.as_ref().map(|admin| admin.token.clone()),
        remembered: Remembered::default(),
        graph: schema::builder()
            .limit_depth(DEPTH_LIMIT)
            .disable_introspection()
            .finish(),
        about_schema: development.then(about_schema),
    });
    Route::new(
        (Method::POST, BodyLimit::Form),
        "/graphql",
        Audience::Tenant,
        "GraphQL over HTTP §6",
        move |call| {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.answer(call).await }
        },
    )
}

impl Endpoint {
    async fn answer(&self, call: Call) -> Reply {
        let asker = match self.identify(&call).await {
            Ok(asker) => asker,
            Err(refused) => return refused.reply(),
        };
        let kind = call.header(header::CONTENT_TYPE.as_str());
        let essence = kind
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        if !essence.trim().eq_ignore_ascii_case("application/json") {
            let told = "Send application/json.\n";
            return Reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, told);
        }
        let Ok(request) = serde_json::from_slice::<Request>(&call.body) else {
            return problem("the body is no GraphQL request", "BAD_REQUEST");
        };
        self.execute(request, asker).await
    }

    /// Who asks.
    async fn identify(&self, call: &Call) -> Result<Asker, Refused> {
        let operator = || Asker {
            operator: self.desk.operator_of(call),
            tenant: None,
        };
        if let Some(token) = &self.token
            && router::bears(&call.headers, token)
        {
            return Ok(operator());
        }
        let id = call
            .header(TENANT_ID)
            .and_then(|id| Tenant::parse_uuid(id).ok());
        let signature = call.header(SIGNATURE).and_then(Signature::parse);
        let (Some(id), Some(signature)) = (id, signature) else {
            return Err(Refused::Unknown);
        };
        let now = call.context.now;
        let canonical = canonical_json(&call.body).filter(|_| signature.is_timely(now));
        let canonical = canonical.ok_or(Refused::Unknown)?;
        let own = self.desk.operator.own_tenant() == Some(id);
        let right = match &self.token {
            Some(token) if own => signature.is_by(&[token.reveal()], &canonical),
            _ => signature.is_by(&self.desk.operator.api_secrets(id).await?, &canonical),
        };
        if !right {
            return Err(Refused::Unknown);
        }
        let asker = if own {
            operator()
        } else {
            Asker {
                operator: self.desk.tenant_of(call, id),
                tenant: Some(Tenant::uuid_of(id)),
            }
        };
        self.take(id, &signature, (&asker.operator, now)).await?;
        Ok(asker)
    }

    /// Takes a right signature, once on all nodes: what this one remembers is refused without a write, the store decides.
    async fn take(
        &self,
        id: Id<Tenant>,
        signature: &Signature,
        (operator, now): (&Operator, Timestamp),
    ) -> Result<(), Refused> {
        match self.remembered.take(id, signature, now) {
            Ok(()) => {}
            Err(NotTaken::Again) => return Err(Refused::Unknown),
            Err(NotTaken::TooMany) => return Err(Refused::TooMany),
        }
        match operator.spend_once(&signature.once(id)).await {
            Ok(()) => Ok(()),
            Err(engine::Error::Refused(_)) => Err(Refused::Unknown),
            Err(error) => {
                // It did not count, so it may come again.
                self.remembered.forget(id, signature);
                Err(error.into())
            }
        }
    }

    async fn execute(&self, mut request: Request, asker: Asker) -> Reply {
        if weight::is_too_deep(&request.query) {
            return problem(
                "the query is nested too deeply",
                "GRAPHQL_VALIDATION_FAILED",
            );
        }
        let document = match request.parsed_query() {
            Ok(document) => document,
            Err(error) => return problem(error.message, "GRAPHQL_PARSE_FAILED"),
        };
        let about_schema = weight::asks_about_schema(document);
        let depth = if about_schema {
            SCHEMA_DEPTH_LIMIT
        } else {
            DEPTH_LIMIT
        };
        match weight::weight(document) {
            None => {
                let told = "fragments name each other in a circle";
                return problem(told, "GRAPHQL_VALIDATION_FAILED");
            }
            Some(weight) if weight.depth > depth || weight.fields > FIELDS_LIMIT => {
                let told =
                    format!("the query is too large: at most {FIELDS_LIMIT} fields, {depth} deep");
                return problem(told, "GRAPHQL_VALIDATION_FAILED");
            }
            Some(_) => {}
        }
        let graph = match (&self.about_schema, about_schema) {
            (_, false) => &self.graph,
            (Some(graph), true) => graph,
            (None, true) => {
                let told = "questions about the schema are answered in development alone";
                return problem(told, "INTROSPECTION_DISABLED");
            }
        };
        reply(graph.execute(request.data(asker)).await)
    }
}

/// The answer. What could not be executed at all is the caller's fault; what went wrong at a field is told there.
fn reply(mut response: Response) -> Reply {
    let unexecuted = |error: &ServerError| error.path.is_empty();
    let status = if response.data == Value::Null && response.errors.iter().any(unexecuted) {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", "GRAPHQL_VALIDATION_FAILED");
        }
    }
    Reply::json(status, &response)
}

fn problem(message: impl Into<String>, code: &'static str) -> Reply {
    let error = schema::coded(message, code);
    let error = error.into_server_error(async_graphql::Pos::default());
    reply(Response::from_errors(vec![error]))
}

impl Refused {
    /// Whatever is wrong with who asks looks the same.
    fn reply(self) -> Reply {
        match self {
            Self::Unknown => Reply::text(StatusCode::UNAUTHORIZED, "Unauthorized\n")
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::TooMany => Reply::text(StatusCode::TOO_MANY_REQUESTS, "Too many calls.\n")
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("30")),
            Self::Store(error) => {
                tracing::error!(%error, "the GraphQL endpoint could not read a tenant");
                Reply::text(StatusCode::SERVICE_UNAVAILABLE, "Try again.\n")
                    .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
            }
        }
    }
}
