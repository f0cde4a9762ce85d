//! The catalogue describes all there is: example and page follow from it.

use std::collections::BTreeSet;
use std::path::Path;

use placet_core::client::ClientMetadata;

use super::{Paper, load, load_with};
use crate::config::catalogue::{self, Fallback, Kind, Setting, Show};
use crate::config::{example, markdown};

const PHC: &str = "people.password_hash";

#[test]
fn the_example_is_valid_as_it_stands() {
    let settings = load(&example()).unwrap();
    assert_eq!(settings.warnings, []);
    assert!(settings.development);
    assert_eq!(settings.clients.len(), 1);
    assert_eq!(settings.people[0].claims["email"], "ada@example.com");
}

/// The example with everything uncommented that does not exclude its neighbour.
fn full_example() -> String {
    let (mut full, mut section) = (String::new(), String::new());
    for line in example().lines() {
        let bare = line.strip_prefix('#');
        let bare = bare.filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        if bare.starts_with('[') {
            bare.trim_matches(['[', ']']).clone_into(&mut section);
        }
        let name = bare.split(" = ").next().unwrap();
        let alternative = catalogue::settings().any(|setting| {
            setting.show == Show::Alternative
                && (setting.section(), setting.name()) == (section.as_str(), name)
        });
        full += if alternative { line } else { bare };
        full.push('\n');
    }
    full
}

fn example_files(text: &str) -> Paper {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    Paper::with(&[
        ("etc/placet.toml", text),
        ("etc/tls/cert.pem", "cert"),
        ("etc/tls/key.pem", "key"),
        ("etc/admin.token", key),
        ("etc/ca.pem", "ca"),
        ("etc/master.key", key),
        ("etc/logo.svg", "<svg/>"),
        ("etc/templates/login.html", "page"),
        ("etc/ada.password", "correct horse battery staple"),
        ("etc/app.secret", key),
        ("etc/idp.secret", key),
        ("etc/other.idp", key),
        ("etc/other.api", key),
    ])
}

#[test]
fn every_value_the_example_shows_is_valid() {
    let text = full_example();
    let settings = load_with(&example_files(&text), &[], &[]).unwrap();
    // A file has no connections and no certificate, and a client of the device grant alone no use for redirect URIs; there
    // is nothing else to say.
    let said: Vec<_> = settings
        .warnings
        .iter()
        .filter_map(|problem| problem.key.as_deref())
        .collect();
    assert_eq!(
        said,
        [
            "database.connections",
            "database.extra_ca",
            "clients.redirect_uris"
        ]
    );
    assert!(settings.tls.is_some() && settings.admin.is_some() && settings.master_key.is_some());
    for setting in catalogue::settings().filter(|setting| setting.show != Show::Alternative) {
        assert!(
            text.contains(&format!("\n{} = ", setting.name())),
            "{} is not shown",
            setting.key
        );
    }
}

#[test]
fn the_alternatives_the_example_shows_are_valid() {
    let hash = catalogue::setting(PHC).unwrap().example;
    let secret = catalogue::setting("clients.client_secret").unwrap().example;
    let text = format!(
        "{}[[people]]\nusername = \"a\"\nsubject = \"u-a\"\npassword_hash = {hash}\n[[people]]\n\
         username = \"b\"\nsubject = \"u-b\"\n\
         password_file = \"ada.password\"\n[[clients]]\nclient_id = \"c\"\nclient_secret = {secret}\n\
         redirect_uris = [\"https://c.example/\"]\n[[clients]]\nclient_id = \"d\"\n\
         client_secret_file = \"app.secret\"\nredirect_uris = [\"https://d.example/\"]\n[[clients]]\n\
         client_id = \"e\"\njwks_uri = {}\ngrant_types = [\"client_credentials\"]\n",
        super::SMALL,
        catalogue::setting("clients.jwks_uri").unwrap().example,
    );
    let settings = load_with(&example_files(&text), &[], &[]).unwrap();
    assert_eq!(settings.warnings, []);
    assert!(
        settings.clients[..2]
            .iter()
            .all(|client| client.secret.is_some())
    );
}

