//! `GET /v1/deployments/{deployment_id}`: a deployment as far as it is.

use eventrelay::{
    api,
    context::{Context, Warm},
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb]).await?;
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(api::respond(context, request, api::projects::get_deployment).await)
    }))
    .await
}
