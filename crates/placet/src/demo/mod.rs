//! `placet demo`: the whole of it on one machine, for somebody who has just arrived.
//!
//! 1. A server starts on loopback, on a store in a temporary directory.
//! 2. A device asks (RFC 8628) and shows link, code and QR code. It knows nothing of the server but its address.
//! 3. The person answers in a browser; with `--answer` they are played, on the same pages.
//! 4. The device gets its token, a protected resource checks it and answers.
//!
//! Everything goes over HTTP, so that what is seen is what any client would see.

mod device;
mod html;
mod http;
mod person;
mod photos;
mod show;
mod stage;

use std::{convert::Infallible, time::Duration};

use clap::Args;
use placet_proof::UnverifiedJwt;
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

pub use self::person::PlayedAnswer;
use self::{
    device::{Asked, Outcome},
    http::{HttpError, Outgoing},
    person::{Credentials, PersonError},
    photos::{NotBelieved, Trust},
    show::{Called, Show},
    stage::{Stage, StageError},
};
use crate::{cli::Status, serve::StopSignals, terminal::Terminal};

/// How often the waiting line is written.
const TICK: Duration = Duration::from_millis(100);

/// How the demo is played.
#[derive(Debug, Clone, Copy, Args)]
pub struct DemoArgs {
    /// Plays the person too, so that no browser is needed.
    #[arg(long, value_enum)]
    answer: Option<PlayedAnswer>,
    /// How many seconds the person has.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    expires_in: u64,
}

/// Why the demo could not be played.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the played person: {0}")]
    Person(#[from] PersonError),
    #[error(transparent)]
    Token(#[from] NotBelieved),
    #[error("the token answer holds no access token")]
    NoToken,
}

/// Plays it.
pub(crate) async fn command(args: DemoArgs, terminal: Terminal) -> Status {
    let show = Show(terminal);
    let played = async {
        // From here on a signal ends the demo, not the process: what the stage puts on disk is cleared away.
        let stop = StopSignals::take().map_err(StageError::from)?;
        let stage = Stage::set(args.expires_in).await?;
        let ended = tokio::select! {
            biased;
            () = stop.first() => Ok(Status::Interrupted),
            ended = play(&stage, args, show) => ended,
        };
        show.waited();
        stage.clear().await;
        ended
    };
    // The whole stage is in it: on the heap it costs the caller nothing.
    match Box::pin(played).await {
        Ok(status) => {
            tell(status, show);
            status
        }
        Err(error) => {
            terminal.problem(&error.to_string());
            Status::Failed
        }
    }
}

fn tell(status: Status, show: Show) {
    match status {
        Status::Denied => show.ended("denied", "Denied. The television got nothing."),
        Status::Expired => show.ended(
            "expired",
            "Expired. Nobody answered in time, and the code is void.",
        ),
        Status::Interrupted => show.ended("interrupted", "Stopped before there was an answer."),
        Status::Done | Status::Failed | Status::WrongSettings => {}
    }
}

async fn play(stage: &Stage, args: DemoArgs, show: Show) -> Result<Status, DemoError> {
    let endpoints = device::discover(&stage.issuer).await?;
    let trust = Trust {
        issuer: stage.issuer.clone(),
        jwks_uri: endpoints.jwks_uri.clone(),
        resource: stage.resource.clone(),
    };
    let asked = device::ask(&endpoints, stage::CLIENT_ID, photos::SCOPE, &stage.resource).await?;
    show.asked(&asked, stage::USERNAME, &stage.password);
    if let Some(answer) = args.answer {
        let who = Credentials {
            username: stage::USERNAME,
            password: &stage.password,
        };
        let outcome = person::play(&asked.verification_uri_complete, &who, answer).await?;
        show.played(&outcome);
    }
    let outcome = tokio::select! {
        outcome = device::wait(&endpoints, stage::CLIENT_ID, &asked) => outcome?,
        never = tick(&asked, show) => match never {},
    };
    show.waited();
    match outcome {
        Outcome::Denied => Ok(Status::Denied),
        Outcome::Expired => Ok(Status::Expired),
        Outcome::Token(answer) => {
            use_token(&answer, &trust, stage, show).await?;
            Ok(Status::Done)
        }
    }
}

/// Writes the waiting line for ever; the server says when the time is over.
async fn tick(asked: &Asked, show: Show) -> Infallible {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut count: usize = 0;
    loop {
        ticks.tick().await;
        show.waiting(count, asked.left());
        count = count.wrapping_add(1);
    }
}

/// Decodes the token, and calls the resource without and with it.
async fn use_token(
    answer: &Value,
    trust: &Trust,
    stage: &Stage,
    show: Show,
) -> Result<(), DemoError> {
    let token = answer
        .get("access_token")
        .and_then(Value::as_str)
        .ok_or(DemoError::NoToken)?;
    let claims = trust.check(token).await?;
    let header = UnverifiedJwt::parse(token).map_err(NotBelieved::from)?;
    let alg = header
        .header()
        .algorithm()
        .map_or("", |alg| alg.name(placet_proof::Ed25519Name::EdDsa));
    let url = format!("{}/photos", stage.resource);
    let bearer = format!("Bearer {token}");
    let calls = async {
        let without = Outgoing::get(&url)?.send().await?;
        let with = Outgoing::get(&url)?
            .with("authorization", &bearer)
            .send()
            .await?;
        Ok::<_, HttpError>((without, with))
    };
    let (without, with) = tokio::select! {
        called = calls => called?,
        never = trust.serve(&stage.photos) => match never {},
    };
    let called = Called {
        url,
        without_token: without.status.as_u16(),
        with_token: with.status.as_u16(),
        body: with.json(),
    };
    show.approved(claims.members(), alg, &called);
    Ok(())
}
