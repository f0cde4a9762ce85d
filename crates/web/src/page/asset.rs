//! Style sheets, scripts and pictures: one table, each name carrying a hash of the content, so that caches may keep it for ever.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use super::{PageError, Theme};

/// How many characters of the hash a name carries; 48 bits tell versions of one file apart.
const HASH_LENGTH: usize = 12;

/// The path under the issuer's base where assets are served.
pub const ASSETS_PATH: &str = "/assets/";

/// `Cache-Control` for assets: a changed file has another name.
pub const ASSET_CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// A file the pages refer to.
#[derive(Debug, Clone)]
pub struct Asset {
    /// What templates call it, such as `placet.css`.
    pub name: &'static str,
    /// Its path under the issuer's base, such as `/assets/placet-1f2e3d4c5b6a.css`.
    pub path: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
}

impl Asset {
    fn new(
        name: &'static str,
        extension: &str,
        content_type: &'static str,
        bytes: Cow<'static, [u8]>,
    ) -> Self {
        let hash = HEXLOWER.encode(digest(&SHA256, &bytes).as_ref());
        let hash: String = hash.chars().take(HASH_LENGTH).collect();
        let stem = name.split('.').next().unwrap_or(name);
        Self {
            name,
            path: format!("{ASSETS_PATH}{stem}-{hash}.{extension}"),
            content_type,
            bytes,
        }
    }
}

/// All assets of a theme.
///
/// # Errors
/// `Contrast` when the theme's text cannot be read.
pub(super) fn table(theme: &Theme) -> Result<Vec<Asset>, PageError> {
    let sheet = theme.style_sheet()?.into_bytes();
    let css = "text/css; charset=utf-8";
    let js = "text/javascript; charset=utf-8";
    let fixed = |name, extension, content_type, bytes: &'static str| {
        Asset::new(
            name,
            extension,
            content_type,
            Cow::Borrowed(bytes.as_bytes()),
        )
    };
    let mark = include_str!("../../assets/icons/mark.svg");
    let logo = match &theme.logo {
        Some(logo) => {
            let (extension, content_type) = logo.format.names();
            Asset::new(
                "logo",
                extension,
                content_type,
                Cow::Owned(logo.bytes.clone()),
            )
        }
        None => fixed("logo", "svg", "image/svg+xml", mark),
    };
    Ok(vec![
        Asset::new("theme.css", "css", css, Cow::Owned(sheet)),
        fixed(
            "placet.css",
            "css",
            css,
            include_str!("../../assets/placet.css"),
        ),
        fixed(
            "placet.js",
            "js",
            js,
            include_str!("../../assets/placet.js"),
        ),
        fixed(
            "form-post.js",
            "js",
            js,
            include_str!("../../assets/form-post.js"),
        ),
        logo,
    ])
}
