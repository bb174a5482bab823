//! `GET /openapi.json` and `GET /docs`: the contract of the API, and its page.

use eventrelay::{api, context::Context, telemetry};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[]).await?;
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(api::respond(context, request, api::contract::get).await)
    }))
    .await
}
