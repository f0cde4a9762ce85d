//! Tenants and their grants as an operator's program, Rafiki's backend and a tenant's own program meet them.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use placet::{
    app::{Foundation, StoredTenancy, Tenancy as _},
    config::{Disk, Settings, Sources},
};
use placet_core::{
    engine::Engine,
    pending::{PendingRequest, State},
    tenant::Tenant,
};
use serde_json::{Value, json};

use crate::{
    server::{ADMIN_TOKEN, Reply, Server, ask, placet},
    stored,
};

pub(crate) const OWN: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";
pub(crate) const ONE: &str = "438fa74a-fa7d-4317-9ced-dde32ece1787";
pub(crate) const TWO: &str = "f829c064-762a-4430-ac5d-7af5df198551";
pub(crate) const SECRET: &str = "iyIgCprjb9uL8wFckR+pLEkJWMB7FJhgkvqhTQR/964=";
pub(crate) const OTHER_SECRET: &str = "2pEcn2kkCclbOHQiGNEwhJ0rucATZhrA807HTm2rNXE=";
pub(crate) const THIRD_SECRET: &str = "3lXcn2kkCclbOHQiGNEwhJ0rucATZhrA807HTm2rNXE=";
pub(crate) const GRANTS: &str = "{ grants { edges { cursor node { id } } } }";

pub(crate) fn started(name: &str) -> Server {
    let payments = format!("[open_payments]\noperator_tenant = \"{OWN}\"\n");
    listening(Server::start(name, &payments))
}

/// The same server, stopped and started again on its store.
pub(crate) fn restarted(server: Server) -> Server {
    let payments = format!("[open_payments]\noperator_tenant = \"{OWN}\"\n");
    listening(server.restart(&payments))
}

/// Waits for the operators' listener, which opens after the public one.
fn listening(server: Server) -> Server {
    let tries = (0..1_000).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        std::net::TcpStream::connect(&server.admin).is_ok()
    });
    assert!(tries.is_some(), "{}", server.log());
    server
}

pub(crate) fn call(server: &Server, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let token = format!("Bearer {ADMIN_TOKEN}");
    let mut headers = vec![("Authorization", token.as_str())];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    ask(&server.admin, method, path, &headers, &body)
}

pub(crate) fn add(server: &Server, id: &str, secret: &str) {
    let new = json!({"id": id, "api_secret": secret});
    let added = call(server, "POST", "/admin/v1/tenants", Some(&new));
    assert_eq!(added.status, 201, "{added:?}");
}

/// Now, and never the same twice, as signatures need it.
pub(crate) fn now_ms() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    #[expect(
        clippy::disallowed_methods,
        reason = "a real server looks at a real clock"
    )]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(since.as_millis()).unwrap();
    let step = |last: i64| Some(now.max(last + 1));
    let last = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
    now.max(last.unwrap() + 1)
}

/// The signature of a body that is canonical already.
pub(crate) fn signed_at(t: i64, secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let code = hmac::sign(&key, format!("{t}.{body}").as_bytes());
    format!("t={t}, v1={}", HEXLOWER.encode(code.as_ref()))
}

pub(crate) fn post(server: &Server, tenant: &str, signature: &str, body: &str) -> Reply {
    post_to(&server.admin, tenant, signature, body)
}

/// Posts to the operators' listener at this address.
pub(crate) fn post_to(admin: &str, tenant: &str, signature: &str, body: &str) -> Reply {
    let headers = [
        ("Content-Type", "application/json"),
        ("tenant-id", tenant),
        ("signature", signature),
    ];
    ask(admin, "POST", "/graphql", &headers, body)
}

pub(crate) fn signed(server: &Server, (tenant, secret): (&str, &str), body: &Value) -> Reply {
    let body = body.to_string();
    post(server, tenant, &signed_at(now_ms(), secret, &body), &body)
}

pub(crate) fn query(server: &Server, who: (&str, &str), text: &str) -> Reply {
    signed(server, who, &json!({ "query": text }))
}

/// The settings of the server in this directory.
pub(crate) fn settings(directory: &Path) -> Settings {
    let sources = Sources {
        file: Some(directory.join("placet.toml")),
        files: &Disk,
        variables: Vec::new(),
        flags: Vec::new(),
    };
    Settings::load(&sources).unwrap()
}

