//! Whom the client believes to be there. Only that person may answer; a name that this server did not give says where the
//! sign-in begins, and nothing else.
//!
//! Spec: RFC 9635 §2.4

use placet_core::{id::Id, pending::SignInNeed, person::Person};

use crate::{
    GnapError, Place, Problem, realm::Realm, request::UserAsk, subject::SubjectIdentifier,
};

/// What the sign-in of whoever answers must be like.
///
/// # Errors
/// `unknown_user` for a name of this server's that is nobody's, and for names of different people.
pub(crate) async fn need(realm: &Realm, user: Option<&UserAsk>) -> Result<SignInNeed, Problem> {
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
            // An assertion could only be one of ours, and those are for clients to read, not for us to believe.
            if !assertions.is_empty() && sub_ids.is_empty() {
                return Err(GnapError::UnknownUser.into());
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

/// Only the person of this subject may answer. All names have to be one person's (RFC 9635 §2.4).
async fn is_named(realm: &Realm, need: &mut SignInNeed, subject: &str) -> Result<(), Problem> {
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
