//! What stands in the HTML.

use std::collections::BTreeSet;

use placet_web::page::{Link, Locale, Logo, LogoFormat, Pages, Theme, content_security_policy};

use super::rendered;

/// The values of an attribute, in order.
fn attribute<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&start)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default())
        .collect()
}

fn page(name: &str) -> String {
    let found = rendered()
        .into_iter()
        .find(|(sample, locale, _)| sample == name && *locale == Locale::English);
    found.expect("the sample exists").2
}

#[test]
fn element_ids_of_the_contract_are_there() {
    let cases: [(&str, &[&str]); 13] = [
        ("sign-in", &["login", "password", "submit-login"]),
        (
            "sign-in-again",
            &["login", "password", "submit-login", "cancel"],
        ),
        ("code", &["user-code", "submit-code"]),
        (
            "consent",
            &["approve", "deny", "my-grants", "privacy-policy", "terms"],
        ),
        (
            "consent-device",
            &["approve", "deny", "confirm-device", "shown-code"],
        ),
        ("outcome-approved-device", &["outcome", "my-grants"]),
        ("outcome-expired", &["outcome"]),
        ("error", &["error-code"]),
        ("sign-out", &["logout-yes"]),
        (
            "grants",
            &[
                "my-grants",
                "revoke-all",
                "revoke-all-yes",
                "end-sessions",
                "end-others-yes",
                "end-all-yes",
            ],
        ),
        ("grants-waiting", &["my-grants", "waiting"]),
        ("outcome-approved-account", &["outcome", "continue"]),
        ("form-post", &["continue"]),
    ];
    for (name, ids) in cases {
        let html = page(name);
        let found = attribute(&html, "id");
        for id in ids {
            assert!(found.contains(id), "{name} lacks #{id}");
        }
    }
    for answer in ["approved", "denied", "expired", "answered"] {
        let name = format!(
            "outcome-{answer}{}",
            if answer == "answered" { "" } else { "-client" }
        );
        assert!(page(&name).contains(&format!(
            r#"id="outcome" class="outcome {answer}" data-outcome="{answer}""#
        )));
    }
}

#[test]
fn ids_are_unique_outside_inert_templates() {
    for (name, locale, html) in rendered() {
        let mut live = String::new();
        for (index, part) in html.split("<template").enumerate() {
            let shown = if index == 0 {
                part
            } else {
                part.split_once("</template>").expect("templates end").1
            };
            live.push_str(shown);
        }
        let ids = attribute(&live, "id");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name} {locale}: {ids:?}");
    }
}

#[test]
fn c12_nothing_inline_and_nothing_from_elsewhere() {
    for (name, locale, html) in rendered() {
        let lower = html.to_lowercase();
        assert!(
            !lower.contains("<style") && attribute(&lower, "style").is_empty(),
            "{name} {locale}: inline style"
        );
        for script in lower.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"/assets/") && script.contains("\" defer></script>"),
                "{name}: {script}"
            );
        }
        for tag in lower
            .split('<')
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or_default())
        {
            assert!(
                !tag.split_ascii_whitespace()
                    .any(|word| word.starts_with("on") && word.contains('=')),
                "{name}: {tag}"
            );
        }
        for source in attribute(&html, "src") {
            assert!(source.starts_with("/assets/"), "{name} {locale}: {source}");
        }
        for link in lower.split("<link").skip(1) {
            assert!(
                attribute(link, "href")[0].starts_with("/assets/"),
                "{name}: {link}"
            );
        }
    }
}

