//! Clients: add, list, show, change, remove, and a new secret.
//!
//! Spec: RFC 7591 §2 and §3.2.1

use std::{borrow::Cow, fmt};

use placet_core::{
    client::{ApplicationType, AuthMethod, Client},
    engine::NewClient,
    event::EventKind,
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::{Change, Commit, Record, Table, Version, Versioned},
};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, ObjectBuilder, Ref, RefOr,
        schema::{Schema, Type},
    },
};
use zeroize::Zeroizing;

use super::{Flaw, Listing, Metadata, Moment, OperationError, Operator, Wish};
use crate::config::check_client_id;

/// What a client is called in messages.
const CLIENT: &str = "client";
/// The list of clients, as cursors name it.
const LIST: &str = "clients";
/// The least length of a secret that somebody brings: 128 bits as base64.
const SECRET_CHARS_LEAST: usize = 22;

/// A client as operators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientView {
    /// The `client_id` it goes by.
    pub client_id: String,
    /// Its id inside; events name it so.
    pub id: String,
    /// A number below 2^53.
    pub number: u64,
    /// Whether it is shut out.
    pub disabled: bool,
    /// How many secrets it has; more than one while they are being replaced.
    pub secrets: usize,
    /// Whether the settings file declares it.
    pub declared: bool,
    /// When it was registered.
    pub created_at: Moment,
    /// Its tokens issued before this time are not active. Absent when all count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Moment>,
    /// Counts its changes; a change names the version it was made for.
    pub version: u64,
    /// What it is registered with.
    #[serde(flatten)]
    pub metadata: Metadata,
}

impl From<Versioned<Client>> for ClientView {
    fn from(Versioned { value, version }: Versioned<Client>) -> Self {
        Self {
            client_id: value.client_id,
            id: value.id.to_string(),
            number: value.number,
            disabled: value.disabled,
            secrets: value.secrets.len(),
            declared: value.declared.is_some(),
            created_at: value.created_at.into(),
            not_before: value.not_before.map(Moment::from),
            version,
            metadata: Metadata(value.metadata),
        }
    }
}

/// A secret that was made a moment ago and is told this once.
#[derive(Clone, ToSchema)]
#[schema(value_type = String)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

impl Serialize for ClientSecret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A client right after it was added, or was given a secret (RFC 7591 §3.2.1).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegisteredClient {
    /// The secret, if one was made. It cannot be read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<ClientSecret>,
    /// The client.
    #[serde(flatten)]
    pub client: ClientView,
}

/// A client to add: the members of its metadata, and these beside them.
#[derive(Debug, Clone, Default)]
pub struct NewClientDocument {
    /// The `client_id`. Absent: one is made.
    pub client_id: Option<String>,
    /// A secret it has already. Absent: one is made if it authenticates by one.
    pub client_secret: Option<ClientSecret>,
    /// Whether it is shut out from the beginning.
    pub disabled: bool,
    /// What it is registered with.
    pub metadata: Metadata,
}

/// What a client becomes: all of it, so that nothing is kept by accident.
#[derive(Debug, Clone)]
pub struct ClientChange {
    /// Whether it is shut out.
    pub disabled: bool,
    /// What it is registered with.
    pub metadata: Metadata,
}

/// The members of the metadata, with others beside them.
fn beside_metadata(members: ObjectBuilder) -> RefOr<Schema> {
    AllOfBuilder::new()
        .item(Ref::from_schema_name(Metadata::name()))
        .item(members)
        .into()
}

fn disabled_member(members: ObjectBuilder) -> ObjectBuilder {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether it is shut out."));
    members.property("disabled", schema)
}

impl PartialSchema for NewClientDocument {
    fn schema() -> RefOr<Schema> {
        let text = |words| {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some(words))
        };
        let id = text("The `client_id`. Absent: one is made.");
        let secret =
            text("A secret it has already. Absent: one is made if it authenticates by one.");
        beside_metadata(disabled_member(
            ObjectBuilder::new()
                .property("client_id", id)
                .property("client_secret", secret.write_only(true)),
        ))
    }
}

impl ToSchema for NewClientDocument {
    fn name() -> Cow<'static, str> {
        "NewClient".into()
    }
}

impl PartialSchema for ClientChange {
    fn schema() -> RefOr<Schema> {
        beside_metadata(disabled_member(ObjectBuilder::new()))
    }
}

