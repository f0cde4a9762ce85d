//! Who may try how often: counters in memory that refuse before anything is written.
//!
//! Two ways to slow a guesser down:
//!
//! * *Stop*: after so many failures nothing more in this window, and each window that fills up is followed by one
//!   twice as long. For user codes, where whoever guesses can be turned away because the code itself stays good.
//! * *Delay*: after so many failures each further one doubles the wait, up to the window. For passwords and client
//!   secrets, where whoever is turned away may be the honest one.
//!
//! Whatever counts for many sources together never turns a fresh source away: it only makes a source that failed
//! wait longer, so that strangers cannot lock anybody out. Counters are per process; N nodes allow N-fold.
//!
//! Spec: RFC 8628 §5.1, RFC 6749 §10.10, RFC 9110 §10.2.3

mod bucket;
mod counter;
mod memory;

use placet_core::time::{Lifetime, Timestamp};

use self::{
    bucket::Buckets,
    counter::{Counters, Reaction, Rule},
};

/// How much more often one name may fail from everywhere than from one source, before sources that failed wait longer.
const CROWD: u32 = 10;
/// How much less often one client may fail from one source than all clients from there.
const ONE_OF_MANY: u32 = 3;

/// The numbers of `[limits]` that count tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimiterSettings {
    /// Requests of one source per second. Absent: no limit.
    pub requests_per_source_s: Option<u32>,
    /// Wrong user codes of one browser in a window.
    pub user_code_guesses_per_browser: u32,
    /// Wrong user codes of one source in a window.
    pub user_code_guesses_per_source: u32,
    /// Wrong user codes from everywhere in a window; beyond it each further try waits longer.
    pub user_code_guesses_total: u32,
    /// The window of the three above.
    pub user_code_window: Lifetime,
    /// Wrong passwords for one name from one source in a window.
    pub password_tries_per_account: u32,
    /// Wrong passwords of one source in a window.
    pub password_tries_per_source: u32,
    /// The window of the two above.
    pub password_window: Lifetime,
    /// Failed client authentications of one source in a window.
    pub client_auth_failures_per_source: u32,
    /// The window of the one above.
    pub client_auth_window: Lifetime,
}

impl Default for LimiterSettings {
    /// The defaults of `[limits]`.
    fn default() -> Self {
        Self {
            requests_per_source_s: Some(100),
            user_code_guesses_per_browser: 5,
            user_code_guesses_per_source: 20,
            user_code_guesses_total: 1000,
            user_code_window: Lifetime::from_secs(600),
            password_tries_per_account: 10,
            password_tries_per_source: 50,
            password_window: Lifetime::from_secs(900),
            client_auth_failures_per_source: 30,
            client_auth_window: Lifetime::from_secs(600),
        }
    }
}

/// A try that is not allowed yet, and how long it is until one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; the next one is allowed in {0}")]
pub struct RetryAfter(pub Lifetime);

/// All counters of tries.
pub struct Limiter {
    requests: Option<Buckets>,
    user_code_browser: Counters,
    user_code_source: Counters,
    user_code_total: Counters,
    password_pair: Counters,
    password_source: Counters,
    password_account: Counters,
    client_pair: Counters,
    client_source: Counters,
}

/// The one key of a counter that counts everything.
const EVERYBODY: &str = "";

impl Limiter {
    /// Counters at zero.
    pub fn new(settings: LimiterSettings) -> Self {
        let stop = |limit, window| Counters::new(Rule::new(limit, window, Reaction::Stop));
        let delay = |limit, window| Counters::new(Rule::new(limit, window, Reaction::Delay));
        let codes = settings.user_code_window;
        let passwords = settings.password_window;
        let clients = settings.client_auth_window;
        let per_account = settings.password_tries_per_account;
        let per_source = settings.client_auth_failures_per_source;
        Self {
            requests: settings.requests_per_source_s.map(Buckets::new),
            user_code_browser: stop(settings.user_code_guesses_per_browser, codes),
            user_code_source: stop(settings.user_code_guesses_per_source, codes),
            user_code_total: delay(settings.user_code_guesses_total, codes),
            password_pair: delay(per_account, passwords),
            password_source: delay(settings.password_tries_per_source, passwords),
            password_account: delay(per_account.saturating_mul(CROWD), passwords),
            client_pair: delay(per_source.div_ceil(ONE_OF_MANY), clients),
            client_source: delay(per_source, clients),
        }
    }

    /// Counts one request of a source.
    ///
    /// # Errors
    /// [`RetryAfter`] when the source sent more than its share within the last second.
    pub fn request(&self, source: &str, now: Timestamp) -> Result<(), RetryAfter> {
        match &self.requests {
            Some(buckets) => buckets.take(source, now),
            None => Ok(()),
        }
    }

