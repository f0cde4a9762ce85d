//! Passwords: hashed with Argon2id on threads of their own, a bounded number at a time.
//!
//! One hash costs 19 MiB and about 20 ms of one core. So that guesses cannot starve the server, only some run at once,
//! only some more wait, and everybody else is told to come back (threat H4). The threads have the lowest priority, so that
//! who signs in takes what others leave.
//!
//! Spec: RFC 9106 §4 (Argon2id); the PHC string format

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use placet_core::{
    random::{Random as _, SystemRandom},
    time::Lifetime,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes of one hash.
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// The longest password that is looked at, in bytes.
pub const PASSWORD_LIMIT_BYTES: usize = 1_024;
/// The lowest priority of a thread, as `setpriority` counts on Linux.
#[cfg(target_os = "linux")]
const LOWEST_PRIORITY: i32 = 19;
/// How long a caller stays away when every place is taken.
const BUSY_RETRY: Lifetime = Lifetime::from_secs(2);
/// What an unknown name is checked against, so that it takes as long as a known one: the same parameters, and an output
/// of zeros for which nobody knows a password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was neither hashed nor checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Every place is taken.
    #[error("too many passwords are being checked")]
    Busy {
        /// How long the caller should stay away.
        retry_after: Lifetime,
    },
    /// It is empty or longer than [`PASSWORD_LIMIT_BYTES`].
    #[error("a password has 1 to {PASSWORD_LIMIT_BYTES} bytes")]
    Length,
    /// The hash function failed.
    #[error("the password could not be hashed")]
    Failed,
}

type Job = Box<dyn FnOnce() + Send>;

/// The pool in which passwords are hashed.
pub struct Passwords {
    working: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// How many threads there are.
    parallel: usize,
    /// To the threads, which begin with the first password and end with the pool.
    jobs: OnceLock<mpsc::Sender<Job>>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl Passwords {
    /// A pool that works on `parallel` hashes at once, at least one, while `waiting` more may wait.
    pub fn new(parallel: usize, waiting: usize) -> Self {
        let parallel = parallel.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = waiting.min(Semaphore::MAX_PERMITS / 2);
        Self {
            working: Arc::new(Semaphore::new(parallel)),
            places: Arc::new(Semaphore::new(parallel + waiting)),
            parallel,
            jobs: OnceLock::new(),
        }
    }

    /// Hashes a new password on the calling thread, for commands and start: about 20 ms.
    ///
    /// # Errors
    /// [`PasswordError::Length`]; [`PasswordError::Failed`] when there is no memory for it.
    pub fn hash(password: &str) -> Result<String, PasswordError> {
        if password.is_empty() || password.len() > PASSWORD_LIMIT_BYTES {
            return Err(PasswordError::Length);
        }
        let mut salt = [0; SALT_BYTES];
        SystemRandom.fill(&mut salt);
        let hash = argon2()?
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(|_| PasswordError::Failed)?;
        Ok(hash.to_string())
    }

    /// Hashes a new password in the pool, for a running server.
    ///
    /// # Errors
    /// As [`Passwords::hash`]; [`PasswordError::Busy`] when every place is taken.
    pub async fn hash_in_pool(&self, password: &str) -> Result<String, PasswordError> {
        let password = Zeroizing::new(password.to_owned());
        self.work(move || Self::hash(&password)).await?
    }

    /// Whether `password` is the one hashed as `stored`. Without one it takes as long and is never right.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when every place is taken; [`PasswordError::Failed`] when there is no memory for it.
    pub async fn verify(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<bool, PasswordError> {
        let fits = password.len() <= PASSWORD_LIMIT_BYTES;
        let password = Zeroizing::new(if fits { password } else { "" }.to_owned());
        let stored = stored.unwrap_or(NOBODY).to_owned();
        let right = self
            .work(move || {
                let argon2 = argon2()?;
                let hash = PasswordHash::new(&stored).map_err(|_| PasswordError::Failed)?;
                Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await??;
        Ok(right && fits)
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let busy = PasswordError::Busy {
            retry_after: BUSY_RETRY,
        };
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| busy)?;
        let turn = Arc::clone(&self.working)
            .acquire_owned()
            .await
            .map_err(|_| busy)?;
        let (tell, told) = oneshot::channel();
        let job = move || {
            // Held by the job itself: a caller that goes away does not end a hash that has begun.
            let _held: [OwnedSemaphorePermit; 2] = [place, turn];
            tell.send(job()).ok();
        };
        let jobs = self.jobs.get_or_init(|| threads(self.parallel));
        jobs.send(Box::new(job))
            .map_err(|_| PasswordError::Failed)?;
        told.await.map_err(|_| PasswordError::Failed)
    }
}

/// So many threads that take jobs until nobody can send any more.
fn threads(count: usize) -> mpsc::Sender<Job> {
    let (jobs, queue) = mpsc::channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..count {
        let queue = Arc::clone(&queue);
        let work = move || {
            yield_to_others();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(job) = next else { return };
                // Whoever waits for one that ends in a panic is told that it failed; the thread goes on.
                drop(panic::catch_unwind(AssertUnwindSafe(job)));
            }
        };
        let begun = thread::Builder::new()
            .name("password".to_owned())
            .spawn(work);
        if let Err(error) = begun {
            tracing::error!(%error, "a thread for passwords could not be started");
        }
    }
    jobs
}

/// Gives this thread the lowest priority, where threads have one of their own.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWEST_PRIORITY)
    {
        tracing::warn!(%error, "the threads for passwords keep the priority of all others");
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn h4_a_password_is_right_wrong_or_nobodys() {
        let pool = Passwords::new(1, 1);
        let stored = Passwords::hash("correct horse").expect("hashes");
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert_eq!(pool.verify("correct horse", Some(&stored)).await, Ok(true));
        assert_eq!(
            pool.verify("battery staple", Some(&stored)).await,
            Ok(false)
        );
        assert_eq!(pool.verify("correct horse", None).await, Ok(false));
        assert_eq!(pool.verify("", Some(&stored)).await, Ok(false));
        let long = "x".repeat(PASSWORD_LIMIT_BYTES + 1);
        assert_eq!(pool.verify(&long, Some(&stored)).await, Ok(false));
        assert_eq!(Passwords::hash(&long), Err(PasswordError::Length));
        assert_eq!(
            pool.verify("x", Some("not a hash")).await,
            Err(PasswordError::Failed)
        );
    }

    #[tokio::test]
    async fn h4_guesses_beyond_the_places_are_sent_away_at_once() {
        let pool = Passwords::new(1, 1);
        let held = Arc::clone(&pool.working).acquire_owned().await;
        let third = async {
            let refused = pool.verify("c", None).await;
            drop(held);
            refused
        };
        let (first, second, third) =
            tokio::join!(pool.verify("a", None), pool.verify("b", None), third);
        assert_eq!((first, second), (Ok(false), Ok(false)));
        assert_eq!(
            third,
            Err(PasswordError::Busy {
                retry_after: BUSY_RETRY
            })
        );
        assert_eq!(pool.verify("d", None).await, Ok(false), "places come free");
    }
}
