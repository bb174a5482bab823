//! The command line.

use std::path::PathBuf;

use clap::Parser;

const ROUNDS: usize = 3;
const QUICK_ROUNDS: usize = 1;

/// Measures how long the files of a project take to be written.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo bench-generate", version)]
pub(crate) struct Options {
    /// One round of each: shows that it works, its figures say little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Files that the model writes
    #[arg(long, value_name = "COUNT", default_value_t = 30)]
    pub(crate) files: usize,
    /// How many of those that the stand-in adds to its sample wait each for the one before; the
    /// files of the sample have a chain of their own
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COUNTS",
        default_value = "1,6,12"
    )]
    pub(crate) chains: Vec<usize>,
    /// How long the model takes for an answer
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2000)]
    pub(crate) answer_ms: u64,
    /// Write all figures to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Projects of each kind.
    pub(crate) const fn rounds(&self) -> usize {
        if self.quick { QUICK_ROUNDS } else { ROUNDS }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        let full = Options::parse_from(["bench-generate"]);
        assert_eq!((full.chains, full.answer_ms), (vec![1, 6, 12], 2000));
        let quick = Options::parse_from(["bench-generate", "--quick", "--chains", "3"]);
        assert_eq!((quick.rounds(), quick.chains), (1, vec![3]));
    }
}
