//! `answer`, `resume`, `clarify` and `cancel`.

use placet_core::{
    Id, Refusal,
    engine::{Answer, Caller, Decider, Decision, Engine, Error, Handover},
    pending::{CLARIFY_ROUNDS, DecidedBy, Delivery, EndKind, State},
    person::SeatedPerson,
    right::Rights,
    secret::Secret,
    time::Lifetime,
};

use crate::scene::{CODE, INTERVAL, Scene, WAIT, ask, bytes, refused, rights};

async fn answer(engine: &Engine, answer: Answer<'_>) -> Result<Handover, Error> {
    let told = engine.answer(&answer, &Caller::default()).await?;
    Ok(told.into_inner())
}

#[tokio::test]
async fn c1_the_second_answer_changes_nothing() {
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let scene = Scene::new().await;
        let client = scene.client("tv").await;
        let opened = scene.device(&client).await;
        let seat = scene.seat("ada", &scene.browser()).await;
        let decision = |yes| {
            if yes {
                Decision::Approve(rights("read"))
            } else {
                Decision::Deny
            }
        };
        let id = opened.request.id;
        scene
            .decide(id, &seat, decision(first), None)
            .await
            .unwrap();
        let state = scene.state(id).await;
        let told = refused(scene.decide(id, &seat, decision(second), None).await);
        let want = if first {
            Refusal::AlreadyAnswered
        } else {
            Refusal::Denied
        };
        assert_eq!(told, want);
        assert_eq!(scene.state(id).await, state);
        let collected = scene.poll(&opened, &client).await;
        assert_eq!(collected.is_ok(), first);
        scene.verified().await;
    }
}

#[tokio::test]
async fn c5_a_decision_about_something_else_is_stale() {
    let scene = Scene::new().await;
    let id = scene.device(&scene.client("tv").await).await.request.id;
    let seat = scene.seat("ada", &scene.browser()).await;
    let caller = Caller::default();
    let seen = scene
        .engine
        .claim(id, &seat, &caller)
        .await
        .unwrap()
        .into_inner();
    let decide = |shown| Answer {
        request: id,
        by: Decider::Seat(&seat),
        shown: Some(shown),
        decision: Decision::Approve(rights("read")),
        cookie: None,
    };
    // The client's name changes between display and decision.
    scene
        .engine
        .change_client("tv", &caller, |client| {
            client.metadata.client_name = Some("Your Bank".to_owned());
        })
        .await
        .unwrap();
    assert_eq!(
        refused(answer(&scene.engine, decide(seen)).await),
        Refusal::StaleView
    );
    let seen = scene
        .engine
        .claim(id, &seat, &caller)
        .await
        .unwrap()
        .into_inner();
    answer(&scene.engine, decide(seen)).await.unwrap();
}

#[tokio::test]
async fn c6_nobody_grants_more_than_they_may() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let mut narrow = ask(client.client(), Delivery::Poll { interval: INTERVAL });
    narrow.rights = rights("read");
    let opened = scene
        .engine
        .open(narrow, scene.now())
        .await
        .unwrap()
        .into_inner();
    let id = opened.request.id;
    let seat = scene.seat("ada", &scene.browser()).await;
    let other_resource = Rights::parse("read", ["urn:other"]).unwrap();
    for wide in [rights("read write"), other_resource] {
        let told = scene.decide(id, &seat, Decision::Approve(wide), None).await;
        assert_eq!(refused(told), Refusal::Exceeds);
    }
    let person = scene.person("ada").await.value;
    let operator = |granted| Answer {
        request: id,
        by: Decider::Operator {
            credential: "ops",
            person: Some(&person),
            subject: None,
        },
        shown: None,
        decision: Decision::Approve(granted),
        cookie: None,
    };
    let told = answer(&scene.engine, operator(rights("admin"))).await;
    assert_eq!(refused(told), Refusal::Exceeds, "outside its registration");
    // An operator may replace scopes within what the client is registered for.
    answer(&scene.engine, operator(rights("write")))
        .await
        .unwrap();
    let given = scene.poll(&opened, &client).await.unwrap();
    assert_eq!(given.rights, rights("write"));
    scene.verified().await;
}

