//! Configuration of a deployment, from the environment variables that `template.yaml` sets.

mod builds;
mod upkeep;

use std::time::Duration;

use url::Url;

pub use builds::{BuildsConfig, TargetConfig, builds_dead_letters_url};
pub use upkeep::{
    DeadLettersConfig, SweepConfig, analysis_dead_letters_url, tasks_dead_letters_url,
};

use crate::{answer_class::AnswerClass, limit::Prices};

pub use crate::limit::LimitsConfig;

/// Lookup of a variable by name. Tests pass a function instead of changing the environment.
type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Configuration of every function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `STAGE`: name of the deployment.
    pub stage: String,
    /// `COMMIT`: git commit that is deployed.
    pub commit: String,
    /// `VIDEOS_TABLE`: name of the index.
    pub videos_table: String,
    /// `JOBS_TABLE`: name of the table of jobs.
    pub jobs_table: String,
    /// `CONTROLS_TABLE`: name of the table of API keys and limits.
    pub controls_table: String,
    /// `SEARCH_TABLE`: name of the inverted index.
    pub search_table: String,
    /// `PROJECTS_TABLE`: name of the table of projects and deployments.
    pub projects_table: String,
    /// `BUCKET`: name of the bucket of all blobs.
    pub bucket: String,
    /// `ANALYSIS_QUEUE_URL`: queue of analysis jobs.
    pub analysis_queue_url: String,
    /// `TASKS_QUEUE_URL`: queue of tasks on many videos.
    pub tasks_queue_url: String,
    /// `BUILDS_QUEUE_URL`: queue of projects and deployments.
    pub builds_queue_url: String,
    /// `MEMORY_TTL_S`, `MEMORY_BYTES`, `MEMORY_ENTRIES`: bounds of the instance cache.
    pub memory: MemoryBounds,
    /// `API_REQUESTS_PER_MINUTE`: rate limit of each API key without its own limit; 0 is unlimited.
    pub api_requests_per_minute: u64,
    /// `COUNT_LOOKUPS_EVERY_S`: interval at which an instance reports its lookups.
    pub count_lookups_every: Duration,
    /// `JOB_DEADLINE_S`: maximum duration of a job from its submission to its end.
    pub job_deadline: Duration,
    /// `ANALYSIS_TTL_S`: time for which an analysis is fresh.
    pub analysis_ttl: Duration,
    /// `SECRETS_TTL_S`: time for which a secret is cached.
    pub secrets_ttl: Duration,
    /// `ANSWER_CLASS`: class of the answering service, `model`, `offline` or `stand-in`.
    pub answer_class: AnswerClass,
}

/// Additional configuration of the worker: the services that it calls.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    pub models: ModelsConfig,
    /// Configuration of the YouTube client.
    pub youtube: YouTubeConfig,
    /// `PROCESSING_TIMEOUT_S`: maximum time for which Gemini may process an uploaded file.
    pub processing_timeout: Duration,
}

/// Bounds of the instance cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryBounds {
    /// Time to live of an entry; zero disables the cache.
    pub ttl: Duration,
    pub bytes: usize,
    pub entries: usize,
}

/// Configured models and their service.
#[derive(Clone, Debug)]
pub struct ModelsConfig {
    pub base_url: Url,
    /// `GEMINI_API_VERSION`: `v1` or `v1beta`.
    pub api_version: String,
    /// `GEMINI_MODEL`, then `GEMINI_FALLBACK_MODELS` in their order. Never empty.
    pub names: Vec<String>,
    /// `GEMINI_PRICES`: US dollars per million tokens, `model=in/out,…`; may be empty.
    pub prices: Prices,
    /// `GEMINI_SECRET`: name of the secret that holds the key.
    pub secret: String,
}

/// Configuration of the function that shows the limits.
#[derive(Clone, Debug)]
pub struct StatusConfig {
    pub models: Vec<String>,
    pub limits: LimitsConfig,
}

/// Configuration of the YouTube client.
#[derive(Clone, Debug)]
pub struct YouTubeConfig {
    /// `YOUTUBE_BASE_URL`: base URL of the Data API.
    pub base_url: Url,
    pub oembed_base_url: Url,
    /// `YOUTUBE_SECRET`: name of the secret that holds the key. Without it, oEmbed is asked.
    pub secret: Option<String>,
}

/// Issuer whose tokens the authorizer accepts instead of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtConfig {
    /// `JWT_ISSUER`: URL of the issuer, equal to the `iss` of its tokens.
    pub issuer: String,
    /// `JWT_AUDIENCE`: the `aud` of its tokens for this API.
    pub audience: String,
}

