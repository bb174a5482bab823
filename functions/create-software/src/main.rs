//! `POST /v1/video-to-software`: an analysis, a project and a deployment as one job.

use eventrelay::{
    api,
    context::{Context, Warm},
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb, Warm::Sqs]).await?;
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(api::respond(context, request, api::projects::create_software).await)
    }))
    .await
}
