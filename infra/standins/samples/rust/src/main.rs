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
    /// File that stores the progress
    #[arg(long, default_value = "progress.json")]
    progress: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show title and summary
    About,
    /// List the chapters
    Chapters {
        /// Words that the title must contain
        words: Vec<String>,
    },
    /// Show the chapter at a time
    At {
        /// Time such as 75, 1:15 or 1:01:15
        #[arg(value_parser = time::seconds)]
        time: f64,
    },
    /// List the action items
    Actions,
    /// Mark an action item as done
    Done {
        /// Number of the action item
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
