//! How a client can reach the person, and how it hears that the person is done.
//!
//! Spec: RFC 9635 §2.5; RFC 5646 §2.1

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    hash::HashMethod,
    json::{At, Fault, Object, text},
    uri,
};

/// The longest nonce, in bytes.
const MAX_NONCE_BYTES: usize = 512;
/// The longest language tag, in bytes (RFC 5646 §4.4.1).
const MAX_TAG_BYTES: usize = 35;
/// The most languages of which a preference is kept.
const MAX_LOCALES: usize = 20;

/// What the client can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractAsk {
    /// The ways in which it can start an interaction, each once. Empty: the server must reach the person by itself.
    pub start: Vec<StartMode>,
    /// How it hears that the interaction is over. Absent: it polls.
    pub finish: Option<FinishAsk>,
    /// The languages the person reads, the preferred first, as RFC 5646 writes them. What is no language tag is left out.
    pub ui_locales: Vec<String>,
}

/// A way to start an interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartMode {
    /// The client sends a browser to any address.
    Redirect,
    /// The client opens an application.
    App,
    /// The client shows a code for a page the person knows.
    UserCode,
    /// The client shows a code and a short address.
    UserCodeUri,
    /// A way that is not known here. It is kept so that `invalid_interaction` can be told from an empty list.
    Other(String),
}

/// How a client hears that an interaction is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishMethod {
    /// The person's browser comes to its address.
    Redirect,
    /// This server calls its address.
    Push,
}

/// Where and how a client hears of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishAsk {
    /// The method.
    pub method: FinishMethod,
    /// The address: `https`, `http` on the machine itself, or an application's own scheme; without fragment.
    pub uri: String,
    /// The client's half of the interaction hash: printable ASCII, so that no line of the hash can hold two.
    pub nonce: String,
    /// How the hash is made.
    pub hash_method: HashMethod,
}

impl InteractAsk {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let mut start = Vec::new();
        for mode in object.required_items("start", StartMode::read)? {
            if !start.contains(&mode) {
                start.push(mode);
            }
        }
        Ok(Self {
            start,
            finish: object.read("finish", FinishAsk::read)?,
            ui_locales: object.read("hints", locales)?.unwrap_or_default(),
        })
    }

    /// Whether the client can start in a way that is known here.
    pub fn has_known_start(&self) -> bool {
        let known = |mode: &StartMode| !matches!(mode, StartMode::Other(_));
        self.start.iter().any(known)
    }
}

impl StartMode {
    /// The name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Redirect => "redirect",
            Self::App => "app",
            Self::UserCode => "user_code",
            Self::UserCodeUri => "user_code_uri",
            Self::Other(name) => name,
        }
    }

    /// RFC 9635 §2.5.1: a name, or an object with the name as `mode`. The modes known here have no parameters.
    fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let name = match value {
            Value::String(_) => text(value, at)?,
            Value::Object(_) => Object::of(value, at)?.required_text("mode")?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(at.fault("is neither a string nor an object"));
            }
        };
        Ok(match name {
            "redirect" => Self::Redirect,
            "app" => Self::App,
            "user_code" => Self::UserCode,
            "user_code_uri" => Self::UserCodeUri,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl FinishMethod {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::Redirect, Self::Push];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Push => "push",
        }
    }
}

impl FinishAsk {
    pub(crate) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let method = object.required_text("method")?;
        let method = FinishMethod::ALL
            .into_iter()
            .find(|known| known.name() == method);
        let uri = object.required_text("uri")?;
        uri::check_finish(uri).map_err(|why| object.fault("uri", why))?;
        if method == Some(FinishMethod::Push) && !uri::is_secure_web(uri) {
            return Err(object.fault("uri", "is not one a server can call"));
        }
        let nonce = object.required_text("nonce")?;
        // A line feed in it would let one base string stand for two (RFC 9635 §4.2.3).
        if nonce.len() > MAX_NONCE_BYTES || !nonce.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
            return Err(object.fault("nonce", "is too long or not printable ASCII"));
        }
        let hash_method = match object.text("hash_method")? {
            None => HashMethod::default(),
            Some(name) => HashMethod::from_name(name)
                .ok_or_else(|| object.fault("hash_method", "is not one accepted here"))?,
        };
        Ok(Self {
            method: method.ok_or_else(|| object.fault("method", "is not one known here"))?,
            uri: uri.to_owned(),
            nonce: nonce.to_owned(),
            hash_method,
        })
    }
}

fn locales(value: &Value, at: &At<'_>) -> Result<Vec<String>, Fault> {
    let tags = Object::of(value, at)?
        .texts("ui_locales")?
        .unwrap_or_default();
    let is_tag = |tag: &String| {
        let part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        tag.len() <= MAX_TAG_BYTES && tag.split('-').all(part)
    };
    Ok(tags.into_iter().filter(is_tag).take(MAX_LOCALES).collect())
}
