//! A client changes what it asks: before it collected anything the request itself, afterwards the grant it became.
//!
//! 1. What is left out of the change stays as it was.
//! 2. Rights within those a grant has, member by member, are given at once.
//! 3. For anything else a person is asked, anew if somebody was looking, or had agreed, already.
//!
//! Spec: RFC 9635 §5.3; threats C5 and G14

use placet_core::{
    Refusal,
    engine::{self, AtOnce},
    grant::Grant,
    id::Id,
    pending::{Continuation, SignInNeed, State},
    person::Person,
    right::{Detail, Rights},
    secret::Secret,
    store::StoreError,
};
use placet_proof::gnap::Policy;
use placet_web::{context::Call, reply::Reply};

use crate::{
    GnapError, Place, Problem,
    access::AccessRight,
    answer,
    continuation::{Back, come_back},
    edge,
    grant::{self, Drawn, Wanted},
    payload::{AskedSubject, AskedToken, Payload, fresh},
    realm::Realm,
    request::ModifyRequest,
    response::GrantResponse,
    user,
};

/// Answers a PATCH (RFC 9635 §5.3).
pub(crate) async fn modify(realm: Realm, call: Call, policy: Policy) -> Reply {
    let done = Box::pin(modified(&realm, &call, &policy)).await;
    done.unwrap_or_else(|problem| problem.reply())
}

async fn modified(realm: &Realm, call: &Call, policy: &Policy) -> Result<Reply, Problem> {
    let claimed = edge::claimed(call)?;
    let back = come_back(realm, call, policy, Place::Grant)
        .await
        .map_err(|problem| {
            // A grant that is not there is one that cannot be continued, whatever was to be changed.
            match problem.code {
                Some(GnapError::RequestDenied) => GnapError::InvalidContinuation.into(),
                _ => problem,
            }
        })?;
    let asked = match ModifyRequest::parse(back.content.as_deref().unwrap_or(&claimed)) {
        Ok(asked) => asked,
        Err(problem) => return Err(grant::spent(realm, &back.client, problem).await),
    };
    let changed = changed(realm, &back, &asked).await?;
    let need = match needed(realm, call, &back, &asked).await {
        Ok(need) => need,
        Err(problem) => return Err(grant::spent(realm, &back.client, problem).await),
    };
    if let Some(reply) = at_once(realm, call, &back, &changed).await? {
        return Ok(reply);
    }
    let drawn = match drawn_anew(realm, &back, (&asked, need), &changed).await {
        Ok(drawn) => drawn,
        Err(problem) => return Err(grant::spent(realm, &back.client, problem).await),
    };
    let mut drawn = match drawn {
        Anew::Drawn(drawn) => *drawn,
        Anew::AsItWas(need, addressed_to) => {
            return reworded(realm, call, &back, changed, (need, addressed_to)).await;
        }
    };
    drawn.payload.tokens = changed.tokens;
    drawn.payload.several = changed.several;
    drawn.payload.subject = changed.subject;
    drawn.payload.before = changed.before;
    drawn.payload.subject_before = changed.subject_before;
    drawn.payload.durable = changed.durable;
    drawn.rights = grant::rights(&drawn.payload.tokens)?;
    let introduced = back.request.asker.introduced.clone();
    // The token of the new content is made by the engine from the old one.
    let ask = drawn.ask(realm, call, &back.client, introduced, &back.token);
    let opened = match realm.site.engine.modify(back.id, &back.token, ask).await {
        Ok(opened) => opened,
        Err(error) => return Err(unchanged(realm, &back, error).await),
    };
    let (opened, next) = opened.get();
    Ok(drawn.pending(realm, opened, next).reply(realm.profile))
}

/// The request with its new content. What is left out of the change stays as it was.
async fn changed(realm: &Realm, back: &Back, asked: &ModifyRequest) -> Result<Payload, Problem> {
    let (mut tokens, several) = match &asked.tokens {
        Some(tokens) => AskedToken::all(Some(tokens)),
        None => (back.payload.tokens.clone(), back.payload.several),
    };
    grant::expand(realm, &mut tokens).await?;
    let subject = match &asked.subject {
        Some(subject) => Some(AskedSubject::of(
            subject,
            &grant::SUB_ID_FORMATS,
            &grant::ASSERTION_FORMATS,
        ))
        .filter(|subject| !subject.is_empty()),
        None => back.payload.subject.clone(),
    };
    Ok(Payload {
        tokens,
        several,
        subject,
        before: before(realm, back).await?,
        subject_before: match &back.request.state {
            State::Approved(_) | State::Collected { .. } => back.payload.subject.clone(),
            _ => back.payload.subject_before.clone(),
        },
        ..back.payload.clone()
    })
}

