//! `POST /{tenant}`: what is refused and how, what is given at once, what has to wait for a person.
//!
//! Spec: Open Payments 1.3 (`post-request`)

use http::Method;
use placet_gnap::open_payments::InteractionSettings;
use serde_json::{Value, json};

use crate::{
    payer::{Begun, Payer, incoming, interact, outgoing, request, with},
    world::{BLUE, PAY, Sent, Shape, World, text},
};

/// A name, how the request differs, and the answer.
type Row<'a> = (&'a str, Value, (u16, &'a str, &'a str));

async fn refused(world: &World, payer: &Payer, rows: &[Row<'_>]) {
    for (name, body, (status, code, description)) in rows {
        let told = payer.ask(world, BLUE, body).await;
        let (got_status, got_code, got) = told.error();
        assert_eq!((got_status, got_code.as_str()), (*status, *code), "{name}");
        if !description.is_empty() {
            assert_eq!(got, *description, "{name}");
        }
        assert_eq!(told.header("cache-control"), "no-store", "{name}");
    }
}

/// What is wrong, where in a request for an incoming payment, and the member there; null takes it away.
const SPOILT: &[(&str, &str, &str)] = &[
    ("no client", "/client", "null"),
    ("client is a number", "/client", "7"),
    ("client by key", "/client", r#"{"key": {}}"#),
    ("a payment pointer", "/client", r#""$wallet.example/a""#),
    ("neither token nor subject", "/access_token", "null"),
    ("several tokens", "/access_token", "[]"),
    ("access is no list", "/access_token/access", "{}"),
    ("a right as text", "/access_token/access", r#"["dolphin"]"#),
    ("another type", "/access_token/access/0/type", r#""photo""#),
    (
        "another action",
        "/access_token/access/0/actions",
        r#"["fly"]"#,
    ),
    ("no action", "/access_token/access/0/actions", "[]"),
    (
        "identifier is no URI",
        "/access_token/access/0/identifier",
        r#""alice""#,
    ),
    ("limits on incoming", "/access_token/access/0/limits", "{}"),
    ("start by user code", "/interact/start", r#"["user_code"]"#),
    ("finish by push", "/interact/finish/method", r#""push""#),
    ("finish without nonce", "/interact/finish/nonce", "null"),
    (
        "finish to a script",
        "/interact/finish/uri",
        r#""javascript:alert(1)""#,
    ),
    ("no subject named", "/subject", r#"{"sub_ids": []}"#),
    (
        "another format",
        "/subject",
        r#"{"sub_ids": [{"id": "a@b.example", "format": "email"}]}"#,
    ),
];

/// The same in a request for an outgoing one, below its right.
const SPOILT_OUTGOING: &[(&str, &str, &str)] = &[
    ("no identifier", "/identifier", "null"),
    (
        "amount without scale",
        "/limits/debitAmount/assetScale",
        "null",
    ),
    ("amount as a number", "/limits/debitAmount/value", "5"),
    ("amount below zero", "/limits/debitAmount/value", r#""-1""#),
    (
        "amount beyond 64 bits",
        "/limits/debitAmount/value",
        r#""18446744073709551616""#,
    ),
    ("scale of 256", "/limits/debitAmount/assetScale", "256"),
    (
        "receiver is no payment",
        "/limits/receiver",
        r#""https://w.example/bob""#,
    ),
    ("interval is none", "/limits/interval", r#""monthly""#),
    ("a limit nobody knows", "/limits/perDay", "1"),
];

#[tokio::test]
async fn what_breaks_the_schema_is_400_without_a_code() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let good = request(&payer, &[incoming(&payer.wallet)]);
    let out = request(&payer, &[outgoing(&payer.wallet)]);
    let schema = (400, "", "");
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (name, pointer, member) in SPOILT {
        rows.push((name, with(good.clone(), pointer, read(member)), schema));
    }
    for (name, pointer, member) in SPOILT_OUTGOING {
        let pointer = format!("/access_token/access/0{pointer}");
        rows.push((name, with(out.clone(), &pointer, read(member)), schema));
    }
    let wallet = json!({ "id": payer.wallet, "format": "uri" });
    let four = [1, 2, 3, 4].map(|n| incoming(&format!("https://w.example/{n}")));
    let twice = [incoming(&payer.wallet), incoming(&payer.wallet)];
    let two = json!({ "sub_ids": [wallet, wallet] });
    let alone = json!({ "client": payer.wallet, "subject": { "sub_ids": [wallet] } });
    rows.push(("four rights", request(&payer, &four), schema));
    rows.push(("the same right twice", request(&payer, &twice), schema));
    rows.push(("two subjects", with(good, "/subject", two), schema));
    rows.push(("subject alone, no interact", alone, schema));
    refused(&world, &payer, &rows).await;
}

#[tokio::test]
async fn what_the_rules_refuse_has_its_code_and_words() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let good = request(&payer, &[incoming(&payer.wallet)]);
    let out = request(&payer, &[outgoing(&payer.wallet)]);
    let limits = "/access_token/access/0/limits";
    let amount = json!({ "value": "1", "assetCode": "EUR", "assetScale": 2 });
    let jwk = json!({ "jwk": payer.jwk() });
    let bad = |description| (400, "invalid_request", description);
    let client = |description| (400, "invalid_client", description);
    let list_all = json!(["list-all"]);
    let rows: Vec<Row<'_>> = vec![
        (
            "both amounts",
            with(out.clone(), &format!("{limits}/receiveAmount"), amount),
            bad("only one access amount allowed"),
        ),
        (
            "subject is no URL",
            with(
                good.clone(),
                "/subject",
                json!({"sub_ids": [{"id": "alice", "format": "uri"}]}),
            ),
            bad("subject id must be a valid https url"),
        ),
        (
            "nothing is asked",
            with(good.clone(), "/access_token/access", json!([])),
            bad("subject or access_token required"),
        ),
        (
            "a person decides and cannot be reached",
            with(out.clone(), "/interact", Value::Null),
            bad("missing required request field 'interact'"),
        ),
        (
            "a subject is asked and the person cannot be reached",
            with(
                with(
                    good.clone(),
                    "/subject",
                    json!({"sub_ids": [{"id": payer.wallet, "format": "uri"}]}),
                ),
                "/interact",
                Value::Null,
            ),
            bad("missing required request field 'interact'"),
        ),
        (
            "list-all of anybody",
            with(
                with(good.clone(), "/access_token/access/0/actions", list_all),
                "/access_token/access/0/identifier",
                Value::Null,
            ),
            bad("access identifier required"),
        ),
        (
            "a bare key asks a person",
            with(out.clone(), "/client", jwk),
            client("JWK client identifier cannot be used for interactive grants"),
        ),
    ];
    refused(&world, &payer, &rows).await;
}

#[tokio::test]
async fn media_types_come_before_everything_else() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[incoming(&payer.wallet)]);
    let url = format!("{PAY}/{BLUE}");
    let plain = |content_type: &str| {
        let mut sent = Sent::new(Method::POST, &url);
        sent.body = body.to_string().into_bytes();
        sent.with("content-type", content_type)
    };
    let rows = [
        ("form", plain("application/x-www-form-urlencoded"), 415),
        ("jose", plain("application/jose"), 415),
        (
            "html wanted",
            plain("application/json").with("accept", "text/html"),
            406,
        ),
        (
            "json ruled out",
            plain("text/plain").with("accept", "application/json;q=0"),
            406,
        ),
    ];
    for (name, sent, want) in rows {
        let told = world.send(&world.payments, sent).await;
        let (status, code, description) = told.error();
        assert_eq!((status, code.as_str()), (want, ""), "{name}");
        assert!(!description.is_empty(), "{name}");
    }
    let browsers = plain("application/json; charset=utf-8").with("accept", "text/html, */*;q=0.8");
    let told = world
        .send(&world.payments, payer.sign(&world, browsers, None))
        .await;
    told.ok();
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"client\":1,\"client\":1}",
    ] {
        let mut sent = Sent::new(Method::POST, &format!("{PAY}/{BLUE}"));
        sent.body = body.as_bytes().to_vec();
        let sent = sent.with("content-type", "application/json");
        let told = world
            .send(&world.payments, payer.sign(&world, sent, None))
            .await;
        assert_eq!(told.code(), (400, String::new()), "{body}");
    }
}

/// A signed request, and ways to spoil it.
struct Signed {
    plain: Sent,
    signed: Sent,
}

impl Signed {
    fn by(world: &World, payer: &Payer) -> Self {
        let body = request(payer, &[incoming(&payer.wallet)]);
        let plain = Sent::new(Method::POST, &format!("{PAY}/{BLUE}")).json(&body);
        Self {
            signed: payer.sign(world, plain.clone(), None),
            plain,
        }
    }

    fn without(&self, name: &str) -> Sent {
        let mut sent = self.signed.clone();
        sent.headers.retain(|(other, _)| other != name);
        sent
    }

    fn changed(&self, name: &str, value: &str) -> Sent {
        self.without(name).with(name, value)
    }

    fn input(&self) -> &str {
        let mut headers = self.signed.headers.iter();
        &headers
            .find(|(name, _)| name == "signature-input")
            .unwrap()
            .1
    }
}

async fn judged(world: &World, rows: Vec<(&str, Sent, (u16, &str))>) {
    for (name, sent, (status, description)) in rows {
        let told = world.send(&world.payments, sent).await.error();
        let want = (status, "invalid_client".to_owned(), description.to_owned());
        assert_eq!(told, want, "{name}");
    }
}

#[tokio::test]
async fn a_signature_is_due_with_a_key_that_can_be_found() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let other = Payer::new(&world, "other");
    let sent = Signed::by(&world, &payer);
    let nameless = sent.input().replace("keyid=", "other=");
    let headers = (401, "invalid signature headers");
    let input = (401, "invalid signature input");
    let unknown = (400, "could not determine client");
    let called = payer.called("k-9");
    let rows = vec![
        ("no signature at all", sent.plain.clone(), headers),
        ("no Signature", sent.without("signature"), headers),
        (
            "no Signature-Input",
            sent.without("signature-input"),
            headers,
        ),
        (
            "no keyid",
            sent.changed("signature-input", &nameless),
            input,
        ),
        ("no input", sent.changed("signature-input", "sig1=("), input),
        (
            "an unknown key",
            called.sign(&world, sent.plain.clone(), None),
            unknown,
        ),
        (
            "another's wallet",
            other.sign(&world, sent.plain.clone(), None),
            unknown,
        ),
    ];
    judged(&world, rows).await;
}

#[tokio::test]
async fn a_signature_has_to_hold() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let other = Payer::new(&world, "other");
    let sent = Signed::by(&world, &payer);
    let mut added = sent.signed.clone();
    let body = String::from_utf8(added.body).unwrap();
    added.body = body.replace("create", "complete").into_bytes();
    let wrong = (401, "invalid signature");
    let aged = |age| payer.sign_at(world.now_s() - age, sent.plain.clone(), None);
    let foreign = other.called(payer.key.kid());
    let charset = "application/json;charset=utf-8";
    let rows = vec![
        (
            "another's key of this name",
            foreign.sign(&world, sent.plain.clone(), None),
            wrong,
        ),
        (
            "another signature",
            sent.changed("signature", "sig1=:AAAA:"),
            wrong,
        ),
        ("another body", added, wrong),
        (
            "another digest",
            sent.changed("content-digest", "sha-512=:AAAA:"),
            wrong,
        ),
        (
            "another content type",
            sent.changed("content-type", charset),
            wrong,
        ),
        ("301 seconds old", aged(301), wrong),
        ("301 seconds early", aged(-301), wrong),
    ];
    judged(&world, rows).await;
    world.send(&world.payments, aged(299)).await.ok();
}

#[tokio::test]
async fn the_age_of_signatures_can_be_left_alone() {
    let world = World::shaped(Shape {
        check_created: false,
        ..Shape::default()
    })
    .await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[incoming(&payer.wallet)]);
    let sent = Sent::new(Method::POST, &format!("{PAY}/{BLUE}")).json(&body);
    let sent = payer.sign_at(world.now_s() - 86_400, sent, None);
    world.send(&world.payments, sent).await.ok();
}

#[tokio::test]
async fn a_wallet_has_to_be_there_with_its_keys() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[incoming(&payer.wallet)]);
    payer.ask(&world, BLUE, &body).await.ok();
    let unpublished = Payer::unpublished(&world, "ghost");
    let asked = request(&unpublished, &[incoming(&payer.wallet)]);
    let told = unpublished.ask(&world, BLUE, &asked).await;
    assert_eq!(told.code(), (400, "invalid_client".to_owned()));
    world.wallets.publish_keys("ghost", &[unpublished.jwk()]);
    world.wait(2);
    // Nobody asks a wallet for its name where no person reads it.
    unpublished.ask(&world, BLUE, &asked).await.ok();
}

