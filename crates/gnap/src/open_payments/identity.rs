//! Clients of the payments profile: by the address of their wallet, or by a bare key.
//!
//! 1. The address names a document, and `/jwks.json` under it the keys.
//! 2. The document must be that of the address, or a client could borrow somebody else's name.
//! 3. The key is the one the signature names.
//!
//! Spec: Open Payments 1.3 (`client`, `wallet-address`, `json-web-key-set`); RFC 8037 §2

use std::fmt;

use placet_proof::{Ed25519Name, PublicJwk, unique_json};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    json::{At, Fault, Object, text},
    uri,
};

/// The most keys of a wallet.
const MAX_KEYS: usize = 100;
/// The longest document read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// The client of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum PaymentClient {
    /// A wallet, by its address: in a string of old, or as `walletAddress`.
    Wallet(WalletAddress),
    /// A key and nothing else: for what nobody is asked about.
    Jwk(PaymentJwk),
}

/// The address of a wallet: `https`, or `http` on this machine, without user, query and fragment.
///
/// ```
/// use placet_gnap::open_payments::WalletAddress;
/// let alice = WalletAddress::parse("https://wallet.example/alice").expect("it is one");
/// assert_eq!(alice.jwks_url(), "https://wallet.example/alice/jwks.json");
/// assert!(WalletAddress::parse("$wallet.example/alice").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WalletAddress(String);

/// A public Ed25519 key with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentJwk(PublicJwk);

/// What a wallet says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletDocument {
    /// The address, as the wallet writes it.
    pub id: String,
    /// The name to show. Absent: the wallet cannot ask a person for anything.
    pub public_name: Option<String>,
    /// The asset of the account.
    pub asset_code: String,
    /// How many decimal places it has.
    pub asset_scale: u8,
    /// The grant endpoint that guards the wallet.
    pub auth_server: String,
    /// The server of its payments.
    pub resource_server: String,
}

/// The keys of a wallet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WalletKeys(Vec<PaymentJwk>);

/// What is wrong with what a wallet serves; for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletFault {
    /// It is not such a document; the text says where.
    Malformed(String),
    /// The document is that of another wallet.
    OtherWallet,
    /// Two keys have one name.
    RepeatedKid,
}

impl fmt::Display for WalletFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::OtherWallet => f.write_str("the document is that of another wallet"),
            Self::RepeatedKid => f.write_str("two keys have one kid"),
        }
    }
}

impl std::error::Error for WalletFault {}

impl From<Fault> for WalletFault {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault.description.into_owned())
    }
}

impl PaymentClient {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        if let Value::String(_) = value {
            return wallet(value, at).map(Self::Wallet);
        }
        let object = Object::of(value, at)?;
        // The schema has one member and no other.
        if object.members().len() != 1 {
            return Err(at.fault("does not have exactly one of walletAddress and jwk"));
        }
        if object.get("walletAddress").is_some() {
            return object
                .required_read("walletAddress", wallet)
                .map(Self::Wallet);
        }
        object.required_read("jwk", PaymentJwk::read).map(Self::Jwk)
    }
}

fn wallet(value: &Value, at: &At<'_>) -> Result<WalletAddress, Fault> {
    WalletAddress::parse(text(value, at)?).ok_or_else(|| at.fault("is not a wallet address"))
}

impl WalletAddress {
    /// Reads an address. A payment pointer (`$…`) is none: the two would be two names of one client.
    pub fn parse(text: &str) -> Option<Self> {
        let good =
            uri::is_secure_web(text) && !text.contains('?') && uri::check_finish(text).is_ok();
        good.then(|| Self(text.to_owned()))
    }

