//! Settings of the server itself.

use super::{Paper, SMALL, expect_problems, lines, lines_with, load_with};
use crate::config::{Colour, Confidential, Network, Origin, parse_master_key};

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

/// A file for production, with the files it names.
fn production(more: &str) -> Paper {
    let text = format!(
        "public_origin = \"https://login.example\"\nlisten = \"127.0.0.1:8080\"\ndatabase_url = \"sqlite:p.db\"\n\
         [keys]\nmaster_key_file = \"master.key\"\n[proxy]\ntrusted = [\"127.0.0.1\"]\n{more}"
    );
    Paper::with(&[
        ("etc/placet.toml", &text),
        ("etc/master.key", KEY),
        ("etc/admin.token", KEY),
        ("etc/tls.pem", "pem"),
        ("etc/short.token", "1234\n"),
        ("etc/empty.token", "\n"),
        ("etc/logo.gif", "gif"),
    ])
}

#[test]
fn public_origin_is_the_issuer_byte_for_byte() {
    let accepted = [
        "https://login.example",
        "https://login.example/tenant/a",
        "https://login.example:8443",
        "http://[::1]:8080",
    ];
    for text in accepted {
        assert_eq!(Origin::parse(text).unwrap().as_str(), text);
    }
    let refused = [
        ("login.example", "is not a URL: relative URL without a base"),
        ("ftp://login.example", "must begin with https://"),
        ("https://login.example/", "must not end with a slash"),
        ("https://Login.example", "is not in normal form"),
        ("https://login.example:443", "is not in normal form"),
        (
            "https://a@login.example",
            "must not hold a user name or password",
        ),
        (
            "https://login.example?x",
            "must not hold a query or fragment",
        ),
        (
            "https://login.example/a#b",
            "must not hold a query or fragment",
        ),
    ];
    for (text, want) in refused {
        assert_eq!(Origin::parse(text).unwrap_err().message, want, "{text}");
    }
    let origin = Origin::parse("https://login.example:8443/tenant").unwrap();
    assert_eq!(
        (origin.authority().as_str(), origin.path()),
        ("login.example:8443", "/tenant")
    );
    assert_eq!(Origin::parse("https://login.example").unwrap().path(), "");
}

#[test]
fn e15_what_is_for_development_stays_on_loopback() {
    let base = "database_url = \"sqlite:p.db\"\ndevelopment = true\n";
    let cases: [(&str, &[&str]); 4] = [
        (
            "public_origin = \"http://login.example\"\n",
            &["3: public_origin may be http on loopback only"],
        ),
        (
            "public_origin = \"http://localhost\"\nlisten = \"0.0.0.0:8080\"\n",
            &["4: listen must be loopback while development is true"],
        ),
        (
            "public_origin = \"http://localhost\"\nlisten = \"[::]:8080\"\n",
            &["4: listen must be loopback while development is true"],
        ),
        (
            "public_origin = \"http://localhost\"\nlisten = \"[::1]:8080\"\n",
            &[],
        ),
    ];
    for (text, want) in cases {
        assert_eq!(lines(&format!("{base}{text}")), want, "{text}");
    }
}

#[test]
fn production_asks_for_https_and_a_master_key() {
    let text = "public_origin = \"http://127.0.0.1\"\ndatabase_url = \"sqlite:p.db\"\n[keys]\n";
    let said = lines(text);
    assert_eq!(
        said,
        [
            "1: public_origin must be https",
            "3: keys.master_key_file is required unless development is true"
        ]
    );
    let settings = load_with(&production(""), &[], &[]).unwrap();
    assert_eq!(settings.warnings, []);
    let key = parse_master_key(KEY).unwrap();
    assert_eq!(settings.master_key.unwrap().name(), key.name());
}

#[test]
fn a_proxy_that_is_not_trusted_is_mentioned() {
    let paper = production("");
    let settings = load_with(&paper, &[("PLACET_PROXY__TRUSTED", "")], &[]).unwrap();
    let said = settings.warnings[0].to_string();
    assert!(
        said.starts_with("etc/placet.toml:2: warning: listen speaks http behind an https origin"),
        "{said}"
    );
}

