//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use eventrelay::store::keys::Scope;

const ENVIRONMENT_HELP: &str = "\
Environment:
  GEMINI_API_KEY       with it, the real Gemini and YouTube are called; without, stand-ins
  YOUTUBE_API_KEY      a key of the YouTube Data API
  GITHUB_TOKEN         with it, the real GitHub is deployed to; without, a stand-in
  VERCEL_TOKEN         the same for Vercel
  NETLIFY_AUTH_TOKEN   the same for Netlify
  EVENTRELAY_API_KEY   as --api-key
  DEFAULT_AUTHORIZER   Bearer: keys and tokens come as `Authorization: Bearer`, not as `x-api-key`
  CORS_ALLOW_ORIGINS   origins whose pages may call the API, comma-separated
  ANALYSIS_BATCH       steps of analyses that one worker runs side by side, up to 10
  AWS_LAMBDA_LOG_LEVEL what the functions log, such as DEBUG
  Keys and tokens are put into a local Secrets Manager, which is in memory only.
  Any other variable that a function declares in template.yaml replaces the template's value, for
  example PROCESSING_TIMEOUT_S=5 or GEMINI_BASE_URL=http://127.0.0.1:9000.";

/// Runs EventRelay on this machine as template.yaml declares it.
#[derive(Debug, Parser)]
#[command(name = "cargo local", version, after_help = ENVIRONMENT_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What holds for every command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Port of the API on 127.0.0.1; 0 takes a free one [default: 8787, for analyze and build 0]
    #[arg(long, global = true)]
    pub(crate) port: Option<u16>,
    /// Folder of all state
    #[arg(long, global = true, default_value = ".local", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Keep the state in a temporary folder, which is removed at the end
    #[arg(long, global = true, conflicts_with = "data")]
    pub(crate) ephemeral: bool,
    /// The API key to accept [default: generated once and kept in the data folder]
    #[arg(
        long,
        global = true,
        env = "EVENTRELAY_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub(crate) api_key: Option<String>,
    /// Port of the admin endpoints: a page with plots, /metrics for Prometheus, and what tests need
    /// [default: any that is free]
    #[arg(
        long,
        global = true,
        default_value_t = 0,
        hide_default_value = true,
        value_name = "PORT"
    )]
    pub(crate) admin_port: u16,
    /// Run the functions as they were built last
    #[arg(long, global = true)]
    pub(crate) no_build: bool,
    /// Print one line of JSON when ready, and nothing else, on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show what the functions write
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    /// Most instances of a function at a time
    #[arg(long, global = true, default_value_t = 64, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) concurrency: u32,
    /// Call every service but Secrets Manager through a proxy that the admin endpoints can have
    /// break things (Linux)
    #[arg(long, global = true)]
    pub(crate) faults: bool,
    /// Build and replace functions when their source changes, and read template.yaml anew when it
    /// does; data, messages and what is under way stay
    #[arg(long)]
    pub(crate) watch: bool,
    /// Workspace whose template.yaml is run [default: the one that this program is built in]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) workspace: Option<PathBuf>,
}

/// What else than to run until Ctrl-C.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Analyse one video, print the analysis and end
    Analyze(Analyze),
    /// Make software of one video, deploy it, print both and end
    Build(Build),
    /// Have the functions that `sam local` runs in containers use this system, until Ctrl-C
    Sam(Sam),
    /// Make, list and take back API keys
    Key(Key),
}

/// Address at which containers find this machine: on Linux that of Docker's own bridge.
const DOCKER: &str = match cfg!(target_os = "linux") {
    true => "172.17.0.1",
    false => "host.docker.internal",
};

/// How `sam local` finds a system. Works beside a `cargo local` on the same folder, and without one.
#[derive(Args, Clone, Debug)]
pub(crate) struct Sam {
    /// Where containers find this machine; an IP address is listened on meanwhile
    #[arg(long, default_value = DOCKER, value_name = "ADDRESS")]
    pub(crate) address: String,
    /// The template that `sam build` has written
    #[arg(
        long,
        default_value = ".aws-sam/build/template.yaml",
        value_name = "FILE"
    )]
    pub(crate) template: PathBuf,
    /// The template to give to `sam local`
    #[arg(
        long,
        default_value = ".aws-sam/local/template.json",
        value_name = "FILE"
    )]
    pub(crate) out: PathBuf,
}

/// What to do with API keys. Works beside a `cargo local` on the same folder, and without one.
#[derive(Args, Clone, Debug)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