#[tokio::test]
async fn b6_a_disabled_person_does_not_claim_decide_or_collect() {
    let caller = Caller::default();
    for moment in ["claim", "decide", "collect"] {
        let scene = Scene::new().await;
        let client = scene.client("tv").await;
        let opened = scene.device(&client).await;
        let (session, _) = scene.sign_in("ada").await;
        let browser = scene.browser();
        let seat = scene.seat_of("ada", session.clone(), &browser).await;
        let id = opened.request.id;
        if moment == "collect" {
            scene.approve(id, &seat).await.unwrap();
        }
        scene
            .engine
            .change_person("ada", false, &caller, |person| person.disabled = true)
            .await
            .unwrap();
        // What a browser would present from here on, and what a verb under way still holds.
        let now = scene.seat_of("ada", session, &browser).await;
        let told = match moment {
            "claim" => refused(scene.engine.claim(id, &now, &caller).await),
            "decide" => {
                assert_eq!(
                    refused(scene.approve(id, &now).await),
                    Refusal::PersonInactive
                );
                refused(scene.approve(id, &seat).await)
            }
            _ => refused(scene.poll(&opened, &client).await),
        };
        assert_eq!(told, Refusal::PersonInactive, "{moment}");
        scene.verified().await;
    }
}

#[tokio::test]
async fn j3_a_new_password_or_a_sign_out_beats_a_decision_under_way() {
    let caller = Caller::default();
    for (name, want) in [
        ("password", Refusal::PersonInactive),
        ("sign-out", Refusal::SignInNeeded),
    ] {
        for policy in [false, true] {
            let scene = Scene::new().await;
            let opened = scene.device(&scene.client("tv").await).await;
            let (session, cookie) = scene.sign_in("ada").await;
            let seat = scene
                .seat_of("ada", session.clone(), &scene.browser())
                .await;
            let person = scene.person("ada").await.value;
            scene.advance(Lifetime::from_millis(1));
            if name == "password" {
                let change = scene.engine.change_person("ada", true, &caller, |_| {});
                change.await.unwrap();
            } else {
                scene.engine.sign_out(cookie.hash(), &caller).await.unwrap();
            }
            let by = if policy {
                Decider::Policy {
                    rule: "first party",
                    person: &person,
                    session: &session,
                    under: None,
                }
            } else {
                Decider::Seat(&seat)
            };
            let decision = Decision::Approve(rights("read"));
            let asked = Answer {
                request: opened.request.id,
                by,
                shown: None,
                decision,
                cookie: None,
            };
            let told = answer(&scene.engine, asked).await;
            assert_eq!(refused(told), want, "{name}, policy: {policy}");
            assert_eq!(scene.state(opened.request.id).await, State::Pending);
        }
    }
}

#[tokio::test]
async fn a_policy_answers_under_a_grant_only_while_it_stands() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    scene.tokens(&client).await;
    let person = scene.person("ada").await.value;
    let grants = scene.engine.list_grants(person.id).await.unwrap();
    let [grant] = grants.as_slice() else {
        panic!("{grants:?}");
    };
    let (session, _) = scene.sign_in("ada").await;
    let policy = |request| Answer {
        request,
        by: Decider::Policy {
            rule: "remembered",
            person: &person,
            session: &session,
            under: Some((grant.value.id, grant.version)),
        },
        shown: None,
        decision: Decision::Approve(rights("read")),
        cookie: None,
    };
    let first = scene.device(&client).await;
    answer(&scene.engine, policy(first.request.id))
        .await
        .unwrap();
    scene.poll(&first, &client).await.unwrap();
    let count = scene.engine.list_grants(person.id).await.unwrap().len();
    assert_eq!(count, 1, "the remembered grant is used again");

    let approved = scene.device(&client).await;
    answer(&scene.engine, policy(approved.request.id))
        .await
        .unwrap();
    let late = scene.device(&client).await;
    scene
        .engine
        .revoke_grant(grant.value.id, None, &Caller::default())
        .await
        .unwrap();
    assert_eq!(
        refused(scene.poll(&approved, &client).await),
        Refusal::Revoked
    );
    let told = answer(&scene.engine, policy(late.request.id)).await;
    assert!(matches!(told, Err(Error::Store(_))), "{told:?}");
    assert_eq!(scene.state(late.request.id).await, State::Pending);
    scene.verified().await;
}

