//! Messages that are good, and ways to spoil them.

use placet_gnap::{GnapError, Problem};
use serde_json::{Value, json};

/// A public Ed25519 key (RFC 8032 §7.1, test 1).
pub(crate) fn jwk() -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// A grant request with every member.
pub(crate) fn grant() -> Value {
    json!({
        "access_token": {
            "access": [
                {
                    "type": "photo-api",
                    "actions": ["read", "write"],
                    "locations": ["https://server.example.net/"],
                    "datatypes": ["metadata", "images"],
                    "identifier": "album-7",
                    "privileges": ["owner"],
                    "geolocation": [{ "lat": -32.364, "lng": 153.207 }],
                },
                "dolphin-metadata",
            ],
            "label": "token1-23",
            "flags": ["bearer"],
        },
        "subject": {
            "sub_id_formats": ["iss_sub", "opaque"],
            "assertion_formats": ["id_token"],
        },
        "client": {
            "key": { "proof": "httpsig", "jwk": jwk() },
            "class_id": "web-server-1234",
            "display": {
                "name": "My Client Display Name",
                "uri": "https://example.net/client",
                "logo_uri": "data:image/png;base64,Eeww",
            },
        },
        "user": { "sub_ids": [{ "format": "opaque", "id": "J2G8G8O4AZ" }] },
        "interact": {
            "start": ["redirect", { "mode": "user_code" }],
            "finish": {
                "method": "redirect",
                "uri": "https://client.example.net/return/123455",
                "nonce": "LKLTI25DK82FX4T4QFZC",
                "hash_method": "sha3-512",
            },
            "hints": { "ui_locales": ["de-CH", "en"] },
        },
    })
}

/// A grant request of the payments profile with every member.
pub(crate) fn payments() -> Value {
    json!({
        "access_token": {
            "access": [{
                "type": "outgoing-payment",
                "actions": ["create", "read"],
                "identifier": "https://wallet.example/alice",
                "limits": {
                    "receiver": "https://wallet.example/incoming-payments/45a0d0ee",
                    "interval": "R12/2019-08-24T14:15:22Z/P1M",
                    "debitAmount": { "value": "500", "assetCode": "USD", "assetScale": 2 },
                },
            }],
        },
        "client": "https://shop.example/pay",
        "interact": {
            "start": ["redirect"],
            "finish": {
                "method": "redirect",
                "uri": "https://shop.example/return/876FGRD8VC",
                "nonce": "4edb2194-dbdf-46bb-9397-d5fd57b7c8a7",
            },
        },
    })
}

/// A change of a message: what stands at a place, or that nothing does.
pub(crate) type Change = (&'static str, Option<Value>);

/// The message with one place changed. A place is a JSON pointer (RFC 6901); what it lies in must be there.
pub(crate) fn with(mut message: Value, (pointer, value): &Change) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    match (message.pointer_mut(parent).unwrap(), value) {
        (Value::Object(members), Some(value)) => {
            members.insert(name, value.clone());
        }
        (Value::Object(members), None) => {
            assert!(members.remove(&name).is_some(), "{pointer} was not there");
        }
        (Value::Array(items), Some(value)) => {
            let index: usize = name.parse().unwrap();
            items[index] = value.clone();
        }
        (Value::Array(items), None) => {
            items.remove(name.parse().unwrap());
        }
        (other, _) => panic!("{pointer} lies in {other}"),
    }
    message
}

/// The message as bytes.
pub(crate) fn bytes(message: &Value) -> Vec<u8> {
    message.to_string().into_bytes()
}

/// The code and words of a refusal.
pub(crate) fn told<T: std::fmt::Debug>(result: Result<T, Problem>) -> (Option<GnapError>, String) {
    let problem = result.expect_err("it is refused");
    (problem.code, problem.description.into_owned())
}

/// The rows of a table: a place, what stands there as JSON or `-` for nothing, and the words of the refusal, if any.
/// Repeated quotes (`'`) stand for nothing else than the place of the row above.
pub(crate) fn rows(table: &'static str) -> Vec<(Change, &'static str)> {
    let mut above = "";
    let row = |line: &'static str| {
        let mut cells = line.split(" | ").map(str::trim);
        let (place, value) = (cells.next().unwrap(), cells.next().unwrap());
        if place != "'" {
            above = place;
        }
        let read = || serde_json::from_str(value).unwrap_or_else(|error| panic!("{line}: {error}"));
        let change = (above, (value != "-").then(read));
        (change, cells.next().unwrap_or_default())
    };
    let lines = table.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(row).collect()
}
