//! What a call carries: names in the path, parameters in the query, a JSON body, the version it is about.
//!
//! Spec: RFC 9110 §13.1.1 (`If-Match`), RFC 4648 §5 (names in paths)

use data_encoding::BASE64URL_NOPAD;
use http::header;
use placet_core::store::Version;
use placet_web::context::Call;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::problem::Problem;
use crate::admin::operations::{PAGE_LIMIT, Wish};

/// Items of a page when the call does not say.
const PAGE_DEFAULT: usize = 100;

/// The name in the path. One that holds more than unreserved characters, such as a URI, is written as `~` and its
/// base64url: so every name has one spelling, and no proxy reads another path into it (threat E6).
pub(super) fn name(call: &Call, position: usize) -> Result<String, Problem> {
    let segment = call.path_value(position);
    let Some(encoded) = segment.strip_prefix('~') else {
        return Ok(segment.to_owned());
    };
    BASE64URL_NOPAD
        .decode(encoded.as_bytes())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            Problem::new(
                "malformed",
                "a name after ~ is base64url of UTF-8, without padding",
            )
        })
}

/// The segment that names `name` in a path.
pub(super) fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let dots = matches!(name, "" | "." | "..");
    if !dots && name.bytes().all(plain) {
        name.to_owned()
    } else {
        format!("~{}", BASE64URL_NOPAD.encode(name.as_bytes()))
    }
}

/// The parameters of a query, each at most once and each known.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a call.
    pub(super) fn of(call: &Call, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(call.query.as_bytes()) {
            if !known.contains(&name.as_ref()) {
                return Err(Problem::new(
                    "malformed",
                    format!(
                        "there is no parameter {name:?}; known: {}",
                        known.join(", ")
                    ),
                ));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Problem::new("malformed", format!("{name} is given twice")));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// A parameter of a type that reads itself.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let read = self.get(name).map(str::parse).transpose();
        read.map_err(|error| Problem::new("malformed", format!("{name}: {error}")))
    }

    /// `limit` and `after`.
    pub(super) fn wish(&self) -> Result<Wish, Problem> {
        let limit = self.parsed::<usize>("limit")?.unwrap_or(PAGE_DEFAULT);
        if limit == 0 || limit > PAGE_LIMIT {
            let detail = format!("limit: must be between 1 and {PAGE_LIMIT}");
            return Err(Problem::new("malformed", detail));
        }
        Ok(Wish {
            after: self.get("after").map(str::to_owned),
            limit,
        })
    }
}

/// The body as JSON of this type; unknown members are refused (threat E10).
pub(super) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Problem> {
    let kind = call
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new("media_type", "send application/json"));
    }
    serde_json::from_slice(&call.body).map_err(|error| Problem::new("malformed", error.to_string()))
}

/// The body as a JSON object.
pub(super) fn members(call: &Call) -> Result<Map<String, Json>, Problem> {
    body(call)
}

/// The version that a change was made for.
pub(super) fn version(call: &Call) -> Result<Version, Problem> {
    let text = call.header(header::IF_MATCH.as_str()).ok_or_else(|| {
        Problem::new(
            "version_needed",
            "send If-Match with the ETag that you read",
        )
    })?;
    let tag = text
        .trim()
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    // Any other tag is one that this record never had.
    tag.and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Problem::new("stale", "If-Match names no version of it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e6_every_name_has_one_plain_segment() {
        for (name, want) in [
            ("tv", "tv"),
            ("app.example-1_x", "app.example-1_x"),
            ("https://app.example/x", "~aHR0cHM6Ly9hcHAuZXhhbXBsZS94"),
            ("~tv", "~fnR2"),
            ("..", "~Li4"),
            ("ü", "~w7w"),
        ] {
            assert_eq!(segment(name), want, "{name}");
        }
    }
}
