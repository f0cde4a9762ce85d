//! Whom the client believes to be there. Only that person may answer; a name that this server did not give says where the
//! sign-in begins, and nothing else. An assertion names a person and never takes the place of their sign-in (threat A15).
//!
//! Spec: RFC 9635 §2.4, §2.4.1

use placet_core::{client::Client, id::Id, pending::SignInNeed, person::Person, time::Timestamp};
use placet_web::hint;

use crate::{
    GnapError, Place, Problem,
    realm::Realm,
    request::{AssertionAsk, UserAsk},
    subject::{AssertionFormat, SubjectIdentifier},
};

/// What the sign-in of whoever answers must be like.
///
/// # Errors
/// `unknown_user` for a name of this server's that is nobody's, for an assertion that was not made here for this client, and
/// for names of different people.
pub(crate) async fn need(
    realm: &Realm,
    client: &Client,
    user: Option<&UserAsk>,
    now: Timestamp,
) -> Result<SignInNeed, Problem> {
    let mut need = SignInNeed::default();
    let ids: &[SubjectIdentifier] = match user {
        None => return Ok(need),
        Some(UserAsk::Reference(reference)) => {
            is_named(realm, &mut need, reference).await?;
            return Ok(need);
        }
        Some(UserAsk::ByValue {
            sub_ids,
            assertions,
        }) => {
            for assertion in assertions {
                let subject = asserted(realm, client, assertion, now)?;
                is_named(realm, &mut need, &subject).await?;
            }
            sub_ids
        }
    };
    for id in ids {
        match id {
            SubjectIdentifier::Opaque { id } => is_named(realm, &mut need, id).await?,
            SubjectIdentifier::IssSub { iss, sub } if *iss == realm.site.settings.issuer_url => {
                is_named(realm, &mut need, sub).await?;
            }
            SubjectIdentifier::Email { email } => need.login_hint = Some(email.clone()),
            SubjectIdentifier::Account { .. }
            | SubjectIdentifier::Aliases { .. }
            | SubjectIdentifier::Did { .. }
            | SubjectIdentifier::IssSub { .. }
            | SubjectIdentifier::PhoneNumber { .. }
            | SubjectIdentifier::Uri { .. } => {}
        }
    }
    Ok(need)
}

/// The person about whom a client asks: nobody else may answer (RFC 9635 §2.2).
///
/// # Errors
/// `unknown_user` for a name that was not given here, since nobody could be told about, and for another than `need` names.
pub(crate) async fn asked_about(
    realm: &Realm,
    need: &mut SignInNeed,
    ids: &[SubjectIdentifier],
) -> Result<(), Problem> {
    for id in ids {
        match id {
            SubjectIdentifier::Opaque { id } => is_named(realm, need, id).await?,
            SubjectIdentifier::IssSub { iss, sub } if *iss == realm.site.settings.issuer_url => {
                is_named(realm, need, sub).await?;
            }
            SubjectIdentifier::Account { .. }
            | SubjectIdentifier::Aliases { .. }
            | SubjectIdentifier::Did { .. }
            | SubjectIdentifier::Email { .. }
            | SubjectIdentifier::IssSub { .. }
            | SubjectIdentifier::PhoneNumber { .. }
            | SubjectIdentifier::Uri { .. } => return Err(GnapError::UnknownUser.into()),
        }
    }
    Ok(())
}

/// The person an assertion speaks of: an ID token that was made here for this client, however old it is. The client
/// has it from an answer of ours (RFC 9635 §3.4), so one of another issuer, of another client or in another format names
/// nobody known here.
fn asserted(
    realm: &Realm,
    client: &Client,
    assertion: &AssertionAsk,
    now: Timestamp,
) -> Result<String, Problem> {
    let unknown = || Problem::from(GnapError::UnknownUser);
    match assertion.format {
        AssertionFormat::IdToken => {}
        AssertionFormat::Saml2 => return Err(unknown()),
    }
    let for_client = Some(client.client_id.as_str());
    hint::subject_of(&realm.site, &assertion.value, for_client, now).map_err(|cause| {
        tracing::debug!(%cause, "an assertion of a user was refused");
        unknown()
    })
}

/// Only the person of this subject may answer. All names have to be one person's (RFC 9635 §2.4).
///
/// # Errors
/// `unknown_user` for a subject that is nobody's, and for another than `need` names.
pub(crate) async fn is_named(
    realm: &Realm,
    need: &mut SignInNeed,
    subject: &str,
) -> Result<(), Problem> {
    if need
        .subject
        .as_deref()
        .is_some_and(|named| named != subject)
    {
        return Err(GnapError::UnknownUser.into());
    }
    person(realm, subject).await?;
    need.subject = Some(subject.to_owned());
    Ok(())
}

/// The person of this subject, to be reached by this server itself.
///
/// # Errors
/// `unknown_user` when there is none, and for one who is shut out and could never answer.
pub(crate) async fn addressee(realm: &Realm, subject: &str) -> Result<Id<Person>, Problem> {
    let person = person(realm, subject).await?;
    if person.disabled {
        return Err(GnapError::UnknownUser.into());
    }
    Ok(person.id)
}

async fn person(realm: &Realm, subject: &str) -> Result<Person, Problem> {
    let engine = &realm.site.engine;
    let store = engine.store().as_ref();
    match store.person_of_subject(engine.issuer_id(), subject).await {
        Ok(Some(person)) => Ok(person.value),
        Ok(None) => Err(GnapError::UnknownUser.into()),
        Err(error) => Err(Problem::failed(error.into(), Place::Grant, realm.profile)),
    }
}