impl ToSchema for ClientChange {
    fn name() -> Cow<'static, str> {
        "ClientChange".into()
    }
}

fn text(members: &mut Map<String, Json>, name: &str) -> Result<Option<String>, Flaw> {
    match members.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Flaw::new(name, "must be text")),
    }
}

fn flag(members: &mut Map<String, Json>, name: &str) -> Result<Option<bool>, Flaw> {
    match members.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(flag)) => Ok(Some(flag)),
        Some(_) => Err(Flaw::new(name, "must be true or false")),
    }
}

impl NewClientDocument {
    /// Reads a document of RFC 7591 members, with `client_id`, `client_secret` and `disabled` among them.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] when a member does not exist or has another type.
    pub fn parse(mut members: Map<String, Json>) -> Result<Self, OperationError> {
        let read = |members: &mut Map<String, Json>| {
            Ok(Self {
                client_id: text(members, "client_id")?,
                client_secret: text(members, "client_secret")?.map(|t| ClientSecret(t.into())),
                disabled: flag(members, "disabled")?.unwrap_or_default(),
                metadata: Metadata::parse(std::mem::take(members))?,
            })
        };
        read(&mut members).map_err(|flaw| OperationError::Invalid(vec![flaw]))
    }

    /// The method, worked out where RFC 7591 leaves it open: keys speak for themselves, software on a device keeps
    /// no secret, and all else gets one.
    fn settle_method(&mut self) -> AuthMethod {
        let metadata = &mut self.metadata.0;
        let has_keys = metadata.jwks.is_some() || metadata.jwks_uri.is_some();
        let native = metadata.application_type == ApplicationType::Native;
        let by_default = match (self.client_secret.is_some(), has_keys, native) {
            (true, _, _) | (false, false, false) => AuthMethod::ClientSecretBasic,
            (false, true, _) => AuthMethod::PrivateKeyJwt,
            (false, false, true) => AuthMethod::None,
        };
        *metadata
            .token_endpoint_auth_method
            .get_or_insert(by_default)
    }
}

impl ClientChange {
    /// Reads a document of RFC 7591 members, with `disabled` among them.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] when a member does not exist or has another type.
    pub fn parse(mut members: Map<String, Json>) -> Result<Self, OperationError> {
        let read = |members: &mut Map<String, Json>| {
            Ok(Self {
                disabled: flag(members, "disabled")?.unwrap_or_default(),
                metadata: Metadata::parse(std::mem::take(members))?,
            })
        };
        read(&mut members).map_err(|flaw| OperationError::Invalid(vec![flaw]))
    }
}

impl Operator {
    /// Adds a client, and makes its secret when it needs one.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] with everything that is wrong; [`OperationError::Taken`] when the `client_id` is
    /// another client's or a person's subject (T15).
    pub async fn add_client(
        &self,
        mut new: NewClientDocument,
    ) -> Result<RegisteredClient, OperationError> {
        let method = new.settle_method();
        let by_secret = matches!(
            method,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
        );
        let made = (by_secret && new.client_secret.is_none()).then(|| self.new_secret());
        let secret = new.client_secret.as_ref().or(made.as_ref());
        let mut flaws = new.metadata.flaws(secret.is_some(), self.development);
        let client_id = new
            .client_id
            .unwrap_or_else(|| placet_core::Id::<Client>::random(self.engine.random()).to_string());
        flaws.extend(
            check_client_id(&client_id)
                .err()
                .map(|fault| Flaw::of("client_id", fault)),
        );
        flaws.extend(new.client_secret.as_ref().and_then(weak));
        if !flaws.is_empty() {
            return Err(OperationError::Invalid(flaws));
        }
        let record = NewClient {
            client_id: client_id.clone(),
            secrets: secret
                .map(|s| SecretHash::of(s.reveal()))
                .into_iter()
                .collect(),
            metadata: new.metadata.0,
            disabled: new.disabled,
            declared: None,
        };
        let added = self.engine.add_client(record, &self.caller).await;
        let value = added.map_err(|error| match error {
            placet_core::engine::Error::Refused(Refusal::Exceeds) => OperationError::Taken {
                what: CLIENT,
                name: client_id.clone(),
            },
            error => OperationError::about(error, CLIENT, &client_id),
        })?;
        let client = Versioned {
            value: value.into_inner(),
            version: 1,
        };
        Ok(RegisteredClient {
            client_secret: made,
            client: client.into(),
        })
    }

