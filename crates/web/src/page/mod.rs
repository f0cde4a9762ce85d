//! The person's pages as HTML: views in, text out.
//!
//! 1. [`Pages::new`] compiles the embedded templates and lets files of the same name in the operator's directory replace
//!    them. With such a directory it renders every page in every state and language once, so that a broken template
//!    refuses start; that the embedded ones are whole is what tests say.
//! 2. [`Pages::render`] turns a [`Page`] into HTML in a [`Locale`]. It reads no clock and touches no file.
//! 3. [`Pages::assets`] lists what the pages refer to, to be served under [`ASSETS_PATH`].
//!
//! The pages need no script, no inline style and nothing from another origin: [`content_security_policy`] says so, and
//! [`PAGE_HEADERS`] keep them out of caches, frames and referrers.
//! A replaced template that shows no `data-ask` keeps its place for all requests but those that ask for more than scopes;
//! these the built-in one shows, so that nobody agrees to what a page hides.
//! Element ids (`login`, `password`, `submit-login`, `user-code`, `submit-code`, `confirm-device`, `approve`, `deny`,
//! `logout-yes`, `my-grants`, `outcome`, `error-code`; on the consent page `privacy-policy` and `terms`; on the page of what I have allowed `revoke-all` and `end-sessions`,
//! which open what asks once more, and there `revoke-all-yes`, `end-others-yes` and `end-all-yes`) are a public contract.
//!
//! Spec: OpenID Connect Core §3.1.2.3–3.1.2.4; RFC 8628 §3.3; WCAG 2.2 AA; threats C12, D4, H1, H2, H7 and H9.

mod asset;
mod catalogue;
mod colour;
mod locale;
mod measure;
mod money;
pub mod sample;
mod speech;
mod template;
mod text;
mod theme;
mod view;

use std::path::{Path, PathBuf};

use minijinja::{Environment, context};

use catalogue::Catalogue;
use speech::Speech;

pub use asset::{ASSET_CACHE_CONTROL, ASSETS_PATH, Asset};
pub use colour::Colour;
pub use locale::Locale;
pub use template::{PAGE_HEADERS, content_security_policy};
pub use text::{ClientName, NameMark, SHOWN_LENGTH_MAX, Shown, visible_text};
pub use theme::{Logo, LogoFormat, Scheme, TEXT_CONTRAST_MIN, Theme};
pub use view::{
    Account, Address, Amount, AnswerKind, Ask, Asker, Change, CodeEntry, CodeProblem, Consent,
    ConsentProblem, DeviceRequest, ErrorPage, FormPost, GrantLine, GrantedClient, Grants,
    GrantsNotice, Item, Link, Live, Outcome, Page, Paper, PaymentItem, Person, PostForm, Power,
    Repeat, ResourceLine, RightItem, ScopeChoice, ScopeLine, SessionLine, Shell, SignIn,
    SignInProblem, SignOut, SignedOut, Standing, WaitingLine, WhatNext,
};

/// Why pages cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Text of the theme cannot be read on its ground.
    #[error(
        "theme.{scheme}.text has a contrast of {contrast:.1} to {ground}; at least {TEXT_CONTRAST_MIN} is needed"
    )]
    Contrast {
        /// `light` or `dark`.
        scheme: &'static str,
        /// `page` or `surface`.
        ground: &'static str,
        /// The contrast found, from 1 to 21.
        contrast: f64,
    },
    /// The operator's templates cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file in the operator's directory replaces nothing.
    #[error("{} replaces no template; known are {known}", path.display())]
    UnknownTemplate {
        /// The file.
        path: PathBuf,
        /// The names that can be replaced.
        known: String,
    },
    /// A template does not compile or render.
    #[error("template {name}")]
    Template {
        /// The template.
        name: String,
        /// Where and why.
        source: minijinja::Error,
    },
    /// A replaced template leaves out an element that people, scripts or this server's forms rely on.
    #[error("template {name} lacks {missing}")]
    Contract {
        /// The template.
        name: String,
        /// What is not in the page, as HTML text.
        missing: String,
    },
    /// The messages of a language are broken.
    #[error("messages in {locale}: {what}")]
    Catalogue {
        /// The language.
        locale: Locale,
        /// What is wrong.
        what: String,
    },
}

