//! People: add, list, show, change, shut out and let in, a new password, and erasure.
//!
//! Spec: OpenID Connect Core §2 (`sub`), §5.1 (claims); NIST SP 800-63B-4 §3.1.1.2 (passwords)

use std::{borrow::Cow, fmt};

use placet_core::{
    Id,
    engine::{self, NewPerson, just_after},
    event::EventKind,
    person::Person,
    refusal::Refusal,
    store::{Change, Commit, Record, Table, Version, Versioned},
};
use placet_web::person::PasswordError;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, schema::Schema},
};
use zeroize::Zeroizing;

use super::{Flaw, Listing, Moment, OperationError, Operator, Wish, document::member_schema};
use crate::config::{
    catalogue::{self, Kind, Setting},
    check_label, check_password_hash, check_subject, check_username, check_web_address,
};

/// What a person is called in messages.
const PERSON: &str = "person";
/// The list of people, as cursors name it.
const LIST: &str = "people";
/// The least a password has.
const PASSWORD_CHARS_LEAST: usize = 8;
/// The most a password has: enough for any sentence, too little to keep a hash busy.
const PASSWORD_BYTES_MOST: usize = 1024;

/// OpenID Connect's standard claims, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(pub Map<String, Json>);

/// A person as operators see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a member of the document, and they are independent"
)]
pub struct PersonView {
    /// Their id inside; events name them so.
    pub id: String,
    /// What they sign in with. Empty once they are erased.
    pub username: String,
    /// The `sub` clients see.
    pub subject: String,
    /// Whether they can sign in by password.
    pub has_password: bool,
    /// Whether they are shut out everywhere.
    pub disabled: bool,
    /// Whether everything about them was erased.
    pub erased: bool,
    /// Whether the settings file declares them.
    pub declared: bool,
    /// When they were added.
    pub created_at: Moment,
    /// Sign-ins and tokens from before this time are not active. Absent when all count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Moment>,
    /// Counts their changes; a change names the version it was made for.
    pub version: u64,
    /// What clients may learn about them.
    pub claims: Claims,
}

impl From<Versioned<Person>> for PersonView {
    fn from(Versioned { value, version }: Versioned<Person>) -> Self {
        Self {
            id: value.id.to_string(),
            username: value.username,
            subject: value.subject,
            has_password: value.password_hash.is_some(),
            disabled: value.disabled,
            erased: value.erased,
            declared: value.declared.is_some(),
            created_at: value.created_at.into(),
            not_before: value.not_before.map(Moment::from),
            version,
            claims: Claims(value.claims),
        }
    }
}

/// A password somebody chose. It is wiped when it is dropped, and never printed.
#[derive(Clone, ToSchema)]
#[schema(value_type = String)]
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    /// Takes a text as a password.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword")
    }
}

impl<'de> Deserialize<'de> for NewPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// A person to add.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPersonDocument {
    /// What they sign in with; capitals do not matter.
    pub username: String,
    /// The `sub` clients see: stable, never reused. Absent: one is made.
    #[serde(default)]
    pub subject: Option<String>,
    /// Their password. Absent, without a hash too: they cannot sign in by password yet.
    #[serde(default)]
    #[schema(write_only)]
    pub password: Option<NewPassword>,
    /// Its argon2id hash in PHC form, instead.
    #[serde(default)]
    #[schema(write_only)]
    pub password_hash: Option<NewPassword>,
    /// What clients may learn about them.
    #[serde(default)]
    pub claims: Claims,
    /// Whether they are shut out from the beginning.
    #[serde(default)]
    pub disabled: bool,
}

/// What a person becomes: all that may change, so that nothing is kept by accident.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// What clients may learn about them.
    #[serde(default)]
    pub claims: Claims,
    /// Whether they are shut out everywhere.
    #[serde(default)]
    pub disabled: bool,
}

impl Operator {
    /// Adds a person.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] with everything that is wrong; [`OperationError::Taken`] when name or subject is
    /// another person's, or the subject is a `client_id` (T15).
    pub async fn add_person(&self, new: NewPersonDocument) -> Result<PersonView, OperationError> {
        let flaws = flaws(&new);
        if !flaws.is_empty() {
            return Err(OperationError::Invalid(flaws));
        }
        let password_hash = match (&new.password, &new.password_hash) {
            (Some(password), _) => Some(self.hash(password).await?),
            (None, hash) => hash.as_ref().map(|hash| hash.0.to_string()),
        };
        let (username, subject) = (new.username.clone(), new.subject.clone());
        let record = NewPerson {
            username: new.username,
            subject: new.subject,
            password_hash,
            claims: new.claims.0,
            disabled: new.disabled,
            declared: None,
        };
        match self.engine.add_person(record, &self.caller).await {
            Ok(person) => Ok(PersonView::from(Versioned {
                value: person.into_inner(),
                version: 1,
            })),
            Err(engine::Error::Refused(Refusal::Exceeds)) => Err(taken_subject(subject)),
            Err(error) => {
                let error = OperationError::about(error, "user name", &username);
                // Which of the two names it was: the user name, unless nobody has it.
                let by_subject = matches!(error, OperationError::Taken { .. })
                    && self.read_person(&username).await.is_err();
                Err(if by_subject {
                    taken_subject(subject)
                } else {
                    error
                })
            }
        }
    }

