//! `GET /v1/videos/{video_id}/projects`: what was made of a video.

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
        Ok::<_, Error>(api::respond(context, request, api::projects::list).await)
    }))
    .await
}
