//! How a client hears that the interaction is over: where its browser goes, or what its server is sent.
//!
//! Spec: RFC 9635 §4.2.1, §4.2.2; WHATWG URL §5

use bytes::Bytes;
use serde::Serialize;
use url::{Url, form_urlencoded};

/// How a finish in the payments profile ends without a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The person said no.
    Rejected,
    /// The person came back without an answer.
    Unanswered,
    /// The interaction was answered before, or the grant has ended, when the person was sent.
    Ended,
    /// The interaction expired before the person came back.
    Expired,
    /// The grant was revoked before the person came back.
    Unknown,
    /// Nobody asks the people of this tenant any more.
    Unattended,
}

impl Unfinished {
    /// Every way.
    pub const ALL: [Self; 6] = [
        Self::Rejected,
        Self::Unanswered,
        Self::Ended,
        Self::Expired,
        Self::Unknown,
        Self::Unattended,
    ];

    /// The `result`, and the `message` where there is one.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Rejected => ("grant_rejected", None),
            Self::Unanswered => ("grant_invalid", None),
            Self::Ended => ("invalid_interaction", Some("invalid interaction")),
            Self::Expired => ("invalid_interaction", Some("interaction expired")),
            Self::Unknown => ("unknown_interaction", Some("unknown interaction")),
            Self::Unattended => ("request_denied", Some("internal server error")),
        }
    }
}

/// The client's address with `hash` and `interact_ref` added (RFC 9635 §4.2.1). What its query holds stays as it is
/// written: the client told the server this address, and may look at it byte for byte.
///
/// ```
/// let to = placet_gnap::finish::redirect("https://client.example/cb?s=1", "p28jsq0Y2KK3", "4IFWWIKYB2PQ6U56NL1");
/// assert_eq!(to, "https://client.example/cb?s=1&hash=p28jsq0Y2KK3&interact_ref=4IFWWIKYB2PQ6U56NL1");
/// ```
pub fn redirect(uri: &str, hash: &str, interact_ref: &str) -> String {
    let added: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("hash", hash)
        .append_pair("interact_ref", interact_ref)
        .finish();
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{added}")
}

/// The body of a push (RFC 9635 §4.2.2).
pub fn push(hash: &str, interact_ref: &str) -> Bytes {
    #[derive(Serialize)]
    struct Json<'a> {
        hash: &'a str,
        interact_ref: &'a str,
    }
    let body = serde_json::to_vec(&Json { hash, interact_ref });
    body.unwrap_or_default().into()
}

/// The client's address in the payments profile: `hash` and `interact_ref` take the place of parameters of those names,
/// and the whole query is written anew. `None` when the address is no URL.
pub fn open_payments_redirect(uri: &str, hash: &str, interact_ref: &str) -> Option<String> {
    with_parameters(uri, &[("hash", hash), ("interact_ref", interact_ref)])
}

/// The client's address in the payments profile when there is no hash to give. `None` when the address is no URL.
pub fn open_payments_unfinished(uri: &str, why: Unfinished) -> Option<String> {
    match why.words() {
        (result, None) => with_parameters(uri, &[("result", result)]),
        (result, Some(message)) => {
            with_parameters(uri, &[("result", result), ("message", message)])
        }
    }
}

/// Sets parameters as browsers do: the first of a name is replaced where it stands, others of that name go, and what was
/// not there comes at the end.
pub(crate) fn with_parameters(uri: &str, set: &[(&str, &str)]) -> Option<String> {
    let mut url = Url::parse(uri).ok()?;
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, value) in set {
        let first = pairs.iter().position(|(found, _)| found == name);
        let mut index = 0;
        pairs.retain_mut(|(found, old)| {
            let here = index;
            index += 1;
            if Some(here) == first {
                (*value).clone_into(old);
            }
            found != name || Some(here) == first
        });
        if first.is_none() {
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
    Some(url.into())
}
