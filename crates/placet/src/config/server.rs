//! Settings of the server itself, parsed.

use std::net::SocketAddr;
use std::path::PathBuf;

use placet_core::vault::MasterKey;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::colour::{Colour, MIN_CONTRAST};
use super::confidential::Confidential;
use super::network::Network;
use super::problem::Fault;
use super::reader::{Found, Reader};

/// Certificate and key of the server's own TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The chain, PEM.
    pub cert: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// Whether clients are asked for a certificate of their own.
    pub client_certificates: bool,
}

/// The operators' listener.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What its API asks for as a bearer token.
    pub token: Confidential,
}

/// What may be fetched from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbound {
    /// Certificates of further authorities, PEM.
    pub extra_ca: Option<PathBuf>,
    /// Hosts with port, in lower case, that may have a private address.
    pub allow_private: Vec<String>,
}

/// How the pages look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The name on every page.
    pub name: String,
    /// The file of the logo.
    pub logo: Option<PathBuf>,
    /// The accent on light pages.
    pub accent: Colour,
    /// The accent on dark pages.
    pub accent_dark: Colour,
    /// Where replaced templates are.
    pub templates: Option<PathBuf>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// A filter that [`EnvFilter`] accepts.
    pub filter: String,
}

pub(crate) fn address(reader: &Reader<'_>, name: &str) -> Option<Found<SocketAddr>> {
    reader.parsed(name, |text| {
        text.parse::<SocketAddr>().map_err(|_| {
            Fault::new(format!("must be an address with a port, not {text:?}"))
                .hint("for example \"127.0.0.1:8080\"")
        })
    })
}

pub(crate) fn tls(reader: &Reader<'_>) -> Option<Tls> {
    let cert = reader.existing_file("cert");
    let key = reader.private_file("key");
    for (written, missing) in [("cert", "key"), ("key", "cert")] {
        if reader.has(written) && !reader.has(missing) {
            let fault = Fault::new(format!("is missing beside tls.{written}"));
            reader.error(&reader.place_of(written), missing, fault);
        }
    }
    let client_certificates = reader.flag("client_certificates");
    if client_certificates && !reader.has("cert") {
        let fault = Fault::new("does nothing without tls.cert");
        let place = reader.place_of("client_certificates");
        reader.warning(&place, "client_certificates", fault);
    }
    Some(Tls {
        cert: cert?.value,
        key: key?.value,
        client_certificates,
    })
}

pub(crate) fn admin(reader: &Reader<'_>) -> Option<Found<Admin>> {
    let listen = address(reader, "listen");
    let token = reader.secret_file("token_file");
    if reader.has("listen") && !reader.has("token_file") {
        let fault = Fault::new("is missing beside admin.listen");
        let hint = "openssl rand -base64 32 > admin.token && chmod 600 admin.token";
        reader.error(&reader.place_of("listen"), "token_file", fault.hint(hint));
    }
    if reader.has("token_file") && !reader.has("listen") {
        let fault = Fault::new("does nothing without admin.listen");
        reader.warning(&reader.place_of("token_file"), "token_file", fault);
    }
    let (listen, token) = (listen?, token?);
    warn_if_weak(reader, "token_file", &token);
    if !listen.value.ip().is_loopback() {
        let fault =
            Fault::new("is reachable from other machines, and the admin API speaks plain HTTP");
        reader.warning(
            &listen.place,
            "listen",
            fault.hint("listen on loopback, or keep the network closed"),
        );
    }
    Some(Found {
        value: Admin {
            listen: listen.value,
            token: token.value,
        },
        place: listen.place,
    })
}

/// Warns of a secret too short to withstand guessing (T20 of the threat list).
pub(crate) fn warn_if_weak(reader: &Reader<'_>, name: &str, secret: &Found<Confidential>) {
    const ENOUGH_BITS: u32 = 128;
    let bits = secret.value.strength_bits();
    if bits < ENOUGH_BITS {
        let fault = Fault::new(format!(
            "holds at most {bits} bits, and {ENOUGH_BITS} withstand guessing"
        ));
        reader.warning(
            &secret.place,
            name,
            fault.hint("make one with: openssl rand -base64 32"),
        );
    }
}

pub(crate) fn outbound(reader: &Reader<'_>) -> Outbound {
    let allowed = reader.parsed_texts("allow_private", |text| {
        let fault = || {
            Fault::new(format!("must hold hosts with a port, not {text:?}"))
                .hint("for example \"127.0.0.1:9000\"")
        };
        let url = Url::parse(&format!("http://{text}")).map_err(|_| fault())?;
        let (_, port) = text.rsplit_once(':').ok_or_else(fault)?;
        let bare = url.path() == "/" && url.username().is_empty() && !text.ends_with('/');
        match (
            bare && url.query().is_none() && url.fragment().is_none(),
            port.parse::<u16>(),
            url.host_str(),
        ) {
            (true, Ok(port), Some(host)) => Ok::<_, Fault>(format!("{host}:{port}")),
            _ => Err(fault()),
        }
    });
    Outbound {
        extra_ca: reader.existing_file("extra_ca").map(|found| found.value),
        allow_private: allowed.into_iter().map(|found| found.value).collect(),
    }
}