#[test]
fn c12_hostile_text_is_escaped_and_marked() {
    for name in [
        "sign-in-hostile",
        "consent-hostile",
        "consent-asks-hostile",
        "error-unknown-code",
        "grants",
        "form-post",
    ] {
        let html = page(name);
        assert!(
            !html.contains("<script>alert")
                && !html.contains("<img src=//x")
                && !html.contains("x\"><b>"),
            "{name}"
        );
    }
    for name in [
        "sign-in-hostile",
        "consent-hostile",
        "consent-asks-hostile",
        "grants",
    ] {
        let html = page(name);
        assert!(
            html.contains("⟨U+202E⟩") && html.contains("⟨U+200B⟩"),
            "{name}: hidden characters are marked"
        );
    }
    let consent = page("consent-hostile");
    assert!(
        !consent.contains('\u{202e}'),
        "the page holds no override at all"
    );
}

#[test]
fn h7_marks_stand_by_names_that_deceive() {
    let text = page("consent-hostile");
    for mark in [
        "mixes letters of different alphabets",
        "hidden characters",
        "Identity not checked",
    ] {
        assert!(text.contains(mark), "{mark}");
    }
    assert!(
        !page("consent").contains("marks"),
        "an honest name has no mark"
    );
    assert!(
        !page("consent-first-party").contains("marks"),
        "the operator may use reserved words"
    );
}

#[test]
fn c12_links_that_would_run_script_lead_nowhere() {
    for hostile in [
        "javascript:alert(1)",
        " JavaScript:x",
        "java\tscript:x",
        "\u{1}data:text/html,x",
        "vbscript:x",
    ] {
        assert_eq!(Link::from(hostile).as_str(), "about:blank", "{hostile:?}");
    }
    for honest in [
        "/sign-in",
        "https://frame.example/a?b=javascript:1",
        "com.example.frame:/cb",
        "//x/data:",
    ] {
        assert_eq!(Link::from(honest).as_str(), honest);
    }
}

