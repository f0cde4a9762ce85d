//! Grants of GNAP by the one name that everybody calls them by.

use placet::admin::operations::Finalization as F;
use placet_core::{
    engine::{Ask, AtOnce},
    issuer::Issuer,
    pending::{Continuation, State},
    right::Rights,
    secret::Secret,
    store::Record,
    time::{Clock as _, Lifetime},
};
use placet_gnap::FACE;

use crate::{
    gnap_operations::{ONE, URL, World},
    stored::LIFETIME,
};

/// What a resource server is told as `grant` is what operators find by that name and take back.
#[tokio::test]
async fn a_grant_has_the_name_of_the_request_its_client_comes_back_to() {
    let world = World::new().await;
    let engine = world.engine(ONE).await;
    let url = format!("{URL}/op/{ONE}");
    let issuer = Issuer::new(&url, world.clock.now());
    assert_eq!(issuer.id, engine.issuer_id());
    world.insert(ONE, Record::Issuer(issuer)).await;
    let seed = world.request(Lifetime::ZERO, State::Pending);
    world.store(ONE, &seed).await;
    let stored = engine.store().as_ref().pending(engine.issuer_id(), seed.id);
    let client = stored.await.unwrap().unwrap().value.asker.client;
    let client = engine.client(client).await.unwrap().unwrap();
    let way = Continuation::new(&Secret::generate(engine.random()), false);
    let give = AtOnce {
        ask: Ask {
            face: FACE,
            client: &client,
            proven: true,
            proof: None,
            peer: "192.0.2.1".to_owned(),
            rights: Rights::default(),
            need: seed.need.clone(),
            addressed_to: None,
            delivery: seed.delivery.clone(),
            browser: None,
            every_time: true,
            parent: None,
            continuation: Some(way),
            on_answer: None,
            introduced: None,
            payload: seed.payload.clone(),
            lifetime: LIFETIME,
            with_user_code: false,
        },
        rule: "test",
        specs: &|_, _| Vec::new(),
        under: None,
    };
    let given = engine.grant_at_once(&give, world.clock.now()).await;
    let request = given.unwrap().into_inner().request;
    let State::Collected { grant, .. } = request.state else {
        panic!("it was granted at once");
    };
    let holders = world.holders(Some(ONE)).await;
    for name in [grant.to_string(), grant.hyphenated()] {
        let view = world.operator.gnap_grant(&holders, &name).await.unwrap();
        assert_eq!(view.id, request.id.to_string());
        assert_eq!(view.finalization, Some(F::Issued));
    }
    let view = world
        .operator
        .revoke_gnap_grant(&holders, &grant.hyphenated())
        .await;
    assert_eq!(view.unwrap().finalization, Some(F::Revoked));
    let found = engine.store().as_ref().grant(engine.issuer_id(), grant);
    assert!(found.await.unwrap().unwrap().value.revoked_at.is_some());
}
