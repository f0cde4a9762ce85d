//! Settings of Open Payments.

use placet_gnap::open_payments::{InteractionSettings, WalletAddress};

use super::{SMALL, load as load_text};
use crate::config::render;

#[test]
fn clients_of_open_payments_may_have_a_rule_of_their_own() {
    const PAYMENTS: &str = "[open_payments]\noperator_tenant = \"cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d\"\n\
                            quote_interaction = true\n[[open_payments.clients]]\n";
    const KEY_NAME: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    let load = |text: &str| load_text(&format!("{SMALL}{PAYMENTS}{text}"));
    let wallet = "wallet_address = \"https://wallet.example/shop\"\n";
    let both = format!(
        "{wallet}incoming_payment_interaction = true\n[[open_payments.clients]]\nkey_thumbprint = \"{KEY_NAME}\"\nquote_interaction = false\n"
    );
    let payments = load(&both).unwrap().open_payments.unwrap();
    let address = WalletAddress::parse("https://wallet.example/shop/").unwrap();
    let rule = |incoming_payment, quote| InteractionSettings {
        incoming_payment,
        quote,
        list_all: true,
    };
    assert_eq!(
        payments.clients.of("", Some(&address)),
        Some(rule(true, true))
    );
    assert_eq!(
        payments.clients.of(KEY_NAME, Some(&address)),
        Some(rule(false, false))
    );
    let other = WalletAddress::parse("https://wallet.example/other").unwrap();
    assert_eq!(payments.clients.of("", Some(&other)), None);
    for (text, want) in [
        (
            "quote_interaction = true\n".to_owned(),
            "is missing: say whom",
        ),
        (
            format!("{wallet}key_thumbprint = \"{KEY_NAME}\"\n"),
            "does not go together with",
        ),
        (
            format!("{wallet}[[open_payments.clients]]\n{wallet}"),
            "has an entry already",
        ),
        (
            "wallet_address = \"$wallet.example/shop\"\n".to_owned(),
            "must be the https address of a wallet",
        ),
        (
            "key_thumbprint = \"abc\"\n".to_owned(),
            "must be the SHA-256 thumbprint",
        ),
        (
            format!("{wallet}quote_interaction = 1\n"),
            "must be true or false",
        ),
        (
            format!("{wallet}outgoing_payment_interaction = false\n"),
            "is no setting",
        ),
    ] {
        let problems = load(&text).unwrap_err();
        let told = render(&problems);
        assert!(told.contains(want), "{text}: {told}");
    }
}
