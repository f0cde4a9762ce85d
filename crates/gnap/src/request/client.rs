//! Who asks: a name this server gave, or a key and what the client says of itself.
//!
//! Spec: RFC 9635 §2.3, §7.1; RFC 7517 §4; RFC 7518 §6

use serde_json::{Map, Value};

use crate::{
    json::{At, Fault, Object, text},
    uri,
};

/// The longest name shown to a person, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// The longest logo by value, in bytes.
const MAX_LOGO_BYTES: usize = 32 * 1024;
/// The pictures a browser shows and runs nothing of.
const LOGO_TYPES: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
];
/// The formats a key may have, of which one key has one (RFC 9635 §7.1).
const KEY_FORMATS: [&str; 3] = ["jwk", "cert", "cert#S256"];
/// Members that only private or symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The client of a request. Whoever signs with the key is the client; nothing else here is authentic.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientAsk {
    /// The identifier of a client this server knows. The signing key must be that client's (RFC 9635 §2.3.1).
    Reference(String),
    /// A client that shows its key.
    ByValue {
        /// The key.
        key: KeyAsk,
        /// What kind of software it says it is. Absent: it does not say.
        class_id: Option<String>,
        /// What it would like a person to see. Absent: nothing.
        display: Option<Display>,
    },
}

/// A key as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyAsk {
    /// The name of a key (RFC 9635 §7.1.1).
    Reference(String),
    /// A public key in one format, with the proof it is used with.
    ByValue {
        /// How its possession is proven.
        proof: Proof,
        /// The key object, whole.
        key: Map<String, Value>,
    },
}

/// How the possession of a key is proven (RFC 9635 §7.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The method.
    pub method: String,
    /// Its parameters, with `method` among them. Empty where the method came as a string.
    pub parameters: Map<String, Value>,
}

/// What a client says of itself. Nothing of it is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Display {
    /// Its name.
    pub name: Option<String>,
    /// A page about it, at `http` or `https`.
    pub uri: Option<String>,
    /// Its picture, at `http` or `https`, or by value in a `data:` URI.
    pub logo_uri: Option<String>,
}

impl ClientAsk {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        if let Value::String(_) = value {
            return Ok(Self::Reference(text(value, at)?.to_owned()));
        }
        let object = Object::of(value, at)?;
        Ok(Self::ByValue {
            key: object.required_read("key", key_of)?,
            class_id: object.text("class_id")?.map(str::to_owned),
            display: object.read("display", Display::read)?,
        })
    }
}

/// Reads a key: a name, or a public key in exactly one format. A symmetric or private key sent by value is burnt, so it is
/// refused whatever else it says (RFC 9635 §2.3, §7.1.2).
pub(crate) fn key_of(value: &Value, at: &At<'_>) -> Result<KeyAsk, Fault> {
    if let Value::String(_) = value {
        return Ok(KeyAsk::Reference(text(value, at)?.to_owned()));
    }
    let object = Object::of(value, at)?;
    let proof = object.required_read("proof", Proof::read)?;
    let formats = KEY_FORMATS.iter().filter(|name| object.get(name).is_some());
    if formats.count() != 1 {
        return Err(at.fault("does not have exactly one of jwk, cert and cert#S256"));
    }
    object.read("jwk", check_jwk)?;
    object.text("cert#S256")?;
    if object.get("cert").is_some_and(|cert| !cert.is_string()) {
        return Err(object.fault("cert", "is not a string"));
    }
    Ok(KeyAsk::ByValue {
        proof,
        key: object.members().clone(),
    })
}

fn check_jwk(value: &Value, at: &At<'_>) -> Result<(), Fault> {
    let jwk = Object::of(value, at)?;
    if PRIVATE_MEMBERS.iter().any(|name| jwk.get(name).is_some()) {
        return Err(at.fault("holds a secret, which is no secret any more"));
    }
    if jwk.required_text("kty")? == "oct" {
        return Err(at.fault("is a symmetric key"));
    }
    jwk.required_text("kid")?;
    if jwk.required_text("alg")? == "none" {
        return Err(jwk.fault("alg", "is none"));
    }
    Ok(())
}

impl Proof {
    fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        if let Value::String(_) = value {
            return Ok(Self {
                method: text(value, at)?.to_owned(),
                parameters: Map::new(),
            });
        }
        let object = Object::of(value, at)?;
        Ok(Self {
            method: object.required_text("method")?.to_owned(),
            parameters: object.members().clone(),
        })
    }
}

impl Display {
    fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let name = object.text("name")?;
        if name.is_some_and(|name| name.len() > MAX_NAME_BYTES) {
            return Err(object.fault("name", "is too long"));
        }
        let page = object.text("uri")?;
        if page.is_some_and(|page| !uri::is_web(page)) {
            return Err(object.fault("uri", "is not an absolute http or https URI"));
        }
        Ok(Self {
            name: name.map(str::to_owned),
            uri: page.map(str::to_owned),
            logo_uri: object.read("logo_uri", logo)?,
        })
    }
}

/// A picture by reference, or by value where it is a picture and nothing that runs (RFC 9635 §2.3.2).
fn logo(value: &Value, at: &At<'_>) -> Result<String, Fault> {
    let Value::String(logo) = value else {
        return Err(at.fault("is not a string"));
    };
    if logo.len() > MAX_LOGO_BYTES {
        return Err(at.fault("is too long"));
    }
    let by_value = logo.strip_prefix("data:").is_some_and(|rest| {
        let media_type = rest.split([';', ',']).next().unwrap_or_default();
        LOGO_TYPES.contains(&media_type) && uri::absolute(logo).is_some()
    });
    if by_value || uri::is_web(logo) {
        Ok(logo.clone())
    } else {
        Err(at.fault("is neither an absolute http or https URI nor a picture by value"))
    }
}
