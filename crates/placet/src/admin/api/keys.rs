//! `/admin/v1/keys`.

use http::{Method, StatusCode};

use super::{
    endpoint::{Endpoint, told_all},
    input::name,
};
use crate::admin::operations::KeyView;

const ALL: &str = "/admin/v1/keys";
const ROTATE: &str = "/admin/v1/keys/{alg}/rotate";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ALL),
            "listKeys",
            "Lists the signing keys by algorithm, newest first.",
            |operator, _| async move { Ok(told_all(&operator.keys().await?)) },
        )
        .lists::<KeyView>(&[]),
        Endpoint::new(
            (Method::POST, ROTATE),
            "rotateKey",
            "Makes a successor of the signing key of one algorithm; lists its keys.",
            |operator, call| async move {
                let mut reply = told_all(&operator.rotate_key(&name(&call, 0)?).await?);
                reply.status = StatusCode::OK;
                Ok(reply)
            },
        )
        .lists::<KeyView>(&[]),
    ]
}
