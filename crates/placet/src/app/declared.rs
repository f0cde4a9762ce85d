//! Applies what the file declares: each declaration once, and again only when it changes.
//!
//! A record keeps a keyed hash of the declaration it was made from. While that is the same, the record is left as it
//! is, so that a restart re-enables nobody and undoes no rotation, and costs no hashing. What an operator removed stays
//! removed until its declaration changes. What is no longer declared stays.

use placet_core::{
    engine::{Caller, Declared, Engine, Error, NewClient, NewPerson, NewTenant},
    event::Actor,
    person::Person,
    refusal::Refusal,
    secret::{Digest, SecretHash},
    store::{Store, StoreError, Versioned},
    tenant::{IdentityProvider, Tenant},
    vault::Sealed,
};
use placet_web::person::Passwords;
use zeroize::Zeroizing;

use super::StartError;
use crate::config::{
    Confidential, DeclaredClient, DeclaredPerson, DeclaredTenant, Password, Settings,
};

/// Applies the people first, so that a client cannot take a person's subject (T15).
pub(super) async fn apply(
    engine: &Engine,
    passwords: &Passwords,
    settings: &Settings,
) -> Result<(), StartError> {
    let caller = Caller {
        actor: Actor::Operator,
        peer: None,
        ..Caller::default()
    };
    for declared in &settings.people {
        tell(
            "person",
            &declared.username,
            person(engine, passwords, declared, &caller).await,
        )?;
    }
    for declared in &settings.tenants {
        let name = Tenant::uuid_of(declared.id);
        let root = settings.public_origin.as_str();
        tell(
            "tenant",
            &name,
            tenant(engine, declared, root, &caller).await,
        )?;
    }
    for declared in &settings.clients {
        tell(
            "client",
            &declared.client_id,
            client(engine, declared, &caller).await,
        )?;
    }
    Ok(())
}

/// A name that is taken is the store's older truth and no reason not to serve; everything else is.
fn tell(what: &str, name: &str, applied: Result<(), StartError>) -> Result<(), StartError> {
    match applied {
        Err(StartError::Engine(
            Error::Refused(Refusal::Exceeds) | Error::Store(StoreError::Duplicate),
        )) => {
            tracing::warn!(
                name,
                "the {what} was not applied: its subject or id belongs to somebody else, or to somebody who was erased"
            );
            Ok(())
        }
        Err(StartError::Engine(Error::Store(StoreError::Conflict))) => {
            tracing::info!(
                name,
                "the {what} was applied by another node at this moment"
            );
            Ok(())
        }
        other => other,
    }
}

/// Whether an operator removed what this very declaration made. One that changed since makes it anew.
async fn is_dismissed(
    engine: &Engine,
    what: Declared<'_>,
    digest: Digest,
    caller: &Caller,
) -> Result<bool, StartError> {
    match engine.dismissed(what).await? {
        None => Ok(false),
        Some(by) if by == digest => {
            tracing::info!(
                ?what,
                "an operator removed it; its declaration is applied again when it changes"
            );
            Ok(true)
        }
        Some(_) => {
            engine.readmit(what, caller).await?;
            Ok(false)
        }
    }
}

/// What changes when a declaration does, and tells whoever copies the database nothing.
fn digest(engine: &Engine, fingerprint: &Confidential) -> Digest {
    engine
        .vault()
        .keyed_hash("declaration", fingerprint.reveal())
}

async fn tenant(
    engine: &Engine,
    declared: &DeclaredTenant,
    root: &str,
    caller: &Caller,
) -> Result<(), StartError> {
    let digest = digest(engine, &declared.fingerprint());
    let provider = || {
        declared.idp.as_ref().map(|idp| IdentityProvider {
            consent_url: idp.consent_url.clone(),
            secrets: vec![SecretHash::of(idp.secret.reveal())],
        })
    };
    let api_secret = || {
        declared
            .api_secret
            .as_ref()
            .map(|secret| Zeroizing::new(secret.reveal().to_owned()))
    };
    match engine.stored_tenant(declared.id).await? {
        Some(known) if known.declared == Some(digest) => {}
        // An operator deleted it; no start brings it back.
        Some(known) if !known.is_live() => {}
        Some(known) => {
            let sealed = new_api_secret(engine, &known, declared);
            let signs = declared.api_secret.is_some();
            let change = |tenant: &mut Tenant| {
                tenant.idp = match (tenant.idp.take(), provider()) {
                    // The secret before still counts, until the provider presents the new one.
                    (Some(mut known), Some(new)) => {
                        known.consent_url = new.consent_url;
                        if let Some(secret) = new.secrets.first()
                            && known.secrets.first() != Some(secret)
                        {
                            known.renew(*secret);
                        }
                        Some(known)
                    }
                    (_, new) => new,
                };
                if !signs {
                    (tenant.api_secret, tenant.former_api_secret) = (None, None);
                } else if let Some(sealed) = &sealed {
                    tenant.renew_api_secret(sealed.clone());
                }
                tenant.declared = Some(digest);
            };
            engine.change_tenant(declared.id, caller, change).await?;
        }
        None => {
            let new = NewTenant {
                id: Some(declared.id),
                issuer_url: super::tenants::issuer_url(root, declared.id),
                idp: provider(),
                api_secret: api_secret(),
                declared: Some(digest),
            };
            engine.add_tenant(new, caller).await?;
        }
    }
    Ok(())
}