#[tokio::test]
async fn answer_refuses_client_browser_and_time() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let home = scene.browser();
    let id = scene.redirect(&client, &home).await.request.id;
    let stranger = scene.seat("ada", &scene.browser()).await;
    assert_eq!(
        refused(scene.approve(id, &stranger).await),
        Refusal::WrongBrowser
    );
    let seat = scene.seat("ada", &home).await;
    let caller = Caller::default();
    let shut = |disabled| {
        scene
            .engine
            .change_client("web", &caller, move |client| client.disabled = disabled)
    };
    shut(true).await.unwrap();
    assert_eq!(
        refused(scene.approve(id, &seat).await),
        Refusal::ClientInactive
    );
    shut(false).await.unwrap();
    scene.advance(WAIT.plus(Lifetime::ZERO));
    assert_eq!(
        refused(scene.approve(id, &seat).await),
        Refusal::Expired,
        "at the very end"
    );
    scene.verified().await;
}

#[tokio::test]
async fn c2_an_answer_holds_until_the_last_millisecond() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    scene
        .setting
        .clock
        .set(opened.request.expires_at.minus(Lifetime::from_millis(1)));
    scene.approve(opened.request.id, &seat).await.unwrap();
    // Whoever was told 'approved' is not betrayed: the device may still collect.
    scene.advance(INTERVAL.plus(INTERVAL));
    scene.poll(&opened, &client).await.unwrap();
    scene.verified().await;
}

#[tokio::test]
async fn a_reload_repeats_the_code_until_it_is_collected() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let home = scene.browser();
    let id = scene.redirect(&client, &home).await.request.id;
    let seat = scene.seat("ada", &home).await;
    let yes = Decision::Approve(rights("read"));
    let code = scene
        .decide(id, &seat, yes, Some(&home))
        .await
        .unwrap()
        .code;
    assert!(code.is_some());
    let again = async || {
        scene
            .engine
            .resume(id, &home)
            .await
            .unwrap()
            .into_inner()
            .code
    };
    assert_eq!(again().await, code);
    assert_eq!(again().await, code);
    let told = scene.engine.resume(id, &scene.browser()).await;
    assert_eq!(refused(told), Refusal::WrongBrowser, "A18");
    let told = scene
        .engine
        .resume(Id::random(scene.engine.random()), &home)
        .await;
    assert_eq!(refused(told), Refusal::NotFound);
    let secret = Secret::parse(&code.unwrap()).unwrap();
    let by = placet_core::engine::CollectBy::Code;
    scene.collect(by, &secret, &client).await.unwrap();
    assert_eq!(again().await, None);
}

#[tokio::test]
async fn a_code_is_not_repeated_when_it_is_too_late() {
    let scene = Scene::new().await;
    let home = scene.browser();
    let id = scene
        .redirect(&scene.client("web").await, &home)
        .await
        .request
        .id;
    let seat = scene.seat("ada", &home).await;
    let yes = Decision::Approve(rights("read"));
    scene.decide(id, &seat, yes, Some(&home)).await.unwrap();
    scene.advance(CODE);
    let handover = scene.engine.resume(id, &home).await.unwrap().into_inner();
    assert_eq!(handover.code, None);
}

