//! A message the server owes somebody: written with the change that caused it, delivered at least once.
//!
//! 1. A verb enqueues it in its own commit: it exists exactly when what it tells of happened.
//! 2. A sender claims it for a span, its lease: meanwhile nobody else sends it.
//! 3. Delivered, it is deleted. Not delivered, it is due again later, until its time is over.
//! 4. A sender that dies leaves its lease to run out; then another sends it. The receiver may so get it twice.
//!
//! Spec: RFC 9635 §4.2.2 (push finish), OpenID Connect CIBA Core §10.2–10.3, OpenID Connect Back-Channel Logout §2.5

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    client::Client,
    id::{Id, Kind},
    pending::{FaceName, PendingRequest},
    random::Random,
    refusal::Refusal,
    time::{Lifetime, Timestamp},
    vault::{SealError, Sealed, Vault},
};

/// How long after each failure it is tried again, in seconds; the last holds from there on.
const TRIED_AGAIN_AFTER_S: [u64; 7] = [1, 5, 30, 120, 600, 1_800, 3_600];

/// What is sent: a request of HTTP. It may carry secrets, so it is stored sealed and prints nothing but its method.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The method.
    pub method: String,
    /// Where it goes.
    pub url: String,
    /// Its headers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Its body. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// Seals it for the callback `id`.
    pub fn seal(&self, id: Id<Callback>, vault: &Vault, random: &dyn Random) -> Sealed {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        vault.seal(&id.to_string(), &plain, random)
    }
}

/// A callback as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Its id, which its message is sealed to.
    pub id: Id<Self>,
    /// The face that enqueued it.
    pub face: FaceName,
    /// The request it tells of; then the event it was enqueued with names the same. Absent when it tells of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Id<PendingRequest>>,
    /// The client it goes to. Absent when it goes to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Id<Client>>,
    /// The [`Message`], sealed.
    pub message: Sealed,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// From when on it may be sent.
    pub due_at: Timestamp,
    /// How often a sender took it.
    #[serde(default)]
    pub attempts: u32,
    /// The first moment at which its sender no longer holds it. Absent while nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leased_until: Option<Timestamp>,
    /// The first moment at which it is no longer tried.
    pub keep_until: Timestamp,
}

impl Kind for Callback {
    const PREFIX: &'static str = "cb";
}

impl Callback {
    /// What is to be sent.
    ///
    /// # Errors
    /// As [`Vault::open`]; [`SealError::Damaged`] also when it opens but is no message.
    pub fn message(&self, vault: &Vault) -> Result<Message, SealError> {
        let plain = vault.open(&self.id.to_string(), &self.message)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Damaged)
    }

    /// Whether a sender holds it at `now`.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|end| now < end)
    }

    /// Whether there is something to do about it at `now`: to send it, or, past its end, to give it up.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.is_leased(now) && (now >= self.due_at || now >= self.keep_until)
    }

    /// The same callback, held by one sender for `lease`. It counts as an attempt at once: a message that kills its
    /// sender must not be tried without end.
    ///
    /// # Errors
    /// [`Refusal::Taken`] while another sender holds it, [`Refusal::Expired`] from `keep_until` on,
    /// [`Refusal::Waiting`] before it is due.
    pub fn claim(mut self, now: Timestamp, lease: Lifetime) -> Result<Self, Refusal> {
        if self.is_leased(now) {
            return Err(Refusal::Taken);
        }
        if now >= self.keep_until {
            return Err(Refusal::Expired);
        }
        if now < self.due_at {
            let interval = self.due_at.since(now);
            return Err(Refusal::Waiting { interval });
        }
        self.attempts = self.attempts.saturating_add(1);
        self.leased_until = Some(now.plus(lease));
        Ok(self)
    }

    /// The same callback, held by nobody and due again later. `None`: its time is over before that, so it is given up.
    pub fn failed(mut self, now: Timestamp) -> Option<Self> {
        self.leased_until = None;
        self.due_at = now.plus(pause_after(self.attempts));
        (self.due_at < self.keep_until).then_some(self)
    }
}

/// How long after the failure of this attempt, counted from 1, the next one waits.
fn pause_after(attempt: u32) -> Lifetime {
    let [.., longest] = TRIED_AGAIN_AFTER_S;
    let step = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    Lifetime::from_secs(TRIED_AGAIN_AFTER_S.get(step).copied().unwrap_or(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::SystemRandom, vault::MasterKey};

    const LEASE: Lifetime = Lifetime::from_secs(30);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn vault() -> Vault {
        let master = MasterKey::from_bytes([7; 32]);
        master
            .unwrap(&master.new_data_key(at(0), &SystemRandom))
            .unwrap()
    }

    fn message() -> Message {
        Message {
            method: "POST".to_owned(),
            url: "https://client.example/finish/8b2c".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Some("{\"interact_ref\":\"4IFWWIKYB\"}".to_owned()),
        }
    }

    /// Enqueued at 100 s, due at once, tried until 1 000 s.
    fn callback(vault: &Vault) -> Callback {
        let id = Id::random(&SystemRandom);
        Callback {
            id,
            face: FaceName("gnap".into()),
            request: None,
            client: None,
            message: message().seal(id, vault, &SystemRandom),
            created_at: at(100),
            due_at: at(100),
            attempts: 0,
            leased_until: None,
            keep_until: at(1_000),
        }
    }

    #[test]
    fn a_message_opens_only_for_its_callback_and_prints_nothing() {
        let vault = vault();
        let callback = callback(&vault);
        assert_eq!(callback.message(&vault), Ok(message()));
        let moved = Callback {
            id: Id::random(&SystemRandom),
            ..callback
        };
        assert_eq!(moved.message(&vault), Err(SealError::Damaged));
        let printed = format!("{:?}", message());
        assert_eq!(printed, "Message { method: \"POST\", .. }");
    }

    #[test]
    fn a_lease_keeps_others_out_until_its_end() {
        let fresh = callback(&vault());
        let waiting = Refusal::Waiting {
            interval: Lifetime::from_millis(1),
        };
        let early = fresh.clone().claim(Timestamp::from_millis(99_999), LEASE);
        assert_eq!(early, Err(waiting));
        let held = fresh.clone().claim(at(100), LEASE).unwrap();
        assert_eq!((held.attempts, held.leased_until), (1, Some(at(130))));
        let last = Timestamp::from_millis(129_999);
        assert!(!held.is_due(last));
        assert_eq!(held.clone().claim(last, LEASE), Err(Refusal::Taken));
        assert!(held.is_due(at(130)));
        let taken_over = held.claim(at(130), LEASE).unwrap();
        assert_eq!(taken_over.attempts, 2);
        assert_eq!(fresh.claim(at(1_000), LEASE), Err(Refusal::Expired));
    }

    #[test]
    fn a_failure_waits_longer_each_time_and_gives_up_in_the_end() {
        let mut now = at(100);
        let mut callback = callback(&vault());
        callback.keep_until = at(12_000);
        let mut pauses = Vec::new();
        loop {
            let held = callback.claim(now, LEASE).unwrap();
            let Some(again) = held.failed(now) else { break };
            assert!(!again.is_leased(now));
            pauses.push(again.due_at.since(now).as_secs());
            now = again.due_at;
            callback = again;
        }
        assert_eq!(pauses, [1, 5, 30, 120, 600, 1_800, 3_600, 3_600]);
    }

    #[test]
    fn past_its_end_it_is_due_to_be_given_up() {
        let mut late = callback(&vault());
        late.due_at = at(2_000);
        assert!(!late.is_due(at(999)));
        assert!(late.is_due(at(1_000)));
    }
}
