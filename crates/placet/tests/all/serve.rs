//! `placet serve` as strangers meet it: sockets, sizes, spellings, names, stops.
#![expect(
    clippy::disallowed_methods,
    reason = "a real server is waited for in real time"
)]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use crate::server::{ADMIN_TOKEN, Directory, Reply, Server, ask, connect_from, free_port, placet};

const DISCOVERY: &str = "/.well-known/openid-configuration";
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
fn e6_fifty_spellings_of_a_path_name_nothing() {
    let server = Server::start("spellings", "[limits]\nrequests_per_source_s = 0\n");
    let admin = ["metrics", "ready", "live"];
    let known = ["token", "jwks.json", "device", "sign-in", "authorize"];
    let mut spellings: Vec<String> = admin.iter().map(|name| format!("/{name}")).collect();
    for name in known.iter().chain(&admin) {
        for odd in [
            "//NAME",
            "/NAME/",
            "/./NAME",
            "/x/../NAME",
            "/NAME;a=b",
            "/NAME%2f",
            "/%2fNAME",
            "/%2e/NAME",
            "/NAME%00",
            "/NAME%20",
            "/;/NAME",
            "/..;/NAME",
            "\\NAME",
        ] {
            spellings.push(odd.replace("NAME", name));
        }
        spellings.push(format!("/{}", name.to_uppercase()));
        let first = name.as_bytes()[0];
        spellings.push(format!("/%{first:02x}{}", name.split_at(1).1));
    }
    assert!(spellings.len() >= 50);
    for spelling in spellings {
        let reply = server.ask("GET", &spelling, &[], "");
        // A target that is no path at all is not even read.
        assert!(matches!(reply.status, 400 | 404), "{spelling}: {reply:?}");
    }
    assert_eq!(server.ask("GET", DISCOVERY, &[], "").status, 200);
}

#[test]
fn rfc9110_7_4_another_name_is_misdirected() {
    let server = Server::start("names", "");
    for host in ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1"] {
        assert_eq!(
            server.ask("GET", DISCOVERY, &[("Host", host)], "").status,
            421,
            "{host}"
        );
    }
    let target = format!("http://{}{DISCOVERY}", server.address);
    assert_eq!(server.ask("GET", &target, &[], "").status, 200);
    assert_eq!(
        server
            .ask("GET", &target, &[("Host", "evil.example")], "")
            .status,
        421
    );
}

#[test]
fn t12_forwarded_names_and_addresses_change_nothing() {
    let server = Server::start("forwarded", "");
    let plain = server.ask("GET", DISCOVERY, &[], "");
    let spoofed = server.ask(
        "GET",
        DISCOVERY,
        &[
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "host=evil.example;proto=https"),
            ("X-Forwarded-For", "203.0.113.9"),
        ],
        "",
    );
    assert_eq!(plain.json()["issuer"], format!("http://{}", server.address));
    assert_eq!(plain.body, spoofed.body);
}

#[test]
fn rfc9110_15_5_6_a_wrong_method_is_told_the_right_ones() {
    let server = Server::start("methods", "");
    let reply = server.ask("DELETE", "/token", &[], "");
    assert_eq!(
        (reply.status, reply.header("allow")),
        (405, Some("OPTIONS, POST"))
    );
    let reply = server.ask("HEAD", DISCOVERY, &[], "");
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert!(reply.header("x-request-id").is_some());
}

#[test]
fn fetch_3_3_pages_of_other_origins_read_what_is_for_them() {
    let server = Server::start("cors", "");
    let origin = ("Origin", "https://app.example");
    let asks = ("Access-Control-Request-Method", "POST");
    let reply = server.ask("OPTIONS", "/token", &[origin, asks], "");
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert!(reply.header("access-control-allow-credentials").is_none());
    for person in ["/sign-in", "/account", "/device"] {
        let reply = server.ask("OPTIONS", person, &[origin, asks], "");
        assert_eq!(reply.status, 405, "{person}");
        let reply = server.ask("GET", person, &[origin], "");
        assert!(
            reply.header("access-control-allow-origin").is_none(),
            "{person}"
        );
    }
}

/// What a page of another origin can read of an answer.
fn is_readable_elsewhere(reply: &Reply) -> bool {
    reply.header("access-control-allow-origin") == Some("*")
}

