//! Asking for the outcome of a commit until the store can tell, so that a short trouble of a disk or a database does
//! not leave a client with a code that was used up and no token.

use std::{future::Future, time::Duration};

use placet_core::store::{Outcome, StoreError};
use tokio::time::{Instant, sleep};

/// How long it is asked: shorter than clients wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Asks again, with growing pauses, while the store does not answer.
pub(crate) async fn insist<F>(ask: impl Fn() -> F) -> Result<Outcome, StoreError>
where
    F: Future<Output = Result<Outcome, StoreError>>,
{
    let end = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match ask().await {
            Err(
                error @ (StoreError::Unavailable { .. } | StoreError::Unknown | StoreError::Full),
            ) => error,
            told => return told,
        };
        if Instant::now() + pause >= end {
            return Err(error);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn k6_a_short_trouble_is_waited_out_and_a_long_one_is_told() {
        let asked = AtomicU32::new(0);
        let told = insist(|| async {
            if asked.fetch_add(1, Ordering::Relaxed) < 4 {
                Err(StoreError::Unknown)
            } else {
                Ok(Outcome::Committed)
            }
        });
        assert_eq!(told.await.unwrap(), Outcome::Committed);
        let began = Instant::now();
        let told = insist(|| async { Err(StoreError::Unknown) }).await;
        assert!(matches!(told, Err(StoreError::Unknown)));
        assert!(began.elapsed() <= PATIENCE);
    }
}
