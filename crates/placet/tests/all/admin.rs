//! The admin API as an operator's program meets it: who may, what is refused, what is never told.

use std::{net::TcpStream, time::Duration};

use serde_json::{Value, json};

use crate::server::{ADMIN_TOKEN, Reply, Server, ask};

const DECLARED: &str = r#"
[[people]]
username = "ada"
subject = "u-1"
password = "correct horse battery"
[people.claims]
name = "Ada Lovelace"
"#;

/// A server whose operators' listener is there: it opens after the public one.
fn started(name: &str, more: &str) -> Server {
    let server = Server::start(name, more);
    let tries = (0..1_000).find(|_| {
        std::thread::sleep(Duration::from_millis(5));
        TcpStream::connect(&server.admin).is_ok()
    });
    assert!(tries.is_some(), "{}", server.log());
    server
}

fn call(
    server: &Server,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: Option<&Value>,
) -> Reply {
    let token = format!("Bearer {ADMIN_TOKEN}");
    let mut headers = vec![("Authorization", token.as_str())];
    headers.extend(more);
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    ask(&server.admin, method, path, &headers, &body)
}

fn get(server: &Server, path: &str) -> Reply {
    call(server, "GET", path, &[], None)
}

fn post(server: &Server, path: &str, body: &Value) -> Reply {
    call(server, "POST", path, &[], Some(body))
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    let problem = reply.json();
    assert_eq!(problem["code"], code, "{reply:?}");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("urn:placet:admin:{code}"));
    assert_eq!(problem["request_id"].as_str(), reply.header("x-request-id"));
}

