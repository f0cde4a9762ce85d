//! Loads that `oha` cannot send. Those whose next request needs the answer to the one before: a refresh hands over the next
//! token, a sign-in needs a form. And those whose every request is signed: grants and continuations of GNAP.
//!
//! An actor has one connection and waits for each answer. There are as many as `oha` has connections.
//!
//! Spec: RFC 6749 §6; OpenID Connect Core §3.1.2.3; RFC 9635 §2, §5.2

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    contestant::Contestant,
    payer::{Payer, Pending},
    web,
};
use crate::{
    http::{Connection, Reply, Request},
    torture::page::Page,
};

/// Families of refresh tokens, shared out among the actors. Each request takes the token that has rested longest.
const FAMILIES: usize = 2_048;
/// Grants that nobody answers, shared out among the actors. Each is asked about once in a run, so that it is never too early.
const GRANTS: usize = 10_240;
/// People who sign in; each actor is one of them.
pub(crate) const PEOPLE: usize = 8;
const PASSWORD: &str = "correct horse battery staple";

/// Who does what.
#[derive(Debug)]
pub(crate) struct Actor {
    connection: Connection,
    act: Act,
}

#[derive(Debug)]
enum Act {
    /// A browser without any cookie: the form, then the name and the password.
    SignIn { person: String },
    /// The token used longest ago is exchanged for its successor.
    Refresh {
        path: String,
        tokens: VecDeque<String>,
    },
    /// What nobody has to be asked about is granted at once.
    BeGranted { payer: Payer },
    /// One grant after the other is asked about, none of which anybody answers.
    Poll {
        payer: Payer,
        grants: Vec<Pending>,
        next: usize,
    },
}

/// What all actors did together.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How long each act took, sorted.
    pub(crate) took: Vec<Duration>,
    /// From the beginning to the last answer.
    pub(crate) within: Duration,
}

/// The name of a person, as the configuration declares it.
pub(crate) fn person(number: usize) -> String {
    format!("person-{number}")
}

/// The people of [`person`] for a configuration of ours.
pub(crate) fn declared() -> String {
    let one = |number: usize| {
        let name = person(number);
        format!(
            "\n[[people]]\nusername = \"{name}\"\nsubject = \"{name}\"\npassword = \"{PASSWORD}\"\n"
        )
    };
    (0..PEOPLE).map(one).collect()
}

/// Actors that sign in with a password.
pub(crate) fn who_sign_in(on: &Contestant, count: usize) -> Vec<Actor> {
    let act = |number: usize| Act::SignIn {
        person: person(number % PEOPLE),
    };
    (0..count)
        .map(|number| Actor {
            connection: on.connection(number),
            act: act(number),
        })
        .collect()
}

/// Actors with refresh tokens that nobody used.
pub(crate) fn who_refresh(on: &Contestant, count: usize) -> Result<Vec<Actor>, String> {
    let signed_in = web::sign_in(on, (&person(0), PASSWORD))?;
    let each = FAMILIES.div_ceil(count);
    thread::scope(|scope| {
        let prepared: Vec<_> = (0..count)
            .map(|_| scope.spawn(|| web::refresh_tokens(on, &signed_in, each)))
            .collect();
        let mut actors = Vec::with_capacity(count);
        for (number, tokens) in prepared.into_iter().enumerate() {
            let tokens = tokens.join().map_err(|_| "an actor failed".to_owned())??;
            actors.push(Actor {
                connection: on.connection(number),
                act: Act::Refresh {
                    path: on.endpoints.token.clone(),
                    tokens: tokens.into(),
                },
            });
        }
        Ok(actors)
    })
}

/// Actors that are granted what nobody has to be asked about.
pub(crate) fn who_are_granted(on: &Contestant, payer: &Payer, count: usize) -> Vec<Actor> {
    let one = |number: usize| Actor {
        connection: on.connection(number),
        act: Act::BeGranted {
            payer: payer.clone(),
        },
    };
    (0..count).map(one).collect()
}

/// Actors with grants that wait for a person.
pub(crate) fn who_poll(on: &Contestant, payer: &Payer, count: usize) -> Result<Vec<Actor>, String> {
    let prepare = |number: usize| -> Result<Actor, String> {
        let mut connection = on.connection(number);
        let grants = (0..GRANTS.div_ceil(count)).map(|_| payer.begin(&mut connection));
        let grants = grants.collect::<Result<_, _>>()?;
        let act = Act::Poll {
            payer: payer.clone(),
            grants,
            next: 0,
        };
        Ok(Actor { connection, act })
    };
    thread::scope(|scope| {
        let prepare = &prepare;
        let prepared: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || prepare(number)))
            .collect();
        let joined =
            |one: ScopedJoinHandle<'_, _>| one.join().map_err(|_| "an actor failed".to_owned())?;
        prepared.into_iter().map(joined).collect()
    })
}

