//! RFC 9635 §3.6, §5: what a client still holds when an answer is lost or is an error.

use std::time::Duration;

use placet_client::{Answer, Error, Finish, Granted, InteractRef, Pending, Start};
use serde_json::{Value, json};

use crate::{
    gnap::client,
    scripted::{Says, Scripted},
};

fn way(origin: &str, name: &str, wait: u64) -> Value {
    json!({ "uri": format!("{origin}/continue/{name}"), "wait": wait, "access_token": { "value": format!("token-{name}") } })
}

fn waiting(origin: &str, name: &str) -> Says {
    let interact = json!({ "redirect": format!("{origin}/go") });
    Says::Json(
        200,
        json!({ "continue": way(origin, name, 1), "interact": interact }),
    )
}

fn given(origin: &str, name: &str) -> Says {
    let token = json!({ "value": "os2x", "access": ["read"] });
    Says::Json(
        200,
        json!({ "continue": way(origin, name, 1), "access_token": token }),
    )
}

fn refused(code: &str, next: Option<Value>) -> Says {
    let mut body = json!({ "error": { "code": code } });
    if let (Some(members), Some(next)) = (body.as_object_mut(), next) {
        members.insert("continue".to_owned(), next);
    }
    Says::Json(400, body)
}

async fn pending(server: &Scripted) -> Pending {
    let asked = client(&server.origin)
        .request(&[json!("read")], &[Start::Redirect], &Finish::Poll)
        .await;
    server.sent();
    let pending = match asked {
        Ok(Answer::Pending(pending)) => Some(*pending),
        Ok(Answer::Granted(_)) | Err(_) => None,
    };
    pending.expect("a person is to be asked")
}

async fn granted(server: &Scripted) -> Granted {
    let mut pending = pending(server).await;
    let polled = pending.poll(None).await.expect("it is answered");
    server.sent();
    polled.expect("it was granted")
}

/// The path and the continuation token of the next call.
fn came(server: &Scripted) -> (String, Option<String>) {
    let sent = server.sent();
    let path = sent.line.split(' ').nth(1).map(str::to_owned);
    let token = sent.header("authorization").map(str::to_owned);
    (path.unwrap_or_default(), token)
}

fn at(name: &str) -> (String, Option<String>) {
    (
        format!("/continue/{name}"),
        Some(format!("GNAP token-{name}")),
    )
}

