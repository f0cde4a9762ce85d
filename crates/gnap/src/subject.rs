//! How a person is named and vouched for: subject identifiers and assertion formats.
//!
//! Spec: RFC 9493 §3; RFC 9635 §2.2, §3.4.1; Open Payments 1.3 (`subject`)

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::{
    json::{At, Fault, Object, items},
    uri,
};

/// The most identifiers an `aliases` identifier may hold, and a list of identifiers.
const MAX_ALIASES: usize = 20;
/// The digits of the longest telephone number (E.164 §6.2.1).
const MAX_PHONE_DIGITS: usize = 15;
/// The longest address of a mailbox, in bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL_BYTES: usize = 254;

/// A registered way to name a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubIdFormat {
    /// An `acct` URI (RFC 9493 §3.2.1).
    Account,
    /// Several of the others for one person (RFC 9493 §3.2.8).
    Aliases,
    /// A decentralised identifier (RFC 9493 §3.2.6).
    Did,
    /// A mail address (RFC 9493 §3.2.2).
    Email,
    /// An issuer and a subject of it (RFC 9493 §3.2.3).
    IssSub,
    /// A string of the server's own (RFC 9493 §3.2.4).
    Opaque,
    /// A telephone number (RFC 9493 §3.2.5).
    PhoneNumber,
    /// Any URI (RFC 9493 §3.2.7).
    Uri,
}

impl SubIdFormat {
    /// Every format, by name.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Aliases,
        Self::Did,
        Self::Email,
        Self::IssSub,
        Self::Opaque,
        Self::PhoneNumber,
        Self::Uri,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Aliases => "aliases",
            Self::Did => "did",
            Self::Email => "email",
            Self::IssSub => "iss_sub",
            Self::Opaque => "opaque",
            Self::PhoneNumber => "phone_number",
            Self::Uri => "uri",
        }
    }

    /// Reads a name; `None` for a format that is not known here.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// A registered form of assertion about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AssertionFormat {
    /// An ID token, compact (OpenID Connect Core §2).
    IdToken,
    /// A SAML 2 assertion, base64url without padding.
    Saml2,
}

impl AssertionFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::IdToken, Self::Saml2];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdToken => "id_token",
            Self::Saml2 => "saml2",
        }
    }

    /// Reads a name; `None` for a format that is not known here.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether a value is written as this format is; what it says is for whoever verifies it.
    pub(crate) fn is_written(self, value: &str) -> bool {
        let encoded =
            |part: &str| !part.is_empty() && BASE64URL_NOPAD.decode(part.as_bytes()).is_ok();
        match self {
            Self::IdToken => value.split('.').count() == 3 && value.split('.').all(encoded),
            Self::Saml2 => encoded(value),
        }
    }
}

/// A person's name in one format.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SubjectIdentifier {
    /// An account at a provider.
    Account {
        /// The `acct` URI.
        uri: String,
    },
    /// Several names of one person.
    Aliases {
        /// The names; none of them is `aliases` again.
        identifiers: Vec<Self>,
    },
    /// A decentralised identifier.
    Did {
        /// The DID, or a DID URL.
        url: String,
    },
    /// A mail address. It names a person and is no way to write to them (RFC 9635 §3.4).
    Email {
        /// The address.
        email: String,
    },
    /// A subject of an issuer.
    IssSub {
        /// The issuer.
        iss: String,
        /// The subject.
        sub: String,
    },
    /// A string that means something to the server alone.
    Opaque {
        /// The string.
        id: String,
    },
    /// A telephone number.
    PhoneNumber {
        /// The number in the form of E.164.
        phone_number: String,
    },
    /// A URI.
    Uri {
        /// The URI.
        uri: String,
    },
}

impl SubjectIdentifier {
    /// The format.
    pub const fn format(&self) -> SubIdFormat {
        match self {
            Self::Account { .. } => SubIdFormat::Account,
            Self::Aliases { .. } => SubIdFormat::Aliases,
            Self::Did { .. } => SubIdFormat::Did,
            Self::Email { .. } => SubIdFormat::Email,
            Self::IssSub { .. } => SubIdFormat::IssSub,
            Self::Opaque { .. } => SubIdFormat::Opaque,
            Self::PhoneNumber { .. } => SubIdFormat::PhoneNumber,
            Self::Uri { .. } => SubIdFormat::Uri,
        }
    }

    /// Reads one identifier. `None` when a member its format needs is missing or not what the format says.
    ///
    /// ```
    /// use placet_gnap::subject::SubjectIdentifier;
    /// let sent = serde_json::json!({"format": "email", "email": "alice@example.com"});
    /// let read = SubjectIdentifier::parse(&sent).expect("it is one");
    /// assert_eq!(read.to_value(), sent);
    /// ```
    pub fn parse(value: &Value) -> Option<Self> {
        Self::read(value, &At::Root).ok()
    }

