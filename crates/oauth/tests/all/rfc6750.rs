//! RFC 6750: how an access token is presented at userinfo.

use http::{Method, StatusCode};

use crate::world::{WEB, World, encode, set, text};

#[tokio::test]
async fn rfc6750_3_1_without_a_token_no_code_is_told() {
    let world = World::new().await;
    let told = world.get("/userinfo").await;
    assert_eq!(told.status, StatusCode::UNAUTHORIZED);
    assert_eq!(told.header("www-authenticate"), "Bearer realm=\"placet\"");
    assert!(told.body.is_empty());
}

#[tokio::test]
async fn t8_one_bearer_token_in_one_header() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let token = text(&given["access_token"]);
    let good = format!("Bearer {token}");
    for header in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer\t{token}"),
        format!("Bearer{token}"),
        format!("{good} x"),
        format!("{good},Bearer x"),
        format!("{good};"),
        format!("{good}\t"),
        format!("Bearer \"{token}\""),
        format!("Token {token}"),
        format!("Basic {token}"),
        token.to_owned(),
        "Bearer =".to_owned(),
        "Bearer a=b".to_owned(),
    ] {
        let mut call = world.call(Method::GET);
        set(&mut call, "authorization", &header);
        let told = world.send(call, "/userinfo").await;
        assert_eq!(
            told.error(),
            (400, "invalid_request".to_owned()),
            "{header:?}"
        );
        assert!(
            told.header("www-authenticate")
                .contains("error=\"invalid_request\"")
        );
    }
    let mut call = world.call(Method::GET);
    set(&mut call, "authorization", &good);
    set(&mut call, "authorization", &good);
    assert_eq!(
        world.send(call, "/userinfo").await.error().0,
        400,
        "two headers"
    );

    let mut call = world.call(Method::GET);
    set(&mut call, "authorization", &format!("bearer  {token}"));
    assert_eq!(
        world.send(call, "/userinfo").await.status,
        StatusCode::OK,
        "RFC 9110 §11.1"
    );
}

#[tokio::test]
async fn rfc6750_2_a_token_is_presented_in_one_way() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let token = text(&given["access_token"]);
    let form = |header: bool, body: bool| {
        let mut call = world.call(Method::POST);
        if header {
            set(&mut call, "authorization", &format!("Bearer {token}"));
        }
        if body {
            set(
                &mut call,
                "content-type",
                "application/x-www-form-urlencoded",
            );
            call.body = encode(&[("access_token", token)]).into();
        }
        call
    };
    for (header, body, want) in [
        (true, false, 200),
        (false, true, 200),
        (true, true, 400),
        (false, false, 401),
    ] {
        let told = world.send(form(header, body), "/userinfo").await;
        assert_eq!(told.status.as_u16(), want, "header {header}, body {body}");
    }
    // RFC 9700 §4.3.2: never in the query.
    let mut call = world.call(Method::GET);
    call.query = encode(&[("access_token", token)]);
    assert_eq!(
        world.send(call, "/userinfo").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn t7_another_spelling_of_a_token_is_another_token() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let token = text(&given["access_token"]).to_owned();
    assert_eq!(world.userinfo(&token).await.status, StatusCode::OK);
    let mut others = vec![
        token.to_uppercase(),
        token.to_lowercase(),
        format!("{token}="),
        format!("{token}%3D"),
        format!(" {token}"),
        format!("{token}\n"),
    ];
    for count in 1..=20 {
        others.push(token.get(..token.len() - count).unwrap().to_owned());
        others.push(token.get(count..).unwrap().to_owned());
        others.push(format!("{token}{}", "A".repeat(count)));
    }
    for other in others {
        assert!(!world.is_active(WEB, &other).await, "{other:?}");
    }
}

#[tokio::test]
async fn rfc6750_3_1_expired_revoked_and_poor_tokens() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[("scope", "read")]).await;
    let poor = world.userinfo(text(&given["access_token"])).await;
    assert_eq!(poor.error(), (403, "insufficient_scope".to_owned()));
    assert!(poor.header("www-authenticate").contains("scope=\"openid\""));

    let own = world
        .token(WEB, &[("grant_type", "client_credentials")])
        .await
        .json();
    let own = world.userinfo(text(&own["access_token"])).await;
    assert_eq!(own.error(), (403, "insufficient_scope".to_owned()));

    let given = world.tokens(WEB, &[]).await;
    world.wait(3600);
    let late = world.userinfo(text(&given["access_token"])).await;
    assert_eq!(late.error(), (401, "invalid_token".to_owned()));
    assert!(
        late.header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}