/// Error of a missing or malformed variable. It omits the value, which may be a misplaced secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The value is not of the variable's type.
    #[error("the environment variable {0} is not {1}")]
    Invalid(&'static str, &'static str),
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            stage: required(read, "STAGE")?,
            commit: required(read, "COMMIT")?,
            videos_table: required(read, "VIDEOS_TABLE")?,
            jobs_table: required(read, "JOBS_TABLE")?,
            controls_table: required(read, "CONTROLS_TABLE")?,
            search_table: required(read, "SEARCH_TABLE")?,
            projects_table: required(read, "PROJECTS_TABLE")?,
            bucket: required(read, "BUCKET")?,
            analysis_queue_url: required(read, "ANALYSIS_QUEUE_URL")?,
            tasks_queue_url: required(read, "TASKS_QUEUE_URL")?,
            builds_queue_url: required(read, "BUILDS_QUEUE_URL")?,
            memory: MemoryBounds {
                ttl: Duration::from_secs(number(read, "MEMORY_TTL_S")?),
                bytes: number(read, "MEMORY_BYTES")?,
                entries: number(read, "MEMORY_ENTRIES")?,
            },
            api_requests_per_minute: number(read, "API_REQUESTS_PER_MINUTE")?,
            count_lookups_every: Duration::from_secs(number(read, "COUNT_LOOKUPS_EVERY_S")?),
            job_deadline: seconds(read, "JOB_DEADLINE_S")?,
            analysis_ttl: seconds(read, "ANALYSIS_TTL_S")?,
            secrets_ttl: seconds(read, "SECRETS_TTL_S")?,
            answer_class: required(read, "ANSWER_CLASS")?
                .parse()
                .map_err(|_| ConfigError::Invalid("ANSWER_CLASS", "model, offline or stand-in"))?,
        })
    }
}

impl UpstreamConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            models: ModelsConfig::read(read)?,
            youtube: YouTubeConfig::read(read)?,
            processing_timeout: seconds(read, "PROCESSING_TIMEOUT_S")?,
        })
    }
}

impl ModelsConfig {
    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            base_url: url(read, "GEMINI_BASE_URL")?,
            api_version: gemini_api_version(read)?,
            names: models(read)?,
            prices: optional(read, "GEMINI_PRICES")
                .unwrap_or_default()
                .parse()
                .map_err(|_| ConfigError::Invalid("GEMINI_PRICES", "a list of model=in/out"))?,
            secret: required(read, "GEMINI_SECRET")?,
        })
    }
}

impl LimitsConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            gemini_requests_per_minute: number(read, "GEMINI_REQUESTS_PER_MINUTE")?,
            gemini_tokens_per_minute: number(read, "GEMINI_TOKENS_PER_MINUTE")?,
            gemini_requests_per_day: number(read, "GEMINI_REQUESTS_PER_DAY")?,
            youtube_units_per_day: number(read, "YOUTUBE_UNITS_PER_DAY")?,
            github_writes_per_second: number(read, "GITHUB_WRITES_PER_SECOND")?,
            github_writes_per_minute: number(read, "GITHUB_WRITES_PER_MINUTE")?,
            github_writes_per_hour: number(read, "GITHUB_WRITES_PER_HOUR")?,
            vercel_deployments_per_minute: number(read, "VERCEL_DEPLOYMENTS_PER_MINUTE")?,
            netlify_deploys_per_minute: number(read, "NETLIFY_DEPLOYS_PER_MINUTE")?,
            circuit_breakers: match required(read, "CIRCUIT_BREAKERS")?.as_str() {
                "on" => true,
                "off" => false,
                _ => return Err(ConfigError::Invalid("CIRCUIT_BREAKERS", "on or off")),
            },
            daily_budget_micro_usd: usd(read, "DAILY_BUDGET_USD")?,
            daily_budget_per_key_micro_usd: usd(read, "DAILY_BUDGET_PER_KEY_USD")?,
        })
    }
}

impl StatusConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        let read: Read<'_> = &|name| std::env::var(name).ok();
        Ok(Self {
            models: models(read)?,
            limits: LimitsConfig::read(read)?,
        })
    }
}

impl YouTubeConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            base_url: url(read, "YOUTUBE_BASE_URL")?,
            oembed_base_url: url(read, "YOUTUBE_OEMBED_BASE_URL")?,
            secret: optional(read, "YOUTUBE_SECRET"),
        })
    }
}

impl JwtConfig {
    /// Reads the environment. Returns `None` if no issuer is configured.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn from_env() -> Result<Option<Self>, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(issuer) = optional(read, "JWT_ISSUER") else {
            return Ok(None);
        };
        // OpenID Connect Core 1.0, section 2.
        let is_issuer = |url: &Url| url.query().is_none() && url.fragment().is_none();
        if !trusted_url(&issuer).as_ref().is_some_and(is_issuer) {
            return Err(ConfigError::Invalid("JWT_ISSUER", "an https URL"));
        }
        let audience = required(read, "JWT_AUDIENCE")?;
        Ok(Some(Self { issuer, audience }))
    }
}

fn gemini_api_version(read: Read<'_>) -> Result<String, ConfigError> {
    let name = "GEMINI_API_VERSION";
    match required(read, name)? {
        version if ["v1", "v1beta"].contains(&version.as_str()) => Ok(version),
        _ => Err(ConfigError::Invalid(name, "v1 or v1beta")),
    }
}

