//! What is capped, so that no client, source or guesser takes what belongs to all.

use super::{Section, Setting, Unit};

/// The largest count any cap accepts: beyond it a mistake is likelier than a plan.
const MANY: u64 = 1_000_000_000;
const MINUTE_S: u64 = 60;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

pub(super) const SECTIONS: &[Section] = &[Section {
    name: "limits",
    list: false,
    about: "Caps and rates. A source is an IPv4 address or an IPv6 /64. Windows are in seconds.",
    settings: &[
        Setting::number(
            "limits.pending_per_client",
            Unit::Count,
            10_000,
            (1, MANY),
            "Open requests of one client at a time; checked before anything is written.",
        ),
        Setting::number(
            "limits.pending_per_source",
            Unit::Count,
            200,
            (1, MANY),
            "Open requests begun from one source at a time; room for an office behind one address.",
        ),
        Setting::number(
            "limits.pending_total",
            Unit::Count,
            100_000,
            (1, MANY),
            "Open requests in total.",
        ),
        Setting::number(
            "limits.requests_per_source_s",
            Unit::Count,
            100,
            (0, MANY),
            "HTTP requests of one source per second. 0 is no limit.",
        ),
        Setting::seconds(
            "limits.poll_interval_s",
            5,
            (1, 60),
            "Seconds a device waits between polls at first; 5 is the default of RFC 8628 §3.2, and `slow_down` adds 5 more.",
        ),
        Setting::seconds(
            "limits.poll_wait_s",
            30,
            (0, 300),
            "Longest a poll is held that asks for it (`Prefer: wait`, RFC 7240 §4.3); below the minute after which proxies cut silent requests. 0 holds none.",
        ),
        Setting::number(
            "limits.held_polls_per_client",
            Unit::Count,
            1024,
            (0, MANY),
            "Polls of one client held at a time; more are answered at once.",
        ),
        Setting::number(
            "limits.held_polls_per_source",
            Unit::Count,
            256,
            (0, MANY),
            "Polls from one source held at a time; room for an office behind one address.",
        ),
        Setting::number(
            "limits.held_polls_total",
            Unit::Count,
            2048,
            (0, MANY),
            "Polls held at a time in total, half of the default of `connections`: over HTTP/1.1 each holds one, and the others are for everybody else.",
        ),
        Setting::number(
            "limits.user_code_guesses_per_browser",
            Unit::Count,
            5,
            (1, 1000),
            "Wrong user codes one browser may enter in a window. 5 tries at 20^8 codes hit one live code with a chance below 2^-32, any of a thousand with one below 2^-22; while more are live, codes are longer (RFC 8628 §5.1, §6.1). Who guesses is stopped, never the code.",
        ),
        Setting::number(
            "limits.user_code_guesses_per_source",
            Unit::Count,
            20,
            (1, 100_000),
            "Wrong user codes one source may enter in a window.",
        ),
        Setting::number(
            "limits.user_code_guesses_total",
            Unit::Count,
            1000,
            (1, MANY),
            "Wrong user codes in a window from everywhere; beyond it a source that guessed wrong waits longer.",
        ),
        Setting::seconds(
            "limits.user_code_window_s",
            10 * MINUTE_S,
            (MINUTE_S, 86_400),
            "The window of the three limits above.",
        ),
        Setting::number(
            "limits.password_tries_per_account",
            Unit::Count,
            10,
            (1, 100_000),
            "Wrong passwords for one name from one source in a window. A stranger elsewhere cannot lock a person out.",
        ),
        Setting::number(
            "limits.password_tries_per_source",
            Unit::Count,
            50,
            (1, 100_000),
            "Wrong passwords from one source in a window, whatever the name.",
        ),
        Setting::seconds(
            "limits.password_window_s",
            15 * MINUTE_S,
            (MINUTE_S, 86_400),
            "The window of the two limits above.",
        ),
        Setting::number(
            "limits.client_auth_failures_per_source",
            Unit::Count,
            30,
            (1, 100_000),
            "Failed client authentications of one source in a window; other sources are served.",
        ),
        Setting::seconds(
            "limits.client_auth_window_s",
            10 * MINUTE_S,
            (MINUTE_S, 86_400),
            "The window of the limit above.",
        ),
        Setting::number(
            "limits.password_hash_parallel",
            Unit::Count,
            0,
            (0, 1024),
            "Passwords checked at the same time, each with 19 MiB and one core. 0 is one per processor core.",
        ),
        Setting::number(
            "limits.password_hash_waiting",
            Unit::Count,
            64,
            (0, 100_000),
            "Password checks that may wait for a turn; more are told to try again, so that guesses cannot fill the memory.",
        ),
        Setting::number(
            "limits.interactions_per_browser",
            Unit::Count,
            20,
            (1, 50),
            "Requests one browser may have open; the oldest is dropped. Each is a cookie.",
        ),
        Setting::number(
            "limits.connections",
            Unit::Count,
            4096,
            (16, 1_000_000),
            "Connections open at the same time on `listen`; one source may hold half of them, a trusted proxy all. More are closed.",
        ),
        Setting::number(
            "limits.admin_connections",
            Unit::Count,
            64,
            (1, 10_000),
            "Connections kept for `admin.listen` on top, so that an operator gets in when the server is full.",
        ),
        Setting::number(
            "limits.form_body_bytes",
            Unit::Bytes,
            64 * KIB,
            (4 * KIB, 16 * MIB),
            "The largest body of a form.",
        ),
        Setting::number(
            "limits.admin_body_bytes",
            Unit::Bytes,
            MIB,
            (4 * KIB, 64 * MIB),
            "The largest body the admin API reads.",
        ),
        Setting::number(
            "limits.header_bytes",
            Unit::Bytes,
            16 * KIB,
            (8 * KIB, MIB),
            "The largest request head, address line included.",
        ),
        Setting::seconds(
            "limits.header_read_s",
            10,
            (1, 300),
            "How long a connection may take to send a request head.",
        ),
        Setting::seconds(
            "limits.response_write_s",
            30,
            (1, 300),
            "How long a connection may take nothing of an answer before it is cut.",
        ),
        Setting::seconds(
            "limits.drain_s",
            8,
            (0, 300),
            "How long a stop waits for requests in flight.",
        ),
    ],
}];