    /// One page of the people, oldest first.
    ///
    /// # Errors
    /// [`OperationError::BadCursor`]; [`OperationError::Engine`].
    pub async fn people(&self, wish: &Wish) -> Result<Listing<PersonView>, OperationError> {
        self.page(LIST, Table::Person, wish, |record| match record.value {
            Record::Person(value) => Some(PersonView::from(Versioned {
                value,
                version: record.version,
            })),
            _ => None,
        })
        .await
    }

    /// One person, by user name or id.
    ///
    /// # Errors
    /// [`OperationError::NotFound`].
    pub async fn person(&self, name: &str) -> Result<PersonView, OperationError> {
        self.read_person(name).await.map(PersonView::from)
    }

    /// Changes a person at the version that was read. Shutting them out ends their sign-ins.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Invalid`]; [`OperationError::Stale`] when they changed since.
    pub async fn change_person(
        &self,
        name: &str,
        version: Version,
        change: PersonChange,
    ) -> Result<PersonView, OperationError> {
        let mut read = self.read_person(name).await?;
        let mut flaws = Vec::new();
        check_claims(&change.claims, &mut flaws);
        if read.value.erased {
            flaws.push(Flaw::new("the person", "was erased"));
        }
        if !flaws.is_empty() {
            return Err(OperationError::Invalid(flaws));
        }
        if read.version != version {
            return Err(OperationError::Stale);
        }
        read.value.claims = change.claims.0;
        self.shut_out(&mut read.value, change.disabled);
        self.write_person(read, "changed").await
    }

    /// Shuts a person out, or lets them in again. What they signed in to before stays over.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Stale`] when somebody changed them at the same time.
    pub async fn set_disabled(
        &self,
        name: &str,
        disabled: bool,
    ) -> Result<PersonView, OperationError> {
        let mut read = self.read_person(name).await?;
        if read.value.erased {
            return Err(OperationError::invalid("the person", "was erased"));
        }
        self.shut_out(&mut read.value, disabled);
        let note = if disabled { "disabled" } else { "enabled" };
        self.write_person(read, note).await
    }

    /// Gives a person a new password. Every sign-in of theirs ends: a thief inside must not stay.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Invalid`] for one that is too short or too long.
    pub async fn set_password(
        &self,
        name: &str,
        password: &NewPassword,
    ) -> Result<PersonView, OperationError> {
        if let Some(flaw) = weak(password) {
            return Err(OperationError::Invalid(vec![flaw]));
        }
        let hash = self.hash(password).await?;
        let mut read = self.read_person(name).await?;
        if read.value.erased {
            return Err(OperationError::invalid("the person", "was erased"));
        }
        read.value.password_hash = Some(hash);
        read.value.not_before = Some(just_after(self.store().now()));
        self.write_person(read, "password").await
    }

    /// Erases a person: name, claims, password and sign-ins go; id and subject stay, so that the audit holds and
    /// nobody gets the subject again. What they had allowed is revoked.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Stale`] when somebody changed them at the same time.
    pub async fn erase_person(&self, name: &str) -> Result<PersonView, OperationError> {
        let read = self.read_person(name).await?;
        let id = read.value.id;
        if !read.value.erased {
            self.engine
                .erase_person(&read.value.username, &self.caller)
                .await
                .map_err(|error| OperationError::about(error, PERSON, name))?;
        }
        for grant in self.engine.list_grants(id).await? {
            self.engine
                .revoke_grant(grant.value.id, Some(id), &self.caller)
                .await?;
        }
        self.person(&id.to_string()).await
    }

    pub(super) async fn read_person(
        &self,
        name: &str,
    ) -> Result<Versioned<Person>, OperationError> {
        let (store, issuer) = (self.store(), self.engine.issuer_id());
        let found = match name.parse::<Id<Person>>() {
            Ok(id) => store.person(issuer, id).await?,
            Err(_) => store.person_named(issuer, name).await?,
        };
        found.ok_or_else(|| OperationError::NotFound {
            what: PERSON,
            name: name.to_owned(),
        })
    }

