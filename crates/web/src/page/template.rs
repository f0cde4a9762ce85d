//! The templates: embedded, replaceable by the operator, and tried before the server starts.

use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::catalogue::escape;
use super::{Ask, Locale, Page, PageError, Pages, ScopeChoice, sample};

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/templates/", $name)))),+]
    };
}

/// Every template by file name.
const EMBEDDED: &[(&str, &str)] = embedded![
    "layout.html",
    "sign_in.html",
    "consent.html",
    "code_entry.html",
    "outcome.html",
    "error.html",
    "grants.html",
    "sign_out.html",
    "signed_out.html",
    "form_post.html",
    "part_address.html",
    "part_ask_body.html",
    "part_ask_title.html",
    "part_asker.html",
    "part_asks.html",
    "part_before.html",
    "part_hidden.html",
    "part_interval.html",
    "part_live.html",
    "part_marks.html",
    "part_outcome.html",
    "part_payment.html",
    "part_problem.html",
    "part_right.html",
    "part_scope.html",
];

/// What stands before the name of an embedded template that is there beside the operator's.
const BUILT_IN: &str = "built-in/";

/// The embedded templates, with those of `templates_dir` in place of the ones they are named after.
pub(super) fn environment(templates_dir: Option<&Path>) -> Result<Environment<'static>, PageError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|output, state, value| match value.as_str() {
        // The built-in escape also turns `/` into an entity, which only makes addresses hard to read.
        Some(text) if !value.is_safe() => Ok(output.write_str(&escape(text))?),
        _ => minijinja::escape_formatter(output, state, value),
    });
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    if let Some(directory) = templates_dir {
        refuse_unknown(directory)?;
    }
    for (name, embedded) in EMBEDDED {
        let source = match templates_dir {
            Some(directory) => replacement(&directory.join(name))?,
            None => None,
        };
        let mut add = |name: String, source: String| {
            let added = environment.add_template_owned(name.clone(), source);
            added.map_err(|source| PageError::Template { name, source })
        };
        if templates_dir.is_some() {
            add(format!("{BUILT_IN}{name}"), (*embedded).to_owned())?;
        }
        let source = source.unwrap_or_else(|| (*embedded).to_owned());
        add((*name).to_owned(), source)?;
    }
    Ok(environment)
}

/// A file that replaces nothing is a misspelt name, which would otherwise be found out by nobody.
fn refuse_unknown(directory: &Path) -> Result<(), PageError> {
    let unreadable = |source| PageError::Read {
        path: directory.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_template = path
            .extension()
            .is_some_and(|extension| extension == "html");
        let is_known = EMBEDDED
            .iter()
            .any(|(name, _)| path.file_name().is_some_and(|file| file == *name));
        if is_template && !is_known {
            let known: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
            return Err(PageError::UnknownTemplate {
                path,
                known: known.join(", "),
            });
        }
    }
    Ok(())
}

fn replacement(path: &Path) -> Result<Option<String>, PageError> {
    match std::fs::read_to_string(path) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PageError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The template of a page.
pub(super) const fn name(page: &Page) -> &'static str {
    match page {
        Page::SignIn(_) => "sign_in.html",
        Page::Consent(_) => "consent.html",
        Page::CodeEntry(_) => "code_entry.html",
        Page::Outcome(_) => "outcome.html",
        Page::Error(_) => "error.html",
        Page::Grants(_) => "grants.html",
        Page::SignOut(_) => "sign_out.html",
        Page::SignedOut(_) => "signed_out.html",
        Page::FormPost(_) => "form_post.html",
    }
}

/// The view of a page, as templates see it.
pub(super) fn view(page: &Page) -> Value {
    match page {
        Page::SignIn(view) => Value::from_serialize(view),
        Page::Consent(view) => Value::from_serialize(view),
        Page::CodeEntry(view) => Value::from_serialize(view),
        Page::Outcome(view) => Value::from_serialize(view),
        Page::Error(view) => Value::from_serialize(view),
        Page::Grants(view) => Value::from_serialize(view),
        Page::SignOut(view) => Value::from_serialize(view),
        Page::SignedOut(view) => Value::from_serialize(view),
        Page::FormPost(view) => Value::from_serialize(view),
    }
}

/// The template that shows `page`: the operator's, unless it is one of `without_asks` and the page has asks.
pub(super) fn chosen(page: &Page, without_asks: &[&'static str]) -> String {
    let name = name(page);
    if without_asks.contains(&name) && !asks(page).is_empty() {
        format!("{BUILT_IN}{name}")
    } else {
        name.to_owned()
    }
}

/// The replaced templates that leave out what is asked for beside scopes, as those do that were written before there was
/// such a thing. Nobody may agree to what a page hides (threat C5), so where there is something to hide the embedded
/// template takes their place.
pub(super) fn without_asks(pages: &Pages) -> Result<Vec<&'static str>, PageError> {
    let mut found: Vec<&'static str> = Vec::new();
    for sample in sample::all() {
        let name = name(&sample.page);
        if found.contains(&name) || asks(&sample.page).is_empty() {
            continue;
        }
        let html = pages.render(&sample.page, Locale::English, &sample.shell)?;
        if missing_ask(&sample.page, &html).is_some() {
            tracing::warn!(
                template = name,
                "shows no `data-ask`; the built-in template shows requests for payments and other rights"
            );
            found.push(name);
        }
    }
    Ok(found)
}

