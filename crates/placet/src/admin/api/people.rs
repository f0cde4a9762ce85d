//! `/admin/v1/people`. A person is named by id or by user name.

use http::{Method, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    endpoint::{Endpoint, PAGING, added, at_version, told},
    input::{Query, body, name, version},
};
use crate::admin::operations::{NewPassword, NewPersonDocument, PersonChange, PersonView};

const ALL: &str = "/admin/v1/people";
const ONE: &str = "/admin/v1/people/{person}";
const PASSWORD: &str = "/admin/v1/people/{person}/password";
const DISABLE: &str = "/admin/v1/people/{person}/disable";
const ENABLE: &str = "/admin/v1/people/{person}/enable";

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The password.
    #[schema(write_only)]
    password: NewPassword,
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = of_all();
    endpoints.extend(of_one());
    endpoints.extend(access());
    endpoints
}

fn of_all() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ALL),
            "listPeople",
            "Lists people, oldest first.",
            |operator, call| async move {
                let wish = Query::of(&call, &["limit", "after"])?.wish()?;
                Ok(told(&operator.people(&wish).await?))
            },
        )
        .lists::<PersonView>(&PAGING),
        Endpoint::new(
            (Method::POST, ALL),
            "addPerson",
            "Adds a person.",
            |operator, call| async move {
                let new: NewPersonDocument = body(&call)?;
                let person = operator.add_person(new).await?;
                let path = format!("{ALL}/{}", person.id);
                Ok(added(at_version(told(&person), person.version), &path))
            },
        )
        .takes::<NewPersonDocument>()
        .answers::<PersonView>(StatusCode::CREATED),
    ]
}

fn of_one() -> Vec<Endpoint> {
    vec![
        Endpoint::new((Method::GET, ONE), "showPerson", "Shows a person.", |operator, call| async move {
            let person = operator.person(&name(&call, 0)?).await?;
            Ok(at_version(told(&person), person.version))
        })
        .answers::<PersonView>(StatusCode::OK),
        Endpoint::new((Method::PUT, ONE), "changePerson", "Replaces what is known about a person.", |operator, call| async move {
            let change: PersonChange = body(&call)?;
            let person = operator.change_person(&name(&call, 0)?, version(&call)?, change).await?;
            Ok(at_version(told(&person), person.version))
        })
        .takes::<PersonChange>()
        .versioned()
        .answers::<PersonView>(StatusCode::OK),
        Endpoint::new((Method::DELETE, ONE), "erasePerson", "Erases a person. Id and subject stay.", |operator, call| async move {
            Ok(told(&operator.erase_person(&name(&call, 0)?).await?))
        })
        .answers::<PersonView>(StatusCode::OK),
    ]
}

/// Whether and how a person gets in.
fn access() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::PUT, PASSWORD),
            "setPassword",
            "Sets a password and ends every sign-in.",
            |operator, call| async move {
                let change: PasswordChange = body(&call)?;
                let person = operator
                    .set_password(&name(&call, 0)?, &change.password)
                    .await?;
                Ok(at_version(told(&person), person.version))
            },
        )
        .takes::<PasswordChange>()
        .answers::<PersonView>(StatusCode::OK),
        Endpoint::new(
            (Method::POST, DISABLE),
            "disablePerson",
            "Shuts a person out everywhere.",
            |operator, call| async move {
                let person = operator.set_disabled(&name(&call, 0)?, true).await?;
                Ok(at_version(told(&person), person.version))
            },
        )
        .answers::<PersonView>(StatusCode::OK),
        Endpoint::new(
            (Method::POST, ENABLE),
            "enablePerson",
            "Lets a person in again.",
            |operator, call| async move {
                let person = operator.set_disabled(&name(&call, 0)?, false).await?;
                Ok(at_version(told(&person), person.version))
            },
        )
        .answers::<PersonView>(StatusCode::OK),
    ]
}
