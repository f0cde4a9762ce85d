//! The parts of a request that a signature may cover.
//!
//! Spec: RFC 9421 §2, RFC 9110 §5.2

use std::fmt;

use crate::error::ProofError;

/// A request as its signer and its verifier see it, free of any HTTP library.
///
/// `target_uri` has to come from the configured public address plus the raw path and query, never from `Host` or a forwarded
/// header, which the sender of a request chooses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestParts<'a> {
    /// The method, case-sensitive.
    pub method: &'a str,
    /// The absolute URI with path and query as they were sent, without fragment.
    pub target_uri: &'a str,
    /// Every header field line in its order: (name in lower case, value).
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> RequestParts<'a> {
    /// Returns the values of all lines of a field, in their order.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(field, _)| *field == name)
            .map(|(_, value)| *value)
    }

    /// Returns the lines of a field joined by commas; `None` if there are none (RFC 9110 §5.2).
    pub(crate) fn joined(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.values(name).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Returns the value of a field that may occur once.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] if there are several lines.
    pub(crate) fn single(&self, name: &'static str) -> Result<Option<&'a str>, ProofError> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(ProofError::Malformed(name)),
        }
    }
}

impl fmt::Debug for RequestParts<'_> {
    /// Shows neither fields nor query: they carry tokens.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestParts")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