#[tokio::test]
async fn a_person_is_shown_a_wallet_that_says_its_name() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let missing = (
        400,
        "invalid_client".to_owned(),
        "missing required request field 'client'".to_owned(),
    );
    let rows: [(&str, Value); 4] = [
        ("/publicName", Value::Null),
        ("/publicName", json!(" ")),
        ("/id", json!("https://somebody.example/else")),
        ("/assetScale", json!("2")),
    ];
    for (member, value) in rows {
        world.wallets.publish("acme", |document| {
            *document = with(document.clone(), member, value.clone());
        });
        let told = payer.ask(&world, BLUE, &body).await;
        assert_eq!(told.error(), missing, "{member} {value}");
    }
    world.wallets.take_down("/acme");
    assert_eq!(payer.ask(&world, BLUE, &body).await.error(), missing);
    world.wallets.publish("acme", |_| {});
    payer.ask(&world, BLUE, &body).await.ok();
}

#[tokio::test]
async fn what_needs_nobody_is_given_at_once() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let quote = json!({ "type": "quote", "actions": ["create", "read-all"] });
    let both = request(&payer, &[incoming(&payer.wallet), quote.clone()]);
    let without_interact = with(both.clone(), "/interact", Value::Null);
    let object = json!({ "walletAddress": payer.wallet });
    let rows = [
        ("two rights", both.clone()),
        (
            "in the order asked",
            request(&payer, &[quote.clone(), incoming(&payer.wallet)]),
        ),
        ("without interact", without_interact.clone()),
        ("wallet in an object", with(both.clone(), "/client", object)),
        (
            "a bare key",
            with(without_interact, "/client", json!({ "jwk": payer.jwk() })),
        ),
        (
            "all reads",
            request(
                &payer,
                &[
                    json!({ "type": "incoming-payment", "actions": ["read-all", "complete", "list"] }),
                ],
            ),
        ),
    ];
    for (name, body) in rows {
        let told = payer.ask(&world, BLUE, &body).await.ok();
        let members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["access_token", "continue"], "{name}");
        let token = told["access_token"].as_object().unwrap();
        let mut members: Vec<_> = token.keys().cloned().collect();
        members.sort_unstable();
        assert_eq!(
            members,
            ["access", "expires_in", "manage", "value"],
            "{name}"
        );
        assert_eq!(token["access"], body["access_token"]["access"], "{name}");
        assert_eq!(token["expires_in"], 600, "{name}");
        assert!(
            text(&token["manage"]).starts_with(&format!("{PAY}/token/")),
            "{name}"
        );
        let back = told["continue"].as_object().unwrap();
        assert!(!back.contains_key("wait"), "{name}");
        assert!(
            text(&back["uri"]).starts_with(&format!("{PAY}/continue/")),
            "{name}"
        );
        assert!(!text(&back["access_token"]["value"]).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn what_a_person_decides_about_waits() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let subject = json!({ "sub_ids": [{ "id": payer.wallet, "format": "uri" }] });
    let list_all =
        json!({ "type": "incoming-payment", "actions": ["list-all"], "identifier": payer.wallet });
    let quote = json!({ "type": "quote", "actions": ["create"] });
    let subject_alone =
        json!({ "client": payer.wallet, "subject": subject, "interact": interact() });
    let rows = [
        ("outgoing", request(&payer, &[outgoing(&payer.wallet)])),
        (
            "one of two",
            request(&payer, &[quote, outgoing(&payer.wallet)]),
        ),
        ("list-all", request(&payer, &[list_all])),
        ("a subject", subject_alone),
        (
            "a subject beside what needs nobody",
            with(
                request(&payer, &[incoming(&payer.wallet)]),
                "/subject",
                subject,
            ),
        ),
        (
            "without finish",
            with(
                request(&payer, &[outgoing(&payer.wallet)]),
                "/interact/finish",
                Value::Null,
            ),
        ),
        (
            "without a way to start",
            with(
                request(&payer, &[outgoing(&payer.wallet)]),
                "/interact/start",
                json!([]),
            ),
        ),
    ];
    for (name, body) in rows {
        let told = payer.ask(&world, BLUE, &body).await.ok();
        let members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["continue", "interact"], "{name}");
        assert_eq!(told["continue"]["wait"], 5, "{name}");
        let mut members: Vec<_> = told["interact"].as_object().unwrap().keys().collect();
        members.sort_unstable();
        assert_eq!(members, ["finish", "redirect"], "{name}");
        let begun = Begun::of(&told);
        assert_eq!(told["interact"]["finish"], begun.nonce.as_str(), "{name}");
        let query = begun.redirect.split_once('?').unwrap().1;
        let wallet: String =
            url::form_urlencoded::byte_serialize(payer.wallet.as_bytes()).collect();
        assert_eq!(
            query,
            format!("clientName=acme+%26+Co&clientUri={wallet}"),
            "{name}"
        );
        assert!(
            begun.redirect.starts_with(&format!("{PAY}/interact/")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_settings_say_what_a_person_is_asked_about() {
    let asked = |incoming_payment, quote, list_all| InteractionSettings {
        incoming_payment,
        quote,
        list_all,
    };
    let rows = [
        (
            "incoming",
            "incoming-payment",
            "create",
            asked(true, false, true),
            true,
        ),
        ("quote", "quote", "create", asked(false, true, true), true),
        (
            "incoming, only quotes are asked about",
            "incoming-payment",
            "create",
            asked(false, true, true),
            false,
        ),
        (
            "list-all is free",
            "incoming-payment",
            "list-all",
            asked(false, false, false),
            false,
        ),
        (
            "list-all of what is asked about",
            "incoming-payment",
            "list-all",
            asked(true, false, false),
            true,
        ),
    ];
    for (name, kind, action, interaction, waits) in rows {
        let world = World::shaped(Shape {
            interaction,
            ..Shape::default()
        })
        .await;
        let payer = Payer::new(&world, "acme");
        let access = json!({ "type": kind, "actions": [action], "identifier": payer.wallet });
        let told = payer
            .ask(&world, BLUE, &request(&payer, &[access]))
            .await
            .ok();
        assert_eq!(told.get("interact").is_some(), waits, "{name}");
        assert_eq!(told.get("access_token").is_none(), waits, "{name}");
    }
}

#[tokio::test]
async fn a_wallet_s_name_is_written_once_and_stays_when_nobody_asks() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let waits = request(&payer, &[outgoing(&payer.wallet)]);
    let at_once = request(&payer, &[incoming(&payer.wallet)]);
    let operator = crate::world::OPERATOR;
    payer.ask(&world, operator, &waits).await.ok();
    payer.ask(&world, operator, &at_once).await.ok();
    let before = world.events().await;
    payer.ask(&world, operator, &at_once).await.ok();
    payer.ask(&world, operator, &waits).await.ok();
    assert_eq!(world.events().await, before + 2, "one change each");
}
