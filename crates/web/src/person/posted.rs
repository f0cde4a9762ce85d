//! A form a person sent: where it came from, and what it says.
//!
//! A post must come from a page of this origin: `Sec-Fetch-Site` says so, or `Origin`. Browsers send `Origin: null` from
//! pages without a referrer, so that alone proves nothing either way; then, and when both are absent, the anti-forgery
//! value decides alone (threat H1).
//!
//! Spec: Fetch Metadata §2.3, RFC 6454 §7

use super::{browser::same, trouble::Trouble};
use crate::{context::Call, site::Site};

/// The fields of a form, in their order.
pub(super) struct Posted(Vec<(String, String)>);

impl Posted {
    /// Reads the form of a call that may have come from a page of this origin.
    pub(super) fn of_call(site: &Site, call: &Call) -> Result<Self, Trouble> {
        if !is_from_here(site, call) {
            return Err(Trouble::Forged);
        }
        let content_type = call.header("content-type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Trouble::Malformed);
        }
        Ok(Self(
            form_urlencoded::parse(&call.body).into_owned().collect(),
        ))
    }

    /// The value of a field that was sent once.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// All values of a field.
    pub(super) fn all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the form carries the anti-forgery value `expected`.
    pub(super) fn check(&self, expected: &str) -> Result<(), Trouble> {
        match self.get("csrf") {
            Some(given) if same(expected, given) => Ok(()),
            Some(_) | None => Err(Trouble::Forged),
        }
    }
}

fn is_from_here(site: &Site, call: &Call) -> bool {
    let sent_once = |name| call.headers.get_all(name).iter().count() <= 1;
    if !sent_once("sec-fetch-site") || !sent_once("origin") {
        return false;
    }
    match call.header("sec-fetch-site") {
        // `none`: the person asked for it themselves, as by reloading.
        Some("same-origin" | "none") => true,
        Some(_) => false,
        None => {
            matches!(call.header("origin"), None | Some("null"))
                || call.header("origin") == Some(&site.settings.origin)
        }
    }
}
