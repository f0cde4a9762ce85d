//! An ID token of ours that a client brings back, to say who it believes is there.
//!
//! Our own signature makes it believable, however old it is. It is compared with who signs in and never signs anybody in
//! (threat A15).
//!
//! Spec: OpenID Connect Core §3.1.2.1 (`id_token_hint`), RFC 9635 §2.4

use placet_core::time::Timestamp;
use placet_proof::{Audience, Profile, ProofError, UnverifiedJwt};

use crate::site::Site;

/// The subject an ID token of this issuer speaks of. With `client_id`, only one that was made for that client counts.
///
/// # Errors
/// What a token lacks that is not one of ours; never that it expired.
pub fn subject_of(
    site: &Site,
    id_token: &str,
    client_id: Option<&str>,
    now: Timestamp,
) -> Result<String, ProofError> {
    let profile = Profile {
        audience: client_id.map_or(Audience::Any, Audience::Contains),
        ..Profile::id_token_hint(&site.settings.issuer_url)
    };
    let jwt = UnverifiedJwt::parse(id_token)?;
    let claims = jwt.verify(&profile, &site.keys.public_keys(), now.as_secs())?;
    let subject = claims.subject().ok_or(ProofError::MissingClaim("sub"))?;
    Ok(subject.to_owned())
}
