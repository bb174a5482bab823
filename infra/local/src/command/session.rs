//! Choice of the system that a command works with: that of another process on the data folder, or
//! its own.
//!
//! A command that uses the system of another process holds a share of the lock `clients`. The owner
//! prints its own result as soon as it has one, and runs the system until that lock is free. If the
//! owner ends nevertheless (Ctrl-C, `kill -9`), the command takes over the folder. It starts a
//! system on the same data, where jobs and messages are durable, and continues its job.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::bail;
use tokio::{net::TcpStream, sync::Mutex};
use url::Url;

use super::client::{self, Unavailable};
use crate::{
    Exit,
    cli::Options,
    data::{ClientLock, Data, Opened, Ready},
    interrupt::{Interrupts, Signal},
    system::System,
};

/// Time that a command waits for a starting owner before it prints a note.
const QUIET: Duration = Duration::from_secs(1);

/// System that a command works with.
pub(crate) enum Access {
    /// The command owns the folder.
    Own(Data),
    /// Another process runs a system on the folder.
    Guest(Guest),
}

/// The system of another process.
pub(crate) struct Guest {
    pub(crate) ready: Ready,
    _lock: ClientLock,
}

/// Work that an interrupted command leaves behind.
pub(crate) enum Remains {
    Nothing,
    Job,
    /// A printed result. Only the system was still running, for other commands.
    Result,
    /// A template for `sam local`.
    Template,
}

impl Remains {
    /// Returns [`Self::Job`] once the course has begun.
    pub(super) fn from_course<T>(course: &Mutex<T>, has_begun: impl Fn(&T) -> bool) -> Self {
        // The course is locked only while the work runs, which has been dropped by then.
        match course.try_lock() {
            Ok(course) if !has_begun(&course) => Self::Nothing,
            _ => Self::Job,
        }
    }
}

/// Takes the folder, or joins the system that another process runs on it. Waits for an owner that
/// is starting or stopping.
///
/// # Errors
/// If the folder cannot be used, or the deadline passes.
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
                "another `cargo local` uses {} but does not become ready: stop it, or choose \
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
    // Read under the lock: from here on the owner cannot begin to stop.
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

/// Runs `work` with a system, and `finish` with its result. If the system of another process ends,
/// `work` runs again and must continue where it was. `remains` describes what an interruption
/// leaves.
///
/// # Errors
/// Those of `work`, unless other commands used the system of this process meanwhile.
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
            Err(signal) => {
                return Ok(interrupted(
                    signal,
                    &Place::from_options(options),
                    &remains(),
                ));
            }
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Access::Own(data))) => data,
            Ok(Ok(Access::Guest(Guest { ready, _lock }))) => {
                if let Some((before, error)) = last.take()
                    && before == ready
                {
                    // The system answers, so the error has another cause.
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
            eprintln!("This command starts it again and continues.");
        }
        let place = Place::from_options(options);
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
    // Print now, because the other commands may take long.
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

/// Waits until a system no longer listens.
pub(super) async fn until_gone(ready: &Ready) {
    while is_listening(&ready.api).await {
        client::pause().await;
    }
}

/// Ends the output for the reader of a pipe while the process keeps running.
fn end_stdout() {
    let _ = std::io::stdout().flush();
    if let Ok(null) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        // If it fails, the reader waits for the end of the process as usual.
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

/// Location of the work that a command leaves behind.
enum Place {
    /// A data folder, by the name that the user gave.
    Own(String),
    Temporary,
    /// The system of another process, by its address.
    Guest(String),
}

impl Place {
    fn from_options(options: &Options) -> Self {
        if options.ephemeral {
            Self::Temporary
        } else {
            Self::Own(options.data.display().to_string())
        }
    }
}

/// Prints what stays after an interruption.
fn interrupted(signal: Signal, place: &Place, remains: &Remains) -> Exit {
    eprintln!("{}", farewell(place, remains));
    Exit::Interrupted(signal)
}

fn farewell(place: &Place, remains: &Remains) -> String {
    match (remains, place) {
        (Remains::Result, _) => {
            "Interrupted. The commands that use this system start it again.".to_owned()
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
