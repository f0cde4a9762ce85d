//! Rules between settings of the server.

use std::net::SocketAddr;

use super::origin::Origin;
use super::problem::Fault;
use super::reader::{Found, Reader};
use super::server::Admin;

/// What decides who can reach the server, and how.
pub(crate) struct Exposure<'a> {
    pub(crate) public_origin: Option<&'a Found<Origin>>,
    pub(crate) listen: Option<&'a Found<SocketAddr>>,
    pub(crate) admin: Option<&'a Found<Admin>>,
    pub(crate) development: bool,
    pub(crate) ends_tls: bool,
    pub(crate) trusts_proxies: bool,
}

/// Checks that nothing secret travels in the clear and nothing made for development is exposed.
pub(crate) fn exposure(top: &Reader<'_>, exposure: &Exposure<'_>) {
    if let Some(origin) = exposure.public_origin {
        public_origin(top, origin, exposure.development);
    }
    if let Some(listen) = exposure.listen {
        let loopback = listen.value.ip().is_loopback();
        if exposure.development && !loopback {
            let fault = Fault::new("must be loopback while development is true");
            top.error(
                &listen.place,
                "listen",
                fault.hint("write \"127.0.0.1:8080\", or set development = false"),
            );
        }
        let unseen = exposure
            .public_origin
            .is_some_and(|origin| origin.value.is_https())
            && !exposure.ends_tls
            && !exposure.trusts_proxies
            && !exposure.development;
        if unseen {
            let fault = Fault::new("speaks http behind an https origin, and no proxy is trusted");
            let hint = "set [tls], or name the proxy in proxy.trusted; else all people share the proxy's limits";
            top.warning(&listen.place, "listen", fault.hint(hint));
        }
    }
    if let (Some(listen), Some(admin)) = (exposure.listen, exposure.admin) {
        let section = top.section("admin");
        if collide(listen.value, admin.value.listen) {
            let fault = Fault::new(format!(
                "must differ from listen, which is {}",
                listen.value
            ));
            section.error(
                &admin.place,
                "listen",
                fault.hint("give it a port of its own"),
            );
        }
        if exposure.development && !admin.value.listen.ip().is_loopback() {
            let fault = Fault::new("must be loopback while development is true");
            section.error(&admin.place, "listen", fault);
        }
    }
}

fn public_origin(top: &Reader<'_>, origin: &Found<Origin>, development: bool) {
    let fault = match (origin.value.is_https(), development) {
        (true, _) => return,
        (false, true) if origin.value.is_loopback() => return,
        (false, true) => Fault::new("may be http on loopback only")
            .hint("write \"http://127.0.0.1:8080\" or \"http://localhost:8080\", or use https"),
        (false, false) => {
            Fault::new("must be https").hint("development = true allows http on loopback")
        }
    };
    top.error(&origin.place, "public_origin", fault);
}

/// Whether two listeners would want the same port of the same address. Port 0 is a free port each time.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let overlap =
        one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    overlap && one.port() == other.port() && one.port() != 0
}

/// Checks that a server outside development has a master key of its own.
pub(crate) fn master_key(keys: &Reader<'_>, development: bool) {
    if !development && !keys.has("master_key_file") {
        let fault = Fault::new("is required unless development is true");
        let hint = "openssl rand -base64 32 > master.key && chmod 600 master.key";
        keys.error(keys.place(), "master_key_file", fault.hint(hint));
    }
}
