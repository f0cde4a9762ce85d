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