/// What there is to do with API keys.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Make a key and show it, once
    Create(CreateKey),
    /// Show what is known of all keys
    List,
    /// Take a key back
    Revoke {
        /// As `list` shows it
        key_id: String,
    },
}

/// A key that is to be made.
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateKey {
    /// Whose it is, or what for
    #[arg(long)]
    pub(crate) name: String,
    /// What it may do, of read, write and admin
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "read,write",
        value_name = "SCOPES"
    )]
    pub(crate) scopes: Vec<Scope>,
    /// Most requests in a minute [default: no limit]
    #[arg(long, value_name = "COUNT")]
    pub(crate) per_minute: Option<u32>,
    /// Days until it expires [default: never]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) expires_days: Option<u16>,
}

/// A video and how to look at it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Analyze {
    /// URL of a YouTube video, or a file
    pub(crate) video: String,
    /// Transcript in WebVTT or SubRip
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// How the analysis is printed
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub(crate) format: Format,
    /// Language of the analysis, as a BCP 47 tag
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
    /// Second to start at
    #[arg(long, value_name = "SECONDS")]
    pub(crate) start: Option<u32>,
    /// Second to end at
    #[arg(long, value_name = "SECONDS")]
    pub(crate) end: Option<u32>,
    /// Analyse again although there is an analysis
    #[arg(long)]
    pub(crate) force: bool,
    /// Longest wait for the analysis
    #[arg(long, default_value_t = 7200, value_name = "SECONDS")]
    pub(crate) timeout_s: u64,
}

/// What is made of a video, and where it goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Build {
    /// URL of a YouTube video, a file, or the id of a video that is analysed
    pub(crate) video: String,
    /// Kind of software: web, api, cli, ml or mobile
    #[arg(long = "type", value_name = "KIND")]
    pub(crate) kind: String,
    /// Framework, such as nextjs or fastapi [default: the usual one of the kind]
    #[arg(long, value_name = "NAME")]
    pub(crate) framework: Option<String>,
    /// Programming language [default: that of the framework]
    #[arg(long, value_name = "NAME")]
    pub(crate) language: Option<String>,
    /// What the software must have; may be given several times
    #[arg(long = "feature", value_name = "TEXT")]
    pub(crate) features: Vec<String>,
    /// What else its maker should know
    #[arg(long, value_name = "TEXT")]
    pub(crate) instructions: Option<String>,
    /// Transcript in WebVTT or SubRip
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// Where it is deployed [default: nowhere]
    #[arg(long, value_enum)]
    pub(crate) target: Option<Target>,
    /// Name of the repository [default: of the project]
    #[arg(long, requires = "target", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Organisation that the repository is for [default: the token's account]
    #[arg(long, requires = "target", value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Let everybody see the repository
    #[arg(long, requires = "target")]
    pub(crate) public: bool,
    /// Tell what the deployment would do, and do nothing
    #[arg(long, requires = "target")]
    pub(crate) dry_run: bool,
    /// Write all files into this zip
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
    /// Clone the repository into this folder, with git
    #[arg(
        long,
        requires = "target",
        conflicts_with = "dry_run",
        value_name = "DIR"
    )]
    pub(crate) checkout: Option<PathBuf>,
    /// Longest wait for all of it
    #[arg(long, default_value_t = 7200, value_name = "SECONDS")]
    pub(crate) timeout_s: u64,
}

/// Where software is deployed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Target {
    #[value(name = "github")]
    GitHub,
    #[value(name = "github_pages")]
    GitHubPages,
    Vercel,
    Netlify,
}

impl Target {
    /// As the API writes it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitHubPages => "github_pages",
            Self::Vercel => "vercel",
            Self::Netlify => "netlify",
        }
    }
}

/// How an analysis is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Md,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        let cli = Cli::parse_from([
            "local",
            "--no-build",
            "analyze",
            "a.mp4",
            "--data",
            "d",
            "--format",
            "md",
        ]);
        assert!(cli.options.no_build);
        assert_eq!(cli.options.data, PathBuf::from("d"));
        assert!(matches!(
            cli.command,
            Some(Command::Analyze(Analyze {
                format: Format::Md,
                ..
            }))
        ));
        assert!(Cli::try_parse_from(["local", "--ephemeral", "--data", "d"]).is_err());
    }

    #[test]
    fn a_key_reads_and_writes_unless_told_otherwise() {
        let create = |more: &[&str]| {
            let arguments = ["local", "key", "create", "--name", "n"].iter().chain(more);
            match Cli::try_parse_from(arguments)?.command {
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
