//! What was told to whom. The journal knows only what left the verbs and what was begun; from that it judges.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    fmt,
};

use placet_core::{
    Id, Refusal,
    engine::{Error, Opened},
    grant::Grant,
    person::Session,
    secret::{Secret, kind},
    time::{Lifetime, Timestamp},
    token::{REFRESH_GRACE, TokenSet},
};

use super::{
    mark::{Mark, Step},
    operation::{Operation, Reply, is_bound},
};
use crate::scene::bytes;

/// How many steps a failure shows.
const SHOWN_STEPS: usize = 50;

/// More time than passes while one verb is under way.
const LONGEST_JUMPS: Lifetime = Lifetime::from_secs(20_000);

/// A promise that was not kept.
#[derive(Debug, Clone)]
pub(crate) struct Objection {
    /// `J1` to `J7`.
    pub(crate) rule: &'static str,
    pub(crate) what: String,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

#[derive(Debug)]
pub(crate) struct PersonNote {
    /// Somebody changes them at this moment.
    pub(crate) busy: bool,
    /// They may be locked.
    pub(crate) locked: bool,
    /// What was issued until then may have ended.
    threat_until: Timestamp,
    /// What was issued before then has ended, as was acknowledged at the step.
    dead_before: Option<(Timestamp, Step)>,
}

pub(crate) struct SessionNote {
    pub(crate) person: usize,
    pub(crate) session: Session,
    pub(crate) cookie: Secret<kind::Session>,
    /// What ends all that is bound to it.
    mark: Mark,
    /// What ends its cookie alone: the same person signed in again.
    replaced: Mark,
    issued_until: Timestamp,
}

/// What the person was told of their answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    Approved { until: Timestamp },
    Denied,
}

pub(crate) struct RequestNote {
    pub(crate) client: usize,
    pub(crate) opened: Opened,
    pub(crate) browser: Secret<kind::Interaction>,
    pub(crate) redirect: bool,
    pub(crate) code: Option<Secret<kind::Collect>>,
    /// The answer somebody acknowledged, and when it was begun.
    pub(crate) acknowledged: Option<(Answered, Timestamp)>,
    pub(crate) cancel: Mark,
    /// A wrong use of its code was begun.
    pub(crate) misused: bool,
    pub(crate) family: Option<usize>,
    /// Yes, no, or, where a promise was broken, both.
    told: BTreeSet<bool>,
    presented: usize,
    results: usize,
    /// The sign-ins that began to approve it.
    approvers: BTreeSet<usize>,
}

pub(crate) struct RefreshNote {
    pub(crate) text: String,
    presented: usize,
    /// Presentations under way.
    under_way: usize,
    first: Option<Timestamp>,
    results: BTreeSet<String>,
    successor: Option<usize>,
}

pub(crate) struct FamilyNote {
    pub(crate) client: usize,
    pub(crate) grant: Id<Grant>,
    pub(crate) tokens: Vec<RefreshNote>,
    mark: Mark,
    sessions: BTreeSet<usize>,
    issued_from: Timestamp,
}

pub(crate) struct TokenNote {
    pub(crate) text: String,
    pub(crate) client: usize,
    family: Option<usize>,
    mark: Mark,
    issued: (Timestamp, Timestamp),
    lives: Lifetime,
}

/// One operation from its start to its end.
pub(crate) struct Run {
    pub(crate) operation: Operation,
    pub(crate) step: Step,
    pub(crate) from: Timestamp,
    /// The browser of a request it opens.
    pub(crate) browser: Option<Secret<kind::Interaction>>,
}

/// Everything that was told, and everything that was wrong with it.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) step: Step,
    pub(crate) people: Vec<PersonNote>,
    pub(crate) sessions: Vec<SessionNote>,
    pub(crate) requests: Vec<RequestNote>,
    pub(crate) families: Vec<FamilyNote>,
    pub(crate) tokens: Vec<TokenNote>,
    pub(crate) objections: Vec<Objection>,
    /// How often each thing was seen, so that a run in which nothing happens is noticed.
    pub(crate) seen: BTreeMap<&'static str, usize>,
    proofs: BTreeMap<(usize, usize), usize>,
    /// Grants whose end was asked for.
    revoking: HashSet<Id<Grant>>,
    last: VecDeque<String>,
    /// The steps that led to the first objection.
    pub(crate) trail: Option<String>,
}

