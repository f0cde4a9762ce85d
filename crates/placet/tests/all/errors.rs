//! Every error code that leaves the server: the page of the documentation is made from the tables that print them.

use std::{fmt::Write as _, fs, path::Path};

use placet::{admin::CODES, router::edge_errors};
use placet_oauth::error_catalogue;
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
    for entry in error_catalogue() {
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
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
