//! The crate openidconnect against a real server: discovery, code flow, device flow, userinfo, refresh, revocation,
//! introspection.
//!
//! Spec: RFC 6749, RFC 7009, RFC 7636, RFC 7662, RFC 8628; OpenID Connect Core

#[path = "../../lib/cases.rs"]
mod cases;
mod person;
#[path = "../../lib/server.rs"]
mod process;
mod server;

use std::{error::Error, process::ExitCode, thread, time::Duration};

use openidconnect::{
    AccessToken, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, DeviceAuthorizationUrl, HttpRequest, IntrospectionUrl, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, ProviderMetadata, RedirectUrl, RefreshToken,
    RevocationUrl, Scope, SyncHttpClient, TokenIntrospectionResponse, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
        CoreClientAuthMethod, CoreDeviceAuthorizationResponse, CoreGrantType, CoreIdTokenClaims,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreSubjectIdentifierType,
        CoreTokenResponse, CoreUserInfoClaims,
    },
    reqwest::blocking::Client as Http,
    url::Url,
};
use serde::{Deserialize, Serialize};

use cases::{Outcome, ensure, never_began, run_cases};
use person::{End, Person};
use server::Server;

const CALLBACK: &str = "http://127.0.0.1:9/callback";
const SECRET: &str = "orchard +% secret/of=the&garden 7c21aa03";
const DECLARATIONS: &str = r#"
[[scopes]]
name = "garden"
description = "Look after your garden"

[[people]]
username = "linnaea"
subject = "person-55d0"
password = "basil-copper-7-window"
claims = { name = "Linnaea Borealis", email = "linnaea@people.example", email_verified = true }

[[clients]]
client_id = "garden"
client_name = "Garden"
client_secret = "orchard +% secret/of=the&garden 7c21aa03"
token_endpoint_auth_method = "client_secret_basic"
redirect_uris = ["http://127.0.0.1:9/callback"]
grant_types = ["authorization_code", "refresh_token", "client_credentials"]

[[clients]]
client_id = "pocket"
application_type = "native"
redirect_uris = ["http://127.0.0.1/callback"]
grant_types = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
id_token_signed_response_alg = "ES256"
"#;

/// What the crate's own metadata leaves out.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct MoreEndpoints {
    device_authorization_endpoint: DeviceAuthorizationUrl,
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
}
impl AdditionalProviderMetadata for MoreEndpoints {}

type Metadata = ProviderMetadata<
    MoreEndpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The client of a provider, with every endpoint this test uses. The crate writes into its type which ones are set.
macro_rules! client {
    ($judge:expr, $id:expr, $secret:expr) => {
        CoreClient::from_provider_metadata(
            $judge.metadata.clone(),
            ClientId::new($id.to_owned()),
            $secret,
        )
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned())?)
        .set_device_authorization_url(
            $judge
                .metadata
                .additional_metadata()
                .device_authorization_endpoint
                .clone(),
        )
        .set_introspection_url(
            $judge
                .metadata
                .additional_metadata()
                .introspection_endpoint
                .clone(),
        )
        .set_revocation_url(
            $judge
                .metadata
                .additional_metadata()
                .revocation_endpoint
                .clone(),
        )
    };
}

struct Judge {
    http: Http,
    metadata: Metadata,
}

impl Judge {
    fn secret() -> Option<ClientSecret> {
        Some(ClientSecret::new(SECRET.to_owned()))
    }

    fn person() -> Outcome<Person> {
        Ok(Person::new("linnaea", "basil-copper-7-window")?)
    }

