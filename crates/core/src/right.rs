//! What is asked for and what was granted, in one normal form.
//!
//! Spec: RFC 6749 §3.3, RFC 8707 §2, RFC 9635 §8

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// The longest scope or resource name accepted, in bytes.
pub const NAME_LIMIT_BYTES: usize = 512;
/// The longest structured right, in bytes.
pub const DETAIL_LIMIT_BYTES: usize = 4096;
/// The most scopes or resources one request may name.
pub const NAMES_LIMIT: usize = 100;

/// One scope token.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

/// The identifier of a resource server: an absolute URI without fragment, URNs too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId(String);

/// One right that is more than a name, as the one JSON text of it: an object with a `type`, or a string that refers to
/// rights (RFC 9635 §8). Faces print it in one form, so that equal rights are equal texts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Detail(String);

/// A text that is not a scope or a resource identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RightError {
    /// A character outside `scope-token`, an empty one, or one that is too long (RFC 6749 §3.3).
    #[error("not a scope token")]
    Scope,
    /// Not an absolute URI, or one with a fragment (RFC 8707 §2).
    #[error("not an absolute URI without fragment")]
    Resource,
    /// Not a JSON object or string, or longer than [`DETAIL_LIMIT_BYTES`].
    #[error("not a right")]
    Detail,
    /// More names than [`NAMES_LIMIT`].
    #[error("too many names")]
    TooMany,
}

impl Scope {
    /// Reads one `scope-token`.
    ///
    /// # Errors
    /// [`RightError::Scope`] unless it is 1 to 512 characters of %x21 / %x23-5B / %x5D-7E.
    pub fn parse(text: &str) -> Result<Self, RightError> {
        let allowed = |b: u8| b == 0x21 || (0x23..=0x5b).contains(&b) || (0x5d..=0x7e).contains(&b);
        if text.is_empty() || text.len() > NAME_LIMIT_BYTES || !text.bytes().all(allowed) {
            return Err(RightError::Scope);
        }
        Ok(Self(text.to_owned()))
    }

    /// The token itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceId {
    /// Reads a resource identifier; it is compared byte for byte from here on.
    ///
    /// # Errors
    /// [`RightError::Resource`] when it has no scheme, has a fragment, white space or control characters, or is too long.
    pub fn parse(text: &str) -> Result<Self, RightError> {
        let (scheme, rest) = text.split_once(':').ok_or(RightError::Resource)?;
        let scheme_ok = scheme
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let rest_ok = !rest.is_empty()
            && rest
                .bytes()
                .all(|b| (0x21..=0x7e).contains(&b) && b != b'#');
        if !scheme_ok || !rest_ok || text.len() > NAME_LIMIT_BYTES {
            return Err(RightError::Resource);
        }
        Ok(Self(text.to_owned()))
    }

    /// The URI itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Detail {
    /// Reads a right from its one JSON text.
    ///
    /// # Errors
    /// [`RightError::Detail`] unless it is a JSON object or string of at most [`DETAIL_LIMIT_BYTES`].
    pub fn parse(text: &str) -> Result<Self, RightError> {
        if text.len() > DETAIL_LIMIT_BYTES {
            return Err(RightError::Detail);
        }
        match serde_json::from_str(text) {
            Ok(serde_json::Value::Object(_) | serde_json::Value::String(_)) => {
                Ok(Self(text.to_owned()))
            }
            Ok(_) | Err(_) => Err(RightError::Detail),
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The right as a value.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or(serde_json::Value::Null)
    }
}

macro_rules! text_type {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl TryFrom<String> for $name {
            type Error = RightError;
            fn try_from(text: String) -> Result<Self, RightError> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}
text_type!(Scope);
text_type!(ResourceId);
text_type!(Detail);

/// A set of scopes at a set of resources, sorted and without repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rights {
    /// The scopes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<Scope>,
    /// The resources; empty means the issuer's default one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resources: BTreeSet<ResourceId>,
    /// The rights that are more than a name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub details: BTreeSet<Detail>,
}

impl Rights {
    /// Rights of structured form alone.
    pub fn of_details(details: impl IntoIterator<Item = Detail>) -> Self {
        Self {
            details: details.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Reads the space-separated `scope` parameter and the values of `resource`.
    ///
    /// # Errors
    /// [`RightError`] for the first name that is not one.
    pub fn parse<'a>(
        scope: &str,
        resources: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, RightError> {
        let scopes: BTreeSet<_> = scope
            .split(' ')
            .filter(|s| !s.is_empty())
            .map(Scope::parse)
            .collect::<Result<_, _>>()?;
        let resources: BTreeSet<_> = resources
            .into_iter()
            .map(ResourceId::parse)
            .collect::<Result<_, _>>()?;
        if scopes.len() > NAMES_LIMIT || resources.len() > NAMES_LIMIT {
            return Err(RightError::TooMany);
        }
        Ok(Self {
            scopes,
            resources,
            details: BTreeSet::new(),
        })
    }

    /// Whether everything here is in `other` too.
    pub fn is_within(&self, other: &Self) -> bool {
        self.scopes.is_subset(&other.scopes)
            && self.resources.is_subset(&other.resources)
            && self.details.is_subset(&other.details)
    }

    /// Adds everything of `other`.
    pub fn take_in(&mut self, other: &Self) {
        self.scopes.extend(other.scopes.iter().cloned());
        self.resources.extend(other.resources.iter().cloned());
        self.details.extend(other.details.iter().cloned());
    }

    /// Whether a scope of this name is in it.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.as_str() == name)
    }

    /// The scopes as the `scope` parameter prints them.
    pub fn scope_text(&self) -> String {
        let mut text = String::new();
        for scope in &self.scopes {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(scope.as_str());
        }
        text
    }

    /// Only the scopes that are in `allowed`; the resources stay.
    #[must_use]
    pub fn narrowed_to(mut self, allowed: &BTreeSet<Scope>) -> Self {
        self.scopes.retain(|scope| allowed.contains(scope));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_3_3_scope_tokens() {
        for (text, good) in [
            ("read", true),
            ("a:b/c", true),
            ("", false),
            ("a\"b", false),
            ("a\\b", false),
            ("ü", false),
        ] {
            assert_eq!(Scope::parse(text).is_ok(), good, "{text}");
        }
        let rights = Rights::parse("write read  read", ["urn:x:y"]).unwrap();
        assert_eq!(rights.scope_text(), "read write");
    }

    #[test]
    fn rfc8707_2_resource_is_an_absolute_uri_without_fragment() {
        for (text, good) in [
            ("https://photos.example", true),
            ("urn:bench:jwt", true),
            ("photos", false),
            ("https://a/#f", false),
            (":x", false),
            ("https://a b", false),
        ] {
            assert_eq!(ResourceId::parse(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn c6_within_means_both_scopes_and_resources() {
        let granted = Rights::parse("a b", ["urn:r:1"]).unwrap();
        assert!(Rights::parse("a", []).unwrap().is_within(&granted));
        assert!(!Rights::parse("a c", []).unwrap().is_within(&granted));
        assert!(!Rights::parse("a", ["urn:r:2"]).unwrap().is_within(&granted));
    }
}
