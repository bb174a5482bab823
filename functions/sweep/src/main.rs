//! On a schedule: finishes what somebody died over and takes out what nobody needs.

use std::time::Duration;

use eventrelay::{
    clock::Timestamp,
    context::{Context, Warm},
    store::counters::Counts,
    sweep::Sweeper,
    telemetry,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;

/// Of an invocation's time, what the last page may take that was begun in time.
const RESERVE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let context = Context::from_env(&[Warm::DynamoDb, Warm::S3, Warm::Sqs]).await?;
    let sweeper = &Sweeper::from_env(context)?;
    run(service_fn(async |event: LambdaEvent<IgnoredAny>| {
        let until = Timestamp(event.context.deadline) - RESERVE;
        let done: Counts = sweeper.sweep(until).await?;
        Ok::<_, Error>(done)
    }))
    .await
}
