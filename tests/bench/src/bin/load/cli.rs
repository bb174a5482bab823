//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Puts load on a local stack of its own and reports the results.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo load", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) scenario: Scenario,
}

/// What holds for every scenario.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// Less than a minute: shows that it works, its figures say little
    #[arg(long, global = true)]
    pub(crate) quick: bool,
    /// Write tables and plots to this file, as one page of HTML
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// What is done to the stack.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Many recordings at once, each PROCESSING at Gemini for 6 s, beside the Python baselines
    Process(Process),
    /// Lookups among more and more analyses
    Cache(Cache),
    /// Many instances that want to call what is limited, for minutes
    Limits(Limits),
    /// Many deployments at once
    Deploy(Deploy),
    /// All that users do, for minutes, while memory and open files are watched
    Mixed(Mixed),
    /// From no request to many at one moment, and back
    Spike(Spike),
    /// What AWS would charge for a fresh video and for a lookup, beside other ways to wait
    Bill(Bill),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Process {
    /// Recordings at once, each number a round of its own [default: 10,100,500]
    #[arg(long, value_delimiter = ',', value_name = "COUNTS", value_parser = count())]
    pub(crate) videos: Vec<u32>,
    /// How long a recording is PROCESSING
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 6000)]
    pub(crate) processing_ms: u64,
    /// Leave the Python baselines out
    #[arg(long)]
    pub(crate) no_baselines: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Cache {
    /// Analyses in the index, ascending [default: 1000,10000,100000]
    #[arg(long, value_delimiter = ',', value_name = "COUNTS", value_parser = count())]
    pub(crate) entries: Vec<u32>,
    /// Rate of lookups, per second
    #[arg(long, value_name = "COUNT", default_value_t = 200.0, value_parser = rate)]
    pub(crate) rate: f64,
    /// Length of each round [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = count())]
    pub(crate) seconds: Option<u32>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Limits {
    /// Instances of the limiter that ask as fast as they can
    #[arg(long, value_name = "COUNT", default_value_t = 40, value_parser = count())]
    pub(crate) instances: u32,
    /// What may pass in a minute, of all together
    #[arg(long, value_name = "COUNT", default_value_t = 240, value_parser = count())]
    pub(crate) per_minute: u32,
    /// How long they ask [default: 3]
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Deploy {
    /// Deployments at once, each number a round of its own [default: 1,10,50,100]
    #[arg(long, value_delimiter = ',', value_name = "COUNTS", value_parser = count())]
    pub(crate) at_once: Vec<u32>,
    /// Files of the project, at least
    #[arg(long, value_name = "COUNT", default_value_t = 30)]
    pub(crate) files: usize,
    /// How long GitHub takes for a call
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 150)]
    pub(crate) latency_ms: u64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Mixed {
    /// How long [default: 10]
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
    /// New videos a second
    #[arg(long, value_name = "COUNT", default_value_t = 1.0, value_parser = rate)]
    pub(crate) submissions: f64,
    /// Rate of lookups, per second
    #[arg(long, value_name = "COUNT", default_value_t = 30.0, value_parser = rate)]
    pub(crate) lookups: f64,
    /// Rate of searches, per second
    #[arg(long, value_name = "COUNT", default_value_t = 5.0, value_parser = rate)]
    pub(crate) searches: f64,
    /// Questions after a job a second
    #[arg(long, value_name = "COUNT", default_value_t = 10.0, value_parser = rate)]
    pub(crate) polls: f64,
    /// New projects a second
    #[arg(long, value_name = "COUNT", default_value_t = 0.1, value_parser = rate)]
    pub(crate) projects: f64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Spike {
    /// Rate of requests, per second
    #[arg(long, value_name = "COUNT", default_value_t = 200.0, value_parser = rate)]
    pub(crate) rate: f64,
    /// For how long [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = count())]
    pub(crate) seconds: Option<u32>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Bill {
    /// Videos at once [default: 20]
    #[arg(long, value_name = "COUNT", value_parser = count())]
    pub(crate) videos: Option<u32>,
    /// How long a recording is PROCESSING
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    pub(crate) processing_s: f64,
    /// How long the model takes for its answer
    #[arg(long, value_name = "SECONDS", default_value_t = 45.0, value_parser = seconds)]
    pub(crate) generate_s: f64,
}

impl Scenario {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Process(_) => "process",
            Self::Cache(_) => "cache",
            Self::Limits(_) => "limits",
            Self::Deploy(_) => "deploy",
            Self::Mixed(_) => "mixed",
            Self::Spike(_) => "spike",
            Self::Bill(_) => "bill",
        }
    }
}

/// Returns the requested counts, or else the default ones, ascending and without duplicates.
pub(crate) fn counts(asked: &[u32], otherwise: &[u32]) -> Vec<usize> {
    let chosen = if asked.is_empty() { otherwise } else { asked };
    let mut counts: Vec<usize> = chosen.iter().map(|count| *count as usize).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn count() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=1_000_000)
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, 0.01..=10_000.0)
}

fn minutes(text: &str) -> Result<f64, String> {
    number(text, 0.1..=600.0)
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, 4.0..=600.0)
}

fn number(text: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("must be {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        let scenarios = [
            "process", "cache", "limits", "deploy", "mixed", "spike", "bill",
        ];
        for name in scenarios {
            let arguments = ["load", name, "--quick", "--report", "report.html"];
            let cli = Cli::parse_from(arguments);
            assert_eq!(cli.scenario.name(), name);
            assert!(cli.common.quick && cli.common.report.is_some());
        }
        assert_eq!(Cli::command().get_subcommands().count(), scenarios.len());
    }

    #[test]
    fn counts_are_taken_in_any_order() {
        let cli = Cli::parse_from(["load", "process", "--videos", "500,10,10"]);
        let Scenario::Process(process) = cli.scenario else {
            panic!("{cli:?}");
        };
        assert_eq!(counts(&process.videos, &[1]), [10, 500]);
        assert_eq!(counts(&[], &[1, 2]), [1, 2]);
        for wrong in [
            ["load", "process", "--videos", "0"],
            ["load", "spike", "--rate", "nan"],
            ["load", "mixed", "--minutes", "0"],
        ] {
            assert!(Cli::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }
}
