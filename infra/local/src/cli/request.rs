//! Arguments of each command.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use eventrelay::{
    project::{Framework, Language, ProjectType, deploy::Target},
    store::keys::Scope,
    video::Resolution,
};

pub(crate) use super::values::Format;
use super::{help, values};

/// Default address of this machine for containers: on Linux, that of Docker's bridge.
const DOCKER: &str = if cfg!(target_os = "linux") {
    "172.17.0.1"
} else {
    "host.docker.internal"
};

#[derive(Args, Clone, Debug)]
pub(crate) struct Sam {
    /// Address at which containers find this machine
    #[arg(long, default_value = DOCKER)]
    pub(crate) address: String,
    /// Template that `sam build` has written
    #[arg(
        long,
        default_value = ".aws-sam/build/template.yaml",
        value_name = "FILE"
    )]
    pub(crate) template: PathBuf,
    /// Template to write for `sam local`
    #[arg(
        long,
        default_value = ".aws-sam/local/template.json",
        value_name = "FILE"
    )]
    pub(crate) out: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

/// Subcommands of `key`. They work beside a running `cargo local`, and without one.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Create a key and show it, once
    #[command(after_help = help::CREATE_KEY)]
    Create(CreateKey),
    /// List all keys
    #[command(after_help = help::LIST_KEYS)]
    List,
    /// Revoke a key
    #[command(after_help = help::REVOKE_KEY)]
    Revoke {
        /// Id of the key, as `list` shows it
        key_id: String,
    },
}

/// Arguments of `key create`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateKey {
    /// Owner or purpose of the key
    #[arg(long)]
    pub(crate) name: String,
    /// Scopes out of read, write and admin
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "read,write",
        value_name = "SCOPES"
    )]
    pub(crate) scopes: Vec<Scope>,
    /// Maximum requests per minute [default: no limit]
    #[arg(long, value_name = "COUNT")]
    pub(crate) per_minute: Option<u32>,
    /// Days until the key expires [default: never]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) expires_days: Option<u16>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Analyze {
    /// YouTube URL or id, or a video or audio file
    pub(crate) video: String,
    /// Transcript in WebVTT or SubRip
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// json: the whole analysis; md: a page to read; vtt, srt: the transcript
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub(crate) format: Format,
    /// Write the analysis into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Language of the analysis, as a BCP 47 tag [default: the video's]
    #[arg(long, value_name = "TAG", value_parser = values::language_tag)]
    pub(crate) language: Option<String>,
    /// Second at which the analysis starts
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub(crate) start: Option<f64>,
    /// Second at which the analysis ends
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub(crate) end: Option<f64>,
    /// Detail in which Gemini sees the frames
    #[arg(long, value_name = "LEVEL", value_parser = values::resolution())]
    pub(crate) resolution: Option<Resolution>,
    /// Fail if the analysis would cost more, in US dollars
    #[arg(long, value_name = "USD", value_parser = values::price_usd)]
    pub(crate) max_cost_usd: Option<f64>,
    /// Analyse again even if an analysis is stored
    #[arg(long)]
    pub(crate) force: bool,
    /// Maximum wait for the analysis
    #[arg(long, default_value_t = 7200, value_name = "SECONDS")]
    pub(crate) timeout_s: u64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Build {
    /// YouTube URL or id, a video or audio file, or the id of an analysed video
    /// (yt:… or up:…) or of a project (prj_…)
    pub(crate) video: String,
    /// Type of software; needed unless a project is named
    #[arg(long = "type", value_name = "TYPE", value_parser = values::project_type())]
    pub(crate) kind: Option<ProjectType>,
    /// Framework [default: the first of the type]
    #[arg(long, value_name = "NAME", value_parser = values::framework())]
    pub(crate) framework: Option<Framework>,
    /// Programming language [default: that of the framework]
    #[arg(long, value_name = "NAME", value_parser = values::programming_language())]
    pub(crate) language: Option<Language>,
    /// Feature that the software must have; can be repeated
    #[arg(long = "feature", value_name = "TEXT")]
    pub(crate) features: Vec<String>,
    /// Further instructions for the model
    #[arg(long, value_name = "TEXT")]
    pub(crate) instructions: Option<String>,
    /// Transcript in WebVTT or SubRip
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// Fail if the analysis, or the project, would cost more, in US dollars
    #[arg(long, value_name = "USD", value_parser = values::price_usd)]
    pub(crate) max_cost_usd: Option<f64>,
    /// Host that the software is deployed to [default: none]
    #[arg(long, value_parser = values::target())]
    pub(crate) target: Option<Target>,
    /// Name of the repository [default: that of the project]
    #[arg(long, requires = "target", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Organisation that owns the repository [default: the token's account]
    #[arg(long, requires = "target", value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Make the repository public
    #[arg(long, requires = "target")]
    pub(crate) public: bool,
    /// Say what would be done, and pay for nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write all files into this zip
    #[arg(long, conflicts_with = "dry_run", value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
    /// Clone the repository into this folder, with git
    #[arg(
        long,
        requires = "target",
        conflicts_with = "dry_run",
        value_name = "DIR"
    )]
    pub(crate) checkout: Option<PathBuf>,
    /// Maximum wait for everything
    #[arg(long, default_value_t = 7200, value_name = "SECONDS")]
    pub(crate) timeout_s: u64,
}
