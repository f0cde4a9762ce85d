//! Settings of the server itself: where it listens, what it may reach, how it looks and what it logs.

use super::{Fallback, Kind, Section, Setting, Show, Unit};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "",
        list: false,
        about: "",
        settings: &[
            Setting::new("public_origin", Kind::Url, Fallback::Required,
                "The address people and clients use, and the issuer identifier: origin with an optional path, without a \
                 slash at the end. https, or http on loopback when `development` is true. Clients compare it byte for byte \
                 (RFC 8414 §2), so it should never change.",
                "\"http://127.0.0.1:8080\"").shown(Show::Live),
            Setting::new("listen", Kind::Address, Fallback::Text("127.0.0.1:8080"),
                "Where the server accepts connections. The default is loopback, so nothing is exposed by accident.",
                "\"127.0.0.1:8080\"").shown(Show::Live),
            Setting::new("development", Kind::Flag, Fallback::Flag(false),
                "Allows http on loopback and makes a master key by itself. Refuses to listen anywhere but on loopback.",
                "true").shown(Show::Live),
            Setting::new("database_url", Kind::Url, Fallback::Absent("required, unless `database_url_file` is written"),
                "The store: `sqlite:` and the path of its file, which is made when absent; or \
                 `postgres://user:password@host:port/database`, which several servers share.",
                "\"sqlite:./placet.db\"").shown(Show::Live),
            Setting::new("database_url_file", Kind::Path, Fallback::Absent("none"),
                "A file with the URL of the store, for one that holds a password. Must not be readable by others.",
                "\"database.url\"").shown(Show::Alternative),
        ],
    },
    Section {
        name: "database",
        list: false,
        about: "How a PostgreSQL database is used. A server opens connections as it needs them, and waits for a database that \
                is away without losing what it was asked; TLS is asked for in the URL, as `?sslmode=require`, and verified.",
        settings: &[
            Setting::number("database.connections", Unit::Count, 32, (1, 1000),
                "The most connections of this server; two more are for requests that wait, one listens and one looks. All servers and commands together must \
                 stay below `max_connections` of the database."),
            Setting::seconds("database.acquire_timeout_s", 5, (1, 60),
                "How long a request waits for a free connection before it is answered 503."),
            Setting::seconds("database.connect_timeout_s", 5, (1, 60),
                "How long one address of one host may take until a connection to it can be used. The next one is tried beside it \
                 after half a second."),
            Setting::seconds("database.statement_timeout_s", 5, (1, 60),
                "How long a statement may take, before the database ends it; waiting for a lock may take half of it."),
            Setting::seconds("database.start_timeout_s", 60, (0, 3600),
                "How long a start waits for a database that does not answer yet, before it gives up. A try that has begun then \
                 still ends by itself."),
            Setting::new("database.extra_ca", Kind::Path, Fallback::Absent("the authorities of the operating system"),
                "Certificates of further authorities to trust, PEM.", "\"ca.pem\""),
        ],
    },
    Section {
        name: "tls",
        list: false,
        about: "TLS by the server itself. Both files are read again when they change. Leave it out behind a proxy that ends TLS.",
        settings: &[
            Setting::new("tls.cert", Kind::Path, Fallback::Absent("no TLS"),
                "The certificate chain, PEM, the server's own certificate first.", "\"tls/cert.pem\""),
            Setting::new("tls.key", Kind::Path, Fallback::Absent("no TLS"),
                "The private key, PEM. Must not be readable by others.", "\"tls/key.pem\""),
            Setting::new("tls.client_certificates", Kind::Flag, Fallback::Flag(false),
                "Asks each client for a certificate, which is how GNAP's proof `mtls` is made (RFC 9635 §7.3.2). None has to be \
                 sent, and any is taken, of its own making too: what it may do depends on the key a client is known by. A browser \
                 that has certificates asks its person for one, so give machines a name of their own.", "true"),
        ],
    },
    Section {
        name: "admin",
        list: false,
        about: "A second listener for operators: /live, /ready, /metrics and the admin API. Never expose it to the internet.",
        settings: &[
            Setting::new("admin.listen", Kind::Address, Fallback::Absent("no admin listener"),
                "Where the admin listener accepts connections; another address than `listen`.", "\"127.0.0.1:8081\""),
            Setting::new("admin.token_file", Kind::Path, Fallback::Absent("required with `admin.listen`"),
                "A file with the bearer token of the admin API. Must not be readable by others. Make one with \
                 `openssl rand -base64 32`.", "\"admin.token\""),
        ],
    },
    Section {
        name: "outbound",
        list: false,
        about: "What the server may fetch from elsewhere, such as the keys of a client. Private addresses are refused unless listed.",
        settings: &[
            Setting::new("outbound.extra_ca", Kind::Path, Fallback::Absent("only the public authorities"),
                "Certificates of further authorities to trust, PEM.", "\"ca.pem\""),
            Setting::new("outbound.allow_private", Kind::TextList, Fallback::Absent("none"),
                "Hosts with port that may be reached although their address is private or loopback.",
                "[\"keys.internal.example:443\"]"),
        ],
    },
    Section {
        name: "proxy",
        list: false,
        about: "Proxies in front of the server.",
        settings: &[
            Setting::new("proxy.trusted", Kind::TextList, Fallback::Absent("none"),
                "Networks whose X-Forwarded-For is believed. A source is the first hop outside of them; with none, it is \
                 the peer of the connection.",
                "[\"10.0.0.0/8\"]"),
        ],
    },
    Section {
        name: "keys",
        list: false,
        about: "The master key wraps the keys that seal what is stored.",
        settings: &[
            Setting::new("keys.master_key_file", Kind::Path, Fallback::Absent("required unless `development` is true"),
                "A file with 32 random bytes as base64 or hex. Must not be readable by others and belongs neither beside \
                 the database nor into its backup. Make one with `openssl rand -base64 32`.",
                "\"master.key\""),
        ],
    },
    Section {
        name: "theme",
        list: false,
        about: "How the pages look.",
        settings: &[
            Setting::new("theme.name", Kind::Text, Fallback::Text("Placet"),
                "The name on every page.", "\"Example Accounts\""),
            Setting::new("theme.logo", Kind::Path, Fallback::Absent("no logo"),
                "An image of at most 256 KiB: .svg, .png or .webp.", "\"logo.svg\""),
            Setting::new("theme.accent", Kind::Colour, Fallback::Text("#145c4a"),
                "The colour of buttons and links on light pages.", "\"#145c4a\""),
            Setting::new("theme.accent_dark", Kind::Colour, Fallback::Text("#7fd0b3"),
                "The same on dark pages.", "\"#7fd0b3\""),
            Setting::new("theme.templates", Kind::Path, Fallback::Absent("the built-in pages"),
                "A directory; a file in it replaces the built-in template of the same name.", "\"templates\""),
        ],
    },
    Section {
        name: "locale",
        list: false,
        about: "The language of the pages.",
        settings: &[
            Setting::new("locale.default", Kind::Text, Fallback::Text("en"),
                "The language when neither `ui_locales` nor Accept-Language names one there is.", "\"en\""),
        ],
    },
    Section {
        name: "log",
        list: false,
        about: "What the server writes to standard error.",
        settings: &[
            Setting::new("log.format", Kind::Choice(&["pretty", "json"]), Fallback::Text("pretty"),
                "For people or for a log collector, one JSON object a line.", "\"pretty\""),
            Setting::new("log.filter", Kind::Text, Fallback::Text("info"),
                "A level, or levels by module, such as `info,placet_oauth=debug`.", "\"info\""),
        ],
    },
];
