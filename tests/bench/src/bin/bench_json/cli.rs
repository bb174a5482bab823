//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use crate::clock::Effort;

/// Measures JSON libraries and compressions on our own documents at our own sizes.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo bench-json", version)]
pub(crate) struct Options {
    /// One short round: shows that it works, its figures say little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Sizes of the analyses
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "KB",
        default_value = "4,20,60,250",
        value_parser = clap::value_parser!(u16).range(2..=4000),
        num_args = 1..
    )]
    pub(crate) sizes_kb: Vec<u16>,
    /// Write all figures to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Returns the number and length of the rounds.
    pub(crate) const fn effort(&self) -> Effort {
        if self.quick {
            Effort {
                rounds: 1,
                turn: Duration::from_millis(2),
            }
        } else {
            Effort {
                rounds: 9,
                turn: Duration::from_millis(40),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        let full = Options::parse_from(["bench-json"]);
        assert_eq!(full.sizes_kb, [4, 20, 60, 250]);
        let quick = Options::parse_from(["bench-json", "--quick", "--sizes-kb", "8"]);
        assert_eq!((quick.effort().rounds, quick.sizes_kb), (1, vec![8]));
        assert!(Options::try_parse_from(["bench-json", "--sizes-kb", "0"]).is_err());
    }
}
