//! Tenants and their grants as an operator's program, Rafiki's backend and a tenant's own program meet them.

use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use placet::{
    app::{Foundation, StoredTenancy, Tenancy as _},
    config::{Disk, Settings, Sources},
};
use placet_core::{
    pending::{PendingRequest, State},
    tenant::Tenant,
};
use serde_json::{Value, json};

use crate::{
    server::{ADMIN_TOKEN, Reply, Server, ask, placet},
    stored,
};

const OWN: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";
const ONE: &str = "438fa74a-fa7d-4317-9ced-dde32ece1787";
const TWO: &str = "f829c064-762a-4430-ac5d-7af5df198551";
const SECRET: &str = "iyIgCprjb9uL8wFckR+pLEkJWMB7FJhgkvqhTQR/964=";
const OTHER_SECRET: &str = "2pEcn2kkCclbOHQiGNEwhJ0rucATZhrA807HTm2rNXE=";
const THIRD_SECRET: &str = "3lXcn2kkCclbOHQiGNEwhJ0rucATZhrA807HTm2rNXE=";
const GRANTS: &str = "{ grants { edges { cursor node { id } } } }";

fn started(name: &str) -> Server {
    let payments = format!("[open_payments]\noperator_tenant = \"{OWN}\"\n");
    let server = Server::start(name, &payments);
    // The operators' listener opens after the public one.
    let tries = (0..1_000).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        std::net::TcpStream::connect(&server.admin).is_ok()
    });
    assert!(tries.is_some(), "{}", server.log());
    server
}

fn call(server: &Server, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let token = format!("Bearer {ADMIN_TOKEN}");
    let mut headers = vec![("Authorization", token.as_str())];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    ask(&server.admin, method, path, &headers, &body)
}

fn add(server: &Server, id: &str, secret: &str) {
    let new = json!({"id": id, "api_secret": secret});
    let added = call(server, "POST", "/admin/v1/tenants", Some(&new));
    assert_eq!(added.status, 201, "{added:?}");
}

/// Now, and never the same twice, as signatures need it.
fn now_ms() -> i64 {
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
fn signed_at(t: i64, secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let code = hmac::sign(&key, format!("{t}.{body}").as_bytes());
    format!("t={t}, v1={}", HEXLOWER.encode(code.as_ref()))
}

fn post(server: &Server, tenant: &str, signature: &str, body: &str) -> Reply {
    let headers = [
        ("Content-Type", "application/json"),
        ("tenant-id", tenant),
        ("signature", signature),
    ];
    ask(&server.admin, "POST", "/graphql", &headers, body)
}

fn signed(server: &Server, (tenant, secret): (&str, &str), body: &Value) -> Reply {
    let body = body.to_string();
    post(server, tenant, &signed_at(now_ms(), secret, &body), &body)
}

fn query(server: &Server, who: (&str, &str), text: &str) -> Reply {
    signed(server, who, &json!({ "query": text }))
}

/// Stores requests under a tenant's issuer, beside the server, as its face would.
fn stored(server: &Server, tenant: &str, count: usize) -> Vec<PendingRequest> {
    let sources = Sources {
        file: Some(server.directory.path().join("placet.toml")),
        files: &Disk,
        variables: Vec::new(),
        flags: Vec::new(),
    };
    let settings = Settings::load(&sources).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let foundation = Foundation::open_existing(&settings).await.unwrap();
        let tenancy = StoredTenancy::new(&foundation, &settings);
        let root = &foundation.engine;
        let engine = if tenant == OWN {
            std::sync::Arc::clone(root)
        } else {
            let id = Tenant::parse_uuid(tenant).unwrap();
            let tenant = root.tenant(id).await.unwrap().unwrap();
            tenancy.engine(&tenant).await.unwrap()
        };
        let mut requests = Vec::new();
        for _ in 0..count {
            let request = stored::request(engine.store().now(), State::Pending);
            stored::store(&engine, &request).await;
            requests.push(request);
        }
        foundation.store.close().await;
        requests
    })
}

fn listed(reply: &Reply) -> Vec<String> {
    let edges = reply.json()["data"]["grants"]["edges"].as_array().cloned();
    let edges = edges.unwrap_or_else(|| panic!("{reply:?}"));
    let id = |edge: &Value| edge["node"]["id"].as_str().unwrap().to_owned();
    edges.iter().map(id).collect()
}

