//! Tenants after a restart: what counts against their limits, and what is owed in their name.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::Output,
    sync::Arc,
    time::Duration,
};

use placet::app::App;
use placet_core::{
    callback::{Callback, Message},
    client::Client,
    engine::Engine,
    id::Id,
    pending::FaceName,
    store::{Name, Record},
    tenant::Tenant,
    time::Lifetime,
};
use placet_gnap::realm::Tenants as _;
use serde_json::{Value, json};

#[cfg(feature = "postgres-tests")]
use crate::threats::nodes::Pair;
use crate::{
    payments_admin::{
        ONE, OTHER_SECRET, OWN, SECRET, TWO, add, beside, call, settings, started, stored,
    },
    server::{Server, placet},
    stored,
};

const ANSWER_LIMIT: Duration = Duration::from_secs(15);

fn payments(more: &str) -> String {
    format!("[open_payments]\noperator_tenant = \"{OWN}\"\n{more}")
}

#[test]
fn c10_what_a_tenant_has_open_counts_after_a_restart() {
    let mut server = started("tenants-open");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
    stored(&server, ONE, 3);
    stored(&server, TWO, 1);
    stored(&server, OWN, 2);
    assert!(server.stop().success());
    let settings = settings(server.directory.path());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let app = App::open(settings).await.unwrap();
        for (tenant, open) in [(ONE, 3), (TWO, 1), (OWN, 2)] {
            let id = Tenant::parse_uuid(tenant).unwrap();
            let found = app.tenants.find(id).await.unwrap().unwrap();
            assert_eq!(found.site.engine.open_requests(), open, "{tenant}");
        }
        app.foundation.store.close().await;
    });
}

/// Writes a message that is owed under this issuer.
async fn owe(engine: Arc<Engine>, url: String) {
    let id = Id::random(engine.random());
    let message = Message {
        method: "POST".to_owned(),
        url,
        headers: Vec::new(),
        body: Some("owed".to_owned()),
    };
    let now = engine.store().now();
    let callback = Callback {
        id,
        face: FaceName("gnap".into()),
        request: None,
        client: None,
        message: message.seal(id, engine.vault(), engine.random()),
        created_at: now,
        due_at: now,
        attempts: 0,
        leased_until: None,
        keep_until: now.plus(Lifetime::from_secs(3_600)),
    };
    stored::insert(&engine, Record::Callback(callback)).await;
}

#[test]
fn what_a_tenant_owes_is_sent_after_a_restart_though_nobody_asks_for_it() {
    let mut server = started("tenants-outbox");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = receiver.local_addr().unwrap().to_string();
    assert!(server.stop().success());
    for tenant in [ONE, TWO, OWN] {
        let url = format!("http://{place}/{tenant}");
        beside(server.directory.path(), tenant, async |engine| {
            owe(engine, url).await;
        });
    }
    let outbound = format!("[outbound]\nallow_private = [\"{place}\"]\n");
    let server = server.start_again(&payments(&outbound));
    let mut told: Vec<String> = (0..3)
        .map(|_| {
            let (mut stream, _) = receiver.accept().unwrap();
            stream.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
            let mut head = vec![0; 4_096];
            let length = stream.read(&mut head).unwrap();
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            head.lines().next().unwrap_or_default().to_owned()
        })
        .collect();
    told.sort();
    let mut wanted = [ONE, TWO, OWN].map(|tenant| format!("POST /{tenant} HTTP/1.1"));
    wanted.sort();
    assert_eq!(told, wanted, "{}", server.log());
}

/// Writes a name that stands for nothing.
async fn plant(engine: Arc<Engine>) {
    let name = Name::client("ghost").standing_for(Id::<Client>::random(engine.random()));
    stored::insert(&engine, Record::Name(name)).await;
}

/// What `verify` says of a store on which a violation is planted under a tenant.
fn is_found(directory: &Path, verify: &dyn Fn() -> Output) {
    let good = verify();
    assert!(good.status.success(), "{good:?}");
    beside(directory, ONE, plant);
    let bad = verify();
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let told: Value = serde_json::from_slice(&bad.stdout).unwrap();
    let violations = told["violations"].as_array().unwrap();
    let rules: Vec<_> = violations.iter().map(|one| &one["rule"]).collect();
    assert!(
        rules.contains(&&json!("a name stands for something")),
        "{told}"
    );
    let whose = format!("(tenant {ONE})");
    let of_tenant = |one: &Value| one["what"].as_str().unwrap().contains(&whose);
    assert!(violations.iter().all(of_tenant), "{told}");
}

