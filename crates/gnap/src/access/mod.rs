//! Access rights: what is asked for and what was granted, as a reference or as an object, in one normal form.
//!
//! Spec: RFC 9635 §8, §8.1; RFC 9767 §3.3

mod within;

use std::fmt;

use placet_proof::unique_json;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value};

pub use self::within::new_in;
use crate::{
    canonical,
    error::Problem,
    json::{At, Fault, MAX_DEPTH, Object, is_shallow, items, text},
};

/// The longest canonical text of one right, in bytes.
pub const MAX_RIGHT_BYTES: usize = 8 * 1024;

const TYPE: &str = "type";
const ACTIONS: &str = "actions";
const LOCATIONS: &str = "locations";
const DATATYPES: &str = "datatypes";
const IDENTIFIER: &str = "identifier";
const PRIVILEGES: &str = "privileges";
/// The members every type may use (RFC 9635 §8).
const SHARED: [&str; 6] = [TYPE, ACTIONS, LOCATIONS, DATATYPES, IDENTIFIER, PRIVILEGES];

/// One right of access.
///
/// ```
/// use placet_gnap::access::AccessRight;
/// let asked = AccessRight::parse(r#"{"actions":["read"], "type":"photo-api", "size":1.0}"#)?;
/// assert_eq!(asked.canonical(), r#"{"actions":["read"],"size":1,"type":"photo-api"}"#);
/// assert_eq!(AccessRight::parse(&asked.canonical())?, asked);
/// # Ok::<(), placet_gnap::Problem>(())
/// ```
#[derive(Clone, PartialEq)]
pub enum AccessRight {
    /// A string the server knows the meaning of (RFC 9635 §8.1).
    Reference(String),
    /// What is described by members.
    Object(Box<AccessObject>),
}

/// A right that is described by members. A list that is absent does not restrict.
#[derive(Clone, PartialEq)]
pub struct AccessObject {
    /// The type of API, compared byte for byte (RFC 9635 §8).
    pub kind: String,
    /// What may be done.
    pub actions: Option<Vec<String>>,
    /// Where.
    pub locations: Option<Vec<String>>,
    /// With which kinds of data.
    pub datatypes: Option<Vec<String>>,
    /// With which one resource.
    pub identifier: Option<String>,
    /// With which level of privilege.
    pub privileges: Option<Vec<String>>,
    /// Everything else, which belongs to the type.
    pub other: Map<String, Value>,
}

impl AccessRight {
    /// Reads one right from JSON text, such as [`AccessRight::canonical`] prints.
    ///
    /// # Errors
    /// `invalid_request` unless it is a string, or an object with a `type`, whose numbers every reader takes for the same
    /// ones, and whose canonical text is at most [`MAX_RIGHT_BYTES`] long.
    pub fn parse(json: &str) -> Result<Self, Problem> {
        let malformed = || Fault::new("The access right is not JSON without repeated members.");
        let value = unique_json(json.as_bytes()).ok_or_else(malformed)?;
        if !is_shallow(&value, MAX_DEPTH) {
            return Err(Fault::new("The access right is nested too deeply.").into());
        }
        Ok(Self::read(&value, &At::Member(&At::Root, "access"))?)
    }

    /// Reads one right of a message.
    pub(crate) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let right = match value {
            Value::String(_) => Self::Reference(text(value, at)?.to_owned()),
            Value::Object(members) => {
                Self::Object(Box::new(AccessObject::read(Object::new(members, at), at)?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(at.fault("is neither a string nor an object"));
            }
        };
        if right.canonical().len() > MAX_RIGHT_BYTES {
            return Err(at.fault("is too long"));
        }
        Ok(right)
    }

    /// The normal form: equal rights have equal bytes, whatever the order their members came in (RFC 8785 §3.2).
    pub fn canonical(&self) -> String {
        canonical::print(&self.to_value())
    }

    /// The type, if it is described by members.
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Reference(_) => None,
            Self::Object(object) => Some(&object.kind),
        }
    }

    /// The right as JSON.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Reference(name) => Value::String(name.clone()),
            Self::Object(object) => Value::Object(object.to_members()),
        }
    }
}

impl AccessObject {
    fn read(object: Object<'_, '_>, at: &At<'_>) -> Result<Self, Fault> {
        let other = |(name, value): (&String, &Value)| {
            (!SHARED.contains(&name.as_str()))
                .then(|| canonical::normal(value).map(|value| (name.clone(), value)))
        };
        let other: Option<Map<_, _>> = object.members().iter().filter_map(other).collect();
        let imprecise = "holds a number beyond 2^53, which readers of JSON take for different ones";
        Ok(Self {
            kind: object.required_text(TYPE)?.to_owned(),
            actions: object.texts(ACTIONS)?,
            locations: object.texts(LOCATIONS)?,
            datatypes: object.texts(DATATYPES)?,
            identifier: object.text(IDENTIFIER)?.map(str::to_owned),
            privileges: object.texts(PRIVILEGES)?,
            other: other.ok_or_else(|| at.fault(imprecise))?,
        })
    }

    fn lists(&self) -> [(&'static str, Option<&Vec<String>>); 4] {
        [
            (ACTIONS, self.actions.as_ref()),
            (LOCATIONS, self.locations.as_ref()),
            (DATATYPES, self.datatypes.as_ref()),
            (PRIVILEGES, self.privileges.as_ref()),
        ]
    }

    fn to_members(&self) -> Map<String, Value> {
        let mut members = self.other.clone();
        members.insert(TYPE.to_owned(), self.kind.clone().into());
        for (name, list) in self.lists() {
            if let Some(list) = list {
                members.insert(name.to_owned(), list.clone().into());
            }
        }
        if let Some(identifier) = &self.identifier {
            members.insert(IDENTIFIER.to_owned(), identifier.clone().into());
        }
        members
    }
}

/// Reads the rights of one token: at least one.
pub(crate) fn read_list(value: &Value, at: &At<'_>) -> Result<Vec<AccessRight>, Fault> {
    let rights = items(value, at, AccessRight::read)?;
    if rights.is_empty() {
        return Err(at.fault("is empty"));
    }
    Ok(rights)
}

impl Serialize for AccessRight {
    /// Prints the members in the order of the specification, not the canonical one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Reference(name) => serializer.serialize_str(name),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for AccessObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(TYPE, &self.kind)?;
        for (name, list) in self.lists() {
            if name == PRIVILEGES
                && let Some(identifier) = &self.identifier
            {
                map.serialize_entry(IDENTIFIER, identifier)?;
            }
            if let Some(list) = list {
                map.serialize_entry(name, list)?;
            }
        }
        for (name, value) in &self.other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Debug for AccessRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

impl fmt::Debug for AccessObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&canonical::print(&Value::Object(self.to_members())))
    }
}
