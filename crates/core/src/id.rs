//! Typed ids: a UUID that knows what it names, printed with a prefix and checked on parse.
//!
//! People, clients and events are keyed by a time-ordered UUID (version 7); rows that are written often by a random one
//! (version 4), unless their store appends ([`crate::store::Store::appends`]). Neither is ever a secret.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::{Builder, Uuid};

use crate::{random::Random, time::Timestamp};

/// A thing that has ids.
pub trait Kind: 'static {
    /// What a printed id of this kind begins with, before the underscore.
    const PREFIX: &'static str;
}

/// The id of one `K`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K: Kind> Id<K> {
    /// Makes an id that tells nothing, for rows that are written often.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self::of(Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Makes an id that sorts by the time of its making. It shows that time to whoever reads it.
    pub fn ordered(now: Timestamp, random: &dyn Random) -> Self {
        let mut bytes = [0; 10];
        random.fill(&mut bytes);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self::of(Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    /// When it was made, if it shows it: milliseconds since 1970, the highest byte first (RFC 9562 §5.7).
    pub fn order(&self) -> Option<[u8; 6]> {
        let (made, _) = self.0.as_bytes().split_first_chunk()?;
        (self.0.get_version_num() == 7).then_some(*made)
    }

    /// Reads back what [`Id::as_bytes`] gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::of(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes a store keeps.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The bare UUID with hyphens and in lower case, as other systems write ids (RFC 9562 §4).
    pub fn hyphenated(&self) -> String {
        self.0.hyphenated().to_string()
    }

    fn of(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
}

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct NotAnId;

impl<K: Kind> FromStr for Id<K> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (prefix, digits) = text.split_once('_').ok_or(NotAnId)?;
        let lower = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if prefix != K::PREFIX || digits.len() != 32 || !lower {
            return Err(NotAnId);
        }
        Uuid::try_parse(digits).map(Self::of).map_err(|_| NotAnId)
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.0.as_simple())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::Client, person::Person, random::SystemRandom};

    #[test]
    fn an_id_survives_printing_and_refuses_another_kind() {
        let id = Id::<Client>::random(&SystemRandom);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().parse::<Id<Person>>(), Err(NotAnId));
        for bad in [
            "",
            "cl",
            "cl_",
            "cl_00",
            "CL_0000",
            &id.to_string().to_uppercase(),
        ] {
            assert_eq!(bad.parse::<Id<Client>>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn ordered_ids_sort_by_time() {
        let early = Id::<Client>::ordered(Timestamp::from_millis(1_000), &SystemRandom);
        let late = Id::<Client>::ordered(Timestamp::from_millis(2_000), &SystemRandom);
        assert!(early < late);
    }
}
