//! RFC 9207: who answered is part of every answer.

use placet_core::engine::Decision;

use crate::world::{WEB, World, answered, request};

#[tokio::test]
async fn a7_every_answer_names_the_issuer() {
    for issuer in ["https://as.example", "https://as.example/tenant"] {
        let world = World::at(issuer).await;
        let browser = world.sign_in("u-1").await;
        for mode in ["query", "form_post"] {
            let extra = [("response_mode", mode)];
            let waiting = world.begin(&request(WEB, &extra)).await;
            let yes = answered(&world.approve(&waiting, &browser).await);
            assert!(yes.contains_key("code"));
            assert_eq!(yes["iss"], issuer, "{mode}");
            let waiting = world.begin(&request(WEB, &extra)).await;
            let no = answered(&world.answer(&waiting, &browser, Decision::Deny).await);
            assert_eq!(no["error"], "access_denied");
            assert_eq!(no["iss"], issuer, "{mode}");
        }
        let refused = world
            .visit(None, &request(WEB, &[("prompt", "none")]))
            .await;
        assert_eq!(refused.redirected()["iss"], issuer);
    }
}
