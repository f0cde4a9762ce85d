//! Declared clients.
//!
//! Spec: RFC 7591 §2

use placet_core::client::ClientMetadata;
use serde_json::{Map, Value as Json};

use super::client_rules::check_client;
use super::redirect::check_redirect_uri;
use super::rights::{LocalText, local_text, resource_id, scope_token};
use super::{fingerprint, json, person::web_address};
use crate::config::catalogue::{self, Kind, Setting};
use crate::config::confidential::Confidential;
use crate::config::origin::host_is_loopback;
use crate::config::problem::{Fault, Severity};
use crate::config::reader::{Found, Reader};
use crate::config::server::warn_if_weak;

/// Settings of a client that are not part of its metadata.
const BESIDE_METADATA: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_secret_file",
    "disabled",
];

/// Software that may ask.
#[derive(Clone, Debug)]
pub struct DeclaredClient {
    /// The `client_id`.
    pub client_id: String,
    /// Its secret; absent for a public client and for one with keys.
    pub secret: Option<Confidential>,
    /// Whether it is refused.
    pub disabled: bool,
    /// What it is registered with.
    pub metadata: ClientMetadata,
    /// Changes exactly when the declaration does; keep only a keyed hash.
    pub fingerprint: Confidential,
}

pub(super) fn client(entry: &Reader<'_>, development: bool) -> Option<DeclaredClient> {
    let client_id = entry.parsed("client_id", client_id);
    let secret = secret(entry);
    let disabled = entry.flag("disabled");
    let metadata = metadata(entry, development)?;
    let has_secret =
        secret.is_some() || entry.has("client_secret") || entry.has("client_secret_file");
    for finding in check_client(&metadata, has_secret) {
        let place = entry.place_of(finding.member);
        match finding.severity {
            Severity::Error => entry.error(&place, finding.member, finding.fault),
            Severity::Warning => entry.warning(&place, finding.member, finding.fault),
        }
    }
    Some(DeclaredClient {
        fingerprint: fingerprint(entry, secret.as_ref()),
        client_id: client_id?.value,
        secret,
        disabled,
        metadata,
    })
}

/// Reads a client identifier: `VSCHAR` (RFC 6749 Appendix A.1).
pub(crate) fn client_id(text: &str) -> Result<String, Fault> {
    let fits =
        matches!(text.len(), 1..=512) && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if fits {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "must be 1 to 512 printable ASCII characters (RFC 6749 Appendix A.1)",
    ))
}

fn secret(entry: &Reader<'_>) -> Option<Confidential> {
    if entry.has("client_secret") && entry.has("client_secret_file") {
        let fault = Fault::new("stands beside client_secret; one of them is enough");
        entry.error(
            &entry.place_of("client_secret_file"),
            "client_secret_file",
            fault,
        );
    }
    for (name, found) in [
        ("client_secret", entry.secret("client_secret")),
        (
            "client_secret_file",
            entry.secret_file("client_secret_file"),
        ),
    ] {
        if let Some(found) = found {
            warn_if_weak(entry, name, &found);
            return Some(found.value);
        }
    }
    None
}

/// The scopes a client names, each with its place; without any report.
pub(super) fn scope_words(entry: &Reader<'_>) -> Vec<Found<String>> {
    let written = super::written(entry, "scope");
    let words = written.iter().flat_map(|(text, place)| {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| Found {
                value: word.to_owned(),
                place: place.clone(),
            })
    });
    words.collect()
}

/// Reads every member the catalogue knows into the one type the admin API uses too.
fn metadata(entry: &Reader<'_>, development: bool) -> Option<ClientMetadata> {
    let settings = catalogue::section("clients").map_or(&[][..], |section| section.settings);
    let mut members = Map::new();
    let written = settings.iter().filter(|setting| entry.has(setting.name()));
    for setting in written.filter(|setting| !BESIDE_METADATA.contains(&setting.name())) {
        if let Some(value) = member(entry, setting, development) {
            members.insert(setting.name().to_owned(), value);
        }
    }
    match serde_json::from_value(Json::Object(members)) {
        Ok(metadata) => Some(metadata),
        Err(error) => {
            let fault = Fault::new(format!("cannot be registered: {error}"));
            entry.error(&entry.place_of("client_id"), "client_id", fault);
            None
        }
    }
}

fn member(entry: &Reader<'_>, setting: &Setting, development: bool) -> Option<Json> {
    let name = setting.name();
    match (name, setting.kind) {
        ("redirect_uris" | "post_logout_redirect_uris", _) => {
            let uris = entry.parsed_texts(name, |text| {
                check_redirect_uri(text).map(|()| text.to_owned())
            });
            // What is wrong stays in the list, so that it is not also said to be missing.
            let all = if uris.is_empty() {
                entry.optional_texts(name)
            } else {
                uris
            };
            Some(all.into_iter().map(|uri| uri.value).collect())
        }
        ("resources", _) => {
            let ids = entry.parsed_texts(name, |text| {
                resource_id(text).map(|id| id.as_str().to_owned())
            });
            Some(ids.into_iter().map(|id| id.value).collect())
        }
        ("scope", _) => {
            let check = |text: &str| {
                let words = text.split(' ').filter(|word| !word.is_empty());
                words
                    .map(|word| scope_token(word).map(|_| word))
                    .collect::<Result<Vec<_>, _>>()
                    .map(|words| words.join(" "))
            };
            entry.parsed(name, check).map(|found| found.value.into())
        }
        ("jwks_uri", _) => entry
            .parsed(name, |text| fetched(text, development))
            .map(|found| found.value.into()),
        (_, Kind::LanguageText) => match local_text(entry, name)? {
            LocalText::ByLanguage(texts) => Some(
                texts
                    .into_iter()
                    .map(|(tag, text)| (tag, Json::from(text)))
                    .collect(),
            ),
            LocalText::Plain(_) => {
                let fault =
                    Fault::new("must be a table of texts by language tag").hint("{ de = \"…\" }");
                entry.error(&entry.place_of(name), name, fault);
                None
            }
        },
        (_, Kind::Flag) => Some(entry.flag(name).into()),
        (_, Kind::Number { .. }) => entry.maybe_number(name).map(|found| found.value.into()),
        (_, Kind::Choice(_)) => entry.choice(name).map(|found| found.value.into()),
        (_, Kind::TextList) => Some(
            entry
                .texts(name)
                .into_iter()
                .map(|found| found.value)
                .collect(),
        ),
        (_, Kind::Url) => entry
            .parsed(name, web_address)
            .map(|found| found.value.into()),
        (_, Kind::Structure) => entry.structure(name).map(json),
        (_, Kind::Text | Kind::Address | Kind::Path | Kind::Secret | Kind::Colour) => {
            entry.label(name).map(|found| found.value.into())
        }
    }
}

/// Reads an address the server fetches: https, or http on loopback in development.
pub(crate) fn fetched(text: &str, development: bool) -> Result<String, Fault> {
    let url =
        url::Url::parse(text).map_err(|error| Fault::new(format!("is not a URL: {error}")))?;
    let local = development && url.scheme() == "http" && host_is_loopback(url.host().as_ref());
    if url.scheme() == "https" || local {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("must be https, not {text:?}")))
}