/// Works on the store of the server in this directory, beside it, with the engine of one of its tenants.
pub(crate) fn beside<T>(
    directory: &Path,
    tenant: &str,
    work: impl AsyncFnOnce(Arc<Engine>) -> T,
) -> T {
    let settings = settings(directory);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let foundation = Foundation::open_existing(&settings).await.unwrap();
        let tenancy = StoredTenancy::new(&foundation, &settings);
        let root = &foundation.engine;
        let engine = if tenant == OWN {
            Arc::clone(root)
        } else {
            let id = Tenant::parse_uuid(tenant).unwrap();
            let tenant = root.tenant(id).await.unwrap().unwrap();
            tenancy.engine(&tenant).await.unwrap()
        };
        let done = work(engine).await;
        foundation.store.close().await;
        done
    })
}

/// Stores requests under a tenant's issuer, beside the server, as its face would.
pub(crate) fn stored(server: &Server, tenant: &str, count: usize) -> Vec<PendingRequest> {
    beside(server.directory.path(), tenant, async |engine| {
        let mut requests = Vec::new();
        for _ in 0..count {
            let request = stored::request(engine.store().now(), State::Pending);
            stored::store(&engine, &request).await;
            requests.push(request);
        }
        requests
    })
}

#[test]
fn rafikis_backend_keeps_its_tenants_here() {
    let server = started("tenant-service");
    let one = format!("/tenant/{ONE}");
    let new = json!({
        "id": ONE, "apiSecret": SECRET,
        "idpConsentUrl": "https://idp.example/consent", "idpSecret": OTHER_SECRET,
    });
    let added = call(&server, "POST", "/tenant", Some(&new));
    assert_eq!((added.status, added.body.as_str()), (204, ""));
    assert_eq!(query(&server, (ONE, SECRET), GRANTS).status, 200);
    assert_eq!(call(&server, "POST", "/tenant", Some(&new)).status, 409);
    let half = json!({"id": TWO, "apiSecret": SECRET, "idpConsentUrl": "https://idp.example"});
    assert_eq!(call(&server, "POST", "/tenant", Some(&half)).status, 400);
    let nobody = json!({"id": TWO});
    assert_eq!(call(&server, "POST", "/tenant", Some(&nobody)).status, 400);
    let change = json!({"idpConsentUrl": "https://idp.example/other", "apiSecret": THIRD_SECRET});
    assert_eq!(call(&server, "PATCH", &one, Some(&change)).status, 204);
    assert_eq!(query(&server, (ONE, THIRD_SECRET), GRANTS).status, 200);
    let shown = call(&server, "GET", &format!("/admin/v1/tenants/{ONE}"), None).json();
    assert_eq!(shown["idp_consent_url"], "https://idp.example/other");
    assert_eq!(
        (&shown["idp_secrets"], &shown["api_secrets"]),
        (&json!(1), &json!(2))
    );
    let absent = format!("/tenant/{TWO}");
    assert_eq!(
        call(&server, "PATCH", &absent, Some(&json!({}))).status,
        404
    );
    let end = json!({"deletedAt": "2026-03-01T09:30:00.000Z"});
    for (path, body, want) in [
        (&one, json!({"deletedAt": "yesterday"}), 400),
        (&one, json!({}), 400),
        (&absent, end.clone(), 404),
        (&one, end.clone(), 204),
        (&one, end, 404),
    ] {
        assert_eq!(
            call(&server, "DELETE", path, Some(&body)).status,
            want,
            "{path} {body}"
        );
    }
    let unsigned = [("Content-Type", "application/json")];
    let told = ask(
        &server.admin,
        "POST",
        "/tenant",
        &unsigned,
        &new.to_string(),
    );
    assert_eq!(told.status, 401);
}

