//! Declared scopes, resources, people and clients.

use super::{Paper, SMALL, expect_problems, load, load_with};
use crate::config::{Password, TokenFormat, check_redirect_uri};

#[test]
fn rfc6749_3_3_scopes_are_tokens_with_words() {
    expect_problems(&[
        (
            "fine",
            "[[scopes]]\nname = \"read\"\ndescription = \"Read\"\n",
            &[],
        ),
        (
            "token",
            "[[scopes]]\nname = \"read all\"\ndescription = \"\"\n",
            &[
                "5: scopes.name holds \"read all\", which is no scope",
                "6: scopes.description must not be empty",
            ],
        ),
        (
            "missing",
            "[[scopes]]\noptional = 1\n",
            &[
                "4: scopes.name is missing",
                "4: scopes.description is missing",
                "5: scopes.optional must be true or false, not a number",
            ],
        ),
        (
            "languages",
            "[[scopes]]\nname = \"a\"\n[scopes.description]\nenglish_ = \"x\"\nde = 5\nfr = \"\\u202Eevil\"\n",
            &[
                "7: scopes.description must be a language tag, not \"english_\"",
                "8: scopes.description must hold texts, not a number",
                "9: scopes.description must not hold control, invisible or direction-changing characters",
            ],
        ),
        (
            "twice",
            "[[scopes]]\nname = \"a\"\ndescription = \"A\"\n[[scopes]]\nname = \"a\"\ndescription = \"B\"\n",
            &["8: scopes.name \"a\" was declared before, at etc/placet.toml:5"],
        ),
    ]);
}

#[test]
fn rfc8707_2_resources_are_absolute_uris() {
    expect_problems(&[
        (
            "fragment",
            "[[resources]]\nid = \"https://a.example/#x\"\n",
            &[
                "5: resources.id must be an absolute URI without a fragment, not \"https://a.example/#x\"",
            ],
        ),
        (
            "relative",
            "[[resources]]\nid = \"photos\"\naccess_token_format = \"jwts\"\nlifetime = 0\n",
            &[
                "5: resources.id must be an absolute URI without a fragment, not \"photos\"",
                "6: resources.access_token_format must be one of opaque, jwt",
                "7: resources.lifetime must be from 1 to 86400",
            ],
        ),
        (
            "unknown scope",
            "[[scopes]]\nname = \"read\"\ndescription = \"R\"\n[[resources]]\nid = \"urn:a:b\"\nscopes = \
          [\"raed\", \"email\"]\n",
            &["9: warning: resources.scopes names \"raed\", which is not declared"],
        ),
    ]);
    let settings = load(&format!("{SMALL}[[resources]]\nid = \"urn:a:b\"\n")).unwrap();
    assert_eq!(settings.resources[0].format, TokenFormat::Opaque);
}

#[test]
fn people_are_named_once_and_prove_themselves_once() {
    expect_problems(&[
        (
            "twice",
            "[[people]]\nusername = \"ada\"\nsubject = \"u-1\"\n[[people]]\nusername = \" Ada \"\nsubject = \"u-1\"\n",
            &[
                "8: people.username \" Ada \" was declared before, at etc/placet.toml:5",
                "9: people.subject \"u-1\" was declared before, at etc/placet.toml:6",
            ],
        ),
        (
            "two passwords",
            "[[people]]\nusername = \"ada\"\nsubject = \"u-1\"\npassword = \"short\"\npassword_hash = \"x\"\n",
            &[
                "7: warning: people.password has fewer than 8 characters",
                "8: people.password_hash stands beside password; one of them is enough",
                "8: people.password_hash is no argon2id hash in PHC form",
            ],
        ),
        (
            "no subject",
            "[[people]]\nusername = \"ada\"\n",
            &[
                "4: warning: people.subject is missing, so that a person who was erased is another one when the declaration changes",
            ],
        ),
        (
            "subject",
            "[[people]]\nusername = \"ada\"\nsubject = \"ü\"\n",
            &[
                "6: people.subject must be 1 to 255 printable ASCII characters without space (OpenID Connect Core §2)",
            ],
        ),
        (
            "claims",
            "[[people]]\nusername = \"ada\"\nsubject = \"u-1\"\n[people.claims]\nemail = 5\nmail = \"x\"\nemail_verified = \"yes\"\n\
          picture = \"javascript:alert(1)\"\naddress = { city = \"x\", country = 5 }\n",
            &[
                "8: people.claims.email must be text in quotes, not a number",
                "9: people.claims.mail is no setting",
                "10: people.claims.email_verified must be true or false, not text",
                "11: people.claims.picture must be an https address, not \"javascript:alert(1)\"",
                "12: people.claims.address.city is no part of an address",
                "12: people.claims.address.country must be text in quotes, not a number",
            ],
        ),
    ]);
}

