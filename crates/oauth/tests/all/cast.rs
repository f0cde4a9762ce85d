//! Who takes part: clients of every kind, resource servers, and two people.

use placet_core::engine::NewPerson;
use serde_json::{Map, Value, json};

use crate::world::CALLBACK;

pub(crate) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A client's credentials in the `Authorization` header. Without a colon: a public client, named in the form.
pub(crate) const WEB: &str = "web:web-secret-0123456789abcdef";
pub(crate) const OTHER: &str = "other:other-secret-0123456789abcdef";
pub(crate) const LEGACY: &str = "legacy:legacy-secret-0123456789abcdef";
pub(crate) const FIRST: &str = "first:first-secret-0123456789abcdef";
pub(crate) const PHOTOS_RS: &str = "urn:photos:photos-secret-0123456789abcdef";
pub(crate) const FILES_RS: &str = "urn:files:files-secret-0123456789abcdef";
pub(crate) const TV: &str = "tv";
pub(crate) const SPA: &str = "spa";
pub(crate) const NATIVE: &str = "native";

/// Credentials and metadata of the clients that prove who they are.
pub(crate) fn confidential_clients() -> [(&'static str, Value); 6] {
    let with = |extra: Value| {
        let mut metadata = json!({
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials", DEVICE],
            "id_token_signed_response_alg": "ES256",
        });
        for (name, value) in extra.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        metadata
    };
    let everything = "openid profile email address phone offline_access read write";
    [
        (WEB, with(json!({ "scope": everything }))),
        (OTHER, with(json!({}))),
        (
            LEGACY,
            with(json!({ "require_pkce": false, "scope": "openid read" })),
        ),
        (FIRST, with(json!({ "first_party": true }))),
        (PHOTOS_RS, json!({ "grant_types": [] })),
        (FILES_RS, json!({ "grant_types": [] })),
    ]
}

/// Names and metadata of the clients that are only named.
pub(crate) fn public_clients() -> [(&'static str, Value); 3] {
    [
        (TV, json!({ "grant_types": [DEVICE, "refresh_token"] })),
        (
            SPA,
            json!({
                "redirect_uris": ["https://spa.example/cb"],
                "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
                "id_token_signed_response_alg": "ES256",
            }),
        ),
        (
            NATIVE,
            json!({
                "redirect_uris": [
                    "http://127.0.0.1/cb", "http://[::1]:9/cb", "http://localhost/cb",
                    "com.example.app:/cb",
                ],
                "application_type": "native",
                "id_token_signed_response_alg": "ES256",
            }),
        ),
    ]
}

/// Ada, of whom much is known, and Eve, of whom nothing is.
pub(crate) fn people() -> [NewPerson; 2] {
    let person = |username: &str, subject: &str, claims: Map<String, Value>| NewPerson {
        username: username.to_owned(),
        subject: Some(subject.to_owned()),
        password_hash: None,
        claims,
        disabled: false,
        declared: None,
    };
    let claims = json!({
        "name": "Ada Lovelace", "given_name": "Ada", "updated_at": 1_700_000_000,
        "email": "ada@example.org", "email_verified": true,
        "address": { "country": "GB" },
        "phone_number": "+44 20", "phone_number_verified": false,
        "shoe_size": 37,
    });
    [
        person("ada", "u-1", claims.as_object().unwrap().clone()),
        person("eve", "u-2", Map::new()),
    ]
}
