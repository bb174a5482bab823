//! Configuration of the build worker: the model's service and the deployment targets.

use url::Url;

use super::{ConfigError, LimitsConfig, ModelsConfig, Read, optional, required, url};

/// Services that builds call.
#[derive(Clone, Debug)]
pub struct BuildsConfig {
    pub models: ModelsConfig,
    /// Limits of the calls.
    pub limits: LimitsConfig,
    /// GitHub: `GITHUB_BASE_URL`, `GITHUB_SECRET`.
    pub github: TargetConfig,
    /// Vercel: `VERCEL_BASE_URL`, `VERCEL_SECRET`.
    pub vercel: TargetConfig,
    /// `VERCEL_TEAM_ID`; `None` for the token's own account.
    pub vercel_team: Option<String>,
    /// Netlify: `NETLIFY_BASE_URL`, `NETLIFY_SECRET`.
    pub netlify: TargetConfig,
}

/// Configuration of a deployment target.
#[derive(Clone, Debug)]
pub struct TargetConfig {
    pub base_url: Url,
    /// Name of the secret that holds the token. Without it, deployments to the target are disabled.
    pub secret: Option<String>,
}

impl BuildsConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        let target = |base_url, secret| {
            Ok::<_, ConfigError>(TargetConfig {
                base_url: url(read, base_url)?,
                secret: optional(read, secret),
            })
        };
        Ok(Self {
            models: ModelsConfig::read(read)?,
            limits: LimitsConfig::read(read)?,
            github: target("GITHUB_BASE_URL", "GITHUB_SECRET")?,
            vercel: target("VERCEL_BASE_URL", "VERCEL_SECRET")?,
            vercel_team: optional(read, "VERCEL_TEAM_ID"),
            netlify: target("NETLIFY_BASE_URL", "NETLIFY_SECRET")?,
        })
    }
}

/// `BUILDS_DEAD_LETTERS_URL`: dead-letter queue of the build worker.
///
/// # Errors
/// When it is missing.
pub fn builds_dead_letters_url() -> Result<String, ConfigError> {
    required(&|name| std::env::var(name).ok(), "BUILDS_DEAD_LETTERS_URL")
}