#[test]
fn e1_no_path_answers_without_the_token_or_on_the_public_port() {
    let server = started("admin-auth", "");
    let document = get(&server, "/openapi.json").json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 15);
    let mut asked = vec![("GET".to_owned(), "/openapi.json".to_owned())];
    for (path, item) in paths {
        let path: Vec<&str> = path
            .split('/')
            .map(|s| if s.starts_with('{') { "x" } else { s })
            .collect();
        let methods = item.as_object().unwrap().keys();
        asked.extend(methods.map(|method| (method.to_uppercase(), path.join("/"))));
    }
    let cut = format!("Bearer {}", ADMIN_TOKEN.trim_start_matches('l'));
    let longer = format!("Bearer {ADMIN_TOKEN}x");
    let basic = format!("Basic {ADMIN_TOKEN}");
    for (method, path) in &asked {
        for wrong in ["", "Bearer", "Bearer ", &cut, &longer, &basic] {
            let more = [("Authorization", wrong)];
            let reply = ask(&server.admin, method, path, &more, "");
            assert_eq!(reply.status, 401, "{method} {path} {wrong}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
        let right = format!("Bearer {ADMIN_TOKEN}");
        let public = server.ask(method, path, &[("Authorization", &right)], "");
        assert_eq!(public.status, 404, "{method} {path} on the public port");
    }
}

#[test]
fn the_description_is_openapi_3_1_and_has_every_operation() {
    let server = started("admin-openapi", "");
    let document = get(&server, "/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let change = &document["paths"]["/admin/v1/clients/{client_id}"]["put"];
    assert_eq!(change["operationId"], "changeClient");
    let parameters = change["parameters"].as_array().unwrap();
    assert!(
        parameters
            .iter()
            .any(|one| one["name"] == "If-Match" && one["required"] == true)
    );
    let secret = document.pointer("/components/schemas/NewClient/allOf/1/properties/client_secret");
    assert_eq!(secret.unwrap()["writeOnly"], true);
    assert!(
        document
            .pointer("/components/schemas/ClientMetadata/properties/redirect_uris")
            .is_some()
    );
}

#[test]
fn a_client_whose_id_is_a_uri_lives_and_ends() {
    let server = started("admin-clients", "");
    let new = json!({
        "client_id": "https://app.example/x",
        "redirect_uris": ["https://app.example/cb"],
        "first_party": true,
    });
    let added = post(&server, "/admin/v1/clients", &new);
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(
        added.json()["client_secret"].as_str().map(str::len),
        Some(43)
    );
    let path = added.header("location").unwrap().to_owned();
    assert_eq!(path, "/admin/v1/clients/~aHR0cHM6Ly9hcHAuZXhhbXBsZS94");
    refused(&post(&server, "/admin/v1/clients", &new), 409, "taken");

    let read = get(&server, &path);
    assert_eq!(read.header("etag"), Some("\"1\""));
    assert_eq!(read.json()["client_id"], "https://app.example/x");
    assert!(
        read.json().get("client_secret").is_none(),
        "a secret is told once"
    );

    let change = json!({ "client_name": "X", "redirect_uris": ["https://app.example/cb"] });
    let put = |tag: Option<&str>| {
        let more: Vec<_> = tag.map(|tag| ("If-Match", tag)).into_iter().collect();
        call(&server, "PUT", &path, &more, Some(&change))
    };
    refused(&put(None), 428, "version_needed");
    refused(&put(Some("\"7\"")), 412, "stale");
    refused(&put(Some("W/\"1\"")), 412, "stale");
    let changed = put(Some("\"1\""));
    assert_eq!(
        (changed.status, changed.header("etag")),
        (200, Some("\"2\""))
    );
    assert!(
        changed.json().get("first_party").is_none(),
        "a replacement keeps nothing by accident"
    );
    refused(&put(Some("\"1\"")), 412, "stale");

    let secret = post(
        &server,
        &format!("{path}/secret"),
        &json!({ "keep_last": true }),
    );
    assert_eq!(secret.json()["secrets"], 2);
    assert_eq!(call(&server, "DELETE", &path, &[], None).status, 204);
    refused(&get(&server, &path), 404, "not_found");
}

#[test]
fn e10_what_does_not_exist_or_breaks_rules_is_refused_with_every_reason() {
    let server = started("admin-refuses", DECLARED);
    let clients = "/admin/v1/clients";
    let unknown = json!({ "client_id": "x", "skip_consent": true });
    refused(&post(&server, clients, &unknown), 422, "invalid");
    let bad = json!({
        "redirect_uris": ["javascript:alert(1)", "http://app.example/cb"],
        "client_name": "a\u{202e}b",
        "scope": "re\"ad",
        "jwks_uri": "http://127.0.0.1/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "id_token_signed_response_alg": "none",
    });
    let reply = post(&server, clients, &bad);
    // Development allows http on loopback for keys.
    refused(&reply, 422, "invalid");
    let members: Vec<String> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flaw| flaw["member"].as_str().unwrap().to_owned())
        .collect();
    for member in [
        "client_name",
        "redirect_uris",
        "scope",
        "id_token_signed_response_alg",
    ] {
        assert!(
            members.iter().any(|known| known == member),
            "{member} in {members:?}"
        );
    }
}

#[test]
fn e10_each_kind_of_mistake_has_its_code() {
    let server = started("admin-mistakes", DECLARED);
    let clients = "/admin/v1/clients";
    refused(
        &post(
            &server,
            clients,
            &json!({ "client_secret": "short", "grant_types": ["client_credentials"] }),
        ),
        422,
        "invalid",
    );
    refused(
        &post(
            &server,
            "/admin/v1/people",
            &json!({ "username": "x", "admin": true }),
        ),
        400,
        "malformed",
    );
    refused(
        &post(
            &server,
            "/admin/v1/people",
            &json!({ "username": "x", "claims": { "role": "root" } }),
        ),
        422,
        "invalid",
    );
    refused(&post(&server, clients, &json!([])), 400, "malformed");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    refused(
        &call(&server, "POST", clients, &form, None),
        415,
        "media_type",
    );
    refused(
        &get(&server, "/admin/v1/clients?sort=name"),
        400,
        "malformed",
    );
    refused(
        &get(&server, "/admin/v1/clients?limit=501"),
        400,
        "malformed",
    );
    refused(
        &get(&server, "/admin/v1/events?kind=nothing"),
        422,
        "invalid",
    );
    refused(
        &call(&server, "POST", "/admin/v1/keys/HS256/rotate", &[], None),
        422,
        "invalid",
    );
    refused(&get(&server, "/admin/v1/requests/req_1"), 404, "not_found");
}

#[test]
fn t15_a_client_id_and_a_subject_are_never_the_same() {
    let server = started("admin-t15", DECLARED);
    let own = json!({ "client_id": "u-1", "grant_types": ["client_credentials"] });
    refused(&post(&server, "/admin/v1/clients", &own), 409, "taken");
    let own = json!({ "client_id": "svc", "grant_types": ["client_credentials"] });
    assert_eq!(post(&server, "/admin/v1/clients", &own).status, 201);
    let person = json!({ "username": "x", "subject": "svc" });
    refused(&post(&server, "/admin/v1/people", &person), 409, "taken");
}

#[test]
fn e5_a_cursor_is_good_for_its_own_list_alone() {
    let server = started("admin-cursors", "");
    for name in ["a", "b", "c", "d", "e"] {
        let new = json!({ "client_id": name, "grant_types": ["client_credentials"] });
        assert_eq!(post(&server, "/admin/v1/clients", &new).status, 201);
        assert_eq!(
            post(&server, "/admin/v1/people", &json!({ "username": name })).status,
            201
        );
    }
    let mut seen = Vec::new();
    let mut path = "/admin/v1/clients?limit=2".to_owned();
    loop {
        let page = get(&server, &path).json();
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|one| one["client_id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/admin/v1/clients?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    let next = |list: &str| {
        get(&server, &format!("/admin/v1/{list}?limit=1")).json()["next"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (clients, people, events) = (next("clients"), next("people"), next("events"));
    let mut forged = clients.clone().into_bytes();
    forged[3] = if forged[3] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for (list, cursor) in [
        ("clients", people.as_str()),
        ("people", &clients),
        ("events", &clients),
        ("requests", &events),
        ("clients", &forged),
        ("clients", "'%20OR%201=1--"),
        ("clients", ""),
    ] {
        refused(
            &get(&server, &format!("/admin/v1/{list}?after={cursor}")),
            400,
            "bad_cursor",
        );
    }
}

#[test]
fn e7_no_answer_tells_a_secret() {
    let server = started("admin-secrets", DECLARED);
    let new = json!({ "client_id": "svc", "grant_types": ["client_credentials"] });
    assert_eq!(post(&server, "/admin/v1/clients", &new).status, 201);
    for list in [
        "clients",
        "people",
        "events",
        "requests",
        "keys",
        "people/ada",
        "people/ada/sessions",
        "people/ada/grants",
    ] {
        let reply = get(&server, &format!("/admin/v1/{list}"));
        assert_eq!(reply.status, 200, "{list}");
        for secret in [
            "argon2",
            "password_hash",
            "private",
            "sealed",
            "wrapped",
            "\"hash\"",
            "\"d\":",
        ] {
            assert!(
                !reply.body.contains(secret),
                "{list} tells {secret}: {}",
                reply.body
            );
        }
    }
}

#[test]
fn a_person_is_added_changed_and_erased() {
    let server = started("admin-people", DECLARED);
    let new = json!({ "username": "Grace@example.com", "password": "long enough", "claims": { "name": "Grace" } });
    let added = post(&server, "/admin/v1/people", &new);
    assert_eq!(added.status, 201, "{added:?}");
    let path = added.header("location").unwrap().to_owned();
    let claims = json!({ "claims": { "name": "Grace Hopper", "email_verified": true } });
    let changed = call(
        &server,
        "PUT",
        &path,
        &[("If-Match", "\"1\"")],
        Some(&claims),
    );
    assert_eq!(changed.json()["claims"]["name"], "Grace Hopper");
    let password = json!({ "password": "even longer" });
    let changed = call(
        &server,
        "PUT",
        &format!("{path}/password"),
        &[],
        Some(&password),
    );
    assert!(
        changed.json()["not_before"].is_string(),
        "sign-ins end with the old password"
    );
    let weak = json!({ "password": "short" });
    refused(
        &call(
            &server,
            "PUT",
            &format!("{path}/password"),
            &[],
            Some(&weak),
        ),
        422,
        "invalid",
    );
    for verb in ["disable", "enable"] {
        let reply = call(&server, "POST", &format!("{path}/{verb}"), &[], None);
        assert_eq!(reply.json()["disabled"], verb == "disable");
    }
    let erased = call(&server, "DELETE", &path, &[], None).json();
    assert_eq!(
        (&erased["erased"], &erased["username"], &erased["claims"]),
        (&true.into(), &"".into(), &json!({}))
    );
    assert_eq!(get(&server, &path).json()["has_password"], false);
    let everyone = get(&server, "/admin/v1/people").body;
    assert!(!everyone.contains("race"), "{everyone}");
    refused(
        &call(
            &server,
            "PUT",
            &path,
            &[("If-Match", "\"9\"")],
            Some(&claims),
        ),
        422,
        "invalid",
    );
}

#[test]
fn e13_a_document_of_more_than_a_mebibyte_is_refused() {
    let server = started("admin-size", "");
    let large = json!({ "client_id": "x", "client_name": "y".repeat(1 << 20) });
    assert_eq!(post(&server, "/admin/v1/clients", &large).status, 413);
    let fits = json!({ "client_id": "x", "client_name": "y".repeat((1 << 20) - 100) });
    refused(&post(&server, "/admin/v1/clients", &fits), 422, "invalid");
}