fn models(read: Read<'_>) -> Result<Vec<String>, ConfigError> {
    let fallbacks = optional(read, "GEMINI_FALLBACK_MODELS").unwrap_or_default();
    let models: Vec<String> = std::iter::once(required(read, "GEMINI_MODEL")?)
        .chain(fallbacks.split(',').map(|model| model.trim().to_owned()))
        .filter(|model| !model.is_empty())
        .collect();
    // A model name becomes part of a URL's path.
    let is_name = |model: &String| {
        model
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
    };
    if !models.iter().all(is_name) {
        return Err(ConfigError::Invalid(
            "GEMINI_MODEL",
            "a list of model names",
        ));
    }
    Ok(models)
}

fn optional(read: Read<'_>, name: &str) -> Option<String> {
    read(name)
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

fn required(read: Read<'_>, name: &'static str) -> Result<String, ConfigError> {
    optional(read, name).ok_or(ConfigError::Missing(name))
}

fn seconds(read: Read<'_>, name: &'static str) -> Result<Duration, ConfigError> {
    let seconds = required(read, name)?
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or(ConfigError::Invalid(name, "a number of seconds above 0"))
}

fn number<N: std::str::FromStr>(read: Read<'_>, name: &'static str) -> Result<N, ConfigError> {
    let number = required(read, name)?.parse().ok();
    number.ok_or(ConfigError::Invalid(name, "a whole number"))
}

fn usd(read: Read<'_>, name: &'static str) -> Result<u64, ConfigError> {
    let usd: Option<f64> = required(read, name)?.parse().ok();
    usd.filter(|usd| (0.0..=1e9).contains(usd))
        .map(crate::limit::micro_usd)
        .ok_or(ConfigError::Invalid(name, "an amount of US dollars"))
}

/// Parses a URL to which keys may be sent: https, or http on this machine, without credentials.
pub fn trusted_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_local = url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    let is_plain = url.username().is_empty() && url.password().is_none();
    ((url.scheme() == "https" || is_local) && is_plain).then_some(url)
}

fn url(read: Read<'_>, name: &'static str) -> Result<Url, ConfigError> {
    let url = Url::parse(&required(read, name)?).ok();
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
    url.filter(is_http)
        .ok_or(ConfigError::Invalid(name, "an http or https URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(name: &str) -> Option<String> {
        let value = match name {
            "GEMINI_BASE_URL" | "YOUTUBE_BASE_URL" | "YOUTUBE_OEMBED_BASE_URL" => "http://host:1/",
            "GEMINI_API_VERSION" => "v1beta",
            "GEMINI_MODEL" => "gemini-3.8-flash",
            "GEMINI_FALLBACK_MODELS" => " gemini-3.7-flash,, gemini-3.6-flash ",
            "GEMINI_SECRET" => "eventrelay/gemini",
            "PROCESSING_TIMEOUT_S" => "60",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn reads_models_in_their_order() {
        let config = UpstreamConfig::read(&upstream).unwrap();
        assert_eq!(
            config.models.names,
            ["gemini-3.8-flash", "gemini-3.7-flash", "gemini-3.6-flash"]
        );
        assert_eq!(config.models.base_url.as_str(), "http://host:1/");
        assert!(config.youtube.secret.is_none());
    }

    #[test]
    fn tokens_are_of_an_issuer_and_for_an_audience_or_not_taken() {
        let read = |issuer: &'static str, audience: &'static str| {
            JwtConfig::read(&move |name| match name {
                "JWT_ISSUER" => Some(issuer.to_owned()),
                "JWT_AUDIENCE" => Some(audience.to_owned()),
                _ => None,
            })
        };
        assert_eq!(read("", "a"), Ok(None));
        for issuer in ["https://login.example/realm/", "http://127.0.0.1:9/"] {
            let config = read(issuer, "a").unwrap().unwrap();
            assert_eq!(
                (config.issuer.as_str(), config.audience.as_str()),
                (issuer, "a")
            );
        }
        assert_eq!(
            read("https://login.example", ""),
            Err(ConfigError::Missing("JWT_AUDIENCE"))
        );
        for issuer in [
            "http://login.example",
            "https://a:b@login.example",
            "https://login.example?a",
            "x",
        ] {
            assert!(matches!(
                read(issuer, "a"),
                Err(ConfigError::Invalid("JWT_ISSUER", _))
            ));
        }
    }

    #[test]
    fn names_the_variable_that_is_wrong() {
        let with = |name: &'static str, value: &'static str| {
            UpstreamConfig::read(&move |asked| {
                if asked == name {
                    Some(value.to_owned())
                } else {
                    upstream(asked)
                }
            })
            .unwrap_err()
        };
        assert_eq!(
            with("GEMINI_SECRET", " "),
            ConfigError::Missing("GEMINI_SECRET")
        );
        for (name, value) in [
            ("GEMINI_API_VERSION", "v2"),
            ("GEMINI_MODEL", "../files"),
            ("PROCESSING_TIMEOUT_S", "0"),
            ("GEMINI_BASE_URL", "file:///etc"),
        ] {
            assert!(matches!(with(name, value), ConfigError::Invalid(wrong, _) if wrong == name));
        }
    }
}
