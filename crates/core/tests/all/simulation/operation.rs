//! What clients, people and operators do: each one verb on one node, as a future that owns what it needs.

use std::sync::{Arc, Mutex};

use placet_core::{
    Id,
    client::{AuthenticatedClient, OnceProof},
    engine::{
        Answer, Caller, ClientTokenRequest, Collect, CollectBy, Decider, Decision, Engine, Error,
        Handover, Opened, RefreshRequest, SignIn,
    },
    grant::Grant,
    pending::{Delivery, EndKind, PendingRequest},
    person::{SeatedPerson, Session},
    refusal::Refusal,
    secret::{Secret, SecretHash, kind},
    store::Boxed,
    time::Lifetime,
    token::{Basis, TokenSet, TokenSpec},
};

use crate::scene::{CODE, INTERVAL, access, ask, refresh, rights, seated, vouched};

/// How long a sign-in lasts.
pub(crate) const SESSION: Lifetime = Lifetime::from_secs(86_400);
/// How long a client's proof is remembered: longer than any run.
const PROOF: Lifetime = Lifetime::from_secs(90 * 86_400);

/// What somebody does. Indices point into the journal.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    SignIn {
        person: usize,
        replaces: Option<usize>,
    },
    SignOut {
        session: usize,
    },
    ChangePassword {
        person: usize,
    },
    Lock {
        person: usize,
    },
    Unlock {
        person: usize,
    },
    Open {
        client: usize,
        redirect: bool,
    },
    Claim {
        request: usize,
        session: usize,
    },
    Answer {
        request: usize,
        session: usize,
        approve: bool,
    },
    Resume {
        request: usize,
    },
    Cancel {
        request: usize,
    },
    Collect {
        request: usize,
        client: usize,
        proof: Option<usize>,
    },
    Refresh {
        family: usize,
        token: usize,
        client: usize,
    },
    RevokeAccess {
        token: usize,
        client: usize,
    },
    RevokeFamily {
        family: usize,
        client: usize,
    },
    RevokeGrant {
        family: usize,
    },
    ClientToken {
        proof: usize,
    },
    Probe {
        token: usize,
    },
    Sweep,
}

/// What a verb gave.
pub(crate) enum Reply {
    SignedIn(Box<(Session, Secret<kind::Session>)>),
    Opened(Box<Opened>),
    Handover(Box<Handover>),
    Tokens(TokenSet, Option<Id<Grant>>),
    Active(bool),
    Done,
}

/// A verb under way.
pub(crate) type Running = Boxed<'static, Result<Reply, Error>>;

/// The names of the clients; the tokens of `web` end with the sign-in.
pub(crate) const CLIENTS: [&str; 2] = ["tv", "web"];
/// The names of the people.
pub(crate) const PEOPLE: [&str; 2] = ["ada", "bob"];

/// Whether the tokens of this client end with the sign-in.
pub(crate) fn is_bound(client: usize) -> bool {
    CLIENTS[client] == "web"
}

fn made(basis: &Basis<'_>) -> Vec<TokenSpec> {
    let bound = basis.client.client_id == "web";
    vec![access(basis, bound), refresh(bound)]
}

async fn client(
    engine: &Engine,
    index: usize,
    proof: Option<usize>,
) -> Result<AuthenticatedClient, Error> {
    let client = engine.client_named(CLIENTS[index]).await?;
    let client = client.ok_or(Refusal::NotFound)?;
    let proof = proof.map(|number| OnceProof {
        value: SecretHash::of(&format!("{} {number}", client.client_id)),
        keep_until: engine.store().now().plus(PROOF),
        peer: None,
    });
    Ok(vouched(client, proof))
}

async fn seat(
    engine: &Engine,
    cookie: &Secret<kind::Session>,
    browser: &Secret<kind::Interaction>,
) -> Result<SeatedPerson, Error> {
    let (session, person) = engine
        .signed_in(cookie)
        .await?
        .ok_or(Refusal::SignInNeeded)?;
    Ok(seated(Arc::new(person), Arc::new(session), browser.hash()))
}

/// A sign-in with a password that was just checked.
pub(crate) fn sign_in(
    engine: Arc<Engine>,
    person: usize,
    replaces: Option<SecretHash<kind::Session>>,
) -> Running {
    Box::pin(async move {
        let store = engine.store().as_ref();
        let person = store
            .person_named(engine.issuer_id(), PEOPLE[person])
            .await
            .map_err(Error::Store)?
            .ok_or(Refusal::NotFound)?;
        let ask = SignIn {
            person: &person,
            amr: Vec::new(),
            agent: "a browser",
            lifetime: SESSION,
            replaces,
        };
        let told = engine.sign_in(ask, &Caller::default()).await?;
        Ok(Reply::SignedIn(Box::new(told.into_inner())))
    })
}

/// A sign-out.
pub(crate) fn sign_out(engine: Arc<Engine>, session: SecretHash<kind::Session>) -> Running {
    Box::pin(async move {
        engine.sign_out(session, &Caller::default()).await?;
        Ok(Reply::Done)
    })
}

/// An operator changes a person: `Some` locks or unlocks, and all but an unlock ends what was before.
pub(crate) fn change_person(engine: Arc<Engine>, person: usize, locked: Option<bool>) -> Running {
    Box::pin(async move {
        let ends = locked != Some(false);
        engine
            .change_person(PEOPLE[person], ends, &Caller::default(), |person| {
                person.disabled = locked.unwrap_or(person.disabled);
            })
            .await?;
        Ok(Reply::Done)
    })
}