#[test]
fn k8_key_and_token_files_are_private() {
    let admin = "[admin]\nlisten = \"127.0.0.1:8081\"\ntoken_file = \"admin.token\"\n[tls]\ncert = \"tls.pem\"\nkey = \"tls.pem\"\n";
    let open = ["etc/master.key", "etc/admin.token", "etc/tls.pem"];
    let paper = open.iter().fold(production(admin), |paper, path| {
        paper.and_mode(path, 0o100_644)
    });
    assert_eq!(
        lines_with(&paper),
        [
            "5: keys.master_key_file names a file that everybody can read: etc/master.key",
            "10: admin.token_file names a file that everybody can read: etc/admin.token",
            "13: tls.key names a file that everybody can read: etc/tls.pem",
        ]
    );
    let group_readable = production(admin).and_mode("etc/master.key", 0o100_640);
    assert_eq!(lines_with(&group_readable), Vec::<String>::new());
}

#[test]
fn files_that_are_missing_or_useless_are_named() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "[tls]\ncert = \"nowhere.pem\"\n",
            &[
                "9: tls.cert names a file that does not exist: etc/nowhere.pem",
                "9: tls.key is missing beside tls.cert",
            ],
        ),
        (
            "[admin]\nlisten = \"127.0.0.1:8081\"\n",
            &["9: admin.token_file is missing beside admin.listen"],
        ),
        (
            "[admin]\nlisten = \"127.0.0.1:8081\"\ntoken_file = \"empty.token\"\n",
            &["10: admin.token_file names an empty file: etc/empty.token"],
        ),
        (
            "[admin]\nlisten = \"127.0.0.1:8081\"\ntoken_file = \"short.token\"\n",
            &["10: warning: admin.token_file holds at most 16 bits, and 128 withstand guessing"],
        ),
        (
            "[admin]\ntoken_file = \"admin.token\"\n",
            &["9: warning: admin.token_file does nothing without admin.listen"],
        ),
        (
            "[theme]\nlogo = \"logo.gif\"\ntemplates = \"pages\"\n",
            &[
                "9: theme.logo must end with .svg, .png or .webp",
                "10: theme.templates names no directory: etc/pages",
            ],
        ),
    ];
    for (text, want) in cases {
        assert_eq!(lines_with(&production(text)), want, "{text}");
    }
}

#[test]
fn the_admin_listener_is_another_and_closed() {
    let cases: [(&str, &[&str]); 3] = [
        (
            "127.0.0.1:8080",
            &["9: admin.listen must differ from listen, which is 127.0.0.1:8080"],
        ),
        (
            "0.0.0.0:8080",
            &[
                "9: warning: admin.listen is reachable from other machines, and the admin API speaks plain HTTP",
                "9: admin.listen must differ from listen, which is 127.0.0.1:8080",
            ],
        ),
        ("127.0.0.1:8081", &[]),
    ];
    for (listen, want) in cases {
        let text = format!("[admin]\nlisten = \"{listen}\"\ntoken_file = \"admin.token\"\n");
        assert_eq!(lines_with(&production(&text)), want, "{listen}");
    }
}

#[test]
fn values_have_types_and_bounds() {
    expect_problems(&[
        (
            "types",
            "[limits]\npending_total = \"5\"\nconnections = 1.5\nheader_read_s = 1979-05-27\n",
            &[
                "5: limits.pending_total must be a whole number, not text",
                "6: limits.connections must be a whole number, not a fraction",
                "7: limits.header_read_s must be a whole number, not a date",
            ],
        ),
        (
            "bounds",
            "[lifetimes]\nauthorization_code = 601\ndevice_code = -1\n",
            &[
                "5: lifetimes.authorization_code must be from 1 to 600",
                "6: lifetimes.device_code must be from 1 to 3600",
            ],
        ),
        (
            "section is no table",
            "limits = 5\n",
            &["4: limits must be a table, not a number"],
        ),
        (
            "list is no list",
            "clients = 5\n[people]\n",
            &[
                "4: clients must be a list of tables",
                "5: people must be a list of tables",
            ],
        ),
        (
            "no effect",
            "[lifetimes]\nrefresh_token = 60\nrefresh_token_idle = 61\n",
            &[
                "6: warning: lifetimes.refresh_token_idle is above lifetimes.refresh_token and has no effect",
            ],
        ),
        (
            "filter",
            "[log]\nfilter = \"info,placet=lound\"\n",
            &[
                "5: log.filter is no filter: error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5",
            ],
        ),
        (
            "locale",
            "[locale]\ndefault = \"english please\"\n",
            &["5: locale.default must be a language tag, not \"english please\""],
        ),
        (
            "outbound",
            "[outbound]\nallow_private = [\"keys.example\", \"127.0.0.1:9000\", \"a:1/x\", 5]\n",
            &[
                "5: outbound.allow_private must hold texts, not a number",
                "5: outbound.allow_private must hold hosts with a port, not \"keys.example\"",
                "5: outbound.allow_private must hold hosts with a port, not \"a:1/x\"",
            ],
        ),
        (
            "proxy",
            "[proxy]\ntrusted = [\n  \"10.0.0.1/8\",\n  \"10.0.0.0/33\",\n  \"::/0\",\n]\n",
            &[
                "6: proxy.trusted holds \"10.0.0.1/8\", an address inside of a network",
                "7: proxy.trusted holds \"10.0.0.0/33\", which is not a network",
            ],
        ),
    ]);
}

