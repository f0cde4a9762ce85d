//! Requests of GNAP as the face stores them, for tests that only look at them.

use placet_core::{
    engine::{Caller, Engine, NewClient},
    event::EventKind,
    id::Id,
    pending::{Asker, Delivery, Payload, PendingRequest, SignInNeed, State},
    random::SystemRandom,
    right::Rights,
    store::{Change, Commit, Record},
    time::{Lifetime, Timestamp},
};
use placet_gnap::FACE;
use serde_json::json;

/// How long a request may be answered.
pub(crate) const LIFETIME: Lifetime = Lifetime::from_secs(600);

/// A request of Open Payments made at `made`.
pub(crate) fn request(made: Timestamp, state: State) -> PendingRequest {
    PendingRequest {
        id: Id::random(&SystemRandom),
        face: FACE,
        asker: Asker {
            client: Id::random(&SystemRandom),
            peer: "192.0.2.1".to_owned(),
            proven: true,
            introduced: None,
        },
        asked: Rights::default(),
        need: SignInNeed::default(),
        addressed_to: None,
        delivery: Delivery::Poll {
            interval: Lifetime::from_secs(5),
        },
        browser: None,
        always_ask: false,
        parent: None,
        user_code: None,
        continuation: None,
        on_answer: None,
        shown_at: None,
        payload: payload("open-payments", "https://wallet.example/alice"),
        created_at: made,
        expires_at: made.plus(LIFETIME),
        keep_until: made.plus(LIFETIME).plus(LIFETIME),
        state,
    }
}

/// What the face keeps with a request for one right.
pub(crate) fn payload(profile: &str, identifier: &str) -> Payload {
    let access = json!({
        "type": "outgoing-payment",
        "actions": ["create", "read"],
        "identifier": identifier,
        "limits": {
            "receiver": "https://wallet.example/bob/incoming-payments/1",
            "debitAmount": {"value": "18446744073709551615", "assetCode": "EUR", "assetScale": 2},
            "interval": "R12/2026-01-01T00:00:00Z/P1M",
        },
    });
    Payload {
        version: 1,
        open: json!({
            "profile": profile,
            "grant_endpoint": "https://as.example",
            "encoding": "base64",
            "tokens": [{"access": [access.to_string()]}],
            "several": false,
            "subject": {"ids": [{"format": "uri", "uri": "https://wallet.example/alice"}]},
            "key": {},
            "wallet": "https://client.example/app",
            "seal": "x",
        }),
        sealed: None,
    }
}

/// Stores a request, and a client that asked it.
pub(crate) async fn store(engine: &Engine, request: &PendingRequest) {
    let caller = Caller::default();
    let client = NewClient {
        client_id: request.id.to_string(),
        secrets: Vec::new(),
        metadata: serde_json::from_value(json!({})).unwrap(),
        disabled: false,
        declared: None,
    };
    let client = engine.add_client(client, &caller).await.unwrap();
    let mut request = request.clone();
    request.asker.client = client.get().id;
    insert(engine, Record::Pending(Box::new(request))).await;
}

/// Stores a record as it is.
pub(crate) async fn insert(engine: &Engine, record: Record) {
    let event = engine.note(EventKind::RequestOpened, &Caller::default());
    let commit = Commit::new(engine.issuer_id(), event).with(Change::insert(record));
    engine.put(commit).await.unwrap();
}
