//! Claims that are believed only after every check of a profile.
//!
//! Spec: RFC 7519 §4.1, §7.2, RFC 7523 §3, RFC 8725 §3, RFC 9068 §4, Back-Channel Logout §2.6

use serde_json::{Map, Value};

use crate::error::ProofError;
use crate::jwks::Jwks;
use crate::jws::{Header, Jws};
use crate::profile::{Audience, Expiry, Kind, Profile};
use crate::unique_json::parse_object;
use crate::verified::Verified;

/// The member of `events` that makes a token a logout token (Back-Channel Logout §2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The largest time accepted, in seconds: integers above it are not exact in every JSON reader.
const MAX_NUMERIC_DATE: i64 = 1 << 53;

/// A token that was read but not checked.
///
/// It answers one question besides its header: who claims to have issued it, so that the caller can look up the keys.
#[derive(Debug)]
pub struct UnverifiedJwt<'a> {
    jws: Jws<'a>,
}

impl<'a> UnverifiedJwt<'a> {
    /// Reads a compact token.
    ///
    /// # Errors
    /// Those of [`Jws::parse`].
    pub fn parse(compact: &'a str) -> Result<Self, ProofError> {
        Jws::parse(compact).map(|jws| Self { jws })
    }

    /// Returns the header, which is only what the sender says about itself.
    pub fn header(&self) -> &Header {
        self.jws.header()
    }

    /// Returns `iss` as the token states it, to find the keys that may prove it; nothing else may be decided by it.
    pub fn claimed_issuer(&self) -> Option<String> {
        let mut claims = parse_object(self.jws.unverified_payload())?;
        match claims.remove("iss") {
            Some(Value::String(issuer)) => Some(issuer),
            _ => None,
        }
    }

    /// Checks the token against `profile` with the issuer's registered `keys` at `now`, in seconds since 1970.
    ///
    /// The order is fixed: `typ`, algorithm and key, signature, claims present, issuer, subject, audience, times, rules of the kind.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use placet_proof::{Algorithm, Audience, Ed25519Name, Jwks, JwsSigner, Kind, Profile, SigningKey, UnverifiedJwt};
    ///
    /// let key = Arc::new(SigningKey::generate(Algorithm::Es256)?);
    /// let signer = JwsSigner::new(Arc::clone(&key), Kind::AccessToken.typ(), Ed25519Name::EdDsa);
    /// let token = signer.sign_claims(&serde_json::json!({
    ///     "iss": "https://as.example", "aud": "https://photos.example", "sub": "u-1", "client_id": "tv",
    ///     "iat": 1_800_000_000, "exp": 1_800_000_600, "jti": "j-1",
    /// }))?;
    ///
    /// let profile = Profile::access_token("https://as.example", Audience::Contains("https://photos.example"));
    /// let keys = Jwks::new(vec![key.public_jwk().clone()]);
    /// let claims = UnverifiedJwt::parse(&token)?.verify(&profile, &keys, 1_800_000_300)?;
    /// assert_eq!(claims.subject(), Some("u-1"));
    /// # Ok::<(), placet_proof::ProofError>(())
    /// ```
    ///
    /// # Errors
    /// The [`ProofError`] of the first check that fails.
    pub fn verify(
        self,
        profile: &Profile<'_>,
        keys: &Jwks,
        now: i64,
    ) -> Result<Verified<Claims>, ProofError> {
        let header = self.jws.header();
        if !profile.kind.accepts_typ(header.typ()) {
            return Err(ProofError::WrongType);
        }
        let algorithm = header.algorithm().ok_or(ProofError::WrongAlgorithm)?;
        let key = keys.find(header.kid(), algorithm)?;
        let payload = self.jws.verify(key)?;
        let claims = Claims::parse(&payload, profile)?;
        check_parties(&claims, profile)?;
        check_times(&claims, profile, now)?;
        if profile.kind == Kind::LogoutToken {
            check_logout(&claims)?;
        }
        Ok(Verified::new(claims))
    }
}

/// The claims of a token, with the registered ones in their types.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    issuer: String,
    subject: Option<String>,
    audience: Vec<String>,
    audience_is_array: bool,
    expires_at: i64,
    not_before: Option<i64>,
    issued_at: Option<i64>,
    jti: Option<String>,
    members: Map<String, Value>,
}

