//! What a resource server of the payments profile asks: whether a token is enough for one call.
//!
//! Spec: Open Payments 1.3 (`access-item`); RFC 9767 §3.3

use super::{PaymentAccess, Refused, access};
use crate::{
    access::AccessRight,
    error::Problem,
    json::{self, At, Object},
    request::resource_server::presented,
    response::TokenValue,
};

/// A question about a token. Nobody signs it: it comes over a network only the operator's own servers reach.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentsIntrospection {
    /// The token somebody presented. `None` for a text no token has.
    pub access_token: Option<TokenValue>,
    /// What the call needs. Empty when it is not told: then no right fits.
    pub access: Vec<PaymentAccess>,
}

impl PaymentsIntrospection {
    /// Reads the body of a question.
    ///
    /// # Errors
    /// 400 without a code, with the place.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let members = json::body(body).map_err(Refused::Schema)?;
        let root = At::Root;
        let object = Object::new(&members, &root);
        let needed = object.get("access");
        let needed = needed.map(|value| access::read_needed(value, &At::Member(&root, "access")));
        Ok(Self {
            access_token: presented(object).map_err(Refused::Schema)?,
            access: needed.transpose()?.unwrap_or_default(),
        })
    }

    /// Which of the rights granted answer what the call needs, each once. A resource server refuses the call when there
    /// is none, and breaks when one question has several answers, so each need gets the first that fits.
    pub fn answered_by(&self, granted: &[AccessRight]) -> Vec<AccessRight> {
        let held: Vec<_> = granted
            .iter()
            .filter_map(|right| {
                PaymentAccess::from_right(right)
                    .ok()
                    .map(|read| (right, read))
            })
            .collect();
        let mut answers: Vec<AccessRight> = Vec::new();
        for need in &self.access {
            let fits = held.iter().find(|(_, access)| access.suffices_for(need));
            if let Some((right, _)) = fits
                && !answers.contains(right)
            {
                answers.push((*right).clone());
            }
        }
        answers
    }
}
