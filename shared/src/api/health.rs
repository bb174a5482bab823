//! `GET /health`: shallow, open to all.

use http::StatusCode;
use lambda_http::Request;
use serde::Serialize;

use super::{Answer, json};
use eventrelay_workflow::context::Context;

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct Health<'a> {
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["ok"])))]
    status: &'a str,
    version: &'a str,
    commit: &'a str,
    stage: &'a str,
}

/// Says that the API answers, and which one it is.
///
/// # Errors
/// Never.
pub async fn get(context: &Context, _: &Request) -> Answer {
    json(
        StatusCode::OK,
        &Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            commit: &context.config.commit,
            stage: &context.config.stage,
        },
    )
}
