//! The templates: embedded, replaceable by the operator, and tried before the server starts.

use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::catalogue::escape;
use super::{Locale, Page, PageError, Pages, sample};

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
    "part_asker.html",
    "part_hidden.html",
    "part_live.html",
    "part_marks.html",
    "part_outcome.html",
    "part_scope.html",
    "part_problem.html",
];

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
        environment
            .add_template_owned(*name, source.unwrap_or_else(|| (*embedded).to_owned()))
            .map_err(|source| PageError::Template {
                name: (*name).to_owned(),
                source,
            })?;
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

/// Renders every sample in every language and looks for what the contract promises.
pub(super) fn try_all(pages: &Pages) -> Result<(), PageError> {
    for sample in sample::all() {
        for locale in Locale::ALL {
            let html = pages.render(&sample.page, locale, &sample.shell)?;
            for promised in promises(&sample.page) {
                if !html.contains(promised) {
                    let name = name(&sample.page).to_owned();
                    return Err(PageError::Contract {
                        name,
                        missing: (*promised).to_owned(),
                    });
                }
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
