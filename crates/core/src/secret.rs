//! Secrets: shown once, stored as a hash.
//!
//! A [`Secret`] is 256 random bits, printed as 43 characters of base64url. A store only ever sees its
//! [`SecretHash`], so a copy of the database opens nothing. Tokens and codes of a store that appends
//! ([`crate::store::Store::appends`]) carry in front when they were made, which makes them 51 characters.

use std::{fmt, marker::PhantomData};

use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::{id::Id, random::Random, time::Timestamp, token::AccessToken};

/// What a secret opens. These types have no values; they only keep secrets apart.
pub mod kind {
    use super::{jti_order, text_order};

    /// A kind of secret.
    pub trait Kind {
        /// Whether a secret of this kind may carry when it was made, so that rows keyed by its hash lie in that order.
        const MAY_CARRY_TIME: bool = false;

        /// When the secret with this text was made, as the first bytes of its hash. Absent for one that does not tell.
        fn order(text: &str) -> Option<[u8; 6]> {
            if Self::MAY_CARRY_TIME {
                text_order(text)
            } else {
                None
            }
        }
    }

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

    impl Kind for Collect {
        const MAY_CARRY_TIME: bool = true;
    }
    impl Kind for Show {}
    impl Kind for UserCode {}
    impl Kind for Interaction {}
    impl Kind for Session {}
    impl Kind for Access {
        const MAY_CARRY_TIME: bool = true;

        fn order(text: &str) -> Option<[u8; 6]> {
            text_order(text).or_else(|| jti_order(text))
        }
    }
    impl Kind for Refresh {
        const MAY_CARRY_TIME: bool = true;
    }
    impl Kind for Client {}
    impl Kind for IdentityProvider {}
    impl Kind for Once {}
    impl Kind for Continue {}
    impl Kind for Reference {}
    impl Kind for Manage {
        const MAY_CARRY_TIME: bool = Access::MAY_CARRY_TIME;

        /// A token may manage itself: it is one text, with one hash.
        fn order(text: &str) -> Option<[u8; 6]> {
            Access::order(text)
        }
    }
    impl Kind for Content {}
}

/// How many characters a printed [`Secret`] has.
pub const SECRET_CHARS: usize = 43;
/// How many characters one has that carries when it was made.
pub const ORDERED_SECRET_CHARS: usize = 51;
/// Its bytes: six of milliseconds since 1970, and the random ones.
const ORDERED_BYTES: usize = 38;

/// 256 random bits that prove something to whoever compares their hash. Some kinds may carry in front of them when they were
/// made, masked so that no two texts begin alike and a text looks as random as it is long (threat C7).
pub struct Secret<K> {
    made: Option<[u8; 6]>,
    bits: Zeroizing<[u8; 32]>,
    kind: PhantomData<fn() -> K>,
}

impl<K: kind::Kind> Secret<K> {
    /// Draws a new secret that is nothing but random.
    pub fn generate(random: &dyn Random) -> Self {
        Self::drawn(None, random)
    }

    /// Draws a new secret that carries when it was made, so that the hashes of those made one after the other lie together.
    pub fn ordered(now: Timestamp, random: &dyn Random) -> Self {
        const { assert!(K::MAY_CARRY_TIME, "secrets of this kind tell nothing") };
        let [_, _, made @ ..] = now.as_millis().to_be_bytes();
        Self::drawn(Some(made), random)
    }

    fn drawn(made: Option<[u8; 6]>, random: &dyn Random) -> Self {
        let mut bits = Zeroizing::new([0; 32]);
        random.fill(bits.as_mut());
        Self {
            made,
            bits,
            kind: PhantomData,
        }
    }

    /// Reads a secret somebody presents. `None` when it has not the length or alphabet of one; the
    /// whole text counts, so a token that was cut or extended is another token.
    pub fn parse(text: &str) -> Option<Self> {
        let (made, bits) = if K::MAY_CARRY_TIME && text.len() == ORDERED_SECRET_CHARS {
            let (made, bits) = parts(text)?;
            (Some(made), bits)
        } else {
            let mut bits = Zeroizing::new([0; 32]);
            if text.len() != SECRET_CHARS {
                return None;
            }
            let done = BASE64URL_NOPAD.decode_mut(text.as_bytes(), bits.as_mut());
            done.ok()?;
            (None, bits)
        };
        Some(Self {
            made,
            bits,
            kind: PhantomData,
        })
    }

    /// The text that is handed out, once.
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(ORDERED_SECRET_CHARS);
        if let Some(made) = self.made {
            let shown = masked(made, self.bits.as_ref());
            let mut all = Zeroizing::new([0; ORDERED_BYTES]);
            for (to, from) in all.iter_mut().zip(shown.iter().chain(self.bits.iter())) {
                *to = *from;
            }
            BASE64URL_NOPAD.encode_append(all.as_ref(), &mut text);
        } else {
            BASE64URL_NOPAD.encode_append(self.bits.as_ref(), &mut text);
        }
        text
    }

    /// What is stored in its place.
    pub fn hash(&self) -> SecretHash<K> {
        SecretHash::of(&self.reveal())
    }
}

impl<K> Secret<K> {
    /// The random bits, for deriving keys.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bits
    }
}