    /// The code flow of one client; answers the tokens and the verified claims of the ID token.
    fn code_flow(
        &self,
        id: &str,
        secret: Option<ClientSecret>,
        decision: &str,
    ) -> Outcome<(CoreTokenResponse, CoreIdTokenClaims)> {
        let client = client!(self, id, secret);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(
                ["profile", "email", "garden", "offline_access"]
                    .map(|name| Scope::new(name.to_owned())),
            )
            .add_extra_param("prompt", "consent")
            .set_pkce_challenge(challenge)
            .url();
        let End::Client(answer) = Self::person()?.go_through(&url, CALLBACK, decision)? else {
            return Err("the browser did not come back".into());
        };
        let parameter = |name: &str| parameter(&answer, name);
        ensure(
            parameter("state").as_deref() == Some(state.secret()),
            "state",
        )?;
        ensure(
            parameter("iss").as_deref() == Some(self.metadata.issuer().as_str()),
            "iss of RFC 9207",
        )?;
        let code = parameter("code").ok_or_else(|| parameter("error").unwrap_or_default())?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(verifier)
            .request(&self.http)?;
        let verifier = client.id_token_verifier();
        let id_token = tokens.id_token().ok_or("no ID token")?;
        let claims = id_token.claims(&verifier, &nonce)?.clone();
        if let Some(expected) = claims.access_token_hash() {
            let key = id_token.signing_key(&verifier)?;
            let actual = openidconnect::AccessTokenHash::from_token(
                tokens.access_token(),
                id_token.signing_alg()?,
                key,
            )?;
            ensure(actual == *expected, "at_hash")?;
        }
        Ok((tokens, claims))
    }

    /// The crate refuses to send a revocation by http, also on loopback: it is given the https address of the endpoint, and
    /// its HTTP client carries what it sends to the server as it listens.
    fn revoke(&self, token: RefreshToken) -> Outcome {
        let mut endpoint = self
            .metadata
            .additional_metadata()
            .revocation_endpoint
            .url()
            .clone();
        let listens = endpoint.clone();
        endpoint.set_scheme("https").map_err(|()| "no address")?;
        let carry = |mut request: HttpRequest| {
            *request.uri_mut() = listens.as_str().parse().unwrap_or_default();
            self.http.call(request)
        };
        client!(self, "garden", Self::secret())
            .set_revocation_url(RevocationUrl::from_url(endpoint))
            .revoke_token(CoreRevocableToken::RefreshToken(token))?
            .request(&carry)?;
        Ok(())
    }

    fn is_active(&self, token: &AccessToken) -> Outcome<bool> {
        let client = client!(self, "garden", Self::secret());
        Ok(client.introspect(token).request(&self.http)?.active())
    }

    // The cases.

    fn discovery(&self) -> Outcome {
        let algorithms = format!(
            "{:?}",
            self.metadata.id_token_signing_alg_values_supported()
        );
        ensure(
            algorithms.contains("RsaSsaPkcs1V15Sha256"),
            "RS256 is offered (OpenID Connect Discovery §3)",
        )?;
        ensure(!self.metadata.jwks().keys().is_empty(), "there are keys")
    }

    fn confidential_client(&self) -> Outcome {
        let client = client!(self, "garden", Self::secret());
        let (tokens, claims) = self.code_flow("garden", Self::secret(), "approve")?;
        ensure(claims.subject().as_str() == "person-55d0", "sub")?;
        let known: CoreUserInfoClaims = client
            .user_info(
                tokens.access_token().clone(),
                Some(claims.subject().clone()),
            )?
            .request(&self.http)?;
        ensure(
            known.email().map(|email| email.as_str()) == Some("linnaea@people.example"),
            "email",
        )?;
        ensure(self.is_active(tokens.access_token())?, "active at first")?;
        let refresh = tokens.refresh_token().ok_or("no refresh token")?;
        let renewed = client
            .exchange_refresh_token(refresh)?
            .request(&self.http)?;
        ensure(
            self.is_active(renewed.access_token())?,
            "active after the refresh",
        )?;
        let last = renewed.refresh_token().unwrap_or(refresh).clone();
        self.revoke(last.clone())?;
        ensure(
            !self.is_active(renewed.access_token())?,
            "inactive after the revocation",
        )?;
        ensure(
            client
                .exchange_refresh_token(&last)?
                .request(&self.http)
                .is_err(),
            "a revoked refresh token is refused",
        )
    }

    fn secret_in_the_body_is_another_method(&self) -> Outcome {
        let client = client!(self, "garden", Self::secret()).set_auth_type(AuthType::RequestBody);
        let error = client
            .exchange_client_credentials()?
            .request(&self.http)
            .err()
            .ok_or("the registered method is basic")?;
        ensure(
            format!("{error:?}").contains("invalid_client"),
            "invalid_client",
        )
    }

    fn client_credentials(&self) -> Outcome {
        let client = client!(self, "garden", Self::secret());
        let tokens = client
            .exchange_client_credentials()?
            .add_scope(Scope::new("garden".to_owned()))
            .request(&self.http)?;
        ensure(
            tokens.refresh_token().is_none(),
            "no refresh token (RFC 6749 §4.4.3)",
        )?;
        ensure(self.is_active(tokens.access_token())?, "active")
    }

