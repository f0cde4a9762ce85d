//! A client asks for a grant (RFC 9635): it waits for a person, or is told why it cannot.
//!
//! 1. Read the request, find the key, check the proof.
//! 2. Decide how the person can be reached: by the client, or on their own page. Nobody is granted anything here without one.
//! 3. Open the request; the answer says how to reach the person and how to come back.
//!
//! Spec: RFC 9635 §2, §3, §4.1, §4.2

use placet_core::{
    callback::Message,
    client::{AuthenticatedClient, Client},
    engine::{Ask, Opened},
    id::Id,
    pending::{Continuation, Delivery, Introduced, PendingRequest, SignInNeed},
    person::Person,
    right::{Detail, Rights},
    secret::{Secret, SecretHash, kind},
};
use placet_proof::gnap::GnapKey;
use placet_web::{context::Call, reply::Reply};
use url::Url;

use crate::{
    GnapError, Place, Problem, Profile,
    access::AccessRight,
    answer, client, edge,
    hash::HashEncoding,
    payload::{AskedFinish, AskedSubject, AskedToken, Hidden, Payload, fresh},
    realm::Realm,
    request::{FinishMethod, GrantRequest, InteractAsk, StartMode, SubjectAsk, TokenAsks, UserAsk},
    response::{GrantResponse, InteractAnswer, UserCodeUri},
    subject::{AssertionFormat, SubIdFormat},
    user,
};

/// The formats in which this server can name a person.
pub(crate) const SUB_ID_FORMATS: [SubIdFormat; 4] = [
    SubIdFormat::Opaque,
    SubIdFormat::IssSub,
    SubIdFormat::Email,
    SubIdFormat::PhoneNumber,
];
/// The assertions it can make.
pub(crate) const ASSERTION_FORMATS: [AssertionFormat; 1] = [AssertionFormat::IdToken];
/// The ways to start that it offers. An application's own scheme begins the same page in the browser.
pub(crate) const START_MODES: [StartMode; 4] = [
    StartMode::Redirect,
    StartMode::App,
    StartMode::UserCode,
    StartMode::UserCodeUri,
];

/// Answers a POST to the grant endpoint.
pub(crate) async fn handle(realm: Realm, call: Call) -> Reply {
    match grant(&realm, &call).await {
        Ok(response) => response.reply(realm.profile),
        Err(problem) => problem.reply(),
    }
}

async fn grant(realm: &Realm, call: &Call) -> Result<GrantResponse, Problem> {
    let request = GrantRequest::parse(&edge::claimed(call)?)?;
    let existing = request.existing_access_token.as_ref();
    let proven = client::identify(realm, call, &request.client).await?;
    let chained = match existing {
        None => None,
        Some(token) => Some(crate::resource_server::chained(realm, &proven, token.reveal()).await?),
    };
    if let Some(chained) = chained {
        return crate::resource_server::derive(realm, call, &proven, &request, chained).await;
    }
    let wanted = Wanted {
        tokens: request.tokens.as_ref(),
        subject: request.subject.as_ref(),
        interact: request.interact.as_ref(),
    };
    let drawn = match drawn(realm, call, &proven, &wanted, request.user.as_ref()).await {
        Ok(drawn) => drawn,
        Err(problem) => return Err(spent(realm, &proven.client, problem).await),
    };
    let token = Secret::generate(realm.site.engine.random());
    let ask = drawn.ask(
        realm,
        call,
        &proven.client,
        proven.introduced.clone(),
        &token,
    );
    let opened = realm.site.engine.open(ask, call.context.now).await;
    let opened = opened.map_err(|error| Problem::failed(error, Place::Grant, realm.profile))?;
    let client = proven.client.client();
    Ok(GrantResponse {
        instance_id: answer::instance(realm, client),
        ..drawn.pending(realm, opened.get(), &token)
    })
}

