//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::starts::Effort;

/// Measures size, start, first and later requests, and memory of each function, beside an equal one
/// in Python.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo cold-starts", version)]
pub(crate) struct Options {
    /// Few starts of each: shows that it works, its figures say little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure this function alone, by its logical id; may be given several times. GetVideo brings
    /// the one in Python with it
    #[arg(long = "function", value_name = "NAME")]
    pub(crate) functions: Vec<String>,
    /// Measure the zips that `cargo zips` has made last
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Measure the binaries in this folder instead, packed as `cargo zips` packs them
    #[arg(long, value_name = "DIR", conflicts_with = "no_build")]
    pub(crate) binaries: Option<PathBuf>,
    /// Write all figures to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Returns the number of starts and requests.
    pub(crate) const fn effort(&self) -> Effort {
        if self.quick {
            Effort {
                warm_starts: 2,
                cold_starts: 1,
                later_requests: 2,
            }
        } else {
            Effort {
                warm_starts: 15,
                cold_starts: 5,
                later_requests: 5,
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
        let all = Options::parse_from(["cold-starts"]);
        assert!(all.functions.is_empty() && all.effort().warm_starts == 15);
        let two = [
            "cold-starts",
            "--function",
            "GetVideo",
            "--function",
            "GetJob",
        ];
        assert_eq!(Options::parse_from(two).functions, ["GetVideo", "GetJob"]);
        let both = ["cold-starts", "--no-build", "--binaries", "d"];
        assert!(Options::try_parse_from(both).is_err());
    }
}
