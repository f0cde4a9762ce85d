//! Gathering: those who come while another is under way go together with the next.
//!
//! 1. Whoever finds nobody under way goes alone and at once, as part of its own task.
//! 2. Whoever comes meanwhile waits. When the one under way is back, all who wait go as one batch, carried by a task of
//!    the lane: a caller that goes away changes nothing for its neighbours.
//! 3. What takes long holds nobody up. A full batch goes at once, and whoever has waited for [`PATIENCE`] starts the
//!    next batch beside the one under way, up to [`MOST`] of them.
//!
//! Nobody joins a batch that has set out, so that whatever is asked for is looked at after it was asked for.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{Instant, timeout},
};

/// The most in one batch: enough that what a batch costs hardly counts, few enough to keep it short.
pub(super) const LIMIT: usize = 64;
/// How long somebody waits for the batch under way before the next one sets out beside it.
const PATIENCE: Duration = Duration::from_millis(3);
/// How many batches may be under way at once.
const MOST: usize = 8;

/// What carries a batch, and tells each of its members what came of it.
pub(super) trait Carrier: Send + Sync + 'static {
    /// One member of a batch.
    type Job: Send + 'static;

    /// Carries a batch, which is never empty.
    fn carry(&self, batch: Vec<Self::Job>) -> impl Future<Output = ()> + Send;
}

/// Callers of one kind, and how they go.
pub(super) struct Lane<C: Carrier> {
    carrier: C,
    runtime: Handle,
    crowd: Mutex<Crowd<C::Job>>,
}

/// Who waits, in the order of their tickets, and how many are under way.
struct Crowd<J> {
    under_way: usize,
    tickets: u64,
    waiting: VecDeque<(u64, J)>,
}

/// A place under way. Dropping it lets those who wait set out.
pub(super) struct Pass<C: Carrier>(Arc<Lane<C>>);

/// What somebody who waited came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told<T> {
    /// The answer.
    Answer(T),
    /// The batch set out, and no answer will come.
    Lost,
    /// No batch took the job in time, and none will.
    Left,
}

impl<C: Carrier> Lane<C> {
    /// An empty lane, whose batches are carried on the runtime of the caller.
    pub(super) fn new(carrier: C) -> Arc<Self> {
        Arc::new(Self {
            carrier,
            runtime: Handle::current(),
            crowd: Mutex::new(Crowd {
                under_way: 0,
                tickets: 0,
                waiting: VecDeque::new(),
            }),
        })
    }

    /// What carries the batches, for those who go alone.
    pub(super) fn carrier(&self) -> &C {
        &self.carrier
    }

    /// Leave to go alone and at once, when nobody is under way.
    pub(super) fn alone(self: &Arc<Self>) -> Option<Pass<C>> {
        let mut crowd = self.crowd();
        let may = crowd.under_way == 0 && crowd.waiting.is_empty();
        may.then(|| {
            crowd.under_way = 1;
            Pass(Arc::clone(self))
        })
    }

    /// Goes with the next batch, and waits for the answer, which comes by `told`. A job that no batch took within
    /// `limit` is withdrawn.
    pub(super) async fn with_others<T>(
        self: &Arc<Self>,
        job: C::Job,
        mut told: oneshot::Receiver<T>,
        limit: Duration,
    ) -> Told<T> {
        let ticket = self.join(job);
        let end = Instant::now() + limit;
        let mut patience = PATIENCE;
        loop {
            let answer = timeout(patience, &mut told).await;
            if let Ok(answer) = answer {
                return answer.map_or(Told::Lost, Told::Answer);
            }
            self.set_out(|crowd| crowd.under_way < MOST && crowd.has(ticket));
            if Instant::now() >= end && self.crowd().withdraw(ticket) {
                return Told::Left;
            }
            // Whoever is under way needs to be looked after no more, but it costs little and ends with the answer.
            patience *= 2;
        }
    }

    /// Lines up, and tells the ticket. The first of all, or the one that makes a batch full, makes it set out.
    fn join(self: &Arc<Self>, job: C::Job) -> u64 {
        let mut crowd = self.crowd();
        let ticket = crowd.tickets;
        crowd.tickets += 1;
        crowd.waiting.push_back((ticket, job));
        drop(crowd);
        self.set_out(|crowd| {
            crowd.under_way == 0 || (crowd.waiting.len() >= LIMIT && crowd.under_way < MOST)
        });
        ticket
    }

    /// Lets those who wait set out in a place of their own, if they may.
    fn set_out(self: &Arc<Self>, may: impl FnOnce(&Crowd<C::Job>) -> bool) {
        let mut crowd = self.crowd();
        if crowd.waiting.is_empty() || !may(&crowd) {
            return;
        }
        crowd.under_way += 1;
        let batch = crowd.next();
        drop(crowd);
        self.send(batch);
    }

