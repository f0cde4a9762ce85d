//! `/admin/v1/people/{person}/grants` and `/admin/v1/grants`.

use http::Method;

use super::{
    endpoint::{Endpoint, done, told_all},
    input::name,
};
use crate::admin::operations::GrantView;

const OF_PERSON: &str = "/admin/v1/people/{person}/grants";
const ONE: &str = "/admin/v1/grants/{grant}";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, OF_PERSON),
            "listGrants",
            "Lists what a person allowed and what still stands, newest first.",
            |operator, call| async move { Ok(told_all(&operator.grants(&name(&call, 0)?).await?)) },
        )
        .lists::<GrantView>(&[]),
        Endpoint::new(
            (Method::DELETE, ONE),
            "revokeGrant",
            "Revokes a grant and every token that rests on it.",
            |operator, call| async move {
                operator.revoke_grant(&name(&call, 0)?).await?;
                Ok(done())
            },
        ),
    ]
}