    /// The address, as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks.json", self.0)
    }

    /// Whether `id` is this address: the same URL, written with or without a slash at the end.
    fn is_called(&self, id: &str) -> bool {
        Self::parse(id).is_some_and(|other| other.plain() == self.plain())
    }

    /// The one spelling that all of one address share.
    pub(super) fn plain(&self) -> String {
        let url = Url::parse(&self.0).map_or_else(|_| self.0.clone(), String::from);
        url.trim_end_matches('/').to_owned()
    }
}

impl fmt::Display for WalletAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WalletAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PaymentJwk {
    fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        object.required_text("kid")?;
        for (name, want) in [("alg", "EdDSA"), ("kty", "OKP"), ("crv", "Ed25519")] {
            if object.required_text(name)? != want {
                return Err(object.fault(name, "is not that of an Ed25519 key"));
            }
        }
        let key = PublicJwk::parse(value.to_string().as_bytes());
        key.map(Self)
            .map_err(|_| at.fault("is no public Ed25519 key"))
    }

    /// The key.
    pub const fn key(&self) -> &PublicJwk {
        &self.0
    }

    /// The name of the key.
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// The key as resource servers are told it.
    pub fn to_value(&self) -> Value {
        self.0.to_json(Ed25519Name::EdDsa)
    }
}

impl WalletKeys {
    /// Reads a key set. A key of another kind is passed over: a signature cannot name it.
    ///
    /// # Errors
    /// [`WalletFault::Malformed`], or [`WalletFault::RepeatedKid`] when two keys have one name.
    pub fn parse(json: &[u8]) -> Result<Self, WalletFault> {
        let members = document(json)?;
        let object = Object::new(&members, &At::Root);
        let Value::Array(entries) = object.required("keys")? else {
            return Err(object.fault("keys", "is not an array").into());
        };
        if entries.len() > MAX_KEYS {
            return Err(object.fault("keys", "has too many elements").into());
        }
        let mut keys: Vec<PaymentJwk> = Vec::new();
        for key in entries
            .iter()
            .filter_map(|entry| PaymentJwk::read(entry, &At::Root).ok())
        {
            if keys.iter().any(|other| other.kid() == key.kid()) {
                return Err(WalletFault::RepeatedKid);
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// The key of this name.
    pub fn key(&self, kid: &str) -> Option<&PaymentJwk> {
        self.0.iter().find(|key| key.kid() == kid)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl WalletDocument {
    /// Reads the document that `asked` served.
    ///
    /// # Errors
    /// [`WalletFault::Malformed`], or [`WalletFault::OtherWallet`] when its `id` is not the address that was asked.
    pub fn parse(json: &[u8], asked: &WalletAddress) -> Result<Self, WalletFault> {
        let members = document(json)?;
        let object = Object::new(&members, &At::Root);
        let id = object.required_text("id")?;
        if !asked.is_called(id) {
            return Err(WalletFault::OtherWallet);
        }
        let scale = object.required("assetScale")?.as_u64();
        let scale = scale.and_then(|scale| u8::try_from(scale).ok());
        let server = |name| {
            let text = object.required_text(name)?;
            if uri::is_secure_web(text) {
                Ok(text.to_owned())
            } else {
                Err(object.fault(name, "is not an https URI"))
            }
        };
        Ok(Self {
            id: id.to_owned(),
            public_name: object.text("publicName")?.map(str::to_owned),
            asset_code: object.required_text("assetCode")?.to_owned(),
            asset_scale: scale
                .ok_or_else(|| object.fault("assetScale", "is not a whole number up to 255"))?,
            auth_server: server("authServer")?,
            resource_server: server("resourceServer")?,
        })
    }
}

fn document(json: &[u8]) -> Result<Map<String, Value>, WalletFault> {
    let malformed =
        || WalletFault::Malformed("not one JSON object without repeated members".to_owned());
    if json.len() > MAX_DOCUMENT_BYTES {
        return Err(WalletFault::Malformed("too long".to_owned()));
    }
    match unique_json(json) {
        Some(Value::Object(members)) => Ok(members),
        Some(_) | None => Err(malformed()),
    }
}
