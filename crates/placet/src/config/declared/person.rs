//! Declared people.
//!
//! Spec: OpenID Connect Core §2 (`sub`), §5.1 (claims)

use serde_json::{Map, Value as Json};

use super::{fingerprint, json};
use crate::config::catalogue::{self, Kind, Setting};
use crate::config::confidential::Confidential;
use crate::config::file::Value;
use crate::config::problem::Fault;
use crate::config::reader::{Found, Reader};

/// How a declared person's password was given.
#[derive(Clone, Debug)]
pub enum Password {
    /// In the clear; it is hashed when the declaration is applied.
    Clear(Confidential),
    /// As an argon2id hash in PHC form.
    Hash(Confidential),
}

/// A person who may sign in.
#[derive(Clone, Debug)]
pub struct DeclaredPerson {
    /// The name at sign-in, normalised.
    pub username: String,
    /// The `sub`; absent means that one is made when the person is first applied.
    pub subject: Option<String>,
    /// How they prove who they are; absent means that they cannot sign in by password.
    pub password: Option<Password>,
    /// What clients may learn, by the names of OpenID Connect.
    pub claims: Map<String, Json>,
    /// Changes exactly when the declaration does; keep only a keyed hash.
    pub fingerprint: Confidential,
}

pub(super) fn person(entry: &Reader<'_>) -> Option<DeclaredPerson> {
    let username = entry.parsed("username", username);
    let subject = entry.parsed("subject", subject);
    if !entry.has("subject") {
        let fault = Fault::new(
            "is missing, so that a person who was erased is another one when the declaration changes",
        );
        let hint = "give each person one of their own and never give it to anybody else";
        entry.warning(entry.place(), "subject", fault.hint(hint));
    }
    let password = password(entry);
    let claims = claims(&entry.section("claims"));
    let secret = match &password {
        Some(Password::Clear(secret) | Password::Hash(secret)) => Some(secret),
        None => None,
    };
    Some(DeclaredPerson {
        fingerprint: fingerprint(entry, secret),
        username: username?.value,
        subject: subject.map(|found| found.value),
        claims,
        password,
    })
}

pub(crate) fn username(text: &str) -> Result<String, Fault> {
    const LIMIT_CHARS: usize = 128;
    let name = placet_core::person::Person::normalise(&crate::config::reader::label(text)?);
    if name.chars().count() > LIMIT_CHARS {
        return Err(Fault::new(format!(
            "must be at most {LIMIT_CHARS} characters long"
        )));
    }
    Ok(name)
}

/// Reads a subject: 1 to 255 printable ASCII characters (OpenID Connect Core §2).
pub(crate) fn subject(text: &str) -> Result<String, Fault> {
    let fits =
        matches!(text.len(), 1..=255) && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if fits {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "must be 1 to 255 printable ASCII characters without space (OpenID Connect Core §2)",
    ))
}

fn password(entry: &Reader<'_>) -> Option<Password> {
    let given: Vec<&str> = ["password", "password_hash", "password_file"]
        .into_iter()
        .filter(|name| entry.has(name))
        .collect();
    if let [first, second, ..] = given.as_slice() {
        let fault = Fault::new(format!("stands beside {first}; one of them is enough"));
        entry.error(&entry.place_of(second), second, fault);
    }
    let clear = entry
        .secret("password")
        .or_else(|| entry.secret_file("password_file"));
    let hash = entry.secret("password_hash");
    if let Some(found) = &clear {
        warn_if_short(entry, given.first().copied().unwrap_or("password"), found);
    }
    if let Some(found) = hash {
        if is_argon2id(found.value.reveal()) {
            return Some(Password::Hash(found.value));
        }
        let fault = Fault::new("is no argon2id hash in PHC form");
        entry.error(
            &found.place,
            "password_hash",
            fault.hint("it looks like $argon2id$v=19$m=19456,t=2,p=1$…$…"),
        );
        return None;
    }
    clear.map(|found| Password::Clear(found.value))
}

fn warn_if_short(entry: &Reader<'_>, name: &str, found: &Found<Confidential>) {
    /// The least NIST SP 800-63B-4 §3.1.1.2 accepts for any password.
    const LEAST_CHARS: usize = 8;
    if found.value.reveal().chars().count() < LEAST_CHARS {
        let fault = Fault::new(format!("has fewer than {LEAST_CHARS} characters"));
        entry.warning(&found.place, name, fault);
    }
}

/// Whether a text has the form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`; it is verified by the one that uses it.
pub(crate) fn is_argon2id(text: &str) -> bool {
    use data_encoding::BASE64_NOPAD;
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "argon2id", "v=19", parameters, salt, hash] = parts.as_slice() else {
        return false;
    };
    let numbers: Vec<_> = parameters
        .split(',')
        .filter_map(|part| part.split_once('='))
        .collect();
    let [("m", memory), ("t", rounds), ("p", lanes)] = numbers.as_slice() else {
        return false;
    };
    let are_numbers = [memory, rounds, lanes]
        .iter()
        .all(|number| number.parse::<u32>().is_ok());
    let decodes = |text: &str, least: usize| {
        BASE64_NOPAD
            .decode(text.as_bytes())
            .is_ok_and(|bytes| bytes.len() >= least)
    };
    are_numbers && decodes(salt, 8) && decodes(hash, 16)
}

fn claims(reader: &Reader<'_>) -> Map<String, Json> {
    let mut claims = Map::new();
    let settings = catalogue::section("people.claims").map_or(&[][..], |section| section.settings);
    for setting in settings.iter().filter(|setting| reader.has(setting.name())) {
        if let Some(value) = claim(reader, setting) {
            claims.insert(setting.name().to_owned(), value);
        }
    }
    claims
}

fn claim(reader: &Reader<'_>, setting: &Setting) -> Option<Json> {
    let name = setting.name();
    match setting.kind {
        Kind::Flag => Some(reader.flag(name).into()),
        Kind::Number { .. } => reader.maybe_number(name).map(|found| found.value.into()),
        Kind::Structure => address(reader, name),
        Kind::Url => reader
            .parsed(name, web_address)
            .map(|found| found.value.into()),
        Kind::Text
        | Kind::Address
        | Kind::Path
        | Kind::Secret
        | Kind::Choice(_)
        | Kind::TextList
        | Kind::Colour
        | Kind::LanguageText => reader.label(name).map(|found| found.value.into()),
    }
}

/// Reads an address of a page; another scheme would be a script or a file.
pub(crate) fn web_address(text: &str) -> Result<String, Fault> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err(Fault::new(format!(
            "must be an https address, not {text:?}"
        ))),
    }
}

/// Reads a postal address (OpenID Connect Core §5.1.1).
fn address(reader: &Reader<'_>, name: &str) -> Option<Json> {
    const PARTS: [&str; 6] = [
        "formatted",
        "street_address",
        "locality",
        "region",
        "postal_code",
        "country",
    ];
    let node = reader.structure(name)?;
    let Value::Table(table) = &node.value else {
        return None;
    };
    for part in &table.entries {
        let key = format!("{name}.{}", part.key);
        if !PARTS.contains(&part.key.as_str()) {
            let fault =
                super::rights::one_of("is no part of an address".to_owned(), &part.key, &PARTS);
            reader.error(&part.place, &key, fault);
        } else if !matches!(part.node.value, Value::Text(_)) {
            let fault = Fault::new(format!(
                "must be text in quotes, not {}",
                part.node.value.kind()
            ));
            reader.error(&part.node.place, &key, fault);
        }
    }
    Some(json(node))
}
