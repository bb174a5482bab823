//! Keeps messages that were given up, and ends the jobs that they were about.

use aws_lambda_events::event::sqs::SqsEvent;
use eventrelay::{
    config::DeadLettersConfig,
    context::{Context, Warm},
    dead_letters,
    job::batch,
    telemetry,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = &Context::from_env(&[Warm::DynamoDb, Warm::Sqs]).await?;
    let config = &DeadLettersConfig::from_env()?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        batch::each(None, event, async |record, _| {
            dead_letters::bury(context, config, record).await
        })
        .await
        .map_err(Error::from)
    }))
    .await
}
