//! `/admin/v1/gnap-grants`. A grant is named by the id of its request, or by the UUID that Open Payments writes.

use http::{Method, StatusCode};
use placet_gnap::Profile;
use serde::de::{DeserializeOwned, value::StrDeserializer};

use super::{
    endpoint::{Endpoint, Parameter, told},
    input::{Query, name},
    problem::Problem,
};
use crate::admin::operations::{GnapGrantFilter, GnapGrantView, GnapGrants, GrantPaging};

const ALL: &str = "/admin/v1/gnap-grants";
const ONE: &str = "/admin/v1/gnap-grants/{grant}";
const REVOKE: &str = "/admin/v1/gnap-grants/{grant}/revoke";

const fn parameter(name: &'static str, about: &'static str, number: bool) -> Parameter {
    Parameter {
        name,
        about,
        number,
    }
}

const TENANT: Parameter = parameter(
    "tenant",
    "Only grants of this tenant, a UUID. Absent: of all, and those of GNAP itself.",
    false,
);

const WISHES: [Parameter; 12] = [
    parameter("after", "The grant before the first of the page.", false),
    parameter("before", "The grant behind the last of the page.", false),
    parameter(
        "first",
        "How many after `after`, 1 to 100. Absent: 20.",
        true,
    ),
    parameter(
        "last",
        "How many before `before`, 1 to 100. Absent: 20.",
        true,
    ),
    parameter(
        "order",
        "`asc` or `desc`, by the time of making, or `none`: as they are stored, so that a page costs what it holds. Absent: `desc`.",
        false,
    ),
    TENANT,
    parameter(
        "profile",
        "Only grants of this dialect: `rfc9635` or `open-payments`.",
        false,
    ),
    parameter(
        "identifier",
        "Only grants with a right to one of these resources, separated by commas.",
        false,
    ),
    parameter(
        "state",
        "Only grants in one of these states, separated by commas.",
        false,
    ),
    parameter("state_not", "No grants in these states.", false),
    parameter(
        "finalization",
        "Only grants finalized in one of these ways, separated by commas.",
        false,
    ),
    parameter(
        "finalization_not",
        "No grants finalized in these ways.",
        false,
    ),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ALL),
            "listGnapGrants",
            "Lists grants of GNAP and Open Payments, newest first.",
            |operator, call| async move {
                let known: Vec<&str> = WISHES.iter().map(|wish| wish.name).collect();
                let query = Query::of(&call, &known)?;
                let holders = operator.holders(query.get(TENANT.name)).await?;
                let (filter, paging) = (filter(&query)?, paging(&query)?);
                let page = if query.get("order") == Some(UNORDERED) {
                    let page = operator.gnap_grants_as_stored(&holders, &filter, &paging);
                    page.await?
                } else {
                    operator.gnap_grants(&holders, &filter, &paging).await?
                };
                Ok(told(&page))
            },
        )
        .asks(&WISHES)
        .answers::<GnapGrants>(StatusCode::OK),
        Endpoint::new(
            (Method::GET, ONE),
            "showGnapGrant",
            "Shows a grant, as long as its request is kept.",
            |operator, call| async move {
                let query = Query::of(&call, &[TENANT.name])?;
                let holders = operator.holders(query.get(TENANT.name)).await?;
                let grant = operator.gnap_grant(&holders, &name(&call, 0)?).await?;
                Ok(told(&grant))
            },
        )
        .asks(&[TENANT])
        .answers::<GnapGrantView>(StatusCode::OK),
        Endpoint::new(
            (Method::POST, REVOKE),
            "revokeGnapGrant",
            "Ends a grant, and every token that was given under it.",
            |operator, call| async move {
                let query = Query::of(&call, &[TENANT.name])?;
                let holders = operator.holders(query.get(TENANT.name)).await?;
                let grant = operator
                    .revoke_gnap_grant(&holders, &name(&call, 0)?)
                    .await?;
                Ok(told(&grant))
            },
        )
        .asks(&[TENANT])
        .answers::<GnapGrantView>(StatusCode::OK),
    ]
}

/// The order that is none.
const UNORDERED: &str = "none";

fn paging(query: &Query) -> Result<GrantPaging, Problem> {
    let ascending = match query.get("order") {
        None | Some("desc" | UNORDERED) => false,
        Some("asc") => true,
        Some(_) => {
            return Err(Problem::new(
                "malformed",
                "order: must be asc, desc or none",
            ));
        }
    };
    Ok(GrantPaging {
        after: query.get("after").map(str::to_owned),
        before: query.get("before").map(str::to_owned),
        first: query.parsed("first")?,
        last: query.parsed("last")?,
        ascending,
    })
}

fn filter(query: &Query) -> Result<GnapGrantFilter, Problem> {
    let profile = query.get("profile").map(|name| {
        Profile::from_name(name)
            .ok_or_else(|| Problem::new("malformed", "profile: must be rfc9635 or open-payments"))
    });
    Ok(GnapGrantFilter {
        identifiers: texts(query, "identifier").map(str::to_owned).collect(),
        states: words(query, "state")?,
        other_states: words(query, "state_not")?,
        finalizations: words(query, "finalization")?,
        other_finalizations: words(query, "finalization_not")?,
        profile: profile.transpose()?,
    })
}

fn texts<'a>(query: &'a Query, name: &str) -> impl Iterator<Item = &'a str> {
    query.get(name).into_iter().flat_map(|text| text.split(','))
}

/// The words of a list, as answers write them.
fn words<T: DeserializeOwned>(query: &Query, name: &str) -> Result<Vec<T>, Problem> {
    let word = |text| {
        T::deserialize(StrDeserializer::<serde::de::value::Error>::new(text))
            .map_err(|error| Problem::new("malformed", format!("{name}: {error}")))
    };
    texts(query, name).map(word).collect()
}
