//! Entry points of the functions: the `main` of each is one call of this module.
//!
//! None of them is generic, so everything below `main` is compiled once, in this crate
//! ([`crate::api::endpoints`] says why that matters).

use eventrelay_project::Checker;
use std::{future::Future, time::Duration};

use aws_lambda_events::event::sqs::SqsEvent;
use futures_util::future::BoxFuture;
use lambda_http::Request;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::IgnoredAny;

use crate::api::{
    self, Answer,
    authorizer::{self, Question, Tokens},
    contract::Contract,
    endpoints::Handler,
};
use eventrelay_core::{
    clock::Timestamp,
    config::{self, DeadLettersConfig, StatusConfig, YouTubeConfig},
    telemetry,
};
use eventrelay_store::counters::Counts;
use eventrelay_store::queue::Queue;
use eventrelay_workflow::{
    batch, build,
    context::{Context, Warm},
    dead_letters as letters,
    engine::{Worker, Workflow},
    job,
    sweep::Sweeper,
    task,
};

pub use lambda_runtime::Error;

/// Part of the sweeper's time that the last page may take which was begun in time.
const SWEEP_RESERVE: Duration = Duration::from_secs(30);

/// Runs a function that answers requests of the API. Connections to the services in `warm` are
/// opened in Init.
///
/// # Errors
/// When the environment is incomplete, or the Runtime API cannot be reached.
pub fn endpoint(warm: &[Warm], handler: Handler) -> Result<(), Error> {
    start(async {
        let context = Context::from_env(warm).await?;
        serve(&context, &handler).await
    })
}

/// Runs the endpoint that reports on upstreams, breakers and budgets.
///
/// # Errors
/// As [`endpoint`].
pub fn status() -> Result<(), Error> {
    start(async {
        let context = Context::from_env(&[Warm::DynamoDb]).await?;
        let config = leak(StatusConfig::from_env()?);
        serve(&context, &|context, request| {
            Box::pin(api::status::get(context, request, config))
        })
        .await
    })
}

/// Runs the endpoint that submits playlists.
///
/// # Errors
/// As [`endpoint`].
pub fn playlists() -> Result<(), Error> {
    start(async {
        let context = Context::from_env(&[Warm::DynamoDb, Warm::Sqs]).await?;
        let youtube = leak(YouTubeConfig::from_env()?);
        serve(&context, &|context, request| {
            Box::pin(api::playlists::submit(context, request, youtube))
        })
        .await
    })
}

/// Runs the endpoint that returns the contract and its page.
///
/// # Errors
/// As [`endpoint`].
pub fn contract(document: &'static str, page: &'static str) -> Result<(), Error> {
    start(async {
        let context = Context::from_env(&[]).await?;
        let contract = leak(Contract::new(document, page));
        serve(&context, &|context, request| {
            Box::pin(api::contract::get(context, request, contract))
        })
        .await
    })
}

/// Runs the authorizer of the API.
///
/// # Errors
/// As [`endpoint`].
pub fn authorizer() -> Result<(), Error> {
    start(async {
        let context = &Context::from_env(&[Warm::DynamoDb]).await?;
        let tokens = &Tokens::from_env()?;
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Question>| {
            authorizer::judge(context, tokens.as_ref(), event.payload)
                .await
                .map_err(Error::from)
        }))
        .await
    })
}

/// Runs the worker of analyses.
///
/// # Errors
/// As [`endpoint`].
pub fn analyses() -> Result<(), Error> {
    start(async {
        let context = &worker_context().await?;
        let worker = job::worker::worker(context).await?;
        let dead_letters = config::analysis_dead_letters_url()?;
        advance(worker, &context.queue, dead_letters).await
    })
}

/// Runs the worker of projects and deployments, which check generated files with `checker`.
///
/// # Errors
/// As [`endpoint`].
pub fn builds(checker: Checker) -> Result<(), Error> {
    start(async {
        let context = &worker_context().await?;
        let worker = build::worker::worker(context, checker).await?;
        let dead_letters = config::builds_dead_letters_url()?;
        advance(worker, &context.builds_queue, dead_letters).await
    })
}

/// Runs the worker of tasks on many videos.
///
/// # Errors
/// As [`endpoint`].
pub fn tasks() -> Result<(), Error> {
    start(async {
        let context = &worker_context().await?;
        let worker = task::worker(context).await?;
        let dead_letters = config::tasks_dead_letters_url()?;
        advance(worker, &context.tasks_queue, dead_letters).await
    })
}

async fn worker_context() -> Result<Context, Error> {
    Ok(Context::from_env(&[Warm::DynamoDb, Warm::S3, Warm::Sqs]).await?)
}

/// Runs the steps that the messages of a queue name. Unreadable messages become dead letters.
async fn advance<F: Workflow>(
    worker: Worker<F>,
    queue: &Queue,
    dead_letters: String,
) -> Result<(), Error> {
    let dead_letters = &queue.beside(dead_letters);
    let worker = &worker;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        batch::advance(
            queue,
            dead_letters,
            event,
            async |message, count, invocation| worker.advance(message, count, invocation).await,
        )
        .await
        .map_err(Error::from)
    }))
    .await
}

/// Runs the worker of dead letters.
///
/// # Errors
/// As [`endpoint`].
pub fn dead_letters() -> Result<(), Error> {
    start(async {
        let context = &Context::from_env(&[Warm::DynamoDb, Warm::Sqs]).await?;
        let config = &DeadLettersConfig::from_env()?;
        lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
            batch::each(None, event, async |record, _| {
                letters::bury(context, config, record).await
            })
            .await
            .map_err(Error::from)
        }))
        .await
    })
}

/// Runs the sweeper.
///
/// # Errors
/// As [`endpoint`].
pub fn sweeper() -> Result<(), Error> {
    start(async {
        let context = Context::from_env(&[Warm::DynamoDb, Warm::S3, Warm::Sqs]).await?;
        let sweeper = &Sweeper::from_env(context)?;
        lambda_runtime::run(service_fn(async |event: LambdaEvent<IgnoredAny>| {
            let until = Timestamp(event.context.deadline) - SWEEP_RESERVE;
            let counts: Counts = sweeper.sweep(until).await?;
            Ok::<_, Error>(counts)
        }))
        .await
    })
}

/// Runs a function on one thread: Lambda gives an instance one invocation at a time.
fn start(function: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        telemetry::init();
        function.await
    })
}

/// Keeps what a handler borrows for as long as the process runs.
fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

async fn serve(
    context: &Context,
    handler: &(dyn for<'a> Fn(&'a Context, &'a Request) -> BoxFuture<'a, Answer> + Sync),
) -> Result<(), Error> {
    lambda_http::run(service_fn(async |request: Request| {
        let handler = async |context: &Context, request: &Request| handler(context, request).await;
        Ok::<_, Error>(api::respond(context, request, handler).await)
    }))
    .await
}