/// What a change that the engine refused is called, once its proof is spent: else the same call could change something later.
/// What a full server refuses costs it nothing.
async fn unchanged(realm: &Realm, back: &Back, error: engine::Error) -> Problem {
    let (place, spends) = match &error {
        // A grant that is over is one that cannot be continued, like one that is not there (threat C8).
        engine::Error::Refused(
            Refusal::NotFound | Refusal::WrongClient | Refusal::Cancelled | Refusal::Revoked,
        ) => (Place::Poll, true),
        engine::Error::Refused(Refusal::TooMany { .. } | Refusal::ReplayedProof)
        | engine::Error::Unknown
        | engine::Error::Store(_)
        | engine::Error::Sign(_) => (Place::Grant, false),
        engine::Error::Refused(_) => (Place::Grant, true),
    };
    let problem = Problem::failed(error, place, realm.profile);
    if spends {
        grant::spent(realm, &back.client, problem).await
    } else {
        problem
    }
}

/// How the person is reached from now on.
enum Anew {
    Drawn(Box<Drawn>),
    AsItWas(SignInNeed, Option<Id<Person>>),
}

/// What of a change is about the person: who it is believed to be, and whom it asks about. What is left out stays as it was
/// (RFC 9635 §5.3).
async fn needed(
    realm: &Realm,
    call: &Call,
    back: &Back,
    asked: &ModifyRequest,
) -> Result<SignInNeed, Problem> {
    let client = back.client.client();
    let mut need = match &asked.user {
        Some(user) => user::need(realm, client, Some(user), call.context.now).await?,
        None => back.request.need.clone(),
    };
    if let Some(subject) = agreed_before(realm, back).await? {
        user::is_named(realm, &mut need, &subject).await?;
    }
    if let Some(subject) = &asked.subject {
        user::asked_about(realm, &mut need, &subject.sub_ids).await?;
    }
    if let Some(interact) = &asked.interact {
        grant::finishes_at(client, interact)?;
    }
    Ok(need)
}

/// How the person is reached.
async fn drawn_anew(
    realm: &Realm,
    back: &Back,
    (asked, need): (&ModifyRequest, SignInNeed),
    changed: &Payload,
) -> Result<Anew, Problem> {
    let subject = changed.subject.as_ref();
    let collected = matches!(&back.request.state, State::Collected { .. });
    if asked.interact.is_none() && !collected {
        let addressed_to = still_addressed(realm, back, &need).await?;
        grant::is_known_to_sit_there(addressed_to, subject)?;
        return Ok(Anew::AsItWas(need, addressed_to));
    }
    let wanted = Wanted {
        tokens: None,
        subject: None,
        interact: asked.interact.as_ref(),
    };
    let drawn = grant::draw(realm, &back.key, &wanted, need).await?;
    grant::is_known_to_sit_there(drawn.addressed_to, subject)?;
    Ok(Anew::Drawn(Box::new(drawn)))
}

/// Whoever agreed before is asked about the change, so that nobody need be named, and nobody else may be.
async fn agreed_before(realm: &Realm, back: &Back) -> Result<Option<String>, Problem> {
    let engine = &realm.site.engine;
    let (store, issuer) = (engine.store().as_ref(), engine.issuer_id());
    let failed = |error: StoreError| Problem::failed(error.into(), Place::Grant, realm.profile);
    let grant = match &back.request.state {
        State::Collected { grant, .. } => Some(*grant),
        _ => back.request.parent,
    };
    let agreed = match (grant, &back.request.state) {
        (Some(grant), _) => {
            let grant = store.grant(issuer, grant).await.map_err(failed)?;
            grant.and_then(|grant| grant.value.person)
        }
        (None, State::Approved(approval)) => approval.person,
        (None, _) => None,
    };
    let Some(person) = agreed else {
        return Ok(None);
    };
    let person = store.person(issuer, person).await.map_err(failed)?;
    Ok(person.map(|person| person.value.subject))
}

/// What the person had agreed to before this change.
async fn before(realm: &Realm, back: &Back) -> Result<Option<Rights>, Problem> {
    let grant = match &back.request.state {
        State::Collected { grant, .. } => grant,
        State::Approved(approval) => return Ok(Some(approval.granted.clone())),
        _ => return Ok(back.payload.before.clone()),
    };
    let engine = &realm.site.engine;
    let found = engine
        .store()
        .as_ref()
        .grant(engine.issuer_id(), *grant)
        .await;
    let found =
        found.map_err(|error| Problem::failed(error.into(), Place::Grant, realm.profile))?;
    Ok(found.map(|grant| grant.value.rights))
}

