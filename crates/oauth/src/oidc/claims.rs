//! The scopes of OpenID Connect and the claims each one opens.
//!
//! Spec: OpenID Connect Core §5.1, §5.4, §11

use placet_core::{person::Person, right::Rights};
use serde_json::{Map, Value};

/// The scope that makes a request one of OpenID Connect (Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// The scope for tokens that outlive the sign-in (Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// The claim that every person has (Core §5.1).
const PREFERRED_USERNAME: &str = "preferred_username";

/// A scope and the claims it opens.
#[derive(Debug, Clone, Copy)]
pub struct ScopeClaims {
    /// The scope.
    pub scope: &'static str,
    /// The claims.
    pub claims: &'static [&'static str],
}

/// Scopes and claims of OpenID Connect Core §5.4.
pub const SCOPE_CLAIMS: [ScopeClaims; 4] = [
    ScopeClaims {
        scope: "profile",
        claims: &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            PREFERRED_USERNAME,
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    },
    ScopeClaims {
        scope: "email",
        claims: &["email", "email_verified"],
    },
    ScopeClaims {
        scope: "address",
        claims: &["address"],
    },
    ScopeClaims {
        scope: "phone",
        claims: &["phone_number", "phone_number_verified"],
    },
];

/// Every scope that speaks about a person, in the order of the specification.
pub const PERSON_SCOPES: [&str; 6] = [
    OPENID,
    "profile",
    "email",
    "address",
    "phone",
    OFFLINE_ACCESS,
];

/// Whether a scope speaks about a person, so that a client cannot have it for itself.
pub fn is_person_scope(name: &str) -> bool {
    PERSON_SCOPES.contains(&name)
}

/// What `rights` open of a person: `sub`, and each claim they have, as it is stored. Who has no `preferred_username`
/// is called by the name they sign in with.
pub fn claims_of(person: &Person, subject: &str, rights: &Rights) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("sub".to_owned(), subject.into());
    let open = SCOPE_CLAIMS
        .iter()
        .filter(|entry| rights.has_scope(entry.scope));
    for name in open.flat_map(|entry| entry.claims) {
        match person.claims.get(*name) {
            Some(value) if !value.is_null() => {
                told.insert((*name).to_owned(), value.clone());
            }
            None if *name == PREFERRED_USERNAME => {
                told.insert((*name).to_owned(), person.username.as_str().into());
            }
            // Core §5.3.2: a claim that is not told is left out.
            None | Some(_) => {}
        }
    }
    told
}