/// A client asks, by redirect from `browser` or from a device.
pub(crate) fn open(
    engine: Arc<Engine>,
    by: usize,
    browser: Option<Secret<kind::Interaction>>,
    lifetime: Lifetime,
) -> Running {
    Box::pin(async move {
        let client = client(&engine, by, None).await?;
        let delivery = match &browser {
            Some(_) => Delivery::Redirect {
                code_lifetime: CODE,
            },
            None => Delivery::Poll { interval: INTERVAL },
        };
        let mut ask = ask(client.client(), delivery);
        ask.with_user_code = browser.is_none();
        ask.browser = browser.map(|browser| browser.hash());
        ask.lifetime = lifetime;
        let now = engine.store().now();
        let told = engine.open(ask, now).await?;
        Ok(Reply::Opened(Box::new(told.into_inner())))
    })
}

/// A person takes a request.
pub(crate) fn claim(
    engine: Arc<Engine>,
    request: Id<PendingRequest>,
    cookie: Secret<kind::Session>,
    browser: Secret<kind::Interaction>,
) -> Running {
    Box::pin(async move {
        let seat = seat(&engine, &cookie, &browser).await?;
        engine.claim(request, &seat, &Caller::default()).await?;
        Ok(Reply::Done)
    })
}

/// A person answers.
pub(crate) fn answer(
    engine: Arc<Engine>,
    request: Id<PendingRequest>,
    cookie: Secret<kind::Session>,
    browser: Secret<kind::Interaction>,
    approve: bool,
) -> Running {
    Box::pin(async move {
        let seat = seat(&engine, &cookie, &browser).await?;
        let decision = if approve {
            Decision::Approve(rights("read"))
        } else {
            Decision::Deny
        };
        let answer = Answer {
            request,
            by: Decider::Seat(&seat),
            shown: None,
            decision,
            cookie: Some(&browser),
        };
        let told = engine.answer(&answer, &Caller::default()).await?;
        Ok(Reply::Handover(Box::new(told.into_inner())))
    })
}

/// A browser reloads the page after its answer.
pub(crate) fn resume(
    engine: Arc<Engine>,
    request: Id<PendingRequest>,
    browser: Secret<kind::Interaction>,
) -> Running {
    Box::pin(async move {
        let told = engine.resume(request, &browser).await?;
        Ok(Reply::Handover(Box::new(told.into_inner())))
    })
}

/// A client takes its request back.
pub(crate) fn cancel(engine: Arc<Engine>, request: Id<PendingRequest>) -> Running {
    Box::pin(async move {
        engine
            .cancel(request, EndKind::Cancelled, &Caller::default())
            .await?;
        Ok(Reply::Done)
    })
}

/// A client collects.
pub(crate) fn collect(
    engine: Arc<Engine>,
    by: CollectBy,
    secret: Secret<kind::Collect>,
    who: usize,
    proof: Option<usize>,
) -> Running {
    Box::pin(async move {
        let client = client(&engine, who, proof).await?;
        let grant = Mutex::new(None);
        let told = engine
            .collect(
                &Collect {
                    by,
                    secret: &secret,
                    client: &client,
                    check: &|_| Ok(()),
                    specs: &|_, basis| {
                        *grant.lock().unwrap() = basis.grant;
                        made(basis)
                    },
                },
                &Caller::default(),
            )
            .await?;
        let grant = *grant.lock().unwrap();
        Ok(Reply::Tokens(told.into_inner(), grant))
    })
}

/// A client refreshes.
pub(crate) fn rotate(engine: Arc<Engine>, secret: Secret<kind::Refresh>, who: usize) -> Running {
    Box::pin(async move {
        let client = client(&engine, who, None).await?;
        let ask = RefreshRequest {
            secret: &secret,
            client: &client,
            narrow: None,
            specs: &|basis| made(basis),
        };
        let told = engine.refresh(&ask, &Caller::default()).await?;
        Ok(Reply::Tokens(told.into_inner(), None))
    })
}

/// A client revokes a token.
pub(crate) fn revoke(engine: Arc<Engine>, text: String, who: usize) -> Running {
    Box::pin(async move {
        let client = client(&engine, who, None).await?;
        engine.revoke(&text, &client, &Caller::default()).await?;
        Ok(Reply::Done)
    })
}

/// A person takes back what they allowed.
pub(crate) fn revoke_grant(engine: Arc<Engine>, grant: Id<Grant>) -> Running {
    Box::pin(async move {
        engine.revoke_grant(grant, None, &Caller::default()).await?;
        Ok(Reply::Done)
    })
}

/// A client asks for itself.
pub(crate) fn client_token(engine: Arc<Engine>, proof: usize) -> Running {
    Box::pin(async move {
        let client = client(&engine, 0, Some(proof)).await?;
        let ask = ClientTokenRequest {
            client: &client,
            rights: &rights("read"),
            specs: &|basis| vec![access(basis, false)],
        };
        let told = engine.client_token(&ask, &Caller::default()).await?;
        Ok(Reply::Tokens(told.into_inner(), None))
    })
}

/// A resource asks whether a token is active.
pub(crate) fn probe(engine: Arc<Engine>, text: String) -> Running {
    Box::pin(async move { Ok(Reply::Active(engine.active_access(&text).await?.is_some())) })
}

/// A node frees space.
pub(crate) fn sweep(engine: Arc<Engine>) -> Running {
    Box::pin(async move {
        engine.sweep(engine.store().now()).await?;
        Ok(Reply::Done)
    })
}