/// All that a page shows beside scopes.
fn asks(page: &Page) -> Vec<&Ask> {
    match page {
        Page::Consent(view) => view.asks.iter().collect(),
        Page::Grants(view) => {
            let grants = view.clients.iter().flat_map(|client| &client.grants);
            grants.flat_map(|grant| &grant.asks).collect()
        }
        Page::SignIn(_)
        | Page::CodeEntry(_)
        | Page::Outcome(_)
        | Page::Error(_)
        | Page::SignOut(_)
        | Page::SignedOut(_)
        | Page::FormPost(_) => Vec::new(),
    }
}

/// The first ask that a page does not show, or does not let a person leave out though they may.
fn missing_ask(page: &Page, html: &str) -> Option<String> {
    let consent = matches!(page, Page::Consent(_));
    asks(page).into_iter().find_map(|ask| {
        let key = escape(&ask.key);
        let shown = format!(r#"data-ask="{key}""#);
        let box_name = r#"name="ask""#;
        if !html.contains(&shown) {
            Some(shown)
        } else if consent && ask.choice != ScopeChoice::Required && !html.contains(box_name) {
            Some(box_name.to_owned())
        } else {
            None
        }
    })
}

/// Renders every sample in every language and looks for what the contract promises.
pub(super) fn try_all(pages: &Pages) -> Result<(), PageError> {
    for sample in sample::all() {
        for locale in Locale::ALL {
            let html = pages.render(&sample.page, locale, &sample.shell)?;
            let mut promised = promises(&sample.page).iter();
            let missing = promised.find(|promised| !html.contains(**promised));
            let missing = missing.map(|missing| (*missing).to_owned());
            if let Some(missing) = missing.or_else(|| missing_ask(&sample.page, &html)) {
                let name = name(&sample.page).to_owned();
                return Err(PageError::Contract { name, missing });
            }
        }
    }
    Ok(())
}

/// What must stand in a page, whoever wrote its template.
const fn promises(page: &Page) -> &'static [&'static str] {
    match page {
        Page::SignIn(_) => &[
            r#"id="login""#,
            r#"id="password""#,
            r#"id="submit-login""#,
            r#"name="login""#,
            r#"name="password""#,
            r#"name="csrf""#,
        ],
        Page::Consent(view) if view.device.is_some() => &[
            r#"id="approve""#,
            r#"id="deny""#,
            r#"name="csrf""#,
            r#"name="digest""#,
            r#"id="confirm-device""#,
            r#"name="confirm_device""#,
        ],
        Page::Consent(_) => &[
            r#"id="approve""#,
            r#"id="deny""#,
            r#"name="csrf""#,
            r#"name="digest""#,
        ],
        Page::CodeEntry(_) => &[
            r#"id="user-code""#,
            r#"id="submit-code""#,
            r#"name="user_code""#,
            r#"name="csrf""#,
        ],
        Page::Outcome(_) => &[r#"id="outcome""#, "data-outcome="],
        Page::Error(_) => &[r#"id="error-code""#],
        Page::SignOut(_) => &[r#"id="logout-yes""#, r#"name="csrf""#],
        Page::FormPost(_) => &[r#"method="post""#],
        Page::Grants(_) | Page::SignedOut(_) => &[],
    }
}

/// What every page is sent with beside its policy (threats A20, C15 and H9).
///
/// With `no-referrer` a browser sends `Origin: null` with a form's post even to its own origin (Fetch §3.2), so whoever
/// checks where a post came from asks `Sec-Fetch-Site` first.
pub const PAGE_HEADERS: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// The `Content-Security-Policy` every page is sent with.
///
/// `form_targets` are the origins (`https://photos.example`) or schemes (`com.example.app:`) a form of this page may lead to
/// beyond this origin, since Chromium holds the redirect after a post to `form-action` too. What is neither is left out.
///
/// ```
/// let policy = placet_web::page::content_security_policy(&["https://photos.example"]);
/// assert!(policy.contains("form-action 'self' https://photos.example;"));
/// ```
pub fn content_security_policy(form_targets: &[&str]) -> String {
    let is_source = |target: &&&str| {
        !target.is_empty()
            && target
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b":/.-+[]*_".contains(&byte))
    };
    let mut form_action = String::from("'self'");
    for target in form_targets.iter().filter(is_source) {
        form_action.push(' ');
        form_action.push_str(target);
    }
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Pages, Theme};
    use super::try_all;

    #[test]
    fn embedded_templates_keep_the_contract_in_every_state() {
        let pages = Pages::new(Theme::default(), None).expect("the embedded pages compile");
        try_all(&pages).expect("every sample renders and holds what is promised");
    }

    #[test]
    fn pages_are_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Pages>();
    }
}
