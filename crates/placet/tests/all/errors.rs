//! Every error code that leaves the server: the page of the documentation is made from the tables that print them.

use std::{ffi::OsStr, fmt::Write as _, fs, path::Path};

use placet::{admin::CODES, router::edge_errors};
use placet_gnap::GnapError;
use placet_oauth::OAuthError;
use placet_web::person::PAGE_CODES;

const INTRODUCTION: &str = "# Errors

Every error code this server emits. Made from the source by a test; `cargo xtask docs` writes it anew. No answer with an error
is stored by caches.

## OAuth and OpenID Connect

The status is that of a JSON answer; at the authorization endpoint the same code travels to the redirect URI, or is shown on a
page where client or redirect URI are not known. What every JSON error looks like:
`{\"error\": …, \"error_description\": …}`.

| Code | Status | When | What to do | Defined in |
|---|---|---|---|---|
";

const GNAP: &str = "
## GNAP and Open Payments

What every error looks like: `{\"error\": {\"code\": …, \"description\": …}}`. Under `/gnap` a code has one status, but
`invalid_client` is 400 where no key of the client can be found. In Open Payments clients branch on status and code together, so a
code has there the statuses its reference server gives it, by place; a body that breaks the schema is 400 without a code. In both
a limit that is reached is `request_denied` with 429, and a failure of ours `request_denied` with 500, or with 503 when it lasts for
a moment.

| Code | Status | In Open Payments | When | What to do | Defined in |
|---|---|---|---|---|---|
";

const BEFORE: &str = "
## Before any endpoint

What a request gets that no endpoint sees. Clients read the code as JSON as above, browsers get a page with a code of its own,
and everybody else one line of text.

| Status | Code | Code of the page | What it says |
|---|---|---|---|
";

const PAGES: &str = "
## Pages

The code a person's error page shows in the element `error-code`.

| Code | Status | When |
|---|---|---|
";

const ADMIN: &str = "
## Admin API

The `code` of a problem document (RFC 9457); its `type` is `urn:placet:admin:` and the code. A token that is missing or wrong
gets 401 in one line of text.

| Code | Status | Title |
|---|---|---|
";

fn page() -> Result<String, std::fmt::Error> {
    let mut page = INTRODUCTION.to_owned();
    for entry in OAuthError::CATALOGUE {
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            entry.code, entry.status, entry.when, entry.advice, entry.spec
        )?;
    }
    page.push_str(GNAP);
    for (entry, error) in GnapError::CATALOGUE.iter().zip(GnapError::ALL) {
        let statuses = error.payments_statuses();
        let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
        let payments = if statuses.is_empty() {
            "–".to_owned()
        } else {
            statuses.join(", ")
        };
        writeln!(
            page,
            "| `{}` | {} | {payments} | {} | {} | {} |",
            entry.code, entry.status, entry.when, entry.advice, entry.spec
        )?;
    }
    page.push_str(BEFORE);
    for error in edge_errors() {
        let page_code = error.page_code.map(|code| format!("`{code}`"));
        writeln!(
            page,
            "| {} | `{}` | {} | {} |",
            error.status.as_u16(),
            error.code,
            page_code.as_deref().unwrap_or("no page"),
            error.description
        )?;
    }
    page.push_str(PAGES);
    for (code, status, when) in PAGE_CODES {
        writeln!(page, "| `{code}` | {} | {when} |", status.as_u16())?;
    }
    page.push_str(ADMIN);
    for (code, status, title) in CODES {
        writeln!(page, "| `{code}` | {} | {title} |", status.as_u16())?;
    }
    Ok(page)
}

#[test]
fn generated_errors_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let page = page().unwrap();
    if std::env::var_os("PLACET_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/errors.md is not current: run `cargo xtask docs`"
    );
}

#[test]
fn every_code_of_gnap_is_met_by_a_test_that_calls() {
    const FOLDERS: [&str; 3] = [
        "crates/gnap/tests/all",
        "interop/gnap",
        "interop/open-payments",
    ];
    // They hold the tables of all codes, and call nothing.
    const TABLES: [&str; 2] = ["rfc9635_error.rs", "open_payments_problem.rs"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut met = String::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let part = |part: Option<&OsStr>| part.unwrap_or_default().to_owned();
            let (name, kind) = (part(path.file_name()), part(path.extension()));
            if (kind == "rs" || kind == "mjs") && TABLES.iter().all(|table| name != **table) {
                met += &fs::read_to_string(&path).unwrap();
            }
        }
    }
    let quoted = |code: &str| ['"', '\''].map(|mark| met.contains(&format!("{mark}{code}{mark}")));
    let codes = GnapError::ALL.iter().map(|error| error.code());
    let missing: Vec<_> = codes.filter(|code| quoted(code) == [false; 2]).collect();
    assert!(missing.is_empty(), "no test is told {missing:?}");
}
