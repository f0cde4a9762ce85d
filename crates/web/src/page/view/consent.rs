//! The consent page: who asks, for what, for whom; and the screen for a request of a device.
//!
//! Spec: RFC 8628 §3.3 and §5.4 (the person compares the code); RFC 9700 §4.16; threats C5, D4 and H7.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{ClientName, Shown};
use super::{Address, Ask, Link, Live, Person, PostForm, epoch_ms, epoch_ms_or_none};

/// Who asks.
#[derive(Debug, Clone, Serialize)]
pub struct Asker {
    /// The name the client gave itself.
    pub name: ClientName,
    /// How far the name can be believed.
    pub standing: Standing,
    /// The host proven by the redirect address, or else that of `client_uri`; absent when there is neither. Under a name
    /// that is only said ([`ClientName::only_said`]) the host is only said too.
    pub host: Option<Shown>,
    /// The wallet it speaks for: proven by the wallet's own key when the asker is, else only said.
    pub wallet: Option<Address>,
    /// The host the browser goes to after the answer, where that is another than `host` and says nothing about the asker.
    pub answer_host: Option<Shown>,
    /// When this server first saw the client; absent when that says nothing, as for declared clients.
    #[serde(serialize_with = "epoch_ms_or_none")]
    pub first_seen: Option<Timestamp>,
}

/// How far a client's name can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It belongs to the operator of this server.
    FirstParty,
    /// It authenticated, or its redirect address proves its host.
    Proven,
    /// Anybody could ask under this name.
    Unproven,
}

/// The consent page; its form posts `decision` (`approve` or `deny`), `csrf`, `digest`, for a device `confirm_device=yes`,
/// one `scope` per ticked optional scope and one `ask` per ticked optional ask. What is without a choice is not sent.
#[derive(Debug, Clone, Serialize)]
pub struct Consent {
    /// Where the form posts.
    pub action: Link,
    /// Anti-forgery value, sent as `csrf`.
    pub csrf: String,
    /// What this page shows, in one value, sent as `digest`; an answer to other content is refused.
    pub digest: String,
    /// Who asks.
    pub asker: Asker,
    /// Whether it changes an earlier agreement.
    pub modifies: bool,
    /// Whether what was allowed before stays allowed, whatever the answer to this is.
    pub keeps: bool,
    /// What it may do, beside scopes.
    pub asks: Vec<Ask>,
    /// What it may do.
    pub scopes: Vec<ScopeLine>,
    /// Where it may do it; empty when the client named no resource.
    pub resources: Vec<ResourceLine>,
    /// For whom.
    pub person: Person,
    /// 'Not you?': leads to signing in as somebody else.
    pub switch: Option<PostForm>,
    /// Set when the request came from another device.
    pub device: Option<DeviceRequest>,
    /// Whether the client waits somewhere that nobody knows: the answer does not go through this browser, and no code shows
    /// which device asked.
    pub unseen: bool,
    /// What the client wants to tell about this request (CIBA's `binding_message` and its like).
    pub message: Option<Shown>,
    /// What the client says it does with what it learns.
    pub privacy: Option<Box<Paper>>,
    /// What the client asks people to agree to.
    pub terms: Option<Box<Paper>>,
    /// Why the page is shown once more.
    pub problem: Option<ConsentProblem>,
    /// Follows the request.
    pub live: Option<Live>,
}

/// A page of the client's own that a person may read first. The words for it are ours; the host stands beside them.
#[derive(Debug, Clone, Serialize)]
pub struct Paper {
    /// Where it is: https only.
    pub link: Link,
    /// The host it is at.
    pub host: Shown,
}

/// One thing the client may do.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeLine {
    /// The scope's name, the value of its checkbox.
    pub name: Shown,
    /// What it means, in the language of the page; absent for a scope nobody described, whose name is shown instead.
    pub description: Option<Shown>,
    /// Whether the person may leave it out.
    pub choice: ScopeChoice,
}

/// Whether a scope or an ask can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeChoice {
    /// Goes with the approval.
    Required,
    /// A checkbox, ticked.
    Offered,
    /// A checkbox, not ticked.
    LeftOut,
}

/// One place the client may reach.
#[derive(Debug, Clone, Serialize)]
pub struct ResourceLine {
    /// Its name, or its identifier when it has no name.
    pub name: Shown,
    /// Its identifier, any URI; absent when the name is the identifier.
    pub id: Option<Shown>,
}

/// A request that came from another device.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceRequest {
    /// The code the device shows, as the device shows it.
    pub user_code: Shown,
    /// When the device asked.
    #[serde(serialize_with = "epoch_ms")]
    pub requested_at: Timestamp,
    /// The address the device asked from.
    pub address: Option<Shown>,
    /// Where that address is, as far as known.
    pub place: Option<Shown>,
}

/// Why the consent page is shown once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentProblem {
    /// Approved without the tick that the device is the person's own.
    DeviceNotConfirmed,
    /// The request changed after it was shown.
    Changed,
    /// The form was too old, or its cookie is gone; nothing was decided.
    StaleForm,
}
