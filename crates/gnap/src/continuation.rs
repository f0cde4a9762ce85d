//! A client comes back: for the answer, or to take back what it asked. One road for both dialects.
//!
//! 1. The name in the path and the token find the request; what does not fit is one answer.
//! 2. The key the request was begun with must have signed this call too (threat G2).
//! 3. One verb decides and commits. A poll that finds no answer may be held (`Prefer: wait=N`).
//!
//! Spec: RFC 9635 §5, §5.1, §5.2, §5.4; RFC 7240 §4.3; threats G2 to G4, G11 and G12

use http::StatusCode;
use placet_core::{
    Refusal,
    client::{AuthenticatedClient, Client},
    engine::{self, Caller, Given, Pacing, Proceed, Proceeded, TakenBack, Waiting},
    event::Actor,
    id::Id,
    pending::PendingRequest,
    secret::{Secret, kind},
};
use placet_proof::gnap::{GnapKey, Policy};
use placet_web::{
    client_auth::key_proof,
    context::Call,
    hold::{Place as Held, Unanswered},
    prefer,
    reply::Reply,
};

use crate::{
    Place, Problem, Profile, answer, client, grant, open_payments,
    payload::Payload,
    realm::{Named, Realm},
    request::ContinueRequest,
    response::GrantResponse,
};

/// A client that came back, proven.
pub(crate) struct Back {
    pub(crate) id: Id<PendingRequest>,
    pub(crate) token: Secret<kind::Continue>,
    pub(crate) request: PendingRequest,
    pub(crate) payload: Payload,
    pub(crate) client: AuthenticatedClient,
    pub(crate) key: GnapKey,
    pub(crate) content: Option<Vec<u8>>,
}

/// What a call comes to.
enum Answer {
    Now(Reply),
    Later(Box<HeldCall>),
}

/// Answers a POST.
pub(crate) fn handle(realm: Realm, call: Call, policy: Policy) -> impl Future<Output = Reply> {
    let answer = Box::pin(answer(realm, call, policy));
    async move {
        match answer.await {
            Answer::Now(reply) => reply,
            Answer::Later(held) => held.answer().await,
        }
    }
}

async fn answer(realm: Realm, call: Call, policy: Policy) -> Answer {
    match begin(realm, &call, &policy).await {
        Ok(answer) => answer,
        Err(problem) => Answer::Now(problem.reply()),
    }
}

async fn begin(realm: Realm, call: &Call, policy: &Policy) -> Result<Answer, Problem> {
    let back = come_back(&realm, call, policy, Place::Poll).await?;
    let content = match &back.content {
        Some(content) => content.as_slice(),
        None => call.body.as_ref(),
    };
    let asked = match realm.profile {
        Profile::Rfc9635 => ContinueRequest::parse(content),
        Profile::OpenPayments => open_payments::continue_request(content),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(problem) => return Err(grant::spent(&realm, &back.client, problem).await),
    };
    let (reference, place) = match asked {
        ContinueRequest::Poll => (None, Place::Poll),
        ContinueRequest::Reference(reference) => (Some(reference), Place::Reference),
    };
    let caller = call.context.caller(Actor::Client);
    let look = Look {
        reference,
        place,
        caller,
    };
    let waiting = match look.at(&realm, &back, false).await? {
        Proceeded::Given(given) => {
            let reply = given_reply(&realm, &back, given.get()).await?;
            return Ok(Answer::Now(reply));
        }
        Proceeded::Waiting(waiting) => waiting,
    };
    let wish = prefer::wait(&call.headers);
    let place = wish.and_then(|wish| {
        let (source, now) = (call.context.source(), call.context.now);
        let client = back.client.client().id;
        realm.site.holds.place(wish, client, &source, now)
    });
    let Some(place) = place else {
        let reply = still_pending(&realm, &back, Some(&back.client)).await?;
        return Ok(Answer::Now(reply));
    };
    let spent = realm.site.engine.spend_proof(&back.client).await;
    spent.map_err(|error| Problem::failed(error, Place::Poll, realm.profile))?;
    Ok(Answer::Later(Box::new(HeldCall {
        realm,
        back,
        look,
        waiting,
        place,
    })))
}

/// The request behind a call, once its client has proven its key.
pub(crate) async fn come_back(
    realm: &Realm,
    call: &Call,
    policy: &Policy,
    place: Place,
) -> Result<Back, Problem> {
    let absent = || Problem::refused(&Refusal::NotFound, place, realm.profile);
    let named = Named::<16>::parse(call.path_value(0)).ok_or_else(absent)?;
    let presented = client::presented_token(call).ok_or_else(client::unproven)?;
    let token = Secret::parse(presented).ok_or_else(absent)?;
    let id = Id::from_bytes(named.bytes);
    let found = realm.site.engine.continuation(id, token.hash()).await;
    let (request, known) = found.map_err(|error| Problem::failed(error, place, realm.profile))?;
    let payload = Payload::of(&request)
        .filter(|payload| payload.profile == realm.profile)
        .ok_or_else(absent)?;
    let key = bound_key(realm, call, &payload, &known).await?;
    let proof = client::prove(realm, call, &key, Some(presented), policy)?;
    let content = proof.content().map(<[u8]>::to_vec);
    let client = key_proof::admit(call, known, &proof, client::remember(realm.profile));
    Ok(Back {
        id,
        token,
        request,
        payload,
        client,
        key,
        content,
    })
}