#[test]
fn t15_a_client_cannot_pose_as_a_person() {
    let text = "[[people]]\nusername = \"ada\"\nsubject = \"u-1\"\n[[clients]]\nclient_id = \"u-1\"\n\
                grant_types = [\"urn:ietf:params:oauth:grant-type:device_code\"]\n";
    expect_problems(&[(
        "client is person",
        text,
        &["8: clients.client_id \"u-1\" is the subject of a person, at etc/placet.toml:6"],
    )]);
}

/// Redirect URIs that break a rule, and what is said of them.
const REFUSED_URIS: &[(&str, &str)] = &[
    ("/callback", "is no absolute URI (RFC 6749 §3.1.2)"),
    ("https://", "is no absolute URI (RFC 6749 §3.1.2)"),
    ("https://a.example/#", "holds a fragment (RFC 6749 §3.1.2)"),
    ("https://user@a.example/", "holds a user name or password"),
    ("https://@a.example/", "holds a user name or password"),
    ("com.example://a:b@c/", "holds a user name or password"),
    (
        "javascript:alert(1)",
        "has a scheme that a browser must not be sent to",
    ),
    (
        "JavaScript:alert(1)",
        "has a scheme that a browser must not be sent to",
    ),
    (
        "data:text/html,x",
        "has a scheme that a browser must not be sent to",
    ),
    (
        "vbscript:x",
        "has a scheme that a browser must not be sent to",
    ),
    (
        "https:\\\\a.example",
        "holds a character that no URI has (RFC 3986 §2)",
    ),
    (
        "https://a.example/\u{9}",
        "holds a character that no URI has (RFC 3986 §2)",
    ),
    (
        "https://a.example/ b",
        "holds a character that no URI has (RFC 3986 §2)",
    ),
    (
        "https://ä.example/",
        "holds a character that no URI has (RFC 3986 §2)",
    ),
    (
        "https://a.example/x/../y",
        "holds a dot segment, which browsers resolve before they send it",
    ),
    (
        "https://a.example/%2E%2e/y",
        "holds a dot segment, which browsers resolve before they send it",
    ),
    (
        "https://a.example/?code=1",
        "presets code, a parameter of the answer",
    ),
    (
        "https://a.example/?x=1&st%61te=1",
        "presets state, a parameter of the answer",
    ),
    (
        "https://a.example/?iss",
        "presets iss, a parameter of the answer",
    ),
    (
        "https://a.example/?error=x",
        "presets error, a parameter of the answer",
    ),
    (
        "https://a.example/?response=x",
        "presets response, a parameter of the answer",
    ),
    ("http://a.example/", "is http, which is for loopback only"),
    (
        "http://127.0.0.1.example/",
        "is http, which is for loopback only",
    ),
    (
        "myapp:/callback",
        "has a scheme that any software may claim (RFC 8252 §7.1)",
    ),
];

const ACCEPTED_URIS: &[&str] = &[
    "https://a.example/cb",
    "https://a.example/cb?tenant=1",
    "http://127.0.0.1/cb",
    "http://[::1]:9000/cb",
    "http://localhost:3000/cb",
    "com.example.app:/cb",
    "https://a.example/.well-known/cb",
];

#[test]
fn a1_a2_redirect_uris_that_cannot_be_registered() {
    for (uri, why) in REFUSED_URIS {
        let want = format!("holds {uri:?}, which {why}");
        assert_eq!(
            check_redirect_uri(uri).map_err(|fault| fault.message),
            Err(want)
        );
    }
    for uri in ACCEPTED_URIS {
        assert_eq!(check_redirect_uri(uri), Ok(()), "{uri}");
    }
}