#[test]
fn fetch_3_3_refusals_before_the_handler_can_be_read_too_and_are_oauth_errors() {
    let server = Server::start("refusals", "[limits]\nrequests_per_source_s = 20\n");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let large = format!("a={}", "x".repeat(64 * 1024));
    let too_large = server.ask("POST", "/token", &[form], &large);
    let other_method = server.ask("PUT", "/revoke", &[], "");
    for (reply, status) in [(&too_large, 413), (&other_method, 405)] {
        assert_eq!(reply.status, status);
        assert!(is_readable_elsewhere(reply), "{reply:?}");
        assert_eq!(reply.json()["error"], "invalid_request", "{reply:?}");
    }
    let refused = (0..200)
        .map(|_| server.ask("POST", "/token", &[form], "a=b"))
        .find(|reply| reply.status == 429)
        .unwrap();
    assert!(is_readable_elsewhere(&refused), "{refused:?}");
    assert_eq!(refused.json()["error"], "temporarily_unavailable");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn rfc9110_15_5_people_get_pages_and_programs_a_line() {
    let server = Server::start("wrong-turns", "");
    let browser = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("PUT", "/account", 405),
        ("PUT", "/authorize", 405),
    ] {
        let page = server.ask(method, path, &[browser, ("Accept-Language", "de")], "");
        assert_eq!(page.status, status, "{path}");
        assert!(page.body.contains("<html lang=\"de\""), "{page:?}");
        assert!(page.header("content-security-policy").is_some(), "{path}");
        let line = server.ask(method, path, &[], "");
        assert_eq!(line.status, status, "{path}");
        assert_eq!(
            line.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    let elsewhere = server.ask("GET", "/", &[browser, ("Host", "evil.example")], "");
    assert!(!elsewhere.body.contains("<html"), "{elsewhere:?}");
    let start = server.ask("GET", "/", &[browser], "");
    assert_eq!(
        (start.status, start.header("location")),
        (303, Some("/account"))
    );
}

#[test]
fn rfc9110_9_3_2_a_look_at_an_authorization_address_opens_nothing() {
    let server = Server::start("previews", "");
    let reply = server.ask("HEAD", "/authorize?client_id=tv", &[], "");
    assert_eq!(
        (reply.status, reply.header("allow")),
        (405, Some("GET, POST"))
    );
}

#[test]
fn e13_large_heads_and_bodies_are_refused() {
    let server = Server::start("sizes", "");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let large = format!("a={}", "x".repeat(64 * 1024));
    assert_eq!(server.ask("POST", "/token", &[form], &large).status, 413);
    let chunked = ("Transfer-Encoding", "chunked");
    let mut stream = server.connect();
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}: {}\r\n{}: {}\r\n\r\n",
        server.address, form.0, form.1, chunked.0, chunked.1
    );
    stream.write_all(head.as_bytes()).unwrap();
    let piece = format!("{:x}\r\n{}\r\n", 8 * 1024, "x".repeat(8 * 1024));
    for _ in 0..12 {
        drop(stream.write_all(piece.as_bytes()));
    }
    assert_eq!(Reply::read(&stream).status, 413);
    let head = "x".repeat(20 * 1024);
    assert_eq!(
        server
            .ask("GET", DISCOVERY, &[("X-Long", &head)], "")
            .status,
        431
    );
    assert_eq!(server.ask("GET", DISCOVERY, &[], "body").status, 413);
    assert_eq!(server.ask("GET", DISCOVERY, &[], "").status, 200);
}

#[test]
fn e13_slow_and_silent_connections_end_and_leave_room() {
    let server = Server::start("slow", "[limits]\nheader_read_s = 5\nconnections = 32\n");
    // Everything below happens within the time a silent connection may last.
    let begun = Instant::now();
    let silent: Vec<TcpStream> = (0..24).map(|_| server.connect()).collect();
    let mut slow = connect_from(Ipv4Addr::new(127, 0, 0, 3), &server.address);
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let mut preface = connect_from(Ipv4Addr::new(127, 0, 0, 3), &server.address);
    preface.write_all(b"PRI * HTT").unwrap();
    // One source holds half of the places at most, so another gets in.
    let mut other = connect_from(Ipv4Addr::new(127, 0, 0, 2), &server.address);
    let request = format!(
        "GET {DISCOVERY} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address
    );
    other.write_all(request.as_bytes()).unwrap();
    assert_eq!(Reply::read(&other).status, 200);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    for mut stream in silent.into_iter().chain([slow, preface]) {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(server.ask("GET", DISCOVERY, &[], "").status, 200);
}

#[test]
fn rfc6585_4_a_source_that_asks_too_often_waits() {
    let server = Server::start("rate", "[limits]\nrequests_per_source_s = 5\n");
    let replies: Vec<Reply> = (0..40)
        .map(|_| server.ask("GET", DISCOVERY, &[], ""))
        .collect();
    let refused: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(!refused.is_empty());
    for reply in refused {
        assert!(reply.header("retry-after").is_some(), "{reply:?}");
    }
    let mut other = connect_from(Ipv4Addr::new(127, 0, 0, 2), &server.address);
    let request = format!(
        "GET {DISCOVERY} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address
    );
    other.write_all(request.as_bytes()).unwrap();
    assert_eq!(Reply::read(&other).status, 200);
}

#[test]
fn a_stop_finishes_what_is_in_flight() {
    let mut server = Server::start("drain", DEVICE);
    let idle = server.connect();
    let mut stream = server.connect();
    let form = "client_id=tv&client_secret=SECRET&scope=read";
    let head = format!(
        "POST /device_authorization HTTP/1.1\r\nHost: {}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        server.address,
        form.len()
    );
    let (first, rest) = form.split_at(10);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    server.terminate();
    while TcpStream::connect(&server.address).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5), "still accepts");
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.write_all(rest.as_bytes()).unwrap();
    let reply = Reply::read(&stream);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.json()["device_code"].is_string());
    assert!(server.wait().success());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    drop(idle);
}

