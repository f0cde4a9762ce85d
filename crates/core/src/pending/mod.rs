//! A pending request: software asked, and the answer waits for a person.

mod continuation;
mod delivery;
mod handle;
mod pace;
mod state;
mod user_code;

use serde::{Deserialize, Serialize};

pub use self::{
    continuation::{Continuation, Finish, Presented, REPEAT_FOR, Successor, WRONG_REFERENCES},
    delivery::{COLLECT_AFTER_ANSWER, Delivery},
    handle::{Handle, HandleKind},
    pace::{INTERVAL_LIMIT, Pace, PaceTable, SLOW_DOWN_BY},
    state::{Approval, CLARIFY_ROUNDS, DecidedBy, EndKind, Ending, SEAT_IDLE, Seat, State},
    user_code::UserCode,
};
use crate::{
    client::Client,
    grant::Grant,
    id::{Id, Kind},
    person::{Authentication, Person},
    refusal::Refusal,
    right::Rights,
    secret::{Digest, SecretHash, kind},
    time::{Lifetime, Timestamp},
    vault::Sealed,
};

/// A settled request is kept at least this long, so that a replayed code is recognised (threat A9).
pub const RETENTION: Lifetime = Lifetime::from_secs(600);

/// The short name of a protocol face: "oauth", "gnap", "aauth".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaceName(pub std::borrow::Cow<'static, str>);

/// What only the face that opened the request reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The version of the face's own format.
    pub version: u16,
    /// What may be read by whoever reads the store.
    pub open: serde_json::Value,
    /// What may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

/// Who asks, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The client.
    pub client: Id<Client>,
    /// The address its request came from.
    pub peer: String,
    /// Whether the client proved who it is, or was only named.
    pub proven: bool,
    /// What it says of itself, where no registration does. Nobody has checked it unless the face says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<Introduced>,
}

/// What a client tells about itself with its request (RFC 9635 §2.3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduced {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its home page, or the address it is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Whether name and address were proven, by the keys that the address itself publishes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proven: bool,
}

/// What must be true of the sign-in that approves (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInNeed {
    /// The sign-in must have happened at or after this time. Absent: any live one will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Only this person may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A name to begin the sign-in form with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
}

impl SignInNeed {
    /// Whether a sign-in of `subject` is enough.
    pub fn is_met_by(&self, authentication: &Authentication, subject: &str) -> bool {
        self.not_before
            .is_none_or(|limit| authentication.at >= limit)
            && self
                .subject
                .as_deref()
                .is_none_or(|wanted| wanted == subject)
    }
}

/// One request that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRequest {
    /// Its public id: it may be logged and proves nothing.
    pub id: Id<Self>,
    /// The face that opened it.
    pub face: FaceName,
    /// Who asks.
    pub asker: Asker,
    /// What is asked for.
    pub asked: Rights,
    /// What the approving sign-in must be like.
    #[serde(default)]
    pub need: SignInNeed,
    /// The person it was laid before, who finds it on their own page. Absent when the client brings the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressed_to: Option<Id<Person>>,
    /// How the answer travels.
    pub delivery: Delivery,
    /// The browser it began in, which alone may answer. Absent when it began on another device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<SecretHash<kind::Interaction>>,
    /// Whether the person must be asked even if they agreed to the same before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_ask: bool,
    /// The grant it would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id<Grant>>,
    /// The code the person compares, as shown to them; sealed, since it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<Sealed>,
    /// How the client comes back to it by a token of its own. Absent: by handles alone, or never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<Continuation>,
    /// What is sent to the client when somebody has answered, sealed under the request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_answer: Option<Sealed>,
    /// When it was first put before a person by another system. Absent: not yet, or nobody needs to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Timestamp>,
    /// What only its face reads.
    pub payload: Payload,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The first moment at which it is too late: to answer, or, once approved, to collect.
    pub expires_at: Timestamp,
    /// When it may be deleted.
    pub keep_until: Timestamp,
    /// Where it stands.
    pub state: State,
}

impl Kind for PendingRequest {
    const PREFIX: &'static str = "req";
}

impl PendingRequest {
    /// Whether `now` is still before its end. An ended or collected request is never late.
    ///
    /// # Errors
    /// From `expires_at` on: [`Refusal::Expired`] while nobody has answered; [`Refusal::Revoked`] for an approval that
    /// was not collected in time, since nobody may be told 'expired' of what somebody was told 'approved' of.
    pub fn in_time(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < self.expires_at {
            return Ok(());
        }
        match &self.state {
            State::Pending | State::Interacting { .. } | State::Clarifying { .. } => {
                Err(Refusal::Expired)
            }
            State::Approved(_) => Err(Refusal::Revoked),
            State::Collected { .. } | State::Ended(_) => Ok(()),
        }
    }

    /// Whether it can still be answered at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.state.is_settled() && now < self.expires_at
    }

    /// A number for what `person` is shown: who asks, for what, for whom. A decision names it. Nobody: another system
    /// shows it to people of its own.
    pub fn digest(&self, client: &Client, person: Option<Id<Person>>) -> Digest {
        let mut content = serde_json::json!([
            self.id,
            self.asked,
            self.asker.client,
            client.client_id,
            client.metadata.client_name,
            client.metadata.client_name_i18n,
            client.metadata.client_uri,
            client.metadata.policy_uri,
            client.metadata.tos_uri,
            person,
        ]);
        // Only where there is more: what older releases show has the number it had there.
        if let (serde_json::Value::Array(content), Some(introduced)) =
            (&mut content, &self.asker.introduced)
        {
            content.push(serde_json::json!(introduced));
        }
        // What its client may change before the answer is shown too, in the face's own words.
        if let (serde_json::Value::Array(content), Some(_)) = (&mut content, &self.continuation) {
            content.push(self.payload.open.clone());
        }
        SecretHash::of(&content.to_string())
    }

    /// When it may be deleted, if it is settled at `now`: its own lifetime again, and at least [`RETENTION`].
    pub fn retention(&self, now: Timestamp) -> Timestamp {
        let lived = self.expires_at.since(self.created_at);
        now.max(self.expires_at).plus(lived.max(RETENTION))
    }
}