#[tokio::test]
async fn an_approval_says_who_gave_it() {
    let scene = Scene::new().await;
    let opened = scene.device(&scene.client("tv").await).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(opened.request.id, &seat).await.unwrap();
    let State::Approved(approval) = scene.state(opened.request.id).await else {
        panic!("not approved");
    };
    let by = DecidedBy::Seat {
        person: seat.person().id,
        session: seat.session().hash,
    };
    assert_eq!(approval.by, by);
    assert_eq!(approval.subject.as_deref(), Some("s-ada"));
    assert_eq!(
        approval.authentication.as_ref(),
        Some(&seat.session().authentication)
    );
}

async fn question(
    scene: &Scene,
    id: Id<placet_core::pending::PendingRequest>,
    seat: &SeatedPerson,
    text: &str,
) -> Result<(), Error> {
    scene
        .engine
        .clarify(id, seat, text, &Caller::default())
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_person_asks_a_bounded_number_of_questions() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let id = opened.request.id;
    let seat = scene.seat("ada", &scene.browser()).await;
    for (name, text) in [("empty", " \n".to_owned()), ("long", "ä".repeat(1_001))] {
        let told = question(&scene, id, &seat, &text).await;
        assert_eq!(refused(told), Refusal::Exceeds, "{name}");
    }
    for _ in 0..CLARIFY_ROUNDS {
        question(&scene, id, &seat, "Why?").await.unwrap();
    }
    let told = refused(question(&scene, id, &seat, "Why?").await);
    assert!(matches!(told, Refusal::TooMany { .. }), "{told:?}");
    let bob = scene.seat("bob", &scene.browser()).await;
    assert_eq!(
        refused(question(&scene, id, &bob, "Who?").await),
        Refusal::Taken
    );
    let deny = scene.decide(id, &seat, Decision::Deny, None).await;
    deny.expect("whoever asked may still deny");
    assert_eq!(
        refused(question(&scene, id, &seat, "Why?").await),
        Refusal::Denied
    );
    scene.verified().await;
}

#[tokio::test]
async fn whoever_signed_out_asks_nothing() {
    let scene = Scene::new().await;
    let id = scene.device(&scene.client("tv").await).await.request.id;
    let (session, cookie) = scene.sign_in("ada").await;
    let seat = scene.seat_of("ada", session, &scene.browser()).await;
    scene
        .engine
        .sign_out(cookie.hash(), &Caller::default())
        .await
        .unwrap();
    let told = question(&scene, id, &seat, "Why?").await;
    assert_eq!(refused(told), Refusal::SignInNeeded);
}

#[tokio::test]
async fn each_way_to_end_a_request_has_its_event_and_its_refusal() {
    for (kind, want) in [
        (EndKind::Denied, Refusal::Denied),
        (EndKind::Abandoned, Refusal::Denied),
        (EndKind::Cancelled, Refusal::Cancelled),
        (EndKind::Revoked, Refusal::Revoked),
        (EndKind::Failed, Refusal::Revoked),
        (EndKind::Expired, Refusal::Expired),
    ] {
        let scene = Scene::new().await;
        let client = scene.client("tv").await;
        let opened = scene.device(&client).await;
        let caller = Caller::default();
        let cancel = || scene.engine.cancel(opened.request.id, kind, &caller);
        cancel().await.unwrap();
        assert_eq!(refused(cancel().await), want, "{kind:?}");
        let polled = scene.poll(&opened, &client).await;
        assert_eq!(refused(polled.map(|given| bytes(&given))), want, "{kind:?}");
        assert_eq!(scene.engine.open_requests(), 0);
        scene.verified().await;
    }
    let scene = Scene::new().await;
    let unknown = Id::random(scene.engine.random());
    let told = scene
        .engine
        .cancel(unknown, EndKind::Cancelled, &Caller::default())
        .await;
    assert_eq!(refused(told), Refusal::NotFound);
}
