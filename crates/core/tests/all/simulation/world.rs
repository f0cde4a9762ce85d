//! The run: a hand-made executor that moves a random one of many verbs at each step, breaks things in between,
//! and stops now and then to let the judge look at the store.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use placet_core::{
    Refusal,
    engine::{CollectBy, Engine, Error, View},
    pending::{EndKind, RETENTION, State},
    secret::Secret,
    testing::{Fault, SeededRandom},
    time::{Lifetime, Timestamp},
};

use super::{
    journal::{Answered, Journal, RequestNote, Run},
    operation::{self, CLIENTS, Operation, PEOPLE, Running},
    store::{Shaky, Weakness},
};
use crate::scene::{Setting, WAIT, WIDE, ready};

/// Verbs under way at once.
const CROWD: usize = 10;
/// Steps between two looks at the store.
const AUDIT_EVERY: usize = 250;
const NODES: usize = 2;
/// Proofs that hold once; few, so that they come again.
const PROOFS: usize = 60;

struct Task {
    run: Run,
    running: Running,
    node: usize,
}

pub(crate) struct World {
    setting: Setting,
    luck: Arc<SeededRandom>,
    weakness: Weakness,
    nodes: Vec<Arc<Engine>>,
    auditor: Engine,
    tasks: Vec<Task>,
    pub(crate) journal: Journal,
}

impl World {
    pub(crate) fn new(seed: u64, weakness: Weakness) -> Self {
        let setting = Setting::new(seed);
        let auditor = setting.node(Arc::new(setting.memory.clone()), WIDE);
        ready(setting.furnish(&auditor));
        let mut world = Self {
            luck: Arc::new(SeededRandom::new(!seed)),
            nodes: Vec::new(),
            tasks: Vec::new(),
            journal: Journal::new(PEOPLE.len()),
            setting,
            weakness,
            auditor,
        };
        world.nodes = (0..NODES).map(|_| world.start()).collect();
        world
    }

    /// Takes `steps` steps and looks at the store on the way and at the end.
    pub(crate) fn run(&mut self, steps: usize) {
        for step in 0..steps {
            self.journal.step = step;
            self.disturb();
            let room = self.tasks.len() < CROWD;
            if room && self.one_in(2) {
                self.begin();
            } else {
                self.advance();
            }
            if step % AUDIT_EVERY == AUDIT_EVERY - 1 {
                self.audit();
            }
        }
        self.audit();
    }

    fn start(&self) -> Arc<Engine> {
        let store = Shaky {
            inner: self.setting.memory.clone(),
            luck: Arc::clone(&self.luck),
            weakness: self.weakness,
        };
        Arc::new(self.setting.node(Arc::new(store), WIDE))
    }

    fn now(&self) -> Timestamp {
        self.auditor.store().now()
    }

    fn one_in(&self, bound: u64) -> bool {
        self.luck.next().is_multiple_of(bound)
    }

    fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.luck.next() % bound).unwrap()
    }

    fn pick(&self, length: usize) -> Option<usize> {
        (length > 0).then(|| {
            // The young ones are more interesting, the old ones must not be forgotten.
            let from = if self.one_in(4) {
                0
            } else {
                length.saturating_sub(4)
            };
            from + self.below(length - from)
        })
    }

    /// The clock moves, a commit goes wrong, a node dies.
    fn disturb(&mut self) {
        let clock = &self.setting.clock;
        clock.advance(Lifetime::from_millis(self.luck.next() % 40));
        let secs = |bound| Lifetime::from_secs(self.luck.next() % bound);
        match self.luck.next() % 1_000 {
            0..=14 => clock.advance(secs(8)),
            15..=19 => clock.advance(secs(90)),
            20 => clock.advance(secs(1_500)),
            21 if self.one_in(3) => clock.advance(secs(8_000)),
            23..=25 => clock.turn_back(secs(20)),
            26..=65 => {
                let fault = match self.luck.next() % 4 {
                    0 => Fault::UnknownApplied,
                    1 => Fault::UnknownLost,
                    2 => Fault::Unavailable,
                    _ => Fault::Conflict,
                };
                self.journal.write(&format!("the next commit: {fault:?}"));
                self.setting.memory.fail_next(fault);
            }
            66..=67 => {
                let node = self.below(NODES);
                self.journal.write(&format!("node {node} dies"));
                let dead = self.tasks.extract_if(.., |task| task.node == node);
                let now = self.auditor.store().now();
                for task in dead.collect::<Vec<_>>() {
                    self.journal.end(task.run, None, false, now);
                }
                self.nodes[node] = self.start();
            }
            _ => {}
        }
    }

    /// Somebody begins something.
    fn begin(&mut self) {
        let Some(operation) = self.choose() else {
            return;
        };
        let node = self.below(NODES);
        let from = self.now();
        self.journal.write(&format!("{operation:?} at node {node}"));
        self.journal.begin(&operation, from);
        let browser = matches!(operation, Operation::Open { .. })
            .then(|| Secret::generate(self.setting.random.as_ref()));
        let run = Run {
            operation,
            step: self.journal.step,
            from,
            browser,
        };
        let running = self.running(&run, Arc::clone(&self.nodes[node]));
        self.tasks.push(Task { run, running, node });
    }

    /// One verb goes on for a little; a few are cut off, a few replies are lost.
    fn advance(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        let chosen = self.below(self.tasks.len());
        if self.one_in(150) {
            let task = self.tasks.swap_remove(chosen);
            self.journal
                .write(&format!("cut off: {:?}", task.run.operation));
            return self.journal.end(task.run, None, false, self.now());
        }
        let mut context = Context::from_waker(Waker::noop());
        let polled = self.tasks[chosen].running.as_mut().poll(&mut context);
        if let Poll::Ready(told) = polled {
            let task = self.tasks.swap_remove(chosen);
            let heard = !self.one_in(12);
            let outcome = match &told {
                Ok(_) => "done".to_owned(),
                Err(error) => error.to_string(),
            };
            let operation = &task.run.operation;
            self.journal
                .write(&format!("{operation:?}: {outcome}, heard: {heard}"));
            let now = self.now();
            self.journal.end(task.run, Some(told), heard, now);
        }
    }

    fn choose(&self) -> Option<Operation> {
        match self.luck.next() % 100 {
            roll @ 0..=41 => self.person_acts(roll),
            roll @ 42..=85 => self.client_acts(roll),
            roll => self.something_ends(roll),
        }
    }

    fn request(&self) -> Option<usize> {
        self.pick(self.journal.requests.len())
    }

    fn session(&self) -> Option<usize> {
        self.pick(self.journal.sessions.len())
    }

    fn family(&self) -> Option<usize> {
        self.pick(self.journal.families.len())
    }

    /// The owner, or now and then anybody.
    fn mostly(&self, owner: usize) -> usize {
        if self.one_in(25) {
            self.below(CLIENTS.len())
        } else {
            owner
        }
    }

    fn person_acts(&self, roll: u64) -> Option<Operation> {
        let live = || {
            let live = self.journal.live_sessions();
            let chosen = self.pick(live.len()).map(|index| live[index]);
            let chosen = chosen.filter(|_| !self.one_in(5));
            chosen.or_else(|| self.session())
        };
        Some(match roll {
            0..=11 => Operation::Open {
                client: self.below(CLIENTS.len()),
                redirect: self.one_in(2),
            },
            12..=17 => Operation::SignIn {
                person: self.below(PEOPLE.len()),
                replaces: self.session().filter(|_| self.one_in(4)),
            },
            18..=21 => Operation::Claim {
                request: self.request()?,
                session: live()?,
            },
            22..=37 => Operation::Answer {
                request: self.request()?,
                session: live()?,
                approve: !self.one_in(4),
            },
            _ => Operation::Resume {
                request: self.request()?,
            },
        })
    }

    fn client_acts(&self, roll: u64) -> Option<Operation> {
        let journal = &self.journal;
        Some(match roll {
            42..=59 => {
                let ripe = journal.ripe_requests();
                let chosen = self.pick(ripe.len()).map(|index| ripe[index]);
                let chosen = chosen.filter(|_| self.one_in(2));
                let request = chosen.or_else(|| self.request())?;
                let note = &journal.requests[request];
                Operation::Collect {
                    request: Some(request).filter(|_| !note.redirect || note.code.is_some())?,
                    client: self.mostly(note.client),
                    proof: self.one_in(8).then(|| self.below(PROOFS)),
                }
            }
            60..=73 => {
                let family = self.family()?;
                let note = &journal.families[family];
                Operation::Refresh {
                    family,
                    token: self.pick(note.tokens.len())?,
                    client: self.mostly(note.client),
                }
            }
            _ => Operation::Probe {
                token: self.pick(journal.tokens.len())?,
            },
        })
    }

    fn something_ends(&self, roll: u64) -> Option<Operation> {
        let journal = &self.journal;
        Some(match roll {
            86..=87 => {
                let token = self.pick(journal.tokens.len())?;
                Operation::RevokeAccess {
                    token,
                    client: self.mostly(journal.tokens[token].client),
                }
            }
            88 => {
                let family = self.family()?;
                Operation::RevokeFamily {
                    family,
                    client: self.mostly(journal.families[family].client),
                }
            }
            89 => Operation::RevokeGrant {
                family: self.family()?,
            },
            90 => Operation::SignOut {
                session: self.session()?,
            },
            91 => Operation::Cancel {
                request: self.request()?,
            },
            92..=95 => Operation::ClientToken {
                proof: self.below(PROOFS),
            },
            96..=97 => Operation::Sweep,
            _ => self.change_person(self.below(PEOPLE.len()))?,
        })
    }

    fn change_person(&self, person: usize) -> Option<Operation> {
        let note = &self.journal.people[person];
        match (note.busy, note.locked) {
            (true, _) => None,
            (false, true) => Some(Operation::Unlock { person }),
            (false, false) if self.one_in(12) => Some(Operation::Lock { person }),
            (false, false) => self
                .one_in(6)
                .then_some(Operation::ChangePassword { person }),
        }
    }

    fn running(&self, run: &Run, engine: Arc<Engine>) -> Running {
        let journal = &self.journal;
        let cookie = |index: usize| journal.sessions[index].cookie.clone();
        match run.operation {
            Operation::SignIn { person, replaces } => {
                let replaces = replaces.map(|old| cookie(old).hash());
                operation::sign_in(engine, person, replaces)
            }
            Operation::SignOut { session } => operation::sign_out(engine, cookie(session).hash()),
            Operation::ChangePassword { person } => operation::change_person(engine, person, None),
            Operation::Lock { person } => operation::change_person(engine, person, Some(true)),
            Operation::Unlock { person } => operation::change_person(engine, person, Some(false)),
            Operation::Open { client, redirect } => {
                let browser = run.browser.clone().filter(|_| redirect);
                let short = self.one_in(3);
                let lifetime = if short { Lifetime::from_secs(40) } else { WAIT };
                operation::open(engine, client, browser, lifetime)
            }
            Operation::Claim { request, .. }
            | Operation::Answer { request, .. }
            | Operation::Resume { request }
            | Operation::Cancel { request }
            | Operation::Collect { request, .. } => {
                let note = &journal.requests[request];
                self.on_request(&run.operation, note, engine)
            }
            Operation::Refresh {
                family,
                token,
                client,
            } => {
                let text = &journal.families[family].tokens[token].text;
                operation::rotate(engine, Secret::parse(text).unwrap(), client)
            }
            Operation::RevokeAccess { token, client } => {
                operation::revoke(engine, journal.tokens[token].text.clone(), client)
            }
            Operation::RevokeFamily { family, client } => {
                let newest = journal.families[family].tokens.last();
                let text = newest.map(|token| token.text.clone()).unwrap_or_default();
                operation::revoke(engine, text, client)
            }
            Operation::RevokeGrant { family } => {
                operation::revoke_grant(engine, journal.families[family].grant)
            }
            Operation::ClientToken { proof } => operation::client_token(engine, proof),
            Operation::Probe { token } => {
                operation::probe(engine, journal.tokens[token].text.clone())
            }
            Operation::Sweep => operation::sweep(engine),
        }
    }

    fn on_request(&self, on: &Operation, note: &RequestNote, engine: Arc<Engine>) -> Running {
        let cookie = |index: usize| self.journal.sessions[index].cookie.clone();
        let (id, browser) = (note.opened.request.id, note.browser.clone());
        match *on {
            Operation::Claim { session, .. } => {
                operation::claim(engine, id, cookie(session), browser)
            }
            Operation::Answer {
                session, approve, ..
            } => operation::answer(engine, id, cookie(session), browser, approve),
            Operation::Resume { .. } => operation::resume(engine, id, browser),
            Operation::Cancel { .. } => operation::cancel(engine, id),
            Operation::Collect { client, proof, .. } => {
                let (by, secret) = match (&note.code, &note.opened.poll) {
                    (Some(code), _) => (CollectBy::Code, code),
                    (None, poll) => (CollectBy::Poll, poll.as_ref().expect("a device polls")),
                };
                operation::collect(engine, by, secret.clone(), client, proof)
            }
            _ => unreachable!("{on:?} is about no request"),
        }
    }

    /// Lets everything come to its end, then compares the store with what was told.
    fn audit(&mut self) {
        self.setting.memory.clear_faults();
        while !self.tasks.is_empty() {
            self.advance();
        }
        self.journal.step += 1;
        self.journal.write("audit");
        let now = self.now();
        let step = self.journal.step;
        for token in 0..self.journal.tokens.len() {
            let text = &self.journal.tokens[token].text;
            let active = ready(self.auditor.active_access(text)).unwrap().is_some();
            self.journal.judge_token(token, active, (now, now), step);
        }
        for request in 0..self.journal.requests.len() {
            self.judge_request(request, now);
        }
        let report = ready(
            self.auditor
                .verify(placet_core::engine::Retention::default().events),
        )
        .unwrap();
        for violation in report.violations {
            let rule = match violation.rule {
                "every token was announced"
                | "a token has its family"
                | "a token is issued once"
                | "a token rests on a grant"
                | "no token exceeds its grant" => "J7",
                "one fresh refresh token" => "J4",
                _ => "J6",
            };
            self.journal.object(rule, format!("{violation:?}"));
        }
    }

    /// J1: what a person was told of their answer is what the store says.
    fn judge_request(&mut self, request: usize, now: Timestamp) {
        let note = &self.journal.requests[request];
        let Some((answered, at)) = note.acknowledged else {
            return;
        };
        let state = match ready(self.auditor.show(View::Id(note.opened.request.id))) {
            Ok(shown) => shown.request.state,
            Err(Error::Refused(Refusal::NotFound)) if now >= at.plus(RETENTION) => return,
            Err(error) => {
                let what = format!("request {request} is gone: {error}");
                return self.journal.object("J1", what);
            }
        };
        let stands = match (&state, answered) {
            (State::Approved(_) | State::Collected { .. }, Answered::Approved { .. }) => true,
            (State::Ended(ending), Answered::Approved { until }) => match ending.kind {
                EndKind::Cancelled => note.cancel.threatened,
                EndKind::Revoked => now >= until,
                EndKind::Failed => note.misused,
                EndKind::Denied | EndKind::Abandoned | EndKind::Expired => false,
            },
            (State::Ended(ending), Answered::Denied) => ending.kind == EndKind::Denied,
            (
                State::Pending
                | State::Interacting { .. }
                | State::Clarifying { .. }
                | State::Approved(_)
                | State::Collected { .. },
                _,
            ) => false,
        };
        self.journal.count("answers judged");
        if !stands {
            let what = format!("request {request} was told {answered:?} and is {state:?}");
            self.journal.object("J1", what);
        }
    }
}