    /// Counts one user code typed in a browser, before it is looked up; give it back with
    /// [`Limiter::user_code_found`] if it was right. `browser` names the browser (a cookie's hash); empty: it has no name
    /// yet, and only its source counts.
    ///
    /// # Errors
    /// [`RetryAfter`] when the browser or the source guessed too often; the try does not count.
    pub fn guess_user_code(
        &self,
        browser: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        if self.user_code_total.is_exceeded(EVERYBODY, now) {
            self.user_code_source.check_in_crowd(source, now)?;
        }
        if !browser.is_empty() {
            self.user_code_browser.take(browser, now)?;
        }
        if let Err(wait) = self.user_code_source.take(source, now) {
            self.user_code_browser.uncount(browser, now);
            return Err(wait);
        }
        self.user_code_total.count(EVERYBODY, now);
        Ok(())
    }

    /// Takes back the count of a user code that was right.
    pub fn user_code_found(&self, browser: &str, source: &str, now: Timestamp) {
        self.user_code_browser.uncount(browser, now);
        self.user_code_source.uncount(source, now);
        self.user_code_total.uncount(EVERYBODY, now);
    }

    /// Counts one password tried for `account` (the name as it is compared), before it is checked. Say
    /// [`Limiter::password_right`] or [`Limiter::password_wrong`] afterwards. Unknown names count like known ones.
    ///
    /// # Errors
    /// [`RetryAfter`] when this source failed too often for this name, or too often in all; the try does not count.
    pub fn try_password(
        &self,
        account: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let pair = pair(account, source);
        // A source that signed in as this person before is theirs: what others did there or elsewhere is not held
        // against it.
        if !self.password_pair.is_known(&pair, now) {
            self.password_source.check(source, now)?;
            if self.password_account.is_exceeded(account, now) {
                self.password_pair.check_in_crowd(&pair, now)?;
            }
        }
        self.password_pair.take(&pair, now)
    }

    /// The password was right: takes back the count and remembers the source as the person's own.
    pub fn password_right(&self, account: &str, source: &str, now: Timestamp) {
        let pair = pair(account, source);
        self.password_pair.uncount(&pair, now);
        self.password_pair.know(&pair, now);
    }

    /// The password was wrong, or there is no such person.
    pub fn password_wrong(&self, account: &str, source: &str, now: Timestamp) {
        self.password_source.count(source, now);
        self.password_account.count(account, now);
    }

    /// The password was not checked after all, because the server is busy: takes back the count.
    pub fn password_unchecked(&self, account: &str, source: &str, now: Timestamp) {
        self.password_pair.uncount(&pair(account, source), now);
    }

    /// Whether a source may try to authenticate as a client. Nothing is counted: this spares the work for a source that
    /// failed too often. What a try came to is told only as [`Limiter::client_refused`] or [`Limiter::client_accepted`]
    /// allow, so that many tries sent at the same time learn no more than the same tries in a row.
    ///
    /// # Errors
    /// [`RetryAfter`] when this source failed too often as this client or, unless it has succeeded as this client, as
    /// any.
    pub fn may_authenticate_client(
        &self,
        client_id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let pair = pair(client_id, source);
        self.client_pair.check(&pair, now)?;
        if self.client_pair.is_known(&pair, now) {
            return Ok(());
        }
        self.client_source.check(source, now)
    }

    /// Counts a failed client authentication before anybody is told of it. An empty `client_id` names none.
    ///
    /// # Errors
    /// [`RetryAfter`] when others judged at the same time used up what may be told. The caller is told this in place of
    /// the failure, which does not count.
    pub fn client_refused(
        &self,
        client_id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let pair = pair(client_id, source);
        self.client_pair.take(&pair, now)?;
        if self.client_pair.is_known(&pair, now) {
            self.client_source.count(source, now);
            return Ok(());
        }
        self.client_source
            .take(source, now)
            .inspect_err(|_| self.client_pair.uncount(&pair, now))
    }

    /// A client authentication succeeded: the source is the client's own from here on. Nothing was counted ahead, so a
    /// client that asks a hundred times at once is not taken for a guesser.
    ///
    /// # Errors
    /// [`RetryAfter`] when failures judged at the same time used up what may be told: a right guess among too many wrong
    /// ones is told as they are.
    pub fn client_accepted(
        &self,
        client_id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        self.may_authenticate_client(client_id, source, now)?;
        self.client_pair.know(&pair(client_id, source), now);
        Ok(())
    }
}

/// One key of two names. The source cannot hold a line break, so the parts cannot be mistaken.
fn pair(name: &str, source: &str) -> String {
    format!("{source}\n{name}")
}

#[cfg(test)]
mod tests;
