//! The loads: what is sent, and what has to exist before it can be sent.

use std::{fs, path::PathBuf, thread, time::Duration};

use serde_json::Value;

use super::{
    actor::{self, Actor},
    contestant::{Contestant, Payments},
    payer::Payer,
};
use crate::{
    http::{Connection, Request, form},
    place,
};

/// The confidential client of both servers.
pub(crate) const CLIENT: (&str, &str) = ("svc", "svc-secret-0123456789");
/// The public client of both servers.
const PUBLIC_CLIENT: &str = "tv";
/// RFC 8628 §3.5, RFC 9635 §3.1: the time between two polls of ours when nothing else was said.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);
/// Codes for a poll that is to stay under the interval, and how many requests draw from them in one run.
const MANY_CODES: usize = 100_000;
const DRAWS: usize = 10_000;
const FEW: usize = 400;
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Discovery,
    Jwks,
    OpaqueToken,
    JwtToken,
    DeviceAuthorization,
    PollManyCodes,
    PollFewCodes,
    IntrospectActive,
    IntrospectUnknown,
    Refresh,
    SignIn,
    GnapGrant,
    GnapContinue,
    GnapIntrospect,
}

/// Whether runs follow each other at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    UnderInterval,
}

/// What one server is asked, and by whom.
#[derive(Debug)]
pub(crate) enum Work {
    /// By `oha`.
    Shot(Shot),
    /// By actors of ours.
    Actors(Vec<Actor>),
}

/// One load for `oha`, ready for one server.
#[derive(Debug)]
pub(crate) struct Shot {
    /// The listeners it goes to, one for each node; it is sent to the name of the first.
    pub(crate) addresses: Vec<String>,
    pub(crate) path: String,
    pub(crate) body: Body,
    pub(crate) media_type: &'static str,
    /// Whether the client signs in.
    pub(crate) basic: bool,
    /// A number of requests instead of a time.
    pub(crate) requests: Option<usize>,
    /// The status a good answer has.
    pub(crate) status: u16,
}

impl Shot {
    fn new(on: &Contestant, path: &str, body: Body, basic: bool) -> Self {
        Self {
            addresses: on.addresses.clone(),
            path: path.to_owned(),
            body,
            media_type: "application/x-www-form-urlencoded",
            basic,
            requests: None,
            status: 200,
        }
    }
}

/// What is posted.
#[derive(Debug)]
pub(crate) enum Body {
    Get,
    Same(String),
    /// A file with one body per line, drawn at random.
    Lines(PathBuf),
}

impl Load {
    pub(crate) const ALL: [Self; 14] = [
        Self::Discovery,
        Self::Jwks,
        Self::OpaqueToken,
        Self::JwtToken,
        Self::DeviceAuthorization,
        Self::PollManyCodes,
        Self::PollFewCodes,
        Self::IntrospectActive,
        Self::IntrospectUnknown,
        Self::Refresh,
        Self::SignIn,
        Self::GnapGrant,
        Self::GnapContinue,
        Self::GnapIntrospect,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "jwks",
            Self::OpaqueToken => "client_credentials opaque",
            Self::JwtToken => "client_credentials JWT ES256",
            Self::DeviceAuthorization => "device_authorization",
            Self::PollManyCodes => "device poll, many codes",
            Self::PollFewCodes => "device poll, few codes",
            Self::IntrospectActive => "introspection active",
            Self::IntrospectUnknown => "introspection unknown",
            Self::Refresh => "refresh",
            Self::SignIn => "password sign-in",
            Self::GnapGrant => "GNAP grant, non-interactive",
            Self::GnapContinue => "GNAP continue, pending",
            Self::GnapIntrospect => "GNAP introspection active",
        }
    }

    pub(crate) fn pace(self) -> Pace {
        if matches!(self, Self::PollManyCodes | Self::GnapContinue) {
            Pace::UnderInterval
        } else {
            Pace::AtOnce
        }
    }

    /// Makes codes and tokens where the load needs them. Nothing for a server that cannot do this.
    pub(crate) fn prepare(
        self,
        on: &Contestant,
        connections: usize,
    ) -> Result<Option<Work>, String> {
        Ok(match self {
            Self::SignIn if !on.passwords => None,
            Self::SignIn => Some(Work::Actors(actor::who_sign_in(on, connections))),
            Self::Refresh => Some(Work::Actors(actor::who_refresh(on, connections)?)),
            Self::GnapGrant => on.payer().map(|payer| {
                let actors = actor::who_are_granted(on, &payer, connections);
                Work::Actors(actors)
            }),
            Self::GnapContinue => match on.payer() {
                Some(payer) => Some(Work::Actors(actor::who_poll(on, &payer, connections)?)),
                None => None,
            },
            Self::Discovery
            | Self::Jwks
            | Self::OpaqueToken
            | Self::JwtToken
            | Self::DeviceAuthorization
            | Self::PollManyCodes
            | Self::PollFewCodes
            | Self::IntrospectActive
            | Self::IntrospectUnknown
            | Self::GnapIntrospect => self.shot(on)?.map(Work::Shot),
        })
    }

    /// What `oha` sends; nothing for a load that it cannot send.
    pub(crate) fn shot(self, on: &Contestant) -> Result<Option<Shot>, String> {
        let at = &on.endpoints;
        let grant = ("grant_type", "client_credentials");
        let shot = |path: &str, body: Body, basic: bool| Shot::new(on, path, body, basic);
        Ok(Some(match self {
            Self::Refresh | Self::SignIn | Self::GnapGrant | Self::GnapContinue => return Ok(None),
            Self::Discovery => shot("/.well-known/openid-configuration", Body::Get, false),
            Self::Jwks => shot(&at.jwks, Body::Get, false),
            Self::OpaqueToken => shot(
                &at.token,
                Body::Same(form(&[grant, ("scope", "read")])),
                true,
            ),
            Self::JwtToken => {
                let body = form(&[grant, ("scope", "read"), ("resource", "urn:bench:jwt")]);
                shot(&at.token, Body::Same(body), true)
            }
            Self::DeviceAuthorization => {
                let body = Body::Same(form(&[("client_id", PUBLIC_CLIENT), ("scope", "openid")]));
                shot(&at.device_authorization, body, false)
            }
            Self::PollManyCodes => {
                // A server without an interval cannot be met too early, whatever the number of codes.
                let codes = device_codes(on, if on.paced { MANY_CODES } else { FEW })?;
                Shot {
                    requests: Some(DRAWS),
                    status: 400,
                    ..shot(&at.token, Body::Lines(polls(on, &codes)?), false)
                }
            }
            Self::PollFewCodes => {
                let codes = device_codes(on, FEW)?;
                Shot {
                    status: 400,
                    ..shot(&at.token, Body::Lines(polls(on, &codes)?), false)
                }
            }
            Self::IntrospectActive => {
                let tokens = access_tokens(on)?;
                let lines: Vec<String> = tokens
                    .iter()
                    .map(|token| form(&[("token", token)]))
                    .collect();
                shot(
                    &at.introspection,
                    Body::Lines(write(on, "introspect", &lines)?),
                    true,
                )
            }
            Self::IntrospectUnknown => {
                let token = "A".repeat(43);
                shot(
                    &at.introspection,
                    Body::Same(form(&[("token", &token)])),
                    true,
                )
            }
            Self::GnapIntrospect => {
                let (Some(payments), Some(payer)) = (&on.payments, on.payer()) else {
                    return Ok(None);
                };
                Shot {
                    addresses: payments.introspection.clone(),
                    media_type: "application/json",
                    ..shot("/", Body::Lines(questions(on, payments, &payer)?), false)
                }
            }
        }))
    }
}

