//! Records to play with: complete ones, told apart by their ids.

use std::borrow::Cow;

use placet_core::{
    callback::Callback,
    client::{Client, ClientMetadata},
    grant::Grant,
    id::Id,
    issuer::Issuer,
    key::StoredKey,
    pending::{
        Asker, DecidedBy, Delivery, EndKind, Ending, FaceName, Handle, HandleKind, Payload,
        PendingRequest, SignInNeed, State,
    },
    person::{Authentication, Person, Session},
    right::Rights,
    secret::{SecretHash, kind},
    store::{Name, Record},
    tenant::{IdentityProvider, Tenant},
    time::Lifetime,
    token::{AccessToken, Family, RefreshToken},
    vault::{DataKey, Sealed},
};

use super::Scene;

/// How long a sample lives.
pub(super) const LIFE: Lifetime = Lifetime::from_secs(600);

impl Scene {
    pub(super) fn request(&self, state: State) -> PendingRequest {
        let now = self.now();
        PendingRequest {
            id: self.id(),
            face: FaceName(Cow::Borrowed("oauth")),
            asker: Asker {
                client: self.id(),
                peer: "192.0.2.1".to_owned(),
                proven: true,
                introduced: None,
            },
            asked: Rights::parse("read write", ["urn:test:photos"]).unwrap(),
            need: SignInNeed::default(),
            addressed_to: None,
            delivery: Delivery::Poll {
                interval: Lifetime::from_secs(5),
            },
            browser: None,
            always_ask: false,
            parent: None,
            continuation: None,
            on_answer: None,
            shown_at: None,
            user_code: None,
            payload: Payload {
                version: 1,
                open: serde_json::json!({ "nonce": "n" }),
                sealed: None,
            },
            created_at: now,
            expires_at: now.plus(LIFE),
            keep_until: now.plus(LIFE).plus(LIFE),
            state,
        }
    }

    pub(super) fn client(&self, client_id: &str) -> Client {
        Client {
            id: self.id(),
            number: 7,
            client_id: client_id.to_owned(),
            secrets: Vec::new(),
            metadata: ClientMetadata::default(),
            disabled: false,
            not_before: None,
            declared: None,
            key: None,
            resource_sets: std::collections::BTreeMap::new(),
            created_at: self.now(),
            keep_until: None,
        }
    }

    pub(super) fn person(&self, username: &str) -> Person {
        Person {
            id: self.id(),
            subject: format!("subject of {username}"),
            username: username.to_owned(),
            password_hash: None,
            claims: serde_json::Map::new(),
            disabled: false,
            not_before: None,
            declared: None,
            created_at: self.now(),
            erased: false,
        }
    }

    pub(super) fn session(&self, person: Id<Person>, cookie: &str) -> Session {
        let now = self.now();
        Session {
            hash: SecretHash::of(cookie),
            sid: self.id(),
            person,
            authentication: self.authentication(),
            created_at: now,
            expires_at: now.plus(LIFE),
            peer: "192.0.2.7".to_owned(),
            agent: "a browser".to_owned(),
            replaced_at: None,
            replaces: None,
            replaced_by: None,
            ended_at: None,
        }
    }

    pub(super) fn grant(&self, person: Id<Person>) -> Grant {
        Grant {
            id: self.id(),
            face: FaceName(Cow::Borrowed("oauth")),
            client: self.id(),
            person: Some(person),
            subject: Some("u-1".to_owned()),
            rights: Rights::default(),
            by: DecidedBy::Policy {
                rule: "test".to_owned(),
            },
            session: None,
            sid: None,
            created_at: self.now(),
            revoked_at: None,
            keep_until: None,
            renewable: false,
        }
    }

    pub(super) fn family(&self, grant: Option<Id<Grant>>) -> Family {
        let now = self.now();
        Family {
            id: self.id(),
            client: self.id(),
            grant,
            person: None,
            subject: "u-1".to_owned(),
            session: None,
            sid: None,
            rights: Rights::default(),
            authentication: Some(self.authentication()),
            generation: 1,
            created_at: now,
            expires_at: now.plus(LIFE),
            used_at: now,
            ended_at: None,
        }
    }

    pub(super) fn refresh(&self, family: Id<Family>, text: &str) -> RefreshToken {
        let now = self.now();
        RefreshToken {
            hash: SecretHash::of(text),
            family,
            generation: 1,
            issued_at: now,
            expires_at: now.plus(LIFE),
            used: None,
        }
    }

