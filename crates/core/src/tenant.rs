//! A tenant: one of several who share a server, each with an issuer of its own.
//!
//! 1. Its record is stored under the server's root issuer, where operators find all of them.
//! 2. What belongs to it is stored under its own issuer, so that no read crosses from one tenant to another.
//! 3. A tenant with an identity provider sends people there to sign in and to decide; the provider names itself by a
//!    secret. Without one, nobody can be asked.
//! 4. A deleted tenant stays as a row: its id and its issuer are never given again.
//!
//! Spec: RFC 9635 §1.4 (one grant endpoint for each tenant), RFC 9562 §4 (the id's text)

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    id::{Id, Kind, NotAnId},
    issuer::Issuer,
    random::Random,
    secret::{Digest, SecretHash, kind},
    time::Timestamp,
    vault::{SealError, Sealed, Vault},
};

/// How many secrets of an identity provider count: the newest, and the one it replaced.
pub const IDP_SECRETS: usize = 2;
/// The length of an id's text with its hyphens, in characters (RFC 9562 §4).
const UUID_CHARS: usize = 36;

/// Whoever signs a tenant's people in and asks them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// Where a browser is sent to be asked.
    pub consent_url: String,
    /// Hashes of the secrets it may name itself by, newest first.
    pub secrets: Vec<SecretHash<kind::IdentityProvider>>,
}

impl IdentityProvider {
    /// Whether `presented` is one of its secrets. Digests are compared, every one of them and each in constant time, so
    /// that neither length nor content of a secret shows in the time it takes (G9).
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "stopping at the first that fits would show which it is"
    )]
    pub fn accepts(&self, presented: &str) -> bool {
        let presented = SecretHash::of(presented);
        self.secrets
            .iter()
            .fold(false, |known, kept| known | (*kept == presented))
    }

    /// Puts a new secret first. The one before still counts, so that whoever presents it can be changed afterwards;
    /// what is older does not.
    pub fn renew(&mut self, secret: SecretHash<kind::IdentityProvider>) {
        self.secrets.insert(0, secret);
        self.secrets.truncate(IDP_SECRETS);
    }
}

/// A tenant as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: Id<Self>,
    /// The issuer all its records belong to; made from `issuer_url`.
    pub issuer: Id<Issuer>,
    /// The issuer's URL: its grant endpoint, byte for byte as clients hash it.
    pub issuer_url: String,
    /// Who asks its people. Absent: nobody can be asked, so only requests that need nobody are granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp: Option<IdentityProvider>,
    /// What signs its calls to the admin API, sealed under the id. Absent: it may call nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_secret: Option<Sealed>,
    /// What signed them before, and counts beside it until the next change. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_api_secret: Option<Sealed>,
    /// The digest of the declaration it was made from. Absent when no file declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Digest>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// When it was deleted. Absent while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

impl Kind for Tenant {
    const PREFIX: &'static str = "tn";
}

impl Tenant {
    /// Its id as the bare UUID that stands in paths and headers, with hyphens and in lower case.
    pub fn uuid(&self) -> String {
        Self::uuid_of(self.id)
    }

    /// The bare UUID of an id.
    pub fn uuid_of(id: Id<Self>) -> String {
        id.hyphenated()
    }

    /// Reads a bare UUID with its hyphens, in any case (RFC 9562 §4).
    ///
    /// # Errors
    /// [`NotAnId`] for any other text, and for the nil UUID, which names nothing (RFC 9562 §5.9).
    pub fn parse_uuid(text: &str) -> Result<Id<Self>, NotAnId> {
        // Of the forms a UUID is written in, only the one with hyphens has this length.
        if text.len() != UUID_CHARS {
            return Err(NotAnId);
        }
        let uuid = Uuid::try_parse(text).map_err(|_| NotAnId)?;
        if uuid.is_nil() {
            return Err(NotAnId);
        }
        Ok(Id::from_bytes(*uuid.as_bytes()))
    }

    /// Whether it was not deleted.
    pub fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Seals the secret of the admin API for the tenant `id`.
    pub fn seal_api_secret(
        id: Id<Self>,
        secret: &str,
        vault: &Vault,
        random: &dyn Random,
    ) -> Sealed {
        vault.seal(&id.to_string(), secret.as_bytes(), random)
    }

    /// Puts a new secret of the admin API in place of the one before, which still counts, so that whoever signs with it can
    /// be changed afterwards.
    pub fn renew_api_secret(&mut self, sealed: Sealed) {
        self.former_api_secret = self.api_secret.replace(sealed);
    }

    /// What may sign its calls to the admin API, newest first. Empty when it may call nothing.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn api_secrets(&self, vault: &Vault) -> Result<Vec<Zeroizing<Vec<u8>>>, SealError> {
        [&self.api_secret, &self.former_api_secret]
            .into_iter()
            .flatten()
            .map(|sealed| vault.open(&self.id.to_string(), sealed))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(secrets: &[&str]) -> IdentityProvider {
        IdentityProvider {
            consent_url: "https://idp.example/consent".to_owned(),
            secrets: secrets.iter().map(|text| SecretHash::of(text)).collect(),
        }
    }

    #[test]
    fn g9_every_kept_secret_counts_and_no_other_of_any_length() {
        let idp = provider(&["new secret", "old secret"]);
        assert!(idp.accepts("new secret"));
        assert!(idp.accepts("old secret"));
        for length in 0..=128 {
            let wrong = "x".repeat(length);
            assert!(!idp.accepts(&wrong), "{length} characters");
        }
        for near in ["new secre", "new secret ", "New secret", "new secreto"] {
            assert!(!idp.accepts(near), "{near}");
        }
        assert!(!provider(&[]).accepts(""), "no secret accepts nothing");
    }

    #[test]
    fn g9_a_renewed_secret_leaves_the_one_before() {
        let mut idp = provider(&["first"]);
        idp.renew(SecretHash::of("second"));
        assert!(idp.accepts("first") && idp.accepts("second"));
        idp.renew(SecretHash::of("third"));
        assert!(idp.accepts("second") && idp.accepts("third"));
        assert!(!idp.accepts("first"));
    }

    #[test]
    fn rfc9562_4_only_the_form_with_hyphens_is_an_id() {
        let text = "438fa74a-fa7d-4317-9ced-dde32ece1787";
        let id = Tenant::parse_uuid(text).unwrap();
        assert_eq!(Tenant::uuid_of(id), text);
        assert_eq!(id.to_string(), "tn_438fa74afa7d43179ceddde32ece1787");
        assert_eq!(Tenant::parse_uuid(&text.to_uppercase()), Ok(id));
        for bad in [
            "",
            "438fa74afa7d43179ceddde32ece1787",
            "{438fa74a-fa7d-4317-9ced-dde32ece1787}",
            "urn:uuid:438fa74a-fa7d-4317-9ced-dde32ece1787",
            "tn_438fa74afa7d43179ceddde32ece1787",
            "438fa74a-fa7d-4317-9ced-dde32ece178",
            "438fa74a-fa7d-4317-9ced-dde32ece178g",
            "438fa74afa7d-4317-9ced-dde3-2ece1787",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(Tenant::parse_uuid(bad), Err(NotAnId), "{bad}");
        }
    }
}