/// Opens device requests on a few connections at once.
fn device_codes(on: &Contestant, count: usize) -> Result<Vec<String>, String> {
    const CONNECTIONS: usize = 16;
    let request = Request::post(
        &on.endpoints.device_authorization,
        &[("client_id", PUBLIC_CLIENT), ("scope", "openid")],
    );
    thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| values(on, &request, "device_code", count / CONNECTIONS)))
            .collect();
        let mut all = Vec::with_capacity(count);
        for worker in workers {
            all.extend(worker.join().map_err(|_| "a worker failed".to_owned())??);
        }
        Ok(all)
    })
}

fn access_tokens(on: &Contestant) -> Result<Vec<String>, String> {
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let request = Request::post(&on.endpoints.token, &fields).basic(CLIENT.0, CLIENT.1);
    values(on, &request, "access_token", FEW)
}

/// What resource servers ask about tokens of GNAP, each of which is active.
fn questions(on: &Contestant, payments: &Payments, payer: &Payer) -> Result<PathBuf, String> {
    let mut connection = Connection::lazy(on.address());
    let address = payments.introspection.first().map_or("", String::as_str);
    let mut resource_server = Connection::lazy(address);
    let mut lines = Vec::with_capacity(FEW);
    for _ in 0..FEW {
        let token = payer.be_granted(&mut connection);
        let question = payer.question(&token.map_err(|error| format!("{}: {error}", on.name))?);
        let told = resource_server.send(&Request::json("/", &question));
        let told = told.map_err(|error| format!("{}: {error}", on.name))?;
        // What is not active has the same status, and would be another load.
        let json = told.json();
        let rights = json.get("access").and_then(Value::as_array).map(Vec::len);
        if json.get("active") != Some(&Value::Bool(true)) || rights != Some(1) {
            return Err(format!("{}: {} {}", on.name, told.status, told.body));
        }
        lines.push(question);
    }
    write(on, "gnap-introspect", &lines)
}

/// Sends the same request many times and collects one member of the answers.
fn values(
    on: &Contestant,
    request: &Request,
    member: &str,
    count: usize,
) -> Result<Vec<String>, String> {
    let mut connection = Connection::lazy(on.address());
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let reply = connection
            .send(request)
            .map_err(|error| format!("{}: {error}", on.name))?;
        let json = reply.json();
        let value = json.get(member).and_then(Value::as_str);
        let value = value.ok_or_else(|| {
            format!(
                "{}: {} without {member}: {}",
                on.name, reply.status, reply.body
            )
        })?;
        values.push(value.to_owned());
    }
    Ok(values)
}

fn polls(on: &Contestant, codes: &[String]) -> Result<PathBuf, String> {
    let line = |code: &String| {
        form(&[
            ("grant_type", DEVICE_GRANT),
            ("client_id", PUBLIC_CLIENT),
            ("device_code", code),
        ])
    };
    write(on, "poll", &codes.iter().map(line).collect::<Vec<_>>())
}

fn write(on: &Contestant, name: &str, lines: &[String]) -> Result<PathBuf, String> {
    let file = place::build("bench-work")?
        .join(format!("{name}-{}.txt", on.name.replace([' ', ','], "-")));
    fs::write(&file, lines.join("\n")).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}
