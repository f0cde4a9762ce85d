//! The outbound client against real sockets on loopback.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::*;
use placet_core::time::{Lifetime, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const EMPTY_SET: &str = r#"{"keys":[]}"#;

/// A server on loopback that counts its visitors, until the test ends.
struct Peer {
    port: u16,
    visits: Arc<AtomicUsize>,
    heads: mpsc::Receiver<String>,
}

impl Peer {
    /// Reads each request's head and hands the connection to `answer`, each on a thread of its own.
    fn new(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        let answer = Arc::new(answer);
        let (tell, heads) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let (answer, tell) = (Arc::clone(&answer), tell.clone());
                thread::spawn(move || {
                    let mut head = Vec::new();
                    let mut byte = [0];
                    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                        head.push(byte[0]);
                    }
                    // The test may have ended.
                    drop(tell.send(String::from_utf8_lossy(&head).into_owned()));
                    answer(stream);
                });
            }
        });
        Self {
            port,
            visits,
            heads,
        }
    }

    /// Answers every request with this text.
    fn saying(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(move |mut stream| drop(stream.write_all(text.as_bytes())))
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self) -> String {
        format!("http://{}/keys", self.place())
    }

    /// A client in development that may reach this server and nothing else inside.
    fn client(&self) -> Fetch {
        client(&[&self.place()], true)
    }
}

fn client(allow_private: &[&str], development: bool) -> Fetch {
    Fetch::new(FetchSettings {
        extra_ca: None,
        allow_private: allow_private
            .iter()
            .map(|place| (*place).to_owned())
            .collect(),
        development,
    })
    .unwrap()
}

fn ok(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

impl Fetch {
    /// A document as JSON, so that a test can look into it.
    async fn json(&self, url: &str, limit: usize) -> Result<serde_json::Value, FetchError> {
        let answer = self.get(url, limit).await?;
        serde_json::from_slice(&answer.body).map_err(|_| FetchError::Malformed)
    }
}

async fn error(fetch: &Fetch, url: &str) -> FetchError {
    fetch.json(url, MAX_BODY_BYTES).await.expect_err(url)
}

#[tokio::test]
async fn c13_no_spelling_of_an_address_inside_is_connected_to() {
    let peer = Peer::saying(ok("", "{}"));
    let port = peer.port;
    let fetch = client(&[], true);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "%31%32%37.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "169.254.169.254",
        "2852039166",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fc00::1]",
        "224.0.0.1",
    ] {
        let url = format!("https://{host}:{port}/keys");
        assert_eq!(
            error(&fetch, &url).await,
            FetchError::PrivateAddress,
            "{url}"
        );
    }
    // Not every resolver knows this spelling.
    error(&fetch, &format!("https://localhost.:{port}/keys")).await;
    assert_eq!(peer.visits(), 0);
}

#[tokio::test]
async fn c13_a_name_is_judged_by_the_addresses_that_are_connected_to() {
    // The connector gets its addresses from nowhere else, so a name cannot turn between question and connection.
    let name = || "localhost".parse().unwrap();
    let refused = Resolver { trusted: false }.resolve(name()).await;
    assert!(refused.is_err_and(|error| error.is::<NotPublic>()));
    let found = Resolver { trusted: true }.resolve(name()).await;
    assert!(found.is_ok_and(|addresses| addresses.count() > 0));
}

#[tokio::test]
async fn c13_only_https_without_a_user_is_fetched() {
    let peer = Peer::saying(ok("", "{}"));
    let place = peer.place();
    let fetch = client(&[&place], true);
    for url in [
        "",
        "keys",
        "file:///etc/passwd",
        "ftp://example.com/keys",
        "data:application/json,{}",
        "unix:/run/socket",
        "https:///",
        "http://example.com/keys",
        "http://93.184.216.34/keys",
        "https://ada:secret@example.com/keys",
        "https://ada@example.com/keys",
        &format!("http://user@{place}/keys"),
        &format!("gopher://{place}/keys"),
    ] {
        assert_eq!(error(&fetch, url).await, FetchError::BadUrl, "{url}");
    }
    // Outside development even a listed place is reached by https only.
    let strict = client(&[&place], false);
    assert_eq!(error(&strict, &peer.url()).await, FetchError::BadUrl);
    assert_eq!(peer.visits(), 0);
}