/// All pages in one look.
pub struct Pages {
    environment: Environment<'static>,
    catalogues: [(Locale, std::sync::Arc<Catalogue>); 3],
    assets: Vec<Asset>,
    theme: Theme,
    /// The operator's templates that do not show what is asked for beside scopes.
    without_asks: Vec<&'static str>,
}

impl Pages {
    /// Prepares all pages; `templates_dir` holds the operator's own templates.
    ///
    /// # Errors
    /// `Contrast` for an unreadable theme, `Read` and `UnknownTemplate` for the directory, `Template` and `Contract` for
    /// a template that does not compile, does not render every page, or leaves out what the contract promises.
    pub fn new(theme: Theme, templates_dir: Option<&Path>) -> Result<Self, PageError> {
        let load = |locale| {
            Catalogue::load(locale).map(|catalogue| (locale, std::sync::Arc::new(catalogue)))
        };
        let catalogues = [
            load(Locale::English)?,
            load(Locale::German)?,
            load(Locale::French)?,
        ];
        let assets = asset::table(&theme)?;
        let environment = template::environment(templates_dir)?;
        let mut pages = Self {
            environment,
            catalogues,
            assets,
            theme,
            without_asks: Vec::new(),
        };
        if templates_dir.is_some() {
            pages.without_asks = template::without_asks(&pages)?;
            template::try_all(&pages)?;
        }
        Ok(pages)
    }

    /// The page as a whole HTML document.
    ///
    /// # Errors
    /// `Template` when a replaced template meets a value it cannot show; the embedded ones show every value.
    pub fn render(&self, page: &Page, locale: Locale, shell: &Shell) -> Result<String, PageError> {
        let name = template::chosen(page, &self.without_asks);
        let failed = |source| PageError::Template {
            name: name.clone(),
            source,
        };
        let speech = Speech::new(locale, self.catalogue(locale), shell.now);
        let context = context! {
            page => template::view(page),
            account => &shell.account,
            request_id => &shell.request_id,
            base => &shell.base_path,
            brand => &self.theme.name,
            lang => locale.tag(),
            page_colour => [self.theme.light.page.to_string(), self.theme.dark.page.to_string()],
            asset => self.asset_function(&shell.base_path),
            ..speech.functions()
        };
        self.environment
            .get_template(&name)
            .and_then(|template| template.render(context))
            .map_err(failed)
    }

    /// Everything the pages refer to; serve each under the issuer's base with [`ASSET_CACHE_CONTROL`].
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The asset at `path` (without the issuer's base).
    pub fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.path == path)
    }

    /// The look these pages have.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    fn catalogue(&self, wanted: Locale) -> std::sync::Arc<Catalogue> {
        let [(_, english), others @ ..] = &self.catalogues;
        let found = others
            .iter()
            .find(|(locale, _)| *locale == wanted)
            .map_or(english, |(_, catalogue)| catalogue);
        std::sync::Arc::clone(found)
    }

    /// What templates call `asset('placet.css')`: the address of an asset.
    fn asset_function(&self, base_path: &str) -> minijinja::Value {
        let addresses: Vec<(&'static str, String)> = self
            .assets
            .iter()
            .map(|asset| (asset.name, format!("{base_path}{}", asset.path)))
            .collect();
        minijinja::Value::from_function(move |name: &str| {
            let found = addresses
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, address)| address.clone());
            found.ok_or_else(|| {
                minijinja::Error::new(
                    minijinja::ErrorKind::InvalidOperation,
                    format!("no asset `{name}`"),
                )
            })
        })
    }
}
