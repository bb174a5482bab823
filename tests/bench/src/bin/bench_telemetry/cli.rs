//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

/// Measures what a log line, a metric and a level that is off cost in a function.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo bench-telemetry", version)]
pub(crate) struct Options {
    /// One short round: shows that it works, its figures say little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write all figures to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Rounds in which all have a turn.
    pub(crate) const fn rounds(&self) -> usize {
        if self.quick { 1 } else { 7 }
    }

    /// Length of a turn.
    pub(crate) const fn turn(&self) -> Duration {
        Duration::from_millis(if self.quick { 5 } else { 200 })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        assert_eq!(Options::parse_from(["bench-telemetry"]).rounds(), 7);
        let quick = Options::parse_from(["bench-telemetry", "--quick"]);
        assert!(quick.rounds() == 1 && quick.turn() < Duration::from_millis(100));
    }
}