#[test]
fn links_that_open_a_tab_say_so_and_tell_the_other_side_nothing() {
    let mut seen = 0;
    for (name, locale, html) in rendered() {
        for link in html
            .split("<a ")
            .skip(1)
            .filter(|link| link.contains("target="))
        {
            seen += 1;
            let (tag, rest) = link.split_once('>').expect("tags end");
            assert!(
                tag.contains(r#"target="_blank" rel="noopener noreferrer""#),
                "{name} {locale}: {tag}"
            );
            let words = rest.split("</a>").next().unwrap_or_default();
            let said = ["new tab", "neuen Tab", "nouvel onglet"];
            assert!(
                said.iter().any(|said| words.contains(said)),
                "{name}: {words}"
            );
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn d4_device_screen_says_what_must_be_said() {
    let html = page("consent-device");
    for needed in [
        "WDJB-MJHT",
        "3 minutes ago",
        "203.0.113.7",
        "Nobody should ever ask you for this code",
    ] {
        assert!(html.contains(needed), "{needed}");
    }
    let confirm = html
        .split("<input")
        .find(|tag| tag.contains("confirm-device"))
        .expect("the tick is there");
    assert!(confirm.contains(" required"), "approving needs the tick");
    let deny = html
        .split("<button")
        .find(|tag| tag.contains("id=\"deny\""))
        .expect("deny is there");
    assert!(deny.contains(" formnovalidate"), "denying does not");
}

#[test]
fn h4_unknown_name_and_wrong_password_share_one_text() {
    let html = page("sign-in-refused");
    assert!(html.contains("The user name or the password is not right."));
    assert!(
        !attribute(&html, "value").contains(&"secret"),
        "a password is never sent back"
    );
}

#[test]
fn h1_every_post_of_ours_carries_the_anti_forgery_value() {
    for (name, locale, html) in rendered() {
        for form in html
            .split("<form")
            .skip(1)
            .map(|rest| rest.split("</form>").next().unwrap_or_default())
        {
            let to_client = form.contains("data-submit-at-once");
            assert_eq!(
                form.contains(r#"name="csrf""#),
                !to_client,
                "{name} {locale}: {form}"
            );
        }
    }
}

#[test]
fn base_path_stands_before_every_asset() {
    let pages = Pages::new(Theme::default(), None).expect("the embedded pages are whole");
    let sample = placet_web::page::sample::all().remove(0);
    let shell = placet_web::page::Shell {
        base_path: "/tenant".to_owned(),
        ..sample.shell
    };
    let html = pages
        .render(&sample.page, Locale::English, &shell)
        .expect("the sample renders");
    assert!(html.contains("/tenant/assets/placet-") && !html.contains("\"/assets/"));
}

#[test]
fn assets_are_found_by_the_path_the_pages_use() {
    let pages = Pages::new(Theme::default(), None).expect("the embedded pages are whole");
    let html = page("form-post");
    for path in attribute(&html, "src")
        .into_iter()
        .chain(attribute(&html, "href"))
        .filter(|path| path.starts_with("/assets/"))
    {
        assert!(
            pages
                .asset(path)
                .is_some_and(|asset| !asset.bytes.is_empty()),
            "{path}"
        );
    }
}

#[test]
fn h8_a_logo_comes_from_this_origin() {
    let logo = Logo {
        format: LogoFormat::Png,
        bytes: vec![0x89, b'P', b'N', b'G'],
    };
    let theme = Theme {
        logo: Some(logo),
        ..Theme::default()
    };
    let pages = Pages::new(theme, None).expect("a logo is not read");
    let asset = pages
        .assets()
        .iter()
        .find(|asset| asset.name == "logo")
        .expect("there is always a logo");
    assert_eq!(
        (asset.content_type, asset.bytes.as_ref()),
        ("image/png", &[0x89, b'P', b'N', b'G'][..])
    );
    let sample = placet_web::page::sample::all().remove(0);
    let html = pages
        .render(&sample.page, Locale::English, &sample.shell)
        .expect("the sample renders");
    assert!(
        attribute(&html, "src").contains(&asset.path.as_str()),
        "{}",
        asset.path
    );
}

#[test]
fn c12_policy_takes_origins_and_schemes_only() {
    let policy = content_security_policy(&[
        "https://a.example",
        "com.example:",
        "x; script-src *",
        "",
        "a b",
    ]);
    assert!(
        policy.contains("form-action 'self' https://a.example com.example:; frame-ancestors"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn languages_hold_the_same_messages() {
    let keys = |source: &str| -> BTreeSet<String> {
        let lines = source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        lines
            .map(|line| line.split(" =").next().unwrap_or_default().to_owned())
            .collect()
    };
    let arguments = |source: &str, key: &str| -> BTreeSet<String> {
        let start = source
            .find(&format!("\n{key} ="))
            .expect("the key is there")
            + 1;
        let lines: Vec<&str> = source.split_at(start).1.lines().collect();
        let rest = lines
            .iter()
            .skip(1)
            .take_while(|line| line.starts_with([' ', '}']));
        let text: String = lines.iter().take(1).chain(rest).copied().collect();
        let names = text.split('$').skip(1);
        names
            .map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric())
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let english = include_str!("../../assets/locales/en.ftl");
    assert!(keys(english).len() > 100);
    for other in [
        include_str!("../../assets/locales/de.ftl"),
        include_str!("../../assets/locales/fr.ftl"),
    ] {
        assert_eq!(keys(english), keys(other));
        for key in keys(english) {
            assert_eq!(arguments(english, &key), arguments(other, &key), "{key}");
        }
    }
}

#[test]
fn plural_rules_of_each_language_are_used() {
    let html = |name: &str, locale: Locale| {
        let found = rendered()
            .into_iter()
            .find(|(sample, of, _)| sample == name && *of == locale);
        found.expect("the sample exists").2
    };
    assert!(html("consent-device", Locale::German).contains("vor 3 Minuten"));
    assert!(html("consent-device", Locale::French).contains("il y a 3 minutes"));
    assert!(
        html("sign-in-wait", Locale::English).contains("2 minutes"),
        "90 seconds are rounded up"
    );
    assert!(html("grants", Locale::German).contains("2 Stunden"));
}