    /// One page of the clients, oldest first.
    ///
    /// # Errors
    /// [`OperationError::BadCursor`]; [`OperationError::Engine`].
    pub async fn clients(&self, wish: &Wish) -> Result<Listing<ClientView>, OperationError> {
        self.page(LIST, Table::Client, wish, |record| match record.value {
            Record::Client(value) => Some(ClientView::from(Versioned {
                value,
                version: record.version,
            })),
            _ => None,
        })
        .await
    }

    /// One client.
    ///
    /// # Errors
    /// [`OperationError::NotFound`].
    pub async fn client(&self, client_id: &str) -> Result<ClientView, OperationError> {
        self.read_client(client_id).await.map(ClientView::from)
    }

    /// Changes a client at the version that was read.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Invalid`]; [`OperationError::Stale`] when it changed since.
    pub async fn change_client(
        &self,
        client_id: &str,
        version: Version,
        change: ClientChange,
    ) -> Result<ClientView, OperationError> {
        let mut read = self.read_client(client_id).await?;
        let has_secret = !read.value.secrets.is_empty();
        let flaws = change.metadata.flaws(has_secret, self.development);
        if !flaws.is_empty() {
            return Err(OperationError::Invalid(flaws));
        }
        if read.version != version {
            return Err(OperationError::Stale);
        }
        read.value.disabled = change.disabled;
        read.value.metadata = change.metadata.0;
        self.write_client(read, "changed").await
    }

    /// Removes a client. Its tokens are not active from then on.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Stale`] when somebody changed it at the same time.
    pub async fn remove_client(&self, client_id: &str) -> Result<(), OperationError> {
        self.engine
            .remove_client(client_id, &self.caller)
            .await
            .map(|_| ())
            .map_err(|error| OperationError::about(error, CLIENT, client_id))
    }

    /// Gives a client a new secret. `keep_last` lets the newest old one count beside it, so that no request fails
    /// while the client moves over.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Invalid`] when it does not authenticate by a secret.
    pub async fn new_client_secret(
        &self,
        client_id: &str,
        keep_last: bool,
    ) -> Result<RegisteredClient, OperationError> {
        let mut read = self.read_client(client_id).await?;
        match read.value.auth_method() {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {}
            AuthMethod::None | AuthMethod::PrivateKeyJwt => {
                return Err(OperationError::invalid(
                    "token_endpoint_auth_method",
                    "is not one that uses a secret",
                ));
            }
        }
        let secret = self.new_secret();
        let mut secrets = vec![SecretHash::<kind::Client>::of(secret.reveal())];
        secrets.extend(read.value.secrets.first().copied().filter(|_| keep_last));
        read.value.secrets = secrets;
        let client = self.write_client(read, "secret").await?;
        Ok(RegisteredClient {
            client_secret: Some(secret),
            client,
        })
    }

    pub(super) async fn read_client(
        &self,
        client_id: &str,
    ) -> Result<Versioned<Client>, OperationError> {
        let found = self
            .store()
            .client_named(self.engine.issuer_id(), client_id)
            .await?;
        found.ok_or_else(|| OperationError::NotFound {
            what: CLIENT,
            name: client_id.to_owned(),
        })
    }

    async fn write_client(
        &self,
        client: Versioned<Client>,
        note: &'static str,
    ) -> Result<ClientView, OperationError> {
        let mut event = self.engine.note(EventKind::ClientChanged, &self.caller);
        event.client = Some(client.value.id);
        event.note = Some(note.into());
        let change = Change::update(client.version, Record::Client(client.value.clone()));
        let commit = Commit::new(self.engine.issuer_id(), event).with(change);
        self.engine.put(commit).await?;
        Ok(ClientView::from(Versioned {
            value: client.value,
            version: client.version + 1,
        }))
    }

    fn new_secret(&self) -> ClientSecret {
        let secret = Secret::<kind::Client>::generate(self.engine.random());
        ClientSecret(secret.reveal().into())
    }
}

/// A secret that is looked up by its SHA-256 must withstand guessing (T20).
fn weak(secret: &ClientSecret) -> Option<Flaw> {
    let short = secret.reveal().len() < SECRET_CHARS_LEAST;
    short.then(|| {
        Flaw::new(
            "client_secret",
            format!(
                "must have {SECRET_CHARS_LEAST} characters or more; leave it out and one is made"
            ),
        )
    })
}
