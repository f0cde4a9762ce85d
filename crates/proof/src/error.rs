//! Why a proof was refused: one variant per failed check.

use thiserror::Error;

/// The check that failed.
///
/// The texts are for logs and never contain the token, a claim's value or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum ProofError {
    /// The input is longer than its cap.
    #[error("the input is too large")]
    TooLarge,
    /// The bytes do not have the form the specification asks for; the text names the part.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The header demands an extension (`crit`, or `b64` set to false), and none is supported.
    #[error("the header asks for an extension that is not supported")]
    UnsupportedExtension,
    /// `typ` is not the one of the expected kind of token.
    #[error("the token is of another kind")]
    WrongType,
    /// `alg` is unknown, or is not the algorithm of the key.
    #[error("the algorithm is not the one of the key")]
    WrongAlgorithm,
    /// No registered key fits `kid` and `alg`, or several do and the header names none.
    #[error("no registered key fits the header")]
    UnknownKey,
    /// The signature does not belong to these bytes and this key.
    #[error("the signature does not verify")]
    BadSignature,
    /// A claim that the kind of token requires is absent.
    #[error("the claim {0} is missing")]
    MissingClaim(&'static str),
    /// A claim has the wrong JSON type or an impossible value.
    #[error("the claim {0} is malformed")]
    BadClaim(&'static str),
    /// A claim is present that this kind of token must not carry.
    #[error("the claim {0} must not be present")]
    ForbiddenClaim(&'static str),
    /// `iss` is not the expected issuer.
    #[error("another issuer")]
    WrongIssuer,
    /// `sub` is not the expected subject.
    #[error("another subject")]
    WrongSubject,
    /// `aud` does not satisfy the audience rule of the profile.
    #[error("another audience")]
    WrongAudience,
    /// `exp` has been reached.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` lies further ahead than the allowance for clock skew.
    #[error("not valid yet")]
    NotYetValid,
    /// `exp` lies further ahead than the profile allows.
    #[error("valid for too long")]
    TooLong,
    /// A JWK is of a type, curve or use that cannot verify signatures here.
    #[error("the key is of a kind that is not supported")]
    UnsupportedKey,
    /// A JWK has a supported type but impossible members; the text names the member.
    #[error("the key is malformed: {0}")]
    BadKey(&'static str),
    /// A JWK that should be public carries private or symmetric key material.
    #[error("the key carries private material")]
    PrivateKeyMaterial,
    /// A JWK set holds more keys than [`MAX_KEYS`](crate::MAX_KEYS).
    #[error("the key set holds too many keys")]
    TooManyKeys,
    /// `code_challenge_method` is absent (which means `plain`) or is not `S256`.
    #[error("the code challenge method is not S256")]
    WrongChallengeMethod,
    /// `code_challenge` is not the base64url form of a SHA-256 hash.
    #[error("the code challenge is malformed")]
    BadChallenge,
    /// `code_verifier` is not 43 to 128 unreserved characters.
    #[error("the code verifier is malformed")]
    BadVerifier,
    /// `code_verifier` does not belong to the challenge.
    #[error("the code verifier does not match the challenge")]
    WrongVerifier,
    /// The cryptographic library failed on our own key: a failure of this server, not of the sender.
    #[error("the cryptographic library failed")]
    Crypto,
}
