//! What a face asks for beside scopes: shown, chosen, granted, and bound to the answer.

use placet_core::{engine::CollectBy, pending::State};

use super::world::{Answer, Asks, Browser, World};
use crate::face::{
    AskChange, AskLine, Interval, Money, Payment, PaymentKind, Period, Prompt, PromptAsker,
    StructuredRight, What,
};

/// Everything that deceives, and a way out of an attribute.
const HOSTILE: &str = "x\u{202e}y\u{200b}\"><script>alert(1)</script>";

fn line(key: &str, optional: bool, what: What) -> AskLine {
    AskLine {
        key: key.to_owned(),
        change: AskChange::Same,
        optional,
        what,
    }
}

fn monthly(value: u64) -> Payment {
    let month = Period {
        months: 1,
        ..Period::default()
    };
    Payment {
        kind: PaymentKind::Outgoing,
        actions: vec!["create".to_owned(), "list-all".to_owned()],
        account: Some("https://wallet.example/ada".to_owned()),
        receiver: Some("https://shop.example/incoming-payments/7".to_owned()),
        debit: Some(Money {
            value,
            asset_code: "EUR".to_owned(),
            asset_scale: 2,
        }),
        receive: None,
        interval: Some(Interval {
            repetitions: Some(11),
            start: jiff::Timestamp::constant(1_661_350_522, 0),
            end: None,
            every: Some(month),
        }),
    }
}

/// A world whose face says this of everything, and a signed-in browser in front of a request for `scope`.
async fn asked(says: Prompt, scope: &'static str) -> (World, Browser, String) {
    let (world, mut browser) = (World::new().await, Browser::new());
    *world.says.lock().unwrap() = says;
    let asks = Asks {
        scope,
        ..Asks::default()
    };
    let page = world.authorize(&mut browser, &asks).await.location;
    browser.sign_in(&world, &page, "ada").await;
    (world, browser, page)
}

fn with(asks: Vec<AskLine>) -> Prompt {
    Prompt {
        asks,
        ..Prompt::default()
    }
}

/// Approves what `form` shows, with these boxes ticked.
async fn approve(
    world: &World,
    browser: &mut Browser,
    page: &str,
    form: &Answer,
    ticked: &[(&str, &str)],
) -> Answer {
    let (csrf, digest) = (form.field("csrf"), form.field("digest"));
    let mut fields = vec![
        ("csrf", csrf.as_str()),
        ("digest", &digest),
        ("decision", "approve"),
    ];
    fields.extend(ticked);
    let path = format!("{page}/decision");
    browser.post(world, &path, &fields).await
}

#[tokio::test]
async fn the_page_says_how_much_to_whom_and_how_often() {
    let says = with(vec![line("pay", false, What::Payment(monthly(2500)))]);
    let (world, mut browser, page) = asked(says, "read").await;
    let form = browser.get(&world, &page).await;
    for said in [
        "asks to send money from your account",
        "25.00</span>",
        "<bdi>EUR</bdi>",
        "<bdi>shop.example</bdi></strong>",
        "/incoming-payments/7",
        "every month, <bdi>11</bdi> times, from",
        "24 August 2022",
        "275.00\u{A0}EUR",
        "See every payment from your account",
        "wallet.example",
    ] {
        assert!(form.has(said), "{said}: {}", form.body);
    }
    assert!(form.has("May read"), "scopes are shown beside it");
}

#[tokio::test]
async fn optional_asks_that_are_not_ticked_are_not_granted() {
    let says = with(vec![
        line("read", true, What::Payment(monthly(2500))),
        line("pay", false, What::Reference("pay".to_owned())),
        AskLine {
            change: AskChange::Removed,
            ..line("gone", true, What::Reference("gone".to_owned()))
        },
    ]);
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "pay"),
        (&[("ask", "read")], "pay read"),
        (&[("ask", "pay"), ("ask", "unknown"), ("ask", "")], "pay"),
        // An optional scope still has a box of its own.
        (&[("ask", "read"), ("scope", "write")], "pay read write"),
    ];
    for (ticked, want) in cases {
        let (world, mut browser, page) = asked(says.clone(), "pay read write").await;
        let form = browser.get(&world, &page).await;
        assert_eq!(form.body.matches("name=\"ask\"").count(), 1, "one choice");
        approve(&world, &mut browser, &page, &form, ticked).await;
        let State::Approved(approval) = world.state_of(&page).await else {
            panic!("not approved: {ticked:?}");
        };
        assert_eq!(approval.granted.scope_text(), want, "{ticked:?}");
    }
}

