//! Which system a command works with: the one that another process runs on the data folder, or one
//! of its own.
//!
//! A command that uses the system of another process holds a share of the lock `clients`. The owner
//! prints its own result as soon as it has it, and runs the system until that lock is free. If the
//! owner is gone nevertheless (Ctrl-C, `kill -9`), the command takes the folder over, starts the
//! system on the same data, where jobs and messages are durable, and goes on with its job.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::bail;
use tokio::net::TcpStream;
use url::Url;

use super::client::{self, Unavailable};
use crate::{
    Exit,
    cli::Options,
    data::{ClientLock, Data, Opened, Ready},
    interrupt::{Interrupts, Signal},
    system::System,
};

/// How long a command waits for an owner that is starting before it says so.
const QUIET: Duration = Duration::from_secs(1);

/// What a command works with.
pub(crate) enum Access {
    /// The folder was free.
    Own(Data),
    /// Another process runs a system on the folder.
    Guest(Guest),
}

/// The system of another process.
pub(crate) struct Guest {
    pub(crate) ready: Ready,
    _lock: ClientLock,
}

/// What a command that was interrupted says about what it leaves behind.
pub(crate) enum Remains {
    /// Nothing was started.
    Nothing,
    /// A job that was submitted.
    Job,
    /// It has told its result; only the system was still running for others.
    Result,
    /// A template for `sam local`.
    Template,
}

/// Takes the folder, or joins the system that another process runs on it. Waits for an owner that
/// is just starting or stopping.
///
/// # Errors
/// If the folder cannot be used, or neither happens before the deadline.
pub(crate) async fn open(options: &Options, deadline: Instant) -> anyhow::Result<Access> {
    if options.ephemeral {
        return Ok(Access::Own(Data::temporary()?));
    }
    let started = Instant::now();
    let mut is_announced = false;
    loop {
        match Data::open(&options.data)? {
            Opened::Free(data) => return Ok(Access::Own(data)),
            Opened::InUse(_) => {
                if let Some(guest) = join(&options.data).await? {
                    return Ok(Access::Guest(guest));
                }
            }
        }
        if !is_announced && started.elapsed() > QUIET {
            is_announced = true;
            eprintln!(
                "Waiting for another `cargo local` that is starting or stopping in {}.",
                options.data.display()
            );
        }
        if Instant::now() > deadline {
            bail!(
                "another `cargo local` holds {} but does not become ready: stop it, or choose \
                 another folder with --data",
                options.data.display()
            );
        }
        client::pause().await;
    }
}

/// Joins the system on the folder if it answers.
async fn join(path: &Path) -> anyhow::Result<Option<Guest>> {
    let Some(lock) = Data::join(path)? else {
        return Ok(None);
    };
    // Read under the lock: the owner cannot begin to stop from here on.
    let Opened::InUse(Some(ready)) = Data::open(path)? else {
        return Ok(None);
    };
    Ok(is_listening(&ready.api)
        .await
        .then_some(Guest { ready, _lock: lock }))
}

async fn is_listening(api: &str) -> bool {
    let Ok(addresses) = Url::parse(api).map(|url| url.socket_addrs(|| None).unwrap_or_default())
    else {
        return false;
    };
    TcpStream::connect(addresses.as_slice()).await.is_ok()
}

/// Runs `work` with a system, and `finish` with what came of it. `work` is called again if the
/// system of another process is gone, and must remember how far it was. `remains` is what it leaves
/// behind if it is interrupted.
///
/// # Errors
/// Those of `work`, if no system of this process could be used by others meanwhile.
pub(super) async fn run<T>(
    options: &Options,
    interrupts: &Interrupts,
    patience: Duration,
    mut work: impl AsyncFnMut(&Ready) -> anyhow::Result<T>,
    finish: impl FnOnce(T, &Ready, bool) -> anyhow::Result<Exit>,
    remains: impl Fn() -> Remains,
) -> anyhow::Result<Exit> {
    let deadline = Instant::now() + patience;
    let mut last: Option<(Ready, anyhow::Error)> = None;
    loop {
        let opened = interrupts.unless_received(Box::pin(open(options, deadline)));
        let data = match opened.await {
            Err(signal) => return Ok(interrupted(signal, &Place::of(options), &remains())),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Access::Own(data))) => data,
            Ok(Ok(Access::Guest(Guest { ready, _lock }))) => {
                if let Some((before, error)) = last.take()
                    && before == ready
                {
                    // The system is there; the fault is another one.
                    return Err(error);
                }
                let worked = interrupts.unless_received(Box::pin(work(&ready))).await;
                match worked {
                    Err(signal) => {
                        let place = Place::Guest(ready.api);
                        return Ok(interrupted(signal, &place, &remains()));
                    }
                    Ok(Err(error)) if error.is::<Unavailable>() => {
                        last = Some((ready, error));
                        continue;
                    }
                    Ok(made) => return finish(made?, &ready, false),
                }
            }
        };
        if let Some((Ready { api, .. }, _)) = &last {
            eprintln!("The system at {api} has ended.");
            eprintln!("This command starts it again and goes on.");
        }
        let place = Place::of(options);
        let port = options.port.unwrap_or(0);
        let starting = Box::pin(System::start(options, port, data));
        let system = match interrupts.unless_received(starting).await {
            Err(signal) => return Ok(interrupted(signal, &place, &remains())),
            Ok(system) => system?,
        };
        let worked = interrupts
            .unless_received(Box::pin(work(&system.ready)))
            .await;
        let exit = match worked {
            Err(signal) => {
                let exit = interrupted(signal, &place, &remains());
                system.stop().await;
                return Ok(exit);
            }
            Ok(made) => made.and_then(|made| finish(made, &system.ready, true)),
        };
        return lend(system, exit, interrupts).await;
    }
}

