//! What must be read again but not by whoever copies the database: sealed values and keyed hashes.
//!
//! A data key seals; the master key only wraps data keys. Each seal draws a salt, derives a key of its
//! own from the data key (HKDF-SHA-256) and encrypts with AES-256-GCM under it, with the row's name as
//! associated data: a sealed value moved to another row does not open.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf, hmac,
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    id::{Id, Kind},
    random::Random,
    secret::SecretHash,
    time::Timestamp,
};

const SALT_BYTES: usize = 16;

/// A value encrypted under a data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The data key that opens it.
    pub key: Id<DataKey>,
    /// Salt and ciphertext, base64url.
    pub text: String,
}

/// A data key as it is stored: wrapped by the master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataKey {
    /// Its id, which every value sealed under it names.
    pub id: Id<Self>,
    /// Which master key wraps it: a short hash, so that the wrong one is told from a damaged row.
    pub master: String,
    /// The wrapped key.
    pub wrapped: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Kind for DataKey {
    const PREFIX: &'static str = "dk";
}

/// A sealed value that does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The master key is not the one that wrapped this data key.
    #[error("the master key is not the one this store was made with")]
    WrongMaster,
    /// No data key of this id is loaded.
    #[error("sealed under an unknown data key")]
    UnknownKey,
    /// The ciphertext was changed, moved to another row or cut.
    #[error("sealed value is damaged")]
    Damaged,
}

/// The key that wraps data keys. It comes from a file or a key service and is never stored.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Takes 32 bytes as they are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A short name for this key that does not reveal it.
    pub fn name(&self) -> String {
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref()),
            b"placet master key",
        );
        BASE64URL_NOPAD
            .encode(tag.as_ref())
            .chars()
            .take(11)
            .collect()
    }

    /// Makes a new data key, wrapped and ready to store.
    pub fn new_data_key(&self, now: Timestamp, random: &dyn Random) -> DataKey {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut());
        self.wrap(Id::random(random), &key, now, random)
    }

    /// Wraps an opened data key again under this master key.
    pub fn rewrap(&self, vault: &Vault, stored: &DataKey, random: &dyn Random) -> DataKey {
        self.wrap(stored.id, &vault.key, stored.created_at, random)
    }

    /// Opens a stored data key.
    ///
    /// # Errors
    /// [`SealError::WrongMaster`] when another master key wrapped it, [`SealError::Damaged`] when it was changed.
    pub fn unwrap(&self, stored: &DataKey) -> Result<Vault, SealError> {
        if stored.master != self.name() {
            return Err(SealError::WrongMaster);
        }
        let bytes = open(&self.0, stored.id.to_string().as_bytes(), &stored.wrapped)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| SealError::Damaged)?;
        Ok(Vault {
            id: stored.id,
            key: Zeroizing::new(key),
        })
    }

    fn wrap(
        &self,
        id: Id<DataKey>,
        key: &[u8; 32],
        now: Timestamp,
        random: &dyn Random,
    ) -> DataKey {
        let wrapped = seal(&self.0, id.to_string().as_bytes(), key, random);
        DataKey {
            id,
            master: self.name(),
            wrapped,
            created_at: now,
        }
    }
}

/// An opened data key.
#[derive(Clone)]
pub struct Vault {
    id: Id<DataKey>,
    key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// Encrypts `plain` for the row called `row`.
    pub fn seal(&self, row: &str, plain: &[u8], random: &dyn Random) -> Sealed {
        Sealed {
            key: self.id,
            text: seal(&self.key, row.as_bytes(), plain, random),
        }
    }

    /// Decrypts what [`Vault::seal`] made for the same row.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] for another data key's value, [`SealError::Damaged`] for a changed or moved one.
    pub fn open(&self, row: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if sealed.key != self.id {
            return Err(SealError::UnknownKey);
        }
        open(&self.key, row.as_bytes(), &sealed.text)
    }

    /// Hashes a value too short to be hashed without a key. `purpose` keeps uses apart.
    pub fn keyed_hash<K>(&self, purpose: &str, value: &str) -> SecretHash<K> {
        let purpose_key = derive(&self.key, purpose.as_bytes(), b"keyed hash");
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, purpose_key.as_ref()),
            value.as_bytes(),
        );
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        SecretHash::from_bytes(hash)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.id)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.name())
    }
}

/// Encrypts under a key derived from `key`, a fresh salt and nothing else that is secret.
pub(crate) fn seal(key: &[u8; 32], row: &[u8], plain: &[u8], random: &dyn Random) -> String {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let mut body = plain.to_vec();
    cipher(key, &salt)
        .seal_in_place_append_tag(nonce(), Aad::from(row), &mut body)
        .expect("sealing fails only above 64 GiB");
    let mut text = salt.to_vec();
    text.append(&mut body);
    BASE64URL_NOPAD.encode(&text)
}

/// Decrypts what [`seal`] made under the same key and row.
pub(crate) fn open(
    key: &[u8; 32],
    row: &[u8],
    text: &str,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let bytes = BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| SealError::Damaged)?;
    let (salt, body) = bytes
        .split_at_checked(SALT_BYTES)
        .ok_or(SealError::Damaged)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher(key, salt)
        .open_in_place(nonce(), Aad::from(row), &mut body)
        .map_err(|_| SealError::Damaged)?
        .len();
    body.truncate(length);
    Ok(body)
}

/// The nonce may be constant: no derived key seals twice.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn cipher(key: &[u8; 32], salt: &[u8]) -> LessSafeKey {
    let derived = derive(key, salt, b"seal");
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, derived.as_ref()).expect("the derived key has 32 bytes"),
    )
}

fn derive(key: &[u8; 32], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(derived.as_mut()))
        .expect("32 bytes is one block of HKDF-SHA-256");
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_sealed_value_opens_only_in_its_row_and_under_its_key() {
        let master = MasterKey::from_bytes([7; 32]);
        let stored = master.new_data_key(Timestamp::from_millis(0), &SystemRandom);
        let vault = master.unwrap(&stored).unwrap();
        let sealed = vault.seal("row-1", b"nonce", &SystemRandom);
        assert_eq!(vault.open("row-1", &sealed).unwrap().as_slice(), b"nonce");
        assert_eq!(vault.open("row-2", &sealed), Err(SealError::Damaged));
        let other = master
            .unwrap(&master.new_data_key(Timestamp::from_millis(0), &SystemRandom))
            .unwrap();
        assert_eq!(other.open("row-1", &sealed), Err(SealError::UnknownKey));
        let stranger = MasterKey::from_bytes([8; 32]);
        assert_eq!(stranger.unwrap(&stored).err(), Some(SealError::WrongMaster));
    }

    #[test]
    fn rewrapping_keeps_what_was_sealed_readable() {
        let (old, new) = (
            MasterKey::from_bytes([1; 32]),
            MasterKey::from_bytes([2; 32]),
        );
        let stored = old.new_data_key(Timestamp::from_millis(0), &SystemRandom);
        let vault = old.unwrap(&stored).unwrap();
        let sealed = vault.seal("row", b"kept", &SystemRandom);
        let rewrapped = new.rewrap(&vault, &stored, &SystemRandom);
        assert_eq!(
            new.unwrap(&rewrapped)
                .unwrap()
                .open("row", &sealed)
                .unwrap()
                .as_slice(),
            b"kept"
        );
        assert_eq!(old.unwrap(&rewrapped).err(), Some(SealError::WrongMaster));
    }
}
