//! `cargo local`: runs `template.yaml` on this machine with the real function binaries, embedded
//! AWS services, and stand-ins of paid services.

mod admin;
mod aws;
mod cli;
mod clients;
mod command;
mod data;
mod faults;
mod gateway;
mod interrupt;
mod keys;
mod lambda;
mod listen;
mod metrics;
mod private;
mod queue_poller;
mod queues;
mod resources;
mod schedule;
mod sync;
mod system;
mod upstreams;
mod watch;
mod welcome;
mod wiring;
mod workspace;

use std::{
    io::Write as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::bail;
use eventrelay_template as template;
use tracing_subscriber::EnvFilter;

use crate::{
    cli::{Cli, Command, Options},
    data::{Data, Opened},
    interrupt::{Interrupts, Signal},
    system::System,
    watch::Changes,
    workspace::Workspace,
};

/// Default port of the API.
const DEFAULT_PORT: u16 = 8787;

/// Maximum wait for a short command, such as `key`, that uses the folder.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Result of a command. `--help` documents the codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    Done,
    /// The reason is already printed.
    Failed,
    /// A stand-in made the result without a transcript.
    OnlyStandIn,
    Interrupted(Signal),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::FAILURE,
            Exit::OnlyStandIn => Self::from(3),
            Exit::Interrupted(signal) => Self::from(signal.exit_code()),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // DynamoDB warns about every refused condition, and a lost claim is normal.
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colour needs a feature that the functions would be built with as well.
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    match run(&cli).await {
        Ok(exit) => exit.into(),
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(usage) => usage.exit(),
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let interrupts = Interrupts::listen()?;
    let options = &cli.options;
    match &cli.command {
        None => serve(options, &interrupts).await,
        Some(Command::Analyze(request)) => {
            command::analyze::run(options, request, &interrupts).await
        }
        Some(Command::Build(request)) => command::build::run(options, request, &interrupts).await,
        Some(Command::Sam(request)) => command::sam::run(options, request, &interrupts).await,
        Some(Command::Key(request)) => keys::run(options, &request.action, &interrupts).await,
    }
}

/// Runs until Ctrl-C or SIGTERM.
async fn serve(options: &Options, interrupts: &Interrupts) -> anyhow::Result<Exit> {
    let data = match interrupts.unless_received(folder(options)).await {
        Ok(data) => data?,
        Err(signal) => return Ok(stopped(signal, options)),
    };
    let port = options.port.unwrap_or(DEFAULT_PORT);
    // Starts before the first build, so that no change is missed.
    let changes = if options.watch {
        let workspace = Workspace::open(options.workspace.as_deref())?;
        if !workspace.has_source() {
            bail!("--watch needs the source of EventRelay, which an archive does not have");
        }
        Some(Changes::new(&workspace.root))
    } else {
        None
    };
    let starting = Box::pin(System::start(options, port, data));
    let mut system = match interrupts.unless_received(starting).await {
        Ok(system) => system?,
        Err(signal) => return Ok(stopped(signal, options)),
    };
    let text = if options.json {
        serde_json::to_string(&system.ready)?
    } else {
        welcome::text(&system.ready)
    };
    writeln!(std::io::stdout(), "{text}")?;
    let signal = match changes {
        None => interrupts.received().await,
        Some(changes) => {
            let watched = Box::pin(watch::run(&mut system, changes));
            match interrupts.unless_received(watched).await {
                Ok(never) => match never {},
                Err(signal) => signal,
            }
        }
    };
    let exit = stopped(signal, options);
    system.stop().await;
    Ok(exit)
}

/// Returns the data folder once no short command uses it.
async fn folder(options: &Options) -> anyhow::Result<Data> {
    if options.ephemeral {
        return Data::temporary();
    }
    let deadline = Instant::now() + MAX_WAIT;
    loop {
        let ready = match Data::open(&options.data)? {
            Opened::Free(data) => return Ok(data),
            Opened::InUse(ready) => ready,
        };
        if ready.is_some() || Instant::now() > deadline {
            let place = ready.map(|ready| format!(" at {}", ready.api));
            bail!(
                "Another `cargo local` uses the folder {}{}.\nStop it, or choose another folder \
                 with --data.",
                options.data.display(),
                place.unwrap_or_default()
            );
        }
        command::pause().await;
    }
}

/// Prints what stays when the system stops.
fn stopped(signal: Signal, options: &Options) -> Exit {
    if options.ephemeral {
        eprintln!("Stopped. Nothing stays: the data folder was temporary.");
    } else {
        eprintln!("Stopped. All state is kept in {}.", options.data.display());
        eprintln!("Unfinished jobs go on with the next `cargo local`.");
    }
    Exit::Interrupted(signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_help() {
        let code = |exit: Exit| format!("{:?}", ExitCode::from(exit));
        for (exit, number) in [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::OnlyStandIn, 3),
            (Exit::Interrupted(Signal::Interrupt), 130),
            (Exit::Interrupted(Signal::Terminate), 143),
        ] {
            assert_eq!(code(exit), format!("{:?}", ExitCode::from(number)));
        }
    }
}
