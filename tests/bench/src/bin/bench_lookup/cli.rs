//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Sizes and lengths of a full run, and of one that only shows that everything works.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const QUICK_SIZES: [usize; 3] = [100, 1_000, 5_000];
const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 3;
const SECONDS: f64 = 4.0;
const QUICK_SECONDS: f64 = 1.0;

/// Largest number of videos at which the Python baselines are asked: a file per video.
const MAX_FILES: usize = 10_000;

/// Measures what a lookup costs: calls, processor time and memory, beside the Python baselines.
#[derive(Debug, Parser)]
#[command(name = "cargo bench-lookup", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Small sizes and short rounds: shows that it works, its figures say little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Numbers of videos, ascending [default: 1000,10000,100000]
    #[arg(long, value_delimiter = ',', value_name = "COUNTS",
          value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub(crate) videos: Vec<u32>,
    /// Rounds in which all servers take turns [default: 5]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) rounds: Option<u8>,
    /// Length of a turn [default: 4]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) seconds: Option<f64>,
    /// Connections of the load generator
    #[arg(long, value_name = "COUNT", default_value_t = 16,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) connections: u16,
    /// Write all figures to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// What else than to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the handler over plain HTTP and prints the port; the benchmark starts it itself
    #[command(hide = true)]
    Serve,
}

/// Parameters of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Numbers of videos, ascending; never empty.
    pub(crate) sizes: Vec<usize>,
    /// The one of `sizes` at which all servers are compared.
    pub(crate) compared: usize,
    pub(crate) rounds: usize,
    /// Length of a turn.
    pub(crate) seconds: f64,
    pub(crate) connections: usize,
}

impl Options {
    pub(crate) fn plan(&self) -> Plan {
        let mut sizes: Vec<usize> = self.videos.iter().map(|count| *count as usize).collect();
        if sizes.is_empty() {
            sizes = if self.quick { QUICK_SIZES } else { SIZES }.to_vec();
        }
        sizes.sort_unstable();
        sizes.dedup();
        let fitting = sizes.iter().rev().find(|size| **size <= MAX_FILES);
        let (rounds, seconds) = if self.quick {
            (QUICK_ROUNDS, QUICK_SECONDS)
        } else {
            (ROUNDS, SECONDS)
        };
        Plan {
            compared: *fitting.unwrap_or(&sizes[0]),
            sizes,
            rounds: self.rounds.map_or(rounds, usize::from),
            seconds: self.seconds.unwrap_or(seconds),
            connections: usize::from(self.connections),
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|seconds| (0.1..=600.0).contains(seconds))
        .ok_or_else(|| "must be 0.1 to 600".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn plan(arguments: &[&str]) -> Plan {
        let cli = Cli::parse_from([&["bench-lookup"], arguments].concat());
        cli.options.plan()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_run_is_full_unless_told_otherwise() {
        let full = plan(&[]);
        assert_eq!((full.sizes.as_slice(), full.compared), (&SIZES[..], 10_000));
        assert!(full.rounds >= 5 && full.connections == 16);
        let quick = plan(&["--quick", "--rounds", "2"]);
        assert_eq!((quick.compared, quick.rounds), (5_000, 2));
    }

    #[test]
    fn sizes_are_taken_in_any_order() {
        let plan = plan(&["--videos", "20000,50,50"]);
        assert_eq!((plan.sizes, plan.compared), (vec![50, 20_000], 50));
        assert!(Cli::try_parse_from(["bench-lookup", "--videos", "0"]).is_err());
        assert!(Cli::try_parse_from(["bench-lookup", "--seconds", "nan"]).is_err());
    }
}
