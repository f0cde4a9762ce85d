//! One endpoint: what it does, what it takes, what it answers, and the function that does it.

use std::{future::Future, pin::Pin, sync::Arc};

use http::{HeaderValue, Method, StatusCode, header};
use placet_core::store::Version;
use placet_web::{
    context::Call,
    face::{Audience, BodyLimit, Route},
    reply::Reply,
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, Ref, RefOr,
        schema::{Schema, Type},
    },
};

use super::{Desk, problem::Problem};
use crate::admin::operations::Operator;

type Handle = Arc<
    dyn Fn(Operator, Call) -> Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>
        + Send
        + Sync,
>;
type Collect = fn(&mut Vec<(String, RefOr<Schema>)>);

/// The form of a body, with the schemas it refers to.
pub(super) struct Shape {
    pub(super) schema: RefOr<Schema>,
    pub(super) collect: Collect,
}

/// A parameter of the query.
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) number: bool,
}

/// The parameters of every list.
pub(super) const PAGING: [Parameter; 2] = [
    Parameter {
        name: "limit",
        about: "How many items at most, 1 to 500. Absent: 100.",
        number: true,
    },
    Parameter {
        name: "after",
        about: "The `next` of the page before. Absent: the first page.",
        number: false,
    },
];

/// One endpoint.
pub(super) struct Endpoint {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// The name of the operation, for generated clients.
    pub(super) id: &'static str,
    pub(super) about: &'static str,
    pub(super) status: StatusCode,
    pub(super) takes: Option<Shape>,
    pub(super) answers: Option<Shape>,
    pub(super) query: Vec<Parameter>,
    /// Whether a change must name the version it was made for.
    pub(super) versioned: bool,
    handle: Handle,
}

fn collect<T: ToSchema>(out: &mut Vec<(String, RefOr<Schema>)>) {
    out.push((T::name().into_owned(), T::schema()));
    T::schemas(out);
}

fn shape<T: ToSchema>() -> Shape {
    Shape {
        schema: Ref::from_schema_name(T::name()).into(),
        collect: collect::<T>,
    }
}

impl Endpoint {
    /// An endpoint that takes nothing and answers nothing.
    pub(super) fn new<F, Fut>(
        (method, path): (Method, &'static str),
        id: &'static str,
        about: &'static str,
        handle: F,
    ) -> Self
    where
        F: Fn(Operator, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply, Problem>> + Send + 'static,
    {
        Self {
            method,
            path,
            id,
            about,
            status: StatusCode::NO_CONTENT,
            takes: None,
            answers: None,
            query: Vec::new(),
            versioned: false,
            handle: Arc::new(move |operator, call| Box::pin(handle(operator, call))),
        }
    }

    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        self.takes = Some(shape::<T>());
        self
    }

    pub(super) fn answers<T: ToSchema>(mut self, status: StatusCode) -> Self {
        (self.status, self.answers) = (status, Some(shape::<T>()));
        self
    }

    /// Answers a list, in pages when it takes [`PAGING`].
    pub(super) fn lists<T: ToSchema>(mut self, query: &[Parameter]) -> Self {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        let mut object = ObjectBuilder::new()
            .property("items", items)
            .required("items");
        if query.iter().any(|parameter| parameter.name == "after") {
            let next = ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some(
                    "The cursor of the page that follows. Absent on the last one.",
                ));
            object = object.property("next", next);
        }
        self.status = StatusCode::OK;
        self.answers = Some(Shape {
            schema: object.into(),
            collect: collect::<T>,
        });
        self.query = query.to_vec();
        self
    }

    /// Takes parameters in its query.
    pub(super) fn asks(mut self, query: &[Parameter]) -> Self {
        self.query = query.to_vec();
        self
    }

    pub(super) fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    pub(super) fn into_route(self, desk: Desk) -> Route {
        let body = if self.takes.is_some() {
            BodyLimit::Admin
        } else {
            BodyLimit::Empty
        };
        let handle = self.handle;
        Route::new(
            (self.method, body),
            self.path,
            Audience::Operator,
            "",
            move |call: Call| {
                let operator = desk.operator_of(&call);
                let request_id = call.context.request_id.clone();
                let answer = handle(operator, call);
                async move {
                    answer
                        .await
                        .unwrap_or_else(|problem| problem.into_reply(&request_id))
                }
            },
        )
    }
}

/// An answer with a value.
pub(super) fn told(value: &impl Serialize) -> Reply {
    Reply::json(StatusCode::OK, value)
}

/// A list that is not in pages.
pub(super) fn told_all<T: Serialize>(items: &[T]) -> Reply {
    told(&serde_json::json!({ "items": items }))
}

/// An answer without one.
pub(super) fn done() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
}

/// The same answer with the version of what it tells.
pub(super) fn at_version(reply: Reply, version: Version) -> Reply {
    match HeaderValue::try_from(format!("\"{version}\"")) {
        Ok(tag) => reply.with_header(header::ETAG, tag),
        Err(_) => reply,
    }
}

/// The answer to an addition: where it is.
pub(super) fn added(mut reply: Reply, path: &str) -> Reply {
    reply.status = StatusCode::CREATED;
    match HeaderValue::try_from(path) {
        Ok(location) => reply.with_header(header::LOCATION, location),
        Err(_) => reply,
    }
}
