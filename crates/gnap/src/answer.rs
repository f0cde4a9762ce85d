//! What was decided becomes what the client is told.
//!
//! Spec: RFC 9635 §3

use placet_core::{
    client::Client,
    pending::Approval,
    secret::{Secret, SecretHash, kind},
    time::Lifetime,
    token::{AccessFormat, Basis, Binding, Management, MintedAccess, TokenSet, TokenSpec},
};
use placet_web::site::Lifetimes;
use serde_json::{Map, Value};

use crate::{
    Profile,
    access::AccessRight,
    payload::Payload,
    realm::Realm,
    response::{
        self, AccessToken, AssertionValue, Continue, Manage, SubjectAnswer, TokenValue, Tokens,
    },
    subject::{AssertionFormat, SubIdFormat, SubjectIdentifier},
};

/// The algorithm of ID tokens for clients that registered none (OpenID Connect Core §2).
const ID_TOKEN_ALG: &str = "RS256";

/// How the client comes back.
pub(crate) fn continuation(
    realm: &Realm,
    id: placet_core::Id<placet_core::pending::PendingRequest>,
    token: &Secret<kind::Continue>,
    wait: Lifetime,
) -> Option<Continue> {
    Some(Continue {
        uri: realm.continue_uri(id),
        access_token: TokenValue::parse(&token.reveal())?,
        wait: Some(wait),
    })
}

/// The tokens an approval becomes: for each that was asked, what of it was granted.
pub(crate) fn specs(payload: &Payload, lifetimes: &Lifetimes, basis: &Basis<'_>) -> Vec<TokenSpec> {
    let management = match payload.profile {
        Profile::Rfc9635 => Management::OwnSecret,
        Profile::OpenPayments => Management::Itself,
    };
    let mut specs = Vec::new();
    for asked in &payload.tokens {
        let mut rights = placet_core::right::Rights::default();
        rights.details.extend(
            basis
                .rights
                .details
                .iter()
                .filter(|granted| asked.access.iter().any(|text| text == granted.as_str()))
                .cloned(),
        );
        if rights.details.is_empty() {
            continue;
        }
        specs.push(TokenSpec::Access {
            format: AccessFormat::Opaque,
            alg: "ES256",
            rights,
            lifetime: lifetimes.access_token,
            bound_to_session: false,
            claims: Map::new(),
            binding: Some(Box::new(Binding {
                key: (!asked.bearer).then(|| payload.key.clone()),
                label: asked.label.clone(),
                management,
                durable: payload.durable,
                references: asked.references.clone(),
            })),
        });
    }
    specs.push(TokenSpec::Renewable {
        absolute: lifetimes.refresh_token_absolute,
    });
    if let Some(subject) = &payload.subject
        && subject
            .assertions
            .iter()
            .any(|name| name == AssertionFormat::IdToken.name())
    {
        specs.extend(id_token(lifetimes, basis));
    }
    specs
}

/// An ID token for the client. `None` when no person is known.
fn id_token(lifetimes: &Lifetimes, basis: &Basis<'_>) -> Option<TokenSpec> {
    basis.person?;
    let mut claims = Map::new();
    let expires_at = basis.now.plus(lifetimes.id_token);
    claims.insert("iss".to_owned(), basis.issuer.url.as_str().into());
    claims.insert("sub".to_owned(), basis.subject.into());
    claims.insert("aud".to_owned(), basis.client.client_id.as_str().into());
    claims.insert("iat".to_owned(), basis.now.as_secs().into());
    claims.insert("exp".to_owned(), expires_at.as_secs().into());
    if let Some(authentication) = basis.authentication {
        claims.insert("auth_time".to_owned(), authentication.at.as_secs().into());
        if let Some(acr) = &authentication.acr {
            claims.insert("acr".to_owned(), acr.as_str().into());
        }
        if !authentication.amr.is_empty() {
            claims.insert("amr".to_owned(), authentication.amr.clone().into());
        }
    }
    let registered = basis.client.metadata.id_token_signed_response_alg.clone();
    Some(TokenSpec::Statement {
        alg: registered.unwrap_or_else(|| ID_TOKEN_ALG.to_owned()),
        typ: None,
        claims,
    })
}