#[track_caller]
fn fails(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(
        reply.json()["errors"][0]["extensions"]["code"],
        code,
        "{reply:?}"
    );
}

#[test]
fn a_tenant_reads_and_revokes_its_grants_in_rafikis_words() {
    let server = started("graphql");
    add(&server, ONE, SECRET);
    let grants = stored(&server, ONE, 3);
    let who = (ONE, SECRET);
    let page = query(
        &server,
        who,
        "{ grants(first: 2) { pageInfo { startCursor endCursor hasNextPage hasPreviousPage } \
         edges { cursor node { __typename id client tenantId state finalizationReason createdAt subject { sub_ids { id } } \
         access { id identifier type actions createdAt limits { receiver interval receiveAmount { value } \
         debitAmount { value assetCode assetScale } } } } } } }",
    );
    assert_eq!(page.status, 200, "{page:?}");
    let page = &page.json()["data"]["grants"];
    let node = &page["edges"][0]["node"];
    assert_eq!(page["edges"].as_array().unwrap().len(), 2);
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    assert_eq!(page["pageInfo"]["hasPreviousPage"], false);
    assert_eq!(page["pageInfo"]["startCursor"], page["edges"][0]["cursor"]);
    assert_eq!(page["edges"][0]["cursor"], node["id"]);
    assert_eq!(node["__typename"], "Grant");
    assert_eq!(node["client"], "https://client.example/app");
    assert_eq!(
        (&node["tenantId"], &node["state"]),
        (&json!(ONE), &json!("PENDING"))
    );
    assert_eq!(
        (&node["finalizationReason"], &node["subject"]),
        (&Value::Null, &Value::Null)
    );
    let access = &node["access"][0];
    assert_eq!(access["type"], "outgoing-payment");
    assert_eq!(access["actions"], json!(["create", "read"]));
    let amount = json!({"value": "18446744073709551615", "assetCode": "EUR", "assetScale": 2});
    assert_eq!(access["limits"]["debitAmount"], amount);
    assert_eq!(access["limits"]["receiveAmount"], Value::Null);

    let id = grants[0].id.hyphenated();
    let one = json!({
        "operationName": "G",
        "query": "query G($id: ID!) { grant(id: $id) { id state subject { sub_ids { subId subIdFormat } } } }",
        "variables": { "id": id },
    });
    let one = signed(&server, who, &one).json();
    let subject = json!([{"subId": "https://wallet.example/alice", "subIdFormat": "uri"}]);
    assert_eq!(one["data"]["grant"]["subject"]["sub_ids"], subject);

    let revoke = |id: &str| {
        let input = json!({ "input": { "grantId": id } });
        let text = "mutation R($input: RevokeGrantInput!) { revokeGrant(input: $input) { id } }";
        signed(&server, who, &json!({ "query": text, "variables": input }))
    };
    assert_eq!(revoke(&id).json()["data"]["revokeGrant"]["id"], id.as_str());
    fails(&revoke(""), 200, "FORBIDDEN");
    fails(&revoke(ONE), 200, "NOT_FOUND");
    fails(
        &query(&server, who, "{ grant(id: \"x\") { id } }"),
        200,
        "NOT_FOUND",
    );
    let left = "{ grants(filter: {finalizationReason: {notIn: [REVOKED]}}, sortOrder: ASC) { edges { node { id } } } }";
    assert_eq!(listed(&query(&server, who, left)).len(), 2);
    let gone = "{ grants(filter: {state: {in: [FINALIZED]}, finalizationReason: {in: [REVOKED]}}) { edges { node { id } } } }";
    assert_eq!(listed(&query(&server, who, gone)), [id.as_str()]);
    let none = "{ grants(filter: {state: {in: [PROCESSING]}}) { edges { node { id } } } }";
    assert!(listed(&query(&server, who, none)).is_empty());
    fails(
        &query(&server, who, "{ grants(first: 101) { edges { cursor } } }"),
        200,
        "BAD_USER_INPUT",
    );
}

