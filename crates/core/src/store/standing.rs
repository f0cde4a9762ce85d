//! What a token rests on, for every store alike: which records belong to one reading of it.

use super::{Key, Record, StoreError, Versioned};
use crate::{
    grant::Grant,
    id::Id,
    person::{Person, Session},
    secret::{SecretHash, kind},
    token::{AccessToken, Family, RefreshToken, Standing},
};

type Found = Result<Option<Versioned<Record>>, StoreError>;

/// Reads an access token and all it names through `get`, which must see one moment.
///
/// # Errors
/// What `get` fails with.
pub fn gather_access(
    hash: SecretHash<kind::Access>,
    mut get: impl FnMut(Key) -> Found,
) -> Result<Option<Standing<AccessToken>>, StoreError> {
    let Some((token, version)) = read(&mut get, Some(Key::access(hash)), access)? else {
        return Ok(None);
    };
    Ok(Some(Standing {
        family: read(&mut get, token.family.map(Key::family), family)?,
        grant: read(&mut get, token.grant.map(Key::grant), grant)?,
        session: read(&mut get, token.session.map(Key::session), session)?,
        person: read(&mut get, token.person.map(Key::person), person)?,
        token,
        version,
    }))
}

/// Reads a refresh token, its family and all the family names through `get`, which must see one moment.
///
/// # Errors
/// What `get` fails with.
pub fn gather_refresh(
    hash: SecretHash<kind::Refresh>,
    mut get: impl FnMut(Key) -> Found,
) -> Result<Option<Standing<RefreshToken>>, StoreError> {
    let Some((token, version)) = read(&mut get, Some(Key::refresh(hash)), refresh)? else {
        return Ok(None);
    };
    let family = read(&mut get, Some(Key::family(token.family)), family)?;
    let named = family.as_ref().map(|(family, _)| family);
    let grant_id: Option<Id<Grant>> = named.and_then(|family| family.grant);
    let session_hash = named.and_then(|family| family.session);
    let person_id: Option<Id<Person>> = named.and_then(|family| family.person);
    Ok(Some(Standing {
        grant: read(&mut get, grant_id.map(Key::grant), grant)?,
        session: read(&mut get, session_hash.map(Key::session), session)?,
        person: read(&mut get, person_id.map(Key::person), person)?,
        family,
        token,
        version,
    }))
}

fn read<T>(
    get: &mut impl FnMut(Key) -> Found,
    key: Option<Key>,
    take: fn(Record) -> Result<T, StoreError>,
) -> Result<Option<(T, u64)>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let Some(found) = get(key)? else {
        return Ok(None);
    };
    Ok(Some((take(found.value)?, found.version)))
}

macro_rules! takers {
    ($($name:ident: $variant:ident($value:ty),)*) => {
        $(fn $name(record: Record) -> Result<$value, StoreError> {
            if let Record::$variant(value) = record { Ok(value) } else { Err(record.misplaced()) }
        })*
    };
}
takers! {
    access: Access(AccessToken),
    refresh: Refresh(RefreshToken),
    family: Family(Family),
    grant: Grant(Grant),
    session: Session(Session),
    person: Person(Person),
}