    /// Reads one identifier of a message. Members of no meaning to the format are ignored (RFC 9493 §3).
    pub(crate) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let name = object.required_text("format")?;
        let format = SubIdFormat::from_name(name)
            .ok_or_else(|| object.fault("format", "is not one known here"))?;
        let required = |name, holds: fn(&str) -> bool| {
            let text = object.required_text(name)?;
            if holds(text) {
                Ok(text.to_owned())
            } else {
                Err(object.fault(name, "is not what its format says"))
            }
        };
        let any = |_: &str| true;
        Ok(match format {
            SubIdFormat::Account => Self::Account {
                uri: required("uri", is_acct)?,
            },
            SubIdFormat::Aliases => Self::Aliases {
                identifiers: object.required_read("identifiers", aliases)?,
            },
            SubIdFormat::Did => Self::Did {
                url: required("url", is_did)?,
            },
            SubIdFormat::Email => Self::Email {
                email: required("email", is_email)?,
            },
            SubIdFormat::IssSub => Self::IssSub {
                iss: required("iss", any)?,
                sub: required("sub", any)?,
            },
            SubIdFormat::Opaque => Self::Opaque {
                id: required("id", any)?,
            },
            SubIdFormat::PhoneNumber => Self::PhoneNumber {
                phone_number: required("phone_number", is_phone_number)?,
            },
            SubIdFormat::Uri => Self::Uri {
                uri: required("uri", |text| uri::absolute(text).is_some())?,
            },
        })
    }

    /// Prints it as RFC 9493 spells it.
    pub fn to_value(&self) -> Value {
        let format = self.format().name();
        match self {
            Self::Account { uri } | Self::Uri { uri } => json!({ "format": format, "uri": uri }),
            Self::Aliases { identifiers } => {
                let identifiers: Vec<_> = identifiers.iter().map(Self::to_value).collect();
                json!({ "format": format, "identifiers": identifiers })
            }
            Self::Did { url } => json!({ "format": format, "url": url }),
            Self::Email { email } => json!({ "format": format, "email": email }),
            Self::IssSub { iss, sub } => json!({ "format": format, "iss": iss, "sub": sub }),
            Self::Opaque { id } => json!({ "format": format, "id": id }),
            Self::PhoneNumber { phone_number } => {
                json!({ "format": format, "phone_number": phone_number })
            }
        }
    }

    /// Prints it as Open Payments spells it, with `id` where RFC 9493 says `uri`. `None` for any other format.
    pub fn to_open_payments(&self) -> Option<Value> {
        let uri = self.as_uri()?;
        Some(json!({ "id": uri, "format": "uri" }))
    }

    /// The URI. `None` for any other format.
    pub fn as_uri(&self) -> Option<&str> {
        match self {
            Self::Uri { uri } => Some(uri),
            Self::Account { .. }
            | Self::Aliases { .. }
            | Self::Did { .. }
            | Self::Email { .. }
            | Self::IssSub { .. }
            | Self::Opaque { .. }
            | Self::PhoneNumber { .. } => None,
        }
    }
}

/// Reads a list of identifiers that all name one person.
pub(crate) fn read_list(value: &Value, at: &At<'_>) -> Result<Vec<SubjectIdentifier>, Fault> {
    let list = items(value, at, SubjectIdentifier::read)?;
    if list.is_empty() {
        return Err(at.fault("is empty"));
    }
    if list.len() > MAX_ALIASES {
        return Err(at.fault("has too many elements"));
    }
    Ok(list)
}

/// RFC 9493 §3.2.8: at least one name, and no aliases within aliases.
fn aliases(value: &Value, at: &At<'_>) -> Result<Vec<SubjectIdentifier>, Fault> {
    let list = read_list(value, at)?;
    if list.iter().any(|one| one.format() == SubIdFormat::Aliases) {
        return Err(at.fault("holds aliases again"));
    }
    Ok(list)
}

fn is_acct(text: &str) -> bool {
    let parts = text
        .strip_prefix("acct:")
        .and_then(|rest| rest.rsplit_once('@'));
    uri::absolute(text).is_some()
        && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
}

fn is_did(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let method = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    parts.next() == Some("did")
        && parts.next().is_some_and(method)
        && parts.next().is_some_and(|id| !id.is_empty())
        && uri::absolute(text).is_some()
}

fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    text.len() <= MAX_EMAIL_BYTES
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && parts
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (1..=MAX_PHONE_DIGITS).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
}