    fn shut_out(&self, person: &mut Person, disabled: bool) {
        if disabled && !person.disabled {
            person.not_before = Some(just_after(self.store().now()));
        }
        person.disabled = disabled;
    }

    async fn write_person(
        &self,
        person: Versioned<Person>,
        note: &'static str,
    ) -> Result<PersonView, OperationError> {
        let mut event = self.engine.note(EventKind::PersonChanged, &self.caller);
        event.person = Some(person.value.id);
        event.note = Some(note.into());
        let change = Change::update(person.version, Record::Person(person.value.clone()));
        let commit = Commit::new(self.engine.issuer_id(), event).with(change);
        self.engine.put(commit).await?;
        Ok(PersonView::from(Versioned {
            value: person.value,
            version: person.version + 1,
        }))
    }

    async fn hash(&self, password: &NewPassword) -> Result<String, OperationError> {
        self.passwords
            .hash_in_pool(&password.0)
            .await
            .map_err(|error| match error {
                PasswordError::Busy { .. } => OperationError::Busy,
                PasswordError::Length | PasswordError::Failed => {
                    OperationError::invalid("password", error.to_string())
                }
            })
    }
}

fn taken_subject(subject: Option<String>) -> OperationError {
    OperationError::Taken {
        what: "subject",
        name: subject.unwrap_or_default(),
    }
}

fn flaws(new: &NewPersonDocument) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if let Err(fault) = check_username(&new.username) {
        flaws.push(Flaw::of("username", fault));
    }
    if new.username.parse::<Id<Person>>().is_ok() {
        flaws.push(Flaw::new("username", "must not look like a person's id"));
    }
    if let Some(Err(fault)) = new.subject.as_deref().map(check_subject) {
        flaws.push(Flaw::of("subject", fault));
    }
    flaws.extend(new.password.as_ref().and_then(weak));
    if let Some(Err(fault)) = new
        .password_hash
        .as_ref()
        .map(|h| check_password_hash(&h.0))
    {
        flaws.push(Flaw::of("password_hash", fault));
    }
    if new.password.is_some() && new.password_hash.is_some() {
        flaws.push(Flaw::new(
            "password_hash",
            "stands beside password; one is enough",
        ));
    }
    check_claims(&new.claims, &mut flaws);
    flaws
}

fn weak(password: &NewPassword) -> Option<Flaw> {
    if password.0.chars().count() < PASSWORD_CHARS_LEAST {
        let message = format!("must have {PASSWORD_CHARS_LEAST} characters or more");
        return Some(Flaw::new("password", message));
    }
    (password.0.len() > PASSWORD_BYTES_MOST).then(|| {
        let message = format!("must have at most {PASSWORD_BYTES_MOST} bytes");
        Flaw::new("password", message)
    })
}

/// The claims a declaration may hold; operators may give no others.
fn known_claims() -> &'static [Setting] {
    catalogue::section("people.claims").map_or(&[][..], |section| section.settings)
}

fn check_claims(claims: &Claims, flaws: &mut Vec<Flaw>) {
    for (name, value) in &claims.0 {
        let member = format!("claims.{name}");
        let known = known_claims().iter().find(|setting| setting.name() == name);
        let Some(setting) = known else {
            flaws.push(Flaw::new(
                member,
                "is no standard claim (OpenID Connect Core §5.1)",
            ));
            continue;
        };
        let result = match (setting.kind, value) {
            (Kind::Flag, Json::Bool(_)) | (Kind::Structure, Json::Object(_)) => Ok(()),
            (Kind::Number { .. }, Json::Number(number)) if number.is_u64() => Ok(()),
            (Kind::Url, Json::String(text)) => check_web_address(text),
            (Kind::Text, Json::String(text)) => check_label(text),
            (
                _,
                Json::Null
                | Json::Bool(_)
                | Json::Number(_)
                | Json::String(_)
                | Json::Array(_)
                | Json::Object(_),
            ) => {
                flaws.push(Flaw::new(member.clone(), "has a value of another type"));
                Ok(())
            }
        };
        flaws.extend(result.err().map(|fault| Flaw::of(member, fault)));
    }
}

impl PartialSchema for Claims {
    fn schema() -> RefOr<Schema> {
        known_claims()
            .iter()
            .fold(ObjectBuilder::new(), |object, setting| {
                object.property(setting.name(), member_schema(setting))
            })
            .description(Some("OpenID Connect Core §5.1."))
            .into()
    }
}

impl ToSchema for Claims {
    fn name() -> Cow<'static, str> {
        "Claims".into()
    }
}
