//! What the worker of builds knows: the model's service, and the targets of deployments.

use url::Url;

use super::{ConfigError, LimitsConfig, ModelsConfig, Read, optional, required, url};

/// The services that builds call.
#[derive(Clone, Debug)]
pub struct BuildsConfig {
    pub models: ModelsConfig,
    /// What they may be called.
    pub limits: LimitsConfig,
    /// GitHub: `GITHUB_BASE_URL`, `GITHUB_SECRET`.
    pub github: TargetConfig,
    /// Vercel: `VERCEL_BASE_URL`, `VERCEL_SECRET`.
    pub vercel: TargetConfig,
    /// `VERCEL_TEAM_ID`; none for the token's own account.
    pub vercel_team: Option<String>,
    /// Netlify: `NETLIFY_BASE_URL`, `NETLIFY_SECRET`.
    pub netlify: TargetConfig,
}

/// How a target is reached.
#[derive(Clone, Debug)]
pub struct TargetConfig {
    pub base_url: Url,
    /// Name of the secret that holds the token; without it nothing is deployed there.
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

/// `BUILDS_DEAD_LETTERS_URL`: where the worker of builds sends poison.
///
/// # Errors
/// When it is missing.
pub fn builds_dead_letters_url() -> Result<String, ConfigError> {
    required(&|name| std::env::var(name).ok(), "BUILDS_DEAD_LETTERS_URL")
}
