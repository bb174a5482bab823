mod help;
mod request;
mod values;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind};

pub(crate) use request::{Analyze, Build, CreateKey, Format, Key, KeyAction, Sam};

/// Runs EventRelay on this machine as template.yaml declares it.
#[derive(Debug, Parser)]
#[command(
    name = "cargo local",
    bin_name = "cargo local",
    version,
    max_term_width = 80,
    subcommand_help_heading = "Commands (without one, the system runs until Ctrl-C)",
    disable_help_subcommand = true,
    after_help = help::SERVE,
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options of the system that a command runs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of the system")]
pub(crate) struct Options {
    /// Folder of all state
    #[arg(long, global = true, default_value = ".local", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Keep the state in a temporary folder, removed at the end
    #[arg(long, global = true, conflicts_with = "data")]
    pub(crate) ephemeral: bool,
    /// Run the functions as they were last built
    #[arg(long, global = true)]
    pub(crate) no_build: bool,
    /// Port of the API on 127.0.0.1, 0 for any free one
    /// [default: 8787, for a command 0]
    #[arg(long, global = true)]
    pub(crate) port: Option<u16>,
    /// Port of the admin endpoints: plots, /metrics for Prometheus, controls
    /// for tests [default: any free one]
    #[arg(
        long,
        global = true,
        default_value_t = 0,
        hide_default_value = true,
        value_name = "PORT"
    )]
    pub(crate) admin_port: u16,
    /// API key to accept [default: generated once, kept in the data folder]
    #[arg(
        long,
        global = true,
        env = "EVENTRELAY_API_KEY",
        hide_env = true,
        value_name = "KEY"
    )]
    pub(crate) api_key: Option<String>,
    /// Maximum instances of a function at a time
    #[arg(long, global = true, default_value_t = 64, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) concurrency: u32,
    /// Show the logs of the functions on stderr
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    /// Print JSON in place of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Build and replace functions when their source or template.yaml changes
    #[arg(long, global = true)]
    pub(crate) watch: bool,
    /// Call the services through a proxy that can inject faults (Linux)
    #[arg(long, global = true)]
    pub(crate) faults: bool,
    /// Workspace whose template.yaml is run [default: this program's own]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) workspace: Option<PathBuf>,
}

/// Commands other than running the system.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Analyse a video and print the analysis
    #[command(after_help = help::ANALYZE)]
    Analyze(Analyze),
    /// Make software from a video, deploy it, print both
    #[command(after_help = help::BUILD)]
    Build(Build),
    /// Let the containers of `sam local` use this system, until Ctrl-C
    #[command(after_help = help::SAM)]
    Sam(Sam),
    /// Create, list and revoke API keys
    #[command(after_help = help::KEY)]
    Key(Key),
}

/// Options of the system that do not apply to a command. The command's help omits them, but they
/// are accepted, so that scripts can pass the same options to every command.
const INAPPLICABLE: [(&str, &[&str]); 4] = [
    ("analyze", &["json", "watch", "faults"]),
    ("build", &["json", "watch", "faults"]),
    ("sam", &["watch", "faults"]),
    (
        "key",
        &[
            "ephemeral",
            "no_build",
            "port",
            "admin_port",
            "api_key",
            "concurrency",
            "verbose",
            "watch",
            "faults",
        ],
    ),
];

/// Options that contradict a command.
const REFUSED: [(&str, &[&str]); 4] = [
    ("analyze", &["watch"]),
    ("build", &["watch"]),
    ("sam", &["watch"]),
    ("key", &["watch", "ephemeral"]),
];

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// A message for the user, or the requested help.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(arguments)?;
        if let Some((name, _)) = matches.subcommand() {
            refuse_contradictions(name, &matches)?;
        }
        Self::from_arg_matches(&matches)
    }
}

/// Returns the command line, with inapplicable options hidden.
pub(crate) fn command() -> clap::Command {
    INAPPLICABLE
        .iter()
        .fold(Cli::command(), |all, (name, options)| {
            let hidden: Vec<clap::Arg> = all
                .get_arguments()
                .filter(|option| options.contains(&option.get_id().as_str()))
                .map(|option| option.clone().hide(true))
                .collect();
            // clap does not propagate an option that the subcommand defines itself.
            all.mut_subcommand(name, |subcommand| subcommand.args(hidden))
        })
}

fn refuse_contradictions(name: &str, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
    let options = REFUSED.iter().find(|(command, _)| *command == name);
    let given = |option: &&&str| {
        let source = matches.value_source(option);
        source == Some(clap::parser::ValueSource::CommandLine)
    };
    match options.and_then(|(_, options)| options.iter().find(given)) {
        None => Ok(()),
        Some(option) => Err(usage_error(
            name,
            format!("--{} does not apply to `{name}`", option.replace('_', "-")),
        )),
    }
}