#[test]
fn e1_g9_who_does_not_sign_rightly_is_nobody_and_a_tenant_is_only_itself() {
    let server = started("graphql-who");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
    let (of_one, of_two) = (stored(&server, ONE, 1), stored(&server, TWO, 2));
    let body = json!({ "query": GRANTS }).to_string();
    let now = now_ms();
    let right = signed_at(now, SECRET, &body);
    assert_eq!(post(&server, ONE, &right, &body).status, 200);
    for (case, tenant, signature) in [
        ("again", ONE, right.clone()),
        ("another tenant's name", TWO, right.clone()),
        (
            "another tenant's secret",
            ONE,
            signed_at(now_ms(), OTHER_SECRET, &body),
        ),
        (
            "nobody's name",
            "00000000-0000-4000-8000-000000000000",
            signed_at(now_ms(), SECRET, &body),
        ),
        ("no name", "", signed_at(now_ms(), SECRET, &body)),
        ("another body", ONE, signed_at(now_ms(), SECRET, "{}")),
        (
            "half a minute old",
            ONE,
            signed_at(now - 30_001, SECRET, &body),
        ),
        ("ahead", ONE, signed_at(now_ms() + 60_000, SECRET, &body)),
        (
            "another version",
            ONE,
            signed_at(now_ms(), SECRET, &body).replace("v1", "v2"),
        ),
        ("no secret", OWN, signed_at(now_ms(), "", &body)),
        ("nothing", ONE, String::new()),
    ] {
        let reply = post(&server, tenant, &signature, &body);
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (401, "Unauthorized\n"),
            "{case}"
        );
    }
    // The canonical text is what is signed, however the body is written.
    let spread = body.replace(':', " : ");
    assert_eq!(
        post(&server, ONE, &signed_at(now_ms(), SECRET, &body), &spread).status,
        200
    );

    let ids = |requests: &[PendingRequest]| {
        let mut ids: Vec<_> = requests.iter().map(|one| one.id.hyphenated()).collect();
        ids.sort();
        ids
    };
    let sorted = |reply: &Reply| {
        let mut ids = listed(reply);
        ids.sort();
        ids
    };
    let foreign = format!("{{ grants(tenantId: \"{TWO}\") {{ edges {{ node {{ id }} }} }} }}");
    assert_eq!(
        sorted(&query(&server, (ONE, SECRET), &foreign)),
        ids(&of_one)
    );
    assert_eq!(
        sorted(&query(&server, (TWO, OTHER_SECRET), GRANTS)),
        ids(&of_two)
    );
    let theirs = format!(
        "{{ grant(id: \"{}\") {{ id }} }}",
        of_two[0].id.hyphenated()
    );
    fails(&query(&server, (ONE, SECRET), &theirs), 200, "NOT_FOUND");
    let revoke = format!(
        "mutation {{ revokeGrant(input: {{grantId: \"{}\"}}) {{ id }} }}",
        of_two[0].id
    );
    fails(&query(&server, (ONE, SECRET), &revoke), 200, "NOT_FOUND");

    // The operator: by its token as it is, and by signing with it.
    let own = (OWN, ADMIN_TOKEN);
    let all = query(&server, own, "{ grants { edges { node { id } } } }");
    assert_eq!(listed(&all).len(), 3);
    assert_eq!(sorted(&query(&server, own, &foreign)), ids(&of_two));
    let nobody =
        "{ grants(tenantId: \"00000000-0000-4000-8000-000000000000\") { edges { node { id } } } }";
    assert!(listed(&query(&server, own, nobody)).is_empty());
    assert_eq!(
        listed(&call(
            &server,
            "POST",
            "/graphql",
            Some(&json!({ "query": GRANTS }))
        ))
        .len(),
        3
    );
    let wrong = [
        ("Authorization", "Bearer x"),
        ("Content-Type", "application/json"),
    ];
    assert_eq!(
        ask(&server.admin, "POST", "/graphql", &wrong, &body).status,
        401
    );
    assert_eq!(
        server.ask("POST", "/graphql", &wrong, &body).status,
        404,
        "on the public port"
    );
}

