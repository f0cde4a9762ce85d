//! What is stored, in one shape for every store: a table, a key, a version, an owner, a retention, a body.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::{
    callback::Callback,
    client::Client,
    grant::Grant,
    id::Id,
    issuer::Issuer,
    key::StoredKey,
    pending::{Handle, HandleKind, PendingRequest, RETENTION},
    person::{Person, Session},
    secret::{Digest, SecretHash, kind},
    tenant::Tenant,
    time::Timestamp,
    token::{AccessToken, Family, RefreshToken},
    vault::DataKey,
};

/// Room for most bodies, so that writing one need not move it to a larger place.
const BODY_BYTES: usize = 1024;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the table of the record of that name")]
pub enum Table {
    Issuer,
    Client,
    Person,
    Name,
    Session,
    Pending,
    Handle,
    Grant,
    Family,
    Refresh,
    Access,
    SigningKey,
    DataKey,
    Tenant,
    Callback,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 15] = [
        Self::Issuer,
        Self::Client,
        Self::Person,
        Self::Name,
        Self::Session,
        Self::Pending,
        Self::Handle,
        Self::Grant,
        Self::Family,
        Self::Refresh,
        Self::Access,
        Self::SigningKey,
        Self::DataKey,
        Self::Tenant,
        Self::Callback,
    ];

    /// Its name in a database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Client => "client",
            Self::Person => "person",
            Self::Name => "name",
            Self::Session => "session",
            Self::Pending => "pending",
            Self::Handle => "handle",
            Self::Grant => "grants",
            Self::Family => "family",
            Self::Refresh => "refresh",
            Self::Access => "access",
            Self::SigningKey => "signing_key",
            Self::DataKey => "data_key",
            Self::Tenant => "tenant",
            Self::Callback => "callback",
        }
    }
}

/// The key of a record: its table and up to 33 bytes that say nothing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The table.
    pub table: Table,
    bytes: [u8; 33],
    length: u8,
}

impl Key {
    /// The bytes a store keys the row by.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or(&self.bytes)
    }

    /// A key from bytes a store returned. `None` when there are too many.
    pub fn from_bytes(table: Table, bytes: &[u8]) -> Option<Self> {
        let mut key = Self {
            table,
            bytes: [0; 33],
            length: u8::try_from(bytes.len()).ok()?,
        };
        key.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(key)
    }

    /// The key of an issuer's record.
    pub fn issuer(id: Id<Issuer>) -> Self {
        Self::of(Table::Issuer, id.as_bytes())
    }
    /// The key of a client.
    pub fn client(id: Id<Client>) -> Self {
        Self::of(Table::Client, id.as_bytes())
    }
    /// The key of a person.
    pub fn person(id: Id<Person>) -> Self {
        Self::of(Table::Person, id.as_bytes())
    }
    /// The key of a unique name.
    pub fn name(name: &Name) -> Self {
        Self::of(Table::Name, name.hash.as_bytes())
    }
    /// The key of a session.
    pub fn session(hash: SecretHash<kind::Session>) -> Self {
        Self::of(Table::Session, hash.as_bytes())
    }
    /// The key of a request.
    pub fn pending(id: Id<PendingRequest>) -> Self {
        Self::of(Table::Pending, id.as_bytes())
    }
    /// The key of a handle: the kind's tag and the hash.
    pub fn handle(kind: HandleKind, hash: &[u8; 32]) -> Self {
        let mut key = Self {
            table: Table::Handle,
            bytes: [kind.tag(); 33],
            length: 33,
        };
        for (to, from) in key.bytes.iter_mut().skip(1).zip(hash) {
            *to = *from;
        }
        key
    }
    /// The key of a grant.
    pub fn grant(id: Id<Grant>) -> Self {
        Self::of(Table::Grant, id.as_bytes())
    }
    /// The key of a family.
    pub fn family(id: Id<Family>) -> Self {
        Self::of(Table::Family, id.as_bytes())
    }
    /// The key of a refresh token.
    pub fn refresh(hash: SecretHash<kind::Refresh>) -> Self {
        Self::of(Table::Refresh, hash.as_bytes())
    }
    /// The key of an access token.
    pub fn access(hash: SecretHash<kind::Access>) -> Self {
        Self::of(Table::Access, hash.as_bytes())
    }
    /// The key of a signing key.
    pub fn signing_key(id: Id<StoredKey>) -> Self {
        Self::of(Table::SigningKey, id.as_bytes())
    }
    /// The key of a data key.
    pub fn data_key(id: Id<DataKey>) -> Self {
        Self::of(Table::DataKey, id.as_bytes())
    }
    /// The key of a tenant.
    pub fn tenant(id: Id<Tenant>) -> Self {
        Self::of(Table::Tenant, id.as_bytes())
    }
    /// The key of a callback.
    pub fn callback(id: Id<Callback>) -> Self {
        Self::of(Table::Callback, id.as_bytes())
    }

    fn of<const N: usize>(table: Table, bytes: &[u8; N]) -> Self {
        const { assert!(N <= 33) };
        let mut key = Self {
            table,
            bytes: [0; 33],
            length: 0,
        };
        for (to, from) in key.bytes.iter_mut().zip(bytes) {
            *to = *from;
            key.length += 1;
        }
        key
    }
}

