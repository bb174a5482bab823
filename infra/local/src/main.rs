//! `cargo local`: runs `template.yaml` on this machine with the real function binaries, embedded AWS
//! services, and stand-ins of what costs money.

mod admin;
mod aws;
mod cli;
mod clients;
mod command;
mod data;
mod faults;
mod gateway;
mod keys;
mod lambda;
mod metrics;
mod private;
mod queue_poller;
mod queues;
mod resources;
mod schedule;
mod system;
mod upstreams;
mod watch;
mod wiring;
mod workspace;

use std::{
    future::Future,
    io::Write as _,
    process::ExitCode,
};

use anyhow::{anyhow, bail};
use clap::Parser as _;
use eventrelay_template as template;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    cli::{Cli, Command, Options},
    data::{Data, Opened, Ready},
    system::System,
    watch::Changes,
    workspace::Workspace,
};

/// Port of the API unless told otherwise.
const DEFAULT_PORT: u16 = 8787;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // DynamoDB warns of every refused condition, which is how claims are lost every day.
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colour needs a feature of the crate that the functions would be built with as well.
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let ended = match &cli.command {
        Some(_) if cli.options.watch => Err(anyhow!("--watch goes with no command")),
        None => serve(&cli.options).await,
        Some(Command::Analyze(request)) => command::analyze::run(&cli.options, request).await,
        Some(Command::Build(request)) => command::build::run(&cli.options, request).await,
        Some(Command::Sam(request)) => command::sam::run(&cli.options, request).await,
        Some(Command::Key(request)) => keys::run(&cli.options, &request.action).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until Ctrl-C or SIGTERM.
async fn serve(options: &Options) -> anyhow::Result<()> {
    let data = if options.ephemeral {
        Data::temporary()?
    } else {
        match Data::open(&options.data)? {
            Opened::Free(data) => data,
            Opened::InUse(ready) => {
                let place = ready
                    .map(|ready| format!(" at {}", ready.api))
                    .unwrap_or_default();
                bail!(
                    "another `cargo local` uses the folder {}{place}: stop it, or choose another folder with --data",
                    options.data.display()
                );
            }
        }
    };
    let port = options.port.unwrap_or(DEFAULT_PORT);
    // From before the first build on, so that no change is missed.
    let changes = match options.watch {
        true => Some(Changes::of(
            &Workspace::of(options.workspace.as_deref())?.root,
        )),
        false => None,
    };
    let Some(system) = until_stopped(Box::pin(System::start(options, port, data))).await? else {
        return Ok(());
    };
    let mut system = system?;
    let text = match options.json {
        true => serde_json::to_string(&system.ready)?,
        false => welcome(&system.ready),
    };
    writeln!(std::io::stdout(), "{text}")?;
    until_stopped(async {
        match changes {
            Some(changes) => Box::pin(watch::run(&mut system, changes)).await,
            None => std::future::pending().await,
        }
    })
    .await?;
    system.stop().await;
    Ok(())
}

/// The output of `task`; none where Ctrl-C or SIGTERM came first.
async fn until_stopped<T>(task: impl Future<Output = T>) -> anyhow::Result<Option<T>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        output = task => Some(output),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    })
}

fn welcome(ready: &Ready) -> String {
    let Ready {
        api,
        api_key,
        admin,
        ..
    } = ready;
    let standins: Vec<&str> = ready.standins.keys().map(String::as_str).collect();
    let upstreams = match standins.is_empty() {
        true => "All services are the real ones".to_owned(),
        false => format!(
            "Stand-ins: {} (set GEMINI_API_KEY, GITHUB_TOKEN, VERCEL_TOKEN or NETLIFY_AUTH_TOKEN \
             for the real ones)",
            standins.join(", ")
        ),
    };
    format!(
        "EventRelay runs at {api}\n\
         API key: {api_key}\n\
         {upstreams}\n\
         Plots: {admin}, for Prometheus {admin}/metrics\n\
         \n\
         curl -X POST {api}/v1/videos -H 'x-api-key: {api_key}' -H 'content-type: application/json' \
         -d '{{\"url\":\"https://www.youtube.com/watch?v=jNQXAC9IVRw\"}}'\n\
         curl {api}/v1/jobs/JOB_ID -H 'x-api-key: {api_key}'\n\
         curl {api}/v1/videos/VIDEO_ID -H 'x-api-key: {api_key}'\n\
         \n\
         Ctrl-C stops it."
    )
}
