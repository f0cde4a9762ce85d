//! How the person can be reached: an address, a code, or both, and the server's half of the interaction hash.
//!
//! Spec: RFC 9635 §3.3

use placet_core::time::Lifetime;
use serde::Serialize;

/// The ways to start an interaction that are offered: only such as were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InteractAnswer {
    /// An address for the person's browser, unique to the request and without anything about anybody.
    pub redirect: Option<String>,
    /// An address that opens an application.
    pub app: Option<String>,
    /// A code for the well-known page, as it is shown.
    pub user_code: Option<String>,
    /// A code and the page to type it at.
    pub user_code_uri: Option<UserCodeUri>,
    /// The server's nonce of the interaction hash. Present when a finish method will be used; the payments profile wants
    /// it always.
    pub finish: Option<String>,
    /// How long all of it can be used. Absent: no end is told.
    pub expires_in: Option<Lifetime>,
}

/// A code and the page to type it at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCodeUri {
    code: String,
    uri: String,
}

impl UserCodeUri {
    /// Joins a code and a page. `None` when the address gives the code away (RFC 9635 §3.3.4): the person should type
    /// it, so that a link cannot.
    ///
    /// ```
    /// use placet_gnap::response::UserCodeUri;
    /// assert!(UserCodeUri::new("BCDF-GHJK", "https://as.example/code").is_some());
    /// assert!(UserCodeUri::new("BCDF-GHJK", "https://as.example/code/bcdfghjk").is_none());
    /// ```
    pub fn new(code: &str, uri: &str) -> Option<Self> {
        let bare = |text: &str| -> String {
            let letters = text.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_uppercase()).collect()
        };
        (!bare(uri).contains(&bare(code))).then(|| Self {
            code: code.to_owned(),
            uri: uri.to_owned(),
        })
    }

    /// The code, as it is shown.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The page.
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

/// The ways as they are printed.
#[derive(Serialize)]
pub(super) struct InteractJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code_uri: Option<UserCodeUriJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

#[derive(Serialize)]
struct UserCodeUriJson<'a> {
    code: &'a str,
    uri: &'a str,
}

impl<'a> InteractJson<'a> {
    pub(super) fn new(answer: &'a InteractAnswer) -> Self {
        Self {
            redirect: answer.redirect.as_deref(),
            app: answer.app.as_deref(),
            user_code: answer.user_code.as_deref(),
            user_code_uri: answer.user_code_uri.as_ref().map(|both| UserCodeUriJson {
                code: &both.code,
                uri: &both.uri,
            }),
            finish: answer.finish.as_deref(),
            expires_in: answer.expires_in.map(Lifetime::as_secs),
        }
    }
}
