//! The suite every store must pass: one case per promise of the contract.
//!
//! A backend gives a [`Harness`] and calls [`crate::conformance_tests`], which makes one test of each case.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a case is a test: it panics when the store breaks its promise"
)]

pub mod claims;
pub mod commits;
pub mod faults;
pub mod races;
pub mod reads;
mod sample;
pub mod sweeps;
pub mod wakes;

use std::{sync::Arc, time::Duration};

use placet_core::{
    event::{Event, EventKind},
    id::{Id, Kind},
    issuer::Issuer,
    store::{Boxed, Change, Commit, Key, Outcome, Record, Store, StoreError, Versioned},
    testing::{Fault, FixedClock, SeededRandom},
    time::{Lifetime, Timestamp},
};

/// The longest a wake-up may take that comes from another node.
const PATIENCE: Duration = Duration::from_secs(10);

/// One backend under test, with an empty store.
pub trait Harness: Send + Sync {
    /// A handle on the store.
    fn store(&self) -> Arc<dyn Store>;
    /// Another handle on the same records, as another node or process has.
    fn second(&self) -> Arc<dyn Store>;
    /// The clock the store was given.
    fn clock(&self) -> &FixedClock;
    /// Makes the next transaction through [`Harness::store`] come to this.
    fn fail_next(&self, fault: Fault);
    /// Replaces the body of a record, past the contract.
    fn write_raw<'a>(&'a self, issuer: Id<Issuer>, key: Key, body: &'a str) -> Boxed<'a, ()>;
    /// How many requests somebody waits for through [`Harness::store`].
    fn waited_for(&self) -> usize;
}

/// What a case plays with.
pub struct Scene {
    harness: Box<dyn Harness>,
    store: Arc<dyn Store>,
    second: Arc<dyn Store>,
    issuer: Id<Issuer>,
    random: SeededRandom,
}

impl Scene {
    /// A scene on a backend.
    pub fn new(harness: Box<dyn Harness>) -> Self {
        let random = SeededRandom::new(0x0005_eed0);
        Self {
            store: harness.store(),
            second: harness.second(),
            harness,
            issuer: Id::random(&random),
            random,
        }
    }

    fn now(&self) -> Timestamp {
        self.store.now()
    }

    fn in_ms(&self, ms: u64) -> Timestamp {
        self.now().plus(Lifetime::from_millis(ms))
    }

    fn id<K: Kind>(&self) -> Id<K> {
        Id::random(&self.random)
    }

    fn event(&self) -> Event {
        let now = self.now();
        Event::new(
            Id::ordered(now, &self.random),
            EventKind::ClientChanged,
            now,
        )
    }

    /// A commit of one event and these changes.
    fn commit(&self, changes: impl IntoIterator<Item = Change>) -> Commit {
        changes
            .into_iter()
            .fold(Commit::new(self.issuer, self.event()), Commit::with)
    }

    /// Commits these changes.
    async fn write(&self, changes: impl IntoIterator<Item = Change>) -> Result<(), StoreError> {
        self.store.commit(self.commit(changes)).await
    }

    /// Inserts records that must go in.
    async fn insert(&self, records: impl IntoIterator<Item = Record>) {
        self.write(records.into_iter().map(Change::insert))
            .await
            .unwrap();
    }

    async fn get(&self, key: Key) -> Option<Versioned<Record>> {
        self.store.get(self.issuer, key).await.unwrap()
    }

    async fn version(&self, key: Key) -> Option<u64> {
        self.get(key).await.map(|found| found.version)
    }

    async fn happened(&self, event: Id<Event>) -> bool {
        self.store.outcome(self.issuer, event).await.unwrap() == Outcome::Committed
    }
}

/// Makes one test of each case. The argument is an async function that gives a `Box<dyn Harness>`.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:path) => {
        $crate::conformance_tests! { @ $fresh;
            commits: a_duplicate_insert_is_a_conflict, a_taken_name_is_a_duplicate,
                a_stale_version_is_a_conflict, versions_count_from_one,
                a_required_version_must_hold, a_delete_needs_its_version,
                k2_a_value_is_spent_once, a_failing_change_leaves_no_trace,
                changes_see_those_before_them, c2_before_ends_at_the_exact_instant,
                c11_time_never_runs_backwards, j6_events_are_appended_exactly_once,
                issuers_never_see_each_other;
            races: two_collects_one_winner, k2_one_of_many_spends,
                a_conflict_is_told_only_after_its_winner, losers_leave_no_trace,
                many_writers_lose_nothing;
            reads: many_are_read_as_one_by_one, a_page_is_in_key_order, every_kind_of_record_is_kept,
                what_is_owned_is_listed,
                what_waits_for_a_person_is_listed,
                events_come_oldest_first, a_handle_leads_to_its_request, an_access_token_stands_on_all_it_names,
                a_refresh_token_stands_on_its_family, a_standing_is_read_at_one_moment;
            claims: hostile_text_comes_back_unchanged, k9_an_unknown_state_is_corrupt,
                garbage_is_corrupt, a_body_under_another_key_is_corrupt;
            sweeps: k10_retention_ends_after_its_last_millisecond,
                a9_tombstones_stay_while_they_are_needed, k10_a_sweep_is_bounded,
                k10_old_events_go, what_never_ends_is_never_swept;
            wakes: a_change_wakes_its_waiters, k3_a_change_on_another_node_wakes,
                k3_a_change_between_read_and_wait_is_seen, a_waiter_is_released_in_time,
                waiters_leave_nothing_behind, others_sleep_on;
            faults: k6_an_unknown_commit_that_happened, k6_an_unknown_commit_that_did_not,
                k5_an_unavailable_store_writes_nothing, an_unheard_of_commit_is_absent;
        }
    };
    (@ $fresh:path; $($module:ident: $($case:ident),+;)+) => { $($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let scene = $crate::conformance::Scene::new($fresh().await);
            $crate::conformance::$module::$case(scene).await;
        }
    )+)+ };
}
