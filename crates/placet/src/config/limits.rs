//! Caps, rates and lifetimes, parsed.

use placet_core::time::Lifetime;

use super::problem::Fault;
use super::reader::Reader;

/// How many tries somebody has in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCodeLimits {
    /// Wrong codes of one browser.
    pub per_browser: u32,
    /// Wrong codes of one source.
    pub per_source: u32,
    /// Wrong codes from everywhere.
    pub total: u32,
    /// The window.
    pub window: Lifetime,
}

/// How often a password may be tried, and how many checks may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordLimits {
    /// Wrong passwords for one name from one source.
    pub per_account: u32,
    /// Wrong passwords of one source.
    pub per_source: u32,
    /// The window.
    pub window: Lifetime,
    /// Hashes computed at the same time; absent means one per processor core.
    pub hash_parallel: Option<usize>,
    /// Checks that may wait for a turn.
    pub hash_waiting: usize,
}

/// How often client authentication may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAuthLimits {
    /// Failures of one source.
    pub failures_per_source: u32,
    /// The window.
    pub window: Lifetime,
}

/// How long polls may wait for an answer, and how many at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPollLimits {
    /// The longest one waits; zero means that none is held.
    pub longest: Lifetime,
    /// Held polls of one client.
    pub per_client: usize,
    /// Held polls of one source.
    pub per_source: usize,
    /// Held polls in total.
    pub total: usize,
}

/// What one connection may send, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at the same time.
    pub connections: usize,
    /// Connections of the admin listener, counted apart.
    pub admin_connections: usize,
    /// The largest form.
    pub form_body_bytes: usize,
    /// The largest body of the admin API.
    pub admin_body_bytes: usize,
    /// The largest request head.
    pub header_bytes: usize,
    /// How long a request head may take.
    pub header_read: Lifetime,
    /// How long a connection may take nothing of an answer.
    pub response_write: Lifetime,
    /// How long a stop waits.
    pub drain: Lifetime,
}

/// Everything under `[limits]`, grouped by who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open requests of one client.
    pub pending_per_client: u64,
    /// Open requests of one source.
    pub pending_per_source: u64,
    /// Open requests in total.
    pub pending_total: u64,
    /// Requests of one source per second; absent means no limit.
    pub requests_per_source_s: Option<u32>,
    /// The first poll interval of a device.
    pub poll_interval: Lifetime,
    /// Polls that wait for an answer.
    pub held_polls: HeldPollLimits,
    /// Requests one browser may have open.
    pub interactions_per_browser: usize,
    /// Guessing user codes.
    pub user_code: UserCodeLimits,
    /// Guessing passwords.
    pub password: PasswordLimits,
    /// Guessing client secrets.
    pub client_auth: ClientAuthLimits,
    /// Connections.
    pub connection: ConnectionLimits,
}

pub(crate) fn limits(reader: &Reader<'_>) -> Limits {
    let limits = Limits {
        pending_per_client: reader.number("pending_per_client"),
        pending_per_source: reader.number("pending_per_source"),
        pending_total: reader.number("pending_total"),
        requests_per_source_s: Some(reader.count("requests_per_source_s")).filter(|rate| *rate > 0),
        poll_interval: reader.seconds("poll_interval_s"),
        held_polls: HeldPollLimits {
            longest: reader.seconds("poll_wait_s"),
            per_client: reader.count("held_polls_per_client"),
            per_source: reader.count("held_polls_per_source"),
            total: reader.count("held_polls_total"),
        },
        interactions_per_browser: reader.count("interactions_per_browser"),
        user_code: UserCodeLimits {
            per_browser: reader.count("user_code_guesses_per_browser"),
            per_source: reader.count("user_code_guesses_per_source"),
            total: reader.count("user_code_guesses_total"),
            window: reader.seconds("user_code_window_s"),
        },
        password: PasswordLimits {
            per_account: reader.count("password_tries_per_account"),
            per_source: reader.count("password_tries_per_source"),
            window: reader.seconds("password_window_s"),
            hash_parallel: Some(reader.count("password_hash_parallel")).filter(|count| *count > 0),
            hash_waiting: reader.count("password_hash_waiting"),
        },
        client_auth: ClientAuthLimits {
            failures_per_source: reader.count("client_auth_failures_per_source"),
            window: reader.seconds("client_auth_window_s"),
        },
        connection: connection(reader),
    };
    let pending = ("pending_total", limits.pending_total);
    let held = ("held_polls_total", limits.held_polls.total as u64);
    let connections = ("connections", limits.connection.connections as u64);
    for (small, value, large) in [
        ("pending_per_client", limits.pending_per_client, pending),
        ("pending_per_source", limits.pending_per_source, pending),
        (
            "held_polls_per_client",
            limits.held_polls.per_client as u64,
            held,
        ),
        (
            "held_polls_per_source",
            limits.held_polls.per_source as u64,
            held,
        ),
        (held.0, held.1, connections),
    ] {
        ordered(reader, small, value, large.0, large.1);
    }
    limits
}

