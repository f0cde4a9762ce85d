//! Settings of GNAP and Open Payments.
//!
//! Spec: RFC 9635, RFC 9767, Open Payments 1.3

use super::{Fallback, Kind, Section, Setting, Show};

const NONE: Fallback = Fallback::Absent("none");
const AS_FOR_ALL: Fallback = Fallback::Absent("as for all clients");

pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "gnap",
        list: false,
        about: "GNAP (RFC 9635, RFC 9767) under `/gnap`. Anybody with a key may ask, so it is off unless it is wanted. Switch it on \
                when every server on the database is of this release.",
        settings: &[
            Setting::new(
                "gnap.enabled",
                Kind::Flag,
                Fallback::Flag(false),
                "Whether GNAP is spoken.",
                "true",
            ),
            Setting::new(
                "gnap.durable_tokens",
                Kind::Flag,
                Fallback::Flag(false),
                "Whether an access token works until its own end though its client rotated it (the flag `durable`), so that calls \
                 under way do not fail. Counts for new grants; never for Open Payments.",
                "true",
            ),
        ],
    },
    Section {
        name: "open_payments",
        list: false,
        about: "Open Payments, as Rafiki's authorization server speaks it (docs/open-payments.md). Under `/op`, or at the root of a \
                listener of its own, so that wallets and identity providers need no change.",
        settings: &[
            Setting::new(
                "open_payments.operator_tenant",
                Kind::Text,
                Fallback::Absent("Open Payments is not spoken"),
                "The id of the tenant that is this server itself, a UUID. Its grant endpoint ends with it.",
                "\"cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d\"",
            ),
            Setting::new(
                "open_payments.listen",
                Kind::Address,
                Fallback::Absent("mounted under `/op`"),
                "A listener of its own, with Open Payments at its root.",
                "\"127.0.0.1:3006\"",
            ),
            Setting::new(
                "open_payments.public_origin",
                Kind::Url,
                Fallback::Absent("required with `open_payments.listen`"),
                "The origin that wallets know that listener by. Clients sign for it and hash it, so it should never change.",
                "\"https://auth.wallet.example\"",
            ),
            Setting::new(
                "open_payments.introspection_listen",
                Kind::Address,
                Fallback::Absent("no introspection"),
                "A listener for resource servers, which ask about tokens without proving who they are: never expose it.",
                "\"127.0.0.1:3007\"",
            ),
            Setting::new(
                "open_payments.idp_consent_url",
                Kind::Url,
                Fallback::Absent("this server's own pages"),
                "Where people of the operator's tenant are asked: an identity provider that answers over `x-idp-secret`.",
                "\"https://wallet.example/consent\"",
            ),
            Setting::new(
                "open_payments.idp_secret_file",
                Kind::Path,
                Fallback::Absent("required with `idp_consent_url`"),
                "A file with the secret of that identity provider. Must not be readable by others.",
                "\"idp.secret\"",
            ),
            Setting::new(
                "open_payments.incoming_payment_interaction",
                Kind::Flag,
                Fallback::Flag(false),
                "Whether a person is asked about incoming payments.",
                "true",
            ),
            Setting::new(
                "open_payments.quote_interaction",
                Kind::Flag,
                Fallback::Flag(false),
                "Whether a person is asked about quotes.",
                "true",
            ),
            Setting::new(
                "open_payments.list_all_interaction",
                Kind::Flag,
                Fallback::Flag(true),
                "Whether a person is asked before a client lists what it did not make itself.",
                "false",
            ),
            Setting::new(
                "open_payments.hash_encoding",
                Kind::Choice(&["base64", "base64url"]),
                Fallback::Text("base64"),
                "How the interaction hash is written: as the clients of Open Payments compare it, or as RFC 9635 says.",
                "\"base64url\"",
            ),
            Setting::new(
                "open_payments.check_created",
                Kind::Flag,
                Fallback::Flag(true),
                "Whether a signature must be at most five minutes old. Off lets clients in whose clocks are wrong, and old requests too.",
                "false",
            ),
        ],
    },
    Section {
        name: "open_payments.clients",
        list: true,
        about: "Clients of Open Payments with a rule of their own for what is granted without a person. It counts once the client has \
                proven its key, at every tenant, and never for outgoing payments, which a person always decides about.",
        settings: &[
            Setting::new(
                "open_payments.clients.wallet_address",
                Kind::Url,
                Fallback::Absent("required without `key_thumbprint`"),
                "The client, by the address of its wallet, whichever of its keys signs.",
                "\"https://wallet.example/shop\"",
            )
            .shown(Show::Live),
            Setting::new(
                "open_payments.clients.key_thumbprint",
                Kind::Text,
                Fallback::Absent("required without `wallet_address`"),
                "The client, by the SHA-256 thumbprint of its key (RFC 7638), whether a wallet publishes it or it comes alone. Goes before \
                 a rule by address.",
                "\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"",
            )
            .shown(Show::Alternative),
            Setting::new(
                "open_payments.clients.incoming_payment_interaction",
                Kind::Flag,
                AS_FOR_ALL,
                "Whether a person is asked when it asks for incoming payments.",
                "true",
            ),
            Setting::new(
                "open_payments.clients.quote_interaction",
                Kind::Flag,
                AS_FOR_ALL,
                "Whether a person is asked when it asks for quotes.",
                "true",
            ),
            Setting::new(
                "open_payments.clients.list_all_interaction",
                Kind::Flag,
                AS_FOR_ALL,
                "Whether a person is asked before it lists what it did not make itself.",
                "false",
            ),
        ],
    },
    Section {
        name: "tenants",
        list: true,
        about: "Further tenants of Open Payments, each with people and grants of its own. A tenant is applied when the declaration \
                changes, and never removed by leaving it out.",
        settings: &[
            Setting::new(
                "tenants.id",
                Kind::Text,
                Fallback::Required,
                "Its id, a UUID.",
                "\"f829c064-762a-4430-ac5d-7af5df198551\"",
            )
            .shown(Show::Live),
            Setting::new(
                "tenants.idp_consent_url",
                Kind::Url,
                NONE,
                "Where its people are asked. Absent: nobody can be.",
                "\"https://other.example/consent\"",
            )
            .shown(Show::Live),
            Setting::new(
                "tenants.idp_secret",
                Kind::Secret,
                NONE,
                "The secret of its identity provider, in the clear; for development.",
                "\"n3eT8sVYqQ0cJmBzWf6uKxR2aLd7hPgE\"",
            )
            .shown(Show::Live),
            Setting::new(
                "tenants.idp_secret_file",
                Kind::Path,
                NONE,
                "A file with that secret.",
                "\"other.idp\"",
            )
            .shown(Show::Alternative),
            Setting::new(
                "tenants.api_secret_file",
                Kind::Path,
                NONE,
                "A file with the secret that signs its calls to the GraphQL endpoint.",
                "\"other.api\"",
            )
            .shown(Show::Alternative),
        ],
    },
];