fn code(error: &Error) -> Option<&str> {
    match error {
        Error::Refused { code, .. } => code.as_deref(),
        _ => None,
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_poll_does_not_lose_the_grant() {
    let server = Scripted::start(|at| vec![waiting(at, "a"), Says::Nothing, given(at, "b")]);
    let mut pending = pending(&server).await;
    let lost = pending.poll(None).await;
    assert!(matches!(lost, Err(Error::Http(_))), "{lost:?}");
    let granted = pending.poll(None).await.expect("it is answered");
    assert!(granted.expect("it was granted").token.is_some());
    assert_eq!([came(&server), came(&server)], [at("a"), at("a")]);
}

#[tokio::test]
async fn rfc9635_5_2_each_poll_goes_where_the_last_answer_said() {
    let server = Scripted::start(|at| vec![waiting(at, "a"), waiting(at, "b"), given(at, "c")]);
    let mut pending = pending(&server).await;
    let redirect = pending.redirect.clone();
    assert!(pending.poll(None).await.expect("it is answered").is_none());
    assert_eq!(pending.redirect, redirect);
    assert!(pending.poll(None).await.expect("it is answered").is_some());
    assert_eq!([came(&server), came(&server)], [at("a"), at("b")]);
}

#[tokio::test]
async fn rfc9635_3_6_the_way_that_an_error_carries_is_gone_on_with() {
    let server = Scripted::start(|at| {
        let slower = refused("too_fast", Some(way(at, "b", 10)));
        let unclear = refused("too_fast", Some(json!({ "uri": at })));
        let plain = refused("too_fast", None);
        vec![waiting(at, "a"), slower, unclear, plain, given(at, "c")]
    });
    let mut pending = pending(&server).await;
    assert_eq!(pending.wait(), Duration::from_secs(1));
    for _ in 0..3 {
        let error = pending.poll(None).await.expect_err("too early");
        assert_eq!(code(&error), Some("too_fast"));
        assert_eq!(pending.wait(), Duration::from_secs(10));
    }
    assert!(pending.poll(None).await.expect("it is answered").is_some());
    let calls = [came(&server), came(&server), came(&server), came(&server)];
    assert_eq!(calls, [at("a"), at("b"), at("b"), at("b")]);
}

#[tokio::test]
async fn a_reference_can_be_brought_again_where_the_answer_was_lost() {
    let server = Scripted::start(|at| {
        let mut answer = json!({ "continue": way(at, "a", 1) });
        let interact = json!({ "redirect": format!("{at}/go"), "finish": "server-nonce" });
        answer
            .as_object_mut()
            .expect("an object")
            .insert("interact".to_owned(), interact);
        vec![
            Says::Json(200, answer),
            Says::Nothing,
            refused("invalid_interaction", Some(way(at, "b", 1))),
            given(at, "c"),
        ]
    });
    let back = Finish::Redirect("https://client.example/back".to_owned());
    let asked = client(&server.origin)
        .request(&[json!("read")], &[Start::Redirect], &back)
        .await;
    let Ok(Answer::Pending(mut pending)) = asked else {
        panic!("it waits: {asked:?}");
    };
    let nonce = server.sent().body;
    let nonce = nonce.pointer("/interact/finish/nonce");
    let reference = reference(&pending, nonce, &server.origin);
    assert!(matches!(
        pending.finish(&reference).await,
        Err(Error::Http(_))
    ));
    let error = pending.finish(&reference).await.expect_err("refused");
    assert_eq!(code(&error), Some("invalid_interaction"));
    assert!(pending.finish(&reference).await.expect("read").is_some());
    assert_eq!(
        [came(&server), came(&server), came(&server)],
        [at("a"), at("a"), at("b")]
    );
}

fn reference(pending: &Pending, nonce: Option<&Value>, endpoint: &str) -> InteractRef {
    let interaction = placet_proof::gnap::Interaction {
        client_nonce: nonce.and_then(Value::as_str).expect("a nonce was sent"),
        server_nonce: "server-nonce",
        interact_ref: "brought",
        grant_endpoint: endpoint,
    };
    let hash = interaction.hash(
        placet_proof::gnap::HashMethod::Sha256,
        placet_proof::gnap::HashEncoding::Base64Url,
    );
    assert!(matches!(
        pending.check(&hash, "another"),
        Err(Error::WrongHash)
    ));
    pending.check(&hash, "brought").expect("the hash fits")
}

#[tokio::test]
async fn rfc9635_5_3_a_change_that_failed_leaves_the_grant_and_its_token() {
    let server = Scripted::start(|at| {
        vec![
            waiting(at, "a"),
            given(at, "b"),
            Says::Nothing,
            refused("request_denied", Some(way(at, "c", 1))),
            given(at, "d"),
            Says::Json(204, Value::Null),
        ]
    });
    let mut granted = granted(&server).await;
    let access = [json!("read"), json!("write")];
    let lost = granted.modify(&access, None).await;
    assert!(matches!(lost, Err(Error::Http(_))), "{lost:?}");
    let error = granted.modify(&access, None).await.expect_err("refused");
    assert_eq!(code(&error), Some("request_denied"));
    assert!(granted.token.is_some());
    let changed = granted.modify(&access, None).await;
    assert!(matches!(changed, Ok(Answer::Granted(_))), "{changed:?}");
    granted.revoke().await.expect("it is taken back");
    let calls = [came(&server), came(&server), came(&server), came(&server)];
    assert_eq!(calls, [at("b"), at("b"), at("c"), at("d")]);
}