#[tokio::test]
async fn c5_an_approval_names_the_words_that_were_shown() {
    let before = Box::new(What::Payment(monthly(1000)));
    let change = |before| {
        let mut line = line("pay", false, What::Payment(monthly(2500)));
        line.change = AskChange::Changed { before };
        Prompt {
            modifies: true,
            ..with(vec![line])
        }
    };
    let asker = Prompt {
        asker: Some(PromptAsker {
            name: Some("Somebody".to_owned()),
            ..PromptAsker::default()
        }),
        ..change(before.clone())
    };
    let others = [
        change(Box::new(What::Payment(monthly(1001)))),
        with(vec![line("pay", false, What::Payment(monthly(2500)))]),
        with(Vec::new()),
        asker,
    ];
    let (world, mut browser, page) = asked(change(before), "read").await;
    let mut form = browser.get(&world, &page).await;
    assert!(form.has("asks to change what you have allowed"));
    assert!(form.has("<del>10.00\u{A0}EUR</del>"), "{}", form.body);
    for other in others {
        *world.says.lock().unwrap() = other.clone();
        let stale = approve(&world, &mut browser, &page, &form, &[]).await;
        assert_eq!(stale.status, 409, "{other:?}");
        assert!(stale.has("has changed since you read it"));
        assert!(matches!(world.state_of(&page).await, State::Pending));
        form = stale;
    }
    let done = approve(&world, &mut browser, &page, &form, &[]).await;
    assert_eq!(done.status, 303, "what is shown now can be approved");
    assert!(matches!(world.state_of(&page).await, State::Approved(_)));
}

#[tokio::test]
async fn rfc9635_2_3_2_a_name_nobody_checked_is_never_said_as_a_fact() {
    let says = Prompt {
        asker: Some(PromptAsker {
            name: Some("Placet Support".to_owned()),
            uri: Some("https://tips.example/about".to_owned()),
            ..PromptAsker::default()
        }),
        ..Prompt::default()
    };
    let (world, mut browser) = (World::new().await, Browser::new());
    *world.says.lock().unwrap() = says;
    let page = world
        .authorize(&mut browser, &Asks::default())
        .await
        .location;
    let marked = "“Placet Support” (not verified)";
    let sign_in = browser.get(&world, &page).await;
    assert!(sign_in.has(marked) && !sign_in.has("tips.example"));
    browser.sign_in(&world, &page, "ada").await;
    let form = browser.get(&world, &page).await;
    for said in [
        marked,
        "Not verified: this is only what it says of itself",
        "Says it is at <bdi>tips.example</bdi>",
        "Sends you on to <bdi>photos.example</bdi>",
        "This name sounds official",
    ] {
        assert!(form.has(said), "{said}: {}", form.body);
    }
    assert!(!form.has("Identity checked") && !form.has("key of its wallet"));
    approve(&world, &mut browser, &page, &form, &[]).await;
    let over = browser.get(&world, &page).await;
    assert_eq!(over.outcome(), "approved");
    assert!(over.has(marked), "{}", over.body);
}

#[tokio::test]
async fn g6_a_wallet_is_named_by_the_address_whose_key_was_proven() {
    let says = |proven| Prompt {
        asker: Some(PromptAsker {
            name: Some("Acme Market".to_owned()),
            uri: Some("https://elsewhere.example/".to_owned()),
            wallet: Some("https://wallet.example/acme".to_owned()),
            proven,
            ..PromptAsker::default()
        }),
        ..Prompt::default()
    };
    let (world, mut browser, page) = asked(says(true), "read").await;
    let form = browser.get(&world, &page).await;
    assert!(form.has("Verified by the key of its wallet"));
    assert!(form.has("<bdi>wallet.example</bdi></strong>") && form.has("<bdi>/acme</bdi>"));
    assert!(form.has("Acme Market</bdi> asks") && !form.has("not verified"));
    assert!(
        !form.has("elsewhere.example"),
        "what nobody proved is left out"
    );
    *world.says.lock().unwrap() = says(false);
    let form = browser.get(&world, &page).await;
    assert!(form.has("Says its wallet is") && form.has("Says it is at"));
    assert!(form.has("“Acme Market” (not verified)") && !form.has("key of its wallet"));
}

