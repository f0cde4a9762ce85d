//! The authorization code, and every proof that belongs to it.
//!
//! A wrong use burns the code: whoever presents it without the proofs has stolen it, or cannot be told from a thief.
//!
//! Spec: RFC 6749 §4.1.3, RFC 7636 §4.5–4.6, RFC 9700 §2.1.1, §4.5.3

use placet_core::{
    Refusal,
    client::AuthenticatedClient,
    engine::{Caller, Collect, CollectBy, Committed},
    pending::{PendingRequest, State},
    right::ResourceId,
    secret::{Secret, kind},
    token::TokenSet,
};
use placet_proof::{CodeChallenge, CodeVerifier};
use placet_web::{
    params::Form,
    site::{Site, SiteSettings},
};

use super::{of_this_face, specs};
use crate::{
    authorize::AuthorizationPayload,
    error::{OAuthError, Problem},
    resource,
};

/// A code and its proofs.
#[derive(Debug)]
pub struct CodeGrant {
    code: Secret<kind::Collect>,
    redirect_uri: Option<String>,
    verifier: Verifier,
    target: Option<ResourceId>,
}

/// What was sent as `code_verifier`.
#[derive(Debug)]
enum Verifier {
    None,
    /// Sent, and not one (RFC 7636 §4.1): as wrong as any other.
    Malformed,
    Sent(CodeVerifier),
}

impl CodeGrant {
    pub(super) fn parse(form: &Form) -> Result<Self, Problem> {
        let code = form.get("code").ok_or(OAuthError::InvalidRequest)?;
        let verifier = match form.get("code_verifier").map(CodeVerifier::parse) {
            None => Verifier::None,
            Some(Err(_)) => Verifier::Malformed,
            Some(Ok(verifier)) => Verifier::Sent(verifier),
        };
        Ok(Self {
            code: Secret::parse(code).ok_or(OAuthError::InvalidGrant)?,
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
            verifier,
            target: resource::target(form)?,
        })
    }

    pub(super) async fn exchange(
        &self,
        site: &Site,
        client: &AuthenticatedClient,
        caller: &Caller,
    ) -> Result<Committed<TokenSet>, Problem> {
        let target = self.target.as_ref();
        let collect = Collect {
            by: CollectBy::Code,
            secret: &self.code,
            client,
            check: &|request| self.check(&site.settings, request),
            specs: &|request, basis| {
                let payload = AuthorizationPayload::of(request);
                let nonce = payload
                    .as_ref()
                    .and_then(|payload| payload.nonce.as_deref());
                specs(&site.settings, basis, target, nonce)
            },
        };
        let answer = site.engine.collect(&collect, caller).await;
        answer.map_err(|error| match error.into() {
            // A code whose request ended is not a denial of this exchange.
            Problem {
                error: OAuthError::AccessDenied,
                ..
            } => OAuthError::InvalidGrant.into(),
            problem => problem,
        })
    }

    fn check(&self, settings: &SiteSettings, request: &PendingRequest) -> Result<(), Refusal> {
        of_this_face(request)?;
        let payload = AuthorizationPayload::of(request).ok_or(Refusal::WrongProof)?;
        self.check_redirect(&payload)?;
        self.check_verifier(&payload)?;
        match &request.state {
            State::Approved(approval) => {
                resource::reachable(settings, &approval.granted, self.target.as_ref())
            }
            State::Pending
            | State::Interacting { .. }
            | State::Clarifying { .. }
            | State::Collected { .. }
            | State::Ended(_) => Ok(()),
        }
    }

    /// RFC 6749 §4.1.3: required and identical if it was sent; one that was not needed must still be the one used.
    fn check_redirect(&self, payload: &AuthorizationPayload) -> Result<(), Refusal> {
        match &self.redirect_uri {
            Some(uri) if *uri == payload.redirect_uri => Ok(()),
            None if !payload.redirect_uri_sent => Ok(()),
            Some(_) | None => Err(Refusal::WrongProof),
        }
    }

    /// Both directions of RFC 9700 §2.1.1: a challenge needs its verifier (threat A5), and a verifier needs a challenge
    /// (threat A6), or a code obtained without one could be injected into an honest client.
    fn check_verifier(&self, payload: &AuthorizationPayload) -> Result<(), Refusal> {
        match (&payload.code_challenge, &self.verifier) {
            (None, Verifier::None) => Ok(()),
            (Some(challenge), Verifier::Sent(verifier)) => {
                CodeChallenge::parse(Some(CodeChallenge::METHOD), challenge)
                    .and_then(|challenge| challenge.verify(verifier))
                    .map_err(|_| Refusal::WrongProof)
            }
            (None, Verifier::Sent(_) | Verifier::Malformed)
            | (Some(_), Verifier::None | Verifier::Malformed) => Err(Refusal::WrongProof),
        }
    }
}
