//! Secrets: shown once, stored as a hash.
//!
//! A [`Secret`] is 256 random bits, printed as 43 characters of base64url. A store only ever sees its
//! [`SecretHash`], so a copy of the database opens nothing.

use std::{fmt, marker::PhantomData};

use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::random::Random;

/// What a secret opens. These types have no values; they only keep secrets apart.
pub mod kind {
    /// A collect handle: authorization code, `device_code`.
    #[derive(Debug)]
    pub enum Collect {}
    /// The cookie of a browser in front of a form that belongs to no sign-in and no request.
    #[derive(Debug)]
    pub enum Show {}
    /// A short code a person types, hashed under a key (RFC 8628 §6.1).
    #[derive(Debug)]
    pub enum UserCode {}
    /// The cookie that ties one browser to one request.
    #[derive(Debug)]
    pub enum Interaction {}
    /// The cookie of one sign-in.
    #[derive(Debug)]
    pub enum Session {}
    /// An access token, opaque or JWT.
    #[derive(Debug)]
    pub enum Access {}
    /// A refresh token.
    #[derive(Debug)]
    pub enum Refresh {}
    /// A client's own secret.
    #[derive(Debug)]
    pub enum Client {}
    /// What an identity provider names itself by.
    #[derive(Debug)]
    pub enum IdentityProvider {}
    /// A value that may be used once, such as the `jti` of a client assertion.
    #[derive(Debug)]
    pub enum Once {}
    /// A client's way back to its request (RFC 9635 §3.1).
    #[derive(Debug)]
    pub enum Continue {}
    /// What a browser carries to the client when the person is done (RFC 9635 §4.2).
    #[derive(Debug)]
    pub enum Reference {}
    /// The right to rotate or revoke one access token (RFC 9635 §6).
    #[derive(Debug)]
    pub enum Manage {}
    /// A page a person was shown, or a declaration an operator wrote: compared, never secret.
    #[derive(Debug)]
    pub enum Content {}
}

/// How many characters a printed [`Secret`] has.
pub const SECRET_CHARS: usize = 43;

/// 256 random bits that prove something to whoever compares their hash.
pub struct Secret<K>(Zeroizing<[u8; 32]>, PhantomData<fn() -> K>);

impl<K> Secret<K> {
    /// Draws a new secret.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut());
        Self(bytes, PhantomData)
    }

    /// Reads a secret somebody presents. `None` when it has not the length or alphabet of one; the
    /// whole text counts, so a token that was cut or extended is another token.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        if text.len() != SECRET_CHARS {
            return None;
        }
        BASE64URL_NOPAD
            .decode_mut(text.as_bytes(), bytes.as_mut())
            .ok()?;
        Some(Self(bytes, PhantomData))
    }

    /// The text that is handed out, once.
    pub fn reveal(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.as_ref())
    }

    /// What is stored in its place.
    pub fn hash(&self) -> SecretHash<K> {
        SecretHash::of(&self.reveal())
    }

    /// The bytes, for deriving keys.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl<K> Clone for Secret<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<Self>())
    }
}

/// The SHA-256 of a secret's text, by which it is looked up.
pub struct SecretHash<K>([u8; 32], PhantomData<fn() -> K>);

impl<K> SecretHash<K> {
    /// Hashes the whole of `text`, whatever its form.
    pub fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// Hashes bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        for (to, from) in hash
            .iter_mut()
            .zip(digest::digest(&digest::SHA256, bytes).as_ref())
        {
            *to = *from;
        }
        Self(hash, PhantomData)
    }

    /// Reads back what [`SecretHash::as_bytes`] gave, or takes a hash made under a key.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes, PhantomData)
    }

    /// The 32 bytes a store keeps.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl<K> Clone for SecretHash<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for SecretHash<K> {}
impl<K> PartialEq for SecretHash<K> {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}
impl<K> Eq for SecretHash<K> {}
impl<K> std::hash::Hash for SecretHash<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K> fmt::Display for SecretHash<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<K> fmt::Debug for SecretHash<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Serialize for SecretHash<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K> Deserialize<'de> for SecretHash<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        if text.len() != SECRET_CHARS {
            return Err(de::Error::custom("a hash has 43 characters"));
        }
        BASE64URL_NOPAD
            .decode_mut(text.as_bytes(), &mut bytes)
            .map_err(|_| de::Error::custom("not base64url"))?;
        Ok(Self(bytes, PhantomData))
    }
}

/// What was displayed, or declared, as one number to compare.
pub type Digest = SecretHash<kind::Content>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn t7_a_changed_secret_is_another_secret_or_none() {
        let secret = Secret::<kind::Access>::generate(&SystemRandom);
        let text = secret.reveal();
        assert_eq!(text.len(), SECRET_CHARS);
        assert_eq!(
            Secret::<kind::Access>::parse(&text).map(|s| s.hash()),
            Some(secret.hash())
        );
        for bad in [
            format!("{text}A"),
            format!("{text}="),
            text.chars().skip(1).collect(),
            text.replace(|_| true, "+"),
        ] {
            assert!(Secret::<kind::Access>::parse(&bad).is_none(), "{bad}");
        }
        assert!(!format!("{secret:?}").contains(&text));
    }
}