/// Lets all act for a time, or until they have nothing left to do. With a rate, that many acts begin in a second, and the
/// time of one counts from when it was due; without, each actor begins the next one as soon as it can.
///
/// # Errors
/// The first act that went wrong.
pub(crate) fn run(
    actors: &mut [Actor],
    lasting: Duration,
    per_s: Option<u32>,
) -> Result<Done, String> {
    let begun = Instant::now();
    let taken = AtomicU64::new(0);
    let next = || match per_s {
        Some(rate) => {
            let number = taken.fetch_add(1, Ordering::Relaxed);
            let due = begun + Duration::from_secs(1) * u32::try_from(number).unwrap_or(0) / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due
        }
        None => Instant::now(),
    };
    let next = &next;
    let mut done = Done::default();
    thread::scope(|scope| {
        let acting = |actor: &mut Actor| -> Result<Vec<Duration>, String> {
            let mut took = Vec::new();
            actor.begin();
            loop {
                let due = next();
                if begun.elapsed() >= lasting || actor.is_through() {
                    return Ok(took);
                }
                actor.act()?;
                took.push(due.elapsed());
            }
        };
        let all: Vec<_> = actors
            .iter_mut()
            .map(|actor| scope.spawn(move || acting(actor)))
            .collect();
        for one in all {
            let took = one.join().map_err(|_| "an actor failed".to_owned())?;
            done.took.extend(took?);
        }
        Ok::<_, String>(())
    })?;
    done.within = begun.elapsed();
    done.took.sort();
    Ok(done)
}

impl Done {
    /// The time below which `percent` of the acts lie, in milliseconds.
    pub(crate) fn at_percent(&self, percent: usize) -> f64 {
        let at = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).map_or(f64::NAN, Duration::as_secs_f64) * 1000.0
    }
}

impl Actor {
    /// Before each run.
    fn begin(&mut self) {
        self.connection.hang_up();
        if let Act::Poll { next, .. } = &mut self.act {
            *next = 0;
        }
    }

    /// Whether there is nothing left to do in this run.
    fn is_through(&self) -> bool {
        match &self.act {
            Act::Poll { grants, next, .. } => *next == grants.len(),
            Act::SignIn { .. } | Act::Refresh { .. } | Act::BeGranted { .. } => false,
        }
    }

    fn act(&mut self) -> Result<(), String> {
        match &mut self.act {
            Act::SignIn { person } => sign_in(&mut self.connection, person),
            Act::Refresh { path, tokens } => {
                let token = tokens.pop_front().ok_or("an actor without a token")?;
                let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
                let request = Request::post(path, &fields).basic(web::CLIENT.0, web::CLIENT.1);
                let reply = sent(&mut self.connection, &request, 200)?;
                let next = reply.json().get("refresh_token").cloned();
                let next = next.as_ref().and_then(Value::as_str);
                // One that is handed back unchanged was not rotated, which would be another load.
                let next = next
                    .filter(|next| *next != token)
                    .ok_or_else(|| format!("no new refresh token: {}", reply.body))?;
                tokens.push_back(next.to_owned());
                Ok(())
            }
            Act::BeGranted { payer } => payer.be_granted(&mut self.connection).map(drop),
            Act::Poll {
                payer,
                grants,
                next,
            } => {
                let grant = grants.get(*next).ok_or("an actor without a grant")?;
                *next += 1;
                payer.poll(&mut self.connection, grant)
            }
        }
    }
}

/// The form, and its answer: a session.
fn sign_in(connection: &mut Connection, person: &str) -> Result<(), String> {
    let form = sent(connection, &Request::get("/sign-in"), 200)?;
    let typed = [("login", person), ("password", PASSWORD)];
    let pressed = Page::parse(&form.body).press("submit-login", &typed);
    let pressed = pressed.ok_or("the sign-in page has no form")?;
    let fields: Vec<(&str, &str)> = pressed
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut post = Request::post(pressed.action.as_deref().unwrap_or("/sign-in"), &fields)
        .header("sec-fetch-site", "same-origin");
    for cookie in form.headers_named("set-cookie") {
        post = post.header("cookie", cookie.split(';').next().unwrap_or_default());
    }
    let reply = sent(connection, &post, 303)?;
    if reply.headers_named("set-cookie").next().is_none() {
        return Err("a sign-in without a session".to_owned());
    }
    Ok(())
}

/// Sends and waits for the answer.
///
/// # Errors
/// When there is none, or it has another status.
pub(crate) fn sent(
    connection: &mut Connection,
    request: &Request,
    status: u16,
) -> Result<Reply, String> {
    let reply = connection.send(request).map_err(|e| e.to_string())?;
    if reply.status == status {
        Ok(reply)
    } else {
        let start: String = reply.body.chars().take(200).collect();
        Err(format!("{} instead of {status}: {start}", reply.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_share_of_the_acts() {
        let done = Done {
            took: (1..=100).map(Duration::from_millis).collect(),
            within: Duration::from_secs(1),
        };
        assert!((done.at_percent(50) - 51.0).abs() < 1e-9);
        assert!((done.at_percent(99) - 100.0).abs() < 1e-9);
        assert!(Done::default().at_percent(99).is_nan());
    }

    #[test]
    fn everybody_who_signs_in_is_declared() {
        let text = declared();
        for number in 0..PEOPLE {
            assert!(text.contains(&format!("username = \"{}\"", person(number))));
        }
    }
}
