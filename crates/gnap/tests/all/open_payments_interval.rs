//! ISO 8601-1 §5.6: repeating intervals, as limits hold them.

use placet_core::time::Timestamp;
use placet_gnap::open_payments::{Bounds, RepeatingInterval};

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(at.as_millisecond())
}

fn bounds(start: &str, end: &str) -> Bounds {
    Bounds {
        start: at(start),
        end: at(end),
    }
}

fn read(text: &str) -> RepeatingInterval {
    RepeatingInterval::parse(text).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn iso8601_1_5_6_the_intervals_one_after_another() {
    let cases: [(&str, &[(&str, &str)]); 12] = [
        (
            "R1/2022-08-24T14:15:22Z/P1M",
            &[
                ("2022-08-24T14:15:22Z", "2022-09-24T14:15:22Z"),
                ("2022-09-24T14:15:22Z", "2022-10-24T14:15:22Z"),
            ],
        ),
        (
            "R0/2022-08-24T14:15:22Z/P1D",
            &[("2022-08-24T14:15:22Z", "2022-08-25T14:15:22Z")],
        ),
        // The end of January has no counterpart in February, and what follows February begins there.
        (
            "R2/2023-01-31T00:00:00Z/P1M",
            &[
                ("2023-01-31T00:00:00Z", "2023-02-28T00:00:00Z"),
                ("2023-02-28T00:00:00Z", "2023-03-28T00:00:00Z"),
                ("2023-03-28T00:00:00Z", "2023-04-28T00:00:00Z"),
            ],
        ),
        (
            "R0/2024-01-31T00:00:00Z/P1M",
            &[("2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z")],
        ),
        (
            "R0/2024-02-29T00:00:00Z/P1Y",
            &[("2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z")],
        ),
        (
            "R1/2017-03-01T13:00:00Z/2018-05-11T15:30:00Z",
            &[
                ("2017-03-01T13:00:00Z", "2018-05-11T15:30:00Z"),
                ("2018-05-11T15:30:00Z", "2019-07-21T18:00:00Z"),
            ],
        ),
        (
            "R1/P1Y2M10DT2H30M/2022-05-11T15:30:00Z",
            &[
                ("2021-03-01T13:00:00Z", "2022-05-11T15:30:00Z"),
                ("2019-12-22T10:30:00Z", "2021-03-01T13:00:00Z"),
            ],
        ),
        (
            "R0/2022-01-01T00:00:00Z/P2W",
            &[("2022-01-01T00:00:00Z", "2022-01-15T00:00:00Z")],
        ),
        (
            "R0/2022-01-01T00:00:00Z/PT36H",
            &[("2022-01-01T00:00:00Z", "2022-01-02T12:00:00Z")],
        ),
        (
            "R0/2022-01-01T00:00:00Z/P0Y0M1DT0H0M1S",
            &[("2022-01-01T00:00:00Z", "2022-01-02T00:00:01Z")],
        ),
        (
            "R0/2022-01-01T01:30:00+02:00/P1D",
            &[("2021-12-31T23:30:00Z", "2022-01-01T23:30:00Z")],
        ),
        (
            "R0/2024-01-01T00:00:00.5Z/PT1S",
            &[("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:01.5Z")],
        ),
    ];
    for (text, want) in cases {
        let want: Vec<_> = want.iter().map(|(start, end)| bounds(start, end)).collect();
        let got: Vec<_> = read(text).iter().collect();
        assert_eq!(got, want, "{text}");
        assert_eq!(read(text).to_string(), text);
    }
}

#[test]
fn iso8601_1_5_6_without_end_means_without_end() {
    for text in [
        "R/2022-08-24T14:15:22Z/P1M",
        "R-1/2022-08-24T14:15:22.000Z/P1M",
        "R/P1D/2022-08-24T14:15:22Z",
    ] {
        let interval = read(text);
        assert_eq!(interval.repetitions(), None, "{text}");
        assert_eq!(interval.iter().take(1000).count(), 1000, "{text}");
    }
    assert!(read("R/P1D/2022-08-24T14:15:22Z").is_backwards());
    assert!(!read("R/2022-08-24T14:15:22Z/P1D").is_backwards());
    // The calendar ends with the year 9999, and so do the intervals.
    assert!(read("R/9999-12-01T00:00:00Z/P1D").iter().count() <= 31);
    assert!(read("R/P1Y/0002-06-01T00:00:00Z").iter().count() < 20_000);
}

/// One a line; lines with `#` say what follows.
const NO_INTERVALS: &str = "
R
R/
R//
P1M
2022-08-24T14:15:22Z/P1M
R/2022-08-24T14:15:22Z
R/2022-08-24T14:15:22Z/
R/2022-08-24T14:15:22Z/P1M/
R/2022-08-24T14:15:22Z/P1M/P1M
r/2022-08-24T14:15:22Z/P1M
R-2/2022-08-24T14:15:22Z/P1M
R+1/2022-08-24T14:15:22Z/P1M
R01/2022-08-24T14:15:22Z/P1M
R1.5/2022-08-24T14:15:22Z/P1M
R1000000000/2022-08-24T14:15:22Z/P1M
R٣/2022-08-24T14:15:22Z/P1M
R /2022-08-24T14:15:22Z/P1M
 R/2022-08-24T14:15:22Z/P1M
R/P1M/P1M
R/P1M/
R//P1M
# Not in the calendar, or not on the clock.
R/2022-02-29T14:15:22Z/P1M
R/2022-13-01T14:15:22Z/P1M
R/2022-00-10T14:15:22Z/P1M
R/2022-04-31T14:15:22Z/P1M
R/2022-08-24T24:00:00Z/P1M
R/2022-08-24T14:60:22Z/P1M
R/2022-08-24T14:15:60Z/P1M
R/2022-08-24T14:15:22+24:00/P1M
R/2022-08-24T14:15:22+02:60/P1M
# Another way to write it.
R/2022-08-24/P1M
R/2022-08-24T14:15/P1M
R/2022-08-24T14:15Z/P1M
R/2022-08-24T14:15:22/P1M
R/2022-08-24 14:15:22Z/P1M
R/2022-08-24t14:15:22Z/P1M
R/2022-08-24T14:15:22z/P1M
R/20220824T141522Z/P1M
R/2022-8-24T14:15:22Z/P1M
R/22-08-24T14:15:22Z/P1M
R/+2022-08-24T14:15:22Z/P1M
R/2022-W34-3T14:15:22Z/P1M
R/2022-236T14:15:22Z/P1M
R/2022-08-24T14:15:22.Z/P1M
R/2022-08-24T14:15:22,5Z/P1M
R/2022-08-24T14:15:22.0000000001Z/P1M
R/2022-08-24T14:15:22+0200/P1M
R/2022-08-24T14:15:22+02/P1M
R/2022-08-24T14:15:22ZZ/P1M
# A duration of nothing, or none.
R/2022-08-24T14:15:22Z/P
R/2022-08-24T14:15:22Z/PT
R/2022-08-24T14:15:22Z/P0D
R/2022-08-24T14:15:22Z/PT0S
R/2022-08-24T14:15:22Z/P1
R/2022-08-24T14:15:22Z/PM
R/2022-08-24T14:15:22Z/P1DT
R/2022-08-24T14:15:22Z/P1S
R/2022-08-24T14:15:22Z/PT1D
R/2022-08-24T14:15:22Z/P1D1M
R/2022-08-24T14:15:22Z/P1M1M
R/2022-08-24T14:15:22Z/P1W1D
R/2022-08-24T14:15:22Z/P1Y1W
R/2022-08-24T14:15:22Z/P-1M
R/2022-08-24T14:15:22Z/-P1M
R/2022-08-24T14:15:22Z/P0.5M
R/2022-08-24T14:15:22Z/PT0.5S
R/2022-08-24T14:15:22Z/P1m
R/2022-08-24T14:15:22Z/P01M
R/2022-08-24T14:15:22Z/P9999999999D
# An end that is not after its start, or beyond the calendar.
R/2022-08-24T14:15:22Z/2022-08-24T14:15:22Z
R/2022-08-24T14:15:22Z/2022-08-24T14:15:21Z
R/2022-08-24T14:15:22Z/2022-08-24T15:15:22+02:00
R/9999-12-31T00:00:00Z/P1D
R/2022-08-24T14:15:22Z/P999999999Y
R/2022-08-24T14:15:22Z/P999999999D
";

#[test]
fn iso8601_1_5_6_what_is_no_repeating_interval() {
    let long = format!("R/2022-08-24T14:15:22Z/P{}1D", "0".repeat(200));
    let lines = NO_INTERVALS.lines().filter(|line| !line.starts_with('#'));
    assert!(lines.clone().count() > 70);
    for text in lines.chain([long.as_str()]) {
        assert_eq!(RepeatingInterval::parse(text), None, "{text}");
    }
}

#[test]
fn the_interval_of_a_moment() {
    let cases = [
        (
            "R11/2022-08-24T14:15:22Z/P1M",
            "2022-08-24T14:15:21.999Z",
            None,
        ),
        (
            "R11/2022-08-24T14:15:22Z/P1M",
            "2022-08-24T14:15:22Z",
            Some(("2022-08-24T14:15:22Z", "2022-09-24T14:15:22Z")),
        ),
        (
            "R11/2022-08-24T14:15:22Z/P1M",
            "2022-09-24T14:15:22Z",
            Some(("2022-09-24T14:15:22Z", "2022-10-24T14:15:22Z")),
        ),
        (
            "R11/2022-08-24T14:15:22Z/P1M",
            "2023-08-24T14:15:21Z",
            Some(("2023-07-24T14:15:22Z", "2023-08-24T14:15:22Z")),
        ),
        ("R11/2022-08-24T14:15:22Z/P1M", "2023-08-24T14:15:22Z", None),
        (
            "R/1970-01-01T00:00:00Z/PT1S",
            "2026-01-01T00:00:00.5Z",
            Some(("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")),
        ),
        (
            "R9/2022-01-01T00:00:00Z/P1D",
            "2022-01-10T23:59:59.999Z",
            Some(("2022-01-10T00:00:00Z", "2022-01-11T00:00:00Z")),
        ),
        ("R9/2022-01-01T00:00:00Z/P1D", "2022-01-11T00:00:00Z", None),
        ("R9/2022-01-01T00:00:00Z/P1D", "2021-12-31T23:59:59Z", None),
        (
            "R1/P1D/2022-01-03T00:00:00Z",
            "2022-01-02T12:00:00Z",
            Some(("2022-01-02T00:00:00Z", "2022-01-03T00:00:00Z")),
        ),
        (
            "R1/P1D/2022-01-03T00:00:00Z",
            "2022-01-01T12:00:00Z",
            Some(("2022-01-01T00:00:00Z", "2022-01-02T00:00:00Z")),
        ),
        ("R1/P1D/2022-01-03T00:00:00Z", "2021-12-31T12:00:00Z", None),
        ("R1/P1D/2022-01-03T00:00:00Z", "2022-01-03T00:00:00Z", None),
        (
            "R/P1M/2022-01-03T00:00:00Z",
            "2021-02-10T00:00:00Z",
            Some(("2021-02-03T00:00:00Z", "2021-03-03T00:00:00Z")),
        ),
    ];
    for (text, now, want) in cases {
        let want = want.map(|(start, end)| bounds(start, end));
        assert_eq!(read(text).at(at(now)), want, "{text} at {now}");
    }
    let far = read("R/2022-08-24T14:15:22Z/PT1S").at(Timestamp::from_millis(i64::MAX));
    assert_eq!(far.map(|interval| interval.end), None);
}

#[test]
fn the_first_in_time_is_where_a_person_begins_to_count() {
    let cases = [
        (
            "R2/2022-01-31T00:00:00Z/P1M",
            Some(("2022-01-31T00:00:00Z", "2022-02-28T00:00:00Z")),
        ),
        (
            "R2/P1D/2022-01-04T00:00:00Z",
            Some(("2022-01-01T00:00:00Z", "2022-01-02T00:00:00Z")),
        ),
        (
            "R0/P1D/2022-01-04T00:00:00Z",
            Some(("2022-01-03T00:00:00Z", "2022-01-04T00:00:00Z")),
        ),
        ("R/P1D/2022-01-04T00:00:00Z", None),
        ("R2/P1M/2022-03-31T00:00:00Z", None),
    ];
    for (text, want) in cases {
        let want = want.map(|(start, end)| bounds(start, end));
        assert_eq!(read(text).earliest(), want, "{text}");
        if let Some(first) = want {
            assert_eq!(read(text).iter().min_by_key(|one| one.start), Some(first));
        }
    }
}
