//! What is asked for beside scopes: money in every form, rights with parts, and a change of an earlier agreement.

use jiff::Timestamp;

use super::super::view::{
    Address, Amount, Ask, Asker, Change, Consent, Item, Page, PaymentItem, Power, Repeat,
    RightItem, ScopeChoice,
};
use super::super::{ClientName, NameMark};
use super::{HOSTILE, Sample, before, sample};
use crate::ask::{PaymentKind, Period};

/// When the first month begins.
const START: Timestamp = Timestamp::constant(1_661_350_522, 0);

pub(super) fn consents(plain: &Consent, device: &Consent) -> Vec<Sample> {
    let plain = Consent {
        asker: wallet(),
        scopes: Vec::new(),
        resources: Vec::new(),
        privacy: None,
        terms: None,
        ..plain.clone()
    };
    let with = |asks: Vec<Ask>| Consent {
        asks,
        ..plain.clone()
    };
    let unverified = Consent {
        unseen: true,
        asker: Asker {
            answer_host: None,
            ..only_said()
        },
        ..with(vec![ask("unlimited", payment(unlimited()))])
    };
    let modifies = Consent {
        modifies: true,
        keeps: true,
        ..with(change())
    };
    let on_device = Consent {
        asker: Asker {
            answer_host: None,
            ..wallet()
        },
        asks: vec![ask("send", payment(once()))],
        scopes: Vec::new(),
        ..device.clone()
    };
    let hostile = Consent {
        modifies: true,
        keeps: true,
        asker: Asker {
            name: ClientName {
                only_said: true,
                ..HOSTILE.into()
            },
            wallet: Some(address(HOSTILE, HOSTILE)),
            answer_host: Some(HOSTILE.into()),
            ..only_said()
        },
        ..with(hostile())
    };
    [
        (
            "consent-payment",
            with(vec![ask("send", payment(monthly()))]),
        ),
        ("consent-payment-open", unverified),
        ("consent-payment-choice", with(choice())),
        ("consent-payment-extremes", with(extremes())),
        ("consent-payment-device", on_device),
        (
            "consent-changes",
            Consent {
                asks: changes(),
                ..modifies.clone()
            },
        ),
        ("consent-change", modifies),
        ("consent-rights", with(rights())),
        ("consent-asks-hostile", hostile),
    ]
    .map(|(name, view)| sample(name, Page::Consent(view)))
    .to_vec()
}

/// A right to payments and one with parts, as an agreement that stands.
pub(super) fn standing() -> Vec<Ask> {
    let photos = RightItem {
        locations: vec!["Photo archive".into()],
        ..right("photos", &["read"])
    };
    vec![
        ask("send", payment(monthly())),
        ask("photos", Item::Right(photos)),
    ]
}

pub(super) fn wallet() -> Asker {
    Asker {
        name: "Acme Market".into(),
        standing: super::Standing::Proven,
        host: None,
        wallet: Some(address("wallet.example", "/acme")),
        answer_host: Some("shop.acme.example".into()),
        first_seen: Some(before(40 * 86_400)),
    }
}

fn only_said() -> Asker {
    Asker {
        name: ClientName {
            only_said: true,
            ..ClientName::from("Tip Jar")
        },
        standing: super::Standing::Unproven,
        host: Some("tipjar.example".into()),
        wallet: None,
        answer_host: Some("localhost".into()),
        first_seen: Some(before(90)),
    }
}

fn address(host: &str, path: &str) -> Address {
    Address {
        host: Some(host.into()),
        path: path.into(),
    }
}

fn ask(key: &str, item: Item) -> Ask {
    Ask {
        key: key.to_owned(),
        change: Change::Same,
        choice: ScopeChoice::Required,
        item,
        before: None,
    }
}

fn optional(key: &str, item: Item, choice: ScopeChoice) -> Ask {
    Ask {
        choice,
        ..ask(key, item)
    }
}

fn amount(value: u64, asset: &str, scale: u8) -> Amount {
    Amount {
        value,
        asset: asset.into(),
        scale,
        marks: Vec::new(),
    }
}

fn payment(item: PaymentItem) -> Item {
    Item::Payment(Box::new(item))
}

fn of_kind(payment: PaymentKind, powers: &[Power]) -> PaymentItem {
    PaymentItem {
        payment,
        powers: powers.to_vec(),
        others: Vec::new(),
        account: Some(address("wallet.example", "/ada")),
        receiver: None,
        debit: None,
        receive: None,
        interval: None,
        total: None,
    }
}