/// A unique name and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The hash of the kind of name and its text.
    pub hash: Digest,
    /// The id of what it names. Zeros: nobody.
    pub target: [u8; 16],
    /// The declaration with which the bearer of the name was removed; then nobody goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed: Option<Digest>,
}

impl Name {
    /// A `client_id`.
    pub fn client(client_id: &str) -> Self {
        Self::of("client", client_id)
    }
    /// A user name, in the one form names are compared in.
    pub fn username(username: &str) -> Self {
        Self::of("username", &Person::normalise(username))
    }
    /// A `sub`.
    pub fn subject(subject: &str) -> Self {
        Self::of("subject", subject)
    }
    /// The URL of a tenant's issuer, so that no two tenants share what is stored under it.
    pub fn tenant(issuer_url: &str) -> Self {
        Self::of("tenant", issuer_url)
    }
    /// The mark of what was removed though it is declared. `hash` is a keyed one of its name.
    pub fn dismissed(hash: Digest, declaration: Digest) -> Self {
        Self {
            hash,
            target: [0; 16],
            dismissed: Some(declaration),
        }
    }
    /// The name's record, standing for `target`.
    #[must_use]
    pub fn standing_for<K>(mut self, target: Id<K>) -> Self
    where
        K: crate::id::Kind,
    {
        self.target = *target.as_bytes();
        self
    }

    fn of(kind: &str, text: &str) -> Self {
        Self {
            hash: Digest::of(&format!("{kind}\n{text}")),
            target: [0; 16],
            dismissed: None,
        }
    }
}

/// Anything a store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each holds the value of that name")]
#[expect(
    clippy::large_enum_variant,
    reason = "records travel boxed inside a change"
)]
pub enum Record {
    Issuer(Issuer),
    Client(Client),
    Person(Person),
    Name(Name),
    Session(Session),
    Pending(Box<PendingRequest>),
    Handle(Handle),
    Grant(Grant),
    Family(Family),
    Refresh(RefreshToken),
    Access(AccessToken),
    SigningKey(StoredKey),
    DataKey(DataKey),
    Tenant(Tenant),
    Callback(Callback),
}

impl Record {
    /// Its table and key.
    pub fn key(&self) -> Key {
        match self {
            Self::Issuer(r) => Key::issuer(r.id),
            Self::Client(r) => Key::client(r.id),
            Self::Person(r) => Key::person(r.id),
            Self::Name(r) => Key::name(r),
            Self::Session(r) => Key::session(r.hash),
            Self::Pending(r) => Key::pending(r.id),
            Self::Handle(r) => Key::handle(r.kind, &r.hash),
            Self::Grant(r) => Key::grant(r.id),
            Self::Family(r) => Key::family(r.id),
            Self::Refresh(r) => Key::refresh(r.hash),
            Self::Access(r) => Key::access(r.hash),
            Self::SigningKey(r) => Key::signing_key(r.id),
            Self::DataKey(r) => Key::data_key(r.id),
            Self::Tenant(r) => Key::tenant(r.id),
            Self::Callback(r) => Key::callback(r.id),
        }
    }

    /// What it is listed under. `None` when nobody lists it.
    pub fn owner(&self) -> Option<[u8; 16]> {
        match self {
            Self::Session(r) => Some(*r.person.as_bytes()),
            Self::Grant(r) => r.person.map(|person| *person.as_bytes()),
            Self::Family(r) => r.grant.map(|grant| *grant.as_bytes()),
            // Once it is answered nobody has to find it.
            Self::Pending(r) if r.state.is_settled() => None,
            Self::Pending(r) => r.addressed_to.map(|person| *person.as_bytes()),
            Self::Issuer(_)
            | Self::Client(_)
            | Self::Person(_)
            | Self::Name(_)
            | Self::Handle(_)
            | Self::Refresh(_)
            | Self::Access(_)
            | Self::SigningKey(_)
            | Self::DataKey(_)
            | Self::Tenant(_)
            | Self::Callback(_) => None,
        }
    }

