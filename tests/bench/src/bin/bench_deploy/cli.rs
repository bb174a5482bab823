//! The command line.

use std::path::PathBuf;

use clap::Parser;
use eventrelay_tests::deployments::ROUND_TRIPS;

const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 1;

/// Measures what deployments to GitHub cost: calls, connections and time, beside Python baselines.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo bench-deploy", version)]
pub(crate) struct Options {
    /// One round of each: shows that it works, its figures say little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Deployments at once, each number with rounds of its own
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COUNTS",
        default_value = "1,10,50"
    )]
    pub(crate) at_once: Vec<usize>,
    /// The same with the limiter on, which takes minutes; empty leaves it out
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COUNTS",
        default_value = "1,10",
        num_args = 0..
    )]
    pub(crate) limited: Vec<usize>,
    /// Files of the project, at least
    #[arg(long, value_name = "COUNT", default_value_t = 30)]
    pub(crate) files: usize,
    /// How long GitHub takes for a call
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 150)]
    pub(crate) latency_ms: u64,
    /// Write all figures to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Rounds in which all have a turn.
    pub(crate) const fn rounds(&self) -> usize {
        if self.quick { QUICK_ROUNDS } else { ROUNDS }
    }

    /// Lower bound of the duration of a deployment, by its round trips.
    pub(crate) fn floor_s(&self) -> f64 {
        f64::from(ROUND_TRIPS) * self.latency_ms as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        let full = Options::parse_from(["bench-deploy"]);
        assert_eq!((full.at_once, full.limited), (vec![1, 10, 50], vec![1, 10]));
        let quick = Options::parse_from(["bench-deploy", "--quick", "--limited", "--files", "9"]);
        assert_eq!(
            (quick.rounds(), quick.limited.len(), quick.files),
            (1, 0, 9)
        );
        assert!((quick.floor_s() - 0.6).abs() < 1e-9);
    }
}