/// Returns an error of the command line with the usage of the subcommand.
pub(crate) fn usage_error(subcommand: &str, message: impl std::fmt::Display) -> clap::Error {
    let mut all = command();
    all.build();
    match all.find_subcommand_mut(subcommand) {
        Some(found) => found.error(ErrorKind::ValueValidation, message),
        None => all.error(ErrorKind::ValueValidation, message),
    }
}

#[cfg(test)]
mod tests {
    use eventrelay::store::keys::Scope;

    use super::*;

    fn read(arguments: &[&str]) -> Result<Cli, clap::Error> {
        let all = std::iter::once("local").chain(arguments.iter().copied());
        Cli::read(all.map(OsString::from))
    }

    fn help_of(path: &[&str]) -> String {
        let error = read(&[path, &["--help"]].concat()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DisplayHelp);
        error.to_string()
    }

    #[test]
    fn command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for arguments in [
            &[
                "--no-build",
                "analyze",
                "a.mp4",
                "--data",
                "d",
                "--format",
                "srt",
            ][..],
            &[
                "analyze",
                "a.mp4",
                "--format",
                "srt",
                "--no-build",
                "--data",
                "d",
            ],
            &[
                "--data",
                "d",
                "--no-build",
                "analyze",
                "--format=srt",
                "a.mp4",
            ],
        ] {
            let cli = read(arguments).unwrap();
            assert!(cli.options.no_build, "{arguments:?}");
            assert_eq!(cli.options.data, PathBuf::from("d"));
            assert!(matches!(
                cli.command,
                Some(Command::Analyze(Analyze {
                    format: Format::Srt,
                    ..
                }))
            ));
        }
        assert!(read(&["--ephemeral", "--data", "d"]).is_err());
    }

    #[test]
    fn inapplicable_option_is_hidden() {
        for (name, options) in INAPPLICABLE {
            let help = help_of(&[name]);
            for option in options {
                let long = format!("--{}", option.replace('_', "-"));
                assert!(!help.contains(&format!("{long} ")), "{name} {long}: {help}");
            }
        }
        assert!(help_of(&[]).contains("--faults"));
        for arguments in [
            &["--no-build", "--port", "1", "key", "list"][..],
            &["key", "list", "--json", "--data", "d", "--port", "1"],
        ] {
            assert!(read(arguments).is_ok(), "{arguments:?}");
        }
    }

    #[test]
    fn contradiction_is_refused() {
        for arguments in [
            &["--ephemeral", "key", "list"][..],
            &["key", "list", "--ephemeral"],
        ] {
            let message = read(arguments).unwrap_err().to_string();
            assert!(
                message.contains("--ephemeral does not apply to `key`"),
                "{message}"
            );
            assert!(message.contains("Usage: cargo local key"), "{message}");
        }
        assert!(read(&["--watch", "analyze", "a.mp4"]).is_err());
    }

    #[test]
    fn every_help_names_cargo_local_and_fits_80_columns() {
        for path in [
            &[][..],
            &["analyze"],
            &["build"],
            &["sam"],
            &["key"],
            &["key", "create"],
            &["key", "list"],
            &["key", "revoke"],
        ] {
            let help = help_of(path);
            let usage = format!(
                "Usage: cargo local{}",
                if path.is_empty() { "" } else { " " }
            );
            assert!(
                help.contains(&format!("{usage}{}", path.join(" "))),
                "{help}"
            );
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{path:?}: {line}");
            }
            let last = help.split("\n\n").last().unwrap_or_default();
            assert!(last.starts_with("Examples:"), "{path:?}: {last}");
        }
    }

    #[test]
    fn mistyped_words_get_suggestions() {
        for (arguments, suggestion) in [
            (&["analyse", "a.mp4"][..], "analyze"),
            (&["analyze", "a.mp4", "--fromat", "md"], "--format"),
            (&["analyze", "a.mp4", "--format", "vttt"], "vtt"),
            (&["build", "a.mp4", "--type", "webb"], "web"),
            (
                &["build", "a.mp4", "--type", "web", "--framework", "nextj"],
                "nextjs",
            ),
        ] {
            let error = read(arguments).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let message = error.to_string();
            assert!(message.contains(suggestion), "{arguments:?}: {message}");
        }
    }

    #[test]
    fn key_has_read_and_write_scopes_by_default() {
        let create = |more: &[&str]| {
            let arguments = [&["key", "create", "--name", "n"], more].concat();
            match read(&arguments)?.command {
                Some(Command::Key(Key {
                    action: KeyAction::Create(key),
                })) => Ok(key),
                other => panic!("{other:?}"),
            }
        };
        let scopes = create(&[]).map(|key: CreateKey| key.scopes);
        assert_eq!(scopes.unwrap(), [Scope::Read, Scope::Write]);
        let scopes = create(&["--scopes", "admin"]).map(|key| key.scopes);
        assert_eq!(scopes.unwrap(), [Scope::Admin]);
        for wrong in [["--scopes", "root"], ["--expires-days", "0"]] {
            let refused: Result<CreateKey, clap::Error> = create(&wrong);
            assert!(refused.is_err(), "{wrong:?}");
        }
    }
}