/// A client on lines 4 and 5, and what follows on line 6 and below.
fn expect_client_problems(cases: &[(&str, &[&str])]) {
    for (text, want) in cases {
        expect_problems(&[(
            text,
            &format!("[[clients]]\nclient_id = \"a\"\n{text}\n"),
            want,
        )]);
    }
}

const SECRET: &str = "client_secret = \"J6nIqXo3vWlqk0yYb2m4TzRrC7dUe1aF\"";

#[test]
fn rfc7591_2_1_grant_types_and_redirects_fit() {
    expect_client_problems(&[
        (
            "",
            &["4: clients.redirect_uris is missing, and grant_types has authorization_code"],
        ),
        ("redirect_uris = [\"https://a.example/\"]", &[]),
        (
            "redirect_uris = [\n\"https://a.example/#x\",\n\"http://b.example/\"\n]",
            &[
                "7: clients.redirect_uris holds \"https://a.example/#x\", which holds a fragment (RFC 6749 §3.1.2)",
                "8: clients.redirect_uris holds \"http://b.example/\", which is http, which is for loopback only",
            ],
        ),
        (
            "grant_types = [\"implicit\"]",
            &["6: clients.grant_types holds \"implicit\", which there is not"],
        ),
        (
            "grant_types = [\"refresh_token\"]",
            &[
                "6: clients.grant_types has refresh_token but no grant type that begins with a person",
            ],
        ),
        (
            "grant_types = [\"client_credentials\"]",
            &[
                "6: clients.grant_types has client_credentials, which a client without credentials cannot use (RFC 6749 §4.4)",
            ],
        ),
        (
            "redirect_uris = [\"https://a.example/\"]\nresponse_types = [\"token\"]",
            &["7: clients.response_types holds \"token\"; \"code\" is the only one there is"],
        ),
        (
            "redirect_uris = [\"https://a.example/\"]\nscope = \"openid raed\"",
            &["7: warning: clients.scope names \"raed\", which is not declared"],
        ),
        (
            "redirect_uris = [\"https://a.example/\"]\nresources = [\"urn:a:b\", \"x\"]",
            &[
                "7: clients.resources must be an absolute URI without a fragment, not \"x\"",
                "7: warning: clients.resources names \"urn:a:b\", which is not declared",
                "7: warning: clients.resources names \"x\", which is not declared",
            ],
        ),
    ]);
}

#[test]
fn rfc7591_2_methods_and_credentials_fit() {
    let service = "grant_types = [\"client_credentials\"]\n";
    let cases = [
        (
            "client_secret = \"short\"",
            vec![
                "7: warning: clients.client_secret holds at most 23 bits, and 128 withstand guessing",
            ],
        ),
        (
            "token_endpoint_auth_method = \"client_secret_post\"",
            vec!["7: clients.token_endpoint_auth_method needs a client_secret"],
        ),
        (
            "token_endpoint_auth_method = \"private_key_jwt\"",
            vec!["7: clients.token_endpoint_auth_method needs keys"],
        ),
        (
            "token_endpoint_auth_method = \"client_secret_jwt\"\nclient_secret_file = \"x\"",
            vec![
                "7: clients.token_endpoint_auth_method must be one of none, client_secret_basic, client_secret_post, private_key_jwt",
                "8: clients.client_secret_file names a file that does not exist: etc/x",
            ],
        ),
        (
            "jwks_uri = \"http://a.example/jwks\"\njwks = { keys = [{ kty = \"OKP\", d = \"x\" }, {}] }",
            vec![
                "7: clients.jwks_uri must be https, not \"http://a.example/jwks\"",
                "8: clients.jwks holds a private or secret key",
                "8: clients.jwks holds a key without kty (RFC 7517 §4.1)",
            ],
        ),
        (
            "jwks_uri = \"http://127.0.0.1:1/jwks\"\njwks = { keys = [] }",
            vec![
                "8: clients.jwks stands beside jwks_uri; RFC 7591 §2 allows one of them",
                "8: clients.jwks holds no key",
            ],
        ),
    ];
    for (text, want) in &cases {
        expect_client_problems(&[(&format!("{service}{text}"), want)]);
    }
}

