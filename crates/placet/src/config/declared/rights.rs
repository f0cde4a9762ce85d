//! Declared scopes and resources.
//!
//! Spec: RFC 6749 §3.3, RFC 8707 §2

use std::collections::{BTreeMap, BTreeSet};

use placet_core::right::{ResourceId, Scope};
use placet_core::time::Lifetime;

use crate::config::catalogue::closest;
use crate::config::file::Value;
use crate::config::problem::Fault;
use crate::config::reader::{Reader, label};
use crate::config::server::language_tag;

/// A text in one or more languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalText {
    /// The same text for everybody.
    Plain(String),
    /// A text by language tag; at least one.
    ByLanguage(BTreeMap<String, String>),
}

/// A scope with the words the consent page says.
#[derive(Clone, Debug)]
pub struct DeclaredScope {
    /// Its name.
    pub name: Scope,
    /// What it means to a person.
    pub description: LocalText,
    /// Whether the person may leave it out.
    pub optional: bool,
    /// How old the sign-in may be; absent means any age.
    pub step_up: Option<Lifetime>,
}

/// How access tokens of a resource look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// A random text, checked by introspection.
    Opaque,
    /// RFC 9068.
    Jwt,
}

/// An API that tokens are for.
#[derive(Clone, Debug)]
pub struct DeclaredResource {
    /// Its identifier.
    pub id: ResourceId,
    /// The name people see; absent means the identifier.
    pub name: Option<String>,
    /// How its access tokens look.
    pub format: TokenFormat,
    /// How long they live; absent means the general lifetime.
    pub lifetime: Option<Lifetime>,
    /// The scopes that mean something to it; absent means every scope.
    pub scopes: Option<BTreeSet<Scope>>,
}

pub(crate) fn scope_token(text: &str) -> Result<Scope, Fault> {
    Scope::parse(text).map_err(|_| {
        Fault::new(format!("holds {text:?}, which is no scope"))
            .hint("1 to 512 printable ASCII characters without space, \" and \\ (RFC 6749 §3.3)")
    })
}

pub(crate) fn resource_id(text: &str) -> Result<ResourceId, Fault> {
    ResourceId::parse(text).map_err(|_| {
        Fault::new(format!(
            "must be an absolute URI without a fragment, not {text:?}"
        ))
        .hint("for example \"https://photos.example\" or \"urn:example:photos\"")
    })
}

pub(super) fn scope(entry: &Reader<'_>) -> Option<DeclaredScope> {
    let name = entry.parsed("name", scope_token);
    let description = local_text(entry, "description");
    let optional = entry.flag("optional");
    let step_up = entry.maybe_seconds("step_up_s");
    Some(DeclaredScope {
        name: name?.value,
        description: description?,
        optional,
        step_up,
    })
}

pub(super) fn resource(entry: &Reader<'_>) -> Option<DeclaredResource> {
    let id = entry.parsed("id", resource_id);
    let name = entry.label("name");
    let format = entry.choice("access_token_format");
    let lifetime = entry.maybe_seconds("lifetime");
    let scopes = entry
        .parsed_texts("scopes", scope_token)
        .into_iter()
        .map(|scope| scope.value)
        .collect();
    Some(DeclaredResource {
        id: id?.value,
        name: name.map(|name| name.value),
        format: if format?.value == "jwt" {
            TokenFormat::Jwt
        } else {
            TokenFormat::Opaque
        },
        lifetime,
        scopes: entry.has("scopes").then_some(scopes),
    })
}

/// Reads a text, or a table of texts by language.
pub(super) fn local_text(entry: &Reader<'_>, name: &str) -> Option<LocalText> {
    let written = entry.entry(name)?;
    let Value::Table(table) = &written.node.value else {
        return entry.label(name).map(|text| LocalText::Plain(text.value));
    };
    let mut texts = BTreeMap::new();
    for language in &table.entries {
        let Value::Text(text) = &language.node.value else {
            let fault = Fault::new(format!(
                "must hold texts, not {}",
                language.node.value.kind()
            ));
            entry.error(&language.node.place, name, fault);
            continue;
        };
        match language_tag(&language.key).and_then(|tag| Ok((tag, label(text)?))) {
            Ok((tag, text)) => drop(texts.insert(tag, text)),
            Err(fault) => entry.error(&language.node.place, name, fault),
        }
    }
    if table.entries.is_empty() {
        entry.error(
            &written.node.place,
            name,
            Fault::new("must hold at least one language"),
        );
    }
    Some(LocalText::ByLanguage(texts)).filter(|_| !table.entries.is_empty())
}

impl LocalText {
    /// The text of every language; a plain text has none.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = match self {
            Self::Plain(_) => None,
            Self::ByLanguage(texts) => Some(texts),
        };
        texts
            .into_iter()
            .flatten()
            .map(|(tag, text)| (tag.as_str(), text.as_str()))
    }
}

/// A hint for a word that is not one of a few.
pub(super) fn one_of(message: String, word: &str, known: &[&str]) -> Fault {
    match closest(word, known.iter().copied()) {
        Some(near) => Fault::new(message).hint(format!("did you mean {near:?}?")),
        None => Fault::new(message).hint(format!("known: {}", known.join(", "))),
    }
}
