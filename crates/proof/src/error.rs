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
    /// A header field that the proof needs is absent.
    #[error("the header field {0} is missing")]
    MissingHeader(&'static str),
    /// A digest in `Content-Digest`, or the payload of a detached signature, does not belong to the content.
    #[error("the digest does not match the content")]
    WrongDigest,
    /// `Content-Digest` names no algorithm that is known here, or not the one that the key declares.
    #[error("no digest of an accepted algorithm")]
    UnknownDigest,
    /// `Signature` and `Signature-Input` do not hold the same labels.
    #[error("the labels of the signatures do not pair up")]
    UnpairedLabel,
    /// The message carries more signatures than are looked at.
    #[error("too many signatures")]
    TooManySignatures,
    /// A covered component cannot be derived from the message, is covered twice, or asks for what is not supported.
    #[error("a covered component cannot be derived from the message")]
    BadComponent,
    /// A component that the profile requires is not covered by the signature; the text names it.
    #[error("the signature does not cover {0}")]
    NotCovered(&'static str),
    /// A signature parameter that the profile requires is absent.
    #[error("the signature parameter {0} is missing")]
    MissingParameter(&'static str),
    /// A signature parameter is present that the profile forbids.
    #[error("the signature parameter {0} must not be present")]
    ForbiddenParameter(&'static str),
    /// The `tag` of a signature, or the `typ` of a signed object, belongs to another protocol or another step.
    #[error("the signature has another purpose")]
    WrongTag,
    /// `htm` is not the method of the request.
    #[error("signed for another method")]
    WrongMethod,
    /// `uri` is not the URI of the request.
    #[error("signed for another URI")]
    WrongUri,
    /// The access token of the request is not the expected one, or not the one that was signed.
    #[error("signed for another token")]
    WrongToken,
    /// The client's certificate is not the one of the key.
    #[error("another certificate")]
    WrongCertificate,
    /// The key is to be proven by another method, or keeps its parameters no longer.
    #[error("the key is proven by another method")]
    WrongProofMethod,
    /// Keys of this method cannot be rotated inside the protocol.
    #[error("keys of this method cannot be rotated")]
    NoRotation,
    /// The cryptographic library failed on our own key: a failure of this server, not of the sender.
    #[error("the cryptographic library failed")]
    Crypto,
}
