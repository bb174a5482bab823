//! Does the pages of tasks on many videos, one SQS message each.

use aws_lambda_events::event::sqs::SqsEvent;
use eventrelay::{
    config::tasks_dead_letters_url,
    context::{Context, Warm},
    job::batch,
    telemetry,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = Context::from_env(&[Warm::DynamoDb, Warm::S3, Warm::Sqs]).await?;
    let (queue, worker) = (&context.tasks_queue, &context.task_worker().await?);
    let dead_letters = &queue.beside(tasks_dead_letters_url()?);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        batch::advance(
            queue,
            dead_letters,
            event,
            async |message, receive_count, _| worker.advance(message, receive_count).await,
        )
        .await
        .map_err(Error::from)
    }))
    .await
}
