//! The checks of an authorization request, in order. All of them answer to the client's redirect URI.
//!
//! Spec: RFC 6749 §4.1.2.1, RFC 7636 §4.3–4.4, RFC 8707 §2.1, OpenID Connect Core §3.1.2.1–3.1.2.2, §11

use placet_core::{
    client::{AUTHORIZATION_CODE, Client},
    pending::SignInNeed,
    right::Rights,
    time::{Lifetime, Timestamp},
};
use placet_proof::CodeChallenge;
use placet_web::{hint, params::Form, site::Site};

use super::{
    params::{KEPT_LIMIT_BYTES, Params},
    respond::ResponseMode,
};
use crate::{
    error::{OAuthError, Problem},
    oidc::claims::OFFLINE_ACCESS,
    resource,
};

/// What was asked, after every check.
pub(super) struct Demand {
    /// For what.
    pub(super) rights: Rights,
    /// What the sign-in that approves must be like.
    pub(super) need: SignInNeed,
    /// Whether the person must be asked even if they agreed before.
    pub(super) always_ask: bool,
    /// Whether nobody may be asked anything.
    pub(super) silent_only: bool,
    /// The PKCE challenge.
    pub(super) code_challenge: Option<String>,
}

/// One check: what is wrong, if anything.
type Check = fn(&Client, &Params<'_>) -> Result<(), Problem>;

/// Every check that only looks. What also reads a value follows in [`demand`].
const CHECKS: [Check; 6] = [
    no_request_object,
    response_type_is_code,
    client_is_registered_for_codes,
    response_mode_is_offered,
    kept_values_are_short,
    challenge_is_complete,
];

/// Runs all checks and says what is asked.
pub(super) fn demand(
    site: &Site,
    client: &Client,
    (params, form): (&Params<'_>, &Form),
    now: Timestamp,
) -> Result<Demand, Problem> {
    for check in CHECKS {
        check(client, params)?;
    }
    let code_challenge = challenge(client, params)?;
    let rights = resource::asked_of_a_person(&site.settings, client, form)?;
    let prompt = Prompt::parse(params.prompt)?;
    let not_before = [
        prompt.login.then_some(now),
        oldest_sign_in(client, params, now)?,
    ];
    let need = SignInNeed {
        not_before: not_before.into_iter().flatten().max(),
        subject: hinted_subject(site, params, now)?,
        login_hint: params.login_hint.map(str::to_owned),
    };
    Ok(Demand {
        // OpenID Connect Core §11: a person is asked each time for tokens that work without them, unless the client
        // is the operator's own.
        always_ask: prompt.consent
            || (rights.has_scope(OFFLINE_ACCESS) && !client.metadata.first_party),
        silent_only: prompt.none,
        rights,
        need,
        code_challenge,
    })
}

/// OpenID Connect Core §6: request objects are not offered, and saying so beats ignoring what a client signed.
fn no_request_object(_client: &Client, params: &Params<'_>) -> Result<(), Problem> {
    let found = [
        (params.request, OAuthError::RequestNotSupported),
        (params.request_uri, OAuthError::RequestUriNotSupported),
        (params.registration, OAuthError::RegistrationNotSupported),
    ];
    match found.into_iter().find(|(value, _)| value.is_some()) {
        Some((_, error)) => Err(error.into()),
        None => Ok(()),
    }
}

fn response_type_is_code(_client: &Client, params: &Params<'_>) -> Result<(), Problem> {
    match params.response_type {
        Some("code") => Ok(()),
        Some(_) => Err(OAuthError::UnsupportedResponseType.into()),
        None => Err(Problem::new(
            OAuthError::InvalidRequest,
            "The response_type is missing.",
        )),
    }
}

/// Threat T16.
fn client_is_registered_for_codes(client: &Client, _params: &Params<'_>) -> Result<(), Problem> {
    let types = client.metadata.response_types.as_ref();
    let response_type = types.is_none_or(|types| types.iter().any(|name| name == "code"));
    if response_type && client.may_use(AUTHORIZATION_CODE) {
        Ok(())
    } else {
        Err(OAuthError::UnauthorizedClient.into())
    }
}

fn response_mode_is_offered(_client: &Client, params: &Params<'_>) -> Result<(), Problem> {
    match ResponseMode::parse(params.response_mode) {
        Some(_) => Ok(()),
        None => Err(Problem::new(
            OAuthError::InvalidRequest,
            "Only the response modes query and form_post are offered.",
        )),
    }
}

fn kept_values_are_short(_client: &Client, params: &Params<'_>) -> Result<(), Problem> {
    let kept = [params.state, params.nonce];
    if kept
        .into_iter()
        .flatten()
        .all(|value| value.len() <= KEPT_LIMIT_BYTES)
    {
        Ok(())
    } else {
        Err(Problem::new(
            OAuthError::InvalidRequest,
            "The state or nonce is longer than 4096 bytes.",
        ))
    }
}

fn challenge_is_complete(_client: &Client, params: &Params<'_>) -> Result<(), Problem> {
    match (params.code_challenge, params.code_challenge_method) {
        (None, Some(_)) => Err(Problem::new(
            OAuthError::InvalidRequest,
            "A code_challenge_method came without a code_challenge.",
        )),
        (Some(_) | None, None) | (Some(_), Some(_)) => Ok(()),
    }
}

/// PKCE is required unless the client's registration says otherwise, and always `S256`: an absent method means `plain`
/// (RFC 7636 §4.3), which is refused (threat A4).
fn challenge(client: &Client, params: &Params<'_>) -> Result<Option<String>, Problem> {
    match params.code_challenge {
        Some(text) => CodeChallenge::parse(params.code_challenge_method, text)
            .map(|challenge| Some(challenge.to_string()))
            .map_err(|_| {
                Problem::new(
                    OAuthError::InvalidRequest,
                    "The code_challenge must be one of method S256.",
                )
            }),
        None if client.must_use_pkce() => Err(Problem::new(
            OAuthError::InvalidRequest,
            "A code_challenge of method S256 is required.",
        )),
        None => Ok(None),
    }
}

/// `prompt` (OpenID Connect Core §3.1.2.1).
#[derive(Default)]
struct Prompt {
    none: bool,
    login: bool,
    consent: bool,
}

impl Prompt {
    fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let mut prompt = Self::default();
        let values = text.unwrap_or_default().split(' ');
        for value in values.filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                // Whoever signs in chooses the account.
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => {
                    return Err(Problem::new(
                        OAuthError::InvalidRequest,
                        "The prompt has a value that is not offered.",
                    ));
                }
            }
        }
        if prompt.none && (prompt.login || prompt.consent) {
            return Err(Problem::new(
                OAuthError::InvalidRequest,
                "The prompt none stands alone.",
            ));
        }
        Ok(prompt)
    }
}

