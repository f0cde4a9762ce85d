//! A small HTTP client for loopback, as a device and a browser would have one.
//!
//! Spec: RFC 9112, RFC 6265 §5.4 (`Cookie`)

use std::pin::pin;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The text is no URL of this kind.
    #[error("{0:?} is no http address of this machine")]
    Address(String),
    /// No connection.
    #[error("no connection to {address}: {source}")]
    Connect {
        /// To whom.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The exchange broke.
    #[error("the exchange with {address} broke: {source}")]
    Broken {
        /// With whom.
        address: String,
        /// How.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not what was asked for.
    #[error("{url} answered {status}: {text}")]
    Unexpected {
        /// Which URL, without its query.
        url: String,
        /// With what.
        status: StatusCode,
        /// What it said, cut short.
        text: String,
    },
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// From where, without the query.
    pub(super) url: String,
    /// The status.
    pub(super) status: StatusCode,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Bytes,
}

impl Answer {
    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The error for an answer nobody expected.
    pub(super) fn unexpected(&self) -> HttpError {
        const SHOWN_CHARS: usize = 200;
        HttpError::Unexpected {
            url: self.url.clone(),
            status: self.status,
            text: self.text().chars().take(SHOWN_CHARS).collect(),
        }
    }
}

/// A request before it is sent.
pub(super) struct Outgoing {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Outgoing {
    /// A GET.
    pub(super) fn get(url: &str) -> Result<Self, HttpError> {
        let url = Url::parse(url).map_err(|_| HttpError::Address(url.to_owned()))?;
        Ok(Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    /// A POST of a form.
    pub(super) fn post(url: &str, fields: &[(String, String)]) -> Result<Self, HttpError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let outgoing = Self::get(url)?.with(
            header::CONTENT_TYPE.as_str(),
            "application/x-www-form-urlencoded",
        );
        Ok(Self {
            method: Method::POST,
            body: form.finish().into(),
            ..outgoing
        })
    }

    /// The same with one more header. A value that cannot be sent is left out.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sends it on a connection of its own.
    pub(super) async fn send(self) -> Result<Answer, HttpError> {
        let host = self.url.host_str().unwrap_or_default();
        let address = format!("{host}:{}", self.url.port_or_known_default().unwrap_or(80));
        let broken = |source: hyper::Error| HttpError::Broken {
            address: address.clone(),
            source: source.into(),
        };
        let stream = TcpStream::connect(&address)
            .await
            .map_err(|source| HttpError::Connect {
                address: address.clone(),
                source,
            })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let mut shown = self.url.clone();
        shown.set_query(None);
        let target = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = target
            .parse()
            .map_err(|_| HttpError::Address(target.clone()))?;
        *request.headers_mut() = self.headers;
        if let Ok(host) = HeaderValue::from_str(&address) {
            request.headers_mut().insert(header::HOST, host);
        }
        let exchange = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer {
                url: shown.to_string(),
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            done = &mut exchange => done.map_err(broken),
            ended = &mut connection => {
                ended.map_err(broken)?;
                exchange.await.map_err(broken)
            }
        }
    }
}
