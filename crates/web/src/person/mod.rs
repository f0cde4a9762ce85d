//! The person's side of the edge, one for all faces: sign-in, consent, code entry, what I have allowed, sign-out.
//!
//! 1. A face calls [`silently`] to learn whether a rule may answer, and [`begin`] to open its request in this browser.
//! 2. The browser gets a cookie for this one request, so that two tabs work and only this browser may answer.
//! 3. `GET /interaction/{id}` shows what is next and changes nothing; every `POST` is checked for where it comes from.
//! 4. The answer is committed, and only then [`deliver`] sends the browser on.
//!
//! Spec: RFC 6749 §3.1, RFC 8628 §3.3, OpenID Connect Core §3.1.2.3–3.1.2.4; threats A10, A15–A20, D1–D6 and H1–H9

mod begin;
mod browser;
mod cookie;
mod password;
mod policy;
mod render;
mod trouble;

use std::sync::Arc;

pub use self::{
    begin::begin,
    password::{PASSWORD_LIMIT_BYTES, PasswordError, Passwords},
    policy::{Ready, Silent, Wish, silently},
    render::{Extras, deliver, error_page, render},
};
use crate::{face::Routes, site::Site};

/// The routes of the person's side.
pub fn routes(_site: &Arc<Site>) -> Routes {
    Routes::new()
}