    fn public_client(&self) -> Outcome {
        let (tokens, claims) = self.code_flow("pocket", None, "approve")?;
        ensure(claims.subject().as_str() == "person-55d0", "sub")?;
        let client = client!(self, "pocket", None);
        let refresh = tokens.refresh_token().ok_or("no refresh token")?;
        let renewed = client
            .exchange_refresh_token(refresh)?
            .request(&self.http)?;
        ensure(
            renewed
                .refresh_token()
                .is_some_and(|next| next.secret() != refresh.secret()),
            "a public client rotates",
        )
    }

    fn denial(&self) -> Outcome {
        let error = self
            .code_flow("garden", Self::secret(), "deny")
            .err()
            .ok_or("tokens after a denial")?;
        ensure(error.to_string() == "access_denied", &error.to_string())
    }

    fn device_flow(&self) -> Outcome {
        let tokens = self.device("approve")?;
        let client = client!(self, "pocket", None);
        // The device flow has no nonce (RFC 8628 §3.1).
        let no_nonce = |_: Option<&Nonce>| Ok(());
        let claims = tokens
            .id_token()
            .ok_or("no ID token")?
            .claims(&client.id_token_verifier(), no_nonce)?;
        let known: CoreUserInfoClaims = client
            .user_info(
                tokens.access_token().clone(),
                Some(claims.subject().clone()),
            )?
            .request(&self.http)?;
        ensure(known.subject().as_str() == "person-55d0", "sub")
    }

    fn denied_device(&self) -> Outcome {
        let error = self.device("deny").err().ok_or("tokens after a denial")?;
        ensure(
            error.to_string().contains("access_denied"),
            &error.to_string(),
        )
    }

    /// The library polls while the person answers.
    fn device(&self, decision: &'static str) -> Outcome<CoreTokenResponse> {
        let client = client!(self, "pocket", None);
        let begun: CoreDeviceAuthorizationResponse = client
            .exchange_device_code()
            .add_scope(Scope::new("garden".to_owned()))
            .request(&self.http)?;
        let link = Url::parse(
            begun
                .verification_uri_complete()
                .ok_or("no complete URI")?
                .secret(),
        )?;
        let answering = thread::spawn(move || {
            let answer = || match Self::person()?.go_through(&link, CALLBACK, decision)? {
                End::Outcome(outcome) => Ok(outcome),
                End::Client(url) => Err(format!("sent to {url}").into()),
            };
            answer().map_err(|error: Box<dyn Error>| error.to_string())
        });
        let tokens = client
            .exchange_device_access_token(&begun)?
            .request(&self.http, thread::sleep, Some(Duration::from_secs(40)))
            .map_err(|error| format!("{error:?}"));
        let outcome = answering.join().map_err(|_| "the person fell over")??;
        ensure(
            outcome
                == if decision == "approve" {
                    "approved"
                } else {
                    "denied"
                },
            &outcome,
        )?;
        tokens.map_err(Into::into)
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
}

const CASES: [(&str, fn(&Judge) -> Outcome); 8] = [
    ("discovery", Judge::discovery),
    (
        "confidential client: code, userinfo, refresh, revocation, introspection",
        Judge::confidential_client,
    ),
    (
        "a secret by a method that is not registered",
        Judge::secret_in_the_body_is_another_method,
    ),
    ("client credentials", Judge::client_credentials),
    ("public client: code, refresh", Judge::public_client),
    ("denial", Judge::denial),
    ("device flow", Judge::device_flow),
    ("denied device", Judge::denied_device),
];

fn begin() -> Outcome<(Server, Judge)> {
    let server = Server::start(DECLARATIONS)?;
    let http = Http::builder()
        .redirect(openidconnect::reqwest::redirect::Policy::none())
        .build()?;
    let metadata = Metadata::discover(&IssuerUrl::new(server.issuer.clone())?, &http)?;
    Ok((server, Judge { http, metadata }))
}

fn main() -> ExitCode {
    let (_server, judge) = match begin() {
        Ok(begun) => begun,
        Err(error) => return never_began(&*error),
    };
    run_cases(CASES.map(|(name, _)| name), |name| {
        let case = CASES.iter().find(|(known, _)| *known == name);
        case.ok_or("no such case")?.1(&judge)
    })
}