    pub(super) fn access(&self, text: &str) -> AccessToken {
        let now = self.now();
        AccessToken {
            hash: SecretHash::of(text),
            jti: self.id(),
            client: self.id(),
            person: None,
            subject: "u-1".to_owned(),
            grant: None,
            family: None,
            session: None,
            rights: Rights::parse("read", []).unwrap(),
            authentication: None,
            issued_at: now,
            expires_at: now.plus(LIFE),
            revoked_at: None,
            binding: None,
        }
    }

    pub(super) fn tenant(&self, name: &str) -> Tenant {
        let issuer = Issuer::new(&format!("https://auth.example/{name}"), self.now());
        Tenant {
            id: self.id(),
            issuer: issuer.id,
            issuer_url: issuer.url,
            idp: Some(IdentityProvider {
                consent_url: "https://idp.example/consent".to_owned(),
                secrets: vec![SecretHash::of("new"), SecretHash::of("old")],
            }),
            api_secret: Some(self.sealed()),
            former_api_secret: Some(self.sealed()),
            declared: None,
            created_at: self.now(),
            changed_at: self.now(),
            deleted_at: None,
        }
    }

    pub(super) fn callback(&self) -> Callback {
        let now = self.now();
        Callback {
            id: self.id(),
            face: FaceName(Cow::Borrowed("gnap")),
            request: Some(self.id()),
            client: Some(self.id()),
            message: self.sealed(),
            created_at: now,
            due_at: now,
            attempts: 0,
            leased_until: None,
            keep_until: now.plus(LIFE),
        }
    }

    fn sealed(&self) -> Sealed {
        Sealed {
            key: self.id(),
            text: "AAAA".to_owned(),
        }
    }

    /// One record of each kind, in the order of their tables.
    pub(super) fn one_of_each(&self) -> Vec<Record> {
        let (now, person) = (self.now(), self.person("ada"));
        let family = self.family(None);
        let request = self.request(State::Pending);
        vec![
            Record::Issuer(issuer_record(self)),
            Record::Client(self.client("tv")),
            Record::Person(person.clone()),
            Record::Name(Name::username("ada").standing_for(person.id)),
            Record::Session(self.session(person.id, "cookie")),
            pending(request.clone()),
            Record::Handle(handle(&request, "code")),
            Record::Grant(self.grant(person.id)),
            Record::Family(family.clone()),
            Record::Refresh(self.refresh(family.id, "refresh")),
            Record::Access(self.access("token")),
            Record::SigningKey(StoredKey {
                id: self.id(),
                kid: "kid".to_owned(),
                alg: "ES256".to_owned(),
                public: serde_json::json!({ "kty": "EC" }),
                private: self.sealed(),
                created_at: now,
                active_from: now,
                retire_at: None,
            }),
            Record::DataKey(DataKey {
                id: self.id(),
                master: "master".to_owned(),
                wrapped: "AAAA".to_owned(),
                created_at: now,
            }),
            Record::Tenant(self.tenant("one")),
            Record::Callback(self.callback()),
        ]
    }

    fn authentication(&self) -> Authentication {
        Authentication {
            at: self.now(),
            acr: None,
            amr: vec!["pwd".to_owned()],
        }
    }

    /// The request as it is once its client collected.
    pub(super) fn collected(&self, request: &PendingRequest) -> Record {
        pending(PendingRequest {
            state: State::Collected {
                at: self.now(),
                grant: self.id(),
                family: self.id(),
            },
            ..request.clone()
        })
    }

    /// The request as it is once its person said no.
    pub(super) fn denied(&self, request: &PendingRequest) -> Record {
        pending(PendingRequest {
            state: State::Ended(Ending {
                kind: EndKind::Denied,
                at: self.now(),
            }),
            ..request.clone()
        })
    }
}

pub(super) fn pending(request: PendingRequest) -> Record {
    Record::Pending(Box::new(request))
}

/// A handle that leads to `request` and ends with it.
pub(super) fn handle(request: &PendingRequest, text: &str) -> Handle {
    Handle {
        kind: HandleKind::Poll,
        hash: *SecretHash::<kind::Collect>::of(text).as_bytes(),
        pending: request.id,
        keep_until: request.keep_until,
    }
}

/// An issuer's record under an id of its own, whatever its URL.
pub(super) fn issuer_record(scene: &Scene) -> Issuer {
    Issuer::new("https://issuer.example", scene.now())
}

/// A single-use value.
pub(super) fn once(text: &str) -> SecretHash<kind::Once> {
    SecretHash::of(text)
}
