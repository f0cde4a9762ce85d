//! A client's metadata as operators write it: the members of RFC 7591 and Placet's own, checked one by one and
//! together.
//!
//! Spec: RFC 7591 §2

use std::borrow::Cow;

use placet_core::client::ClientMetadata;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, Object, ObjectBuilder, RefOr,
        schema::{AdditionalProperties, Schema, Type},
    },
};

use super::Flaw;
use crate::config::{
    Fault, Severity,
    catalogue::{self, Kind, Setting},
    check_client, check_fetched_url, check_label, check_redirect_uri, check_resource, check_scope,
    check_web_address,
};

/// Settings of a declared client that are not part of its metadata.
const BESIDE_METADATA: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_secret_file",
    "disabled",
];

/// What a client is registered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(pub ClientMetadata);

impl Metadata {
    /// Reads the members. One that does not exist is an error (threat E10).
    ///
    /// # Errors
    /// What serde says of the first member that does not fit.
    pub(super) fn parse(members: Map<String, Json>) -> Result<Self, Flaw> {
        serde_json::from_value(Json::Object(members))
            .map(Self)
            .map_err(|error| Flaw::new("the document", format!("cannot be read: {error}")))
    }

    /// Everything that is wrong with it for a client that has or has not a secret.
    pub(super) fn flaws(&self, has_secret: bool, development: bool) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let metadata = &self.0;
        let mut check = |member: &str, result: Result<(), Fault>| {
            flaws.extend(result.err().map(|fault| Flaw::of(member, fault)));
        };
        for (member, text) in labels(metadata) {
            check(member, check_label(text));
        }
        for (member, text) in addresses(metadata) {
            check(member, check_web_address(text));
        }
        for uri in &metadata.redirect_uris {
            check("redirect_uris", check_redirect_uri(uri));
        }
        for uri in &metadata.post_logout_redirect_uris {
            check("post_logout_redirect_uris", check_redirect_uri(uri));
        }
        for scope in metadata
            .scope
            .iter()
            .flat_map(|text| text.split_whitespace())
        {
            check("scope", check_scope(scope));
        }
        for resource in metadata.resources.iter().flatten() {
            check("resources", check_resource(resource));
        }
        if let Some(uri) = &metadata.jwks_uri {
            check("jwks_uri", check_fetched_url(uri, development));
        }
        for (member, text) in choices(metadata) {
            check(member, one_of_its_choices(member, text));
        }
        let errors = check_client(metadata, has_secret)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error);
        flaws.extend(errors.map(|finding| Flaw::of(finding.member, finding.fault)));
        flaws
    }
}

fn labels(metadata: &ClientMetadata) -> impl Iterator<Item = (&'static str, &str)> {
    let single = [
        ("client_name", &metadata.client_name),
        ("software_id", &metadata.software_id),
        ("software_version", &metadata.software_version),
    ];
    let many = metadata.contacts.iter().map(|text| ("contacts", text));
    let names = metadata
        .client_name_i18n
        .values()
        .map(|text| ("client_name_i18n", text));
    let single = single
        .into_iter()
        .filter_map(|(member, text)| Some((member, text.as_ref()?)));
    single
        .chain(many)
        .chain(names)
        .map(|(member, text)| (member, text.as_str()))
}

fn addresses(metadata: &ClientMetadata) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("client_uri", &metadata.client_uri),
        ("logo_uri", &metadata.logo_uri),
        ("tos_uri", &metadata.tos_uri),
        ("policy_uri", &metadata.policy_uri),
    ]
    .into_iter()
    .filter_map(|(member, text)| Some((member, text.as_deref()?)))
}

fn choices(metadata: &ClientMetadata) -> impl Iterator<Item = (&'static str, &str)> {
    [
        (
            "id_token_signed_response_alg",
            &metadata.id_token_signed_response_alg,
        ),
        (
            "token_endpoint_auth_signing_alg",
            &metadata.token_endpoint_auth_signing_alg,
        ),
    ]
    .into_iter()
    .filter_map(|(member, text)| Some((member, text.as_deref()?)))
}

