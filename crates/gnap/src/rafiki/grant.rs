//! A client asks a tenant for a grant.
//!
//! 1. Media types, then the schema, then the signature. Only then whether there is such a tenant.
//! 2. What asks for nothing a person decides about is given at once, by rule.
//! 3. Anything else waits for a person: the client has to be a wallet with a public name, and the tenant has to have
//!    somebody who asks its people.
//!
//! Spec: Open Payments 1.3 (`post-request`); RFC 9635 §2, §3; threats G1 and G15

use std::sync::Arc;

use placet_core::{
    client::{AuthenticatedClient, Client},
    engine::{Ask, AtOnce},
    pending::{Continuation, Delivery, Introduced, SignInNeed},
    secret::{Secret, kind},
    tenant::Tenant,
};
use placet_proof::gnap::{GnapKey, ProofOf};
use placet_web::{client_auth::key_proof, context::Call, reply::Reply};
use url::form_urlencoded;

use super::{Payments, edge};
use crate::{
    Place, Problem, answer, client,
    face::FACE,
    grant,
    open_payments::{
        PaymentAccess, PaymentClient, PaymentsRequest, WalletAddress, can_skip_interaction, problem,
    },
    payload::{AskedFinish, AskedSubject, AskedToken, Hidden, Payload, fresh},
    realm::Realm,
    request::StartMode,
    response::{GrantResponse, InteractAnswer},
    wallet,
};

/// The rule by which is granted what nobody has to be asked about.
const RULE: &str = "non-interactive";

/// Answers a POST to the grant endpoint of a tenant.
pub(super) async fn handle(payments: Arc<Payments>, call: Call) -> Reply {
    match granted(&payments, &call).await {
        Ok((response, realm)) => response.reply(realm.profile),
        Err(problem) => problem.reply(),
    }
}

async fn granted(payments: &Payments, call: &Call) -> Result<(GrantResponse, Realm), Problem> {
    edge::sends_json(call)?;
    let request = PaymentsRequest::parse(&call.body)?;
    edge::is_signed(call, false)?;
    let named = match Tenant::parse_uuid(call.path_value(0)) {
        Ok(id) => payments.tenant(id, Place::Grant).await?,
        Err(_) => None,
    };
    let known = named.is_some();
    // Whether there is such a tenant is told to nobody who did not sign; somebody has to judge the signature until then.
    let judge = if named.is_some() {
        named
    } else {
        let operator = payments.settings.operator_tenant;
        payments.tenant(operator, Place::Grant).await?
    };
    let judge = judge.ok_or(problem::UNKNOWN_TENANT)?;
    let realm = Realm::open_payments(&payments.settings, judge);
    let signer = signer(&realm, call, &request.client, payments).await?;
    if !known {
        return Err(problem::UNKNOWN_TENANT);
    }
    let settings = &payments.settings;
    let own = settings
        .clients
        .of(&signer.key.thumbprint(), signer.wallet.as_ref());
    let response = if can_skip_interaction(&request, own.unwrap_or(settings.interaction))? {
        at_once(payments, &realm, call, (&request, &signer)).await?
    } else {
        ask_person(payments, &realm, call, (&request, &signer)).await?
    };
    Ok((response, realm))
}

/// Whoever signed a request.
struct Signer {
    key: GnapKey,
    proof: ProofOf,
    /// The address that publishes the key. Absent for a bare key.
    wallet: Option<WalletAddress>,
}

/// Finds the key a request names and checks that its holder signed. A bare key has to be called what the signature calls it.
async fn signer(
    realm: &Realm,
    call: &Call,
    asked: &PaymentClient,
    payments: &Payments,
) -> Result<Signer, Problem> {
    let policy = client::policy(realm, payments.settings.check_created);
    let kid = client::keyid(call, &policy).ok_or(problem::SIGNATURE_INPUT)?;
    let (key, wallet) = match asked {
        PaymentClient::Wallet(address) => {
            let key = wallet::published(realm, call, address, &kid).await?;
            (key, Some(address.clone()))
        }
        PaymentClient::Jwk(jwk) => (wallet::key(jwk).ok_or(problem::UNKNOWN_KEY)?, None),
    };
    let proof = client::prove(realm, call, &key, None, &policy)?;
    Ok(Signer { key, proof, wallet })
}

impl Signer {
    /// Its record, made if there is none. `name`: what its wallet says it is called, where that was asked.
    async fn admitted(
        &self,
        realm: &Realm,
        call: &Call,
        name: Option<&str>,
    ) -> Result<AuthenticatedClient, Problem> {
        let record: Arc<Client> = match &self.wallet {
            Some(address) => client::by_address(realm, call, address.as_str(), name).await?,
            None => client::by_key(realm, call, &self.key).await?,
        };
        if record.disabled {
            return Err(problem::UNKNOWN_KEY);
        }
        let remember = client::remember(realm.profile);
        Ok(key_proof::admit(call, record, &self.proof, remember))
    }
}

/// A request as it is kept, with the token its client comes back by.
struct Drawn {
    payload: Payload,
    hidden: Hidden,
    token: Secret<kind::Continue>,
}

