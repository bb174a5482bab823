//! `GET /v1/status`: what of the services that we depend on can be called, and how much.

use eventrelay::{
    api,
    config::StatusConfig,
    context::{Context, Warm},
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb]).await?;
    let config = &StatusConfig::from_env()?;
    run(service_fn(async |request: Request| {
        let get = async |context: &Context, request: &Request| {
            api::status::get(context, request, config).await
        };
        Ok::<_, Error>(api::respond(context, request, get).await)
    }))
    .await
}
