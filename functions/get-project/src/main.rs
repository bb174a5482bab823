//! `GET /v1/projects/{project_id}`: a project as far as it is.

use eventrelay::{
    api,
    context::{Context, Warm},
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb, Warm::S3]).await?;
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(api::respond(context, request, api::projects::get).await)
    }))
    .await
}
