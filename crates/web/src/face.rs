//! All that a protocol may plug into.

use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc};

use http::Method;
use placet_core::{
    engine::{Committed, Handover, Shown},
    grant::Grant,
    pending::FaceName,
    right::Rights,
    token::{Basis, TokenSpec},
};

pub use crate::ask::{
    AskChange, AskLine, Interval, Money, Payment, PaymentKind, Period, PromptAsker,
    StructuredRight, What,
};
use crate::{context::Call, reply::Reply, site::Site};

/// A handler of one route.
pub type Handler = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync>;

/// Who a route is for; printed in the list of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anybody: public facts.
    Public,
    /// A client, which authenticates or names itself.
    Client,
    /// A client that a person sends here with their browser.
    Redirect,
    /// A person in a browser.
    Person,
    /// A holder of an access token.
    Token,
    /// A resource server, which proves its key or stands on a listener of its own.
    ResourceServer,
    /// An identity provider, which names itself by a secret.
    IdentityProvider,
    /// An operator, on the admin listener.
    Operator,
    /// A tenant, which signs its calls, or an operator, on the admin listener.
    Tenant,
}

/// How large a request a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLimit {
    /// No body.
    Empty,
    /// A form or a document of a protocol: `form_body_bytes`.
    Form,
    /// An operator's document: `admin_body_bytes`.
    Admin,
}

/// How an error is printed that no handler of a route sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorForm {
    /// `error` is a code (RFC 6749 §5.2).
    #[default]
    Flat,
    /// `error` is an object with code and description (RFC 9635 §3.6).
    Nested,
}

/// One path and method.
#[derive(Clone)]
pub struct Route {
    /// The method. A GET answers HEAD too, unless it is for [`Audience::Redirect`].
    pub method: Method,
    /// The path below the issuer's base; parameters in braces.
    pub path: &'static str,
    /// For whom.
    pub audience: Audience,
    /// How large a body it takes.
    pub body: BodyLimit,
    /// Whether pages of other origins may read the answer (CORS), without credentials.
    pub cross_origin: bool,
    /// Whether the path stands at the origin's root with the issuer's path behind it (RFC 8414 §3.1).
    pub at_root: bool,
    /// Whether the path stands at the origin's root, whatever the issuer's path (RFC 9767 §3.1).
    pub at_origin: bool,
    /// How errors are printed that its handler does not see.
    pub errors: ErrorForm,
    /// The section that defines it.
    pub spec: &'static str,
    /// What answers.
    pub handler: Handler,
}

/// The routes of a face.
pub type Routes = Vec<Route>;

impl Route {
    /// A route that takes no body.
    pub fn get<F, Fut>(
        path: &'static str,
        audience: Audience,
        spec: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        Self::new(
            (Method::GET, BodyLimit::Empty),
            path,
            audience,
            spec,
            handler,
        )
    }

    /// A route that takes a form.
    pub fn post<F, Fut>(
        path: &'static str,
        audience: Audience,
        spec: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        Self::new(
            (Method::POST, BodyLimit::Form),
            path,
            audience,
            spec,
            handler,
        )
    }

    /// A route of any method.
    pub fn new<F, Fut>(
        (method, body): (Method, BodyLimit),
        path: &'static str,
        audience: Audience,
        spec: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |call| Box::pin(handler(call)));
        Self {
            method,
            path,
            audience,
            body,
            cross_origin: false,
            at_root: false,
            at_origin: false,
            errors: ErrorForm::Flat,
            spec,
            handler,
        }
    }

    /// The same, readable by pages of other origins.
    #[must_use]
    pub fn cross_origin(mut self) -> Self {
        self.cross_origin = true;
        self
    }

    /// The same, with errors as objects where its handler does not see them.
    #[must_use]
    pub fn nested_errors(mut self) -> Self {
        self.errors = ErrorForm::Nested;
        self
    }

    /// The same, at the origin's root with the issuer's path appended.
    #[must_use]
    pub fn at_root(mut self) -> Self {
        self.at_root = true;
        self
    }

    /// The same, at the origin's root and nowhere else.
    #[must_use]
    pub fn at_origin(mut self) -> Self {
        self.at_origin = true;
        self
    }
}

/// What a person is asked, beyond what every face has: the request's scopes and resources, client and code.
#[derive(Debug, Clone, Default)]
pub struct Prompt {
    /// The host that gets the answer, proven by a registered redirect. Absent for a device.
    pub answer_host: Option<String>,
    /// The origin or scheme the browser goes to after the answer; the page's policy must allow it.
    pub answer_origin: Option<String>,
    /// Whether the request came from another device, whose screen shows a code.
    pub from_device: bool,
    /// Where the person can start again when the request has ended. Absent: at the device or the client.
    pub start_again: Option<String>,
    /// Who asks. Absent: as the client's registration says.
    pub asker: Option<PromptAsker>,
    /// What is asked for beside scopes and resources, in the order to show.
    pub asks: Vec<AskLine>,
    /// Whether the request changes an earlier agreement, so that the page shows the difference.
    pub modifies: bool,
}

/// Where the browser goes after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To this URL.
    Redirect(String),
    /// To this URL with a post of these fields (OAuth 2.0 Form Post Response Mode).
    FormPost {
        /// Where the form goes.
        action: String,
        /// Its fields.
        fields: Vec<(String, String)>,
    },
    /// Nowhere: the page says what happened.
    Stay,
}

/// Everything Placet asks of a protocol.
pub trait Face: Send + Sync {
    /// The short name stored with each request.
    fn name(&self) -> FaceName;
    /// Paths and handlers under an issuer's base.
    fn routes(&self, site: &Arc<Site>) -> Routes;
    /// What the person is asked. One page prints all faces.
    fn describe(&self, site: &Site, shown: &Shown) -> Prompt;
    /// What is granted when the person keeps, of the optional lines of [`Prompt::asks`], those with the keys `kept`.
    /// Lines that are not optional always stay. Optional scopes are no business of a face: the page takes out those that
    /// were not ticked, whatever this returns.
    fn narrowed(&self, _site: &Site, shown: &Shown, _kept: &BTreeSet<&str>) -> Rights {
        shown.request.asked.clone()
    }
    /// What a standing agreement allows beside scopes and resources, for the person's own page. `None`: nothing.
    fn describe_grant(&self, _site: &Site, _grant: &Grant) -> Option<Vec<AskLine>> {
        None
    }
    /// Which tokens an approval becomes. Pure.
    fn tokens(
        &self,
        site: &Site,
        shown: &placet_core::pending::PendingRequest,
        basis: &Basis<'_>,
    ) -> Vec<TokenSpec>;
    /// Where the browser goes once the answer is on disk. An ended request has no code.
    fn after_answer(&self, site: &Site, handover: &Committed<Handover>) -> Next;
}
