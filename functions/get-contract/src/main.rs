//! `GET /openapi.json` and `GET /docs`: the contract of the API, and its page.

use eventrelay::{
    api::{self, contract::Contract},
    context::Context,
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

const DOCUMENT: &str = include_str!("../../../shared/openapi.json");
const PAGE: &str = include_str!("../../../shared/docs.html");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[]).await?;
    let contract = &Contract::new(DOCUMENT, PAGE);
    run(service_fn(async |request: Request| {
        let handler = async |context: &Context, request: &Request| {
            api::contract::get(context, request, contract).await
        };
        Ok::<_, Error>(api::respond(context, request, handler).await)
    }))
    .await
}
