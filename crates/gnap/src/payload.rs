//! What this face keeps with a request: in the open what it asks for and how it is answered, sealed what only two sides may
//! know.
//!
//! Spec: RFC 9635 §2.1, §2.2, §2.5, §4.2

use placet_core::{
    pending::{self, PendingRequest},
    random::Random,
    right::Rights,
    secret::{Secret, SecretHash, kind},
    vault::Vault,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Profile,
    access::AccessRight,
    hash::{HashEncoding, HashMethod, Interaction},
    request::{FinishMethod, SubjectAsk, TokenAsk, TokenAsks},
    subject::{AssertionFormat, SubIdFormat, SubjectIdentifier},
};

/// The version of this format.
const VERSION: u16 = 1;

/// One token that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedToken {
    /// What the client calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Whether it shall be bound to no key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bearer: bool,
    /// What it shall give, each right in its normal form.
    pub(crate) access: Vec<String>,
    /// The names of sets of rights in the place of which some of it stands (RFC 9767 §3.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<String>,
}

/// What is asked about the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedSubject {
    /// In which formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) formats: Vec<String>,
    /// By which assertions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) assertions: Vec<String>,
    /// Which person, as RFC 9493 spells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<Value>,
}

/// How the client hears that the person is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedFinish {
    /// Whether the browser goes there, or this server calls.
    pub(crate) push: bool,
    /// Where.
    pub(crate) uri: String,
    /// How the four values are hashed.
    pub(crate) hash_method: HashMethod,
}

/// The open part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    /// The dialect, which decides how everything about the request is printed.
    pub(crate) profile: Profile,
    /// The grant endpoint as its client used it.
    pub(crate) grant_endpoint: String,
    /// What the hash is written in.
    pub(crate) encoding: HashEncoding,
    /// The tokens asked for.
    pub(crate) tokens: Vec<AskedToken>,
    /// Whether they were asked for as a list, so that the answer is one.
    pub(crate) several: bool,
    /// What is asked about the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<AskedSubject>,
    /// The key its client proved, in the form of RFC 9635 §7.1.
    pub(crate) key: Value,
    /// The address the client is known by, where it publishes its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wallet: Option<String>,
    /// The secret of the address that starts the interaction. Absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<SecretHash<kind::Show>>,
    /// The ways to start that are offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) modes: Vec<String>,
    /// How the client hears that the person is done. Absent: it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) finish: Option<AskedFinish>,
    /// The languages the client asked for, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locales: Vec<String>,
    /// Whether its tokens outlive their own rotation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) durable: bool,
    /// What was agreed to before, where this changes it. Absent: nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Rights>,
    /// What was asked about the person before, where this changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject_before: Option<AskedSubject>,
    /// What the sealed part is sealed to.
    pub(crate) seal: String,
}

/// The sealed part.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Hidden {
    /// The client's nonce. Absent without a finish method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_nonce: Option<String>,
    /// Ours.
    pub(crate) server_nonce: String,
    /// What the browser or a push carries to the client.
    pub(crate) interact_ref: String,
}

impl Payload {
    /// The payload of a request of this face. `None` for another face's.
    pub(crate) fn of(request: &PendingRequest) -> Option<Self> {
        if request.face != crate::face::FACE || request.payload.version != VERSION {
            return None;
        }
        serde_json::from_value(request.payload.open.clone()).ok()
    }

    /// Both parts as they are stored.
    pub(crate) fn store(
        &self,
        hidden: &Hidden,
        vault: &Vault,
        random: &dyn Random,
    ) -> pending::Payload {
        let plain = serde_json::to_vec(hidden).unwrap_or_default();
        pending::Payload {
            version: VERSION,
            open: serde_json::to_value(self).unwrap_or_default(),
            sealed: Some(vault.seal(&self.seal, &plain, random)),
        }
    }

    /// The sealed part. `None` when it does not open.
    pub(crate) fn hidden(&self, request: &PendingRequest, vault: &Vault) -> Option<Hidden> {
        let sealed = request.payload.sealed.as_ref()?;
        let plain = vault.open(&self.seal, sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// The interaction hash, and the reference that goes with it. `None` without a finish method.
    pub(crate) fn finish_hash(&self, hidden: &Hidden) -> Option<(String, String)> {
        let finish = self.finish.as_ref()?;
        let interaction = Interaction {
            client_nonce: hidden.client_nonce.as_deref()?,
            server_nonce: &hidden.server_nonce,
            interact_ref: &hidden.interact_ref,
            grant_endpoint: &self.grant_endpoint,
        };
        let hash = interaction.hash(finish.hash_method, self.encoding);
        Some((hash, hidden.interact_ref.clone()))
    }

    /// The rights of one asked token that read as rights; what does not was never stored.
    pub(crate) fn rights_of(token: &AskedToken) -> Vec<AccessRight> {
        token
            .access
            .iter()
            .filter_map(|text| AccessRight::parse(text).ok())
            .collect()
    }
}

impl AskedToken {
    fn of(ask: &TokenAsk) -> Self {
        Self {
            label: ask.label.clone(),
            bearer: ask.bearer,
            access: ask.access.iter().map(AccessRight::canonical).collect(),
            references: Vec::new(),
        }
    }

    /// The tokens of a request, and whether they were a list.
    pub(crate) fn all(asks: Option<&TokenAsks>) -> (Vec<Self>, bool) {
        match asks {
            None => (Vec::new(), false),
            Some(TokenAsks::Single(ask)) => (vec![Self::of(ask)], false),
            Some(TokenAsks::Several(asks)) => (asks.iter().map(Self::of).collect(), true),
        }
    }
}

impl AskedSubject {
    /// What a request asks about the person, as far as this server can say it.
    pub(crate) fn of(
        ask: &SubjectAsk,
        known: &[SubIdFormat],
        asserted: &[AssertionFormat],
    ) -> Self {
        Self {
            formats: ask
                .sub_id_formats
                .iter()
                .filter(|format| known.contains(format))
                .map(|format| format.name().to_owned())
                .collect(),
            assertions: ask
                .assertion_formats
                .iter()
                .filter(|format| asserted.contains(format))
                .map(|format| format.name().to_owned())
                .collect(),
            ids: ask
                .sub_ids
                .iter()
                .map(SubjectIdentifier::to_value)
                .collect(),
        }
    }

    /// Whether anything of it can be said.
    pub(crate) fn is_empty(&self) -> bool {
        self.formats.is_empty() && self.assertions.is_empty() && self.ids.is_empty()
    }
}

impl AskedFinish {
    /// What a request says about the end of the interaction.
    pub(crate) fn of(ask: &crate::request::FinishAsk) -> Self {
        Self {
            push: ask.method == FinishMethod::Push,
            uri: ask.uri.clone(),
            hash_method: ask.hash_method,
        }
    }
}

/// A fresh secret in the alphabet of references and nonces: unreserved characters alone (RFC 9635 §4.2).
pub(crate) fn fresh(random: &dyn Random) -> String {
    Secret::<kind::Reference>::generate(random).reveal()
}