#[test]
fn rfc9700_2_1_1_public_and_confidential_clients_are_kept_apart() {
    let web = "redirect_uris = [\"https://a.example/\"]\n";
    expect_client_problems(&[
        (
            &format!("{web}token_endpoint_auth_method = \"none\"\n{SECRET}"),
            &[
                "7: clients.token_endpoint_auth_method is \"none\" although there is a client_secret",
            ],
        ),
        (
            &format!("{web}require_pkce = false"),
            &[
                "7: clients.require_pkce cannot be false: without a secret, PKCE is all that ties a code to the client",
            ],
        ),
        (&format!("{web}require_pkce = false\n{SECRET}"), &[]),
        (
            &format!("{web}assertion_audience = \"token_endpoint\"\n{SECRET}"),
            &[
                "7: warning: clients.assertion_audience does nothing: the client makes no assertions",
            ],
        ),
        (
            &format!("{web}{SECRET}\nclient_secret_file = \"x\""),
            &[
                "8: clients.client_secret_file stands beside client_secret; one of them is enough",
                "8: clients.client_secret_file names a file that does not exist: etc/x",
            ],
        ),
    ]);
}

#[test]
fn declared_clients_become_metadata() {
    let text = format!(
        "{SMALL}[[clients]]\nclient_id = \"web\"\nclient_name = \"Web\"\nclient_name_i18n = {{ de = \"Netz\" }}\n\
         redirect_uris = [\"https://a.example/cb\"]\nscope = \"openid  email\"\n{SECRET}\nfirst_party = true\n\
         device_same_network = true\ndisabled = true\ndefault_max_age = 60\n"
    );
    let settings = load(&text).unwrap();
    let client = &settings.clients[0];
    assert_eq!(
        client.secret.as_ref().unwrap().reveal(),
        "J6nIqXo3vWlqk0yYb2m4TzRrC7dUe1aF"
    );
    assert!(client.disabled && client.metadata.first_party && client.metadata.device_same_network);
    assert_eq!(client.metadata.scope.as_deref(), Some("openid email"));
    assert_eq!(client.metadata.client_name_i18n["de"], "Netz");
    assert_eq!(client.metadata.default_max_age, Some(60));
    assert_eq!(client.metadata.require_pkce, None);
}

#[test]
fn a_fingerprint_changes_exactly_with_the_declaration() {
    let fingerprint = |person: &str, file: &str| {
        let text = format!("{SMALL}{person}");
        let paper = Paper::with(&[("etc/placet.toml", &text), ("etc/pw", file)]);
        let settings = load_with(&paper, &[], &[]).unwrap();
        assert!(matches!(
            settings.people[0].password,
            Some(Password::Clear(_))
        ));
        settings.people[0].fingerprint.reveal().to_owned()
    };
    let person = "[[people]]\nusername = \"ada\"\npassword_file = \"pw\"\nclaims = { name = \"A\", email = \"a@b\" }\n";
    let same = "# again\n[[people]]\npassword_file = \"pw\"\nusername = 'ada'\n[people.claims]\nemail = \"a@b\"\nname = \"A\"\n";
    let first = fingerprint(person, "correct horse");
    assert_eq!(first, fingerprint(same, "correct horse\n"));
    assert_ne!(first, fingerprint(person, "battery staple"));
    assert_ne!(
        first,
        fingerprint(&person.replace("\"A\"", "\"B\""), "correct horse")
    );
}

#[test]
fn descriptions_are_kept_by_language() {
    let text = format!(
        "{SMALL}[[scopes]]\nname = \"read\"\ndescription = {{ en = \"Read\", de = \"Lesen\" }}\n"
    );
    let settings = load(&text).unwrap();
    let description = &settings.scopes[0].description;
    let found: Vec<_> = description.languages().collect();
    assert_eq!(found, [("de", "Lesen"), ("en", "Read")]);
}
