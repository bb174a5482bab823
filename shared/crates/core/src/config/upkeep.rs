//! Configuration of the maintenance functions: dead letters and the sweeper.

use std::time::Duration;

use url::Url;

use super::{
    ConfigError, LimitsConfig, Read, builds_dead_letters_url, gemini_api_version, number, required,
    seconds, url,
};

#[derive(Clone, Debug)]
pub struct DeadLettersConfig {
    /// `ANALYSIS_DEAD_LETTERS_URL`: dead-letter queue of jobs.
    pub analysis_url: String,
    /// `TASKS_DEAD_LETTERS_URL`: dead-letter queue of tasks.
    pub tasks_url: String,
    /// `BUILDS_DEAD_LETTERS_URL`: dead-letter queue of builds.
    pub builds_url: String,
}

/// Configuration of the sweeper.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    pub gemini_base_url: Url,
    /// `GEMINI_API_VERSION`: `v1` or `v1beta`.
    pub gemini_api_version: String,
    /// `GEMINI_SECRET`: name of the secret that holds the key.
    pub gemini_secret: String,
    /// Limits of its calls.
    pub limits: LimitsConfig,
    /// `SWEEP_OVERDUE_S`: time after which an overdue message of a job or a task counts as lost.
    pub overdue: Duration,
    /// `SWEEP_FILES_AGE_S`: minimum age of a file at Gemini before it may count as orphaned.
    pub files_age: Duration,
    /// `SWEEP_UPLOADS_AGE_S`: maximum age of a recording without a submission.
    pub uploads_age: Duration,
}

impl DeadLettersConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            analysis_url: analysis_dead_letters_url()?,
            tasks_url: tasks_dead_letters_url()?,
            builds_url: builds_dead_letters_url()?,
        })
    }
}

impl SweepConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(read: Read<'_>) -> Result<Self, ConfigError> {
        let age = |name| number(read, name).map(Duration::from_secs);
        Ok(Self {
            gemini_base_url: url(read, "GEMINI_BASE_URL")?,
            gemini_api_version: gemini_api_version(read)?,
            gemini_secret: required(read, "GEMINI_SECRET")?,
            limits: LimitsConfig::read(read)?,
            overdue: seconds(read, "SWEEP_OVERDUE_S")?,
            files_age: age("SWEEP_FILES_AGE_S")?,
            uploads_age: age("SWEEP_UPLOADS_AGE_S")?,
        })
    }
}

/// `ANALYSIS_DEAD_LETTERS_URL`: dead-letter queue of the analysis worker.
///
/// # Errors
/// When it is missing.
pub fn analysis_dead_letters_url() -> Result<String, ConfigError> {
    required(
        &|name| std::env::var(name).ok(),
        "ANALYSIS_DEAD_LETTERS_URL",
    )
}

/// `TASKS_DEAD_LETTERS_URL`: dead-letter queue of the task worker.
///
/// # Errors
/// When it is missing.
pub fn tasks_dead_letters_url() -> Result<String, ConfigError> {
    required(&|name| std::env::var(name).ok(), "TASKS_DEAD_LETTERS_URL")
}