impl Claims {
    fn parse(payload: &[u8], profile: &Profile<'_>) -> Result<Self, ProofError> {
        let members = parse_object(payload).ok_or(ProofError::Malformed("claims"))?;
        for name in profile.kind.required_claims() {
            if !members.contains_key(*name) {
                return Err(ProofError::MissingClaim(name));
            }
        }
        let (audience, audience_is_array) = audience(&members)?;
        // A fraction of a second is rounded so that the token is never valid for longer than it says.
        let expires_at = numeric_date(&members, "exp", f64::floor)?;
        Ok(Self {
            issuer: text(&members, "iss")?.ok_or(ProofError::MissingClaim("iss"))?,
            subject: text(&members, "sub")?,
            audience,
            audience_is_array,
            expires_at: expires_at.ok_or(ProofError::MissingClaim("exp"))?,
            not_before: numeric_date(&members, "nbf", f64::ceil)?,
            issued_at: numeric_date(&members, "iat", f64::ceil)?,
            jti: text(&members, "jti")?,
            members,
        })
    }

    /// Returns `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Returns the values of `aud`; empty if there is no `aud`.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// Returns `exp` in seconds since 1970.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// Returns `iat` in seconds since 1970.
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }

    /// Returns `jti`.
    pub fn jti(&self) -> Option<&str> {
        self.jti.as_deref()
    }

    /// Returns a claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    /// Returns any claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Returns all claims as they were signed.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }
}

fn check_parties(claims: &Claims, profile: &Profile<'_>) -> Result<(), ProofError> {
    if claims.issuer != profile.issuer {
        return Err(ProofError::WrongIssuer);
    }
    if profile.subject.is_some() && claims.subject() != profile.subject {
        return Err(ProofError::WrongSubject);
    }
    let accepted = match (profile.audience, claims.audience.as_slice()) {
        (Audience::Any, _) => true,
        (Audience::Exactly(expected), [only]) => only == expected && !claims.audience_is_array,
        (Audience::Only(expected), [only]) => expected.contains(&only.as_str()),
        (Audience::Exactly(_) | Audience::Only(_), _) => false,
        (Audience::Contains(expected), values) => values.iter().any(|value| value == expected),
    };
    if accepted {
        Ok(())
    } else {
        Err(ProofError::WrongAudience)
    }
}

fn check_times(claims: &Claims, profile: &Profile<'_>, now: i64) -> Result<(), ProofError> {
    // RFC 7519 §4.1.4: not accepted on or after `exp`.
    if profile.expiry == Expiry::Enforced && now >= claims.expires_at {
        return Err(ProofError::Expired);
    }
    let latest_start = now.saturating_add(profile.max_ahead_s);
    let starts = [claims.not_before, claims.issued_at];
    if starts
        .into_iter()
        .flatten()
        .any(|start| start > latest_start)
    {
        return Err(ProofError::NotYetValid);
    }
    // A far `exp` would make the memory of used `jti` values grow without bound. It is measured from where a clock that
    // runs ahead may stand, so that the longest lifetime allowed is no trap for it.
    if profile
        .max_lifetime_s
        .is_some_and(|lifetime_s| claims.expires_at > latest_start.saturating_add(lifetime_s))
    {
        return Err(ProofError::TooLong);
    }
    Ok(())
}

/// Back-Channel Logout §2.6, steps 5 to 7.
fn check_logout(claims: &Claims) -> Result<(), ProofError> {
    let event = claims
        .get("events")
        .and_then(|events| events.get(LOGOUT_EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(ProofError::BadClaim("events"));
    }
    if claims.subject().is_none() && claims.text("sid").is_none() {
        return Err(ProofError::MissingClaim("sid"));
    }
    // With a `nonce` it could be replayed as an ID token.
    if claims.get("nonce").is_some() {
        return Err(ProofError::ForbiddenClaim("nonce"));
    }
    Ok(())
}

fn text(members: &Map<String, Value>, name: &'static str) -> Result<Option<String>, ProofError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(ProofError::BadClaim(name)),
    }
}

/// RFC 7519 §4.1.3: one string or an array of strings. The flag says which.
fn audience(members: &Map<String, Value>) -> Result<(Vec<String>, bool), ProofError> {
    let Some(aud) = members.get("aud") else {
        return Ok((Vec::new(), false));
    };
    match aud {
        Value::String(only) => Ok((vec![only.clone()], false)),
        Value::Array(entries) => entries
            .iter()
            .map(|entry| entry.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(|values| (values, true))
            .ok_or(ProofError::BadClaim("aud")),
        _ => Err(ProofError::BadClaim("aud")),
    }
}

/// RFC 7519 §2: a JSON number of seconds, which may have a fraction.
fn numeric_date(
    members: &Map<String, Value>,
    name: &'static str,
    round: fn(f64) -> f64,
) -> Result<Option<i64>, ProofError> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    let seconds = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => seconds,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float outside i64 saturates and fails the range check below"
        )]
        (None, Some(seconds)) => round(seconds) as i64,
        (None, None) => return Err(ProofError::BadClaim(name)),
    };
    if (-MAX_NUMERIC_DATE..=MAX_NUMERIC_DATE).contains(&seconds) {
        Ok(Some(seconds))
    } else {
        Err(ProofError::BadClaim(name))
    }
}
