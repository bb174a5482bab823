//! A companion to a video, for the command line.

mod command;
mod companion;
mod progress;
mod time;

use std::{io, path::PathBuf};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// A companion to a video.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The file that holds which action items are done.
    #[arg(long, default_value = "progress.json")]
    progress: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Title and summary.
    About,
    /// The chapters.
    Chapters {
        /// Words that a title must hold.
        words: Vec<String>,
    },
    /// The chapter at a time.
    At {
        /// Such as 75, 1:15 or 1:01:15.
        #[arg(value_parser = time::seconds)]
        time: f64,
    },
    /// The action items.
    Actions,
    /// Marks an action item as done.
    Done {
        /// Its number.
        number: u32,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    match arguments.command {
        Command::About => command::about(&mut out),
        Command::Chapters { words } => command::chapters(&mut out, &words),
        Command::At { time } => command::at(&mut out, time),
        Command::Actions => command::actions(&mut out, &arguments.progress),
        Command::Done { number } => command::done(&mut out, &arguments.progress, number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["companion", "at", "1:15"]).is_ok());
        assert!(Arguments::try_parse_from(["companion", "at", "soon"]).is_err());
    }
}