#[test]
fn databases_of_other_kinds_are_refused() {
    let cases = [
        (
            "mysql://db/placet",
            "database_url must begin with sqlite: or postgres:",
        ),
        (
            "sqlite::memory:",
            "database_url must name a file and nothing else",
        ),
        (
            "sqlite:p.db?mode=ro",
            "database_url must name a file and nothing else",
        ),
        ("sqlite:", "database_url names no file"),
        ("p.db", "database_url must begin with sqlite: or postgres:"),
    ];
    for (url, want) in cases {
        let text = SMALL.replace("sqlite:p.db", url);
        assert_eq!(lines(&text), [format!("3: {want}")]);
    }
}

#[test]
fn c15_a_database_url_with_a_password_may_stand_in_a_private_file() {
    let text = SMALL.replace(
        "database_url = \"sqlite:p.db\"",
        "database_url_file = \"database.url\"",
    );
    let paper = || {
        Paper::with(&[
            ("etc/placet.toml", &text),
            ("etc/database.url", "postgres://u:hidden@db/placet\n"),
        ])
    };
    let settings = load_with(&paper(), &[], &[]).unwrap();
    assert_eq!(
        settings.database.place.to_string(),
        "postgres://db:5432/placet"
    );
    assert!(!format!("{settings:?}").contains("hidden"));
    let key = std::path::Path::new("etc/placet.toml.development-key");
    assert_eq!(settings.database.development_key, key);
    let open = lines_with(&paper().and_mode("etc/database.url", 0o100_644));
    assert_eq!(
        open,
        ["3: database_url_file names a file that everybody can read: etc/database.url"]
    );
    let both = load_with(&paper(), &[], &[("database_url", "sqlite:q.db")]).unwrap_err();
    let said = both[0].to_string();
    assert!(said.contains("stands beside database_url"), "{said}");
}

#[test]
fn rfc4632_networks_hold_their_addresses() {
    let cases = [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
    ];
    for (network, address, want) in cases {
        let network = Network::parse(network).unwrap();
        assert_eq!(
            network.contains(address.parse().unwrap()),
            want,
            "{network} {address}"
        );
    }
}

#[test]
fn master_keys_are_32_bytes() {
    let bytes = "0f".repeat(32);
    let too_short = "0f".repeat(31);
    assert!(parse_master_key(&bytes).is_ok());
    assert!(parse_master_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").is_ok());
    for text in [
        "",
        "00",
        &too_short,
        "correct horse battery staple",
        &format!("{bytes}00"),
    ] {
        let fault = parse_master_key(text).unwrap_err();
        assert!(
            text.is_empty() || !fault.message.contains(text),
            "the message repeats the key"
        );
    }
}

#[test]
fn wcag_1_4_3_contrast_is_that_of_the_standard() {
    let black = Colour {
        red: 0,
        green: 0,
        blue: 0,
    };
    assert!((black.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
    let grey = Colour::parse("#767676").unwrap();
    assert!((grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01);
    for text in ["red", "#12345", "#12345g", "#éé", "#+12345"] {
        assert!(Colour::parse(text).is_err(), "{text}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let secret = Confidential::new("hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "Confidential");
    let admin = "[admin]\nlisten = \"127.0.0.1:8081\"\ntoken_file = \"admin.token\"\n";
    let settings = load_with(&production(admin), &[], &[]).unwrap();
    assert_eq!(settings.admin.as_ref().unwrap().token.reveal(), KEY.trim());
    assert!(!format!("{settings:?}").contains(KEY.trim()));
}

#[test]
fn t20_strength_is_length_times_alphabet() {
    let bits = |text: &str| Confidential::new(text.to_owned()).strength_bits();
    assert_eq!(bits(&"0f".repeat(16)), 128);
    assert_eq!(bits("zz"), 9);
    assert!(bits("J6nIqXo3vWlqk0yYb2m4TzRrC7dUe1aF") > 128);
    assert!(bits("correct horse") < 128);
}
