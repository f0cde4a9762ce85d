//! Random sequences of verbs by several clients, people and a jumping clock, against a small model; and parsers.

use placet_core::{
    Id, Refusal,
    client::AuthenticatedClient,
    engine::{Caller, CollectBy, Decision, Error, Opened},
    pending::{EndKind, SEAT_IDLE, UserCode},
    person::{Person, SeatedPerson},
    right::{ResourceId, Scope},
    secret::{Secret, kind},
    testing::SeededRandom,
    time::{Lifetime, Timestamp},
};
use proptest::prelude::*;

use crate::scene::{CODE, COLLECT_GRACE, Scene, ready, rights};

#[derive(Debug, Clone)]
enum Step {
    Open { client: usize, redirect: bool },
    Claim { request: usize, person: usize },
    Approve { request: usize, person: usize },
    Deny { request: usize, person: usize },
    Cancel { request: usize },
    Collect { request: usize, client: usize },
    Wait { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let request = 0..4_usize;
    let one = 0..2_usize;
    prop_oneof![
        2 => (one.clone(), any::<bool>())
            .prop_map(|(client, redirect)| Step::Open { client, redirect }),
        2 => (request.clone(), one.clone())
            .prop_map(|(request, person)| Step::Claim { request, person }),
        3 => (request.clone(), one.clone())
            .prop_map(|(request, person)| Step::Approve { request, person }),
        1 => (request.clone(), one.clone())
            .prop_map(|(request, person)| Step::Deny { request, person }),
        1 => request.clone().prop_map(|request| Step::Cancel { request }),
        5 => (request, one).prop_map(|(request, client)| Step::Collect { request, client }),
        3 => prop_oneof![0..7_000_u64, 50_000..70_000_u64, 290_000..310_000_u64]
            .prop_map(|millis| Step::Wait { millis }),
    ]
}

/// Where the model thinks a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Open,
    Approved,
    Collected,
    Over(EndKind),
}

/// The model of one request: what the verbs must do, in a few lines.
#[derive(Debug)]
struct Model {
    owner: usize,
    redirect: bool,
    stand: Stand,
    ends: Timestamp,
    holder: Option<(usize, Timestamp)>,
}

impl Model {
    fn settled(&self) -> Result<(), Refusal> {
        match self.stand {
            Stand::Open => Ok(()),
            Stand::Approved => Err(Refusal::AlreadyAnswered),
            Stand::Collected => Err(Refusal::AlreadyCollected),
            Stand::Over(EndKind::Denied | EndKind::Abandoned) => Err(Refusal::Denied),
            Stand::Over(EndKind::Cancelled) => Err(Refusal::Cancelled),
            Stand::Over(EndKind::Revoked | EndKind::Failed) => Err(Refusal::Revoked),
            Stand::Over(EndKind::Expired) => Err(Refusal::Expired),
        }
    }

    fn in_time(&mut self, now: Timestamp) -> Result<(), Refusal> {
        let (end, why) = match self.stand {
            Stand::Open if now >= self.ends => (EndKind::Expired, Refusal::Expired),
            Stand::Approved if now >= self.ends => (EndKind::Revoked, Refusal::Revoked),
            Stand::Open | Stand::Approved | Stand::Collected | Stand::Over(_) => return Ok(()),
        };
        self.stand = Stand::Over(end);
        Err(why)
    }