fn connection(reader: &Reader<'_>) -> ConnectionLimits {
    ConnectionLimits {
        connections: reader.count("connections"),
        admin_connections: reader.count("admin_connections"),
        form_body_bytes: reader.count("form_body_bytes"),
        admin_body_bytes: reader.count("admin_body_bytes"),
        header_bytes: reader.count("header_bytes"),
        header_read: reader.seconds("header_read_s"),
        response_write: reader.seconds("response_write_s"),
        drain: reader.seconds("drain_s"),
    }
}

/// Warns of a smaller cap that can never be reached because the larger one comes first.
fn ordered(reader: &Reader<'_>, small: &str, small_value: u64, large: &str, large_value: u64) {
    if reader.has(small) && small_value > large_value && large_value > 0 {
        let fault = Fault::new(format!("is above {} and has no effect", reader.key(large)));
        reader.warning(&reader.place_of(small), small, fault);
    }
}

/// Everything under `[lifetimes]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An authorization code.
    pub authorization_code: Lifetime,
    /// A device request.
    pub device_code: Lifetime,
    /// An authorization request that waits for its person.
    pub interaction: Lifetime,
    /// An access token whose resource does not say.
    pub access_token: Lifetime,
    /// An ID token.
    pub id_token: Lifetime,
    /// A family of refresh tokens, from its beginning.
    pub refresh_token: Lifetime,
    /// A refresh token nobody uses.
    pub refresh_token_idle: Lifetime,
    /// A sign-in, from its beginning.
    pub session: Lifetime,
    /// A remembered approval; absent means that none is remembered.
    pub remembered_consent: Option<Lifetime>,
}

pub(crate) fn lifetimes(reader: &Reader<'_>) -> Lifetimes {
    let lifetimes = Lifetimes {
        authorization_code: reader.seconds("authorization_code"),
        device_code: reader.seconds("device_code"),
        interaction: reader.seconds("interaction"),
        access_token: reader.seconds("access_token"),
        id_token: reader.seconds("id_token"),
        refresh_token: reader.seconds("refresh_token"),
        refresh_token_idle: reader.seconds("refresh_token_idle"),
        session: reader.seconds("session"),
        remembered_consent: Some(reader.seconds("remembered_consent"))
            .filter(|span| *span > Lifetime::ZERO),
    };
    ordered(
        reader,
        "refresh_token_idle",
        lifetimes.refresh_token_idle.as_secs(),
        "refresh_token",
        lifetimes.refresh_token.as_secs(),
    );
    lifetimes
}

/// Everything under `[retention]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Audit events; absent means for ever.
    pub events: Option<Lifetime>,
}

pub(crate) fn retention(reader: &Reader<'_>) -> Retention {
    Retention {
        events: Some(reader.seconds("events")).filter(|span| *span > Lifetime::ZERO),
    }
}