#[tokio::test]
async fn c13_a_listed_place_is_one_host_and_one_port() {
    let peer = Peer::saying(ok("", r#"{"a":1}"#));
    let other = Peer::saying(ok("", "{}"));
    let fetch = peer.client();
    let value = fetch.json(&peer.url(), 100).await.unwrap();
    assert_eq!(value["a"], 1);
    let refused = error(&fetch, &format!("https://{}/keys", other.place())).await;
    assert_eq!(refused, FetchError::PrivateAddress);
    let refused = error(&fetch, &format!("https://localhost:{}/keys", peer.port)).await;
    assert_eq!(refused, FetchError::PrivateAddress);
    assert_eq!((peer.visits(), other.visits()), (1, 0));
}

#[tokio::test]
async fn c13_nothing_of_credentials_is_sent() {
    let peer = Peer::saying(ok("set-cookie: a=b\r\n", "{}"));
    let fetch = peer.client();
    for _ in 0..2 {
        fetch.json(&peer.url(), 100).await.unwrap();
        let head = peer.heads.recv().unwrap().to_ascii_lowercase();
        let names: Vec<_> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name)
            .collect();
        assert!(head.starts_with("get /keys http/1.1\r\n"), "{head}");
        assert!(
            names
                .iter()
                .all(|name| ["accept", "host", "user-agent"].contains(name)),
            "{head}"
        );
    }
}

#[tokio::test]
async fn c13_redirects_are_not_followed() {
    let inside = Peer::saying(ok("", "{}"));
    for code in [301, 302, 303, 307, 308] {
        let target = inside.url();
        let peer = Peer::saying(format!(
            "HTTP/1.1 {code} Elsewhere\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ));
        // Even a target that may be reached is not: nobody listed the way there.
        let fetch = client(&[&peer.place(), &inside.place()], true);
        assert_eq!(error(&fetch, &peer.url()).await, FetchError::Status(code));
    }
    assert_eq!(inside.visits(), 0);
}

#[tokio::test]
async fn c14_answers_have_a_size() {
    let fits = "1".repeat(1000);
    let announced = Peer::saying(ok("", &format!("{fits}1")));
    let lying = Peer::saying("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n");
    let endless = Peer::new(|mut stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut going = stream.write_all(head.as_bytes()).is_ok();
        while going {
            going = stream.write_all(b"4\r\n1111\r\n").is_ok();
        }
    });
    for peer in [announced, lying, endless] {
        let outcome = peer.client().json(&peer.url(), 1000).await;
        assert_eq!(outcome, Err(FetchError::TooLarge));
    }
    let peer = Peer::saying(ok("", "1111111111"));
    assert_eq!(
        peer.client().json(&peer.url(), 10).await.unwrap(),
        1_111_111_111
    );
}

#[tokio::test]
async fn c14_a_slow_answer_ends_at_the_deadline() {
    let silent = Peer::new(|_stream| thread::park());
    let dripping = Peer::new(|mut stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
        let mut going = stream.write_all(head.as_bytes()).is_ok();
        while going {
            thread::sleep(Duration::from_millis(20));
            going = stream.write_all(b"1").is_ok();
        }
    });
    for peer in [silent, dripping] {
        let mut fetch = peer.client();
        fetch.deadline = Duration::from_millis(200);
        assert_eq!(error(&fetch, &peer.url()).await, FetchError::TooSlow);
    }
}

#[tokio::test]
async fn c14_few_requests_to_one_host_are_under_way_and_others_pass_them() {
    let slow = Peer::new(|_stream| thread::park());
    let quick = Peer::saying(ok("", "{}"));
    let fetch = Arc::new(client(&[&slow.place(), &quick.place()], true));
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (fetch, url) = (Arc::clone(&fetch), slow.url());
        waiting.spawn(async move { fetch.json(&url, 100).await });
    }
    while slow.visits() < 4 {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        assert!(fetch.json(&quick.url(), 100).await.is_ok());
    }
    assert_eq!(slow.visits(), 4);
}