#[test]
fn a_secret_that_was_replaced_signs_until_the_next_one() {
    let server = started("graphql-secrets");
    add(&server, ONE, SECRET);
    let path = format!("/admin/v1/tenants/{ONE}");
    let answers = |secret: &str| query(&server, (ONE, secret), GRANTS).status;
    let change = |secret: Value| {
        let changed = call(
            &server,
            "PATCH",
            &path,
            Some(&json!({ "api_secret": secret })),
        );
        assert_eq!(changed.status, 200, "{changed:?}");
    };
    change(json!(OTHER_SECRET));
    assert_eq!((answers(SECRET), answers(OTHER_SECRET)), (200, 200));
    change(json!(THIRD_SECRET));
    assert_eq!(
        (
            answers(SECRET),
            answers(OTHER_SECRET),
            answers(THIRD_SECRET)
        ),
        (401, 200, 200)
    );
    change(Value::Null);
    assert_eq!((answers(OTHER_SECRET), answers(THIRD_SECRET)), (401, 401));
    change(json!(SECRET));
    assert_eq!(answers(SECRET), 200);
    assert_eq!(call(&server, "DELETE", &path, None).status, 200);
    assert_eq!(answers(SECRET), 401);
}

#[test]
fn e13_queries_that_grow_when_they_are_read_are_refused_unread() {
    let server = started("graphql-bombs");
    let operator = |text: &str| call(&server, "POST", "/graphql", Some(&json!({ "query": text })));
    let mut bomb = "{ ...F0 }".to_owned();
    for n in 0..40 {
        let next = n + 1;
        bomb += &format!(" fragment F{n} on Query {{ ...F{next} ...F{next} }}");
    }
    bomb += " fragment F40 on Query { grants { edges { cursor } } }";
    fails(&operator(&bomb), 400, "GRAPHQL_VALIDATION_FAILED");
    let circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    fails(&operator(circle), 400, "GRAPHQL_VALIDATION_FAILED");
    let deep = format!("{}a{}", "{a".repeat(15_000), "}".repeat(15_000));
    fails(&operator(&deep), 400, "GRAPHQL_VALIDATION_FAILED");
    let lists = format!(
        "{{ grants(filter: {{identifier: {{in: {} }} }}) {{ edges {{ cursor }} }} }}",
        "[".repeat(15_000)
    );
    fails(&operator(&lists), 400, "GRAPHQL_VALIDATION_FAILED");
    let many: String = (0..10)
        .map(|n| format!("a{n}: grants {{ edges {{ cursor }} }} "))
        .collect();
    fails(
        &operator(&format!("{{ {many} }}")),
        400,
        "GRAPHQL_VALIDATION_FAILED",
    );
    let few: String = (0..5)
        .map(|n| format!("a{n}: grants {{ edges {{ cursor }} }} "))
        .collect();
    assert_eq!(operator(&format!("{{ {few} }}")).status, 200);
    fails(
        &operator("{ grants { nobody } }"),
        400,
        "GRAPHQL_VALIDATION_FAILED",
    );
    fails(&operator("{ grants"), 400, "GRAPHQL_PARSE_FAILED");
    let told = call(
        &server,
        "POST",
        "/graphql",
        Some(&json!([{ "query": GRANTS }])),
    );
    fails(&told, 400, "BAD_REQUEST");
    let token = format!("Bearer {ADMIN_TOKEN}");
    let headers = [
        ("Authorization", token.as_str()),
        ("Content-Type", "text/plain"),
    ];
    assert_eq!(
        ask(&server.admin, "POST", "/graphql", &headers, "{}").status,
        415
    );
    let large = json!({ "query": format!("#{}", "x".repeat(70_000)) });
    assert_eq!(call(&server, "POST", "/graphql", Some(&large)).status, 413);
}

