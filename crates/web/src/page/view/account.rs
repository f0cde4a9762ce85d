//! The person's own pages: what waits for me, what I have allowed, where I am signed in, sign-out.
//!
//! Spec: OpenID Connect RP-Initiated Logout §2 and §6 (ask before signing out); threat H6.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{ClientName, Shown};
use super::{
    Ask, Asker, Link, Person, PostForm, ResourceLine, ScopeLine, epoch_ms, epoch_ms_or_none,
};

/// What I have allowed, and where I am signed in.
#[derive(Debug, Clone, Serialize)]
pub struct Grants {
    /// The signed-in person.
    pub person: Person,
    /// What waits for the person's answer, in the order to show.
    pub waiting: Vec<WaitingLine>,
    /// The clients, in the order to show.
    pub clients: Vec<GrantedClient>,
    /// The sign-ins, in the order to show.
    pub sessions: Vec<SessionLine>,
    /// What has just been done.
    pub notice: Option<GrantsNotice>,
    /// Ends everything listed; absent when nothing is.
    pub revoke_all: Option<PostForm>,
    /// Ends several sign-ins; posts `which`: `others`, or `all` with the browser at hand. Absent when there are no others.
    pub end_sessions: Option<PostForm>,
    /// The page that asks before signing out.
    pub sign_out: Link,
}

/// A request that was laid before the person.
#[derive(Debug, Clone, Serialize)]
pub struct WaitingLine {
    /// Who asks.
    pub asker: Asker,
    /// Whether it changes what the person allowed before.
    pub modifies: bool,
    /// When it was asked.
    #[serde(serialize_with = "epoch_ms")]
    pub since: Timestamp,
    /// Until when it can be answered.
    #[serde(serialize_with = "epoch_ms")]
    pub expires_at: Timestamp,
    /// The page on which it is read and answered.
    pub open: Link,
}

/// A client with what it may do.
#[derive(Debug, Clone, Serialize)]
pub struct GrantedClient {
    /// Who.
    pub asker: Asker,
    /// What was allowed, one entry per approval.
    pub grants: Vec<GrantLine>,
}

/// One approval.
#[derive(Debug, Clone, Serialize)]
pub struct GrantLine {
    /// What the client may do, beside scopes; neither choice nor change is shown.
    pub asks: Vec<Ask>,
    /// What the client may do; the choice is not shown.
    pub scopes: Vec<ScopeLine>,
    /// Where.
    pub resources: Vec<ResourceLine>,
    /// When the person approved.
    #[serde(serialize_with = "epoch_ms")]
    pub since: Timestamp,
    /// When the client last used it; absent when never.
    #[serde(serialize_with = "epoch_ms_or_none")]
    pub last_used: Option<Timestamp>,
    /// Ends it.
    pub revoke: PostForm,
}

/// One sign-in.
#[derive(Debug, Clone, Serialize)]
pub struct SessionLine {
    /// The browser, in a person's words.
    pub browser: Shown,
    /// The address it signed in from.
    pub address: Option<Shown>,
    /// When.
    #[serde(serialize_with = "epoch_ms")]
    pub since: Timestamp,
    /// When it last let a client in; absent when never.
    #[serde(serialize_with = "epoch_ms_or_none")]
    pub last_used: Option<Timestamp>,
    /// Whether it is the browser that looks at this page.
    pub current: bool,
    /// Ends it; absent for the browser at hand, which signs out instead.
    pub end: Option<PostForm>,
}

/// What the person has just done on this page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GrantsNotice {
    /// Revoked what a client had.
    Revoked {
        /// Which client.
        client: Shown,
    },
    /// Revoked what every client had.
    AllRevoked,
    /// Ended a sign-in elsewhere.
    SessionEnded,
    /// Ended every sign-in elsewhere.
    OthersEnded,
}

/// Asks before signing out; its form posts `csrf` and `logout=yes`.
#[derive(Debug, Clone, Serialize)]
pub struct SignOut {
    /// Where the form posts, with its hidden fields.
    pub form: PostForm,
    /// The signed-in person.
    pub person: Person,
    /// The client that asked for it; absent when the person came by themselves.
    pub client: Option<ClientName>,
    /// Where 'stay signed in' leads.
    pub stay: Option<Link>,
}

/// Signed out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SignedOut {
    /// The client to go back to.
    pub client: Option<ClientName>,
    /// Where to go on.
    pub next: Option<Link>,
    /// Where to sign in again.
    pub sign_in: Option<Link>,
}