#[tokio::test]
async fn c12_everything_a_face_passes_on_is_made_safe_to_look_at() {
    let text = || HOSTILE.to_owned();
    let payment = Payment {
        actions: vec![text()],
        account: Some(text()),
        receiver: Some(text()),
        debit: Some(Money {
            value: 1,
            asset_code: text(),
            asset_scale: 0,
        }),
        ..monthly(1)
    };
    let right = StructuredRight {
        kind: text(),
        actions: vec![text()],
        locations: vec![text()],
        datatypes: vec![text()],
        identifier: Some(text()),
        privileges: vec![text()],
        other: vec![(text(), text().repeat(5000))],
    };
    let identity = What::Identity {
        formats: vec![text()],
    };
    let mut changed = line(HOSTILE, true, What::Right(right.clone()));
    changed.change = AskChange::Changed {
        before: Box::new(What::Reference(text())),
    };
    let says = Prompt {
        asker: Some(PromptAsker {
            name: Some(text()),
            uri: Some(text()),
            host: Some(text()),
            wallet: Some(text()),
            proven: false,
        }),
        asks: vec![
            line("pay", false, What::Payment(payment)),
            line("identity", false, identity),
            changed,
        ],
        modifies: true,
        ..Prompt::default()
    };
    let (world, mut browser, page) = asked(says, "read").await;
    let form = browser.get(&world, &page).await;
    assert!(form.has("⟨U+202E⟩y⟨U+200B⟩&quot;&gt;&lt;script&gt;"));
    assert!(!form.has("<script>alert"), "{}", form.body);
    // The key is compared with what the form sends back, so it alone is not changed; nobody reads it.
    let key = "x\u{202e}y\u{200b}&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\"";
    let read = form.body.replace(key, "");
    assert!(!read.contains('\u{202e}') && !read.contains('\u{200b}'));
    assert!(form.body.len() < 60_000, "long text is cut");
}

#[tokio::test]
async fn what_was_not_ticked_stays_so_when_the_page_is_shown_once_more() {
    let (world, mut browser) = (World::new().await, Browser::new());
    *world.says.lock().unwrap() = with(vec![
        line("one", true, What::Reference("one".to_owned())),
        line("two", true, What::Reference("two".to_owned())),
    ]);
    let opened = world.device_asks("tv", "read write").await;
    let code = opened.user_code.unwrap().to_string();
    let page = browser.enter(&world, &code).await.location;
    browser.sign_in(&world, &page, "ada").await;
    let form = browser.get(&world, &page).await;
    let ticked = |form: &Answer, field: &str, value: &str| {
        let mark = format!("name=\"{field}\" value=\"{value}\"");
        let tag = form.body.split_once(&mark).unwrap().1;
        tag.split('>').next().unwrap().contains(" checked")
    };
    let boxes = [("ask", "one"), ("ask", "two"), ("scope", "write")];
    let first = boxes.map(|(field, value)| ticked(&form, field, value));
    assert_eq!(first, [true; 3]);
    let again = approve(&world, &mut browser, &page, &form, &[("ask", "two")]).await;
    assert_eq!(again.status, 400, "the device was not confirmed");
    let second = boxes.map(|(field, value)| ticked(&again, field, value));
    assert_eq!(second, [false, true, false]);
}

#[tokio::test]
async fn h6_the_account_page_shows_what_a_grant_allows() {
    let says = with(vec![line("pay", true, What::Payment(monthly(2500)))]);
    let (world, mut browser, page) = asked(says, "read").await;
    let form = browser.get(&world, &page).await;
    let done = approve(&world, &mut browser, &page, &form, &[("ask", "pay")]).await;
    let code = done.location.rsplit('=').next().unwrap().to_owned();
    world.collect("photos", CollectBy::Code, &code).await;
    let account = browser.get(&world, "/account").await;
    assert!(account.has("25.00</span>") && account.has("shop.example"));
    assert!(
        !account.has("name=\"ask\""),
        "there is nothing to choose there"
    );
}
