//! `POST /v1/projects/{project_id}/deployments`: brings a project to a target.

use eventrelay::{
    api,
    context::{Context, Warm},
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb, Warm::S3, Warm::Sqs]).await?;
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(api::respond(context, request, api::projects::create_deployment).await)
    }))
    .await
}