/// A refusal before any verb: the proof must not be used again.
pub(crate) async fn spent(
    realm: &Realm,
    client: &AuthenticatedClient,
    problem: Problem,
) -> Problem {
    match realm.site.engine.spend_proof(client).await {
        Ok(()) => problem,
        Err(error) => Problem::failed(error, Place::Grant, realm.profile),
    }
}

async fn drawn(
    realm: &Realm,
    call: &Call,
    proven: &client::Proven,
    wanted: &Wanted<'_>,
    user: Option<&UserAsk>,
) -> Result<Drawn, Problem> {
    let client = proven.client.client();
    let mut need = user::need(realm, client, user, call.context.now).await?;
    if let Some(subject) = wanted.subject {
        user::asked_about(realm, &mut need, &subject.sub_ids).await?;
    }
    if let Some(interact) = wanted.interact {
        finishes_at(client, interact)?;
    }
    let drawn = draw(realm, &proven.key, wanted, need).await?;
    is_known_to_sit_there(drawn.addressed_to, drawn.payload.subject.as_ref())?;
    Ok(drawn)
}

/// A client that registered where it is answered may be told only there: at those hosts over the web, by those schemes of
/// its own (threat G16).
pub(crate) fn finishes_at(client: &Client, interact: &InteractAsk) -> Result<(), Problem> {
    let registered = &client.metadata.redirect_uris;
    let (Some(finish), false) = (&interact.finish, registered.is_empty()) else {
        return Ok(());
    };
    let place = |text: &str| {
        let uri = Url::parse(text).ok()?;
        Some((uri.scheme().to_owned(), uri.host_str().map(str::to_owned)))
    };
    let asked = place(&finish.uri);
    if asked.is_some() && registered.iter().any(|known| place(known) == asked) {
        Ok(())
    } else {
        Err(Problem::new(
            GnapError::InvalidInteraction,
            "This client registered other places to finish at.",
        ))
    }
}

/// Who a person is may be told only to a client that they sit at. Where this server reaches them by itself, whoever agrees
/// need not be whoever uses the client (RFC 9635 §3.4).
pub(crate) fn is_known_to_sit_there(
    addressed_to: Option<Id<Person>>,
    subject: Option<&AskedSubject>,
) -> Result<(), Problem> {
    match (addressed_to, subject) {
        (Some(_), Some(_)) => Err(Problem::new(
            GnapError::InvalidInteraction,
            "Who a person is can be told only to a client that brings them.",
        )),
        (None, _) | (_, None) => Ok(()),
    }
}

/// What a client asks, by a first request or by a modification.
pub(crate) struct Wanted<'a> {
    pub(crate) tokens: Option<&'a TokenAsks>,
    pub(crate) subject: Option<&'a SubjectAsk>,
    pub(crate) interact: Option<&'a InteractAsk>,
}

/// A request, ready to be opened.
pub(crate) struct Drawn {
    pub(crate) payload: Payload,
    pub(crate) hidden: Hidden,
    pub(crate) rights: Rights,
    pub(crate) need: SignInNeed,
    /// The person this server reaches by itself. Absent where the client brings them.
    pub(crate) addressed_to: Option<Id<Person>>,
    /// The secret of the start address.
    start: Option<Secret<kind::Show>>,
    /// Whether a person carries a code.
    with_code: bool,
}

