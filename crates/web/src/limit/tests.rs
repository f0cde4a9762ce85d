//! Guessers and honest people before the same counters.

use super::*;

const SOURCE: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + seconds)
}

fn limiter() -> Limiter {
    Limiter::new(LimiterSettings::default())
}

fn wait_s(outcome: Result<(), RetryAfter>) -> u64 {
    outcome.map_or_else(|wait| wait.0.as_secs_ceil(), |()| 0)
}

#[test]
fn d1_a_browser_guesses_five_codes_and_a_source_twenty() {
    let limiter = limiter();
    let tries = |browser: &str, source: &str| {
        (0..100)
            .filter(|_| limiter.guess_user_code(browser, source, at(0)).is_ok())
            .count()
    };
    assert_eq!(tries("one", SOURCE), 5);
    assert_eq!(tries("two", SOURCE), 5);
    // Ten guesses of the source's twenty are left, for whoever comes with a fresh cookie each time.
    assert_eq!(
        (0..100)
            .map(|n| tries(&format!("fresh {n}"), SOURCE))
            .sum::<usize>(),
        10
    );
    assert_eq!(tries("", SOURCE), 0);
    assert_eq!(
        limiter.guess_user_code("elsewhere", ELSEWHERE, at(0)),
        Ok(())
    );
}

