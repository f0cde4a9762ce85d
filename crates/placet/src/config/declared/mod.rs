//! What the file declares: scopes, resources, people and clients, and the rules between them.

pub(crate) mod client;
mod client_rules;
pub(crate) mod person;
mod redirect;
pub(crate) mod rights;

use std::collections::HashMap;
use std::fmt::Write as _;

use placet_oauth::oidc::claims::PERSON_SCOPES;

pub use client::DeclaredClient;
pub use client_rules::{Finding, check_client};
pub use person::{DeclaredPerson, Password};
pub use redirect::check_redirect_uri;
pub use rights::{DeclaredResource, DeclaredScope, LocalText, TokenFormat};

use super::catalogue::closest;
use super::confidential::Confidential;
use super::file::{Node, Value};
use super::problem::{Fault, Place};
use super::reader::{Found, Reader};

/// Everything that was declared.
pub(crate) struct Declared {
    pub(crate) scopes: Vec<DeclaredScope>,
    pub(crate) resources: Vec<DeclaredResource>,
    pub(crate) people: Vec<DeclaredPerson>,
    pub(crate) clients: Vec<DeclaredClient>,
}

/// Reads all declarations.
pub(crate) fn read(top: &Reader<'_>, development: bool) -> Declared {
    let scopes: Vec<_> = top
        .entries("scopes")
        .iter()
        .filter_map(rights::scope)
        .collect();
    let mut scope_names: Vec<&str> = scopes.iter().map(|scope| scope.name.as_str()).collect();
    // Those of OpenID Connect need no declaration.
    scope_names.extend(PERSON_SCOPES);
    let resource_entries = top.entries("resources");
    let resources: Vec<_> = resource_entries
        .iter()
        .filter_map(rights::resource)
        .collect();
    let resource_ids: Vec<&str> = resources
        .iter()
        .map(|resource| resource.id.as_str())
        .collect();
    let people_entries = top.entries("people");
    let people: Vec<_> = people_entries.iter().filter_map(person::person).collect();
    let client_entries = top.entries("clients");
    let clients: Vec<_> = client_entries
        .iter()
        .filter_map(|entry| client::client(entry, development))
        .collect();

    unique(&top.entries("scopes"), "name", str::to_owned);
    unique(&resource_entries, "id", str::to_owned);
    unique(
        &people_entries,
        "username",
        placet_core::person::Person::normalise,
    );
    unique(&people_entries, "subject", str::to_owned);
    unique(&client_entries, "client_id", str::to_owned);
    clients_are_not_people(&client_entries, &people_entries);
    for entry in &resource_entries {
        mentions(
            entry,
            &entry.optional_texts("scopes"),
            "scopes",
            &scope_names,
        );
    }
    for entry in &client_entries {
        mentions(entry, &client::scope_words(entry), "scope", &scope_names);
        mentions(
            entry,
            &entry.optional_texts("resources"),
            "resources",
            &resource_ids,
        );
    }
    Declared {
        scopes,
        resources,
        people,
        clients,
    }
}

/// Where a text of an entry was written, without any report: the entry's own reading has told of mistakes.
fn written(entry: &Reader<'_>, name: &str) -> Option<(String, Place)> {
    match &entry.table().get(name)?.node {
        Node {
            value: Value::Text(text),
            place,
        } => Some((text.clone(), place.clone())),
        Node { .. } => None,
    }
}

/// Reports entries whose `name` was used by an earlier entry.
fn unique(entries: &[Reader<'_>], name: &str, normal: impl Fn(&str) -> String) {
    let mut seen: HashMap<String, Place> = HashMap::new();
    for entry in entries {
        let Some((text, place)) = written(entry, name) else {
            continue;
        };
        if let Some(first) = seen.get(&normal(&text)) {
            entry.error(
                &place,
                name,
                Fault::new(format!("{text:?} was declared before, at {first}")),
            );
        } else {
            seen.insert(normal(&text), place);
        }
    }
}

/// Reports clients whose id is the subject of a person: the `sub` of a token would not say who it is
/// (RFC 9700 §4.15, T15 of the threat list).
fn clients_are_not_people(clients: &[Reader<'_>], people: &[Reader<'_>]) {
    let subjects: HashMap<String, Place> = people
        .iter()
        .filter_map(|entry| written(entry, "subject"))
        .collect();
    for entry in clients {
        let Some((text, place)) = written(entry, "client_id") else {
            continue;
        };
        if let Some(person) = subjects.get(&text) {
            entry.error(
                &place,
                "client_id",
                Fault::new(format!("{text:?} is the subject of a person, at {person}")),
            );
        }
    }
}

/// Warns of a name that nothing in the file declares. It may still be in the store, from an earlier file.
fn mentions(entry: &Reader<'_>, words: &[Found<String>], name: &str, declared: &[&str]) {
    for word in words
        .iter()
        .filter(|word| !declared.contains(&word.value.as_str()))
    {
        let fault = Fault::new(format!("names {:?}, which is not declared", word.value));
        let fault = match closest(&word.value, declared.iter().copied()) {
            Some(near) => fault.hint(format!("did you mean {near:?}?")),
            None => fault,
        };
        entry.warning(&word.place, name, fault);
    }
}

/// An entry as text that changes exactly when the declaration does, with the contents of the files it names.
///
/// It may hold a password. Keep only a keyed hash of it: with a plain one, whoever copies the database can try
/// passwords at the speed of SHA-256.
fn fingerprint(entry: &Reader<'_>, secret: Option<&Confidential>) -> Confidential {
    let mut text = String::new();
    let table = Node {
        place: entry.place().clone(),
        value: Value::Table(entry.table().clone()),
    };
    canonical(&table, &mut text);
    if let Some(secret) = secret {
        text.push_str(secret.reveal());
    }
    Confidential::new(text)
}

/// Writes a value with sorted keys and nothing that may differ between two spellings of the same value.
fn canonical(node: &Node, out: &mut String) {
    match &node.value {
        Value::Text(text) | Value::Loose(text) => {
            let _ = write!(out, "{text:?}");
        }
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Boolean(flag) => out.push_str(&flag.to_string()),
        Value::Other(name) => out.push_str(name),
        Value::List(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Table(table) => {
            let mut entries: Vec<_> = table.entries.iter().collect();
            entries.sort_by(|left, right| left.key.cmp(&right.key));
            out.push('{');
            for entry in entries {
                let _ = write!(out, "{:?}:", entry.key);
                canonical(&entry.node, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

/// A value as JSON, for what a specification defines as JSON.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Text(text) | Value::Loose(text) => text.clone().into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Table(table) => table
            .entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.node)))
            .collect(),
        Value::Other(_) => serde_json::Value::Null,
    }
}
