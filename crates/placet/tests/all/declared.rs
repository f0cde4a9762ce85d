//! What the file declares, and what becomes of it once an operator has had a word.

use crate::server::{Server, placet};

const DEVICE: &str = r#"
[[scopes]]
name = "read"
description = { en = "Read" }
[[clients]]
client_id = "tv"
client_secret = "SECRET"
token_endpoint_auth_method = "client_secret_post"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]
scope = "read"
"#;

#[test]
fn h6_what_an_operator_removed_comes_back_only_when_its_declaration_changes() {
    // No subject, so that nothing but the mark keeps the person away.
    let person = "[[people]]\nusername = \"eve\"\npassword = \"correct horse battery\"\n";
    let declared = format!("{DEVICE}\n{person}");
    let server = Server::start("removed", &declared);
    let ask = |server: &Server, secret: &str| {
        let form = format!("client_id=tv&client_secret={secret}&scope=read");
        server.post("/device_authorization", &form).status
    };
    assert_eq!(ask(&server, "SECRET"), 200);
    for words in [
        &["clients", "remove", "tv"][..],
        &["people", "erase", "eve", "--yes"],
    ] {
        assert_eq!(command(&server, words).0, Some(0), "{words:?}");
    }
    let is_back = |server: &Server| {
        let (status, _) = command(server, &["people", "show", "eve"]);
        (ask(server, "SECRET"), status)
    };
    let server = server.restart(&declared);
    assert_eq!(is_back(&server), (401, Some(1)));
    let server = server.restart("");
    assert_eq!(is_back(&server), (401, Some(1)));
    let server = server.restart(&declared);
    assert_eq!(is_back(&server), (401, Some(1)), "the same declaration");
    let changed = declared.replace("eve", "EVE\"\nsubject = \"u-9");
    let changed = changed.replace("SECRET", "another-SECRET");
    let server = server.restart(&changed);
    assert_eq!(ask(&server, "another-SECRET"), 200);
    assert_eq!(command(&server, &["people", "show", "eve"]).0, Some(0));
    let server = server.restart(&declared);
    assert_eq!(ask(&server, "SECRET"), 200, "a change again");
}

#[test]
fn what_is_no_longer_declared_is_listed_and_goes_on() {
    let people = "[[people]]\nusername = \"Eve\"\npassword = \"correct horse battery\"\n";
    let declared = format!("{DEVICE}\n{people}");
    let server = Server::start("undeclared", &declared);
    // One that an operator made was never declared.
    let made = command(
        &server,
        &[
            "clients",
            "add",
            "radio",
            "--public",
            "--grant-type",
            "device",
        ],
    );
    assert_eq!(made.0, Some(0), "{}", made.1);
    let listed = |server: &Server| command(server, &["config", "check", "--store"]);
    let (status, told) = listed(&server);
    assert_eq!(status, Some(0), "{told}");
    assert!(
        told.contains("Whatever was declared once still is."),
        "{told}"
    );
    // The same person in another spelling.
    let server = server.restart(&declared.replace("Eve", "eve"));
    assert!(listed(&server).1.contains("still is."));
    let server = server.restart("");
    let (status, told) = listed(&server);
    assert_eq!(status, Some(0), "{told}");
    for name in ["client tv", "person eve"] {
        let line = format!("No longer declared, and still there: {name}\n");
        assert!(told.contains(&line), "{told}");
    }
    assert!(!told.contains("radio"), "{told}");
    let (_, told) = command(&server, &["config", "check", "--store", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["undeclared"]["clients"], serde_json::json!(["tv"]));
    // Without the store nothing is said about it.
    let (_, told) = command(&server, &["config", "check"]);
    assert!(!told.contains("declared"), "{told}");
    let form = "client_id=tv&client_secret=SECRET&scope=read";
    assert_eq!(server.post("/device_authorization", form).status, 200);
}

/// Runs a command on the store of `server`; its status, and what it said.
fn command(server: &Server, words: &[&str]) -> (Option<i32>, String) {
    let output = placet()
        .args(words)
        .args(["--config", "placet.toml"])
        .current_dir(server.directory.path())
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&told).into_owned(),
    )
}

#[test]
fn a_command_makes_no_store_where_there_is_none() {
    let server = Server::start("typo", "");
    for words in [&["verify"][..], &["clients", "list"], &["events"]] {
        let words = [words, &["--database-url", "sqlite:./typo.db"]].concat();
        let (status, told) = command(&server, &words);
        assert_eq!(status, Some(1), "{told}");
        assert!(told.starts_with("placet: there is no store of "), "{told}");
    }
    let files = std::fs::read_dir(server.directory.path()).unwrap();
    let made = files
        .map(|file| file.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("typo"));
    assert_eq!(made.count(), 0);
}
