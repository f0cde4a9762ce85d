//! Requests that are laid before a person: who finds them, and how many there may be.

use placet_core::{
    Id, Refusal,
    client::AuthenticatedClient,
    engine::{Caller, Decision, Error, Opened, Retention, WAITING_PER_CLIENT, WAITING_PER_PERSON},
    pending::{Delivery, EndKind, PendingRequest},
    person::Person,
    time::Lifetime,
};

use crate::scene::{INTERVAL, Scene, WAIT, ask, client, refused};

/// The client lays a request before a person.
async fn lay(
    scene: &Scene,
    client: &AuthenticatedClient,
    person: &Person,
) -> Result<Opened, Error> {
    let mut ask = ask(client.client(), Delivery::Poll { interval: INTERVAL });
    ask.need.subject = Some(person.subject.clone());
    ask.addressed_to = Some(person.id);
    let opened = scene.engine.open(ask, scene.now()).await?;
    Ok(opened.into_inner())
}

async fn waiting(scene: &Scene, person: Id<Person>) -> Vec<Id<PendingRequest>> {
    let waiting = scene.engine.list_waiting(person).await.unwrap();
    waiting.iter().map(|shown| shown.request.id).collect()
}

#[tokio::test]
async fn what_waits_is_listed_for_its_person_newest_first_until_it_is_answered() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.person("ada").await, scene.person("bob").await);
    let tv = scene.client("tv").await;
    scene.device(&tv).await;
    let first = lay(&scene, &tv, &ada.value).await.unwrap().request.id;
    scene.advance(Lifetime::from_secs(1));
    let second = lay(&scene, &tv, &ada.value).await.unwrap().request.id;
    assert_eq!(waiting(&scene, ada.value.id).await, [second, first]);
    assert!(waiting(&scene, bob.value.id).await.is_empty());
    let seat = scene.seat("ada", &scene.browser()).await;
    // Whoever looks at it has not answered it.
    let caller = Caller::default();
    scene.engine.claim(second, &seat, &caller).await.unwrap();
    assert_eq!(waiting(&scene, ada.value.id).await, [second, first]);
    scene.approve(second, &seat).await.unwrap();
    assert_eq!(waiting(&scene, ada.value.id).await, [first]);
    let no = scene.decide(first, &seat, Decision::Deny, None).await;
    no.unwrap();
    assert!(waiting(&scene, ada.value.id).await.is_empty());
    lay(&scene, &tv, &ada.value).await.unwrap();
    scene.advance(WAIT);
    assert!(waiting(&scene, ada.value.id).await.is_empty(), "too late");
    scene.verified().await;
}

#[tokio::test]
async fn c8_what_was_laid_before_another_is_as_unknown_as_nonsense() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.person("ada").await, scene.person("bob").await);
    let tv = scene.client("tv").await;
    let id = lay(&scene, &tv, &ada.value).await.unwrap().request.id;
    let device = scene.device(&tv).await.request.id;
    let look = async |person: &Person, id| scene.engine.laid_before(person.id, id).await;
    assert_eq!(look(&ada.value, id).await.unwrap().request.id, id);
    for (who, id) in [(&bob, id), (&ada, device), (&ada, Id::from_bytes([3; 16]))] {
        assert_eq!(refused(look(&who.value, id).await), Refusal::NotFound);
    }
    let eve = scene.seat("bob", &scene.browser()).await;
    let told = scene.approve(id, &eve).await;
    assert_eq!(refused(told), Refusal::SignInNeeded);
}

#[tokio::test]
async fn c10_what_may_wait_for_one_person_is_bounded_for_all_and_for_each_client() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.person("ada").await, scene.person("bob").await);
    let caller = Caller::default();
    let mut laid = Vec::new();
    let clients = WAITING_PER_PERSON / WAITING_PER_CLIENT;
    for number in 0..clients {
        let name = format!("asker-{number}");
        scene
            .engine
            .add_client(client(&name), &caller)
            .await
            .unwrap();
        let asker = scene.client(&name).await;
        for _ in 0..WAITING_PER_CLIENT {
            laid.push(lay(&scene, &asker, &ada.value).await.unwrap().request.id);
        }
        let open = scene.engine.open_requests();
        let told = lay(&scene, &asker, &ada.value).await;
        assert!(matches!(refused(told), Refusal::TooMany { .. }), "{name}");
        assert_eq!(scene.engine.open_requests(), open, "and counts for nobody");
    }
    assert_eq!(
        waiting(&scene, ada.value.id).await.len(),
        WAITING_PER_PERSON
    );
    let tv = scene.client("tv").await;
    let told = lay(&scene, &tv, &ada.value).await;
    assert!(matches!(refused(told), Refusal::TooMany { .. }));
    lay(&scene, &tv, &bob.value).await.unwrap();
    // An answer makes room, and so does whoever takes back what they asked.
    let ended = scene.engine.cancel(laid[0], EndKind::Cancelled, &caller);
    ended.await.unwrap();
    lay(&scene, &tv, &ada.value).await.unwrap();
    let told = lay(&scene, &tv, &ada.value).await;
    assert!(matches!(refused(told), Refusal::TooMany { .. }));
    scene.advance(WAIT);
    lay(&scene, &tv, &ada.value).await.unwrap();
    scene.verified().await;
}

#[tokio::test]
async fn a_request_that_is_laid_before_nobody_there_is_found_by_verify() {
    let scene = Scene::new().await;
    let tv = scene.client("tv").await;
    let mut stranger = scene.person("ada").await.value;
    stranger.id = Id::from_bytes([5; 16]);
    lay(&scene, &tv, &stranger).await.unwrap();
    let kept = Retention::default().events;
    let found = scene.engine.verify(kept).await.unwrap().violations;
    let rules: Vec<_> = found.iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, ["a request is laid before somebody"], "{found:?}");
}