#[test]
fn generated_configuration_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    if std::env::var_os("PLACET_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, markdown()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == markdown(),
        "docs/configuration.md is not current: run `cargo xtask docs`"
    );
}

#[test]
fn every_setting_is_described_once_and_well() {
    let mut keys = BTreeSet::new();
    for setting in catalogue::settings() {
        assert!(
            keys.insert(setting.key),
            "{} stands there twice",
            setting.key
        );
        assert!(
            setting.meaning.ends_with('.'),
            "{} ends without a full stop",
            setting.key
        );
        let section =
            catalogue::section(setting.section()).expect("the section of every setting is listed");
        assert!(
            section.settings.contains(setting),
            "{} stands in another section",
            setting.key
        );
        let has_value = !setting.example.is_empty() || setting.default_text().is_some();
        assert!(has_value, "{} has neither default nor example", setting.key);
        if let (Kind::Number { min, max, .. }, Fallback::Number(default)) =
            (setting.kind, setting.fallback)
        {
            assert!(
                (min..=max).contains(&default),
                "{} has a default out of bounds",
                setting.key
            );
        }
        if let (Kind::Choice(words), Fallback::Text(default)) = (setting.kind, setting.fallback) {
            assert!(
                words.contains(&default),
                "{} has a default it does not accept",
                setting.key
            );
        }
    }
}

/// Writing a value of a wrong type everywhere must be noticed everywhere: a setting that nobody reads is found here.
#[test]
fn every_setting_is_read() {
    for setting in catalogue::settings() {
        let table = match setting.section() {
            "" => String::new(),
            "people.claims" => "[[people]]\n[people.claims]\n".to_owned(),
            section if catalogue::section(section).unwrap().list => format!("[[{section}]]\n"),
            section => format!("[{section}]\n"),
        };
        // No setting is a date.
        let text = format!("{table}{} = 1979-05-27\n", setting.name());
        let problems = load(&text).unwrap_err();
        let noticed = problems
            .iter()
            .any(|problem| problem.key.as_deref() == Some(setting.key));
        assert!(
            noticed,
            "{} is described but nothing reads it: {problems:?}",
            setting.key
        );
    }
}

#[test]
fn rfc7591_2_every_member_of_client_metadata_is_a_setting() {
    let error = serde_json::from_str::<ClientMetadata>(r#"{"no such member": 1}"#)
        .unwrap_err()
        .to_string();
    // serde lists the members it knows between backticks.
    let (_, known) = error.split_once("expected one of").unwrap();
    let known: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
    let beside = [
        "client_id",
        "client_secret",
        "client_secret_file",
        "disabled",
    ];
    let described: BTreeSet<&str> = catalogue::settings()
        .filter(|setting| setting.section() == "clients")
        .map(Setting::name)
        .filter(|name| !beside.contains(name))
        .collect();
    assert_eq!(described, known);
}

#[test]
fn the_page_of_defaults_names_every_number_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/defaults.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut named = BTreeSet::new();
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (key, rest) = row.split_once("` | ").unwrap();
        let (default, rest) = rest.split_once(" | ").unwrap();
        let setting = catalogue::setting(key).unwrap_or_else(|| panic!("{key} is no setting"));
        assert_eq!(
            setting.fallback,
            Fallback::Number(default.parse().unwrap()),
            "{key}"
        );
        let Kind::Number { unit, .. } = setting.kind else {
            panic!("{key} is no number");
        };
        let seconds = rest.starts_with("seconds |");
        assert_eq!(seconds, unit == catalogue::Unit::Seconds, "{key}");
        assert!(named.insert(key), "{key} stands there twice");
    }
    for setting in catalogue::settings() {
        let number = matches!(setting.fallback, Fallback::Number(_));
        assert!(
            !number || named.contains(setting.key),
            "{} is missing",
            setting.key
        );
    }
}
