//! Connections as strangers use them: slowly, silently, over TLS, over HTTP/2, and for a long time.
#![expect(
    clippy::disallowed_methods,
    reason = "a real server is waited for in real time"
)]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use placet::{
    app::App,
    config::{Disk, Settings, Sources},
    router::{BodyLimits, Guard, Router, RouterParts, origin::Caller, table::Table},
};
use placet_proof::gnap::CertificateDigest;
use placet_web::face::{Audience, Route};

use crate::{
    certificate::Certificate,
    server::{Directory, Reply, Server, ask, connect_from, settings},
};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const TV: &str = r#"
[[clients]]
client_id = "tv"
token_endpoint_auth_method = "none"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]
"#;

/// Sends a poll that waits for `seconds`.
fn hold(server: &Server, seconds: u32) -> TcpStream {
    let opened = server.post("/device_authorization", "client_id=tv");
    let opened = opened.json();
    let code = opened["device_code"].as_str().unwrap();
    let body = format!(
        "client_id=tv&device_code={code}&grant_type=urn:ietf:params:oauth:grant-type:device_code"
    );
    let request = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nPrefer: wait={seconds}\r\n{FORM}Content-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    let mut stream = server.connect();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn metric(server: &Server, name: &str) -> u64 {
    let metrics = ask(&server.admin, "GET", "/metrics", &[], "").body;
    let value = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap().parse().unwrap()
}

fn until(what: &str, limit: Duration, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Beside the request that asks.
fn is_in_flight(server: &Server, count: u64) -> bool {
    metric(server, "placet_http_requests_in_flight") == count + 1
}

#[test]
fn rfc7240_4_3_a_poll_is_held_and_then_told_the_usual() {
    let server = Server::start("held", TV);
    let begun = Instant::now();
    let mut stream = hold(&server, 2);
    let mut bytes = [0; 2048];
    let read = stream.read(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
    assert!(begun.elapsed() >= Duration::from_secs(2), "{text}");
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    assert!(text.contains("preference-applied: wait=2"), "{text}");
    assert!(text.contains("authorization_pending"), "{text}");
}

#[test]
fn a_stop_lets_held_polls_go_with_a_time_to_come_back() {
    let mut server = Server::start("let-go", TV);
    let held: Vec<TcpStream> = (0..20).map(|_| hold(&server, 30)).collect();
    until("all are held", Duration::from_secs(5), || {
        is_in_flight(&server, 20)
    });
    let begun = Instant::now();
    server.terminate();
    for stream in held {
        let reply = Reply::read(&stream);
        assert_eq!(reply.status, 400, "{reply:?}");
        assert_eq!(reply.json()["error"], "authorization_pending");
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=5).contains(&seconds), "{reply:?}");
    }
    assert!(server.wait().success());
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_client_that_hangs_up_is_forgotten_at_once() {
    let server = Server::start("hang-up", TV);
    let held: Vec<TcpStream> = (0..10).map(|_| hold(&server, 30)).collect();
    until("all are held", Duration::from_secs(5), || {
        is_in_flight(&server, 10)
    });
    drop(held);
    until("all are forgotten", Duration::from_secs(2), || {
        is_in_flight(&server, 0)
    });
}

#[test]
fn rfc9110_15_5_9_a_body_that_does_not_come_is_told_so_and_hurts_nobody() {
    let server = Server::start("slow-body", TV);
    let begun = Instant::now();
    let slow: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            let head = format!(
                "POST /token HTTP/1.1\r\nHost: {}\r\n{FORM}Content-Length: 100\r\n\r\ngrant",
                server.address
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let asked = Instant::now();
    assert_eq!(server.ask("GET", DISCOVERY, &[], "").status, 200);
    assert!(asked.elapsed() < Duration::from_secs(2));
    for stream in slow {
        assert_eq!(Reply::read(&stream).status, 408);
    }
    assert!(begun.elapsed() < Duration::from_secs(12));
}

#[test]
fn rfc9112_9_3_an_idle_connection_is_closed_and_a_used_one_is_not() {
    let server = Server::start("idle", "[limits]\nheader_read_s = 2\n");
    let request = format!(
        "GET {DISCOVERY} HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    );
    let mut stream = server.connect();
    let mut bytes = [0; 16 * 1024];
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        assert!(stream.read(&mut bytes).unwrap() > 0);
        std::thread::sleep(Duration::from_secs(1));
    }
    let begun = Instant::now();
    while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[test]
fn e13_a_reader_that_takes_nothing_is_cut_and_hurts_nobody() {
    let more = "[limits]\nresponse_write_s = 1\nrequests_per_source_s = 0\n";
    let server = Server::start("no-reader", more);
    let request = format!(
        "GET {DISCOVERY} HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    );
    let mut greedy = connect_from(Ipv4Addr::new(127, 0, 0, 9), &server.address);
    greedy
        .set_write_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let begun = Instant::now();
    // Answers that nobody takes fill the buffers of both ends; then nothing more is read either.
    let pipelined = request.repeat(200);
    let failed = (0..1_000).any(|_| greedy.write_all(pipelined.as_bytes()).is_err());
    assert!(failed, "the server swallowed everything");
    let others = Instant::now();
    assert_eq!(server.ask("GET", DISCOVERY, &[], "").status, 200);
    assert!(others.elapsed() < Duration::from_secs(2));
    until("the connection is cut", Duration::from_secs(8), || {
        metric(&server, "placet_connections") <= 1
    });
    assert!(begun.elapsed() < Duration::from_secs(25));
}

#[test]
fn e13_connections_beyond_the_cap_are_closed_and_there_is_room_again() {
    let server = Server::start("crowd", "[limits]\nconnections = 16\n");
    let held: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    let mut refused = server.connect();
    let mut rest = Vec::new();
    drop(refused.read_to_end(&mut rest));
    assert!(rest.is_empty());
    drop(held);
    until("room again", Duration::from_secs(5), || {
        server.ask("GET", DISCOVERY, &[], "").status == 200
    });
}

#[tokio::test]
async fn rfc9113_3_3_http_2_with_prior_knowledge_carries_many_requests_on_one_connection() {
    let server = Server::start("h2c", "[limits]\nrequests_per_source_s = 0\n");
    let stream = tokio::net::TcpStream::connect(&server.address)
        .await
        .unwrap();
    let origin = format!("http://{}", server.address);
    many_over_http2(TokioIo::new(stream), &origin).await;
}

/// Thirty requests at once over one connection.
async fn many_over_http2<I>(io: I, origin: &str)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), io)
            .await
            .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let mut sender = sender.clone();
        let request = Request::get(format!("{origin}{DISCOVERY}"))
            .body(Full::default())
            .unwrap();
        answers.spawn(async move {
            sender.ready().await.unwrap();
            let response = sender.send_request(request).await.unwrap();
            let status = response.status();
            (status, response.collect().await.unwrap().to_bytes())
        });
    }
    for (status, body) in answers.join_all().await {
        assert_eq!(status, StatusCode::OK);
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["issuer"], origin);
    }
    tasks.shutdown().await;
}

