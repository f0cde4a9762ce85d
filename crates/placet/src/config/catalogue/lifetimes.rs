//! How long things live, each default with its reason.

use super::{Section, Setting};

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;
const YEAR_S: u64 = 365 * DAY_S;

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "lifetimes",
        list: false,
        about: "How long things live, in seconds.",
        settings: &[
            Setting::seconds(
                "lifetimes.authorization_code",
                MINUTE_S,
                (1, 10 * MINUTE_S),
                "An authorization code. RFC 6749 §4.1.2 allows at most ten minutes, FAPI 2.0 one; a client redeems it at once.",
            ),
            Setting::seconds(
                "lifetimes.device_code",
                10 * MINUTE_S,
                (1, HOUR_S),
                "A device request, with its device code and user code (RFC 8628 §3.2). Long enough to fetch a phone, short \
                 enough that guessing and phishing run out of time (RFC 8628 §5.1, §5.4).",
            ),
            Setting::seconds(
                "lifetimes.interaction",
                10 * MINUTE_S,
                (1, DAY_S),
                "An authorization request that waits for a person to sign in and answer.",
            ),
            Setting::seconds(
                "lifetimes.access_token",
                10 * MINUTE_S,
                (1, DAY_S),
                "An access token, unless its resource says otherwise. RFC 6750 §5.3 asks for an hour or less; ten minutes \
                 bound what a stolen one is worth where nobody introspects.",
            ),
            Setting::seconds(
                "lifetimes.id_token",
                10 * MINUTE_S,
                (1, DAY_S),
                "An ID token (OpenID Connect Core §2). It only has to live until the client read it.",
            ),
            Setting::seconds(
                "lifetimes.refresh_token",
                90 * DAY_S,
                (1, 10 * YEAR_S),
                "A family of refresh tokens from its first to its last, however often it is used (RFC 9700 §4.14).",
            ),
            Setting::seconds(
                "lifetimes.refresh_token_idle",
                14 * DAY_S,
                (1, 10 * YEAR_S),
                "A refresh token nobody uses (RFC 9700 §4.14). Two weeks outlast a holiday.",
            ),
            Setting::seconds(
                "lifetimes.session",
                DAY_S,
                (1, YEAR_S),
                "One sign-in of a person, from its beginning. NIST SP 800-63B-4 asks for a day at most at AAL2.",
            ),
            Setting::seconds(
                "lifetimes.remembered_consent",
                180 * DAY_S,
                (0, 10 * YEAR_S),
                "How long an approval is remembered for clients whose redirect can be proven. 0 asks every time.",
            ),
        ],
    },
    Section {
        name: "retention",
        list: false,
        about: "How long the audit is kept, in seconds. How long everything else is kept follows from how long it lives, and \
                is told in `docs/operating.md`. `placet people erase` does not wait for it.",
        settings: &[Setting::seconds(
            "retention.events",
            YEAR_S,
            (0, 100 * YEAR_S),
            "Audit events. 0 keeps them for ever.",
        )],
    },
];