#[test]
fn the_schema_has_every_member_that_clients_of_rafiki_ask_for() {
    let server = started("graphql-schema");
    let text = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } types { kind name \
                fields { name args { name type { ...T } } type { ...T } } inputFields { name type { ...T } } interfaces { name } \
                enumValues { name } possibleTypes { name } } } } \
                fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";
    let told = call(&server, "POST", "/graphql", Some(&json!({ "query": text })));
    assert_eq!(told.status, 200, "{told:?}");
    let told = told.json();
    let types = told["data"]["__schema"]["types"].as_array().unwrap();
    let mut lines = Vec::new();
    for one in types {
        let name = one["name"].as_str().unwrap();
        for list in ["fields", "inputFields"] {
            for field in one[list].as_array().into_iter().flatten() {
                let args = field["args"].as_array().into_iter().flatten();
                let args: Vec<_> = args
                    .map(|arg| {
                        format!(
                            "{}: {}",
                            arg["name"].as_str().unwrap(),
                            spelled(&arg["type"])
                        )
                    })
                    .collect();
                let field_name = field["name"].as_str().unwrap();
                lines.push(format!(
                    "{name}.{field_name}({}): {}",
                    args.join(", "),
                    spelled(&field["type"])
                ));
            }
        }
        for value in one["enumValues"].as_array().into_iter().flatten() {
            lines.push(format!("{name} {}", value["name"].as_str().unwrap()));
        }
    }
    for wanted in SCHEMA {
        assert!(
            lines.iter().any(|line| line == wanted),
            "{wanted} is not in {lines:#?}"
        );
    }
    let model = types.iter().find(|one| one["name"] == "Model").unwrap();
    let kinds = model["possibleTypes"].as_array().unwrap();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

/// A type as the schema language writes it.
fn spelled(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", spelled(&of["ofType"])),
        Some("LIST") => format!("[{}]", spelled(&of["ofType"])),
        _ => of["name"].as_str().unwrap_or("?").to_owned(),
    }
}

const SCHEMA: [&str; 56] = [
    "Query.grants(after: String, before: String, first: Int, last: Int, filter: GrantFilter, sortOrder: SortOrder, tenantId: ID): GrantsConnection!",
    "Query.grant(id: ID!): Grant!",
    "Mutation.revokeGrant(input: RevokeGrantInput!): RevokeGrantMutationResponse!",
    "PageInfo.endCursor(): String",
    "PageInfo.hasNextPage(): Boolean!",
    "PageInfo.hasPreviousPage(): Boolean!",
    "PageInfo.startCursor(): String",
    "GrantsConnection.pageInfo(): PageInfo!",
    "GrantsConnection.edges(): [GrantEdge!]!",
    "GrantEdge.node(): Grant!",
    "GrantEdge.cursor(): String!",
    "GrantFilter.identifier(): FilterString",
    "GrantFilter.state(): FilterGrantState",
    "GrantFilter.finalizationReason(): FilterFinalizationReason",
    "FilterString.in(): [String!]",
    "FilterGrantState.in(): [GrantState!]",
    "FilterGrantState.notIn(): [GrantState!]",
    "FilterFinalizationReason.in(): [GrantFinalization!]",
    "FilterFinalizationReason.notIn(): [GrantFinalization!]",
    "RevokeGrantInput.grantId(): String!",
    "RevokeGrantMutationResponse.id(): ID!",
    "Model.id(): ID!",
    "Model.createdAt(): String!",
    "Grant.id(): ID!",
    "Grant.client(): String",
    "Grant.access(): [Access!]!",
    "Grant.subject(): Subject",
    "Grant.state(): GrantState!",
    "Grant.finalizationReason(): GrantFinalization",
    "Grant.createdAt(): String!",
    "Grant.tenantId(): ID!",
    "Access.id(): ID!",
    "Access.identifier(): String",
    "Access.type(): String!",
    "Access.actions(): [String]!",
    "Access.limits(): LimitData",
    "Access.createdAt(): String!",
    "Subject.sub_ids(): [SubjectItem!]!",
    "SubjectItem.id(): ID!",
    "SubjectItem.subId(): String!",
    "SubjectItem.subIdFormat(): String!",
    "SubjectItem.createdAt(): String!",
    "LimitData.receiver(): String",
    "LimitData.debitAmount(): PaymentAmount",
    "LimitData.receiveAmount(): PaymentAmount",
    "LimitData.interval(): String",
    "PaymentAmount.value(): UInt64!",
    "PaymentAmount.assetCode(): String!",
    "PaymentAmount.assetScale(): UInt8!",
    "GrantState PROCESSING",
    "GrantState APPROVED",
    "GrantState FINALIZED",
    "GrantFinalization ISSUED",
    "GrantFinalization REVOKED",
    "GrantFinalization REJECTED",
    "SortOrder DESC",
];

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
fn e7_grants_and_tenants_are_managed_by_json_and_by_command_and_no_secret_is_told_again() {
    let server = started("payments-rest");
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