    /// When it may be deleted. `None`: never by itself.
    pub fn keep_until(&self) -> Option<Timestamp> {
        match self {
            Self::Session(r) => Some(r.expires_at),
            Self::Pending(r) => Some(r.keep_until),
            Self::Handle(r) => Some(r.keep_until),
            Self::Grant(r) => r.keep_until,
            Self::Family(r) => Some(r.expires_at.plus(RETENTION)),
            Self::Refresh(r) => Some(r.expires_at),
            // A token that is managed can be rotated after it expired (RFC 9635 §6.1).
            Self::Access(r) => Some(match &r.binding {
                Some(binding) => binding.keep_until.max(r.expires_at),
                None => r.expires_at,
            }),
            Self::Client(r) => r.keep_until,
            // Whoever finds it in the meantime says that it was given up.
            Self::Callback(r) => Some(r.keep_until.plus(RETENTION)),
            Self::Issuer(_)
            | Self::Person(_)
            | Self::Name(_)
            | Self::SigningKey(_)
            | Self::DataKey(_)
            | Self::Tenant(_) => None,
        }
    }

    /// Its body as a store keeps it.
    ///
    /// # Panics
    /// Never: every record is made of text keys and finite numbers.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(BODY_BYTES);
        let to = &mut body;
        let written = match self {
            Self::Issuer(r) => serde_json::to_writer(to, r),
            Self::Client(r) => serde_json::to_writer(to, r),
            Self::Person(r) => serde_json::to_writer(to, r),
            Self::Name(r) => serde_json::to_writer(to, r),
            Self::Session(r) => serde_json::to_writer(to, r),
            Self::Pending(r) => serde_json::to_writer(to, r),
            Self::Handle(r) => serde_json::to_writer(to, r),
            Self::Grant(r) => serde_json::to_writer(to, r),
            Self::Family(r) => serde_json::to_writer(to, r),
            Self::Refresh(r) => serde_json::to_writer(to, r),
            Self::Access(r) => serde_json::to_writer(to, r),
            Self::SigningKey(r) => serde_json::to_writer(to, r),
            Self::DataKey(r) => serde_json::to_writer(to, r),
            Self::Tenant(r) => serde_json::to_writer(to, r),
            Self::Callback(r) => serde_json::to_writer(to, r),
        };
        written.expect("records have text keys and finite numbers, so they always serialise");
        body
    }

    /// Reads a body back and checks that it belongs under this key.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it does not parse, names a state this release does not know, or sits under
    /// another key.
    pub fn decode(key: &Key, body: &[u8]) -> Result<Self, StoreError> {
        fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
            serde_json::from_slice(body).map_err(|error| error.to_string())
        }
        let record = match key.table {
            Table::Issuer => read(body).map(Self::Issuer),
            Table::Client => read(body).map(Self::Client),
            Table::Person => read(body).map(Self::Person),
            Table::Name => read(body).map(Self::Name),
            Table::Session => read(body).map(Self::Session),
            Table::Pending => read(body).map(Self::Pending),
            Table::Handle => read(body).map(Self::Handle),
            Table::Grant => read(body).map(Self::Grant),
            Table::Family => read(body).map(Self::Family),
            Table::Refresh => read(body).map(Self::Refresh),
            Table::Access => read(body).map(Self::Access),
            Table::SigningKey => read(body).map(Self::SigningKey),
            Table::DataKey => read(body).map(Self::DataKey),
            Table::Tenant => read(body).map(Self::Tenant),
            Table::Callback => read(body).map(Self::Callback),
        };
        match record {
            Ok(record) if record.key() == *key => Ok(record),
            Ok(_) => Err(corrupt(
                key,
                "the body belongs under another key".to_owned(),
            )),
            Err(what) => Err(corrupt(key, what)),
        }
    }

    /// The error for a record that was found where another kind belongs.
    pub fn misplaced(&self) -> StoreError {
        corrupt(&self.key(), "a record of another kind".to_owned())
    }
}

fn corrupt(key: &Key, what: String) -> StoreError {
    let id = data_encoding::HEXLOWER.encode(key.bytes());
    StoreError::Corrupt {
        table: key.table,
        id,
        what,
    }
}