#[test]
fn e7_a_tenant_s_secrets_are_told_once() {
    let server = started("payments-secrets");
    let made = call(
        &server,
        "POST",
        "/admin/v1/tenants",
        Some(&json!({"id": ONE, "idp_consent_url": "https://idp.example"})),
    );
    let made = made.json();
    let (idp, api) = (
        made["idp_secret"].as_str().unwrap(),
        made["api_secret"].as_str().unwrap(),
    );
    let tenants = call(&server, "GET", "/admin/v1/tenants", None);
    assert!(!tenants.body.contains(idp) && !tenants.body.contains(api));
    let items = tenants.json()["items"].as_array().unwrap().clone();
    assert_eq!(
        (&items[0]["own"], &items[0]["id"]),
        (&json!(true), &json!(OWN))
    );
    assert_eq!(
        items[1]["issuer"],
        format!("http://{}/op/{ONE}", server.address)
    );
    let change = call(
        &server,
        "PATCH",
        &format!("/admin/v1/tenants/{OWN}"),
        Some(&json!({})),
    );
    assert_eq!(change.json()["code"], "invalid", "{change:?}");
}

#[test]
fn grants_are_listed_and_revoked_by_json() {
    let server = started("payments-json");
    add(&server, ONE, SECRET);
    let own = stored(&server, OWN, 1);
    let theirs = stored(&server, ONE, 2);
    let all = call(
        &server,
        "GET",
        "/admin/v1/gnap-grants?first=2&order=asc",
        None,
    )
    .json();
    assert_eq!(all["items"][0]["id"], own[0].id.to_string());
    assert_eq!(
        (&all["items"][0]["tenant"], &all["items"][0]["profile"]),
        (&json!(OWN), &json!("open-payments"))
    );
    assert_eq!(
        (&all["has_next_page"], &all["has_previous_page"]),
        (&json!(true), &json!(false))
    );
    let of_one = format!(
        "/admin/v1/gnap-grants?tenant={ONE}&state=pending,approved&identifier=https://wallet.example/alice"
    );
    assert_eq!(
        call(&server, "GET", &of_one, None).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for (query, code) in [
        ("state=open", "malformed"),
        ("order=up", "malformed"),
        ("profile=x", "malformed"),
        ("first=0x", "malformed"),
        ("first=101", "invalid"),
        ("after=x", "bad_cursor"),
        ("tenant=x", "not_found"),
    ] {
        let told = call(
            &server,
            "GET",
            &format!("/admin/v1/gnap-grants?{query}"),
            None,
        );
        assert_eq!(told.json()["code"], code, "{told:?}");
    }
    let revoke = |id: &str| {
        call(
            &server,
            "POST",
            &format!("/admin/v1/gnap-grants/{id}/revoke"),
            None,
        )
    };
    assert_eq!(
        revoke(&theirs[0].id.to_string()).json()["finalization"],
        "revoked"
    );
    assert_eq!(revoke(ONE).json()["code"], "not_found");
}

#[test]
fn grants_and_tenants_are_managed_by_command() {
    let server = started("payments-commands");
    add(&server, ONE, SECRET);
    stored(&server, OWN, 1);
    let theirs = stored(&server, ONE, 2);
    let run = |args: &[&str]| {
        let mut command = placet();
        command.args(args).current_dir(server.directory.path());
        let done = command
            .args(["--config", "placet.toml", "--json"])
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        serde_json::from_slice::<Value>(&done.stdout).unwrap()
    };
    assert_eq!(run(&["tenants", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(
        run(&["tenants", "add", TWO])["api_secret"]
            .as_str()
            .unwrap()
            .len(),
        43
    );
    server.directory.write("new.secret", &format!("{SECRET}\n"));
    let changed = run(&["tenants", "change", TWO, "--api-secret-file", "new.secret"]);
    assert_eq!(changed["api_secrets"], 2);
    assert_eq!(
        run(&["tenants", "change", TWO, "--no-api"])["api_secrets"],
        0
    );
    assert_eq!(run(&["tenants", "show", TWO])["id"], TWO);
    run(&["tenants", "delete", TWO]);
    assert_eq!(run(&["gnap-grants", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(
        run(&["gnap-grants", "list", "--tenant", ONE, "--first", "1"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let id = theirs[1].id.hyphenated();
    assert_eq!(run(&["gnap-grants", "show", &id])["state"], "pending");
    assert_eq!(
        run(&["gnap-grants", "revoke", &id])["finalization"],
        "revoked"
    );
}