#[test]
fn d1_guesses_at_the_same_time_do_not_slip_through() {
    let limiter = limiter();
    let allowed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                if limiter.guess_user_code("browser", SOURCE, at(0)).is_ok() {
                    allowed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(allowed.into_inner(), 5);
}

#[test]
fn d1_each_filled_window_is_followed_by_a_longer_one() {
    let limiter = limiter();
    let mut now = 0;
    for window_s in [600, 1200, 2400] {
        for _ in 0..5 {
            assert_eq!(limiter.guess_user_code("browser", "", at(now)), Ok(()));
        }
        let outcome = limiter.guess_user_code("browser", "", at(now));
        assert_eq!(wait_s(outcome), window_s);
        now += i64::try_from(window_s).expect("it is small");
    }
    // A quiet time as long as the last window ends the punishment.
    now += 4800;
    for _ in 0..5 {
        assert_eq!(limiter.guess_user_code("browser", "", at(now)), Ok(()));
    }
    let outcome = limiter.guess_user_code("browser", "", at(now));
    assert_eq!(wait_s(outcome), 600);
}

#[test]
fn d1_right_codes_cost_nothing() {
    let limiter = limiter();
    for _ in 0..100 {
        assert_eq!(limiter.guess_user_code("browser", SOURCE, at(0)), Ok(()));
        limiter.user_code_found("browser", SOURCE, at(0));
    }
}

#[test]
fn d1_beyond_the_total_a_source_waits_after_each_guess_and_a_fresh_one_does_not() {
    let limiter = limiter();
    for n in 0..1000 {
        let source = format!("192.0.2.{n}");
        assert_eq!(limiter.guess_user_code("", &source, at(0)), Ok(()));
    }
    assert_eq!(limiter.guess_user_code("", SOURCE, at(0)), Ok(()));
    assert_eq!(wait_s(limiter.guess_user_code("", SOURCE, at(0))), 1);
    assert_eq!(limiter.guess_user_code("", SOURCE, at(1)), Ok(()));
    assert_eq!(wait_s(limiter.guess_user_code("", SOURCE, at(1))), 2);
    assert_eq!(limiter.guess_user_code("", ELSEWHERE, at(1)), Ok(()));
}

#[test]
fn h4_focused_guesses_wait_ever_longer_and_never_for_ever() {
    let limiter = limiter();
    let mut waits = Vec::new();
    let mut now = 0;
    for _ in 0..24 {
        let wait = wait_s(limiter.try_password("ada", SOURCE, at(now)));
        waits.push(wait);
        now += i64::try_from(wait).expect("it is small");
        if wait > 0 {
            assert_eq!(limiter.try_password("ada", SOURCE, at(now)), Ok(()));
        }
        limiter.password_wrong("ada", SOURCE, at(now));
    }
    assert_eq!(waits[..10], [0; 10]);
    // 1, 2, 4, … s, until the window of fifteen minutes has passed.
    assert_eq!(waits[10..19], [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert!(waits.iter().all(|wait| *wait <= 900), "{waits:?}");
}

#[test]
fn h4_ten_thousand_tries_at_once_are_ten() {
    let limiter = limiter();
    let allowed = (0..10_000).filter(|_| limiter.try_password("ada", SOURCE, at(0)).is_ok());
    assert_eq!(allowed.count(), 10);
}

#[test]
fn h4_tries_spread_over_names_count_for_their_source() {
    let limiter = limiter();
    let mut allowed = 0;
    for n in 0..10_000 {
        let account = format!("person {n}");
        if limiter.try_password(&account, SOURCE, at(0)).is_ok() {
            limiter.password_wrong(&account, SOURCE, at(0));
            allowed += 1;
        }
    }
    assert_eq!(allowed, 50);
    assert_eq!(limiter.try_password("ada", ELSEWHERE, at(0)), Ok(()));
}

#[test]
fn h4_strangers_cannot_lock_a_person_out() {
    let limiter = limiter();
    // The person's own source, known since yesterday.
    assert_eq!(limiter.try_password("ada", SOURCE, at(-86_400)), Ok(()));
    limiter.password_right("ada", SOURCE, at(-86_400));
    // A thousand sources guess at the name, and somebody beside the person guesses at other names.
    for n in 0..1000 {
        let stranger = format!("192.0.2.{n}");
        assert_eq!(limiter.try_password("ada", &stranger, at(0)), Ok(()));
        limiter.password_wrong("ada", &stranger, at(0));
    }
    for n in 0..50 {
        limiter.password_wrong(&format!("other {n}"), SOURCE, at(0));
    }
    assert_ne!(limiter.try_password("eve", SOURCE, at(0)), Ok(()));
    assert_eq!(limiter.try_password("ada", SOURCE, at(0)), Ok(()));
    // From a place never seen the person is heard at once too; a stranger who failed there waits.
    assert_eq!(limiter.try_password("ada", ELSEWHERE, at(0)), Ok(()));
    assert_eq!(wait_s(limiter.try_password("ada", "192.0.2.5", at(0))), 1);
}

#[test]
fn h4_a_right_password_or_a_busy_server_counts_nothing() {
    let limiter = limiter();
    for _ in 0..50 {
        assert_eq!(limiter.try_password("ada", SOURCE, at(0)), Ok(()));
        limiter.password_right("ada", SOURCE, at(0));
        assert_eq!(limiter.try_password("bob", SOURCE, at(0)), Ok(()));
        limiter.password_unchecked("bob", SOURCE, at(0));
    }
}

#[test]
fn t20_a_source_that_guesses_secrets_is_stopped_and_no_other() {
    let limiter = limiter();
    assert_eq!(
        limiter.may_authenticate_client("neighbour", SOURCE, at(0)),
        Ok(())
    );
    assert_eq!(limiter.client_accepted("neighbour", SOURCE, at(0)), Ok(()));
    let mut tried = 0;
    for n in 0..10_000 {
        let client_id = if n % 2 == 0 { "tv" } else { "cli" };
        if limiter
            .may_authenticate_client(client_id, SOURCE, at(0))
            .is_ok()
        {
            assert_eq!(limiter.client_refused(client_id, SOURCE, at(0)), Ok(()));
            tried += 1;
        }
    }
    // Ten for each client.
    assert_eq!(tried, 20);
    for n in 0..10 {
        let client_id = format!("client {n}");
        assert_eq!(limiter.client_refused(&client_id, SOURCE, at(0)), Ok(()));
    }
    assert_ne!(
        limiter.may_authenticate_client("another", SOURCE, at(0)),
        Ok(())
    );
    for (client_id, source) in [("tv", ELSEWHERE), ("cli", ELSEWHERE), ("neighbour", SOURCE)] {
        let outcome = limiter.may_authenticate_client(client_id, source, at(0));
        assert_eq!(outcome, Ok(()), "{client_id} from {source}");
    }
    assert_eq!(
        limiter.may_authenticate_client("another", SOURCE, at(601)),
        Ok(())
    );
}

/// How many of 64 failures are told when all were let in before the first was judged.
fn told_at_once(limiter: &Limiter, client_id: impl Fn(usize) -> String + Sync) -> usize {
    let all_in = std::sync::Barrier::new(64);
    let told = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..64 {
            let (all_in, told, client_id) = (&all_in, &told, client_id(n));
            scope.spawn(move || {
                let may = limiter.may_authenticate_client(&client_id, SOURCE, at(0));
                assert_eq!(may, Ok(()), "{client_id}");
                all_in.wait();
                if limiter.client_refused(&client_id, SOURCE, at(0)).is_ok() {
                    told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
    });
    told.into_inner()
}

#[test]
fn t20_secrets_guessed_at_the_same_time_learn_no_more_than_in_a_row() {
    let one = limiter();
    assert_eq!(told_at_once(&one, |_| "tv".to_owned()), 10);
    let right_but_late = one.client_accepted("tv", SOURCE, at(0));
    assert_eq!(wait_s(right_but_late), 1);
    assert_eq!(one.client_accepted("tv", ELSEWHERE, at(0)), Ok(()));
    assert_eq!(one.client_accepted("tv", SOURCE, at(1)), Ok(()));

    let many = limiter();
    assert_eq!(told_at_once(&many, |n| format!("client {n}")), 30);
}

#[test]
fn t20_a_client_that_is_right_a_thousand_times_at_once_never_waits() {
    let limiter = limiter();
    for _ in 0..1000 {
        let may = limiter.may_authenticate_client("tv", SOURCE, at(0));
        assert_eq!(may, Ok(()));
    }
    for _ in 0..1000 {
        assert_eq!(limiter.client_accepted("tv", SOURCE, at(0)), Ok(()));
    }
}

#[test]
fn e13_requests_per_second_are_a_bucket_per_source() {
    let limiter = limiter();
    let sent = |source: &str, count: usize, now: Timestamp| {
        (0..count)
            .filter(|_| limiter.request(source, now).is_ok())
            .count()
    };
    assert_eq!(sent(SOURCE, 1000, at(0)), 100);
    assert_eq!(sent(ELSEWHERE, 50, at(0)), 50);
    let half = Timestamp::from_millis(at(0).as_millis() + 500);
    assert_eq!(sent(SOURCE, 1000, half), 50);
    assert_eq!(
        limiter.request(SOURCE, half),
        Err(RetryAfter(Lifetime::from_millis(10)))
    );
    assert_eq!(sent(SOURCE, 1000, at(60)), 100);
    let unlimited = Limiter::new(LimiterSettings {
        requests_per_source_s: None,
        ..LimiterSettings::default()
    });
    assert!((0..10_000).all(|_| unlimited.request(SOURCE, at(0)).is_ok()));
}

#[test]
fn a_clock_that_steps_back_frees_nobody() {
    let limiter = limiter();
    for _ in 0..5 {
        assert_eq!(limiter.guess_user_code("browser", SOURCE, at(0)), Ok(()));
    }
    assert_ne!(
        limiter.guess_user_code("browser", SOURCE, at(-3600)),
        Ok(())
    );
}
