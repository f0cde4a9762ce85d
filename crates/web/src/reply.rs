//! An answer as data: status, headers, body. Nothing is stored by anybody unless a reply says so.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// Room for most JSON answers, so that writing one need not move it to a larger place.
const JSON_BYTES: usize = 512;
/// Room for the headers of most answers, those included that the listener adds.
const HEADERS: usize = 8;

/// What a handler answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers; `Cache-Control: no-store` unless the reply is made cacheable.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self {
            status,
            headers,
            body: Bytes::new(),
        }
    }

    /// A JSON answer that nobody stores.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Self {
        let mut body = Vec::with_capacity(JSON_BYTES);
        match serde_json::to_writer(&mut body, value) {
            Ok(()) => Self::empty(status).with_body("application/json", body.into()),
            Err(error) => {
                tracing::error!(%error, "a reply could not be serialised");
                Self::empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// A plain text answer, for operators and wrong turns.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::empty(status).with_body("text/plain; charset=utf-8", text.into())
    }

    /// Sends the browser elsewhere with a GET, whatever it did before (RFC 9700 §4.12).
    pub fn see_other(location: &str) -> Self {
        let Ok(value) = HeaderValue::from_str(location) else {
            tracing::error!("a redirect target is not a header value");
            return Self::empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        Self::empty(StatusCode::SEE_OTHER).with_header(header::LOCATION, value)
    }

    /// The same with this body.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: Bytes) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body;
        self
    }

    /// The same with one more header, replacing others of its name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with one more cookie.
    #[must_use]
    pub fn with_cookie(mut self, cookie: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            self.headers.append(header::SET_COOKIE, value);
        }
        self
    }

    /// The same, to be kept by caches for `seconds`.
    #[must_use]
    pub fn cacheable_for(self, seconds: u32) -> Self {
        let value = HeaderValue::try_from(format!("public, max-age={seconds}"));
        self.with_header(
            header::CACHE_CONTROL,
            value.unwrap_or(HeaderValue::from_static("no-store")),
        )
    }
}
