//! The description of the API, generated from its endpoints and the types they carry.
//!
//! Spec: `OpenAPI` 3.1

use std::{collections::BTreeMap, fmt::Write as _};

use http::Method;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Content, HttpMethod, Info, OpenApi, OpenApiBuilder, PathItem, Paths, Ref,
        RefOr, Required, ResponseBuilder, ResponsesBuilder,
        header::HeaderBuilder,
        path::{OperationBuilder, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Schema, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    endpoint::Endpoint,
    endpoints,
    problem::{CODES, ProblemDocument},
};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
/// What the token is called among the security schemes.
const TOKEN: &str = "operator";

const ABOUT: &str = "What an operator may do. A name in a path that holds more than letters, digits, `-`, `.` and `_`, \
such as a client_id that is a URI, is written as `~` and the base64url of its UTF-8, without padding. Changes that could \
overwrite another operator's name the version they were made for in `If-Match`. Problems carry a stable `code`.";

/// The description of the admin API.
pub fn openapi() -> OpenApi {
    let mut info = Info::new("Placet admin API", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut schemas = vec![(
        ProblemDocument::name().into_owned(),
        ProblemDocument::schema(),
    )];
    ProblemDocument::schemas(&mut schemas);
    let mut paths = Paths::new();
    for endpoint in endpoints() {
        for shape in endpoint.takes.iter().chain(&endpoint.answers) {
            (shape.collect)(&mut schemas);
        }
        let path = endpoint.path;
        let (method, operation) = operation(endpoint);
        let item = PathItem::new(method, operation);
        match paths.paths.get_mut(path) {
            Some(known) => known.merge_operations(item),
            None => drop(paths.paths.insert(path.to_owned(), item)),
        }
    }
    let mut components = Components::new();
    let schemas: BTreeMap<String, RefOr<Schema>> = schemas.into_iter().collect();
    components.schemas.extend(schemas);
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(TOKEN, bearer);
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(
            TOKEN,
            [],
        )]))
        .build()
}

fn operation(endpoint: Endpoint) -> (HttpMethod, OperationBuilder) {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(endpoint.id))
        .summary(Some(endpoint.about))
        .tag(tag(endpoint.path));
    for name in names(endpoint.path) {
        operation = operation.parameter(parameter(name, ParameterIn::Path, Required::True));
    }
    for query in &endpoint.query {
        let kind = if query.number {
            Type::Integer
        } else {
            Type::String
        };
        let described = parameter(query.name, ParameterIn::Query, Required::False)
            .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
            .description(Some(query.about));
        operation = operation.parameter(described);
    }
    if endpoint.versioned {
        let version = parameter("If-Match", ParameterIn::Header, Required::True);
        operation = operation.parameter(version.description(Some("The `ETag` that was read.")));
    }
    if let Some(takes) = endpoint.takes {
        let body = RequestBodyBuilder::new()
            .content(JSON, Content::new(Some(takes.schema)))
            .required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    let mut answer = ResponseBuilder::new().description(if endpoint.answers.is_some() {
        "As asked."
    } else {
        "Done."
    });
    if let Some(answers) = endpoint.answers {
        answer = answer.content(JSON, Content::new(Some(answers.schema)));
    }
    if endpoint.versioned {
        let tag = HeaderBuilder::new().description(Some("The version that was told."));
        answer = answer.header("ETag", tag.build());
    }
    let problem = Content::new(Some(RefOr::<Schema>::Ref(Ref::from_schema_name(
        ProblemDocument::name(),
    ))));
    let responses = ResponsesBuilder::new()
        .response(endpoint.status.as_str(), answer.build())
        .response(
            "401",
            ResponseBuilder::new()
                .description("An operator's token is needed.")
                .build(),
        )
        .response(
            "default",
            ResponseBuilder::new()
                .description(problems())
                .content(PROBLEM_JSON, problem)
                .build(),
        );
    (
        http_method(&endpoint.method),
        operation.responses(responses.build()),
    )
}

fn parameter(name: &str, within: ParameterIn, required: Required) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(within)
        .required(required)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
}

/// Every code that `Problem` may carry, for readers.
fn problems() -> String {
    let mut text = "A problem. Its `code` is one of:\n".to_owned();
    for (code, status, title) in CODES {
        let status = status.as_u16();
        let _ = write!(text, "\n- `{code}` ({status}): {title}.");
    }
    text
}

/// The names in braces, in order.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// What an endpoint is listed under: the last plural of its path.
fn tag(path: &'static str) -> &'static str {
    [
        "sessions",
        "gnap-grants",
        "grants",
        "clients",
        "people",
        "requests",
        "events",
        "keys",
        "tenants",
        "tenant",
    ]
    .into_iter()
    .find(|tag| path.split('/').any(|segment| segment == *tag))
    .unwrap_or("other")
}

fn http_method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    found.push(target);
                }
                members
                    .values()
                    .for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_description_is_whole() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut targets = Vec::new();
        references(&document, &mut targets);
        assert!(!targets.is_empty());
        for target in targets {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(
                document.pointer(pointer).is_some(),
                "{target} leads nowhere"
            );
        }
        let mut ids = std::collections::BTreeSet::new();
        let mut operations = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                operations += 1;
                assert!(
                    ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                    "{path}"
                );
                for name in names(path) {
                    let parameters = operation["parameters"].as_array().unwrap();
                    assert!(
                        parameters
                            .iter()
                            .any(|p| p["name"] == name && p["in"] == "path"),
                        "{path}"
                    );
                }
            }
        }
        assert_eq!(operations, endpoints().len());
    }

    #[test]
    fn e7_no_answer_has_a_member_for_a_secret() {
        let document = serde_json::to_value(openapi()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            let text = schema.to_string();
            for word in ["password_hash", "\"private\"", "sealed", "\"hash\""] {
                let asked_for = name == "NewPersonDocument";
                assert!(asked_for || !text.contains(word), "{name} tells {word}");
            }
        }
    }
}
