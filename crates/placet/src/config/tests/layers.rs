//! File, variables and flags: who wins, and what is unknown.

use std::path::PathBuf;

use super::{Paper, SMALL, expect_problems, first_line, lines, load, load_with};
use crate::config::{Disk, Place, Settings, Severity, Sources, render};

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let file = format!(
        "{SMALL}[limits]\npending_total = 30\npending_per_client = 30\npending_per_source = 30\n"
    );
    let paper = Paper::with(&[("etc/placet.toml", &file)]);
    let variables = [
        ("PLACET_LIMITS__PENDING_TOTAL", "40"),
        ("PLACET_LIMITS__PENDING_PER_CLIENT", "40"),
    ];
    let limits = load_with(&paper, &variables, &[("limits.pending_total", "50")])
        .unwrap()
        .limits;
    let found = (
        limits.pending_total,
        limits.pending_per_client,
        limits.pending_per_source,
    );
    assert_eq!(found, (50, 40, 30));
    assert_eq!(limits.connection.form_body_bytes, 65_536);
}

#[test]
fn variables_alone_are_enough() {
    let own = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    let settings = Settings::load(&Sources {
        file: None,
        files: &Paper::default(),
        variables: own(&[
            ("PLACET_PUBLIC_ORIGIN", "http://localhost:9000"),
            ("PLACET_DATABASE_URL", "sqlite:/var/p.db"),
            ("PLACET_DEVELOPMENT", "true"),
            ("PLACET_LISTEN", "127.0.0.1:9000"),
            ("PLACET_PROXY__TRUSTED", "10.0.0.0/8, 192.168.1.1"),
            ("PLACET_CONFIG", "ignored here"),
            ("HOME", "/home/ada"),
        ]),
        flags: Vec::new(),
    })
    .unwrap();
    assert_eq!(settings.public_origin.as_str(), "http://localhost:9000");
    assert_eq!(
        format!("{:?}", settings.trusted_proxies),
        "[10.0.0.0/8, 192.168.1.1/32]"
    );
}

#[test]
fn nothing_at_all_says_what_is_needed() {
    let sources = Sources {
        file: None,
        files: &Paper::default(),
        variables: Vec::new(),
        flags: Vec::new(),
    };
    let problems = Settings::load(&sources).unwrap_err();
    let said: Vec<_> = problems.iter().map(first_line).collect();
    assert_eq!(
        said,
        [
            "settings: public_origin is missing",
            "settings: database_url is missing",
            "settings: keys.master_key_file is required unless development is true",
        ]
    );
}

#[test]
fn unknown_variables_and_flags_name_the_nearest_setting() {
    let paper = Paper::with(&[("etc/placet.toml", SMALL)]);
    let variables = [
        ("PLACET_LIMITS__PENDING_TOTALS", "1"),
        ("PLACET_LIMITS_PENDING_TOTAL", "1"),
        ("PLACET_CLIENTS__CLIENT_ID", "tv"),
        ("PLACET_LIMITS__CONNECTIONS", "many"),
    ];
    let problems = load_with(
        &paper,
        &variables,
        &[("listne", "127.0.0.1:1"), ("people", "ada")],
    )
    .unwrap_err();
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "PLACET_CLIENTS__CLIENT_ID: is no setting\n    [[clients]] can only be declared in the file",
            "PLACET_LIMITS_PENDING_TOTAL: is no setting\n    did you mean PLACET_LIMITS__PENDING_TOTAL?",
            "PLACET_LIMITS__CONNECTIONS: limits.connections must be a whole number, not text",
            "PLACET_LIMITS__PENDING_TOTALS: is no setting\n    did you mean PLACET_LIMITS__PENDING_TOTAL?",
            "flag listne: is no setting\n    did you mean listen?",
            "flag people: is no setting\n    [[people]] can only be declared in the file",
        ]
    );
    assert_eq!(
        problems[0].place,
        Place::Variable("PLACET_CLIENTS__CLIENT_ID".to_owned())
    );
}