/// A TLS connection to `address` that trusts `certificate` alone.
async fn over_tls(
    address: &str,
    certificate: &Certificate,
    protocol: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    over_tls_as(address, certificate, protocol, None).await
}

/// The same, by a client with this certificate.
async fn over_tls_as(
    address: &str,
    certificate: &Certificate,
    protocol: &[u8],
    own: Option<&Certificate>,
) -> std::io::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().into()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots);
    let mut config = match own {
        None => config.with_no_client_auth(),
        Some(own) => {
            let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.key_der());
            let chain = vec![own.der().into()];
            config.with_client_auth_cert(chain, key.into()).unwrap()
        }
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = tokio::net::TcpStream::connect(address).await?;
    let name = Ipv4Addr::LOCALHOST.into();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector
        .connect(rustls::pki_types::ServerName::IpAddress(name), stream)
        .await
}

#[tokio::test]
async fn rfc8446_tls_serves_both_versions_of_http_and_follows_a_new_certificate() {
    let (first, second) = (Certificate::new("first"), Certificate::new("second"));
    let files = |of: &Certificate| [("cert.pem", of.pem()), ("key.pem", of.key_pem())];
    let server = Server::start_with("tls", &files(&first), |address, admin| {
        let more = "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n";
        settings(address, admin, more)
            .replace("public_origin = \"http:", "public_origin = \"https:")
    });
    let origin = format!("https://{}", server.address);
    let stream = over_tls(&server.address, &first, b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    many_over_http2(TokioIo::new(stream), &origin).await;

    let stream = over_tls(&server.address, &first, b"http/1.1")
        .await
        .unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let mut get = async || {
        let request = Request::get(DISCOVERY)
            .header("host", server.address.as_str())
            .body(Full::<Bytes>::default())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        response.collect().await.unwrap();
        status
    };
    assert_eq!(get().await, StatusCode::OK);
    assert!(over_tls(&server.address, &second, b"h2").await.is_err());

    // Half a change is no change: the old certificate stays in use until key and certificate fit.
    server.directory.write("key.pem", &second.key_pem());
    server.directory.write("cert.pem", &second.pem());
    let begun = Instant::now();
    while over_tls(&server.address, &second, b"h2").await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            server.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(over_tls(&server.address, &first, b"h2").await.is_err());
    // The connection made before goes on, if it was not idle for too long.
    if begun.elapsed() < Duration::from_secs(8) {
        assert_eq!(get().await, StatusCode::OK);
    }
    tasks.shutdown().await;
}

/// Asks for a grant over a connection of its own: what came back.
async fn ask_for_grant(
    server: &Server,
    authority: &Certificate,
    (own, named): (Option<&Certificate>, &Certificate),
    header: Option<&Certificate>,
) -> (StatusCode, serde_json::Value) {
    let stream = over_tls_as(&server.address, authority, b"http/1.1", own);
    let stream = TokioIo::new(stream.await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let digest = CertificateDigest::of_der(&named.der()).to_string();
    let body = serde_json::json!({
        "access_token": { "access": ["read"] },
        "client": { "key": { "proof": "mtls", "cert#S256": digest } },
        "interact": { "start": ["redirect"] },
    });
    let mut request = Request::post("/gnap")
        .header("host", server.address.as_str())
        .header("content-type", "application/json");
    if let Some(told) = header {
        let told = data_encoding::BASE64.encode(&told.der());
        request = request.header("client-cert", format!(":{told}:"));
    }
    let request = request.body(Full::<Bytes>::from(body.to_string())).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    tasks.shutdown().await;
    (status, serde_json::from_slice(&body).unwrap())
}

/// The key of a client may be that of the certificate with which it connects to this server itself.
///
/// Spec: RFC 9635 §7.3.2
#[tokio::test]
async fn rfc9635_7_3_2_a_client_is_known_by_the_certificate_of_its_connection() {
    let [authority, client, other] = ["server", "client", "other"].map(Certificate::new);
    let files = [
        ("cert.pem", authority.pem()),
        ("key.pem", authority.key_pem()),
    ];
    let server = Server::start_with("client-certificates", &files, |address, admin| {
        let more = "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\nclient_certificates = true\n\n\
                    [gnap]\nenabled = true\n";
        settings(address, admin, more)
            .replace("public_origin = \"http:", "public_origin = \"https:")
    });
    let ask = async |own, header| ask_for_grant(&server, &authority, (own, &client), header).await;
    let (status, told) = ask(Some(&client), None).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert!(told["interact"]["redirect"].is_string(), "{told}");
    // Another one, none, and one that is only told of by somebody who is no proxy.
    for (own, header) in [
        (Some(&other), None),
        (None, None),
        (None, Some(&client)),
        (Some(&other), Some(&client)),
    ] {
        let (status, told) = ask(own, header).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{told}");
        assert_eq!(told["error"]["code"], "invalid_client");
    }
    // Who shows none is served as before.
    let stream = over_tls(&server.address, &authority, b"h2").await.unwrap();
    many_over_http2(TokioIo::new(stream), &format!("https://{}", server.address)).await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_answer_and_nothing_else() {
    let directory = Directory::new("panic");
    directory.write("admin.token", crate::server::ADMIN_TOKEN);
    directory.write("placet.toml", &settings("127.0.0.1:1", "127.0.0.1:2", ""));
    let sources = Sources {
        file: Some(directory.path().join("placet.toml")),
        files: &Disk,
        variables: Vec::new(),
        flags: Vec::new(),
    };
    let app = App::open(Settings::load(&sources).unwrap()).await.unwrap();
    let routes = vec![
        Route::get("/boom", Audience::Public, "-", |_| async {
            panic!("on purpose")
        }),
        Route::get("/fine", Audience::Public, "-", |_| async {
            placet_web::reply::Reply::text(StatusCode::OK, "fine")
        }),
    ];
    let parts = RouterParts {
        guard: Guard::Admin {
            token: app.settings.admin.as_ref().unwrap().token.clone(),
        },
        limits: BodyLimits {
            form_bytes: 1024,
            admin_bytes: 1024,
        },
        store: app.foundation.store.records(),
        health: Arc::clone(&app.health),
        metrics: Arc::clone(&app.metrics),
        run: "run".to_owned(),
    };
    let paths = Arc::new(Router::new(Table::new("", routes).unwrap(), parts));
    let (near, far) = tokio::io::duplex(4096);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let service = hyper::service::service_fn(move |request| {
            let paths = Arc::clone(&paths);
            async move {
                let caller = Caller {
                    peer: Ipv4Addr::LOCALHOST.into(),
                    certificate: None,
                };
                Ok::<_, std::convert::Infallible>(paths.answer(request, caller).await)
            }
        });
        let http = hyper::server::conn::http1::Builder::new();
        drop(http.serve_connection(TokioIo::new(far), service).await);
    });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near))
        .await
        .unwrap();
    tasks.spawn(async move { drop(connection.await) });
    for (path, status) in [
        ("/boom", 500),
        ("/fine", 200),
        ("/boom", 500),
        ("/fine", 200),
    ] {
        let request = Request::get(path).body(Full::<Bytes>::default()).unwrap();
        sender.ready().await.unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        let id = response.headers()["x-request-id"].clone();
        let body = response.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(text.contains(id.to_str().unwrap()), status == 500, "{text}");
        assert!(!text.contains("on purpose"), "{text}");
    }
    tasks.shutdown().await;
}
