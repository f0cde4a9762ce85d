//! Names of what a signature covers.
//!
//! Spec: RFC 9421 §2, §2.1, §2.2

use std::fmt;

use sfv::{BareItem, FieldType, Item, Key, Parameters};

use crate::error::ProofError;

/// A component identifier: a field name in lower case or a derived name such as `@method`, with its parameters.
///
/// Two identifiers are equal whatever the order of their parameters (RFC 9421 §2).
#[derive(Clone, PartialEq)]
pub struct Component {
    name: String,
    params: Parameters,
}

impl Component {
    /// Names a whole field, or a derived component that takes no parameter.
    ///
    /// # Errors
    /// [`ProofError::BadComponent`] if no component can have this name.
    pub fn new(name: &str) -> Result<Self, ProofError> {
        Self::from_item(Item::new(string(name)?))
    }

    /// Names one member of a field that is a dictionary, by its key.
    ///
    /// # Errors
    /// Those of [`Component::new`].
    pub fn member(name: &str, key: &str) -> Result<Self, ProofError> {
        Self::with(name, "key", BareItem::String(string(key)?))
    }

    /// Names one query parameter, by its percent-encoded name.
    ///
    /// # Errors
    /// Those of [`Component::new`].
    pub fn query_param(name: &str) -> Result<Self, ProofError> {
        Self::with("@query-param", "name", BareItem::String(string(name)?))
    }

    /// Names a structured field that is printed strictly before it is signed.
    ///
    /// # Errors
    /// Those of [`Component::new`].
    pub fn strict(name: &str) -> Result<Self, ProofError> {
        Self::with(name, "sf", BareItem::Boolean(true))
    }

    /// Names a field whose lines are signed apart, each as a byte sequence.
    ///
    /// # Errors
    /// Those of [`Component::new`].
    pub fn wrapped(name: &str) -> Result<Self, ProofError> {
        Self::with(name, "bs", BareItem::Boolean(true))
    }

    fn with(name: &str, parameter: &str, value: BareItem) -> Result<Self, ProofError> {
        let parameter =
            Key::from_string(parameter.to_owned()).map_err(|_| ProofError::BadComponent)?;
        let params = Parameters::from_iter([(parameter, value)]);
        Self::from_item(Item::with_params(string(name)?, params))
    }

    pub(crate) fn from_item(item: Item) -> Result<Self, ProofError> {
        let BareItem::String(name) = item.bare_item else {
            return Err(ProofError::BadComponent);
        };
        let name = String::from(name);
        let field = name.strip_prefix('@').unwrap_or(&name);
        // RFC 9421 §2.1: names are in lower case, so that one field has one name. `@signature-params` is never listed (§2.3).
        if field.is_empty() || !field.bytes().all(is_lower_tchar) || name == "@signature-params" {
            return Err(ProofError::BadComponent);
        }
        Ok(Self {
            name,
            params: item.params,
        })
    }

    /// Returns the name without its parameters.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether this is the member `key` of the dictionary `name`.
    pub(crate) fn is_member(&self, name: &str, key: &str) -> bool {
        self.name == name && self.text("key") == Some(key)
    }

    /// Says whether this is the whole of `name`, and not one member or parameter of it.
    pub(crate) fn is_whole(&self, name: &str) -> bool {
        self.name == name
            && self
                .params
                .keys()
                .all(|key| matches!(key.as_str(), "sf" | "bs"))
    }

    /// Returns a parameter that is a string.
    pub(crate) fn text(&self, parameter: &str) -> Option<&str> {
        let value = self.params.get(parameter)?;
        value.as_string().map(sfv::StringRef::as_str)
    }

    /// Returns the parameters with their names.
    pub(crate) fn params(&self) -> impl Iterator<Item = (&str, &BareItem)> {
        self.params.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(crate) fn to_item(&self) -> Result<Item, ProofError> {
        Ok(Item::with_params(string(&self.name)?, self.params.clone()))
    }

    /// Prints the identifier as it stands in the signature base: the name in quotes, then its parameters.
    pub(crate) fn print(&self) -> Result<String, ProofError> {
        Ok(self.to_item()?.serialize())
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.print() {
            Ok(text) => formatter.write_str(&text),
            Err(_) => formatter.write_str("Component"),
        }
    }
}

pub(crate) fn string(text: &str) -> Result<sfv::String, ProofError> {
    sfv::String::from_string(text.to_owned()).map_err(|_| ProofError::BadComponent)
}

/// The characters of a field name (RFC 9110 §5.6.2), capitals left out.
fn is_lower_tchar(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
