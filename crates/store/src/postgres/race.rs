//! Several ways to the same thing, of which the first that works is taken: each begun when the one before fails, or
//! beside it when that is slow.
//!
//! Spec: RFC 8305 §5 (the same idea for the addresses of one name)

use std::{collections::VecDeque, pin::Pin, time::Duration};

use tokio::{task::JoinSet, time::sleep};

/// How long one host or address is tried alone before the next one is tried beside it. Longer than a healthy server
/// takes across a continent, and short beside the five seconds within which a fail-over is to be over.
pub(super) const HEAD_START: Duration = Duration::from_millis(500);
/// Why no host gave a connection, in the order in which they failed.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(super) struct Unreached(pub(super) Vec<String>);

/// One way to get something.
pub(super) type Attempt<T> = Pin<Box<dyn Future<Output = Result<T, Unreached>> + Send>>;

pub(super) fn attempt<T>(
    future: impl Future<Output = Result<T, Unreached>> + Send + 'static,
) -> Attempt<T> {
    Box::pin(future)
}

/// Attempts of which one is to succeed. Dropping it gives up those under way.
pub(super) struct Race<T> {
    waiting: VecDeque<Attempt<T>>,
    running: JoinSet<Result<T, Unreached>>,
    failed: Vec<String>,
}

impl<T: Send + 'static> Race<T> {
    pub(super) fn new(attempts: impl IntoIterator<Item = Attempt<T>>) -> Self {
        Self {
            waiting: attempts.into_iter().collect(),
            running: JoinSet::new(),
            failed: Vec::new(),
        }
    }

    /// The first that succeeds.
    pub(super) async fn won(mut self) -> Result<T, Unreached> {
        let won = self.next().await;
        won.ok_or_else(|| self.lost())
    }

    /// Why all that ended without success did so.
    pub(super) fn lost(self) -> Unreached {
        Unreached(self.failed)
    }

    /// The next that succeeds; none when all have ended.
    pub(super) async fn next(&mut self) -> Option<T> {
        loop {
            if self.running.is_empty() {
                self.begin().then_some(())?;
            }
            let ended = tokio::select! {
                ended = self.running.join_next() => ended,
                () = sleep(HEAD_START), if !self.waiting.is_empty() => {
                    self.begin();
                    continue;
                }
            };
            match ended {
                Some(Ok(Ok(won))) => return Some(won),
                Some(Ok(Err(unreached))) => self.failed.extend(unreached.0),
                Some(Err(broken)) => self.failed.push(broken.to_string()),
                None => {}
            }
            // Nobody waits for the end of a head start of one that has lost.
            self.begin();
        }
    }

    /// Begins the next attempt, if there is one.
    pub(super) fn begin(&mut self) -> bool {
        let next = self.waiting.pop_front();
        let begun = next.is_some();
        if let Some(next) = next {
            self.running.spawn(next);
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// An attempt that succeeds with its number, fails, or says nothing until its time is over.
    fn one(number: u32, after: Duration, succeeds: Option<bool>) -> Attempt<u32> {
        attempt(async move {
            let answer = async {
                sleep(after).await;
                match succeeds {
                    Some(true) => Ok(number),
                    Some(false) => Err(Unreached(vec![format!("{number} refused")])),
                    None => std::future::pending().await,
                }
            };
            timeout(LIMIT, answer)
                .await
                .unwrap_or_else(|_| Err(Unreached(vec![format!("{number} silent")])))
        })
    }

    #[tokio::test(start_paused = true)]
    async fn k7_a_host_that_says_nothing_holds_up_the_next_one_for_a_moment_only() {
        let soon = Duration::from_millis(20);
        let begun = Instant::now();
        let silent_first = [one(1, soon, None), one(2, soon, Some(true))];
        assert_eq!(Race::new(silent_first).won().await.unwrap(), 2);
        assert_eq!(begun.elapsed(), HEAD_START + soon);

        let begun = Instant::now();
        let refused_first = [one(1, soon, Some(false)), one(2, soon, Some(true))];
        assert_eq!(Race::new(refused_first).won().await.unwrap(), 2);
        assert_eq!(begun.elapsed(), 2 * soon);

        let begun = Instant::now();
        let slow_first = [
            one(1, 3 * HEAD_START, Some(true)),
            one(2, soon, Some(false)),
        ];
        assert_eq!(Race::new(slow_first).won().await.unwrap(), 1);
        assert_eq!(begun.elapsed(), 3 * HEAD_START);

        let begun = Instant::now();
        let nobody = [
            one(1, soon, None),
            one(2, soon, Some(false)),
            one(3, soon, None),
        ];
        let told = Race::new(nobody).won().await.unwrap_err().to_string();
        assert_eq!(told, "2 refused; 1 silent; 3 silent");
        assert_eq!(begun.elapsed(), HEAD_START + soon + LIMIT);
    }
}