impl Journal {
    pub(crate) fn new(people: usize) -> Self {
        let fresh = || PersonNote {
            busy: false,
            locked: false,
            threat_until: Timestamp::from_millis(0),
            dead_before: None,
        };
        Self {
            people: std::iter::repeat_with(fresh).take(people).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn write(&mut self, line: &str) {
        if self.last.len() == SHOWN_STEPS {
            self.last.pop_front();
        }
        self.last.push_back(format!("{:>5} {line}", self.step));
    }

    /// The last steps, one a line.
    pub(crate) fn tail(&self) -> String {
        self.last.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn object(&mut self, rule: &'static str, what: String) {
        self.write(&format!("OBJECTION {rule}: {what}"));
        self.trail = self.trail.take().or_else(|| Some(self.tail()));
        self.objections.push(Objection { rule, what });
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// Sign-ins that nothing was begun against.
    pub(crate) fn live_sessions(&self) -> Vec<usize> {
        let live = |session: &SessionNote| {
            let person = &self.people[session.person];
            let untouched = !session.mark.threatened && !session.replaced.threatened;
            untouched && !person.locked && session.issued_until > person.threat_until
        };
        (0..self.sessions.len())
            .filter(|index| live(&self.sessions[*index]))
            .collect()
    }

    /// Requests that were approved and gave nothing yet.
    pub(crate) fn ripe_requests(&self) -> Vec<usize> {
        let ripe = |request: &RequestNote| {
            let approved = matches!(request.acknowledged, Some((Answered::Approved { .. }, _)));
            approved && request.results == 0
        };
        (0..self.requests.len())
            .filter(|index| ripe(&self.requests[*index]))
            .collect()
    }

    /// Something begins: from here on it may happen, whatever is told.
    pub(crate) fn begin(&mut self, operation: &Operation, now: Timestamp) {
        match *operation {
            Operation::SignIn { person, replaces } => {
                if let Some(old) = replaces {
                    self.begin_replacing(old, person, now);
                }
            }
            Operation::SignOut { session } => self.threaten_siblings(session),
            Operation::ChangePassword { person }
            | Operation::Lock { person }
            | Operation::Unlock { person } => {
                let person = &mut self.people[person];
                person.busy = true;
                person.locked |= matches!(operation, Operation::Lock { .. });
                person.threat_until = Timestamp::from_millis(i64::MAX);
            }
            Operation::Answer {
                request,
                session,
                approve: true,
            } => {
                self.requests[request].approvers.insert(session);
            }
            Operation::Cancel { request } => self.requests[request].cancel.threatened = true,
            Operation::Collect {
                request, client, ..
            } => self.begin_collect(request, client),
            Operation::Refresh {
                family,
                token,
                client,
            } if self.families[family].client == client => {
                let token = &mut self.families[family].tokens[token];
                token.presented += 1;
                token.under_way += 1;
                token.first.get_or_insert(now);
            }
            Operation::RevokeAccess { token, client } if self.tokens[token].client == client => {
                self.tokens[token].mark.threatened = true;
            }
            Operation::RevokeFamily { family, client }
                if self.families[family].client == client =>
            {
                self.families[family].mark.threatened = true;
            }
            Operation::RevokeGrant { family } => {
                let grant = self.families[family].grant;
                self.revoking.insert(grant);
                self.under(grant).for_each(|mark| mark.threatened = true);
            }
            Operation::Open { .. }
            | Operation::Claim { .. }
            | Operation::Answer { .. }
            | Operation::Resume { .. }
            | Operation::Refresh { .. }
            | Operation::RevokeAccess { .. }
            | Operation::RevokeFamily { .. }
            | Operation::ClientToken { .. }
            | Operation::Probe { .. }
            | Operation::Sweep => {}
        }
    }

    fn begin_collect(&mut self, request: usize, client: usize) {
        let note = &mut self.requests[request];
        note.presented += 1;
        let misused = note.redirect && (note.presented > 1 || note.client != client);
        note.misused |= misused;
        if let (true, Some(family)) = (misused, note.family) {
            self.families[family].mark.threatened = true;
        }
    }

    /// It is over: nothing of it happens any more. `told` is `None` when it was cut off midway; `heard` says whether
    /// the reply arrived.
    pub(crate) fn end(
        &mut self,
        run: Run,
        told: Option<Result<Reply, Error>>,
        heard: bool,
        now: Timestamp,
    ) {
        self.settle(&run, now);
        match told {
            None => self.count("cut off"),
            Some(Err(error)) => self.refused(&run, &error, now),
            Some(Ok(reply)) => {
                self.spend(&run.operation);
                self.allowed(run, reply, heard, now);
            }
        }
    }

    fn settle(&mut self, run: &Run, now: Timestamp) {
        match run.operation {
            Operation::ChangePassword { person }
            | Operation::Lock { person }
            | Operation::Unlock { person } => {
                let person = &mut self.people[person];
                person.busy = false;
                person.threat_until = now;
            }
            Operation::Refresh {
                family,
                token,
                client,
            } if self.families[family].client == client => {
                let fair = self.reuse_is_fair(family, token, now);
                let note = &mut self.families[family];
                note.tokens[token].under_way -= 1;
                note.mark.threatened |= fair;
            }
            _ => {}
        }
    }

    /// Whether a spent refresh token may be taken for a stolen one: too late, or after its successor was used.
    fn reuse_is_fair(&self, family: usize, token: usize, now: Timestamp) -> bool {
        let tokens = &self.families[family].tokens;
        let token = &tokens[token];
        let late = token
            .first
            .is_some_and(|first| now >= first.plus(REFRESH_GRACE));
        let passed = token
            .successor
            .is_some_and(|successor| tokens[successor].presented > 0);
        token.presented > 1 && (late || passed)
    }

    /// A proof that holds once gave a result.
    fn spend(&mut self, operation: &Operation) {
        let proof = match *operation {
            Operation::ClientToken { proof } => (0, proof),
            Operation::Collect {
                client,
                proof: Some(proof),
                ..
            } => (client, proof),
            _ => return,
        };
        let results = self.proofs.entry(proof).or_default();
        *results += 1;
        if *results > 1 {
            self.object("J4", format!("proof {proof:?} gave two results"));
        }
    }

    fn refused(&mut self, run: &Run, error: &Error, now: Timestamp) {
        let Error::Refused(refusal) = error else {
            if matches!(
                error,
                Error::Store(placet_core::store::StoreError::Conflict)
            ) {
                let what = format!(
                    "a conflict was told, not decided again: {:?}",
                    run.operation
                );
                self.object("verbs", what);
            }
            return self.count("failed");
        };
        match (&run.operation, refusal) {
            (
                &Operation::Collect { request, .. }
                | &Operation::Answer { request, .. }
                | &Operation::Claim { request, .. },
                Refusal::Expired | Refusal::Denied,
            ) => {
                self.count("told no");
                self.requests[request].told.insert(false);
                self.judge_sides(request);
            }
            (&Operation::Collect { request, .. }, Refusal::Reused) => {
                self.count("code reused");
                if let Some(family) = self.requests[request].family {
                    self.families[family].mark.kill(self.step);
                }
            }
            (&Operation::Refresh { family, token, .. }, Refusal::Reused) => {
                self.count("refresh reused");
                if !self.reuse_is_fair(family, token, now) {
                    self.object("J2", format!("an honest retry ended family {family}"));
                }
                self.families[family].mark.kill(self.step);
            }
            (_, Refusal::ReplayedProof) => self.count("proof replayed"),
            (_, Refusal::TooSoon { .. }) => self.count("too soon"),
            _ => {}
        }
    }

    fn allowed(&mut self, run: Run, reply: Reply, heard: bool, now: Timestamp) {
        match (run.operation.clone(), reply) {
            (Operation::SignIn { person, replaces }, Reply::SignedIn(session)) if heard => {
                self.signed_in(person, replaces, *session, now);
            }
            (Operation::Open { client, redirect }, Reply::Opened(opened)) if heard => {
                let browser = run.browser.expect("whoever opens has a browser");
                self.requests.push(RequestNote {
                    client,
                    opened: *opened,
                    browser,
                    redirect,
                    code: None,
                    acknowledged: None,
                    cancel: Mark::default(),
                    misused: false,
                    family: None,
                    told: BTreeSet::new(),
                    presented: 0,
                    results: 0,
                    approvers: BTreeSet::new(),
                });
            }
            (
                Operation::Answer {
                    request,
                    session,
                    approve,
                },
                Reply::Handover(handover),
            ) => {
                self.judge_decider(session, run.step);
                let from = heard.then_some(run.from);
                self.answered(request, approve, handover.request.expires_at, from);
                self.learn_code(request, handover.code, heard);
            }
            (Operation::Resume { request }, Reply::Handover(handover)) => {
                self.learn_code(request, handover.code, heard);
            }
            (
                Operation::Collect {
                    request, client, ..
                },
                Reply::Tokens(set, grant),
            ) => {
                self.collected(request, client, &run);
                if let (true, Some(grant)) = (heard, grant) {
                    self.handed_over(request, &set, grant, (run.from, now));
                }
            }
            (Operation::Refresh { family, token, .. }, Reply::Tokens(set, _)) => {
                self.rotated((family, token), &set, &run, heard, now);
            }
            (Operation::ClientToken { .. }, Reply::Tokens(set, _)) if heard => {
                self.keep_access(None, 0, &set, (run.from, now));
            }
            (Operation::Probe { token }, Reply::Active(active)) => {
                self.judge_token(token, active, (run.from, now), run.step);
            }
            (operation, Reply::Done) if heard => self.ended(&operation, run.from),
            _ => {}
        }
    }

    fn signed_in(
        &mut self,
        person: usize,
        replaces: Option<usize>,
        (session, cookie): (Session, Secret<kind::Session>),
        now: Timestamp,
    ) {
        if let Some(old) = replaces {
            if self.sessions[old].session.sid == session.sid {
                self.sessions[old].replaced.kill(self.step);
            } else if self.sessions[old].person != person {
                self.kill_siblings(old);
            }
        }
        // A sign-out ends every session of one `sid`, also one whose reply comes later.
        let mut mark = Mark::default();
        for sibling in self
            .sessions
            .iter()
            .filter(|s| s.session.sid == session.sid)
        {
            mark.threatened |= sibling.mark.threatened;
            mark.dead = mark.dead.or(sibling.mark.dead.map(|_| self.step));
        }
        self.sessions.push(SessionNote {
            person,
            session,
            cookie,
            mark,
            replaced: Mark::default(),
            issued_until: now,
        });
    }

    /// A sign-in in the browser of an old session replaces its cookie; another person's is signed out. Whether the old
    /// one still counted is not known here while something was begun against it.
    fn begin_replacing(&mut self, old: usize, person: usize, now: Timestamp) {
        let note = &mut self.sessions[old];
        let soon = now.plus(LONGEST_JUMPS);
        let fresh = !note.mark.threatened && !note.replaced.threatened;
        let again = fresh && note.person == person && soon < note.session.expires_at;
        note.replaced.threatened = true;
        if !again {
            self.threaten_siblings(old);
        }
    }

    /// The families that rest on a grant.
    fn under(&mut self, grant: Id<Grant>) -> impl Iterator<Item = &mut Mark> {
        let families = self.families.iter_mut();
        families
            .filter(move |family| family.grant == grant)
            .map(|family| &mut family.mark)
    }

    fn threaten_siblings(&mut self, session: usize) {
        let sid = self.sessions[session].session.sid;
        let siblings = self.sessions.iter_mut().filter(|s| s.session.sid == sid);
        siblings.for_each(|sibling| sibling.mark.threatened = true);
    }

    fn kill_siblings(&mut self, session: usize) {
        let (sid, step) = (self.sessions[session].session.sid, self.step);
        let siblings = self.sessions.iter_mut().filter(|s| s.session.sid == sid);
        siblings.for_each(|sibling| sibling.mark.kill(step));
    }

    /// A person was told of their answer, begun at `heard` if the reply arrived.
    fn answered(
        &mut self,
        request: usize,
        approve: bool,
        until: Timestamp,
        heard: Option<Timestamp>,
    ) {
        let answered = if approve {
            Answered::Approved { until }
        } else {
            Answered::Denied
        };
        let note = &mut self.requests[request];
        note.acknowledged = heard.map(|from| (answered, from)).or(note.acknowledged);
        note.told.insert(approve);
        self.judge_sides(request);
    }

    /// An end was acknowledged.
    fn ended(&mut self, operation: &Operation, from: Timestamp) {
        let step = self.step;
        match *operation {
            Operation::SignOut { session } => self.kill_siblings(session),
            Operation::ChangePassword { person } | Operation::Lock { person } => {
                self.people[person].dead_before = Some((from, step));
            }
            Operation::Unlock { person } => self.people[person].locked = false,
            Operation::Cancel { request } => self.requests[request].cancel.kill(step),
            Operation::RevokeAccess { token, client } if self.tokens[token].client == client => {
                self.tokens[token].mark.kill(step);
            }
            Operation::RevokeFamily { family, client }
                if self.families[family].client == client =>
            {
                self.families[family].mark.kill(step);
            }
            Operation::RevokeGrant { family } => {
                let grant = self.families[family].grant;
                self.under(grant).for_each(|mark| mark.kill(step));
            }
            _ => return,
        }
        self.count("ended");
    }

    fn learn_code(&mut self, request: usize, code: Option<String>, heard: bool) {
        let (Some(code), true) = (code, heard) else {
            return;
        };
        let note = &mut self.requests[request];
        let changed = note
            .code
            .as_ref()
            .is_some_and(|known| known.reveal() != code);
        note.code = Secret::parse(&code);
        if changed {
            self.object("J4", format!("request {request} has two codes"));
        }
    }

    fn collected(&mut self, request: usize, client: usize, run: &Run) {
        self.count("collected");
        let note = &mut self.requests[request];
        note.results += 1;
        note.told.insert(true);
        let (twice, foreign) = (note.results > 1, note.client != client);
        let cancelled = note.cancel.was_dead(run.step);
        if twice {
            self.object("J4", format!("request {request} was collected twice"));
        }
        if foreign {
            self.object(
                "J4",
                format!("request {request} was collected by another client"),
            );
        }
        if cancelled {
            self.object("J3", format!("cancelled request {request} was collected"));
        }
        self.judge_sides(request);
    }

    fn handed_over(
        &mut self,
        request: usize,
        set: &TokenSet,
        grant: Id<Grant>,
        issued: (Timestamp, Timestamp),
    ) {
        let note = &mut self.requests[request];
        let family = self.families.len();
        note.family = Some(family);
        let mark = Mark {
            // An agreement that is renewed carries several families; its end may have come before this reply.
            threatened: note.misused || self.revoking.contains(&grant),
            dead: None,
        };
        let (client, sessions) = (note.client, note.approvers.clone());
        self.families.push(FamilyNote {
            client,
            grant,
            tokens: set.refresh.iter().map(|text| fresh(text)).collect(),
            mark,
            sessions,
            issued_from: issued.0,
        });
        self.keep_access(Some(family), client, set, issued);
    }

    fn rotated(
        &mut self,
        (family, token): (usize, usize),
        set: &TokenSet,
        run: &Run,
        heard: bool,
        now: Timestamp,
    ) {
        self.count("refreshed");
        if self.families[family].mark.was_dead(run.step) {
            self.object("J3", format!("ended family {family} was refreshed"));
        }
        let note = &mut self.families[family];
        let text = bytes(set);
        let new = note.tokens[token].results.insert(text);
        if new && note.tokens[token].results.len() > 1 {
            let what = format!("token {token} of family {family} has two successors");
            self.object("J4", what);
        } else if !new {
            self.count("repeated");
        }
        let note = &mut self.families[family];
        let known = note.tokens[token].successor.is_some();
        if let (true, false, Some(text)) = (heard, known, &set.refresh) {
            note.tokens.push(fresh(text));
            let successor = note.tokens.len() - 1;
            note.tokens[token].successor = Some(successor);
            let client = note.client;
            // A repeat gives tokens that are as old as the first use.
            let from = note.tokens[token].first.unwrap_or(run.from);
            self.keep_access(Some(family), client, set, (from, now));
        }
    }

    fn keep_access(
        &mut self,
        family: Option<usize>,
        client: usize,
        set: &TokenSet,
        issued: (Timestamp, Timestamp),
    ) {
        for access in &set.access {
            self.tokens.push(TokenNote {
                text: access.token.clone(),
                client,
                family,
                mark: Mark::default(),
                issued,
                lives: Lifetime::from_secs(access.expires_in_s),
            });
        }
    }
}

/// The judgement.
impl Journal {
    /// Nobody is told 'approved' of what somebody is told 'denied' or 'expired' of.
    fn judge_sides(&mut self, request: usize) {
        let note = &self.requests[request];
        if note.told.len() > 1 {
            self.object(
                "J5",
                format!("request {request}: yes to one, no to another"),
            );
        }
    }

    /// A sign-in whose end was acknowledged before the answer began decides nothing.
    fn judge_decider(&mut self, session: usize, began: Step) {
        let note = &self.sessions[session];
        let person = &self.people[note.person];
        let cleared = person
            .dead_before
            .is_some_and(|(limit, step)| note.issued_until < limit && step < began);
        if note.mark.was_dead(began) || note.replaced.was_dead(began) || cleared {
            self.object("J3", format!("ended session {session} decided"));
        }
    }

    /// An access token was `active` at some moment of `when`.
    pub(crate) fn judge_token(
        &mut self,
        token: usize,
        active: bool,
        when: (Timestamp, Timestamp),
        began: Step,
    ) {
        let what = if active {
            "seen active"
        } else {
            "seen inactive"
        };
        self.count(what);
        let note = &self.tokens[token];
        let over = when.0 >= note.issued.1.plus(note.lives).plus(Lifetime::from_secs(1));
        let live = when.1 < note.issued.0.plus(note.lives);
        let dead = note.mark.was_dead(began) || self.rests_on_dead(note, began);
        let threatened = note.mark.threatened || self.rests_on_threatened(note, when.1);
        if active && (dead || over) {
            self.object("J3", format!("token {token} is active after its end"));
        }
        if !active && live && !threatened {
            self.object("J2", format!("token {token} is not active"));
        }
    }

    fn rests_on_dead(&self, token: &TokenNote, began: Step) -> bool {
        let Some(family) = token.family.map(|family| &self.families[family]) else {
            return false;
        };
        let sessions = || family.sessions.iter().map(|s| &self.sessions[*s]);
        let signed_out = is_bound(family.client) && sessions().all(|s| s.mark.was_dead(began));
        let cleared = sessions().all(|s| {
            self.people[s.person]
                .dead_before
                .is_some_and(|(limit, step)| token.issued.1 < limit && step < began)
        });
        family.mark.was_dead(began) || signed_out || cleared
    }

    fn rests_on_threatened(&self, token: &TokenNote, now: Timestamp) -> bool {
        let Some(index) = token.family else {
            return false;
        };
        let family = &self.families[index];
        let bound = is_bound(family.client);
        let reused = (0..family.tokens.len())
            .any(|at| family.tokens[at].under_way > 0 && self.reuse_is_fair(index, at, now));
        family.mark.threatened
            || reused
            || family.sessions.iter().any(|session| {
                let session = &self.sessions[*session];
                let person = &self.people[session.person];
                (bound && (session.mark.threatened || now >= session.session.expires_at))
                    || person.locked
                    || family.issued_from <= person.threat_until
            })
    }
}

fn fresh(text: &str) -> RefreshNote {
    RefreshNote {
        text: text.to_owned(),
        presented: 0,
        under_way: 0,
        first: None,
        results: BTreeSet::new(),
        successor: None,
    }
}