/// The commonest one: a subscription.
fn monthly() -> PaymentItem {
    PaymentItem {
        receiver: Some(address(
            "wallet.example",
            "/acme/incoming-payments/08394f02-7b7b-45e2-b645-51d04e7c330c",
        )),
        debit: Some(amount(2500, "EUR", 2)),
        interval: Some(repeat(Some(11), 1)),
        total: Some(amount(27_500, "EUR", 2)),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create, Power::See])
    }
}

fn repeat(times: Option<u32>, months: u32) -> Repeat {
    let every = Period {
        months,
        ..Period::default()
    };
    Repeat {
        times,
        every: Some(every),
        start: START,
        clock: false,
    }
}

fn once() -> PaymentItem {
    PaymentItem {
        receive: Some(amount(1_250_000, "USD", 4)),
        receiver: Some(address("shop.acme.example", "/incoming-payments/7")),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create])
    }
}

fn unlimited() -> PaymentItem {
    let powers = [Power::Create, Power::SeeAll];
    PaymentItem {
        others: vec!["annotate".into()],
        ..of_kind(PaymentKind::Outgoing, &powers)
    }
}

fn choice() -> Vec<Ask> {
    let endless = PaymentItem {
        debit: Some(amount(150, "CHF", 2)),
        interval: Some(repeat(None, 1)),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create])
    };
    let history = of_kind(PaymentKind::Outgoing, &[Power::SeeAll]);
    let powers = [Power::Create, Power::Complete, Power::See];
    let incoming = PaymentItem {
        account: None,
        ..of_kind(PaymentKind::Incoming, &powers)
    };
    vec![
        ask("tips", payment(endless)),
        optional("history", payment(history), ScopeChoice::Offered),
        optional("incoming", payment(incoming), ScopeChoice::LeftOut),
        ask(
            "quote",
            payment(of_kind(PaymentKind::Quote, &[Power::Create])),
        ),
    ]
}

fn extremes() -> Vec<Ask> {
    let large = PaymentItem {
        debit: Some(amount(u64::MAX, "JPY", 2)),
        receive: Some(amount(u64::MAX, "XRP", 18)),
        interval: Some(Repeat {
            times: Some(u32::MAX),
            every: Some(Period {
                years: 1,
                months: 2,
                days: 3,
                hours: 4,
                ..Period::default()
            }),
            start: START,
            clock: true,
        }),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create])
    };
    let tiny = PaymentItem {
        debit: Some(amount(25, "WEI", 255)),
        interval: Some(repeat(Some(1), 3)),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create])
    };
    let odd = PaymentItem {
        debit: Some(Amount {
            value: 5,
            asset: "ЕUR".into(),
            scale: 0,
            marks: vec![NameMark::MixedScripts],
        }),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create])
    };
    let spaced = PaymentItem {
        debit: Some(amount(123_456_789, "000 EUR a year", 2)),
        ..of_kind(PaymentKind::Outgoing, &[Power::Create])
    };
    let nothing = of_kind(PaymentKind::Incoming, &[]);
    vec![
        ask("large", payment(large)),
        ask("tiny", payment(tiny)),
        ask("odd", payment(odd)),
        ask("spaced", payment(spaced)),
        ask("nothing", payment(nothing)),
    ]
}

fn change() -> Vec<Ask> {
    let less = PaymentItem {
        debit: Some(amount(1000, "EUR", 2)),
        interval: Some(repeat(Some(3), 1)),
        total: Some(amount(3000, "EUR", 2)),
        ..monthly()
    };
    let with = |change: Change, ask: Ask| Ask { change, ..ask };
    let history = of_kind(PaymentKind::Outgoing, &[Power::SeeAll]);
    let quote = of_kind(PaymentKind::Quote, &[Power::Create, Power::See]);
    let photos = Item::Right(right("photos", &["read"]));
    vec![
        changed("send", payment(less), payment(monthly())),
        with(
            Change::Added,
            optional("history", payment(history), ScopeChoice::Offered),
        ),
        with(Change::Removed, ask("photos", photos)),
        ask("quote", payment(quote)),
    ]
}