    /// Carries a batch in a place that is taken already. Without the lock: a runtime that has ended drops the pass at
    /// once.
    fn send(self: &Arc<Self>, batch: Vec<C::Job>) {
        let pass = Pass(Arc::clone(self));
        // Its end is seen by the pass.
        drop(self.runtime.spawn(pass.carry(batch)));
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd<C::Job>> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Crowd<J> {
    /// The next batch; empty when nobody waits.
    fn next(&mut self) -> Vec<J> {
        let count = self.waiting.len().min(LIMIT);
        self.waiting.drain(..count).map(|(_, job)| job).collect()
    }

    /// Whether this one waits still. Tickets are taken in order.
    fn has(&self, ticket: u64) -> bool {
        let place = self.waiting.binary_search_by_key(&ticket, |(t, _)| *t);
        place.is_ok()
    }

    fn withdraw(&mut self, ticket: u64) -> bool {
        let place = self.waiting.binary_search_by_key(&ticket, |(t, _)| *t);
        place.is_ok_and(|place| self.waiting.remove(place).is_some())
    }
}

impl<C: Carrier> Pass<C> {
    /// Carries a batch, and those that gather meanwhile, until nobody waits.
    async fn carry(self, mut batch: Vec<C::Job>) {
        while !batch.is_empty() {
            self.0.carrier.carry(batch).await;
            batch = self.0.crowd().next();
        }
    }
}

impl<C: Carrier> Drop for Pass<C> {
    fn drop(&mut self) {
        let mut crowd = self.0.crowd();
        let batch = crowd.next();
        if batch.is_empty() {
            crowd.under_way -= 1;
        } else {
            drop(crowd);
            self.0.send(batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

    use super::*;

    /// Carries when it is let, and tells each member how many it went with.
    struct Ferry {
        leave: Arc<Semaphore>,
        trips: Arc<AtomicUsize>,
    }

    impl Carrier for Ferry {
        type Job = oneshot::Sender<usize>;

        async fn carry(&self, batch: Vec<Self::Job>) {
            self.trips.fetch_add(1, Ordering::SeqCst);
            self.leave.acquire().await.unwrap().forget();
            let count = batch.len();
            for told in batch {
                told.send(count).ok();
            }
        }
    }

    struct Scene {
        lane: Arc<Lane<Ferry>>,
        leave: Arc<Semaphore>,
        trips: Arc<AtomicUsize>,
        waiting: JoinSet<Told<usize>>,
    }

    impl Scene {
        fn new() -> Self {
            let (leave, trips) = (Arc::new(Semaphore::new(0)), Arc::default());
            let ferry = Ferry {
                leave: Arc::clone(&leave),
                trips: Arc::clone(&trips),
            };
            Self {
                lane: Lane::new(ferry),
                leave,
                trips,
                waiting: JoinSet::new(),
            }
        }

        /// So many line up.
        async fn come(&mut self, count: usize) {
            let wanted = self.lane.crowd().tickets + count as u64;
            for _ in 0..count {
                let lane = Arc::clone(&self.lane);
                self.waiting.spawn(async move {
                    let (tell, told) = oneshot::channel();
                    lane.with_others(tell, told, Duration::from_secs(5)).await
                });
            }
            while self.lane.crowd().tickets < wanted {
                tokio::task::yield_now().await;
            }
            tokio::task::yield_now().await;
        }

        fn trips(&self) -> usize {
            self.trips.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_goes_at_once_and_those_who_come_meanwhile_go_together() {
        let mut scene = Scene::new();
        let pass = scene.lane.alone().expect("nobody is under way");
        assert!(scene.lane.alone().is_none(), "somebody is under way");
        scene.come(5).await;
        assert_eq!(scene.trips(), 0, "they wait for the one under way");
        drop(pass);
        scene.leave.add_permits(1);
        for told in scene.waiting.join_all().await {
            assert_eq!(told, Told::Answer(5));
        }
        assert_eq!(scene.trips.load(Ordering::SeqCst), 1);
        assert!(scene.lane.alone().is_some(), "the place is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_batch_does_not_wait_and_none_is_larger() {
        let mut scene = Scene::new();
        let pass = scene.lane.alone();
        scene.come(LIMIT + 3).await;
        assert_eq!(scene.trips(), 1, "the full batch set out");
        drop(pass);
        scene.leave.add_permits(2);
        let mut told: Vec<_> = scene.waiting.join_all().await;
        told.sort_by_key(|told| matches!(told, Told::Answer(LIMIT)));
        let alike = |count| told.iter().filter(|t| **t == Told::Answer(count)).count();
        assert_eq!((alike(LIMIT), alike(3)), (LIMIT, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_holds_nobody_up_and_a_few_at_most_are_under_way() {
        let mut scene = Scene::new();
        let pass = scene.lane.alone();
        for trips in 1..MOST {
            scene.come(1).await;
            sleep(PATIENCE * 2).await;
            assert_eq!(scene.trips(), trips);
        }
        scene.come(3).await;
        sleep(PATIENCE * 8).await;
        assert_eq!(scene.trips(), MOST - 1, "all places are taken");
        // Who finds no place in time is told so, and never sets out.
        sleep(Duration::from_secs(12)).await;
        drop(pass);
        scene.leave.add_permits(MOST);
        let told = scene.waiting.join_all().await;
        let left = told.iter().filter(|told| **told == Told::Left).count();
        assert_eq!((left, told.len()), (3, MOST + 2));
        assert_eq!(scene.trips.load(Ordering::SeqCst), MOST - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_is_missed_by_nobody() {
        let mut scene = Scene::new();
        let pass = scene.lane.alone();
        scene.come(3).await;
        drop(pass);
        tokio::task::yield_now().await;
        assert_eq!(scene.trips(), 1);
        scene.waiting.abort_all();
        while scene.waiting.join_next().await.is_some() {}
        scene.come(1).await;
        scene.leave.add_permits(2);
        assert_eq!(scene.waiting.join_all().await, [Told::Answer(1)]);
        // One that went alone and went away leaves its place to the others.
        let mut scene = Scene::new();
        let pass = scene.lane.alone();
        scene.come(2).await;
        scene.leave.add_permits(1);
        drop(pass);
        assert_eq!(scene.waiting.join_all().await, [Told::Answer(2); 2]);
    }
}
