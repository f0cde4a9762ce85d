//! JSON as it is asked for: one object without repeated members, of a bounded size and depth, read member by member.
//!
//! A fault names the place in the names of the specification. No text of the request is repeated in it.
//!
//! Spec: RFC 8259 §4, RFC 7493 §2.3, RFC 9635 §2

use std::{borrow::Cow, fmt};

use placet_proof::unique_json;
use serde_json::{Map, Value};

use crate::error::GnapError;

/// The longest body read, in bytes: a logo in a `data:` URI and a hundred rights fit.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// How deep objects and arrays may lie in each other.
pub(crate) const MAX_DEPTH: usize = 24;
/// The most elements of an array.
pub(crate) const MAX_ITEMS: usize = 100;
/// The longest string read where nothing shorter is said, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 2048;

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it is called on the wire.
    pub(crate) code: GnapError,
    /// Where and what, for the developer of the client.
    pub(crate) description: Cow<'static, str>,
}

impl Fault {
    /// A fault with the code for malformed requests.
    pub(crate) fn new(description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: GnapError::InvalidRequest,
            description: description.into(),
        }
    }

    /// The same under another code.
    pub(crate) fn called(self, code: GnapError) -> Self {
        Self { code, ..self }
    }
}

/// A place in a message: `access_token[1].access[0].actions`.
#[derive(Clone, Copy)]
pub(crate) enum At<'p> {
    /// The whole message.
    Root,
    /// A member of the object at that place.
    Member(&'p Self, &'static str),
    /// An element of the array at that place.
    Item(&'p Self, usize),
}

impl At<'_> {
    /// A fault at this place; `what` completes the sentence that begins with it.
    pub(crate) fn fault(&self, what: &str) -> Fault {
        match self {
            Self::Root => Fault::new(format!("The request {what}.")),
            Self::Member(..) | Self::Item(..) => Fault::new(format!("{self} {what}.")),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Reads a body that must be one JSON object.
pub(crate) fn body(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Fault::new("The request is too long."));
    }
    let malformed = "The request is not one JSON object without repeated members.";
    let value = unique_json(bytes).ok_or_else(|| Fault::new(malformed))?;
    if !is_shallow(&value, MAX_DEPTH) {
        return Err(Fault::new("The request is nested too deeply."));
    }
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Fault::new(malformed))
        }
    }
}

/// Whether nothing lies more than `depth` objects and arrays deep.
pub(crate) fn is_shallow(value: &Value, depth: usize) -> bool {
    let below = |inner: &Value| depth > 0 && is_shallow(inner, depth - 1);
    match value {
        Value::Array(items) => items.iter().all(below),
        Value::Object(members) => members.values().all(below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// An object at a place.
#[derive(Clone, Copy)]
pub(crate) struct Object<'v, 'p> {
    members: &'v Map<String, Value>,
    at: &'p At<'p>,
}

impl<'v, 'p> Object<'v, 'p> {
    /// An object whose members are known.
    pub(crate) fn new(members: &'v Map<String, Value>, at: &'p At<'p>) -> Self {
        Self { members, at }
    }

    /// The value, which must be an object.
    pub(crate) fn of(value: &'v Value, at: &'p At<'p>) -> Result<Self, Fault> {
        match value {
            Value::Object(members) => Ok(Self { members, at }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(at.fault("is not an object")),
        }
    }

    /// A member, whatever it is.
    pub(crate) fn get(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name)
    }

    /// The members as they are.
    pub(crate) fn members(&self) -> &'v Map<String, Value> {
        self.members
    }

    /// A fault for a member that has no business there. Its name is the client's and is not repeated.
    pub(crate) fn stranger(&self) -> Fault {
        self.at.fault("has a member that is not allowed here")
    }

    /// A fault of one member.
    pub(crate) fn fault(&self, name: &'static str, what: &str) -> Fault {
        At::Member(self.at, name).fault(what)
    }

    /// A member that must be there, whatever it is.
    pub(crate) fn required(&self, name: &'static str) -> Result<&'v Value, Fault> {
        self.get(name).ok_or_else(|| self.fault(name, "is missing"))
    }

    /// A string, if it is there: not empty and not longer than [`MAX_TEXT_BYTES`].
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&'v str>, Fault> {
        self.get(name)
            .map(|value| text(value, &At::Member(self.at, name)))
            .transpose()
    }

    /// A string that must be there.
    pub(crate) fn required_text(&self, name: &'static str) -> Result<&'v str, Fault> {
        text(self.required(name)?, &At::Member(self.at, name))
    }

    /// True or false, if it is there.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.fault(name, "is not true or false")),
        }
    }

    /// The strings of an array, if it is there.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Fault> {
        let at = At::Member(self.at, name);
        let read = |value| items(value, &at, |item, at| text(item, at).map(str::to_owned));
        self.get(name).map(read).transpose()
    }

    /// The elements of an array that must be there, each read by `read`.
    pub(crate) fn required_items<T>(
        &self,
        name: &'static str,
        read: impl Fn(&'v Value, &At<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        items(self.required(name)?, &At::Member(self.at, name), read)
    }

    /// The elements of an array, each read by `read`; none when it is not there.
    pub(crate) fn items<T>(
        &self,
        name: &'static str,
        read: impl Fn(&'v Value, &At<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let at = At::Member(self.at, name);
        let list = self.get(name).map(|value| items(value, &at, read));
        Ok(list.transpose()?.unwrap_or_default())
    }

    /// A member read by `read`, if it is there.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'v Value, &At<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.get(name)
            .map(|value| read(value, &At::Member(self.at, name)))
            .transpose()
    }

    /// A member that must be there, read by `read`.
    pub(crate) fn required_read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'v Value, &At<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        read(self.required(name)?, &At::Member(self.at, name))
    }
}

/// A string that is neither empty nor longer than [`MAX_TEXT_BYTES`].
pub(crate) fn text<'v>(value: &'v Value, at: &At<'_>) -> Result<&'v str, Fault> {
    let Value::String(text) = value else {
        return Err(at.fault("is not a string"));
    };
    if text.is_empty() {
        return Err(at.fault("is empty"));
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(at.fault("is too long"));
    }
    Ok(text)
}

/// The elements of an array of at most [`MAX_ITEMS`], each read by `read`.
pub(crate) fn items<'v, T>(
    value: &'v Value,
    at: &At<'_>,
    read: impl Fn(&'v Value, &At<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let Value::Array(list) = value else {
        return Err(at.fault("is not an array"));
    };
    if list.len() > MAX_ITEMS {
        return Err(at.fault("has too many elements"));
    }
    let read = |(index, item)| read(item, &At::Item(at, index));
    list.iter().enumerate().map(read).collect()
}