/// The same way to the person, other content.
async fn reworded(
    realm: &Realm,
    call: &Call,
    back: &Back,
    changed: Payload,
    (need, addressed_to): (SignInNeed, Option<Id<Person>>),
) -> Result<Reply, Problem> {
    let engine = &realm.site.engine;
    let mut hidden = back
        .payload
        .hidden(&back.request, engine.vault())
        .ok_or_else(Problem::broken)?;
    if matches!(&back.request.state, State::Approved(_)) {
        // The old reference speaks of an agreement that was about something else.
        hidden.interact_ref = fresh(engine.random());
    }
    let reference = Secret::parse(&hidden.interact_ref).filter(|_| changed.finish.is_some());
    let way = Continuation::new(&back.token, true).with_finish(reference.as_ref());
    let on_answer = back
        .request
        .on_answer
        .as_ref()
        .and_then(|sealed| engine.vault().open(&back.id.to_string(), sealed).ok())
        .map(|plain| plain.to_vec());
    let ask = engine::Ask {
        face: crate::face::FACE,
        client: back.client.client(),
        proven: true,
        proof: back.client.proof().cloned(),
        peer: call.context.source(),
        rights: grant::rights(&changed.tokens)?,
        need,
        addressed_to,
        delivery: back.request.delivery.clone(),
        browser: None,
        every_time: true,
        parent: None,
        continuation: Some(way),
        on_answer,
        introduced: back.request.asker.introduced.clone(),
        payload: changed.store(&hidden, engine.vault(), engine.random()),
        lifetime: realm.site.settings.lifetimes.interaction,
        with_user_code: false,
    };
    let opened = match engine.modify(back.id, &back.token, ask).await {
        Ok(opened) => opened,
        Err(error) => return Err(unchanged(realm, back, error).await),
    };
    let (_, next) = opened.get();
    let wait = back.request.delivery.interval();
    let wait = wait.unwrap_or(realm.site.settings.lifetimes.poll_interval);
    let response = GrantResponse {
        continuation: answer::continuation(realm, back.id, next, wait),
        ..GrantResponse::default()
    };
    Ok(response.reply(realm.profile))
}

/// Whom a request is laid before that has no other way to a person: whoever is named by now.
async fn still_addressed(
    realm: &Realm,
    back: &Back,
    need: &SignInNeed,
) -> Result<Option<Id<Person>>, Problem> {
    match (&back.request.addressed_to, &need.subject) {
        (None, _) => Ok(None),
        (Some(_), Some(subject)) => user::addressee(realm, subject).await.map(Some),
        (Some(_), None) => Err(GnapError::InvalidInteraction.into()),
    }
}

/// More tokens for no more than the grant has: nobody has to be asked again. `None` where somebody has (threat G14).
async fn at_once(
    realm: &Realm,
    call: &Call,
    back: &Back,
    changed: &Payload,
) -> Result<Option<Reply>, Problem> {
    let engine = &realm.site.engine;
    if !matches!(back.request.state, State::Collected { .. })
        || changed.subject != back.payload.subject
        || unbinds(back, changed)
    {
        return Ok(None);
    }
    let rights = grant::rights(&changed.tokens)?;
    let hidden = back
        .payload
        .hidden(&back.request, engine.vault())
        .ok_or_else(Problem::broken)?;
    let payload = Payload {
        finish: None,
        start: None,
        subject: None,
        ..changed.clone()
    };
    let lifetimes = realm.site.settings.lifetimes;
    let give = AtOnce {
        ask: engine::Ask {
            face: crate::face::FACE,
            client: back.client.client(),
            proven: true,
            proof: back.client.proof().cloned(),
            peer: call.context.source(),
            rights,
            need: back.request.need.clone(),
            addressed_to: None,
            delivery: back.request.delivery.clone(),
            browser: None,
            every_time: true,
            parent: None,
            continuation: None,
            on_answer: None,
            introduced: back.request.asker.introduced.clone(),
            payload: payload.store(&hidden, engine.vault(), engine.random()),
            lifetime: lifetimes.interaction,
            with_user_code: false,
        },
        rule: "within the grant",
        under: None,
        specs: &|_, basis| answer::specs(&payload, &lifetimes, basis),
    };
    let wanted = give.ask.rights.clone();
    let covers = move |grant: &Grant| covered(&wanted, grant);
    let issued = engine
        .modify_at_once((back.id, &back.token), give, &covers)
        .await;
    let issued = match issued {
        Ok(issued) => issued,
        Err(engine::Error::Refused(Refusal::Exceeds)) => return Ok(None),
        Err(error) => return Err(unchanged(realm, back, error).await),
    };
    let (issued, next) = issued.get();
    let response = GrantResponse {
        continuation: answer::continuation(realm, issued.request.id, next, lifetimes.poll_interval),
        tokens: answer::tokens(realm, &payload, &issued.tokens, &payload.key),
        ..GrantResponse::default()
    };
    Ok(Some(response.reply(realm.profile)))
}

/// Whether rights that needed a key so far are asked for in a token that needs none.
fn unbinds(back: &Back, changed: &Payload) -> bool {
    let bearer = |payload: &Payload| -> Vec<AccessRight> {
        let tokens = payload.tokens.iter().filter(|token| token.bearer);
        tokens.flat_map(Payload::rights_of).collect()
    };
    let before = bearer(&back.payload);
    let now = bearer(changed);
    !now.iter()
        .all(|right| before.iter().any(|held| right.is_within(held)))
}

/// Whether each right lies within one the person agreed to, member by member.
fn covered(wanted: &Rights, grant: &Grant) -> bool {
    let read = |detail: &Detail| AccessRight::parse(detail.as_str()).ok();
    let granted: Vec<_> = grant.rights.details.iter().filter_map(read).collect();
    wanted.details.iter().all(|detail| {
        read(detail).is_some_and(|right| granted.iter().any(|other| right.is_within(other)))
    })
}
