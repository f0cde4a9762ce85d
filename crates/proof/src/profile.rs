//! What a token must be to be accepted: the table of kinds, and the expectations of one caller.
//!
//! Spec: RFC 8725 §3.11, RFC 9068 §2.1, §4, RFC 7523 §3, OpenID Connect Core §2, Back-Channel Logout §2.4

/// How far ahead of our clock `nbf` and `iat` may lie, in seconds: allows for skew, while 60 s is refused.
pub const MAX_AHEAD_S: i64 = 10;
/// How far ahead the `exp` of a client assertion may lie, in seconds.
pub const CLIENT_ASSERTION_LIFETIME_S: i64 = 5 * 60;
/// The same for a client whose assertions name the token endpoint, since its libraries sign for an hour.
pub const TOKEN_ENDPOINT_ASSERTION_LIFETIME_S: i64 = 60 * 60;
/// How far ahead the `exp` of a logout token may lie, in seconds (Back-Channel Logout §4).
pub const LOGOUT_TOKEN_LIFETIME_S: i64 = 2 * 60;

/// The kinds of token that can be told apart by `typ`, so that one is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An access token: `typ` is `at+jwt` (RFC 9068 §2.1).
    AccessToken,
    /// An ID token: `typ` is `JWT` or absent (OpenID Connect Core §2).
    IdToken,
    /// A client's assertion: `typ` is `client-authentication+jwt`, `JWT` or absent (RFC 7523 §3).
    ClientAssertion,
    /// A logout token: `typ` is `logout+jwt` (Back-Channel Logout §2.4).
    LogoutToken,
}

impl Kind {
    /// Every kind, for tables.
    pub const ALL: [Self; 4] = [
        Self::AccessToken,
        Self::IdToken,
        Self::ClientAssertion,
        Self::LogoutToken,
    ];

    /// Returns the `typ` we write; `None` means the header has none.
    pub fn typ(self) -> Option<&'static str> {
        match self {
            Self::AccessToken => Some("at+jwt"),
            Self::IdToken => None,
            Self::ClientAssertion => Some("client-authentication+jwt"),
            Self::LogoutToken => Some("logout+jwt"),
        }
    }

    /// Says whether a token with this `typ`, normalised as [`Header::typ`](crate::Header::typ) does, can be of this kind.
    pub fn accepts_typ(self, typ: Option<&str>) -> bool {
        match self {
            Self::AccessToken => typ == Some("at+jwt"),
            Self::IdToken => matches!(typ, None | Some("jwt")),
            Self::ClientAssertion => {
                matches!(typ, None | Some("jwt" | "client-authentication+jwt"))
            }
            Self::LogoutToken => typ == Some("logout+jwt"),
        }
    }

    /// The claims without which a token of this kind is refused, besides `iss` and `exp`.
    pub(crate) fn required_claims(self) -> &'static [&'static str] {
        match self {
            // RFC 9068 §2.2
            Self::AccessToken => &["aud", "sub", "client_id", "iat", "jti"],
            // OpenID Connect Core §2
            Self::IdToken => &["aud", "sub", "iat"],
            // RFC 7523 §3; `jti` is optional there, and required here because each assertion works once.
            Self::ClientAssertion => &["aud", "sub", "jti"],
            // Back-Channel Logout §2.4
            Self::LogoutToken => &["aud", "iat", "jti", "events"],
        }
    }
}

/// Which `aud` is accepted. Comparison is byte for byte: no trailing slash, case or port is forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience<'a> {
    /// `aud` is this string; an array is refused even with one element (FAPI 2.0 §5.3.2.1).
    Exactly(&'a str),
    /// `aud` is one of these as a string or as the only element of an array; a token made for several servers is refused.
    Only(&'a [&'a str]),
    /// `aud` is this string or an array that contains it.
    Contains(&'a str),
    /// Any `aud`, for tokens that we issued and whose audience the caller looks up afterwards.
    Any,
}

/// Whether `exp` still matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The token is valid while `now < exp`.
    Enforced,
    /// A past `exp` is accepted, for `id_token_hint`, which is a hint and never a login (RP-Initiated Logout §2).
    Ignored,
}

/// What one caller expects of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile<'a> {
    /// The kind, decided by `typ` before all else.
    pub kind: Kind,
    /// The exact `iss`.
    pub issuer: &'a str,
    /// The exact `sub`; `None` accepts every subject.
    pub subject: Option<&'a str>,
    /// The rule for `aud`.
    pub audience: Audience<'a>,
    /// Whether `exp` is enforced.
    pub expiry: Expiry,
    /// How far ahead of `now` the `exp` may lie, in seconds, besides [`Self::max_ahead_s`]; `None` sets no bound.
    pub max_lifetime_s: Option<i64>,
    /// How far ahead of `now` `nbf` and `iat` may lie, in seconds.
    pub max_ahead_s: i64,
}

impl<'a> Profile<'a> {
    /// An access token of `issuer` for the resource `audience` (RFC 9068 §4).
    pub fn access_token(issuer: &'a str, audience: Audience<'a>) -> Self {
        Self {
            kind: Kind::AccessToken,
            issuer,
            subject: None,
            audience,
            expiry: Expiry::Enforced,
            max_lifetime_s: None,
            max_ahead_s: MAX_AHEAD_S,
        }
    }

    /// An ID token of `issuer` for `client_id` (OpenID Connect Core §3.1.3.7).
    pub fn id_token(issuer: &'a str, client_id: &'a str) -> Self {
        Self {
            kind: Kind::IdToken,
            audience: Audience::Contains(client_id),
            ..Self::access_token(issuer, Audience::Any)
        }
    }

    /// An ID token that we issued, given back as `id_token_hint`: of any client and however old.
    pub fn id_token_hint(issuer: &'a str) -> Self {
        Self {
            kind: Kind::IdToken,
            expiry: Expiry::Ignored,
            ..Self::access_token(issuer, Audience::Any)
        }
    }

    /// An assertion by which `client_id` authenticates: `iss` and `sub` are both the client (RFC 7523 §3).
    ///
    /// `max_lifetime_s` is [`CLIENT_ASSERTION_LIFETIME_S`] unless the client may name the token endpoint.
    pub fn client_assertion(
        client_id: &'a str,
        audience: Audience<'a>,
        max_lifetime_s: i64,
    ) -> Self {
        Self {
            kind: Kind::ClientAssertion,
            subject: Some(client_id),
            max_lifetime_s: Some(max_lifetime_s),
            ..Self::access_token(client_id, audience)
        }
    }

    /// A logout token of `issuer` for `client_id` (Back-Channel Logout §2.6).
    pub fn logout_token(issuer: &'a str, client_id: &'a str) -> Self {
        Self {
            kind: Kind::LogoutToken,
            audience: Audience::Contains(client_id),
            max_lifetime_s: Some(LOGOUT_TOKEN_LIFETIME_S),
            ..Self::access_token(issuer, Audience::Any)
        }
    }
}