/// Runs the system of this process, whose work is done, until no other command uses it.
async fn lend(
    system: System,
    exit: anyhow::Result<Exit>,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    if let Some(_closed) = system.data.close_to_clients()? {
        system.stop().await;
        return exit;
    }
    // Told now and not when the others are done.
    let exit = exit.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        Exit::Failed
    });
    end_stdout();
    eprintln!("Another command uses this system. It ends with that command, or with Ctrl-C.");
    let unused = async {
        loop {
            if let Some(closed) = system.data.close_to_clients()? {
                return anyhow::Ok(closed);
            }
            client::pause().await;
        }
    };
    let exit = match interrupts.unless_received(unused).await {
        Ok(closed) => {
            let _closed = closed?;
            system.stop().await;
            return Ok(exit);
        }
        Err(signal) => interrupted(signal, &Place::Own(String::new()), &Remains::Result),
    };
    system.stop().await;
    Ok(exit)
}

/// Returns once a system does not listen any more.
pub(super) async fn until_gone(ready: &Ready) {
    while is_listening(&ready.api).await {
        client::pause().await;
    }
}

/// Lets the reader of a pipe have the end of the output while the process goes on.
fn end_stdout() {
    let _ = std::io::stdout().flush();
    if let Ok(null) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        // If it fails, the reader waits for the end of the process, as usual.
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

/// Where what a command leaves behind is.
enum Place {
    /// A data folder, by the name that the user gave it.
    Own(String),
    /// A temporary folder.
    Temporary,
    /// The system of another process, by its address.
    Guest(String),
}

impl Place {
    fn of(options: &Options) -> Self {
        if options.ephemeral {
            Self::Temporary
        } else {
            Self::Own(options.data.display().to_string())
        }
    }
}

/// Says what stays after an interruption.
fn interrupted(signal: Signal, place: &Place, remains: &Remains) -> Exit {
    eprintln!("{}", farewell(place, remains));
    Exit::Interrupted(signal)
}

fn farewell(place: &Place, remains: &Remains) -> String {
    match (remains, place) {
        (Remains::Result, _) => {
            "Interrupted. The commands that use this system start it again by themselves."
                .to_owned()
        }
        (Remains::Template, _) => "Stopped. The template for `sam local` stays.".to_owned(),
        (_, Place::Temporary) => {
            "Interrupted. Nothing stays: the data folder was temporary.".to_owned()
        }
        (Remains::Nothing, _) => "Interrupted. Nothing was submitted.".to_owned(),
        (Remains::Job, Place::Own(folder)) => format!(
            "Interrupted. The job is kept in {folder} and goes on with the next `cargo local`."
        ),
        (Remains::Job, Place::Guest(api)) => {
            format!("Interrupted. The job goes on in the system at {api}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interruption_says_what_stays_in_one_line() {
        let places = [
            Place::Own(".local".to_owned()),
            Place::Temporary,
            Place::Guest("http://127.0.0.1:1".to_owned()),
        ];
        for place in &places {
            for remains in [Remains::Nothing, Remains::Job, Remains::Result] {
                let line = farewell(place, &remains);
                assert!(line.starts_with("Interrupted. ") && !line.contains('\n'));
                assert!(line.len() <= 80, "{line}");
            }
        }
        assert!(farewell(&places[0], &Remains::Job).contains("kept in .local"));
        assert!(farewell(&places[2], &Remains::Job).contains("goes on in the system at http"));
    }

    #[tokio::test]
    async fn system_that_does_not_listen_is_not_joined() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}", listener.local_addr().unwrap());
        assert!(is_listening(&api).await);
        drop(listener);
        assert!(!is_listening(&api).await);
    }
}
