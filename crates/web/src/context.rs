//! What is known about a request before anything in it is read: made once, by the listener.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use placet_core::{engine::Caller, event::Actor, time::Timestamp};
use placet_proof::gnap::CertificateDigest;

/// The circumstances of one request.
#[derive(Debug, Clone)]
pub struct Context {
    /// The store's time when the request arrived. One request sees one time.
    pub now: Timestamp,
    /// A name for this request, for logs and error pages.
    pub request_id: String,
    /// The first hop that is not a trusted proxy.
    pub peer: IpAddr,
    /// The certificate the client opened its connection with, as a trusted proxy tells it (RFC 9440). Absent: none.
    pub certificate: Option<CertificateDigest>,
}

impl Context {
    /// The source that limits count: an IPv4 address, or the /64 of an IPv6 address.
    pub fn source(&self) -> String {
        source_of(self.peer)
    }

    /// The same for the audit, with the kind of actor.
    pub fn caller(&self, actor: Actor) -> Caller {
        Caller {
            actor,
            peer: Some(self.peer.to_string()),
            ..Caller::default()
        }
    }
}

/// The source that limits count `peer` as. One subscriber commonly holds a whole /64.
pub fn source_of(peer: IpAddr) -> String {
    match peer {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return mapped.to_string();
            }
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// One request, whole, as a handler gets it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its circumstances.
    pub context: Context,
    /// Its method.
    pub method: Method,
    /// What it was sent to, as it stands in its first line.
    pub uri: Uri,
    /// The values of the path's parameters, in order.
    pub path_values: Vec<String>,
    /// The query, undecoded and without the question mark. Empty when there is none.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, already held to the limit of its route.
    pub body: Bytes,
}

impl Call {
    /// The text of a header that must appear at most once. `None` when absent, repeated or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() {
            return None;
        }
        first.to_str().ok()
    }

    /// The value of the `n`th path parameter, or nothing.
    pub fn path_value(&self, n: usize) -> &str {
        self.path_values.get(n).map_or("", String::as_str)
    }
}