#[test]
fn unknown_keys_are_errors_with_line_and_hint() {
    expect_problems(&[
        (
            "misspelled",
            "listne = \"127.0.0.1:1\"\n",
            &["4: listne is no setting"],
        ),
        (
            "section",
            "[limit]\npending_total = 1\n",
            &["4: limit is no setting"],
        ),
        (
            "in a section",
            "[limits]\npending_totle = 1\nzzz = 1\n",
            &[
                "5: limits.pending_totle is no setting",
                "6: limits.zzz is no setting",
            ],
        ),
        (
            "in a list",
            "[[clients]]\nclient_id = \"a\"\ngrant_types = [\"client_credentials\"]\nclient_secret = \
          \"J6nIqXo3vWlqk0yYb2m4TzRrC7dUe1aF\"\nredirect_url = \"x\"\n",
            &["8: clients.redirect_url is no setting"],
        ),
        (
            "at the wrong level",
            "pending_total = 1\n",
            &["4: pending_total is no setting"],
        ),
    ]);
    let problems = load(&format!("{SMALL}[tls]\nlisten = \"127.0.0.1:1\"\n")).unwrap_err();
    let hint = problems[0].hint.as_deref();
    assert_eq!(
        hint,
        Some("listen stands at the top of the file, before the first [section]")
    );
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_file() {
    let text = "public_origin = \"https://login.example/\"\nlisten = \"localhost:80\"\ndatabase_url = 5\n\
                listen = \"127.0.0.1:80\"\n[limits\nconnections = \"many\"\n[log]\nformat = \"jsn\"\n";
    assert_eq!(
        lines(text),
        [
            "etc/placet.toml: keys.master_key_file is required unless development is true",
            "1: public_origin must not end with a slash",
            "2: listen must be an address with a port, not \"localhost:80\"",
            "3: database_url must be text in quotes, not a number",
            "4: not valid TOML: duplicate key",
            "5: not valid TOML: unclosed table, expected `]`",
            "8: log.format must be one of pretty, json",
        ]
    );
}

#[test]
fn problems_print_for_people_and_for_scripts() {
    let problems = load(&format!(
        "{SMALL}[log]\nformat = \"jsn\"\n[theme]\naccent = \"#ffff00\"\n"
    ))
    .unwrap_err();
    assert_eq!(
        render(&problems),
        "etc/placet.toml:5: log.format must be one of pretty, json\n    did you mean json?\n\
         etc/placet.toml:7: warning: theme.accent has a contrast of 1.1 with white; WCAG 2.2 asks for 4.5\n    \
         links and buttons will be hard to read\n\
         1 error, 1 warning.\n"
    );
    assert_eq!(render(&[]), "The settings are valid.\n");
    assert_eq!(
        serde_json::to_string(&problems[0]).unwrap(),
        r#"{"severity":"error","place":{"file":{"path":"etc/placet.toml","line":5}},"key":"log.format","message":"must be one of pretty, json","hint":"did you mean json?"}"#
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_clear_line() {
    let problems = load_with(&Paper::default(), &[], &[("development", "true")]).unwrap_err();
    let said: Vec<_> = problems.iter().map(first_line).collect();
    assert_eq!(said, ["etc/placet.toml: does not exist"]);
}

#[test]
fn relative_paths_start_at_the_file_or_where_the_server_runs() {
    use placet_store::Location;
    let paper = Paper::with(&[("etc/placet.toml", SMALL)]);
    let from_file = load_with(&paper, &[], &[]).unwrap().database.place.location;
    assert_eq!(from_file, Location::Sqlite(PathBuf::from("etc/p.db")));
    let from_flag = load_with(&paper, &[], &[("database_url", "sqlite:q.db")])
        .unwrap()
        .database
        .place
        .location;
    assert_eq!(from_flag, Location::Sqlite(PathBuf::from("q.db")));
}

/// The one test on the real disk and environment: what a binary gets.
#[test]
fn the_disk_tells_modes_and_contents() {
    use crate::config::Files as _;
    let manifest = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let facts = Disk.facts(&manifest).unwrap();
    assert_eq!(facts.bytes, Disk.read(&manifest).unwrap().len() as u64);
    assert!(!facts.directory && Disk.facts(manifest.parent().unwrap()).unwrap().directory);
    let sources = Sources::of_process(Some(manifest.clone()), Vec::new(), &Disk);
    let problems = Settings::load(&sources).unwrap_err();
    assert!(
        problems
            .iter()
            .any(|problem| problem.severity == Severity::Error
                && problem.place
                    == Place::File {
                        path: manifest.clone(),
                        line: Some(1)
                    })
    );
}
