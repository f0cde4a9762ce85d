//! A grant request of the payments profile, and its continuation.
//!
//! Spec: Open Payments 1.3 (`post-request`, `post-continue`, `interact-request`, `subject`)

use serde_json::{Map, Value};

use super::{Checked, PaymentAccess, PaymentClient, Refused, access, problem};
use crate::{
    error::Problem,
    hash::HashMethod,
    json::{self, At, Fault, Object, items, text},
    request::{ContinueRequest, FinishAsk, InteractAsk, StartMode},
    subject::SubjectIdentifier,
    uri,
};

/// A request for a new grant.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentsRequest {
    /// What is asked for: at most three rights, none of them twice. Empty when only the person is asked about.
    pub access: Vec<PaymentAccess>,
    /// The wallet address the person shall be known to own. Absent: not asked.
    pub subject: Option<SubjectIdentifier>,
    /// Who asks.
    pub client: PaymentClient,
    /// How the client can reach the person. Absent: not at all. It starts with a browser or not at all, finishes with a
    /// browser or not at all, and its hash is made with SHA-256.
    pub interact: Option<InteractAsk>,
}

impl PaymentsRequest {
    /// Reads the body of a grant request.
    ///
    /// # Errors
    /// [`problem::TWO_AMOUNTS`] and [`problem::SUBJECT_ID`]; for anything else 400 without a code, with the place.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let members = json::body(body).map_err(Refused::Schema)?;
        Ok(Self::from_members(&members)?)
    }

    fn from_members(members: &Map<String, Value>) -> Checked<Self> {
        let root = At::Root;
        let object = Object::new(members, &root);
        let token = object.get("access_token");
        let token = token.map(|value| token_access(value, &At::Member(&root, "access_token")));
        let subject = object.get("subject");
        let subject = subject.map(|value| subject_of(value, &At::Member(&root, "subject")));
        let interact = object.read("interact", interact)?;
        let request = Self {
            access: token.transpose()?.unwrap_or_default(),
            subject: subject.transpose()?,
            client: object.required_read("client", PaymentClient::read)?,
            interact,
        };
        // The schema wants one of the two, and with a subject alone a way to the person.
        if !members.contains_key("access_token") {
            if request.subject.is_none() {
                return Err(root.fault("has neither access_token nor subject").into());
            }
            if request.interact.is_none() {
                return Err(object.fault("interact", "is missing").into());
            }
        }
        Ok(request)
    }
}

/// One token, never several, and no label or flag that would have to be told in the answer.
fn token_access(value: &Value, at: &At<'_>) -> Checked<Vec<PaymentAccess>> {
    let object = Object::of(value, at)?;
    access::read_list(object.required("access")?, &At::Member(at, "access"))
}

/// Exactly one name, a URI, spelled `id` where RFC 9493 says `uri`.
fn subject_of(value: &Value, at: &At<'_>) -> Checked<SubjectIdentifier> {
    let object = Object::of(value, at)?;
    let ids = object.required_items("sub_ids", sub_id)?;
    let [id] = ids.as_slice() else {
        return Err(object
            .fault("sub_ids", "does not have exactly one element")
            .into());
    };
    // The person confirms that the address is theirs, so it has to be one that can be shown and visited.
    if uri::is_web(id) && !id.contains('#') {
        Ok(SubjectIdentifier::Uri {
            uri: (*id).to_owned(),
        })
    } else {
        Err(Refused::SubjectId)
    }
}

fn sub_id<'v>(value: &'v Value, at: &At<'_>) -> Result<&'v str, Fault> {
    let object = Object::of(value, at)?;
    if object.required_text("format")? != "uri" {
        return Err(object.fault("format", "is not uri"));
    }
    object.required_text("id")
}

fn interact(value: &Value, at: &At<'_>) -> Result<InteractAsk, Fault> {
    let object = Object::of(value, at)?;
    let start = items(object.required("start")?, &At::Member(at, "start"), start)?;
    Ok(InteractAsk {
        start: start.into_iter().take(1).collect(),
        finish: object.read("finish", finish)?,
        ui_locales: Vec::new(),
    })
}

fn start(value: &Value, at: &At<'_>) -> Result<StartMode, Fault> {
    if text(value, at)? == StartMode::Redirect.name() {
        Ok(StartMode::Redirect)
    } else {
        Err(at.fault("is not redirect"))
    }
}

/// Only through the browser. What else stands there, such as `hash_method`, has no effect in this profile.
fn finish(value: &Value, at: &At<'_>) -> Result<FinishAsk, Fault> {
    let object = Object::of(value, at)?;
    if object.required_text("method")? != "redirect" {
        return Err(object.fault("method", "is not redirect"));
    }
    let mut members = object.members().clone();
    members.remove("hash_method");
    let finish = FinishAsk::read(&Value::Object(members), at)?;
    Ok(FinishAsk {
        hash_method: HashMethod::Sha256,
        ..finish
    })
}

/// Reads the body of a continuation: none or an empty object is a poll, anything else needs its reference.
///
/// # Errors
/// [`problem::MISSING_REFERENCE`], or 400 without a code for a body that cannot be read.
pub fn continue_request(body: &[u8]) -> Result<ContinueRequest, Problem> {
    if body.is_empty() {
        return Ok(ContinueRequest::Poll);
    }
    let members = json::body(body).map_err(Refused::Schema)?;
    if members.is_empty() {
        return Ok(ContinueRequest::Poll);
    }
    match members.get("interact_ref") {
        None => Err(problem::MISSING_REFERENCE),
        Some(Value::String(reference)) if reference.is_empty() => Err(problem::MISSING_REFERENCE),
        Some(_) => {
            let only: Map<_, _> = members
                .into_iter()
                .filter(|(name, _)| name == "interact_ref")
                .collect();
            Ok(ContinueRequest::from_members(&only).map_err(Refused::Schema)?)
        }
    }
}