/// Decides how the person is reached, and draws everything that is secret about it.
pub(crate) async fn draw(
    realm: &Realm,
    key: &GnapKey,
    wanted: &Wanted<'_>,
    need: SignInNeed,
) -> Result<Drawn, Problem> {
    let interact = wanted
        .interact
        .ok_or_else(|| Problem::from(GnapError::InvalidInteraction))?;
    let addressed_to = addressee(realm, interact, &need).await?;
    let random = realm.site.engine.random();
    let by_address = interact
        .start
        .iter()
        .any(|mode| matches!(mode, StartMode::Redirect | StartMode::App));
    let with_code = interact
        .start
        .iter()
        .any(|mode| matches!(mode, StartMode::UserCode | StartMode::UserCodeUri));
    let start = by_address.then(|| Secret::generate(random));
    let (mut tokens, several) = AskedToken::all(wanted.tokens);
    expand(realm, &mut tokens).await?;
    let rights = rights(&tokens)?;
    let subject = wanted
        .subject
        .map(|ask| AskedSubject::of(ask, &SUB_ID_FORMATS, &ASSERTION_FORMATS))
        .filter(|subject| !subject.is_empty());
    let hidden = Hidden {
        client_nonce: interact.finish.as_ref().map(|finish| finish.nonce.clone()),
        server_nonce: fresh(random),
        interact_ref: fresh(random),
    };
    let known = START_MODES
        .iter()
        .filter(|mode| interact.start.contains(mode));
    Ok(Drawn {
        payload: Payload {
            profile: realm.profile,
            grant_endpoint: realm.grant_endpoint.clone(),
            encoding: HashEncoding::Base64Url,
            tokens,
            several,
            subject,
            key: key.to_json(),
            wallet: None,
            start: start.as_ref().map(Secret::hash),
            modes: known.map(|mode| mode.name().to_owned()).collect(),
            finish: interact.finish.as_ref().map(AskedFinish::of),
            locales: interact.ui_locales.clone(),
            durable: realm.durable_tokens,
            before: None,
            subject_before: None,
            seal: fresh(random),
        },
        hidden,
        rights,
        need,
        addressed_to,
        start,
        with_code,
    })
}

/// Puts what resource servers named in the place of its names, so that people see what they agree to.
pub(crate) async fn expand(realm: &Realm, tokens: &mut [AskedToken]) -> Result<(), Problem> {
    for token in tokens {
        let mut access = Vec::new();
        for text in &token.access {
            let reference = match AccessRight::parse(text) {
                Ok(AccessRight::Reference(name)) => Some(name),
                Ok(AccessRight::Object(_)) | Err(_) => None,
            };
            let named = match &reference {
                Some(name) => crate::resource_server::named_rights(realm, name).await?,
                None => None,
            };
            token
                .references
                .extend(reference.filter(|_| named.is_some()));
            access.extend(named.unwrap_or_else(|| vec![text.clone()]));
        }
        access.dedup();
        token.access = access;
    }
    Ok(())
}

/// The rights of all tokens in one normal form.
pub(crate) fn rights(tokens: &[AskedToken]) -> Result<Rights, Problem> {
    let details = tokens.iter().flat_map(|token| &token.access);
    let details: Result<Vec<_>, _> = details.map(|text| Detail::parse(text)).collect();
    let details = details.map_err(|_| Problem::from(GnapError::InvalidRequest))?;
    Ok(Rights::of_details(details))
}

/// The person this server has to reach by itself, since the client has no way to (RFC 9635 §2.5.1): they find the request on
/// their own page. `None` where the client brings them.
///
/// # Errors
/// `invalid_interaction` for ways that are all unknown here, for nobody in particular, and for a finish by redirect: no browser
/// of the client's is in play, and that of somebody else must not be carried into its session (RFC 9635 §11.24).
async fn addressee(
    realm: &Realm,
    interact: &InteractAsk,
    need: &SignInNeed,
) -> Result<Option<Id<Person>>, Problem> {
    if interact.has_known_start() {
        return Ok(None);
    }
    let refused = |why| Err(Problem::new(GnapError::InvalidInteraction, why));
    if !interact.start.is_empty() {
        return refused("None of the ways to start is offered here.");
    }
    let finish = interact.finish.as_ref();
    if finish.is_some_and(|finish| finish.method == FinishMethod::Redirect) {
        return refused("An interaction without a way to start cannot finish by redirect.");
    }
    match &need.subject {
        Some(subject) => user::addressee(realm, subject).await.map(Some),
        None => refused("An interaction without a way to start needs a user this server knows."),
    }
}