#[tokio::test]
async fn c14_when_too_many_wait_nobody_else_does() {
    let slow = Peer::new(|_stream| thread::park());
    let mut fetch = slow.client();
    fetch.deadline = Duration::from_millis(300);
    let fetch = Arc::new(fetch);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (fetch, url) = (Arc::clone(&fetch), slow.url());
        waiting.spawn(async move { fetch.json(&url, 100).await });
    }
    let outcomes = waiting.join_all().await;
    let busy = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(FetchError::Busy));
    assert_eq!(busy.count(), 200 - 64);
    // Their turns are given back.
    let quick = Peer::saying(ok("", "{}"));
    let outcome = quick.client().json(&quick.url(), 100).await;
    assert!(outcome.is_ok());
    assert_eq!(error(&fetch, &slow.url()).await, FetchError::TooSlow);
}

#[tokio::test]
async fn what_is_no_answer_is_unreachable() {
    let gone = Peer::new(drop);
    let outcome = error(&gone.client(), &gone.url()).await;
    assert!(matches!(outcome, FetchError::Unreachable(_)), "{outcome}");
}

#[tokio::test]
async fn rfc9110_9_2_2_a_kept_connection_that_breaks_is_no_failure_of_the_other_side() {
    let broken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&broken);
    // Says that it keeps the connection, and ends it at the next request.
    let peer = Peer::new(move |mut stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
        if matches!(stream.read(&mut [0; 16]), Ok(1..)) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let fetch = peer.client();
    for _ in 0..20 {
        let document = fetch.document(&peer.url(), 8).await.unwrap();
        assert_eq!(&document[..], b"{}");
    }
    assert!(broken.load(Ordering::SeqCst) > 0, "one was used again");
}

/// A server with a certificate of the test authority for `localhost`.
fn secure_peer() -> Peer {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let certificate = include_bytes!("../../tests/edge/localhost.pem");
    let key = include_bytes!("../../tests/edge/localhost.key");
    let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heads) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut head = [0; 4096];
            // A client that does not trust us goes away.
            if let Ok(length) = stream.read(&mut head) {
                drop(tell.send(String::from_utf8_lossy(&head[..length]).into_owned()));
                drop(stream.write_all(ok("", "{}").as_bytes()));
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
    });
    Peer {
        port,
        visits: Arc::default(),
        heads,
    }
}

#[tokio::test]
async fn https_trusts_the_listed_authority_and_checks_the_name() {
    let peer = secure_peer();
    let (name, address) = (format!("localhost:{}", peer.port), peer.place());
    let with = |extra_ca: Option<&[u8]>| FetchSettings {
        extra_ca: extra_ca.map(<[u8]>::to_vec),
        allow_private: vec![name.clone(), address.clone()],
        development: false,
    };
    let authority = include_bytes!("../../tests/edge/authority.pem");
    let trusting = Fetch::new(with(Some(authority))).unwrap();
    assert_eq!(
        trusting.json(&format!("https://{name}/keys"), 100).await,
        Ok(serde_json::json!({}))
    );
    // The certificate names `localhost`, not the address.
    let refused = error(&trusting, &format!("https://{address}/keys")).await;
    assert!(matches!(refused, FetchError::Unreachable(_)), "{refused}");
    let plain = Fetch::new(with(None)).unwrap();
    let refused = error(&plain, &format!("https://{name}/keys")).await;
    assert!(
        matches!(
            refused,
            FetchError::Unreachable(_) | FetchError::BadAuthorities(_)
        ),
        "{refused}"
    );
}

