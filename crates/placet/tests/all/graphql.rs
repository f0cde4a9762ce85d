//! The GraphQL endpoint as a tenant's program and an operator's meet it: who may, what is told, what is refused unread.

use std::fmt::Write as _;

use placet_core::{pending::PendingRequest, tenant::Tenant};
use serde_json::{Value, json};

use crate::{
    payments_admin::{
        GRANTS, ONE, OTHER_SECRET, OWN, SECRET, THIRD_SECRET, TWO, add, call, now_ms, post, query,
        restarted, signed, signed_at, started, stored,
    },
    server::{ADMIN_TOKEN, Reply, Server, ask, placet},
};

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
    let processing = "{ grants(filter: {state: {in: [PROCESSING]}}) { edges { node { id } } } }";
    assert!(listed(&query(&server, who, processing)).is_empty());
    fails(
        &query(&server, who, "{ grants(first: 101) { edges { cursor } } }"),
        200,
        "BAD_USER_INPUT",
    );
}

#[test]
fn g9_who_does_not_sign_rightly_is_nobody() {
    let server = started("graphql-who");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
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
fn g9_a_signature_does_not_count_again_after_a_restart() {
    let server = started("graphql-restart");
    add(&server, ONE, SECRET);
    let body = json!({ "query": GRANTS }).to_string();
    let once = signed_at(now_ms(), SECRET, &body);
    assert_eq!(post(&server, ONE, &once, &body).status, 200);
    let server = restarted(server);
    assert_eq!(post(&server, ONE, &once, &body).status, 401);
    let again = signed_at(now_ms(), SECRET, &body);
    assert_eq!(post(&server, ONE, &again, &body).status, 200);
}

#[test]
fn what_a_tenant_revokes_is_audited_in_its_name() {
    let server = started("graphql-audit");
    add(&server, ONE, SECRET);
    let grants = stored(&server, ONE, 2);
    let revoke = |n: usize| {
        let id = grants[n].id.hyphenated();
        format!("mutation {{ revokeGrant(input: {{grantId: \"{id}\"}}) {{ id }} }}")
    };
    assert_eq!(
        query(&server, (ONE, SECRET), &revoke(0)).json()["errors"],
        Value::Null
    );
    assert_eq!(
        query(&server, (OWN, ADMIN_TOKEN), &revoke(1)).json()["errors"],
        Value::Null
    );
    let path = format!("/admin/v1/events?tenant={ONE}&kind=request_cancelled");
    let told = call(&server, "GET", &path, None).json();
    let events = told["items"].as_array().unwrap();
    let by = |n: usize| {
        let id = grants[n].id.to_string();
        let event = events.iter().find(|event| event["request"] == id.as_str());
        let event = event.unwrap_or_else(|| panic!("{told}"));
        (event["actor"].clone(), event["tenant"].clone())
    };
    let id = Tenant::parse_uuid(ONE).unwrap().to_string();
    assert_eq!(by(0), (json!("tenant"), json!(id)));
    assert_eq!(by(1), (json!("operator"), Value::Null));
    // That it signed is the server's own business, and says who it was.
    let signed = call(&server, "GET", "/admin/v1/events?kind=proof_spent", None).json();
    let signed = signed["items"].as_array().unwrap().clone();
    let tenants: Vec<_> = signed.iter().map(|event| &event["tenant"]).collect();
    assert!(tenants.contains(&&json!(id)), "{signed:?}");
    for (path, status) in [
        ("/admin/v1/events?tenant=x".to_owned(), 404),
        (format!("/admin/v1/events?tenant={OWN}"), 200),
        (format!("/admin/v1/events?tenant={TWO}"), 404),
    ] {
        assert_eq!(call(&server, "GET", &path, None).status, status, "{path}");
    }
    let mut command = placet();
    command.args([
        "events",
        "--tenant",
        ONE,
        "--json",
        "--config",
        "placet.toml",
    ]);
    let done = command
        .current_dir(server.directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("\"actor\":\"tenant\""), "{text}");
}

#[test]
fn e1_a_tenant_is_only_itself_and_an_operator_is_all() {
    let server = started("graphql-itself");
    add(&server, ONE, SECRET);
    add(&server, TWO, OTHER_SECRET);
    let (of_one, of_two) = (stored(&server, ONE, 1), stored(&server, TWO, 2));
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

/// Asks as an operator.
fn operate(server: &Server, query: &str, variables: &Value) -> Reply {
    let body = json!({ "query": query, "variables": variables });
    call(server, "POST", "/graphql", Some(&body))
}

const CREATE: &str = "mutation C($input: CreateTenantInput!) { createTenant(input: $input) { apiSecret idpSecret \
                      tenant { id issuer idpConsentUrl idpSecrets apiSecrets own declared createdAt deletedAt } } }";
const UPDATE: &str = "mutation U($input: UpdateTenantInput!) { updateTenant(input: $input) { apiSecret idpSecret \
                      tenant { id idpConsentUrl idpSecrets apiSecrets } } }";
const DELETE: &str = "mutation D($id: String!) { deleteTenant(id: $id) { success } }";
const TENANTS: &str = "query T($after: String, $first: Int) { tenants(after: $after, first: $first) { \
                       pageInfo { hasNextPage hasPreviousPage endCursor startCursor } edges { cursor node { id own } } } }";

#[test]
fn an_operator_adds_changes_and_deletes_tenants() {
    let server = started("graphql-tenants");
    let new = json!({"input": {"id": ONE, "idpConsentUrl": "https://idp.example/consent"}});
    let made = operate(&server, CREATE, &new).json();
    let made = &made["data"]["createTenant"];
    let api = made["apiSecret"].as_str().unwrap().to_owned();
    assert_eq!(made["idpSecret"].as_str().unwrap().len(), 43);
    assert_eq!(
        (&made["tenant"]["id"], &made["tenant"]["own"]),
        (&json!(ONE), &json!(false))
    );
    assert_eq!(query(&server, (ONE, &api), GRANTS).status, 200);
    fails(&operate(&server, CREATE, &new), 200, "CONFLICT");
    fails(
        &operate(
            &server,
            CREATE,
            &json!({"input": {"id": "x", "apiSecret": "short"}}),
        ),
        200,
        "BAD_USER_INPUT",
    );
    let change = json!({"input": {"id": ONE, "apiSecret": SECRET, "idpConsentUrl": null}});
    let changed = operate(&server, UPDATE, &change).json();
    let changed = &changed["data"]["updateTenant"];
    assert_eq!(
        (
            &changed["tenant"]["apiSecrets"],
            &changed["tenant"]["idpConsentUrl"]
        ),
        (&json!(2), &Value::Null)
    );
    assert_eq!(
        (&changed["apiSecret"], &changed["idpSecret"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(query(&server, (ONE, SECRET), GRANTS).status, 200);
    let gone = json!({"input": {"id": ONE, "apiSecret": null}});
    let gone = operate(&server, UPDATE, &gone).json();
    assert_eq!(gone["data"]["updateTenant"]["tenant"]["apiSecrets"], 0);
    assert_eq!(query(&server, (ONE, SECRET), GRANTS).status, 401);
    // The same record as by REST.
    let shown = call(&server, "GET", &format!("/admin/v1/tenants/{ONE}"), None).json();
    assert_eq!(shown["api_secrets"], 0);
    let id = json!({ "id": ONE });
    let deleted = operate(&server, DELETE, &id).json();
    assert_eq!(deleted["data"]["deleteTenant"]["success"], true);
    fails(&operate(&server, DELETE, &id), 200, "NOT_FOUND");
    let one = operate(
        &server,
        "query T($id: String!) { tenant(id: $id) { deletedAt } }",
        &id,
    );
    assert!(
        one.json()["data"]["tenant"]["deletedAt"].is_string(),
        "{one:?}"
    );
    let own = json!({ "id": OWN });
    fails(&operate(&server, DELETE, &own), 200, "BAD_USER_INPUT");
    fails(
        &operate(&server, "{ tenant(id: \"x\") { id } }", &json!({})),
        200,
        "NOT_FOUND",
    );
}

#[test]
fn tenants_are_told_in_pages_without_gap_or_repeat() {
    let server = started("graphql-tenant-pages");
    for id in [ONE, TWO] {
        add(&server, id, SECRET);
    }
    for first in [1, 2, 3, 20] {
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let asked = json!({ "after": after, "first": first });
            let told = operate(&server, TENANTS, &asked).json();
            let page = &told["data"]["tenants"];
            let edges = page["edges"].as_array().unwrap();
            assert!(edges.len() <= first, "{told}");
            assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
            seen.extend(edges.iter().map(|edge| edge["node"]["id"].clone()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(seen, [OWN, ONE, TWO].map(Value::from), "{first}");
    }
    for first in [0, -1, 101] {
        let told = operate(&server, TENANTS, &json!({ "first": first }));
        fails(&told, 200, "BAD_USER_INPUT");
    }
    let told = operate(&server, TENANTS, &json!({ "after": "AAAA" }));
    fails(&told, 200, "BAD_USER_INPUT");
    let many = (0..50).map(|n| format!("a{n}: tenants {{ edges {{ cursor }} }}"));
    let many: Vec<_> = many.collect();
    let many = operate(&server, &format!("{{ {} }}", many.join(" ")), &json!({}));
    fails(&many, 400, "GRAPHQL_VALIDATION_FAILED");
}

#[test]
fn e1_a_tenant_manages_no_tenants() {
    let server = started("graphql-tenant-rights");
    add(&server, ONE, SECRET);
    for text in [
        "{ tenants { edges { cursor } } }".to_owned(),
        format!("{{ tenant(id: \"{ONE}\") {{ id }} }}"),
        "mutation { createTenant(input: {}) { apiSecret } }".to_owned(),
        format!(
            "mutation {{ updateTenant(input: {{id: \"{ONE}\", apiSecret: null}}) {{ apiSecret }} }}"
        ),
        format!("mutation {{ deleteTenant(id: \"{ONE}\") {{ success }} }}"),
    ] {
        fails(&query(&server, (ONE, SECRET), &text), 200, "FORBIDDEN");
    }
    assert_eq!(query(&server, (ONE, SECRET), GRANTS).status, 200);
    let own = query(
        &server,
        (OWN, ADMIN_TOKEN),
        "{ tenants { edges { cursor } } }",
    );
    assert_eq!(
        own.json()["data"]["tenants"]["edges"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn e13_queries_that_grow_when_they_are_read_are_refused_unread() {
    let server = started("graphql-bombs");
    let operator = |text: &str| call(&server, "POST", "/graphql", Some(&json!({ "query": text })));
    let mut bomb = "{ ...F0 }".to_owned();
    for n in 0..40 {
        let next = n + 1;
        write!(bomb, " fragment F{n} on Query {{ ...F{next} ...F{next} }}").unwrap();
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
    let lists_of = |count: usize| {
        let names = (0..count).map(|n| format!("a{n}: grants {{ edges {{ cursor }} }}"));
        let lists: Vec<_> = names.collect();
        format!("{{ {} }}", lists.join(" "))
    };
    fails(&operator(&lists_of(10)), 400, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(operator(&lists_of(5)).status, 200);
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