/// A time under the mask that goes with these random bits, or out of it again. It hides no secret: it keeps texts from
/// beginning alike.
fn masked(time: [u8; 6], bits: &[u8]) -> [u8; 6] {
    let mask = digest::digest(&digest::SHA256, bits);
    let mut mask = mask.as_ref().iter();
    time.map(|byte| byte ^ mask.next().copied().unwrap_or(0))
}

/// When a secret was made that carries it.
fn text_order(text: &str) -> Option<[u8; 6]> {
    parts(text).map(|(made, _)| made)
}

/// What the text of such a secret holds: when it was made, and the random bits.
fn parts(text: &str) -> Option<([u8; 6], Zeroizing<[u8; 32]>)> {
    if text.len() != ORDERED_SECRET_CHARS {
        return None;
    }
    let mut all = Zeroizing::new([0; ORDERED_BYTES]);
    let done = BASE64URL_NOPAD.decode_mut(text.as_bytes(), all.as_mut());
    done.ok()?;
    let (shown, random) = all.split_first_chunk()?;
    let mut bits = Zeroizing::new([0; 32]);
    bits.copy_from_slice(random);
    Some((masked(*shown, random), bits))
}

/// When a JWT was made whose `jti` shows it. It is not verified: whoever presents another text finds another row, or none.
fn jti_order(text: &str) -> Option<[u8; 6]> {
    #[derive(Deserialize)]
    struct Named {
        jti: Id<AccessToken>,
    }
    let mut parts = text.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
    let named: Named = serde_json::from_slice(&claims).ok()?;
    named.jti.order()
}

impl<K> Clone for Secret<K> {
    fn clone(&self) -> Self {
        Self {
            made: self.made,
            bits: self.bits.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<Self>())
    }
}

/// The SHA-256 of a secret's text, by which it is looked up. That of a secret which carries when it was made begins with that
/// time instead of its first six bytes.
pub struct SecretHash<K>([u8; 32], PhantomData<fn() -> K>);

impl<K: kind::Kind> SecretHash<K> {
    /// Hashes the whole of `text`, whatever its form.
    pub fn of(text: &str) -> Self {
        let mut hash = Self::of_bytes(text.as_bytes());
        if let Some(made) = K::order(text) {
            for (to, from) in hash.0.iter_mut().zip(made) {
                *to = from;
            }
        }
        hash
    }
}

impl<K> SecretHash<K> {
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

    #[test]
    fn c7_t7_a_secret_may_carry_when_it_was_made_and_is_as_long_a_secret() {
        let at = |ms| Secret::<kind::Access>::ordered(Timestamp::from_millis(ms), &SystemRandom);
        let (early, late) = (at(1_700_000_000_000), at(1_700_000_000_001));
        let (first, second) = (early.hash(), late.hash());
        assert!(first.as_bytes() < second.as_bytes(), "as they were made");
        let text = early.reveal();
        assert_eq!(text.len(), ORDERED_SECRET_CHARS);
        let twin = at(1_700_000_000_000).reveal();
        assert!(text.get(..6) != twin.get(..6), "no two begin alike");
        let read = Secret::<kind::Access>::parse(&text).expect("its own text");
        assert_eq!((read.hash(), read.reveal()), (first, text.clone()));
        assert_eq!(read.bytes(), early.bytes());
        assert!(at(1_700_000_000_000).hash() != first, "the rest is random");
        for (place, _) in text.char_indices() {
            let other = if text.get(place..=place) == Some("A") {
                "B"
            } else {
                "A"
            };
            let mut changed = text.clone();
            changed.replace_range(place..=place, other);
            assert!(
                SecretHash::<kind::Access>::of(&changed) != first,
                "{changed}"
            );
        }
        assert!(
            Secret::<kind::Session>::parse(&text).is_none(),
            "other kinds tell nothing"
        );
        let hash = SecretHash::<kind::Content>::of(&text);
        assert!(hash.as_bytes() != first.as_bytes());
    }

    #[test]
    fn g13_a_token_that_manages_itself_has_one_hash() {
        let made = Secret::<kind::Access>::ordered(Timestamp::from_secs(1), &SystemRandom);
        let drawn = Secret::<kind::Access>::generate(&SystemRandom);
        for token in [made, drawn] {
            let text = token.reveal();
            let right = Secret::<kind::Manage>::parse(&text).map(|right| right.hash());
            let right = right.expect("the token is its own right");
            assert_eq!(right.as_bytes(), token.hash().as_bytes());
        }
    }

    #[test]
    fn the_hash_of_a_jwt_begins_with_the_time_its_jti_shows() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let jwt = |jti: String| {
            let claims = serde_json::json!({ "aud": "x", "jti": jti, "sub": "y" });
            let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
            SecretHash::<kind::Access>::of(&format!("e30.{claims}.AA"))
        };
        let shown = jwt(Id::<AccessToken>::ordered(now, &SystemRandom).to_string());
        let begins = now.as_millis().to_be_bytes();
        assert_eq!(shown.as_bytes().get(..6), begins.get(2..));
        for other in [
            Id::<AccessToken>::random(&SystemRandom).to_string(),
            "another server's".to_owned(),
        ] {
            assert!(jwt(other).as_bytes().get(..6) != begins.get(2..));
        }
        for text in ["", "..", "a.b.c", "e30.e30.AA"] {
            let whole = SecretHash::<kind::Access>::of_bytes(text.as_bytes());
            assert!(SecretHash::<kind::Access>::of(text) == whole, "{text}");
        }
    }
}
