//! RFC 7636 and RFC 9700 §2.1.1: PKCE, both ways.

use http::StatusCode;

use crate::world::{CHALLENGE, LEGACY, SPA, WEB, World, request};

#[tokio::test]
async fn a4_a_request_without_a_challenge_of_s256_is_refused() {
    let world = World::new().await;
    for (name, extra) in [
        (
            "no challenge",
            &[("code_challenge", ""), ("code_challenge_method", "")][..],
        ),
        ("method plain", &[("code_challenge_method", "plain")]),
        ("no method means plain", &[("code_challenge_method", "")]),
        (
            "method in another case",
            &[("code_challenge_method", "s256")],
        ),
        (
            "challenge too short",
            &[(
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            )],
        ),
        (
            "challenge padded",
            &[(
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            )],
        ),
        ("method alone", &[("code_challenge", "")]),
    ] {
        for client in [WEB, SPA] {
            let told = world
                .visit(None, &request(client, extra))
                .await
                .redirected();
            assert_eq!(told["error"], "invalid_request", "{name}");
            assert_eq!(told["state"], "s", "{name}");
        }
    }
}

#[tokio::test]
async fn a5_a_challenge_needs_its_verifier_and_a_wrong_use_burns_the_code() {
    let world = World::new().await;
    let wrong = "x".repeat(43);
    let long = "y".repeat(200);
    for (name, verifier) in [
        ("none", ""),
        ("wrong", wrong.as_str()),
        ("the challenge itself", CHALLENGE),
        ("too short", "short"),
        ("too long", long.as_str()),
    ] {
        let code = world.code(SPA, &[]).await;
        let refused = world
            .exchange(SPA, &code, &[("code_verifier", verifier)])
            .await;
        assert_eq!(refused.error(), (400, "invalid_grant".to_owned()), "{name}");
        let burnt = world.exchange(SPA, &code, &[]).await;
        assert_eq!(
            burnt.error(),
            (400, "invalid_grant".to_owned()),
            "{name}, then right"
        );
    }
}

#[tokio::test]
async fn a6_a_verifier_needs_a_challenge() {
    let world = World::new().await;
    let without: &[_] = &[("code_challenge", ""), ("code_challenge_method", "")];
    let code = world.code(LEGACY, without).await;
    let refused = world.exchange(LEGACY, &code, &[]).await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));

    let code = world.code(LEGACY, without).await;
    let given = world
        .exchange(LEGACY, &code, &[("code_verifier", "")])
        .await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");

    // A client that may leave it out is held to it when it does not.
    let code = world.code(LEGACY, &[]).await;
    let refused = world
        .exchange(LEGACY, &code, &[("code_verifier", "")])
        .await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));
}
