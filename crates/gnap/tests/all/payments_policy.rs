//! `POST /{tenant}`: clients with a rule of their own for what is granted without a person.
//!
//! Spec: Open Payments 1.3 (`post-request`)

use std::sync::Arc;

use placet_gnap::open_payments::{
    ClientPolicies, InteractionSettings, PolicyClient, WalletAddress,
};
use placet_proof::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::{
    payer::{Payer, incoming, outgoing, request, with},
    wallets::Wallets,
    world::{BARE, BLUE, Shape, World},
};

const STRICT: InteractionSettings = InteractionSettings {
    incoming_payment: true,
    quote: true,
    list_all: true,
};
const LAX: InteractionSettings = InteractionSettings {
    incoming_payment: false,
    quote: false,
    list_all: false,
};

fn wallet(wallets: &Wallets, name: &str) -> PolicyClient {
    PolicyClient::Wallet(WalletAddress::parse(&wallets.address(name)).unwrap())
}

async fn world(
    interaction: InteractionSettings,
    clients: impl Fn(&Wallets) -> ClientPolicies + 'static,
) -> World {
    World::shaped(Shape {
        interaction,
        clients: Box::new(clients),
        ..Shape::default()
    })
    .await
}

/// Whether a request waits for a person, and is not given at once.
async fn waits(world: &World, payer: &Payer, tenant: &str, body: &Value) -> bool {
    let told = payer.ask(world, tenant, body).await.ok();
    assert_ne!(
        told.get("interact").is_some(),
        told.get("access_token").is_some()
    );
    told.get("interact").is_some()
}

fn quote(payer: &Payer) -> Value {
    let access = json!({ "type": "quote", "actions": ["create"], "identifier": payer.wallet });
    request(payer, &[access])
}

#[tokio::test]
async fn a_client_with_a_rule_of_its_own_is_asked_about_by_that_rule() {
    let world = world(STRICT, |wallets| {
        let mut policies = ClientPolicies::default();
        let quotes = InteractionSettings {
            quote: false,
            ..STRICT
        };
        assert!(policies.add(&wallet(wallets, "shop"), quotes));
        assert!(policies.add(&wallet(wallets, "bank"), LAX));
        assert!(
            !policies.add(&wallet(wallets, "shop/"), LAX),
            "another spelling"
        );
        policies
    })
    .await;
    let [shop, bank, other] = ["shop", "bank", "other"].map(|name| Payer::new(&world, name));
    for (payer, asks_quote, asks_incoming) in [
        (&shop, false, true),
        (&bank, false, false),
        (&other, true, true),
    ] {
        let name = &payer.wallet;
        let receive = request(payer, &[incoming(name)]);
        assert_eq!(
            waits(&world, payer, BLUE, &quote(payer)).await,
            asks_quote,
            "{name}"
        );
        assert_eq!(
            waits(&world, payer, BLUE, &receive).await,
            asks_incoming,
            "{name}"
        );
        let both = [
            incoming(name),
            json!({ "type": "quote", "actions": ["create"], "identifier": name }),
        ];
        assert_eq!(
            waits(&world, payer, BLUE, &request(payer, &both)).await,
            asks_quote || asks_incoming,
            "{name}"
        );
        let pay = request(payer, &[outgoing(name)]);
        assert!(
            waits(&world, payer, BLUE, &pay).await,
            "money is always asked about"
        );
    }
    let list =
        json!({ "type": "incoming-payment", "actions": ["list-all"], "identifier": bank.wallet });
    let list = request(&bank, &[list]);
    assert!(!waits(&world, &bank, BLUE, &list).await);
    assert!(
        !waits(&world, &bank, BARE, &quote(&bank)).await,
        "at every tenant"
    );
}

#[tokio::test]
async fn a_rule_for_a_key_counts_with_and_without_a_wallet_and_before_its() {
    let key = Arc::new(SigningKey::generate(Algorithm::EdDsa).unwrap());
    let thumbprint = key.kid().to_owned();
    let world = world(STRICT, move |wallets| {
        let mut policies = ClientPolicies::default();
        assert!(policies.add(&PolicyClient::Key(thumbprint.clone()), LAX));
        assert!(policies.add(&wallet(wallets, "shop"), STRICT));
        policies
    })
    .await;
    let shop = Payer::keyed(&world, "shop", key);
    world.wallets.publish("shop", |_| {});
    world.wallets.publish_keys("shop", &[shop.jwk()]);
    let receive = request(&shop, &[incoming(&shop.wallet)]);
    assert!(!waits(&world, &shop, BLUE, &receive).await);
    let alone = with(receive.clone(), "/client", json!({ "jwk": shop.jwk() }));
    assert!(!waits(&world, &shop, BLUE, &alone).await);
    let stranger = Payer::new(&world, "stranger");
    let receive = request(&stranger, &[incoming(&stranger.wallet)]);
    assert!(waits(&world, &stranger, BLUE, &receive).await);
}

#[tokio::test]
async fn g1_another_s_rule_is_not_had_by_naming_it() {
    let world = world(STRICT, |wallets| {
        let mut policies = ClientPolicies::default();
        assert!(policies.add(&wallet(wallets, "bank"), LAX));
        policies
    })
    .await;
    let bank = Payer::new(&world, "bank");
    let thief = Payer::unpublished(&world, "bank");
    let receive = request(&bank, &[incoming(&bank.wallet)]);
    assert!(!waits(&world, &bank, BLUE, &receive).await);
    let told = thief.ask(&world, BLUE, &receive).await;
    let (status, code, _) = told.error();
    assert_eq!((status, code.as_str()), (400, "invalid_client"));
}