#[test]
fn authorities_that_do_not_read_refuse_the_start() {
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let settings = FetchSettings {
            extra_ca: Some(text.as_bytes().to_vec()),
            ..FetchSettings::default()
        };
        assert!(
            matches!(Fetch::new(settings), Err(FetchError::BadAuthorities(_))),
            "{text}"
        );
    }
}

#[tokio::test]
async fn jwks_is_asked_for_once_however_many_want_it() {
    let peer = Peer::new(|mut stream| {
        thread::sleep(Duration::from_millis(50));
        drop(stream.write_all(ok("cache-control: max-age=600\r\n", EMPTY_SET).as_bytes()));
    });
    let fetch = Arc::new(peer.client());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (fetch, url) = (Arc::clone(&fetch), peer.url());
        asking.spawn(async move { fetch.jwks(&url, NOW).await });
    }
    for outcome in asking.join_all().await {
        assert_eq!(outcome.unwrap(), EMPTY_SET);
    }
    assert_eq!(peer.visits(), 1);
    for (seconds, visits) in [(599, 1), (600, 2), (1199, 2)] {
        fetch
            .jwks(&peer.url(), NOW.plus(Lifetime::from_secs(seconds)))
            .await
            .unwrap();
        assert_eq!(peer.visits(), visits, "after {seconds} s");
    }
}

#[tokio::test]
async fn jwks_failures_are_shared_by_those_who_waited_and_not_kept() {
    let peer = Peer::new(|mut stream| {
        thread::sleep(Duration::from_millis(50));
        drop(stream.write_all(ok("", r#"{"keys":"none"}"#).as_bytes()));
    });
    let fetch = Arc::new(peer.client());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (fetch, url) = (Arc::clone(&fetch), peer.url());
        asking.spawn(async move { fetch.jwks(&url, NOW).await });
    }
    for outcome in asking.join_all().await {
        assert_eq!(outcome, Err(FetchError::Malformed));
    }
    assert_eq!(peer.visits(), 1);
    let later = NOW.plus(Lifetime::from_secs(1));
    assert_eq!(
        fetch.jwks(&peer.url(), later).await,
        Err(FetchError::Malformed)
    );
    assert_eq!(peer.visits(), 2);
}

#[tokio::test]
async fn c14_unknown_kids_cause_one_request_in_thirty_seconds() {
    let peer = Peer::saying(ok("cache-control: max-age=600\r\n", EMPTY_SET));
    let fetch = peer.client();
    fetch.jwks(&peer.url(), NOW).await.unwrap();
    for seconds in 0..60 {
        let now = NOW.plus(Lifetime::from_secs(seconds));
        assert_eq!(fetch.jwks_anew(&peer.url(), now).await.unwrap(), EMPTY_SET);
    }
    // The first, and one after thirty seconds.
    assert_eq!(peer.visits(), 2);
}

#[tokio::test]
async fn a_document_is_asked_for_each_time_within_its_limit() {
    let peer = Peer::saying(ok("cache-control: max-age=600\r\n", "{\"id\":1}"));
    let fetch = peer.client();
    for round in 1..=2 {
        let document = fetch.document(&peer.url(), 8).await.unwrap();
        assert_eq!((&document[..], peer.visits()), (&b"{\"id\":1}"[..], round));
    }
    let cut = fetch.document(&peer.url(), 7).await;
    assert_eq!(cut.unwrap_err(), FetchError::TooLarge);
    let absent = Peer::saying("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    for round in 1..=2 {
        let document = absent.client().document(&absent.url(), 8).await;
        assert_eq!(document.unwrap_err(), FetchError::Status(404));
        assert_eq!(absent.visits(), round, "a failure is not kept");
    }
}
