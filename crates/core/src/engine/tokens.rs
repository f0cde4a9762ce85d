//! Minting: specs become tokens, and the changes that record them.

use serde_json::{Map, Value, json};

use super::Engine;
use crate::{
    id::Id,
    secret::{Secret, SecretHash, kind},
    store::{Change, Record},
    time::{Lifetime, Timestamp},
    token::{
        AccessFormat, AccessToken, Basis, Binding, Family, Management, MintedAccess, RefreshToken,
        SignError, TokenBinding, TokenSet, TokenSpec,
    },
};

/// Decides which tokens to make. Pure.
pub(crate) type Specs<'a> = &'a (dyn Fn(&Basis<'_>) -> Vec<TokenSpec> + Send + Sync);

/// Fresh tokens and the changes that record them.
pub(crate) struct Made {
    pub(crate) set: TokenSet,
    pub(crate) changes: Vec<Change>,
    pub(crate) jtis: Vec<Id<AccessToken>>,
}

impl Engine {
    /// Makes the tokens of `specs`. `family` is written by the caller; its refresh token's generation is its own.
    pub(crate) fn make(
        &self,
        basis: &Basis<'_>,
        specs: Vec<TokenSpec>,
        family: Option<&Family>,
    ) -> Result<Made, SignError> {
        let mut made = Made {
            set: TokenSet {
                access: Vec::new(),
                refresh: None,
                statement: None,
                rights: basis.rights.clone(),
            },
            changes: Vec::new(),
            jtis: Vec::new(),
        };
        for spec in specs {
            match spec {
                access @ TokenSpec::Access { .. } => {
                    self.make_access(basis, access, family, &mut made)?;
                }
                TokenSpec::Renewable { .. } => {}
                TokenSpec::Refresh { idle, .. } => {
                    if let Some(family) = family {
                        self.make_refresh(family, idle, basis.now, &mut made);
                    }
                }
                TokenSpec::Statement { alg, typ, claims } => {
                    made.set.statement = Some(self.signer.sign(&alg, typ, &claims)?);
                }
            }
        }
        Ok(made)
    }

    fn make_access(
        &self,
        basis: &Basis<'_>,
        spec: TokenSpec,
        family: Option<&Family>,
        made: &mut Made,
    ) -> Result<(), SignError> {
        let TokenSpec::Access {
            format,
            alg,
            rights,
            lifetime,
            bound_to_session,
            claims,
            binding,
        } = spec
        else {
            return Ok(());
        };
        let jti = self.row_id(basis.now);
        // No access token outlives its family (threat T17).
        let expires_at = family.map_or(basis.now.plus(lifetime), |f| {
            f.expires_at.min(basis.now.plus(lifetime))
        });
        let token = match format {
            AccessFormat::Opaque => self.row_secret::<kind::Access>(basis.now).reveal(),
            AccessFormat::Jwt => {
                let rfc9068 = registered_claims(basis, &rights, jti, expires_at);
                self.signer
                    .sign(alg, Some("at+jwt"), &merged(claims, rfc9068))?
            }
        };
        // A family that ends with the sign-in takes all its tokens along, narrowed ones too.
        let bound = basis.session.filter(|_| bound_to_session);
        let session = family.and_then(|family| family.session).or(bound);
        let keep_until = family.map_or(expires_at, |family| family.expires_at);
        let (binding, manage) = match binding {
            None => (None, None),
            Some(binding) => {
                let (stored, manage) = self.bound(*binding, &token, keep_until);
                (Some(Box::new(stored)), manage)
            }
        };
        let (label, key, durable) = binding
            .as_ref()
            .map(|b| (b.label.clone(), b.key.clone(), b.durable))
            .unwrap_or_default();
        made.changes
            .push(Change::insert(Record::Access(AccessToken {
                hash: SecretHash::of(&token),
                jti,
                client: basis.client.id,
                person: basis.person.map(|p| p.id),
                subject: basis.subject.to_owned(),
                grant: basis.grant,
                family: family.map(|f| f.id),
                session,
                rights: rights.clone(),
                authentication: basis.authentication.cloned(),
                issued_at: basis.now,
                expires_at,
                revoked_at: None,
                binding,
            })));
        made.jtis.push(jti);
        let expires_in_s = expires_at.since(basis.now).as_secs();
        made.set.access.push(MintedAccess {
            token,
            expires_in_s,
            rights,
            label,
            key,
            manage,
            durable,
        });
        Ok(())
    }

    /// A binding as it is stored, and the fresh secret that manages the token.
    fn bound(
        &self,
        binding: Binding,
        token: &str,
        keep_until: Timestamp,
    ) -> (TokenBinding, Option<String>) {
        let manage = match binding.management {
            Management::OwnSecret => Some(Secret::<kind::Manage>::generate(self.random()).reveal()),
            Management::Itself => None,
        };
        let stored = TokenBinding {
            key: binding.key,
            label: binding.label,
            manage: SecretHash::of(manage.as_deref().unwrap_or(token)),
            keep_until,
            durable: binding.durable,
            references: binding.references,
            rotated: None,
        };
        (stored, manage)
    }

    fn make_refresh(&self, family: &Family, idle: Lifetime, now: Timestamp, made: &mut Made) {
        let secret = self.row_secret::<kind::Refresh>(now);
        made.changes
            .push(Change::insert(Record::Refresh(RefreshToken {
                hash: secret.hash(),
                family: family.id,
                generation: family.generation,
                issued_at: now,
                expires_at: family.expires_at.min(now.plus(idle)),
                used: None,
            })));
        made.set.refresh = Some(secret.reveal());
    }
}

/// The claims every JWT access token has (RFC 9068 §2.2).
fn registered_claims(
    basis: &Basis<'_>,
    rights: &crate::right::Rights,
    jti: Id<AccessToken>,
    expires_at: Timestamp,
) -> Map<String, Value> {
    let mut audience: Vec<Value> = rights.resources.iter().map(|r| r.as_str().into()).collect();
    let aud = match (audience.pop(), audience.is_empty()) {
        (None, _) => Value::from(basis.issuer.url.as_str()),
        (Some(only), true) => only,
        (Some(last), false) => {
            audience.push(last);
            Value::Array(audience)
        }
    };
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), basis.issuer.url.as_str().into());
    claims.insert("sub".to_owned(), basis.subject.into());
    claims.insert("aud".to_owned(), aud);
    claims.insert("exp".to_owned(), expires_at.as_secs().into());
    claims.insert("iat".to_owned(), basis.now.as_secs().into());
    claims.insert("jti".to_owned(), json!(jti));
    claims.insert(
        "client_id".to_owned(),
        basis.client.client_id.as_str().into(),
    );
    if !rights.scopes.is_empty() {
        claims.insert("scope".to_owned(), rights.scope_text().into());
    }
    claims
}

/// Both maps in one; what the engine writes wins.
fn merged(mut claims: Map<String, Value>, fixed: Map<String, Value>) -> Map<String, Value> {
    claims.extend(fixed);
    claims
}
