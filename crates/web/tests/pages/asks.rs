//! Payments, rights with parts and changes, as HTML in each language.

use placet_web::page::Locale;

use super::rendered;

/// What a reader meets, in order: the text of a page without its tags.
fn words(name: &str, locale: Locale) -> String {
    let found = rendered()
        .into_iter()
        .find(|(sample, of, _)| sample == name && *of == locale);
    let html = found.expect("the sample exists").2;
    let mut text = String::new();
    for piece in html.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').expect("tags end");
        // What a browser draws on a line of its own.
        let starts_a_line = ["p", "div", "li", "h1", "h2", "h3", "dt", "dd", "/"]
            .iter()
            .any(|name| tag.starts_with(name));
        if starts_a_line && !tag.starts_with("/bdi") {
            text.push(' ');
        }
        text.push_str(words);
    }
    text.split([' ', '\n'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether the sentences stand in `text` in this order.
fn in_order(text: &str, sentences: &[&str]) {
    let mut rest = text;
    for sentence in sentences {
        let found = rest.split_once(sentence);
        assert!(found.is_some(), "{sentence:?} is not in: {rest}");
        rest = found.map_or("", |(_, behind)| behind);
    }
}

#[test]
fn a_payment_is_read_as_one_sentence_in_every_language() {
    in_order(
        &words("consent-payment", Locale::English),
        &[
            "Acme Market asks to send money from your account",
            "Verified by the key of its wallet wallet.example /acme",
            "Sends you on to shop.acme.example",
            "Send money from your account",
            "Up to 25.00 EUR To wallet.example /acme/incoming-payments/",
            "every month, 11 times, from 24 August 2022",
            "No more than this leaves your account.",
            "At most 275.00\u{A0}EUR altogether.",
            "Your account wallet.example /ada",
            "It may also See the payments it made from your account",
            "Ada Lovelace",
            "Approve Deny",
        ],
    );
    in_order(
        &words("consent-payment", Locale::German),
        &[
            "Bis zu 25,00 EUR An wallet.example",
            "jeden Monat, 11-mal, ab dem 24. August 2022",
            "höchstens 275,00\u{A0}EUR",
        ],
    );
    in_order(
        &words("consent-payment", Locale::French),
        &[
            "Jusqu’à 25,00 EUR À wallet.example",
            "chaque mois, 11 fois, à partir du 24 août 2022",
            "Au plus 275,00\u{A0}EUR en tout.",
        ],
    );
}

#[test]
fn what_has_no_limit_or_no_end_is_said_plainly() {
    in_order(
        &words("consent-payment-open", Locale::English),
        &[
            "“Tip Jar” (not verified) asks to send money",
            "Not verified: this is only what it says of itself",
            "Says it is at tipjar.example",
            "Without a limit To anyone it chooses",
            "It may send any amount.",
            "See every payment from your account, also those it did not make itself",
        ],
    );
    in_order(
        &words("consent-payment-choice", Locale::English),
        &["1.50 CHF", "every month, without end, from"],
    );
    in_order(
        &words("consent-payment-choice", Locale::German),
        &["1,50 CHF", "jeden Monat, ohne Ende, ab dem"],
    );
    in_order(
        &words("consent-payment-device", Locale::English),
        &[
            "125.00 USD",
            "in total",
            "With fees and exchange, more may leave",
        ],
    );
}

#[test]
fn c5_a_change_of_who_is_asked_about_is_shown_like_any_other() {
    in_order(
        &words("consent-changes", Locale::English),
        &[
            "Changed Know who you are Until now",
            "An identifier that says nothing else about you",
            "From now on An identifier that says nothing else about you Your email address",
            "New Know who you are A signed statement of who you are",
        ],
    );
}

#[test]
fn d4_a_page_says_where_nobody_can_see_who_waits_for_the_answer() {
    for (locale, warning, stays) in [
        (
            Locale::English,
            "The answer does not go through this browser",
            "What you allowed before stays allowed.",
        ),
        (
            Locale::German,
            "Die Antwort geht nicht durch diesen Browser",
            "Was Sie schon erlaubt haben, bleibt erlaubt.",
        ),
        (
            Locale::French,
            "La réponse ne passe pas par ce navigateur",
            "Ce que vous avez déjà autorisé le reste.",
        ),
    ] {
        in_order(&words("consent-payment-open", locale), &[warning]);
        for name in [
            "consent-payment",
            "consent-payment-device",
            "consent-change",
        ] {
            assert!(!words(name, locale).contains(warning), "{name}");
        }
        in_order(&words("consent-change", locale), &[stays]);
    }
}

#[test]
fn extreme_amounts_are_exact_and_break_between_groups() {
    in_order(
        &words("consent-payment-extremes", Locale::English),
        &[
            "184,467,440,737,095,516.15 JPY",
            "every 1 year, 2 months, 3 days and 4 hours, 4,294,967,295 times",
            "Of this, up to 18.446744073709551615\u{A0}XRP arrives.",
            "2.5\u{A0}×\u{A0}10⁻²⁵⁴ WEI",
            "every 3 months, once",
            "5 ЕUR",
            "This name mixes letters of different alphabets.",
            "1,234,567.89 “000 EUR a year”",
            "What it may do there is not said.",
        ],
    );
    let html = rendered()
        .into_iter()
        .find(|(name, _, _)| name == "consent-payment-extremes")
        .expect("the sample exists")
        .2;
    assert!(html.contains("184,<wbr>467,<wbr>440"), "{html}");
}

#[test]
fn c5_a_change_shows_what_was_and_what_will_be() {
    for (locale, said) in [
        (
            Locale::English,
            [
                "asks to change what you have allowed",
                "Changed",
                "Until now Up to 10.00\u{A0}EUR How often every month, 3 times",
                "From now on Up to 25.00 EUR",
                "New",
                "No longer asked for",
                "As before",
            ],
        ),
        (
            Locale::German,
            [
                "bittet darum, zu ändern, was Sie erlaubt haben",
                "Geändert",
                "Bisher Bis zu 10,00\u{A0}EUR Wie oft jeden Monat, 3-mal",
                "Künftig Bis zu 25,00 EUR",
                "Neu",
                "Wird nicht mehr verlangt",
                "Wie bisher",
            ],
        ),
        (
            Locale::French,
            [
                "demande à changer ce que vous avez autorisé",
                "Modifié",
                "Jusqu’ici Jusqu’à 10,00\u{A0}EUR À quel rythme chaque mois, 3 fois",
                "Désormais Jusqu’à 25,00 EUR",
                "Nouveau",
                "N’est plus demandé",
                "Comme avant",
            ],
        ),
    ] {
        in_order(&words("consent-change", locale), &said);
    }
    in_order(
        &words("consent-changes", Locale::English),
        &[
            "Until now Up to Without a limit Your account wallet.example /ada What it may do Send money",
            "From now on Up to 999.00 EUR",
            "Until now Up to 125.00\u{A0}USD This is what arrives.",
            "From now on Without a limit",
            "Until now What it may do read Where Photo archive Only for not said from 2020",
            "From now on What it may do read, delete Only for album-7",
            // Nothing that has words differs: all of it is shown twice rather than nothing.
            "Until now See the prices it asked for",
            "Until now photos-summary From now on",
        ],
    );
}

#[test]
fn rights_with_parts_show_every_part() {
    in_order(
        &words("consent-rights", Locale::English),
        &[
            "Use https://photos.example/rights",
            "What it may do read, write, delete",
            "Where Photo archive",
            "https://other.example/photos",
            "Kinds of data metadata",
            "Only for album-7",
            "Privileges admin",
            "geolocation [{&quot;lat&quot;",
            "See how many photos you have",
            "dolphin-metadata",
            "Use calendar",
            "Know who you are",
            "Your email address",
            "A signed statement of who you are",
            "ark",
        ],
    );
}

#[test]
fn a_grant_is_read_as_its_request_was() {
    in_order(
        &words("grants-payments", Locale::English),
        &[
            "Send money from your account",
            "Up to 25.00 EUR To wallet.example",
            "every month, 11 times",
            "Use photos",
            "Revoke",
        ],
    );
}