impl Drawn {
    /// The request as the engine opens it.
    pub(crate) fn ask<'a>(
        &self,
        realm: &Realm,
        call: &Call,
        client: &'a AuthenticatedClient,
        introduced: Option<Introduced>,
        token: &Secret<kind::Continue>,
    ) -> Ask<'a> {
        let engine = &realm.site.engine;
        let lifetimes = &realm.site.settings.lifetimes;
        let rotates = realm.profile == Profile::Rfc9635;
        let reference =
            Secret::parse(&self.hidden.interact_ref).filter(|_| self.payload.finish.is_some());
        Ask {
            face: crate::face::FACE,
            client: client.client(),
            proven: true,
            proof: client.proof().cloned(),
            peer: call.context.source(),
            rights: self.rights.clone(),
            need: self.need.clone(),
            addressed_to: self.addressed_to,
            delivery: Delivery::Poll {
                interval: lifetimes.poll_interval,
            },
            browser: None,
            every_time: true,
            parent: None,
            continuation: Some(Continuation::new(token, rotates).with_finish(reference.as_ref())),
            on_answer: self.push(),
            introduced,
            payload: self
                .payload
                .store(&self.hidden, engine.vault(), engine.random()),
            lifetime: lifetimes.interaction,
            with_user_code: self.with_code,
        }
    }

    /// What is sent to the client when the person is done (RFC 9635 §4.2.2).
    fn push(&self) -> Option<Vec<u8>> {
        let finish = self.payload.finish.as_ref().filter(|finish| finish.push)?;
        let (hash, reference) = self.payload.finish_hash(&self.hidden)?;
        let body = crate::finish::push(&hash, &reference);
        let message = Message {
            method: "POST".to_owned(),
            url: finish.uri.clone(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Some(String::from_utf8(body.to_vec()).ok()?),
        };
        serde_json::to_vec(&message).ok()
    }

    /// What the client is told while nobody has answered.
    pub(crate) fn pending(
        &self,
        realm: &Realm,
        opened: &Opened,
        token: &Secret<kind::Continue>,
    ) -> GrantResponse {
        let request = &opened.request;
        let settings = &realm.site.settings;
        let wait = request
            .delivery
            .interval()
            .unwrap_or(settings.lifetimes.poll_interval);
        let code = opened.user_code.as_ref().map(ToString::to_string);
        let offers = |mode: &StartMode| self.payload.modes.iter().any(|name| name == mode.name());
        let address = self
            .start
            .as_ref()
            .map(|secret| start_uri(realm, request.id, secret));
        let page = settings.url("/device");
        // Whoever asked for no way and no finish has nothing to be told about them (RFC 9635 §3.3).
        let tells = !self.payload.modes.is_empty() || self.payload.finish.is_some();
        GrantResponse {
            continuation: answer::continuation(realm, request.id, token, wait),
            interact: tells.then(|| InteractAnswer {
                redirect: address.clone().filter(|_| offers(&StartMode::Redirect)),
                app: address.filter(|_| offers(&StartMode::App)),
                user_code: code.clone().filter(|_| offers(&StartMode::UserCode)),
                user_code_uri: code
                    .filter(|_| offers(&StartMode::UserCodeUri))
                    .and_then(|code| UserCodeUri::new(&code, &page)),
                finish: self
                    .payload
                    .finish
                    .as_ref()
                    .map(|_| self.hidden.server_nonce.clone()),
                expires_in: Some(request.expires_at.since(request.created_at)),
            }),
            ..GrantResponse::default()
        }
    }
}

/// The address at which a browser begins.
fn start_uri(realm: &Realm, id: Id<PendingRequest>, secret: &Secret<kind::Show>) -> String {
    let name = realm.name_of(id.as_bytes());
    format!("{}/interact/{name}/{}", realm.base, secret.reveal())
}

/// Whether `presented` is the secret of a request's start address.
pub(crate) fn starts(payload: &Payload, presented: &str) -> bool {
    payload
        .start
        .is_some_and(|start| start == SecretHash::of(presented))
}
