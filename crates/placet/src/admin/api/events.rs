//! `/admin/v1/events`.

use http::Method;
use placet_core::event::EventKind;

use super::{
    endpoint::{Endpoint, PAGING, Parameter, told},
    input::Query,
    problem::Problem,
};
use crate::admin::operations::{EventFilter, EventView, Moment, event_kind};

const ALL: &str = "/admin/v1/events";

const FILTERS: [Parameter; 6] = [
    Parameter {
        name: "kind",
        about: "Only events of these kinds, separated by commas.",
        number: false,
    },
    Parameter {
        name: "client",
        about: "Only events about the client of this id (`cl_…`).",
        number: false,
    },
    Parameter {
        name: "person",
        about: "Only events about the person of this id (`p_…`).",
        number: false,
    },
    Parameter {
        name: "request",
        about: "Only events about this request (`req_…`).",
        number: false,
    },
    Parameter {
        name: "since",
        about: "Only events from this time on, as in RFC 3339.",
        number: false,
    },
    Parameter {
        name: "tenant",
        about: "The events among this tenant's records, by UUID. Absent: those of the server itself.",
        number: false,
    },
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut query = PAGING.to_vec();
    query.extend(FILTERS);
    vec![
        Endpoint::new(
            (Method::GET, ALL),
            "listEvents",
            "Lists what happened, oldest first.",
            |operator, call| async move {
                let known = [
                    "limit", "after", "kind", "client", "person", "request", "since", "tenant",
                ];
                let query = Query::of(&call, &known)?;
                let filter = filter(&query)?;
                let operator = match query.get("tenant") {
                    Some(tenant) => operator.among(tenant).await?,
                    None => operator,
                };
                Ok(told(&operator.events(&filter, &query.wish()?).await?))
            },
        )
        .lists::<EventView>(&query),
    ]
}

fn filter(query: &Query) -> Result<EventFilter, Problem> {
    let words = query
        .get("kind")
        .into_iter()
        .flat_map(|text| text.split(','));
    let kinds: Vec<EventKind> = words
        .map(|word| event_kind(word).map_err(Problem::from))
        .collect::<Result<_, _>>()?;
    Ok(EventFilter {
        kinds,
        client: query.parsed("client")?,
        person: query.parsed("person")?,
        request: query.parsed("request")?,
        since: query.parsed::<Moment>("since")?.map(|moment| moment.0),
    })
}
