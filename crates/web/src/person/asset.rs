//! Style sheets, scripts and pictures of the pages; their names change with their content.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::trouble::Trouble;
use crate::{
    context::Call,
    page::{ASSET_CACHE_CONTROL, ASSETS_PATH},
    reply::Reply,
    site::Site,
};

/// `GET /assets/{name}`.
pub(super) fn show(site: &Site, call: &Call) -> Result<Reply, Trouble> {
    let path = format!("{ASSETS_PATH}{}", call.path_value(0));
    let asset = site.pages.asset(&path).ok_or(Trouble::NotFound)?;
    let bytes = match &asset.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::copy_from_slice(bytes),
    };
    Ok(Reply::empty(StatusCode::OK)
        .with_body(asset.content_type, bytes)
        .with_header(
            header::CACHE_CONTROL,
            HeaderValue::from_static(ASSET_CACHE_CONTROL),
        )
        .with_header(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}