/// The secret of a tenant's calls, sealed, if it is another one than before.
fn new_api_secret(engine: &Engine, known: &Tenant, declared: &DeclaredTenant) -> Option<Sealed> {
    let kept = known.api_secrets(engine.vault()).unwrap_or_default();
    let newest = kept.first().map(|secret| secret.as_slice());
    let secret = declared.api_secret.as_ref()?.reveal();
    let seal = || Tenant::seal_api_secret(declared.id, secret, engine.vault(), engine.random());
    (newest != Some(secret.as_bytes())).then(seal)
}

async fn person(
    engine: &Engine,
    passwords: &Passwords,
    declared: &DeclaredPerson,
    caller: &Caller,
) -> Result<(), StartError> {
    let digest = digest(engine, &declared.fingerprint);
    let store: &dyn Store = engine.store().as_ref();
    let known = store
        .person_named(engine.issuer_id(), &declared.username)
        .await?;
    if known
        .as_ref()
        .is_some_and(|known| known.value.declared == Some(digest))
    {
        return Ok(());
    }
    if is_dismissed(engine, Declared::Person(&declared.username), digest, caller).await? {
        return Ok(());
    }
    let Some(Versioned { value: known, .. }) = known else {
        let new = NewPerson {
            username: declared.username.clone(),
            subject: declared.subject.clone(),
            password_hash: hash(declared)?,
            claims: declared.claims.clone(),
            disabled: false,
            declared: Some(digest),
        };
        engine.add_person(new, caller).await?;
        return Ok(());
    };
    if declared
        .subject
        .as_ref()
        .is_some_and(|subject| *subject != known.subject)
    {
        tracing::warn!(
            username = declared.username,
            "the declared subject is not the person's, which stays as it is"
        );
    }
    let new_password = is_new_password(passwords, declared, &known).await?;
    let password_hash = if new_password {
        hash(declared)?
    } else {
        known.password_hash
    };
    engine
        .change_person(&declared.username, new_password, caller, |person| {
            person.password_hash.clone_from(&password_hash);
            person.claims.clone_from(&declared.claims);
            person.declared = Some(digest);
        })
        .await?;
    Ok(())
}

async fn is_new_password(
    passwords: &Passwords,
    declared: &DeclaredPerson,
    known: &Person,
) -> Result<bool, StartError> {
    match (&declared.password, &known.password_hash) {
        (None, known) => Ok(known.is_some()),
        (Some(_), None) => Ok(true),
        (Some(Password::Hash(hash)), Some(known)) => Ok(hash.reveal() != known),
        (Some(Password::Clear(clear)), Some(known)) => passwords
            .verify(clear.reveal(), Some(known))
            .await
            .map(|same| !same)
            .map_err(|source| StartError::Password {
                username: declared.username.clone(),
                source,
            }),
    }
}

fn hash(declared: &DeclaredPerson) -> Result<Option<String>, StartError> {
    match &declared.password {
        None => Ok(None),
        Some(Password::Hash(hash)) => Ok(Some(hash.reveal().to_owned())),
        Some(Password::Clear(clear)) => {
            Passwords::hash(clear.reveal())
                .map(Some)
                .map_err(|source| StartError::Password {
                    username: declared.username.clone(),
                    source,
                })
        }
    }
}

async fn client(
    engine: &Engine,
    declared: &DeclaredClient,
    caller: &Caller,
) -> Result<(), StartError> {
    let digest = digest(engine, &declared.fingerprint);
    let secrets: Vec<_> = declared
        .secret
        .iter()
        .map(|secret| SecretHash::of(secret.reveal()))
        .collect();
    let store: &dyn Store = engine.store().as_ref();
    let known = store
        .client_named(engine.issuer_id(), &declared.client_id)
        .await?;
    if known
        .as_ref()
        .is_some_and(|known| known.value.declared == Some(digest))
    {
        return Ok(());
    }
    if is_dismissed(
        engine,
        Declared::Client(&declared.client_id),
        digest,
        caller,
    )
    .await?
    {
        return Ok(());
    }
    match known {
        None => {
            let new = NewClient {
                client_id: declared.client_id.clone(),
                secrets,
                metadata: declared.metadata.clone(),
                disabled: declared.disabled,
                declared: Some(digest),
            };
            engine.add_client(new, caller).await?;
        }
        Some(_) => {
            engine
                .change_client(&declared.client_id, caller, |client| {
                    client.secrets.clone_from(&secrets);
                    client.metadata.clone_from(&declared.metadata);
                    client.disabled = declared.disabled;
                    client.declared = Some(digest);
                })
                .await?;
        }
    }
    Ok(())
}