#[test]
fn verify_finds_what_does_not_hold_under_a_tenant() {
    let mut server = started("tenants-verify");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
    let directory = server.directory.path().to_owned();
    assert!(server.stop().success());
    is_found(&directory, &|| {
        let mut command = placet();
        command.args(["verify", "--json", "--config", "placet.toml"]);
        command.current_dir(&directory).output().unwrap()
    });
}

#[cfg(feature = "postgres-tests")]
#[test]
fn verify_finds_what_does_not_hold_under_a_tenant_of_a_database() {
    let pair = Pair::start_with("tenants-verify", &payments(""));
    let added = pair.both.command(&["tenants", "add", ONE]);
    assert!(added.status.success(), "{added:?}");
    let directory = pair.both.directory.path();
    is_found(directory, &|| pair.both.command(&["verify", "--json"]));
}

#[test]
fn what_no_handler_sees_is_told_in_the_words_of_open_payments() {
    let server = Server::start(
        "tenants-edge",
        &payments("[limits]\nrequests_per_source_s = 2\n"),
    );
    let large = "x".repeat(2_000_000);
    let json = [("Content-Type", "application/json")];
    let endpoint = format!("/op/{OWN}");
    let refused = server.ask("POST", &endpoint, &json, &large);
    assert_eq!(refused.status, 413, "{refused:?}");
    assert_eq!(refused.json()["error"]["code"], "invalid_request");
    assert!(refused.json()["error"]["description"].is_string());
    let busy = (0..50)
        .map(|_| server.ask("POST", &endpoint, &json, "{}"))
        .find(|reply| reply.status == 429)
        .unwrap();
    assert_eq!(busy.json()["error"]["code"], "request_denied", "{busy:?}");
    assert!(busy.header("Retry-After").is_some(), "{busy:?}");
}

#[test]
fn rfc9767_3_1_resource_servers_read_at_the_root_of_an_issuer_with_a_path() {
    let server = Server::start_with("tenants-path", &[], |address, admin| {
        let text = crate::server::settings(address, admin, "[gnap]\nenabled = true\n");
        let origin = format!("public_origin = \"http://{address}");
        text.replace(&origin, &format!("{origin}/id"))
    });
    let endpoint = format!("http://{}/id/gnap", server.address);
    for path in ["/.well-known/gnap-as-rs", "/.well-known/gnap-as-rs/id"] {
        let told = server.ask("GET", path, &[], "");
        assert_eq!(told.status, 200, "{path}");
        assert_eq!(told.json()["grant_request_endpoint"], endpoint, "{path}");
    }
    let below = server.ask("GET", "/id/.well-known/gnap-as-rs", &[], "");
    assert_eq!(below.status, 404);
}

#[test]
fn grants_in_no_order_come_in_pages_without_gap_or_repeat_over_all_tenants() {
    let server = started("tenants-unordered");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
    let mut all: Vec<String> = [(OWN, 5), (ONE, 4), (TWO, 3)]
        .iter()
        .flat_map(|(tenant, count)| stored(&server, tenant, *count))
        .map(|request| request.id.to_string())
        .collect();
    all.sort();
    let list = |query: &str| {
        let path = format!("/admin/v1/gnap-grants?order=none&{query}");
        call(&server, "GET", &path, None).json()
    };
    for size in [1, 4, 5, 11, 12, 100] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = list(&format!("state=pending&first={size}{after}"));
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= size, "{page}");
            assert_eq!(page["has_previous_page"], !after.is_empty());
            let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
            seen.extend(items.iter().map(id));
            assert_eq!(page["has_next_page"], seen.len() < all.len(), "{size}");
            if page["has_next_page"] == false {
                break;
            }
            after = format!("&after={}", seen.last().unwrap());
        }
        seen.sort();
        assert_eq!(seen, all, "{size}");
    }
    let items = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!(items(&list(&format!("tenant={ONE}"))), 4);
    assert_eq!(items(&list("state=approved")), 0);
    let nobody = format!("after=req_{}", "3".repeat(32));
    for (query, code) in [
        (format!("before={}", all[0]), "invalid"),
        (nobody, "bad_cursor"),
        (format!("tenant={ONE}&after=x"), "bad_cursor"),
    ] {
        assert_eq!(list(&query)["code"], code, "{query}");
    }
}
