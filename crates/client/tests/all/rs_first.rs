//! RFC 9635 §9.1: the way from a resource server's refusal to a token.

use placet_client::{Answer, Error, Finish, Start, challenge::Challenge};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    gnap::client,
    scripted::{Says, Scripted},
};

const RESOURCE_SERVER: &str = "https://rs.example";

fn challenge(as_uri: &str) -> Challenge {
    Challenge {
        as_uri: Some(as_uri.to_owned()),
        access: Some("FWWIKYBQ6U56NL1".to_owned()),
        referrer: Some(RESOURCE_SERVER.to_owned()),
    }
}

fn token(value: &str) -> Says {
    let token = json!({ "value": value, "access": ["FWWIKYBQ6U56NL1"] });
    Says::Json(200, json!({ "access_token": token }))
}

const STARTS: ([Start; 1], Finish) = ([Start::Redirect], Finish::Poll);

#[tokio::test]
async fn rfc9635_9_1_the_named_right_is_asked_for_in_the_name_of_the_resource_server() {
    let server = Scripted::start(|_| vec![token("os2x"), token("os2x")]);
    let client = client(&server.origin);
    let (starts, finish) = (&STARTS.0, &STARTS.1);
    let challenge = challenge(&server.origin);
    let asked = client
        .request_for(
            &challenge,
            RESOURCE_SERVER,
            &[json!("dolphin")],
            (starts, finish),
        )
        .await;
    assert!(matches!(asked, Ok(Answer::Granted(_))), "{asked:?}");
    let sent = server.sent();
    assert_eq!(sent.header("referer"), Some(RESOURCE_SERVER));
    assert_eq!(
        sent.body.pointer("/access_token/access"),
        Some(&json!(["FWWIKYBQ6U56NL1", "dolphin"]))
    );
    let unnamed = Challenge {
        referrer: None,
        ..challenge
    };
    let asked = client
        .request_for(&unnamed, RESOURCE_SERVER, &[], (starts, finish))
        .await;
    assert!(matches!(asked, Ok(Answer::Granted(_))), "{asked:?}");
    assert_eq!(server.sent().header("referer"), None);
}

#[tokio::test]
async fn rfc9635_9_1_a_challenge_that_is_not_to_be_followed_is_not() {
    // Nothing is ever sent: no answer is prepared.
    let server = Scripted::start(|_| Vec::new());
    let client = client(&server.origin);
    let (starts, finish) = (&STARTS.0, &STARTS.1);
    let own = challenge(&server.origin);
    for other in ["https://rs.example/", "https://other.example"] {
        let asked = client.request_for(&own, other, &[], (starts, finish)).await;
        assert!(matches!(asked, Err(Error::WrongReferrer)), "{asked:?}");
    }
    let elsewhere = challenge("https://as.example/tx");
    let asked = client
        .request_for(&elsewhere, RESOURCE_SERVER, &[], (starts, finish))
        .await;
    assert!(matches!(asked, Err(Error::OtherServer)), "{asked:?}");
    let asked = client
        .request_for(
            &Challenge::default(),
            RESOURCE_SERVER,
            &[],
            (starts, finish),
        )
        .await;
    assert!(
        matches!(asked, Err(Error::Malformed("challenge"))),
        "{asked:?}"
    );
}

#[tokio::test]
async fn rfc9635_9_1_a_call_that_is_refused_hands_the_challenge_on() {
    let server = Scripted::start(|at| {
        let challenge = ("www-authenticate", challenge(at).to_string());
        vec![
            token("os2x"),
            Says::With(401, challenge.clone(), Value::Null),
            Says::With(403, challenge.clone(), Value::Null),
            Says::With(401, challenge, Value::Null),
        ]
    });
    let client = client(&server.origin);
    let asked = client.request(&[json!("read")], &STARTS.0, &STARTS.1).await;
    let Ok(Answer::Granted(granted)) = asked else {
        panic!("it is given: {asked:?}");
    };
    let token = granted.token.expect("a token");
    let url = format!("{}/photos", server.origin);
    for (status, want) in [(401, Some(challenge(&server.origin))), (403, None)] {
        let called = token.call(Method::GET, &url, None).await;
        let Err(Error::Refused {
            status: told,
            challenge,
            ..
        }) = called
        else {
            panic!("it is refused: {called:?}");
        };
        assert_eq!((told, challenge.map(|told| *told)), (status, want));
    }
    // Who has no token yet may call with any client.
    let reply = reqwest::get(&url).await.expect("it answers");
    assert_eq!(Challenge::of(&reply), Some(challenge(&server.origin)));
}
