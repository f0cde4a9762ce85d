//! What a person is shown of a request, before the page prints it.
//!
//! Spec: RFC 9635 §2.2, §4.1, §5.3; threats C5, D4

use placet_core::engine::View;
use placet_web::face::{AskChange, AskLine, Prompt, What};
use serde_json::{Value, json};

use crate::{
    agent::{Agent, Asked, enter},
    payer::with,
    world::World,
};

async fn prompt(world: &World, asked: &Asked) -> Prompt {
    let (id, _) = enter(world, asked).await;
    let shown = world.root.engine.show(View::Id(id)).await.unwrap();
    let face = world.root.face(&shown.request.face).unwrap();
    face.describe(&world.root, &shown)
}

/// The line about who the person is.
fn identity(prompt: &Prompt) -> Option<&AskLine> {
    let mut lines = prompt.asks.iter();
    lines.find(|line| matches!(line.what, What::Identity { .. }))
}

fn formats(what: &What) -> Vec<&str> {
    match what {
        What::Identity { formats } => formats.iter().map(String::as_str).collect(),
        other => panic!("{other:?}"),
    }
}

fn about(formats: &Value) -> Value {
    json!({ "sub_id_formats": formats })
}

#[tokio::test]
async fn c5_a_change_of_who_is_asked_about_is_marked_as_one() {
    let world = World::new().await;
    let agent = Agent::new();
    let interact = agent.request()["interact"].clone();
    let change = |subject: Value| json!({ "subject": subject, "interact": interact });
    // Nothing of it was asked before.
    let (asked, _) = agent.granted(&world, &agent.request()).await;
    let opaque = change(about(&json!(["opaque"])));
    let told = agent.change(&world, &asked, &opaque).await.ok();
    let added = prompt(&world, &Asked::of(&told)).await;
    assert!(added.modifies);
    assert_eq!(identity(&added).unwrap().change, AskChange::Added);
    // Less or more of it was.
    let known = with(agent.request(), "/subject", about(&json!(["opaque"])));
    let first = agent.wait_for(&world, &known).await;
    let first = prompt(&world, &first).await;
    assert_eq!(identity(&first).unwrap().change, AskChange::Same);
    let (asked, _) = agent.granted(&world, &known).await;
    let both = change(about(&json!(["opaque", "email"])));
    let changed = Asked::of(&agent.change(&world, &asked, &both).await.ok());
    let shown = prompt(&world, &changed).await;
    let line = identity(&shown).unwrap();
    assert_eq!(formats(&line.what), ["opaque", "email"]);
    match &line.change {
        AskChange::Changed { before } => assert_eq!(formats(before), ["opaque"]),
        other => panic!("{other:?}"),
    }
    // A second change, before anybody answered, is still one of what the person agreed to.
    let again = json!({ "subject": about(&json!(["email"])) });
    let told = agent.change(&world, &changed, &again).await.ok();
    let changed = Asked {
        interact: changed.interact.clone(),
        ..Asked::of(&told)
    };
    let shown = prompt(&world, &changed).await;
    match &identity(&shown).unwrap().change {
        AskChange::Changed { before } => assert_eq!(formats(before), ["opaque"]),
        other => panic!("{other:?}"),
    }
    // The same beside another right is nothing new.
    let (asked, _) = agent.granted(&world, &known).await;
    let more = json!({ "access_token": { "access": ["whale-metadata"] }, "interact": interact });
    let told = agent.change(&world, &asked, &more).await.ok();
    let shown = prompt(&world, &Asked::of(&told)).await;
    assert_eq!(identity(&shown).unwrap().change, AskChange::Same);
}

/// Only a code and a finish in the browser tie the answer to whoever sits in front of it.
#[tokio::test]
async fn d4_the_page_knows_whether_the_answer_comes_back_through_this_browser() {
    let world = World::new().await;
    let agent = Agent::new();
    let push = json!({ "method": "push", "uri": "https://client.example/push", "nonce": "n-1" });
    let start = json!(["redirect", "user_code"]);
    for (body, origin, code) in [
        (agent.request(), Some("https://client.example"), false),
        (agent.polling(), None, false),
        (with(agent.request(), "/interact/finish", push), None, false),
        (with(agent.polling(), "/interact/start", start), None, true),
    ] {
        let asked = agent.wait_for(&world, &body).await;
        let shown = prompt(&world, &asked).await;
        assert_eq!(shown.answer_origin.as_deref(), origin, "{body}");
        assert_eq!(shown.from_device, code, "{body}");
    }
}
