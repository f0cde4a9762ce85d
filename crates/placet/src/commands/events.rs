//! `placet events`.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use clap::Args;
use placet_core::{
    Id,
    event::{Actor, Event, EventKind},
    pending::PendingRequest,
    time::{Clock as _, Lifetime, SystemClock, Timestamp},
};

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    print::{Sheet, second},
};
use crate::{
    admin::operations::{EventFilter, EventView, FOLLOW_LAG, Moment, OperationError, event_kind},
    cli::Status,
    terminal::Terminal,
};

/// How many events people are shown when they do not say.
const SHOWN: usize = 50;
/// How often somebody who follows looks again.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Which events to tell.
#[derive(Debug, Args)]
pub(crate) struct Events {
    #[command(flatten)]
    store: StoreArgs,
    /// Goes on telling, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Only from this time on: a date, a time, or how long ago, as in `90m`, `12h`, `7d`.
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Timestamp>,
    /// Only these kinds, as in `signed_in,signed_out`.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    kind: Vec<EventKind>,
    /// Only about this client, by `client_id`.
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// Only about this person, by user name or id.
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Only about this request.
    #[arg(long, value_name = "REQUEST")]
    request: Option<Id<PendingRequest>>,
    /// Those among this tenant's records, a UUID. Absent: those of the server itself.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// The last so many. Absent: 50 for people, all for scripts and with --since.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

fn kind(word: &str) -> Result<EventKind, OperationError> {
    event_kind(word)
}

fn since(text: &str) -> Result<Timestamp, String> {
    let (digits, unit_s) = match text.chars().last() {
        Some('s') => (text.trim_end_matches('s'), 1),
        Some('m') => (text.trim_end_matches('m'), 60),
        Some('h') => (text.trim_end_matches('h'), 3_600),
        Some('d') => (text.trim_end_matches('d'), 86_400),
        _ => ("", 0),
    };
    if let Ok(count) = digits.parse::<u64>() {
        let ago = Lifetime::from_secs(count.saturating_mul(unit_s));
        return Ok(SystemClock.now().minus(ago));
    }
    text.parse::<Moment>()
        .map(|moment| moment.0)
        .map_err(|error| format!("{error}, or how long ago, such as 12h"))
}

pub(super) async fn run(events: Events, terminal: Terminal) -> Status {
    desk::work(events.store.clone(), terminal, |desk| async move {
        let desk = match &events.tenant {
            Some(tenant) => desk.among(tenant).await?,
            None => desk,
        };
        let filter = filter(&desk, &events).await?;
        let operator = &desk.operator;
        let limit = events.limit.and_then(|limit| usize::try_from(limit).ok());
        let begun = SystemClock.now();
        let mut teller = Teller::default();
        let last = match limit {
            None if desk.terminal.is_json() => teller.tell_all(&desk, &filter).await?,
            limit => {
                let found = match limit {
                    None if events.since.is_some() => {
                        operator.events_after(&filter, None, usize::MAX).await?
                    }
                    limit => {
                        let limit = limit.unwrap_or(SHOWN);
                        operator.last_events(&filter, limit).await?
                    }
                };
                teller.tell(&desk, &found, !events.follow).await?;
                found
            }
        };
        if events.follow {
            follow(&desk, &filter, (begun, &last), teller).await?;
        }
        Ok(Status::Done)
    })
    .await
}

async fn filter(desk: &Desk, events: &Events) -> Result<EventFilter, CommandError> {
    let parse = |text: String| CommandError::Other(format!("{text} is no id"));
    let client = match &events.client {
        Some(client_id) => {
            let id = desk.operator.client(client_id).await?.id;
            Some(id.parse().map_err(|_| parse(id))?)
        }
        None => None,
    };
    let person = match &events.person {
        Some(name) => {
            let id = desk.operator.person(name).await?.id;
            Some(id.parse().map_err(|_| parse(id))?)
        }
        None => None,
    };
    Ok(EventFilter {
        kinds: events.kind.clone(),
        client,
        person,
        request: events.request,
        since: events.since,
    })
}

/// Looks again and again. An event may be committed a moment after others with a later id, so each look goes back a
/// little and leaves out what was told.
async fn follow(
    desk: &Desk,
    filter: &EventFilter,
    (begun, last): (Timestamp, &[Event]),
    mut teller: Teller,
) -> Result<(), CommandError> {
    let mut told: HashSet<Id<Event>> = last.iter().map(|event| event.id).collect();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let from = SystemClock
            .now()
            .minus(FOLLOW_LAG)
            .max(begun.minus(FOLLOW_LAG));
        let recent = EventFilter {
            since: Some(filter.since.map_or(from, |since| since.max(from))),
            ..filter.clone()
        };
        let events = desk
            .operator
            .events_after(&recent, None, usize::MAX)
            .await?;
        let ids: HashSet<Id<Event>> = events.iter().map(|event| event.id).collect();
        let new: Vec<Event> = events
            .into_iter()
            .filter(|event| !told.contains(&event.id) && event.at >= begun)
            .collect();
        teller.tell(desk, &new, false).await?;
        // What is older than a look goes back is never met again.
        told = ids;
    }
}