/// The key a request was begun with. Where its client is known by keys that it publishes or registered, this one has to be
/// among them still.
async fn bound_key(
    realm: &Realm,
    call: &Call,
    payload: &Payload,
    known: &Client,
) -> Result<GnapKey, Problem> {
    let key = GnapKey::from_json(&payload.key).map_err(|_| client::unknown())?;
    match &payload.wallet {
        Some(wallet) => crate::wallet::still_published(realm, call, wallet, &key).await?,
        None => client::still_registered(realm, call, known, &key).await?,
    }
    Ok(key)
}

/// One look at a request for a client that came back.
struct Look {
    reference: Option<String>,
    place: Place,
    caller: Caller,
}

impl Look {
    async fn at(&self, realm: &Realm, back: &Back, again: bool) -> Result<Proceeded, Problem> {
        let lifetimes = realm.site.settings.lifetimes;
        let payload = &back.payload;
        let ask = Proceed {
            request: back.id,
            token: &back.token,
            reference: self.reference.as_deref(),
            client: &back.client,
            specs: &|_, basis| answer::specs(payload, &lifetimes, basis),
            pacing: match realm.profile {
                // A person may be quicker than the interval; whoever brings the reference is no poller.
                Profile::Rfc9635 => Pacing::Polls,
                Profile::OpenPayments => Pacing::Always,
            },
        };
        let engine = &realm.site.engine;
        let done = if again {
            engine.proceed_again(&ask, &self.caller).await
        } else {
            engine.proceed(&ask, &self.caller).await
        };
        done.map_err(|error| self.refused(realm, back, error))
    }

    /// A client that came too early is told how long it has to wait from here on; what it came with opens the grant still
    /// (RFC 9635 §3.6).
    fn refused(&self, realm: &Realm, back: &Back, error: engine::Error) -> Problem {
        let wait = match &error {
            engine::Error::Refused(Refusal::TooSoon { interval }) => Some(*interval),
            _ => None,
        };
        let problem = Problem::failed(error, self.place, realm.profile);
        let way = wait
            .filter(|_| realm.profile == Profile::Rfc9635)
            .and_then(|wait| answer::continuation(realm, back.id, &back.token, wait));
        match way {
            Some(way) => problem.with_continue(way),
            None => problem,
        }
    }
}

/// A call that is held: what it takes to look again.
struct HeldCall {
    realm: Realm,
    back: Back,
    look: Look,
    waiting: Waiting,
    place: Held,
}

impl HeldCall {
    async fn answer(self) -> Reply {
        let Self {
            realm,
            back,
            look,
            waiting,
            place,
        } = self;
        let engine = &realm.site.engine;
        let again = || look.at(&realm, &back, true);
        let told = match place.until_answered(engine, waiting, again).await {
            Ok(given) => given_reply(&realm, &back, given.get()).await,
            Err(Unanswered::TimeUp | Unanswered::Released(_)) => {
                still_pending(&realm, &back, None).await
            }
            Err(Unanswered::Refused(problem)) => Err(problem),
        };
        let applied = prefer::applied_wait(place.granted());
        told.unwrap_or_else(|problem| problem.reply())
            .with_header(prefer::PREFERENCE_APPLIED, applied)
    }
}

/// What a client is told while nobody has answered. `proof` is the client, unless the proof of its call was spent before.
async fn still_pending(
    realm: &Realm,
    back: &Back,
    proof: Option<&AuthenticatedClient>,
) -> Result<Reply, Problem> {
    let engine = &realm.site.engine;
    let turned = engine.turn(back.id, &back.token, proof).await;
    let next = turned
        .map_err(|error| Problem::failed(error, Place::Poll, realm.profile))?
        .into_inner();
    let wait = back.request.delivery.interval();
    let wait = wait.unwrap_or(realm.site.settings.lifetimes.poll_interval);
    let response = GrantResponse {
        continuation: answer::continuation(realm, back.id, &next, wait),
        ..GrantResponse::default()
    };
    Ok(response.reply(realm.profile))
}

/// What a client is told when its request was approved.
async fn given_reply(realm: &Realm, back: &Back, given: &Given) -> Result<Reply, Problem> {
    let engine = &realm.site.engine;
    let person = match given.approval.person {
        None => None,
        Some(id) => {
            let found = engine.store().as_ref().person(engine.issuer_id(), id).await;
            let found =
                found.map_err(|error| Problem::failed(error.into(), Place::Poll, realm.profile))?;
            found.map(|found| found.value)
        }
    };
    let wait = realm.site.settings.lifetimes.poll_interval;
    let next = Secret::parse(&given.next);
    let response = GrantResponse {
        continuation: next
            .as_ref()
            .and_then(|next| answer::continuation(realm, back.id, next, wait)),
        tokens: answer::tokens(realm, &back.payload, &given.tokens, &back.payload.key),
        subject: answer::subject(
            realm,
            &back.payload,
            &given.approval,
            &given.tokens,
            person.as_ref(),
        ),
        ..GrantResponse::default()
    };
    Ok(response.reply(realm.profile))
}

/// Answers a DELETE (RFC 9635 §5.4).
pub(crate) async fn cancel(realm: Realm, call: Call, policy: Policy) -> Reply {
    let done = async {
        let back = come_back(&realm, &call, &policy, Place::Cancel).await?;
        let caller = call.context.caller(Actor::Client);
        let engine = &realm.site.engine;
        let taken = engine
            .take_back(back.id, back.token.hash(), &back.client, &caller)
            .await;
        let taken = taken.map_err(|error| Problem::failed(error, Place::Cancel, realm.profile))?;
        match taken.get() {
            TakenBack::Request | TakenBack::Grant(_) => {}
        }
        Ok::<_, Problem>(Reply::empty(StatusCode::NO_CONTENT))
    };
    done.await.unwrap_or_else(|problem| problem.reply())
}
