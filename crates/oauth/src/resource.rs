//! Which scopes and resources a client may ask for, and which one resource an access token is for.
//!
//! One access token has one audience. The resource named at the token endpoint decides it, else the only one that
//! was granted, else the issuer itself.
//!
//! Spec: RFC 8707 §2, RFC 6749 §3.3, RFC 9700 §2.3

use placet_core::{
    Refusal,
    client::{Client, REFRESH_TOKEN},
    right::{ResourceId, Rights},
};
use placet_web::{params::Form, site::SiteSettings};

use crate::{
    error::{OAuthError, Problem},
    oidc::claims::{OFFLINE_ACCESS, is_person_scope},
};

/// Reads `scope` and every `resource`, and checks that this client may ask for them of a person.
pub(crate) fn asked_of_a_person(
    settings: &SiteSettings,
    client: &Client,
    form: &Form,
) -> Result<Rights, Problem> {
    let mut rights = parse(form)?;
    // OpenID Connect Core §11: ignored where no refresh token can come of it.
    if !client.may_use(REFRESH_TOKEN) {
        rights
            .scopes
            .retain(|scope| scope.as_str() != OFFLINE_ACCESS);
    }
    permitted(settings, client, &rights)?;
    leaves_a_scope(settings, &rights, None)?;
    Ok(rights)
}

/// Reads `scope` and every `resource` as they are.
pub(crate) fn parse(form: &Form) -> Result<Rights, Problem> {
    let scope = form.get("scope").unwrap_or_default();
    Ok(Rights::parse(scope, form.all("resource"))?)
}

/// Whether the client is registered for all of it.
///
/// A client with a list of scopes may ask for those, any other for every declared one and those of OpenID Connect.
pub(crate) fn permitted(
    settings: &SiteSettings,
    client: &Client,
    rights: &Rights,
) -> Result<(), Problem> {
    let registered = client.metadata.scope.as_deref();
    let scopes_allowed = rights.scopes.iter().all(|scope| match registered {
        Some(list) => list.split(' ').any(|name| name == scope.as_str()),
        None => is_person_scope(scope.as_str()) || settings.scope(scope.as_str()).is_some(),
    });
    if !scopes_allowed {
        return Err(OAuthError::InvalidScope.into());
    }
    let resources_allowed = rights.resources.iter().all(|resource| {
        settings.resource(resource.as_str()).is_some() && client.may_reach(resource.as_str())
    });
    if resources_allowed {
        Ok(())
    } else {
        Err(OAuthError::InvalidTarget.into())
    }
}

/// The one resource named at the token endpoint, if any.
pub(crate) fn target(form: &Form) -> Result<Option<ResourceId>, Problem> {
    let mut named = form.all("resource");
    let first = named.next().map(ResourceId::parse).transpose()?;
    if named.next().is_some() {
        return Err(OAuthError::InvalidTarget.into());
    }
    Ok(first)
}

/// Whether a token for `target` may be made from what was granted (RFC 8707 §2.2).
pub(crate) fn reachable(
    settings: &SiteSettings,
    granted: &Rights,
    target: Option<&ResourceId>,
) -> Result<(), Refusal> {
    match target {
        Some(resource) if !granted.resources.contains(resource) => Err(Refusal::WrongTarget),
        Some(_) | None => leaves_a_scope(settings, granted, target),
    }
}

/// Refuses scopes of which none makes sense at the one resource: the answer could not say what it gives, since RFC
/// 6749 §5.1 requires `scope` where it is not what was asked for, and §3.3 has no word for none.
pub(crate) fn leaves_a_scope(
    settings: &SiteSettings,
    rights: &Rights,
    target: Option<&ResourceId>,
) -> Result<(), Refusal> {
    let none_left = || for_one_audience(settings, rights, target).scopes.is_empty();
    if !rights.scopes.is_empty() && none_left() {
        Err(Refusal::Exceeds)
    } else {
        Ok(())
    }
}

/// What one access token carries: the granted scopes that make sense at its one resource.
pub(crate) fn for_one_audience(
    settings: &SiteSettings,
    granted: &Rights,
    target: Option<&ResourceId>,
) -> Rights {
    let only = || match granted.resources.len() {
        1 => granted.resources.first(),
        _ => None,
    };
    let resource = target.or_else(only);
    let declared = resource.and_then(|resource| settings.resource(resource.as_str()));
    let makes_sense = |name: &str| {
        is_person_scope(name)
            || declared.is_none_or(|entry| {
                entry.scopes.is_empty() || entry.scopes.iter().any(|known| known == name)
            })
    };
    Rights {
        scopes: granted
            .scopes
            .iter()
            .filter(|scope| makes_sense(scope.as_str()))
            .cloned()
            .collect(),
        resources: resource.cloned().into_iter().collect(),
        ..Rights::default()
    }
}
