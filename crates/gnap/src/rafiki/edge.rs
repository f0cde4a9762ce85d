//! What every call of the profile is held against before anything else: media types, then the fields of its signature.
//!
//! Spec: Open Payments 1.3; RFC 9110 §8.3, §12.5.1; RFC 9421 §4

use http::{HeaderValue, StatusCode, header};
use placet_web::{context::Call, reply::Reply};

use crate::{Problem, open_payments::problem};

/// Refuses a call that wants another answer than JSON, or sends other content.
///
/// # Errors
/// 406 and 415, both without a code.
pub(super) fn speaks_json(call: &Call) -> Result<(), Problem> {
    accepts_json(call)?;
    if call.body.is_empty() || is_json(call.header(header::CONTENT_TYPE.as_str())) {
        Ok(())
    } else {
        Err(problem::media_type())
    }
}

/// The same for a call that has to have content.
///
/// # Errors
/// As [`speaks_json`].
pub(super) fn sends_json(call: &Call) -> Result<(), Problem> {
    accepts_json(call)?;
    if is_json(call.header(header::CONTENT_TYPE.as_str())) {
        Ok(())
    } else {
        Err(problem::media_type())
    }
}

/// Refuses a call that wants another answer than JSON.
///
/// # Errors
/// 406 without a code.
pub(super) fn accepts_json(call: &Call) -> Result<(), Problem> {
    let lines: Vec<&str> = call
        .headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    if lines.is_empty() || allows_json(&lines.join(",")) {
        Ok(())
    } else {
        Err(problem::not_acceptable())
    }
}

/// Whether the most exact range that JSON falls under is not ruled out (RFC 9110 §12.5.1).
fn allows_json(accept: &str) -> bool {
    let mut best: Option<(u8, bool)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let exactness = match parts.next().unwrap_or_default().to_ascii_lowercase() {
            exact if exact == "application/json" => 2,
            some if some == "application/*" => 1,
            any if any == "*/*" => 0,
            _ => continue,
        };
        let weight = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, q)| q.trim().parse().unwrap_or(0.0_f32));
        if best.is_none_or(|(so_far, _)| exactness > so_far) {
            best = Some((exactness, weight > 0.0));
        }
    }
    best.is_some_and(|(_, allowed)| allowed)
}

fn is_json(content_type: Option<&str>) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/json"))
}

/// Refuses a call that is not signed at all. `with_token`: it has to present a token too.
///
/// # Errors
/// [`problem::SIGNATURE_HEADERS`].
pub(super) fn is_signed(call: &Call, with_token: bool) -> Result<(), Problem> {
    let has = |name: &str| call.headers.contains_key(name);
    let token = !with_token || has(header::AUTHORIZATION.as_str());
    if has("signature") && has("signature-input") && token {
        Ok(())
    } else {
        Err(problem::SIGNATURE_HEADERS)
    }
}

/// Sends a browser on. The status is the one this profile's browsers have always been sent on by; they all get here by GET,
/// so it means what 303 would.
pub(super) fn found(url: &str) -> Reply {
    let Ok(location) = HeaderValue::from_str(url) else {
        tracing::error!("a redirect target is not a header value");
        return Problem::broken().reply();
    };
    Reply::empty(StatusCode::FOUND)
        .with_header(header::LOCATION, location)
        .with_header(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        )
}

/// What is answered to a decision, and to a person whose client left no address.
pub(super) fn accepted() -> Reply {
    Reply::text(StatusCode::ACCEPTED, "Accepted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_12_5_1_the_most_exact_range_decides() {
        for (accept, want) in [
            ("*/*", true),
            ("application/json", true),
            ("Application/JSON;charset=utf-8", true),
            ("text/html, application/*;q=0.1", true),
            ("text/html", false),
            ("application/json;q=0, */*", false),
            ("*/*, application/json;q=0", false),
            ("application/*;q=0.0", false),
            ("application/json;q=0.001, */*;q=0", true),
            ("application/json;q=x", false),
            ("", false),
        ] {
            assert_eq!(allows_json(accept), want, "{accept}");
        }
    }

    #[test]
    fn rfc9110_8_3_parameters_of_the_media_type_do_not_count() {
        for (content_type, want) in [
            (Some("application/json"), true),
            (Some("APPLICATION/json; charset=utf-8"), true),
            (Some("application/jose"), false),
            (Some("application/json5"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(is_json(content_type), want, "{content_type:?}");
        }
    }
}