#[test]
fn a_stop_does_not_wait_for_a_body_that_never_ends() {
    let mut server = Server::start("drain-slow", DEVICE);
    let mut stream = server.connect();
    let head = format!(
        "POST /device_authorization HTTP/1.1\r\nHost: {}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nclient_id",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    server.terminate();
    assert!(server.wait().success());
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "killed before it ended: {took:?}"
    );
}

#[test]
fn operators_see_health_and_metrics_and_nobody_else_does() {
    let server = Server::start("health", "");
    let get = |target: &str| ask(&server.admin, "GET", target, &[], "");
    assert_eq!(get("/live").json()["live"], true);
    let ready = get("/ready");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &true.into()));
    server.ask("GET", DISCOVERY, &[], "");
    server.ask("GET", "/interaction/secret-path-value", &[], "");
    let metrics = get("/metrics").body;
    let counted = format!(
        "placet_http_requests_total{{method=\"GET\",route=\"{DISCOVERY}\",status=\"200\"}} "
    );
    assert!(metrics.contains(&counted), "{metrics}");
    assert!(!metrics.contains("secret-path-value"));
    for target in ["/live", "/ready", "/metrics"] {
        assert_eq!(server.ask("GET", target, &[], "").status, 404, "{target}");
    }
}

#[test]
fn c15_no_code_reaches_the_log() {
    let mut server = Server::start("log", DEVICE);
    server.ask("GET", "/device?user_code=WDJB-MJHT&x=query-secret", &[], "");
    let asked = server.post(
        "/device_authorization",
        "client_id=tv&client_secret=SECRET&scope=read",
    );
    let code = asked.json()["device_code"].as_str().unwrap().to_owned();
    let user_code = asked.json()["user_code"].as_str().unwrap().to_owned();
    let basic = ("Authorization", "Basic dHY6U0VDUkVU");
    server.ask(
        "GET",
        &format!("/device?user_code={user_code}"),
        &[basic],
        "",
    );
    server.post("/token", &format!("client_id=tv&client_secret=SECRET&device_code={code}&grant_type=urn:ietf:params:oauth:grant-type:device_code"));
    // Lines are written a moment after their answer, and all of them before the end.
    server.stop();
    let log = server.log();
    assert!(log.contains("/device_authorization"), "{log}");
    for secret in [
        &code,
        &user_code,
        "WDJB",
        "query-secret",
        "SECRET",
        "dHY6U0VDUkVU",
        ADMIN_TOKEN,
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn a_declaration_is_applied_when_it_changes() {
    let server = Server::start("declared", DEVICE);
    let ask = |server: &Server, secret: &str| {
        let form = format!("client_id=tv&client_secret={secret}&scope=read");
        server.post("/device_authorization", &form).status
    };
    assert_eq!((ask(&server, "SECRET"), ask(&server, "other")), (200, 401));
    let server = server.restart(DEVICE);
    assert_eq!(ask(&server, "SECRET"), 200);
    let server = server.restart(&DEVICE.replace("SECRET", "other"));
    assert_eq!((ask(&server, "SECRET"), ask(&server, "other")), (401, 200));
    let server = server.restart("");
    assert_eq!(
        ask(&server, "other"),
        200,
        "what is no longer declared stays"
    );
}

#[test]
fn wrong_settings_are_told_at_once_with_their_lines() {
    let directory = Directory::new("wrong");
    directory.write(
        "placet.toml",
        "public_origin = \"http://login.example\"\nlissen = \"x\"\n",
    );
    let output = placet()
        .args(["serve", "--config", "placet.toml"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{text}");
    for wanted in ["placet.toml:2", "lissen", "database_url"] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
}

#[test]
fn another_master_key_refuses_to_start() {
    let directory = Directory::new("master");
    let port = free_port();
    directory.write(
        "placet.toml",
        &format!(
            "public_origin = \"https://login.example\"\nlisten = \"127.0.0.1:{port}\"\n\
             database_url = \"sqlite:placet.db\"\n[keys]\nmaster_key_file = \"master.key\"\n"
        ),
    );
    directory.write("master.key", &"01".repeat(32));
    let address = format!("127.0.0.1:{port}");
    let mut command = placet();
    command
        .args(["serve", "--config", "placet.toml"])
        .current_dir(directory.path());
    let mut first = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while TcpStream::connect(&address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    let host = [("Host", "login.example")];
    let reply = ask(&address, "GET", DISCOVERY, &host, "");
    assert_eq!(reply.json()["issuer"], "https://login.example");
    first.kill().unwrap();
    first.wait().unwrap();
    directory.write("master.key", &"02".repeat(32));
    let output = command
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("master key"), "{text}");
}
