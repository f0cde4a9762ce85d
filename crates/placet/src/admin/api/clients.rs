//! `/admin/v1/clients`.

use http::{Method, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    endpoint::{Endpoint, PAGING, added, at_version, done, told},
    input::{Query, body, members, name, segment, version},
};
use crate::admin::operations::{ClientChange, ClientView, NewClientDocument, RegisteredClient};

const ALL: &str = "/admin/v1/clients";
const ONE: &str = "/admin/v1/clients/{client_id}";
const SECRET: &str = "/admin/v1/clients/{client_id}/secret";

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretChange {
    /// Whether the newest old secret counts beside the new one until the next change.
    #[serde(default)]
    keep_last: bool,
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = of_all();
    endpoints.extend(of_one());
    endpoints
}

fn of_all() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ALL),
            "listClients",
            "Lists clients, oldest first.",
            |operator, call| async move {
                let wish = Query::of(&call, &["limit", "after"])?.wish()?;
                Ok(told(&operator.clients(&wish).await?))
            },
        )
        .lists::<ClientView>(&PAGING),
        Endpoint::new(
            (Method::POST, ALL),
            "addClient",
            "Adds a client and tells its secret once.",
            |operator, call| async move {
                let new = NewClientDocument::parse(members(&call)?)?;
                let client = operator.add_client(new).await?;
                let path = format!("{ALL}/{}", segment(&client.client.client_id));
                Ok(added(
                    at_version(told(&client), client.client.version),
                    &path,
                ))
            },
        )
        .takes::<NewClientDocument>()
        .answers::<RegisteredClient>(StatusCode::CREATED),
    ]
}

fn of_one() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ONE),
            "showClient",
            "Shows a client.",
            |operator, call| async move {
                let client = operator.client(&name(&call, 0)?).await?;
                Ok(at_version(told(&client), client.version))
            },
        )
        .answers::<ClientView>(StatusCode::OK),
        Endpoint::new(
            (Method::PUT, ONE),
            "changeClient",
            "Replaces what a client is registered with.",
            |operator, call| async move {
                let change = ClientChange::parse(members(&call)?)?;
                let client = operator
                    .change_client(&name(&call, 0)?, version(&call)?, change)
                    .await?;
                Ok(at_version(told(&client), client.version))
            },
        )
        .takes::<ClientChange>()
        .versioned()
        .answers::<ClientView>(StatusCode::OK),
        Endpoint::new(
            (Method::DELETE, ONE),
            "removeClient",
            "Removes a client; its tokens are not active from then on.",
            |operator, call| async move {
                operator.remove_client(&name(&call, 0)?).await?;
                Ok(done())
            },
        ),
        Endpoint::new(
            (Method::POST, SECRET),
            "replaceClientSecret",
            "Gives a client a new secret and tells it once.",
            |operator, call| async move {
                let change: SecretChange = body(&call)?;
                let client = operator
                    .new_client_secret(&name(&call, 0)?, change.keep_last)
                    .await?;
                Ok(at_version(told(&client), client.client.version))
            },
        )
        .takes::<SecretChange>()
        .answers::<RegisteredClient>(StatusCode::OK),
    ]
}
