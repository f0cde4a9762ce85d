//! Templates an operator puts in place of the embedded ones.

use std::fs;
use std::path::PathBuf;

use placet_web::page::{Locale, PageError, Pages, Theme, sample};

/// A directory of its own for one test, emptied first.
fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("pages")
        .join(name);
    if path.exists() {
        fs::remove_dir_all(&path).expect("the directory of an earlier run can go");
    }
    fs::create_dir_all(&path).expect("the directory can be made");
    path
}

fn with(name: &str, file: &str, source: &str) -> Result<Pages, PageError> {
    let directory = directory(name);
    fs::write(directory.join(file), source).expect("the file can be written");
    Pages::new(Theme::default(), Some(&directory))
}

#[test]
fn a_file_of_the_same_name_replaces_a_template() {
    let source = "{% extends 'layout.html' %}{% block title %}Bye{% endblock %}{% block main %}<h1>Bye {{ brand }}</h1>{% endblock %}";
    let pages = with("good", "signed_out.html", source).expect("the template is whole");
    let all = sample::all();
    let sample = all
        .iter()
        .find(|sample| sample.name == "signed-out")
        .expect("the sample exists");
    let html = pages
        .render(&sample.page, Locale::French, &sample.shell)
        .expect("the page renders");
    assert!(html.contains("<h1>Bye Placet</h1>"), "{html}");
}

#[test]
fn a_broken_template_refuses_start() {
    let syntax = with("syntax", "error.html", "{% if %}").err();
    assert!(
        matches!(syntax, Some(PageError::Template { ref name, .. }) if name == "error.html"),
        "{syntax:?}"
    );
    let value = with("value", "outcome.html", "{{ page.nonsense }}").err();
    assert!(
        matches!(value, Some(PageError::Template { .. })),
        "{value:?}"
    );
    let key = with("key", "outcome.html", "{{ msg('nonsense') }}").err();
    assert!(matches!(key, Some(PageError::Template { .. })), "{key:?}");
}

#[test]
fn a_template_without_the_contract_refuses_start() {
    let result = with(
        "contract",
        "sign_in.html",
        "<form><input name=\"login\"></form>",
    )
    .err();
    assert!(
        matches!(result, Some(PageError::Contract { .. })),
        "{result:?}"
    );
}

#[test]
fn a_misspelt_template_refuses_start() {
    let result = with("misspelt", "sign-in.html", "x").err();
    assert!(
        matches!(result, Some(PageError::UnknownTemplate { .. })),
        "{result:?}"
    );
    let missing = Pages::new(Theme::default(), Some(&directory("missing").join("none"))).err();
    assert!(
        matches!(missing, Some(PageError::Read { .. })),
        "{missing:?}"
    );
}

/// A consent page as an operator wrote it before there were payments.
const OLD_CONSENT: &str = "{% extends 'layout.html' %}{% block main %}<h1>Own words</h1>\
    <form method=\"post\" action=\"{{ page.action }}\" id=\"decision\">\
    <input type=\"hidden\" name=\"csrf\" value=\"{{ page.csrf }}\"><input type=\"hidden\" name=\"digest\" value=\"{{ page.digest }}\">\
    {% for scope in page.scopes %}<p>{% include 'part_scope.html' %}</p>{% endfor %}\
    {% if page.device %}<input type=\"checkbox\" id=\"confirm-device\" name=\"confirm_device\" value=\"yes\">{% endif %}\
    <button id=\"approve\" name=\"decision\" value=\"approve\">Yes</button><button id=\"deny\" name=\"decision\" value=\"deny\">No</button>\
    </form>{% endblock %}";

fn consent(pages: &Pages, name: &str) -> String {
    let all = sample::all();
    let sample = all.iter().find(|sample| sample.name == name);
    let sample = sample.expect("the sample exists");
    pages
        .render(&sample.page, Locale::English, &sample.shell)
        .expect("the page renders")
}

#[test]
fn c5_a_template_from_before_payments_hides_none() {
    let pages = with("old", "consent.html", OLD_CONSENT).expect("an old template keeps working");
    assert!(consent(&pages, "consent").contains("Own words"));
    let paying = consent(&pages, "consent-payment");
    assert!(!paying.contains("Own words"), "the built-in page shows it");
    assert!(paying.contains("25.00") && paying.contains("data-ask=\"send\""));
    let knowing = OLD_CONSENT.replace(
        "{% for scope",
        "{% if page.asks %}{% include 'part_asks.html' %}{% endif %}{% for scope",
    );
    let pages = with("knowing", "consent.html", &knowing).expect("a newer template is whole");
    let paying = consent(&pages, "consent-payment");
    assert!(paying.contains("Own words") && paying.contains("25.00"));
}

#[test]
fn a_part_that_hides_asks_refuses_start() {
    let result = with("part", "part_asks.html", "<p>Trust me</p>").err();
    assert!(
        matches!(result, Some(PageError::Contract { ref missing, .. }) if missing.contains("data-ask")),
        "{result:?}"
    );
}
