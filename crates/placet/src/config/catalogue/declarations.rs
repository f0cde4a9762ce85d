//! What the file declares: scopes, resources, people and clients.
//!
//! Spec: RFC 7591 §2, OpenID Connect Core §5.1, RFC 8707 §2

use super::{Fallback, Kind, Section, Setting, Show, Unit};

/// The longest lifetime a declaration may ask for, in seconds.
const YEAR_S: u64 = 365 * 86_400;

const NONE: Fallback = Fallback::Absent("none");
const OFF: Fallback = Fallback::Flag(false);

const fn seconds_without_default(min: u64, max: u64) -> Kind {
    Kind::Number {
        unit: Unit::Seconds,
        min,
        max,
    }
}

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "scopes",
        list: true,
        about: "What may be asked for. `openid`, `profile`, `email`, `address`, `phone` and `offline_access` are there \
                without being declared; declare them to change their words.",
        settings: &[
            Setting::new("scopes.name", Kind::Text, Fallback::Required,
                "The scope as clients send it (RFC 6749 §3.3).", "\"read\"").shown(Show::Live),
            Setting::new("scopes.description", Kind::LanguageText, Fallback::Required,
                "What the consent page says: a text, or one per language.",
                "{ en = \"Read your photos\", de = \"Ihre Fotos ansehen\" }").shown(Show::Live),
            Setting::new("scopes.optional", Kind::Flag, OFF,
                "Whether the person may leave it out and approve the rest.", "true"),
            Setting::new("scopes.step_up_s", seconds_without_default(0, YEAR_S), Fallback::Absent("any sign-in will do"),
                "Asks for a sign-in no older than this.", "300"),
        ],
    },
    Section {
        name: "resources",
        list: true,
        about: "The APIs that tokens are for (RFC 8707).",
        settings: &[
            Setting::new("resources.id", Kind::Url, Fallback::Required,
                "Any absolute URI without a fragment, URNs too; clients send it as `resource`, tokens carry it as `aud`.",
                "\"https://photos.example\"").shown(Show::Live),
            Setting::new("resources.name", Kind::Text, Fallback::Absent("its id"),
                "The name on the consent page.", "\"Photo album\"").shown(Show::Live),
            Setting::new("resources.access_token_format", Kind::Choice(&["opaque", "jwt"]), Fallback::Text("opaque"),
                "`opaque` is checked by introspection, so a revocation holds at once; `jwt` (RFC 9068) is checked without \
                 a call and lives until it expires.",
                "\"jwt\"").shown(Show::Live),
            Setting::new("resources.lifetime", seconds_without_default(1, 86_400),
                Fallback::Absent("`lifetimes.access_token`"), "How long its access tokens live.", "600"),
            Setting::new("resources.scopes", Kind::TextList, Fallback::Absent("every scope"),
                "The scopes that mean something to it.", "[\"read\"]"),
        ],
    },
    Section {
        name: "people",
        list: true,
        about: "People who may sign in. A person is applied when the declaration changes, and never removed by leaving it \
                out: `placet people disable` does that.",
        settings: &[
            Setting::new("people.username", Kind::Text, Fallback::Required,
                "The name at sign-in; capitals do not matter.", "\"ada\"").shown(Show::Live),
            Setting::new("people.subject", Kind::Text, Fallback::Absent("made once and kept"),
                "The `sub` clients see: stable, never reused, at most 255 ASCII characters.", "\"u-1\"").shown(Show::Live),
            Setting::new("people.password", Kind::Secret, NONE,
                "The password in the clear; for development.", "\"correct horse battery staple\"").shown(Show::Live),
            Setting::new("people.password_hash", Kind::Secret, NONE,
                "An argon2id hash in PHC form, instead of the password.",
                "\"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"").shown(Show::Alternative),
            Setting::new("people.password_file", Kind::Path, NONE,
                "A file with the password, instead of the password.", "\"ada.password\"").shown(Show::Alternative),
        ],
    },
    Section {
        name: "people.claims",
        list: false,
        about: "What clients may learn about the person, if the person agrees (OpenID Connect Core §5.1).",
        settings: &[
            Setting::new("people.claims.name", Kind::Text, NONE, "Full name.", "\"Ada Lovelace\"").shown(Show::Live),
            Setting::new("people.claims.given_name", Kind::Text, NONE, "Given name.", "\"Ada\""),
            Setting::new("people.claims.family_name", Kind::Text, NONE, "Family name.", "\"Lovelace\""),
            Setting::new("people.claims.middle_name", Kind::Text, NONE, "Middle name.", "\"King\""),
            Setting::new("people.claims.nickname", Kind::Text, NONE, "Nickname.", "\"Countess\""),
            Setting::new("people.claims.preferred_username", Kind::Text, Fallback::Absent("the username"),
                "The name the person wants to be called by.", "\"ada\""),
            Setting::new("people.claims.profile", Kind::Url, NONE, "Profile page.", "\"https://example.com/ada\""),
            Setting::new("people.claims.picture", Kind::Url, NONE, "Picture.", "\"https://example.com/ada.png\""),
            Setting::new("people.claims.website", Kind::Url, NONE, "Web site.", "\"https://example.com\""),
            Setting::new("people.claims.email", Kind::Text, NONE, "Mail address.", "\"ada@example.com\"").shown(Show::Live),
            Setting::new("people.claims.email_verified", Kind::Flag, OFF, "Whether it was checked.", "true").shown(Show::Live),
            Setting::new("people.claims.gender", Kind::Text, NONE, "Gender.", "\"female\""),
            Setting::new("people.claims.birthdate", Kind::Text, NONE, "Birthday, `YYYY-MM-DD`, `0000-MM-DD` or `YYYY`.", "\"1815-12-10\""),
            Setting::new("people.claims.zoneinfo", Kind::Text, NONE, "Time zone.", "\"Europe/London\""),
            Setting::new("people.claims.locale", Kind::Text, NONE, "Language tag.", "\"en-GB\""),
            Setting::new("people.claims.phone_number", Kind::Text, NONE, "Phone number, E.164.", "\"+442079460000\""),
            Setting::new("people.claims.phone_number_verified", Kind::Flag, OFF, "Whether it was checked.", "true"),
            Setting::new("people.claims.address", Kind::Structure, NONE,
                "Postal address: `formatted`, `street_address`, `locality`, `region`, `postal_code`, `country` (§5.1.1).",
                "{ locality = \"London\", country = \"GB\" }"),
            Setting::new("people.claims.updated_at", Kind::Number { unit: Unit::Seconds, min: 0, max: 1 << 40 }, NONE,
                "When this changed last, seconds since 1970.", "1767225600"),
        ],
    },
    Section {
        name: "clients",
        list: true,
        about: "Software that may ask. The names are those of RFC 7591 §2, followed by Placet's own. A client is applied \
                when the declaration changes, and never removed by leaving it out: `placet clients remove` does that.",
        settings: &[
            Setting::new("clients.client_id", Kind::Text, Fallback::Required,
                "The client identifier. It must not equal the subject of a person.", "\"tv\"").shown(Show::Live),
            Setting::new("clients.client_name", Kind::Text, Fallback::Absent("the client_id"),
                "The name people see.", "\"Living-room TV\"").shown(Show::Live),
            Setting::new("clients.client_name_i18n", Kind::LanguageText, NONE,
                "Its name in further languages, by language tag (RFC 7591 §2.2).", "{ de = \"Fernseher\" }"),
            Setting::new("clients.grant_types", Kind::TextList, Fallback::Absent("`authorization_code`"),
                "What it may use: `authorization_code`, `refresh_token`, `client_credentials`, \
                 `urn:ietf:params:oauth:grant-type:device_code`.",
                "[\"urn:ietf:params:oauth:grant-type:device_code\", \"refresh_token\"]").shown(Show::Live),
            Setting::new("clients.token_endpoint_auth_method",
                Kind::Choice(&["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]),
                Fallback::Absent("worked out: `client_secret_basic` or `client_secret_post` with a secret, `private_key_jwt` with keys, else `none`"),
                "How it proves who it is. `none` is for software that cannot keep a secret.", "\"none\"").shown(Show::Live),
            Setting::new("clients.scope", Kind::Text, Fallback::Absent("every scope"),
                "The scopes it may ask for, separated by spaces.", "\"openid profile read\"").shown(Show::Live),
            Setting::new("clients.resources", Kind::TextList, Fallback::Absent("every resource"),
                "The resources it may ask for.", "[\"https://photos.example\"]"),
            Setting::new("clients.redirect_uris", Kind::TextList, NONE,
                "Where the browser may return to, compared byte for byte; a loopback port is free (RFC 8252 §7.3). \
                 Required for `authorization_code`.",
                "[\"https://app.example/callback\"]"),
            Setting::new("clients.post_logout_redirect_uris", Kind::TextList, NONE,
                "Where the browser may return to after signing out.", "[\"https://app.example/\"]"),
            Setting::new("clients.response_types", Kind::TextList, Fallback::Absent("`code`"),
                "`code` is the only one there is.", "[\"code\"]"),
            Setting::new("clients.application_type", Kind::Choice(&["web", "native"]), Fallback::Text("web"),
                "`native` for software on the person's own device.", "\"native\""),
            Setting::new("clients.client_uri", Kind::Url, NONE, "Its home page.", "\"https://app.example/\""),
            Setting::new("clients.logo_uri", Kind::Url, NONE, "Its logo. It is kept and told to operators; the pages load nothing from elsewhere and show the first letter of the name.", "\"https://app.example/logo.png\""),
            Setting::new("clients.policy_uri", Kind::Url, NONE, "Its privacy policy, a link on the consent page when it is an https URL.", "\"https://app.example/privacy\""),
            Setting::new("clients.tos_uri", Kind::Url, NONE, "Its terms of service, a link on the consent page when they are at an https URL.", "\"https://app.example/terms\""),
            Setting::new("clients.contacts", Kind::TextList, NONE, "Whom to ask about it.", "[\"ops@app.example\"]"),
            Setting::new("clients.software_id", Kind::Text, NONE, "What software it is.", "\"example-app\""),
            Setting::new("clients.software_version", Kind::Text, NONE, "And which version.", "\"1.0\""),
            Setting::new("clients.jwks_uri", Kind::Url, NONE,
                "Where its public keys are, for `private_key_jwt`.", "\"https://app.example/jwks.json\"").shown(Show::Alternative),
            Setting::new("clients.jwks", Kind::Structure, NONE,
                "Its public keys themselves (RFC 7517 §5), instead of `jwks_uri`.", "{ keys = [] }").shown(Show::Alternative),
            Setting::new("clients.id_token_signed_response_alg",
                Kind::Choice(&["RS256", "PS256", "ES256", "EdDSA"]), Fallback::Text("RS256"),
                "The algorithm of its ID tokens.", "\"ES256\""),
            Setting::new("clients.token_endpoint_auth_signing_alg",
                Kind::Choice(&["RS256", "PS256", "ES256", "EdDSA"]), Fallback::Absent("any of these"),
                "The algorithm of its client assertions.", "\"ES256\""),
            Setting::new("clients.default_max_age", seconds_without_default(0, YEAR_S), Fallback::Absent("any sign-in will do"),
                "Asks for a sign-in no older than this, when the request does not say.", "3600"),
            Setting::new("clients.require_auth_time", Kind::Flag, OFF, "Puts `auth_time` into every ID token.", "true"),
            Setting::new("clients.client_secret", Kind::Secret, NONE,
                "Its secret, for `client_secret_basic` and `client_secret_post`; random and of at least 128 bits.",
                "\"J6nIqXo3vWlqk0yYb2m4TzRrC7dUe1aF\"").shown(Show::Alternative),
            Setting::new("clients.client_secret_file", Kind::Path, NONE,
                "A file with the secret, instead of the secret.", "\"app.secret\"").shown(Show::Alternative),
            Setting::new("clients.first_party", Kind::Flag, OFF,
                "Approves without asking when the person is signed in. Device requests are always asked.", "true"),
            Setting::new("clients.require_pkce", Kind::Flag, Fallback::Flag(true),
                "`false` only for a confidential client that cannot do PKCE (RFC 9700 §2.1.1).", "true"),
            Setting::new("clients.assertion_audience", Kind::Choice(&["issuer", "token_endpoint"]), Fallback::Text("issuer"),
                "What the audience of its client assertions is. `token_endpoint` is for older libraries, and also allows \
                 them one hour of life.",
                "\"issuer\""),
            Setting::new("clients.resource_server", Kind::Flag, OFF,
                "Whether it is a resource server that may ask about every token of GNAP (RFC 9767 §3.3).", "true"),
            Setting::new("clients.device_same_network", Kind::Flag, OFF,
                "Refuses a device request whose person comes from another network than the device (RFC 8628 §5.4).", "true"),
            Setting::new("clients.disabled", Kind::Flag, OFF,
                "Refuses the client and makes what it was given inactive.", "true"),
        ],
    },
];
