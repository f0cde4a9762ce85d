//! What a request presents as the client's credentials: one method, or nothing but a name.
//!
//! Spec: RFC 6749 §2.3, RFC 7521 §4.2

use placet_proof::UnverifiedJwt;

use super::{Why, basic};
use crate::{context::Call, params::Form};

/// The only assertion type there is (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who a request says it comes from, and how it proves that.
pub(super) struct Presented {
    /// The `client_id`.
    pub(super) client_id: String,
    /// The proof.
    pub(super) credential: Credential,
}

/// What is to prove it.
pub(super) enum Credential {
    /// A secret in the header.
    Basic(String),
    /// A secret in the form.
    Post(String),
    /// A signed assertion.
    Assertion(String),
    /// Nothing: a public client.
    Nothing,
}

/// Why nothing can be checked.
pub(super) enum Unreadable {
    /// More than one method.
    TwoMethods,
    /// What is presented cannot be right for any client.
    Refused {
        /// Why.
        why: Why,
        /// Whether it stood in the header.
        used_header: bool,
    },
}

impl Presented {
    /// Reads a request. Credentials in a query are not looked at (RFC 6749 §2.3.1).
    pub(super) fn read(call: &Call, form: &Form) -> Result<Self, Unreadable> {
        let header = basic::read(&call.headers);
        let secret = form.get("client_secret");
        let assertion = form.get("client_assertion");
        let assertion_type = form.get("client_assertion_type");
        let asserts = assertion.is_some() || assertion_type.is_some();
        let has_header = header != basic::Basic::Absent;
        // RFC 6749 §2.3: a client must not use more than one method in each request.
        let methods =
            usize::from(has_header) + usize::from(secret.is_some()) + usize::from(asserts);
        if methods > 1 {
            return Err(Unreadable::TwoMethods);
        }
        let refused = |why| Unreadable::Refused {
            why,
            used_header: has_header,
        };
        let presented = match header {
            basic::Basic::Malformed => return Err(refused(Why::Malformed)),
            basic::Basic::Pair(client_id, secret) => Self {
                client_id,
                credential: Credential::Basic(secret),
            },
            basic::Basic::Absent if asserts => {
                asserted(assertion, assertion_type).ok_or_else(|| refused(Why::Malformed))?
            }
            basic::Basic::Absent => Self {
                client_id: form
                    .get("client_id")
                    .ok_or_else(|| refused(Why::Missing))?
                    .to_owned(),
                credential: secret.map_or(Credential::Nothing, |secret| {
                    Credential::Post(secret.to_owned())
                }),
            },
        };
        // RFC 7521 §4.2: a `client_id` beside the credentials must name the same client.
        if form
            .get("client_id")
            .is_some_and(|named| named != presented.client_id)
        {
            return Err(refused(Why::OtherClient));
        }
        Ok(presented)
    }

    /// Whether the `Authorization` header was used.
    pub(super) fn used_header(&self) -> bool {
        matches!(self.credential, Credential::Basic(_))
    }
}

fn asserted(assertion: Option<&str>, assertion_type: Option<&str>) -> Option<Presented> {
    if assertion_type != Some(JWT_BEARER) {
        return None;
    }
    let assertion = assertion?;
    // The name only says whose keys to try; the signature and `sub` are checked against it.
    let client_id = UnverifiedJwt::parse(assertion).ok()?.claimed_issuer()?;
    Some(Presented {
        client_id,
        credential: Credential::Assertion(assertion.to_owned()),
    })
}
