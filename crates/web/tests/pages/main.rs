//! Every page in every state and language: what it must hold, what it must never hold, and a gallery for browsers.

mod asks;
mod gallery;
mod markup;
mod replaced;

use placet_web::page::{Locale, Pages, Theme, sample};

/// All pages as `(name, language, html)`.
fn rendered() -> Vec<(String, Locale, String)> {
    let pages = Pages::new(Theme::default(), None).expect("the embedded pages are whole");
    let mut all = Vec::new();
    for sample in sample::all() {
        for locale in Locale::ALL {
            let html = pages
                .render(&sample.page, locale, &sample.shell)
                .expect("every sample renders");
            all.push((sample.name.to_owned(), locale, html));
        }
    }
    all
}