pub(crate) fn trusted(reader: &Reader<'_>) -> Vec<Network> {
    reader
        .parsed_texts("trusted", Network::parse)
        .into_iter()
        .map(|found| found.value)
        .collect()
}

pub(crate) fn master_key(reader: &Reader<'_>) -> Option<MasterKey> {
    let text = reader.secret_file("master_key_file")?;
    match parse_master_key(text.value.reveal()) {
        Ok(key) => Some(key),
        Err(fault) => {
            reader.error(&text.place, "master_key_file", fault);
            None
        }
    }
}

/// Reads a master key from the text of its file: 32 bytes as base64, base64url or hex.
///
/// # Errors
/// Says what form is expected; never repeats the text.
pub fn parse_master_key(text: &str) -> Result<MasterKey, Fault> {
    use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
    let text = text.trim().as_bytes();
    [
        HEXLOWER_PERMISSIVE,
        BASE64,
        BASE64_NOPAD,
        BASE64URL,
        BASE64URL_NOPAD,
    ]
    .iter()
    .find_map(|encoding| <[u8; 32]>::try_from(encoding.decode(text).ok()?).ok())
    .map(MasterKey::from_bytes)
    .ok_or_else(|| {
        Fault::new("names a file that does not hold 32 bytes as base64 or hex")
            .hint("make one with: openssl rand -base64 32")
    })
}

pub(crate) fn theme(reader: &Reader<'_>) -> Option<Theme> {
    let name = reader.label("name");
    let accent = accent(reader, "accent", Colour::WHITE, "white");
    let accent_dark = self::accent(reader, "accent_dark", Colour::NIGHT, "the dark background");
    let theme = Theme {
        logo: logo(reader),
        templates: templates(reader),
        name: name?.value,
        accent: accent?,
        accent_dark: accent_dark?,
    };
    Some(theme)
}

fn accent(reader: &Reader<'_>, name: &str, background: Colour, described: &str) -> Option<Colour> {
    let found = reader.parsed(name, Colour::parse)?;
    let contrast = found.value.contrast(background);
    if contrast < MIN_CONTRAST {
        let fault = Fault::new(format!(
            "has a contrast of {contrast:.1} with {described}; WCAG 2.2 asks for {MIN_CONTRAST}"
        ));
        reader.warning(
            &found.place,
            name,
            fault.hint("links and buttons will be hard to read"),
        );
    }
    Some(found.value)
}

fn logo(reader: &Reader<'_>) -> Option<PathBuf> {
    const LIMIT_BYTES: u64 = 256 * 1024;
    let found = reader.existing_file("logo")?;
    let extension = found
        .value
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    if !matches!(extension, "svg" | "png" | "webp") {
        reader.error(
            &found.place,
            "logo",
            Fault::new("must end with .svg, .png or .webp"),
        );
        return None;
    }
    if reader
        .files()
        .facts(&found.value)
        .is_ok_and(|facts| facts.bytes > LIMIT_BYTES)
    {
        reader.error(
            &found.place,
            "logo",
            Fault::new("must be at most 256 KiB large"),
        );
        return None;
    }
    Some(found.value)
}

fn templates(reader: &Reader<'_>) -> Option<PathBuf> {
    let found = reader.path("templates")?;
    if reader
        .files()
        .facts(&found.value)
        .is_ok_and(|facts| facts.directory)
    {
        return Some(found.value);
    }
    let fault = Fault::new(format!("names no directory: {}", found.value.display()));
    reader.error(&found.place, "templates", fault);
    None
}

/// Reads a language tag in the form the pages compare (RFC 5646 §2.1, without extensions).
pub(crate) fn language_tag(text: &str) -> Result<String, Fault> {
    let fault = || {
        Fault::new(format!("must be a language tag, not {text:?}"))
            .hint("for example \"en\" or \"pt-BR\"")
    };
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let primary_fits =
        matches!(primary.len(), 2..=3) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    let rest_fits = parts.all(|part| {
        matches!(part.len(), 2..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if primary_fits && rest_fits {
        Ok(text.to_owned())
    } else {
        Err(fault())
    }
}

pub(crate) fn log(reader: &Reader<'_>) -> Option<Log> {
    let format = reader.choice("format");
    let filter = reader.parsed("filter", |text| match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Fault::new(format!("is no filter: {error}"))
            .hint("for example \"info,placet_oauth=debug\"")),
    });
    let format = if format?.value == "json" {
        LogFormat::Json
    } else {
        LogFormat::Pretty
    };
    Some(Log {
        format,
        filter: filter?.value,
    })
}
