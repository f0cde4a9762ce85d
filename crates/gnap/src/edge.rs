//! What every handler of this face does first: is this JSON, for whom is it, and what does it say.
//!
//! Spec: RFC 9635 §2 (media types), §7.3.4; RFC 9110 §8.3, §12.5.1

use std::borrow::Cow;

use http::header;
use placet_proof::gnap::{self, GnapRequest};
use placet_web::context::Call;

use crate::{GnapError, Problem};

/// The content of a request as it claims to be: the body, or what a signed object holds. It counts only once the proof was
/// checked.
///
/// # Errors
/// `invalid_request` for another media type, or a signed object that cannot be read.
pub(crate) fn claimed(call: &Call) -> Result<Cow<'_, [u8]>, Problem> {
    let media_type = call
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match media_type.as_str() {
        "application/json" => Ok(Cow::Borrowed(&call.body)),
        "" if call.body.is_empty() => Ok(Cow::Borrowed(&call.body)),
        "application/jose" => {
            let headers = [(header::CONTENT_TYPE.as_str(), "application/jose")];
            let request = GnapRequest {
                method: call.method.as_str(),
                target_uri: "",
                headers: &headers,
                body: &call.body,
                token: None,
                certificate: None,
            };
            let claimed = gnap::claimed_content(&request);
            let content = claimed.map_err(|_| Problem::from(GnapError::InvalidRequest))?;
            Ok(Cow::Owned(content.into_owned()))
        }
        _ => Err(Problem::new(
            GnapError::InvalidRequest,
            "The body is neither application/json nor application/jose.",
        )),
    }
}