/// The tokens as they are told, in the shape they were asked in.
pub(crate) fn tokens(
    realm: &Realm,
    payload: &Payload,
    set: &TokenSet,
    key: &Value,
) -> Option<Tokens> {
    let mut told: Vec<_> = set
        .access
        .iter()
        .filter_map(|minted| token(realm, minted, key))
        .map(|told| as_asked(payload, told))
        .collect();
    match (payload.several, told.len()) {
        (_, 0) => None,
        (true, _) => Some(Tokens::Several(told)),
        (false, _) => Some(Tokens::Single(told.swap_remove(0))),
    }
}

/// The same token with its rights in the order they were asked in. They are kept in another, as a set.
fn as_asked(payload: &Payload, mut told: AccessToken) -> AccessToken {
    let mut asked = payload.tokens.iter();
    if let Some(asked) = asked.find(|asked| asked.label == told.label) {
        told.access.sort_by_cached_key(|right| {
            let text = right.canonical();
            asked.access.iter().position(|other| *other == text)
        });
    }
    told
}

/// One token as it is told. `client_key` is the key the client signs with, which need not be told to it.
pub(crate) fn token(
    realm: &Realm,
    minted: &MintedAccess,
    client_key: &Value,
) -> Option<AccessToken> {
    let value = realm.token_value(&minted.token);
    // The dialect in which the token manages itself has no secret for it, and prints none.
    let manage = minted.manage.as_deref().unwrap_or(&value);
    let access = minted
        .rights
        .details
        .iter()
        .filter_map(|detail| AccessRight::parse(detail.as_str()).ok());
    Some(AccessToken {
        value: TokenValue::parse(&value)?,
        label: minted.label.clone(),
        manage: Some(Manage {
            uri: realm.manage_uri(SecretHash::of(&minted.token)),
            access_token: TokenValue::parse(manage)?,
        }),
        access: access.collect(),
        expires_in: Some(Lifetime::from_secs(minted.expires_in_s)),
        binding: match &minted.key {
            None => response::Binding::Bearer,
            Some(key) if key == client_key => response::Binding::ClientKey,
            Some(key) => response::Binding::Key(key.clone()),
        },
        durable: minted.durable,
    })
}

/// Who the person is, as far as it was asked and agreed to (RFC 9635 §3.4).
pub(crate) fn subject(
    realm: &Realm,
    payload: &Payload,
    approval: &Approval,
    set: &TokenSet,
    person: Option<&placet_core::person::Person>,
) -> Option<SubjectAnswer> {
    let asked = payload.subject.as_ref()?;
    if payload.profile == Profile::OpenPayments {
        return Some(SubjectAnswer {
            sub_ids: asked
                .ids
                .iter()
                .filter_map(SubjectIdentifier::parse)
                .collect(),
            ..SubjectAnswer::default()
        });
    }
    let subject = approval.subject.as_deref()?;
    let sub_ids = asked
        .formats
        .iter()
        .filter_map(|format| match SubIdFormat::from_name(format)? {
            SubIdFormat::Opaque => Some(SubjectIdentifier::Opaque {
                id: subject.to_owned(),
            }),
            SubIdFormat::IssSub => Some(SubjectIdentifier::IssSub {
                iss: realm.site.settings.issuer_url.clone(),
                sub: subject.to_owned(),
            }),
            SubIdFormat::Email => {
                let email = person?.claims.get("email")?.as_str()?;
                Some(SubjectIdentifier::Email {
                    email: email.to_owned(),
                })
            }
            SubIdFormat::PhoneNumber => {
                let number = person?.claims.get("phone_number")?.as_str()?;
                SubjectIdentifier::parse(
                    &serde_json::json!({ "format": "phone_number", "phone_number": number }),
                )
            }
            SubIdFormat::Account | SubIdFormat::Aliases | SubIdFormat::Did | SubIdFormat::Uri => {
                None
            }
        });
    let assertions = set.statement.iter().map(|token| AssertionValue {
        format: AssertionFormat::IdToken,
        value: token.clone(),
    });
    Some(SubjectAnswer {
        sub_ids: sub_ids.collect(),
        assertions: assertions.collect(),
        ..SubjectAnswer::default()
    })
}

/// Whether a client may be told an identifier to use instead of its key.
pub(crate) fn instance(realm: &Realm, client: &Client) -> Option<TokenValue> {
    match realm.profile {
        Profile::Rfc9635 => TokenValue::parse(&crate::client::instance_id(realm, client)?),
        Profile::OpenPayments => None,
    }
}