/// Draws everything that is secret about a request.
fn draw(payments: &Payments, realm: &Realm, request: &PaymentsRequest, signer: &Signer) -> Drawn {
    let random = realm.site.engine.random();
    let access: Vec<String> = request
        .access
        .iter()
        .map(PaymentAccess::to_right)
        .map(|right| right.canonical())
        .collect();
    let tokens = (!access.is_empty()).then_some(AskedToken {
        label: None,
        bearer: false,
        access,
        references: Vec::new(),
    });
    let finish = request
        .interact
        .as_ref()
        .and_then(|interact| interact.finish.as_ref());
    let subject = request.subject.as_ref().map(|subject| AskedSubject {
        ids: vec![subject.to_value()],
        ..AskedSubject::default()
    });
    let wallet = signer.wallet.as_ref();
    Drawn {
        hidden: Hidden {
            client_nonce: finish.map(|finish| finish.nonce.clone()),
            server_nonce: fresh(random),
            interact_ref: fresh(random),
        },
        payload: Payload {
            profile: realm.profile,
            grant_endpoint: realm.grant_endpoint.clone(),
            encoding: payments.settings.hash_encoding,
            tokens: tokens.into_iter().collect(),
            several: false,
            subject,
            key: signer.key.to_json(),
            wallet: wallet.map(|address| address.as_str().to_owned()),
            start: None,
            modes: vec![StartMode::Redirect.name().to_owned()],
            finish: finish.map(AskedFinish::of),
            locales: Vec::new(),
            durable: false,
            before: None,
            subject_before: None,
            seal: fresh(random),
        },
        token: Secret::generate(random),
    }
}

impl Drawn {
    fn ask<'a>(
        &self,
        realm: &Realm,
        call: &Call,
        client: &'a AuthenticatedClient,
        introduced: Option<Introduced>,
    ) -> Result<Ask<'a>, Problem> {
        let engine = &realm.site.engine;
        let lifetimes = &realm.site.settings.lifetimes;
        let reference =
            Secret::parse(&self.hidden.interact_ref).filter(|_| self.payload.finish.is_some());
        Ok(Ask {
            face: FACE,
            client: client.client(),
            proven: true,
            proof: client.proof().cloned(),
            peer: call.context.source(),
            rights: grant::rights(&self.payload.tokens)?,
            need: SignInNeed::default(),
            addressed_to: None,
            delivery: Delivery::Poll {
                interval: lifetimes.poll_interval,
            },
            browser: None,
            every_time: true,
            parent: None,
            // The token stays the same for the life of the grant: clients of this profile keep the first one.
            continuation: Some(
                Continuation::new(&self.token, false).with_finish(reference.as_ref()),
            ),
            on_answer: None,
            introduced,
            payload: self
                .payload
                .store(&self.hidden, engine.vault(), engine.random()),
            lifetime: lifetimes.interaction,
            with_user_code: false,
        })
    }
}

/// Gives what nobody has to be asked about.
async fn at_once(
    payments: &Payments,
    realm: &Realm,
    call: &Call,
    (request, signer): (&PaymentsRequest, &Signer),
) -> Result<GrantResponse, Problem> {
    let client = signer.admitted(realm, call, None).await?;
    let mut drawn = draw(payments, realm, request, signer);
    drawn.payload.finish = None;
    let (payload, lifetimes) = (&drawn.payload, realm.site.settings.lifetimes);
    let give = AtOnce {
        ask: drawn.ask(realm, call, &client, None)?,
        rule: RULE,
        specs: &|_, basis| answer::specs(payload, &lifetimes, basis),
        under: None,
    };
    let engine = &realm.site.engine;
    let issued = engine.grant_at_once(&give, call.context.now).await;
    let issued = issued.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))?;
    let issued = issued.get();
    let wait = lifetimes.poll_interval;
    Ok(GrantResponse {
        tokens: answer::tokens(realm, payload, &issued.tokens, &payload.key),
        continuation: answer::continuation(realm, issued.request.id, &drawn.token, wait),
        ..GrantResponse::default()
    })
}

/// Opens a request that waits for a person.
async fn ask_person(
    payments: &Payments,
    realm: &Realm,
    call: &Call,
    (request, signer): (&PaymentsRequest, &Signer),
) -> Result<GrantResponse, Problem> {
    if request.interact.is_none() {
        return Err(problem::MISSING_INTERACT);
    }
    let address = signer.wallet.as_ref().ok_or(problem::INTERACTIVE_JWK)?;
    let asks = realm
        .tenant
        .as_ref()
        .is_some_and(|tenant| tenant.idp.is_some() || payments.is_operator(tenant));
    if !asks {
        return Err(problem::INVALID_TENANT);
    }
    let name = wallet::public_name(realm, address).await;
    let name = name.ok_or(problem::MISSING_CLIENT)?;
    let client = signer.admitted(realm, call, Some(&name)).await?;
    let drawn = draw(payments, realm, request, signer);
    let introduced = Introduced {
        name: Some(name.clone()),
        uri: Some(address.as_str().to_owned()),
        proven: true,
    };
    let ask = drawn.ask(realm, call, &client, Some(introduced))?;
    let opened = realm.site.engine.open(ask, call.context.now).await;
    let opened = opened.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))?;
    let id = opened.get().request.id;
    let nonce = &drawn.hidden.server_nonce;
    let shown: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("clientName", &name)
        .append_pair("clientUri", address.as_str())
        .finish();
    let start = format!(
        "{}/interact/{}/{nonce}?{shown}",
        realm.base,
        realm.name_of(id.as_bytes())
    );
    let wait = realm.site.settings.lifetimes.poll_interval;
    Ok(GrantResponse {
        interact: Some(InteractAnswer {
            redirect: Some(start),
            // Its clients want it also where nothing will be hashed.
            finish: Some(nonce.clone()),
            ..InteractAnswer::default()
        }),
        continuation: answer::continuation(realm, id, &drawn.token, wait),
        ..GrantResponse::default()
    })
}