/// Prints events, and remembers the names behind ids.
#[derive(Default)]
struct Teller {
    clients: HashMap<String, String>,
    people: HashMap<String, String>,
}

impl Teller {
    /// Tells everything step by step, so that an audit of any length needs the room of one step. Returns what was told
    /// last.
    async fn tell_all(
        &mut self,
        desk: &Desk,
        filter: &EventFilter,
    ) -> Result<Vec<Event>, CommandError> {
        let mut after = None;
        loop {
            let (found, next) = desk.operator.events_step(filter, after).await?;
            self.tell(desk, &found, false).await?;
            if next.is_none() {
                return Ok(found);
            }
            after = next;
        }
    }

    async fn tell(
        &mut self,
        desk: &Desk,
        events: &[Event],
        alone: bool,
    ) -> Result<(), CommandError> {
        if desk.terminal.is_json() {
            for event in events {
                desk.terminal.value(&EventView::from(event.clone()));
            }
            return Ok(());
        }
        if events.is_empty() && !alone {
            return Ok(());
        }
        let mut sheet = Sheet::new(&["WHEN", "WHAT", "BY", "CLIENT", "PERSON", "NOTE"]);
        for event in events {
            sheet.row([
                second(event.at.into()),
                name(event.kind),
                by(&event.actor).to_owned(),
                self.client(desk, event).await?,
                self.person(desk, event).await?,
                event.note.clone().unwrap_or_default().into_owned(),
            ]);
        }
        sheet.print(desk.terminal, "Nothing of this kind happened.");
        Ok(())
    }

    async fn client(&mut self, desk: &Desk, event: &Event) -> Result<String, CommandError> {
        let Some(id) = event.client else {
            return Ok(String::new());
        };
        let key = id.to_string();
        if let Some(known) = self.clients.get(&key) {
            return Ok(known.clone());
        }
        let client = desk.operator.engine().client(id).await;
        let client = client.map_err(OperationError::from)?;
        let name = client.map_or_else(|| key.clone(), |client| client.client_id.clone());
        self.clients.insert(key, name.clone());
        Ok(name)
    }

    async fn person(&mut self, desk: &Desk, event: &Event) -> Result<String, CommandError> {
        let Some(id) = event.person else {
            return Ok(String::new());
        };
        let key = id.to_string();
        if let Some(known) = self.people.get(&key) {
            return Ok(known.clone());
        }
        let name = match desk.operator.person(&key).await {
            Ok(person) if person.username.is_empty() => key.clone(),
            Ok(person) => person.username,
            Err(OperationError::NotFound { .. }) => key.clone(),
            Err(error) => return Err(error.into()),
        };
        self.people.insert(key, name.clone());
        Ok(name)
    }
}

fn name(kind: EventKind) -> String {
    let name = serde_json::to_value(kind).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}

const fn by(actor: &Actor) -> &'static str {
    match actor {
        Actor::Server => "server",
        Actor::Client => "client",
        Actor::Person => "person",
        Actor::Operator => "operator",
        Actor::Tenant => "tenant",
    }
}
