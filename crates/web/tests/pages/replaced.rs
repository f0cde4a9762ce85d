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
