//! To whom a request speaks, and from where it comes.
//!
//! Spec: RFC 9110 §7.2, §7.4 (`Host`, 421)

use std::net::{IpAddr, SocketAddr};

use data_encoding::BASE64;
use http::{HeaderMap, Uri, header};
use placet_proof::gnap::CertificateDigest;

use crate::config::Network;

/// The one name a server answers to.
#[derive(Debug, Clone)]
pub struct Authority {
    /// As it stands in a `Host` header, in lower case.
    name: String,
    /// The same with the scheme's own port, which some clients write out.
    with_port: Option<String>,
}

impl Authority {
    /// The authority of a public origin; `default_port` is that of its scheme.
    pub fn new(name: &str, default_port: u16) -> Self {
        let name = name.to_ascii_lowercase();
        let has_port = name
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        let with_port = (!has_port).then(|| format!("{name}:{default_port}"));
        Self { name, with_port }
    }

    /// Whether a request is meant for it. An absolute target wins over `Host` (RFC 9112 §3.2.2); two of them, or
    /// none, mean nobody.
    pub fn is_meant(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return false;
        }
        match (uri.authority(), host) {
            (Some(authority), None) => self.is(authority.as_str()),
            (Some(authority), Some(host)) => {
                self.is(authority.as_str()) && host.to_str().is_ok_and(|host| self.is(host))
            }
            (None, Some(host)) => host.to_str().is_ok_and(|host| self.is(host)),
            (None, None) => false,
        }
    }

    fn is(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(&self.name)
            || self
                .with_port
                .as_ref()
                .is_some_and(|name| text.eq_ignore_ascii_case(name))
    }
}

/// The first hop that is not a trusted proxy, read from the right of `X-Forwarded-For`: what stands further left was
/// written by strangers (threat T12).
pub fn source(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut hop = peer.to_canonical();
    if trusted.is_empty() || !is_trusted(hop) {
        return hop;
    }
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        // A line or a hop nobody can read was not written by a proxy worth trusting: the last one known is the source.
        let Ok(line) = line.to_str() else {
            return hop;
        };
        for text in line.rsplit(',') {
            let Some(address) = address(text.trim()) else {
                return hop;
            };
            hop = address.to_canonical();
            if !is_trusted(hop) {
                return hop;
            }
        }
    }
    hop
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// Its address.
    pub peer: IpAddr,
    /// The certificate with which it opened the connection, if TLS ends here and it showed one.
    pub certificate: Option<CertificateDigest>,
}

/// The certificate of the client: that of its connection, or, where a trusted proxy is at the other end, the one the proxy
/// tells. What anybody else says, or what does not read as one, counts as none.
///
/// Spec: RFC 9440 §2.2
pub fn certificate(
    caller: Caller,
    headers: &HeaderMap,
    trusted: &[Network],
) -> Option<CertificateDigest> {
    let peer = caller.peer.to_canonical();
    if !trusted.iter().any(|network| network.contains(peer)) {
        return caller.certificate;
    }
    let mut values = headers.get_all("client-cert").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?.trim();
    let bytes = text.strip_prefix(':')?.strip_suffix(':')?;
    let der = BASE64.decode(bytes.as_bytes()).ok()?;
    Some(CertificateDigest::of_der(&der))
}

fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|found| found.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn rfc9110_7_4_only_the_public_name_is_served() {
        let authority = Authority::new("login.example", 443);
        for (uri, hosts, want) in [
            ("/", &["login.example"][..], true),
            ("/", &["LOGIN.example"], true),
            ("/", &["login.example:443"], true),
            ("https://login.example/", &[], true),
            ("https://login.example/", &["login.example"], true),
            ("/", &["login.example:8443"], false),
            ("/", &["login.example.evil"], false),
            ("/", &["evil"], false),
            ("/", &[], false),
            ("/", &["login.example", "login.example"], false),
            ("https://login.example/", &["evil"], false),
            ("https://evil/", &["login.example"], false),
        ] {
            let uri: Uri = uri.parse().unwrap();
            let found = authority.is_meant(&uri, &headers("host", hosts));
            assert_eq!(found, want, "{uri} {hosts:?}");
        }
        let loopback = Authority::new("127.0.0.1:8080", 80);
        assert!(loopback.is_meant(
            &Uri::from_static("/"),
            &headers("host", &["127.0.0.1:8080"])
        ));
        assert!(!loopback.is_meant(&Uri::from_static("/"), &headers("host", &["127.0.0.1"])));
    }

    #[test]
    fn t12_forwarded_addresses_count_only_from_trusted_proxies() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let peer = |text: &str| text.parse::<IpAddr>().unwrap();
        for (from, lines, want) in [
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            (
                "10.0.0.1",
                &["1.1.1.1, 203.0.113.9, 10.0.0.2"],
                "203.0.113.9",
            ),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::1]:80"], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
        ] {
            let found = source(peer(from), &headers("x-forwarded-for", lines), &trusted);
            assert_eq!(found, peer(want), "{from} {lines:?}");
        }
        // What the proxy wrote last counts, whatever bytes a client put before it; what no proxy wrote does not.
        let lines = |values: &[&'static [u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
            }
            source(peer("10.0.0.1"), &headers, &trusted)
        };
        assert_eq!(
            lines(&[b"9.9.9.9", b"\xff", b"203.0.113.9"]),
            peer("203.0.113.9")
        );
        assert_eq!(lines(&[b"9.9.9.9", b"\xff, 203.0.113.9"]), peer("10.0.0.1"));
        let spoofed = headers("x-forwarded-for", &["203.0.113.9"]);
        assert_eq!(source(peer("10.0.0.1"), &spoofed, &[]), peer("10.0.0.1"));
    }
}
