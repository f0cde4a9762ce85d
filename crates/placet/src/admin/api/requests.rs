//! `/admin/v1/requests`.

use http::{Method, StatusCode};

use super::{
    endpoint::{Endpoint, PAGING, told},
    input::{Query, name},
};
use crate::admin::operations::RequestView;

const ALL: &str = "/admin/v1/requests";
const ONE: &str = "/admin/v1/requests/{request}";
const CANCEL: &str = "/admin/v1/requests/{request}/cancel";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new((Method::GET, ALL), "listRequests", "Lists the requests that wait.", |operator, call| async move {
            let wish = Query::of(&call, &["limit", "after"])?.wish()?;
            Ok(told(&operator.requests(&wish).await?))
        })
        .lists::<RequestView>(&PAGING),
        Endpoint::new((Method::GET, ONE), "showRequest", "Shows a request, open or not.", |operator, call| async move {
            Ok(told(&operator.request(&name(&call, 0)?).await?))
        })
        .answers::<RequestView>(StatusCode::OK),
        Endpoint::new((Method::POST, CANCEL), "cancelRequest", "Ends a request without tokens.", |operator, call| async move {
            Ok(told(&operator.cancel_request(&name(&call, 0)?).await?))
        })
        .answers::<RequestView>(StatusCode::OK),
    ]
}