    fn free_for(&self, person: usize, now: Timestamp) -> Result<(), Refusal> {
        self.settled()?;
        match self.holder {
            Some((holder, at)) if holder != person && now < at.plus(SEAT_IDLE) => {
                Err(Refusal::Taken)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn claim(&mut self, person: usize, now: Timestamp) -> Result<(), Refusal> {
        self.in_time(now)?;
        self.free_for(person, now)?;
        self.holder = Some((person, now));
        Ok(())
    }

    fn answer(&mut self, person: usize, yes: bool, now: Timestamp) -> Result<(), Refusal> {
        self.settled()?;
        self.in_time(now)?;
        self.free_for(person, now)?;
        if yes {
            self.stand = Stand::Approved;
            self.ends = if self.redirect {
                now.plus(CODE)
            } else {
                self.ends.max(now.plus(COLLECT_GRACE))
            };
        } else {
            self.stand = Stand::Over(EndKind::Denied);
        }
        Ok(())
    }

    fn cancel(&mut self) -> Result<(), Refusal> {
        if self.stand != Stand::Approved {
            self.settled()?;
        }
        self.stand = Stand::Over(EndKind::Cancelled);
        Ok(())
    }

    /// `None` in the place of a refusal: not yet.
    fn collect(&mut self, client: usize, now: Timestamp) -> Result<(), Option<Refusal>> {
        if self.redirect && self.stand == Stand::Collected {
            return Err(Some(Refusal::Reused));
        }
        if client != self.owner {
            if self.redirect && self.stand == Stand::Approved {
                self.stand = Stand::Over(EndKind::Failed);
            }
            return Err(Some(Refusal::WrongClient));
        }
        self.in_time(now)?;
        if self.stand == Stand::Open {
            return Err(None);
        }
        if self.stand != Stand::Approved {
            self.settled()?;
        }
        self.stand = Stand::Collected;
        Ok(())
    }
}

/// One request as the verbs know it.
struct Real {
    opened: Opened,
    browser: Secret<kind::Interaction>,
    code: Option<Secret<kind::Collect>>,
    interval: Lifetime,
}

struct Play {
    scene: Scene,
    clients: [AuthenticatedClient; 2],
    sessions: [placet_core::person::Session; 2],
    requests: Vec<(Model, Real)>,
}

const PEOPLE: [&str; 2] = ["ada", "bob"];

fn refusal<T>(told: Result<T, Error>) -> Result<T, Refusal> {
    told.map_err(|error| match error {
        Error::Refused(refusal) => refusal,
        other => panic!("{other}"),
    })
}

impl Play {
    async fn new() -> Self {
        let scene = Scene::new().await;
        Self {
            clients: [scene.client("tv").await, scene.client("other").await],
            sessions: [scene.sign_in("ada").await.0, scene.sign_in("bob").await.0],
            requests: Vec::new(),
            scene,
        }
    }

    async fn seat(&self, person: usize, real: &Real) -> SeatedPerson {
        let session = self.sessions[person].clone();
        self.scene
            .seat_of(PEOPLE[person], session, &real.browser)
            .await
    }

    async fn open(&mut self, client: usize, redirect: bool) {
        let browser = self.scene.browser();
        let by = &self.clients[client];
        let opened = if redirect {
            self.scene.redirect(by, &browser).await
        } else {
            self.scene.device(by).await
        };
        let model = Model {
            owner: client,
            redirect,
            stand: Stand::Open,
            ends: opened.request.expires_at,
            holder: None,
        };
        let interval = Lifetime::ZERO;
        self.requests.push((
            model,
            Real {
                opened,
                browser,
                code: None,
                interval,
            },
        ));
    }

    async fn take(&mut self, step: &Step) {
        let now = self.scene.now();
        match *step {
            Step::Open { client, redirect } => self.open(client, redirect).await,
            Step::Wait { millis } => self.scene.advance(Lifetime::from_millis(millis)),
            Step::Claim { request, person } => {
                let Some((_, real)) = self.requests.get(request) else {
                    return;
                };
                let seat = self.seat(person, real).await;
                let id = real.opened.request.id;
                let told = self.scene.engine.claim(id, &seat, &Caller::default()).await;
                let want = self.requests[request].0.claim(person, now);
                assert_eq!(refusal(told).map(|_| ()), want);
            }
            Step::Approve { request, person } => self.answer(request, person, true).await,
            Step::Deny { request, person } => self.answer(request, person, false).await,
            Step::Cancel { request } => {
                let Some((model, real)) = self.requests.get_mut(request) else {
                    return;
                };
                let id = real.opened.request.id;
                let caller = Caller::default();
                let told = self
                    .scene
                    .engine
                    .cancel(id, EndKind::Cancelled, &caller)
                    .await;
                assert_eq!(refusal(told).map(|_| ()), model.cancel());
            }
            Step::Collect { request, client } => self.collect(request, client).await,
        }
    }

    async fn answer(&mut self, request: usize, person: usize, yes: bool) {
        let now = self.scene.now();
        let Some((_, real)) = self.requests.get(request) else {
            return;
        };
        let seat = self.seat(person, real).await;
        let decision = if yes {
            Decision::Approve(rights("read"))
        } else {
            Decision::Deny
        };
        let id = real.opened.request.id;
        let told = self.scene.decide(id, &seat, decision, None).await;
        let (model, real) = &mut self.requests[request];
        let want = model.answer(person, yes, now);
        let told = refusal(told).map(|handover| {
            let code = handover.code.as_deref().and_then(Secret::parse);
            assert_eq!(code.is_some(), yes && model.redirect);
            real.code = code;
        });
        assert_eq!(told, want);
    }

    async fn collect(&mut self, request: usize, client: usize) {
        let now = self.scene.now();
        let Some((model, real)) = self.requests.get_mut(request) else {
            return;
        };
        let (by, secret) = match (&real.code, &real.opened.poll) {
            (Some(code), _) => (CollectBy::Code, code),
            (None, Some(poll)) => (CollectBy::Poll, poll),
            (None, None) => return,
        };
        let told = self.scene.collect(by, secret, &self.clients[client]).await;
        let told = refusal(told).map(|_| ()).map_err(|refusal| match refusal {
            Refusal::Waiting { interval } | Refusal::TooSoon { interval } => {
                assert!(interval >= real.interval, "the interval never shrinks");
                real.interval = interval;
                None
            }
            other => Some(other),
        });
        assert_eq!(told, model.collect(client, now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn verbs_do_what_the_model_says(steps in prop::collection::vec(step(), 1..60)) {
        let mut play = ready(Play::new());
        for step in &steps {
            ready(play.take(step));
        }
        ready(play.scene.verified());
    }

    #[test]
    fn parsing_what_was_printed_gives_the_same(seed in any::<u64>(), millis in 0..i64::MAX) {
        let random = SeededRandom::new(seed);
        let code = UserCode::generate(0, &random);
        prop_assert_eq!(UserCode::parse(&code.to_string()), Some(code));
        let id = Id::<Person>::random(&random);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        let id = Id::<Person>::ordered(Timestamp::from_millis(millis), &random);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        let secret = Secret::<kind::Access>::generate(&random);
        let again = Secret::<kind::Access>::parse(&secret.reveal()).map(|s| s.hash());
        prop_assert_eq!(again, Some(secret.hash()));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        let codes = UserCode::parse(&text).map(|code| UserCode::parse(&code.to_string()).is_some());
        prop_assert_ne!(codes, Some(false));
        if let Ok(id) = text.parse::<Id<Person>>() {
            prop_assert_eq!(id.to_string(), text.clone());
        }
        if let Some(secret) = Secret::<kind::Access>::parse(&text) {
            prop_assert_eq!(secret.reveal(), text.clone());
        }
        if let Ok(scope) = Scope::parse(&text) {
            prop_assert_eq!(scope.as_str(), text.as_str());
        }
        if let Ok(resource) = ResourceId::parse(&text) {
            prop_assert_eq!(resource.as_str(), text.as_str());
        }
    }
}