/// The oldest sign-in that `max_age` allows. Ages are compared in whole seconds, as `auth_time` tells them; an age of
/// zero asks for a new sign-in (OpenID Connect Core §3.1.2.1).
fn oldest_sign_in(
    client: &Client,
    params: &Params<'_>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Problem> {
    let asked = match params.max_age {
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<u64>().ok(),
        Some(_) => None,
        None => {
            return Ok(client
                .metadata
                .default_max_age
                .map(|age_s| not_before(age_s, now)));
        }
    };
    asked
        .map(|age_s| Some(not_before(age_s, now)))
        .ok_or(Problem::new(
            OAuthError::InvalidRequest,
            "The max_age is not a number of seconds.",
        ))
}

fn not_before(age_s: u64, now: Timestamp) -> Timestamp {
    match age_s {
        0 => now,
        _ => Timestamp::from_secs(now.as_secs()).minus(Lifetime::from_secs(age_s)),
    }
}

/// The person an `id_token_hint` speaks of, whichever client of ours it was made for.
fn hinted_subject(
    site: &Site,
    params: &Params<'_>,
    now: Timestamp,
) -> Result<Option<String>, Problem> {
    let Some(id_token) = params.id_token_hint else {
        return Ok(None);
    };
    let hinted = hint::subject_of(site, id_token, None, now);
    hinted.map(Some).map_err(|cause| {
        tracing::debug!(%cause, "an id_token_hint was refused");
        Problem::new(
            OAuthError::InvalidRequest,
            "The id_token_hint is not an ID token of this issuer.",
        )
    })
}
