//! Commits whose reply was lost, and stores that are away.

use placet_core::{
    store::{Change, Commit, Key, Record, StoreError},
    testing::Fault,
    token::AccessToken,
};

use super::Scene;

impl Scene {
    /// Commits a token while the store fails in this way, and gives what was told.
    async fn commit_under(&self, fault: Fault) -> (AccessToken, Commit, Result<(), StoreError>) {
        let token = self.access("token");
        let commit = self.commit([Change::insert(Record::Access(token.clone()))]);
        self.harness.fail_next(fault);
        let result = self.store.commit(commit.clone()).await;
        (token, commit, result)
    }
}

/// Unknown, and it happened: the outcome says so, and the same commit again does not happen twice.
pub async fn k6_an_unknown_commit_that_happened(scene: Scene) {
    let (token, commit, result) = scene.commit_under(Fault::UnknownApplied).await;
    assert!(matches!(result, Err(StoreError::Unknown)), "{result:?}");
    assert!(scene.happened(commit.event.id).await);
    assert_eq!(scene.version(Key::access(token.hash)).await, Some(1));
    let again = scene.store.commit(commit).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}

/// Unknown, and it did not happen: the outcome says so, nothing is there, and it can be tried again.
pub async fn k6_an_unknown_commit_that_did_not(scene: Scene) {
    let (token, commit, result) = scene.commit_under(Fault::UnknownLost).await;
    assert!(matches!(result, Err(StoreError::Unknown)), "{result:?}");
    assert!(!scene.happened(commit.event.id).await);
    assert!(scene.get(Key::access(token.hash)).await.is_none());
    scene.store.commit(commit.clone()).await.unwrap();
    assert!(scene.happened(commit.event.id).await);
}

/// An unavailable store has written nothing, still reads, and works again afterwards.
pub async fn k5_an_unavailable_store_writes_nothing(scene: Scene) {
    let (token, commit, result) = scene.commit_under(Fault::Unavailable).await;
    assert!(
        matches!(result, Err(StoreError::Unavailable { .. })),
        "{result:?}"
    );
    assert!(scene.get(Key::access(token.hash)).await.is_none());
    scene.store.commit(commit).await.unwrap();
    let (_, _, result) = scene.commit_under(Fault::Conflict).await;
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
}

/// A commit nobody made is absent.
pub async fn an_unheard_of_commit_is_absent(scene: Scene) {
    assert!(!scene.happened(scene.id()).await);
}