/// Every other part that may change, and one change that has no words.
fn changes() -> Vec<Ask> {
    let elsewhere = PaymentItem {
        receive: Some(amount(99_900, "EUR", 2)),
        account: None,
        others: vec!["annotate".into()],
        ..of_kind(PaymentKind::Outgoing, &[Power::SeeAll])
    };
    let unlimited = PaymentItem {
        powers: vec![Power::Create],
        ..unlimited()
    };
    let photos = RightItem {
        locations: vec!["Photo archive".into()],
        other: vec![("from".into(), "2020".into())],
        ..right("photos", &["read"])
    };
    let more = RightItem {
        identifier: Some("album-7".into()),
        ..right("photos", &["read", "delete"])
    };
    let quote = || payment(of_kind(PaymentKind::Quote, &[Power::See]));
    let name = Item::Reference {
        name: "photos-summary".into(),
        description: None,
    };
    let identity = |formats: &[&str]| Item::Identity {
        formats: formats.iter().map(|format| (*format).into()).collect(),
    };
    let known = changed(
        "subject",
        identity(&["opaque"]),
        identity(&["opaque", "email"]),
    );
    let added = Ask {
        change: Change::Added,
        ..ask("added-subject", identity(&["id_token"]))
    };
    vec![
        changed("elsewhere", payment(unlimited.clone()), payment(elsewhere)),
        changed("unlimited", payment(once()), payment(unlimited)),
        changed("more", Item::Right(photos), Item::Right(more.clone())),
        changed("same", quote(), quote()),
        changed("kind", name, Item::Right(more)),
        known,
        added,
    ]
}

fn changed(key: &str, was: Item, is: Item) -> Ask {
    Ask {
        change: Change::Changed,
        before: Some(was),
        ..ask(key, is)
    }
}

fn right(kind: &str, actions: &[&str]) -> RightItem {
    RightItem {
        right: kind.into(),
        actions: actions.iter().map(|action| (*action).into()).collect(),
        locations: Vec::new(),
        datatypes: Vec::new(),
        identifier: None,
        privileges: Vec::new(),
        other: Vec::new(),
    }
}

fn rights() -> Vec<Ask> {
    let full = RightItem {
        locations: vec![
            "Photo archive".into(),
            "https://other.example/photos".into(),
        ],
        datatypes: vec!["metadata".into(), "images".into()],
        identifier: Some("album-7".into()),
        privileges: vec!["admin".into()],
        other: vec![(
            "geolocation".into(),
            r#"[{"lat":-32.364,"lng":153.207}]"#.into(),
        )],
        ..right(
            "https://photos.example/rights",
            &["read", "write", "delete"],
        )
    };
    let known = Item::Reference {
        name: "photos-summary".into(),
        description: Some("See how many photos you have".into()),
    };
    let unknown = Item::Reference {
        name: "dolphin-metadata".into(),
        description: None,
    };
    let formats = ["email", "iss_sub", "id_token", "ark"];
    let identity = Item::Identity {
        formats: formats.iter().map(|format| (*format).into()).collect(),
    };
    vec![
        ask("full", Item::Right(full)),
        ask("known", known),
        optional("unknown", unknown, ScopeChoice::LeftOut),
        optional(
            "bare",
            Item::Right(right("calendar", &[])),
            ScopeChoice::Offered,
        ),
        ask("identity", identity),
        ask(
            "who",
            Item::Identity {
                formats: Vec::new(),
            },
        ),
    ]
}

fn hostile() -> Vec<Ask> {
    let paying = PaymentItem {
        others: vec![HOSTILE.into()],
        account: Some(address(HOSTILE, HOSTILE)),
        receiver: Some(Address {
            host: None,
            path: HOSTILE.into(),
        }),
        debit: Some(amount(1, HOSTILE, 2)),
        ..unlimited()
    };
    let full = RightItem {
        locations: vec![HOSTILE.into()],
        datatypes: vec![HOSTILE.into()],
        identifier: Some(HOSTILE.into()),
        privileges: vec![HOSTILE.into()],
        other: vec![(HOSTILE.into(), HOSTILE.repeat(40).into())],
        ..right(HOSTILE, &[HOSTILE])
    };
    let named = Item::Reference {
        name: HOSTILE.into(),
        description: None,
    };
    let identity = Item::Identity {
        formats: vec![HOSTILE.into()],
    };
    vec![
        Ask {
            change: Change::Changed,
            before: Some(named.clone()),
            ..optional("paying", payment(paying), ScopeChoice::Offered)
        },
        Ask {
            change: Change::Removed,
            ..ask("full", Item::Right(full))
        },
        optional(
            r#""><script>alert(1)</script>"#,
            named,
            ScopeChoice::Offered,
        ),
        ask("identity", identity),
    ]
}
