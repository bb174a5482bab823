//! `POST /v1/playlists`: has every video of a playlist submitted.

use eventrelay::{
    api,
    config::YouTubeConfig,
    context::{Context, Warm},
    telemetry,
};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb, Warm::Sqs]).await?;
    let youtube = &YouTubeConfig::from_env()?;
    run(service_fn(async |request: Request| {
        let submit = async |context: &Context, request: &Request| {
            api::playlists::submit(context, request, youtube).await
        };
        Ok::<_, Error>(api::respond(context, request, submit).await)
    }))
    .await
}