fn one_of_its_choices(member: &str, text: &str) -> Result<(), Fault> {
    let setting = catalogue::setting(&format!("clients.{member}"));
    match setting.map(|setting| setting.kind) {
        Some(Kind::Choice(words)) if !words.contains(&text) => Err(Fault {
            message: format!("must not be {text:?}"),
            hint: Some(format!("known: {}", words.join(", "))),
        }),
        _ => Ok(()),
    }
}

/// The settings of a declared client that are members of its metadata.
fn members() -> impl Iterator<Item = &'static Setting> {
    catalogue::section("clients")
        .map_or(&[][..], |section| section.settings)
        .iter()
        .filter(|setting| !BESIDE_METADATA.contains(&setting.name()))
}

impl PartialSchema for Metadata {
    /// The catalogue of settings says what each member is, so the file and the API cannot say different things.
    fn schema() -> RefOr<Schema> {
        members()
            .fold(ObjectBuilder::new(), |object, setting| {
                object.property(setting.name(), member_schema(setting))
            })
            .description(Some("The members of RFC 7591 §2, and Placet's own."))
            .into()
    }
}

impl ToSchema for Metadata {
    fn name() -> Cow<'static, str> {
        "ClientMetadata".into()
    }
}

/// What a setting's value is, as a schema.
pub(super) fn member_schema(setting: &Setting) -> Schema {
    let described =
        |object: ObjectBuilder| Schema::Object(object.description(Some(setting.meaning)).build());
    let text = || ObjectBuilder::new().schema_type(Type::String);
    match setting.kind {
        Kind::Flag => described(ObjectBuilder::new().schema_type(Type::Boolean)),
        Kind::Number { .. } => described(ObjectBuilder::new().schema_type(Type::Integer)),
        Kind::Choice(words) => described(text().enum_values(Some(words.iter().copied()))),
        Kind::TextList => ArrayBuilder::new()
            .items(Object::with_type(Type::String))
            .description(Some(setting.meaning))
            .into(),
        Kind::LanguageText => described(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(
                    Schema::Object(Object::with_type(Type::String)),
                )))),
        ),
        Kind::Structure => described(ObjectBuilder::new().schema_type(Type::Object)),
        Kind::Text | Kind::Url | Kind::Address | Kind::Path | Kind::Secret | Kind::Colour => {
            described(text())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_member_that_can_be_stored() {
        let every: Metadata = Metadata(ClientMetadata {
            client_name: Some("x".into()),
            client_uri: Some("x".into()),
            logo_uri: Some("x".into()),
            tos_uri: Some("x".into()),
            policy_uri: Some("x".into()),
            contacts: vec!["x".into()],
            redirect_uris: vec!["x".into()],
            post_logout_redirect_uris: vec!["x".into()],
            token_endpoint_auth_method: Some(placet_core::client::AuthMethod::None),
            token_endpoint_auth_signing_alg: Some("x".into()),
            grant_types: Some(vec![]),
            response_types: Some(vec![]),
            scope: Some("x".into()),
            jwks: Some(Json::Null),
            jwks_uri: Some("x".into()),
            application_type: placet_core::client::ApplicationType::Web,
            id_token_signed_response_alg: Some("x".into()),
            default_max_age: Some(1),
            require_auth_time: true,
            software_id: Some("x".into()),
            software_version: Some("x".into()),
            first_party: true,
            require_pkce: Some(true),
            assertion_audience: placet_core::client::AssertionAudience::Issuer,
            resources: Some([].into()),
            device_same_network: true,
            resource_server: true,
            client_name_i18n: [("de".to_owned(), "x".to_owned())].into(),
        });
        let stored = serde_json::to_value(&every).unwrap();
        let schema = serde_json::to_value(Metadata::schema()).unwrap();
        let mut stored: Vec<_> = stored.as_object().unwrap().keys().cloned().collect();
        let mut described: Vec<_> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        stored.sort();
        described.sort();
        assert_eq!(stored, described);
    }
}
