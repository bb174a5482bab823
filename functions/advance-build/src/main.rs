//! Runs the steps of projects and deployments, one SQS message each.

use aws_lambda_events::event::sqs::SqsEvent;
use eventrelay::{
    config::builds_dead_letters_url,
    context::{Context, Warm},
    job::batch,
    telemetry,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = Context::from_env(&[Warm::DynamoDb, Warm::S3, Warm::Sqs]).await?;
    let (worker, queue) = (&context.build_worker().await?, &context.builds_queue);
    let dead_letters = &queue.beside(builds_dead_letters_url()?);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        batch::advance(
            queue,
            dead_letters,
            event,
            async |message, receive_count, invocation| {
                worker.advance(message, receive_count, invocation).await
            },
        )
        .await
        .map_err(Error::from)
    }))
    .await
}
