//! What becomes of values of a face on their way to a page.

use jiff::Timestamp;

use super::{Address, Amount, PaymentItem, Power, Repeat, address, payment};
use crate::face::{Interval, Money, Payment, PaymentKind, Period};
use crate::page::Shown;

fn asked(kind: PaymentKind, actions: &[&str]) -> Payment {
    Payment {
        kind,
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        account: None,
        receiver: None,
        debit: None,
        receive: None,
        interval: None,
    }
}

fn money(value: u64) -> Money {
    Money {
        value,
        asset_code: "EUR".to_owned(),
        asset_scale: 2,
    }
}

fn interval(repetitions: Option<u32>, every: Option<Period>) -> Interval {
    Interval {
        repetitions,
        start: Timestamp::constant(1_661_350_522, 0),
        end: None,
        every,
    }
}

const MONTH: Period = Period {
    years: 0,
    months: 1,
    weeks: 0,
    days: 0,
    hours: 0,
    minutes: 0,
    seconds: 0,
};

#[test]
fn actions_become_what_a_person_would_call_them() {
    use Power::{Complete, Create, See, SeeAll};
    type Case<'a> = (PaymentKind, &'a [&'a str], &'a [Power], &'a [&'a str]);
    let cases: [Case<'_>; 7] = [
        (
            PaymentKind::Outgoing,
            &["read", "list", "create"],
            &[Create, See],
            &[],
        ),
        (PaymentKind::Outgoing, &["read", "list-all"], &[SeeAll], &[]),
        (
            PaymentKind::Incoming,
            &["complete", "read-all", "create"],
            &[Create, Complete, SeeAll],
            &[],
        ),
        (PaymentKind::Outgoing, &["complete"], &[], &["complete"]),
        (
            PaymentKind::Quote,
            &["list", "create"],
            &[Create],
            &["list"],
        ),
        (
            PaymentKind::Quote,
            &["READ", "refund"],
            &[],
            &["READ", "refund"],
        ),
        (PaymentKind::Incoming, &[], &[], &[]),
    ];
    for (kind, actions, powers, others) in cases {
        let PaymentItem {
            powers: found,
            others: unknown,
            ..
        } = payment(&asked(kind, actions));
        assert_eq!(found, powers, "{kind:?} {actions:?}");
        let unknown: Vec<&str> = unknown.iter().map(Shown::as_str).collect();
        assert_eq!(unknown, others, "{kind:?} {actions:?}");
    }
}

#[test]
fn c12_an_address_is_shown_by_the_host_that_is_reached() {
    let cases = [
        ("https://wallet.example/ada", Some("wallet.example"), "/ada"),
        ("https://wallet.example/", Some("wallet.example"), ""),
        (
            "https://Wallet.Example:8443/a?b=c#d",
            Some("wallet.example:8443"),
            "/a?b=c#d",
        ),
        (
            "http://wallet.example/ada",
            Some("http://wallet.example"),
            "/ada",
        ),
        (
            "https://wаllet.example/ada",
            Some("xn--wllet-4ve.example"),
            "/ada",
        ),
        (
            "https://bank.example@evil.example/x",
            None,
            "https://bank.example@evil.example/x",
        ),
        ("$wallet.example/ada", None, "$wallet.example/ada"),
        ("javascript:alert(1)", None, "javascript:alert(1)"),
        ("a\u{202e}b", None, "a⟨U+202E⟩b"),
    ];
    for (text, host, path) in cases {
        let want = Address {
            host: host.map(Into::into),
            path: path.into(),
        };
        assert_eq!(address(text), want, "{text}");
    }
}

#[test]
fn the_amounts_of_all_intervals_are_added_up_where_they_end() {
    let total = |repetitions, value| {
        let asked = Payment {
            debit: Some(money(value)),
            interval: Some(interval(repetitions, Some(MONTH))),
            ..asked(PaymentKind::Outgoing, &["create"])
        };
        payment(&asked).total.map(|Amount { value, .. }| value)
    };
    assert_eq!(total(Some(11), 2500), Some(27_500));
    assert_eq!(total(Some(1), 2500), None, "the amount itself says it");
    assert_eq!(total(None, 2500), None, "there is no end");
    assert_eq!(total(Some(2), u64::MAX), None, "no wrong number");
    assert_eq!(total(Some(0), 2500), None);
}

#[test]
fn an_interval_is_as_long_as_it_is_said_or_as_its_ends_are_apart() {
    let every = |interval: &Interval| {
        let asked = Payment {
            interval: Some(interval.clone()),
            ..asked(PaymentKind::Outgoing, &["create"])
        };
        let Repeat { every, clock, .. } = payment(&asked).interval.unwrap();
        (every, clock)
    };
    assert_eq!(every(&interval(None, Some(MONTH))), (Some(MONTH), false));
    let hours = Period {
        hours: 6,
        ..Period::default()
    };
    assert_eq!(every(&interval(None, Some(hours))), (Some(hours), true));
    let mut ends = interval(None, Some(Period::default()));
    assert_eq!(every(&ends), (None, false), "nothing is made up");
    ends.end = Some(ends.start + jiff::SignedDuration::from_hours(31 * 24));
    let days = Period {
        days: 31,
        ..Period::default()
    };
    assert_eq!(every(&ends), (Some(days), false));
    ends.end = Some(ends.start);
    assert_eq!(every(&ends), (None, false));
    ends.end = Some(ends.start + jiff::SignedDuration::from_secs(90_061));
    let mixed = Period {
        days: 1,
        hours: 1,
        minutes: 1,
        seconds: 1,
        ..Period::default()
    };
    assert_eq!(every(&ends), (Some(mixed), true));
}

#[test]
fn c12_an_asset_that_looks_like_another_is_marked() {
    let marks = |code: &str| {
        let asked = Payment {
            debit: Some(Money {
                asset_code: code.to_owned(),
                ..money(5)
            }),
            ..asked(PaymentKind::Outgoing, &["create"])
        };
        payment(&asked).debit.unwrap().marks.len()
    };
    assert_eq!(marks("EUR"), 0);
    assert_eq!(marks("SECURITY"), 0, "an asset may be called anything");
    assert_eq!(marks("ЕUR"), 1, "the first letter is not Latin");
    assert_eq!(marks("ЕУР"), 1, "all letters look Latin");
    assert_eq!(marks("ГРН"), 0, "an honest name in another alphabet");
    assert_eq!(marks("E\u{200b}UR"), 1);
}
