//! Writes all pages into a directory, for `interop/pages`, which looks at them with a real browser.

use std::path::Path;

use placet_web::page::{Colour, Locale, Pages, Scheme, Theme, content_security_policy, sample};

/// The directory to write to; without it the pages are only rendered.
const DIRECTORY: &str = "PLACET_GALLERY_DIR";

#[test]
fn every_page_renders_into_the_gallery() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        assert!(!super::rendered().is_empty());
        return;
    };
    let directory = Path::new(&directory);
    write_gallery(
        &Pages::new(Theme::default(), None).expect("the embedded pages are whole"),
        directory,
    );
    write_gallery(
        &Pages::new(operator(), None).expect("a bold theme is still readable"),
        &directory.join("operator"),
    );
    let policy = content_security_policy(&["https://frame.example", "com.example.frame:"]);
    std::fs::write(directory.join("policy.txt"), policy).expect("the directory can be written");
}

/// A theme with an accent that is hard to read on white.
fn operator() -> Theme {
    let orange = Colour::rgb(0xFF, 0x9E, 0x2C);
    Theme {
        name: "Acme Bank".to_owned(),
        light: Scheme {
            accent: orange,
            page: Colour::WHITE,
            ..Scheme::LIGHT
        },
        dark: Scheme {
            accent: orange,
            ..Scheme::DARK
        },
        ..Theme::default()
    }
}

fn write_gallery(pages: &Pages, directory: &Path) {
    for sample in sample::all() {
        for locale in Locale::ALL {
            let html = pages
                .render(&sample.page, locale, &sample.shell)
                .expect("every sample renders");
            let path = directory
                .join(locale.tag())
                .join(format!("{}.html", sample.name));
            write(&path, html.as_bytes());
        }
    }
    for asset in pages.assets() {
        write(
            &directory.join(asset.path.trim_start_matches('/')),
            &asset.bytes,
        );
    }
}

fn write(path: &Path, bytes: &[u8]) {
    let parent = path.parent().expect("every path has a directory");
    std::fs::create_dir_all(parent).expect("the directory can be made");
    std::fs::write(path, bytes).expect("the file can be written");
}
