//! What a signature says about itself.
//!
//! Spec: RFC 9421 §2.3

use sfv::{BareItem, InnerList, Item, Key, Parameters};

use crate::error::ProofError;
use crate::httpsig::component::{Component, string};

/// Most components one signature may cover.
const MAX_COMPONENTS: usize = 64;
const MALFORMED: ProofError = ProofError::Malformed("signature-input");

/// A parameter to be written; their order is the order on the wire.
///
/// There is no `alg`: the algorithm is that of the key (RFC 9421 §3.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter<'a> {
    /// When the signature was made, in seconds since 1970.
    Created(i64),
    /// When it ends, in seconds since 1970.
    Expires(i64),
    /// The name of the key.
    KeyId(&'a str),
    /// A value that is used once.
    Nonce(&'a str),
    /// The protocol the signature is meant for.
    Tag(&'a str),
}

/// The registered parameters that a received signature carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignatureParams {
    created: Option<i64>,
    expires: Option<i64>,
    nonce: Option<String>,
    alg: Option<String>,
    keyid: Option<String>,
    tag: Option<String>,
}

impl SignatureParams {
    /// Reads the registered parameters; others are part of what is signed and mean nothing here.
    pub(crate) fn from_params(params: &Parameters) -> Result<Self, ProofError> {
        let number = |name: &str| match params.get(name) {
            None => Ok(None),
            Some(BareItem::Integer(value)) => Ok(Some(i64::from(*value))),
            Some(_) => Err(MALFORMED),
        };
        let text = |name: &str| match params.get(name) {
            None => Ok(None),
            Some(BareItem::String(value)) => Ok(Some(value.as_str().to_owned())),
            Some(_) => Err(MALFORMED),
        };
        Ok(Self {
            created: number("created")?,
            expires: number("expires")?,
            nonce: text("nonce")?,
            alg: text("alg")?,
            keyid: text("keyid")?,
            tag: text("tag")?,
        })
    }

    /// Returns when the signature says it was made, in seconds since 1970.
    pub fn created(&self) -> Option<i64> {
        self.created
    }

    /// Returns when the signature says it ends, in seconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// Returns the value that is used once.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Returns the algorithm the sender names, which decides nothing here.
    pub fn alg(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// Returns the name of the key.
    pub fn keyid(&self) -> Option<&str> {
        self.keyid.as_deref()
    }

    /// Returns the protocol the signature is meant for.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

/// Reads the components of a received signature.
pub(crate) fn components(list: &InnerList) -> Result<Vec<Component>, ProofError> {
    if list.items.len() > MAX_COMPONENTS {
        return Err(ProofError::TooLarge);
    }
    list.items
        .iter()
        .map(|item| Component::from_item(item.clone()))
        .collect()
}

/// Builds the list that `Signature-Input` carries.
pub(crate) fn inner_list(
    components: &[Component],
    params: &[Parameter<'_>],
) -> Result<InnerList, ProofError> {
    let items: Vec<Item> = components
        .iter()
        .map(Component::to_item)
        .collect::<Result<_, _>>()?;
    let mut written = Parameters::new();
    for parameter in params {
        let (name, value) = match *parameter {
            Parameter::Created(at) => ("created", integer(at)?),
            Parameter::Expires(at) => ("expires", integer(at)?),
            Parameter::KeyId(keyid) => ("keyid", BareItem::String(string(keyid)?)),
            Parameter::Nonce(nonce) => ("nonce", BareItem::String(string(nonce)?)),
            Parameter::Tag(tag) => ("tag", BareItem::String(string(tag)?)),
        };
        let name = Key::from_string(name.to_owned()).map_err(|_| MALFORMED)?;
        if written.insert(name, value).is_some() {
            return Err(MALFORMED);
        }
    }
    Ok(InnerList::with_params(items, written))
}

fn integer(value: i64) -> Result<BareItem, ProofError> {
    let value = sfv::Integer::try_from(value).map_err(|_| MALFORMED)?;
    Ok(BareItem::Integer(value))
}
