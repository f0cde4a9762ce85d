//! `/admin/v1/people/{person}/sessions`.

use http::Method;

use super::{
    endpoint::{Endpoint, done, told_all},
    input::name,
};
use crate::admin::operations::SessionView;

const ALL: &str = "/admin/v1/people/{person}/sessions";
const ONE: &str = "/admin/v1/people/{person}/sessions/{sid}";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new((Method::GET, ALL), "listSessions", "Lists where a person is signed in.", |operator, call| async move {
            Ok(told_all(&operator.sessions(&name(&call, 0)?).await?))
        })
        .lists::<SessionView>(&[]),
        Endpoint::new((Method::DELETE, ALL), "endSessions", "Ends every sign-in of a person.", |operator, call| async move {
            operator.end_sessions(&name(&call, 0)?).await?;
            Ok(done())
        }),
        Endpoint::new((Method::DELETE, ONE), "endSession", "Ends one sign-in of a person.", |operator, call| async move {
            operator.end_session(&name(&call, 0)?, &name(&call, 1)?).await?;
            Ok(done())
        }),
    ]
}
